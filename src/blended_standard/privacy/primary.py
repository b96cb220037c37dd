"""Which numbers are sensitive by themselves: counts, shares and sums of amounts.

A value that may not be shown becomes a `SuppressedValue`, which holds no number at all. It never says which rule hid
it: "this one is primary" would tell an outsider that the count is small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.privacy.policy import Policy
from blended_standard.results import Result, array, result

WITHHELD = "Withheld: too few people, or it would give away a value about too few people."


@result
class SuppressedValue(Result):
    """A value that is withheld. It carries no number, and the same reason whichever rule hid it."""

    status: Literal["suppressed"] = "suppressed"
    text: str = "withheld"
    reason: str = WITHHELD


@result
class PublishedShare(Result):
    """A share as it may be published, in percent.

    `status` is "shown" (then `percent` is set), "coded" (an end, "≤5%") or "range" (a band, "21-29%"); the latter two
    set `low` and `high`. `numerator` and `n` are set only beside a shown share. A standard error, an interval or a
    p-value gives n away, so show those only where `n` is set.
    """

    status: Literal["shown", "coded", "range"]
    text: str
    percent: float | None = None
    low: float | None = None
    high: float | None = None
    numerator: int | None = None
    n: int | None = None


@result
class PrimarySuppression(Result):
    """Cells that are sensitive by themselves, and what protects each. For the releasing office only.

    `hidden` marks the cells. An outsider's interval for a hidden cell has to reach up to `need_high`, down to
    `need_low`, and be `need_length` long; cells that are not hidden hold their value and 0. `rules` names the rule that
    hid each cell, or is empty.
    """

    hidden: npt.NDArray[np.bool_] = array()
    need_high: npt.NDArray[np.float64] = array()
    need_low: npt.NDArray[np.float64] = array()
    need_length: npt.NDArray[np.float64] = array()
    rules: tuple[str, ...]

    def rows(self) -> list[dict[str, object]]:
        """Return one row a hidden cell: its position and the rule."""
        return [{"cell": i, "rule": rule} for i, rule in enumerate(self.rules) if rule]


def publish_share(numerator: int, n: int, policy: Policy | None = None) -> PublishedShare | SuppressedValue:
    """Return the share `numerator` / `n` in the form in which the policy lets it be published.

    This judges one share by itself. Shares that stand in one table with totals need complementary suppression too:
    `suppress` and `audit`.

    Parameters
    ----------
    numerator, n : int
        People counted, and people in the group.
    policy : Policy, optional
        Default: `Policy()`.

    Returns
    -------
    PublishedShare or SuppressedValue
        Both have `status` and `text`.

    Raises
    ------
    UsageError
        Not whole numbers with 0 <= numerator <= n. The message does not repeat them.

    Notes
    -----
    In this order: a group below `minimum_n` shows nothing; a share in a coded end is shown as that end; a group size
    with bands shows the band; a share whose numerator or complement is below `minimum_numerator` shows nothing; every
    other share is shown. Ends and bands come without counts, because "≤5%" beside n gives the count nearly away.

    Examples
    --------
    >>> publish_share(30, 60).text, publish_share(2, 60).text, publish_share(5, 60).text, publish_share(4, 9).text
    ('50.0%', '≤5%', 'withheld', 'withheld')
    """
    policy = Policy() if policy is None else policy
    numerator, n = people(numerator), people(n)
    if numerator > n:
        raise UsageError("numerator and n are not whole numbers with 0 <= numerator <= n.")
    if n < policy.minimum_n or n == 0:
        return SuppressedValue()
    starts = policy.range_starts(n)
    percent = 100 * numerator / n
    placed = float(math.floor(percent + 0.5)) if starts else percent
    coded = _coded_end(placed, policy.end_code(n))
    if coded is not None:
        return coded
    if starts:
        return _band(placed, starts, policy.end_code(n))
    if _too_few(numerator, policy.minimum_numerator, policy) or _too_few(
        n - numerator, policy.minimum_numerator, policy
    ):
        return SuppressedValue()
    counts = {"numerator": numerator, "n": n} if policy.show_counts else {}
    shown = round(percent, policy.decimals)
    return PublishedShare(status="shown", text=f"{shown:.{policy.decimals}f}%", percent=shown, **counts)


def publish_count(count: int, policy: Policy | None = None, *, structural: bool = False) -> int | SuppressedValue:
    """Return a count of people if the policy lets it be published by itself.

    Parameters
    ----------
    count : int
    policy : Policy, optional
        Default: `Policy()`.
    structural : bool
        The count is zero by definition.

    Examples
    --------
    >>> publish_count(12), publish_count(3).text
    (12, 'withheld')
    """
    policy = Policy() if policy is None else policy
    count = people(count)
    if structural and count == 0 and policy.structural_zeros == "show":
        return count
    return SuppressedValue() if _too_few(count, policy.minimum_n, policy) else count


def primary_counts(
    counts: npt.ArrayLike, policy: Policy | None = None, *, structural: npt.ArrayLike | None = None
) -> PrimarySuppression:
    """Mark the counts that are sensitive by themselves.

    Parameters
    ----------
    counts : int array, shape (cells,)
        Numbers of people, no missing values.
    policy : Policy, optional
        Default: `Policy()`.
    structural : bool array, shape (cells,), optional
        Cells that are zero by definition.

    Returns
    -------
    PrimarySuppression
        The outsider's interval must reach `policy.must_reach` and be that long, so that it never proves "small".

    Examples
    --------
    >>> primary_counts([25, 3, 0, 40]).hidden.tolist()
    [False, True, True, False]
    """
    policy = Policy() if policy is None else policy
    values = _counts(counts, "counts")
    known = np.zeros(values.shape, bool) if structural is None else np.asarray(structural, bool)
    if known.shape != values.shape:
        raise UsageError(f"structural has shape {known.shape}; counts has {values.shape}.")
    if np.any(known & (values != 0)):
        raise UsageError("structural marks a cell that is not zero. Mark only cells that are zero by definition.")
    hidden = values < policy.minimum_n
    if policy.zero == "show":
        hidden &= values != 0
    if policy.structural_zeros == "show":
        hidden &= ~known
    reach = float(policy.must_reach)
    return PrimarySuppression(
        hidden=hidden,
        need_high=np.where(hidden, np.maximum(reach, values), values),
        need_low=values,
        need_length=np.where(hidden, reach, 0.0),
        rules=tuple("minimum_n" if each else "" for each in hidden),
    )


def primary_magnitudes(contributions: Sequence[npt.ArrayLike], policy: Policy | None = None) -> PrimarySuppression:
    """Mark the sums of amounts (hours, costs, wages) in which one contributor can be worked out.

    Parameters
    ----------
    contributions : sequence of float arrays
        One array a cell: the amount of each contributor, 0 or more, each contributor once.
    policy : Policy, optional
        Default: `Policy()`. `minimum_n` applies to the number of contributors.

    Returns
    -------
    PrimarySuppression
        Protection on both sides of the sum: by how much the rule is missed.

    Notes
    -----
    With contributions x1 >= x2 >= ... and sum T: p %: T - x1 - x2 < p / 100 * x1. (n, k): x1 + ... + xn > k % of T.
    pq: as p % with p / q. Source: FCSM Statistical Policy Working Paper 22.

    Examples
    --------
    >>> rules = Policy(minimum_n=1, p_percent=None, dominance_nk=(1, 80))
    >>> primary_magnitudes([[21.6, 2.0], [6.5, 2.7]], rules).hidden.tolist()
    [True, False]
    """
    policy = Policy() if policy is None else policy
    cells = [np.sort(_amounts(each, i))[::-1] for i, each in enumerate(contributions)]
    judged = [_judge_amounts(cell, policy) for cell in cells]
    totals = np.array([math.fsum(cell) for cell in cells])
    hidden = np.array([rule != "" for rule, _ in judged], bool)
    margin = np.array([missing for _, missing in judged])
    return PrimarySuppression(
        hidden=hidden,
        need_high=totals + margin,
        need_low=np.maximum(totals - margin, 0.0),
        need_length=np.where(hidden, margin, 0.0),
        rules=tuple(rule for rule, _ in judged),
    )


def _coded_end(percent: float, bound: float | None) -> PublishedShare | None:
    if bound is None or bound < percent < 100 - bound:
        return None
    if percent <= bound:
        return PublishedShare(status="coded", text=f"≤{bound:g}%", low=0.0, high=bound)
    return PublishedShare(status="coded", text=f"≥{100 - bound:g}%", low=100 - bound, high=100.0)


def _band(percent: float, starts: tuple[int, ...], bound: float | None) -> PublishedShare:
    """Return the band of a whole percentage, cut where the coded ends begin."""
    low = max(start for start in starts if start <= percent)
    high = min([start - 1 for start in starts if start > percent] or [100])
    if bound is not None:
        low, high = max(low, math.floor(bound) + 1), min(high, math.ceil(100 - bound) - 1)
    return PublishedShare(status="range", text=f"{low}-{high}%", low=float(low), high=float(high))


def _too_few(count: int, least: int, policy: Policy) -> bool:
    return count < least and not (count == 0 and policy.zero == "show")


def _judge_amounts(cell: npt.NDArray[np.float64], policy: Policy) -> tuple[str, float]:
    """Return the first rule that finds the cell sensitive, and the largest margin that any rule asks for."""
    total = math.fsum(cell)
    largest = float(cell[0]) if cell.size else 0.0
    remainder = math.fsum(cell[2:])
    found: list[tuple[str, float]] = []
    if cell.size < policy.minimum_n and not (cell.size == 0 and policy.zero == "show"):
        found.append(("minimum_n", max(0.1 * total, 1.0)))
    if policy.p_percent is not None and remainder < policy.p_percent / 100 * largest:
        found.append(("p_percent", policy.p_percent / 100 * largest - remainder))
    if policy.dominance_nk is not None:
        n, k = policy.dominance_nk
        leading = math.fsum(cell[: int(n)])
        if leading > k / 100 * total:
            found.append(("dominance_nk", leading * 100 / k - total))
    if policy.dominance_pq is not None:
        ratio = policy.dominance_pq[0] / policy.dominance_pq[1]
        if remainder < ratio * largest:
            found.append(("dominance_pq", ratio * largest - remainder))
    return (found[0][0], max(margin for _, margin in found)) if found else ("", 0.0)


def people(value: object) -> int:
    """Return a number of people as an int; the message that refuses it does not repeat it."""
    try:
        return check.whole("count", value)
    except UsageError:
        raise UsageError("A count of people is not a whole number of 0 or more.") from None


def _counts(values: npt.ArrayLike, name: str) -> npt.NDArray[np.float64]:
    made = check.floats(name, values)
    if made.ndim != 1 or not np.all(np.isfinite(made)) or np.any(made < 0) or np.any(made != np.floor(made)):
        raise UsageError(f"{name} is not a one-dimensional array of whole numbers of 0 or more without missing values.")
    return made


def _amounts(values: npt.ArrayLike, position: int) -> npt.NDArray[np.float64]:
    made = check.floats(f"contributions[{position}]", values)
    if made.ndim != 1 or not np.all(np.isfinite(made)) or np.any(made < 0):
        raise UsageError(f"contributions[{position}] is not a one-dimensional array of finite amounts of 0 or more.")
    return made
