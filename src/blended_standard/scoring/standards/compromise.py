"""Hofstee's compromise between cut and fail rate, and what any cut does to pass rates.

Source: Hofstee (1983).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, result
from blended_standard.scoring.standards._cut import Cut


@result
class HofsteeCut(Cut):
    """A Hofstee compromise: the share that fails just below the cut and the one at it (they differ at a step)."""

    fail_rate: float | None = None
    fail_rate_including: float | None = None
    nearest: tuple[float, float] | None = None


@result
class Impact(Result):
    """Pass rate at a cut and at 1 and 2 standard errors around it, overall and by group."""

    cut: float
    table: tuple[dict[str, float | int | str | None], ...]

    def rows(self) -> list[Row]:
        """One row a group and cut."""
        return [dict(row) for row in self.table]


def hofstee(
    scores: npt.ArrayLike,
    *,
    cut_range: tuple[float, float],
    fail_range: tuple[float, float],
) -> HofsteeCut:
    """Compromise between cuts and fail rates that a panel can accept.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores of the learners.
    cut_range : (lowest, highest)
        Lowest and highest acceptable cut, means over the panel.
    fail_range : (lowest, highest)
        Lowest and highest acceptable share that fails.

    Returns
    -------
    HofsteeCut
        Where the share below the cut crosses the line from (lowest cut, highest fail rate) to (highest cut, lowest fail
        rate). The share is a step function, so the crossing is a score or a point between two. No crossing gives None
        with the nearer corner. The standard error is a bootstrap over learners (500 resamples, fixed seed).

    Examples
    --------
    >>> found = hofstee([38, 45, 48, 52, 55, 58, 60, 66, 70, 82], cut_range=(50, 65), fail_range=(0.05, 0.5))
    >>> round(found.value, 2)
    53.33
    """
    x = np.sort(check.vector("scores", scores))
    cut_range, fail_range = check.pair("cut_range", cut_range), check.pair("fail_range", fail_range)
    (k_low, k_high), (f_low, f_high) = cut_range, fail_range
    if not (k_low < k_high and 0 <= f_low < f_high <= 1 and x.size):
        raise UsageError(
            "Pass scores, cut_range=(low, high) ascending, and fail_range=(low, high) ascending in 0 to 1."
        )
    value = _crossing(x, cut_range, fail_range)
    if value is None:
        at_low, at_high = _share_below(x, k_low), _share_below(x, k_high)
        nearest = (k_low, f_high) if at_low > f_high else (k_high, f_low)
        reason = (
            f"No solution: fail rates run from {at_low:.3f} at cut {k_low:g} to {at_high:.3f} at {k_high:g}, past the "
            f"panel's line. Nearest corner: cut {nearest[0]:g} with fail rate {nearest[1]:g}. Ask the panel again."
        )
        return HofsteeCut(name="Hofstee cut", value=None, n=x.size, reason=reason, nearest=nearest)
    rng = np.random.default_rng(0)
    draws = [_crossing(np.sort(rng.choice(x, x.size)), cut_range, fail_range) for _ in range(500)]
    found = np.array([draw for draw in draws if draw is not None])
    return HofsteeCut(
        name="Hofstee cut",
        value=value,
        se=float(found.std(ddof=1)) if found.size > 1 else None,
        n=x.size,
        method="Hofstee, bootstrap error over learners",
        fail_rate=_share_below(x, value),
        fail_rate_including=float(np.mean(x <= value)),
    )


def impact(
    scores: npt.ArrayLike,
    cut: float | Cut,
    *,
    groups: Sequence[object] | npt.NDArray[np.generic] | None = None,
    se: float | None = None,
) -> Impact:
    """Pass rates at a cut, and at 1 and 2 standard errors around it, overall and by group.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores on the scale of the cut.
    cut : float or Cut
        The lowest passing score; a `Cut` brings its own standard error.
    groups : array-like, shape (n,), optional
        Group of each learner.
    se : float, optional
        Standard error of the cut; combine sqrt(panel^2 + measurement^2) beforehand where both matter.

    Returns
    -------
    Impact
        Rows of group, cut, pass rate with its binomial standard error, n, and the difference from the overall rate.

    Examples
    --------
    >>> [row["pass_rate"] for row in impact([1, 2, 3, 4], 3, groups=["a", "a", "b", "b"]).rows()]
    [0.5, 0.0, 1.0]
    """
    x = check.vector("scores", scores)
    if isinstance(cut, Cut):
        if cut.value is None:
            raise UsageError(f"The cut has no value: {cut.reason}")
        value, spread = cut.value, cut.se if se is None else se
    else:
        value, spread = check.number("cut", cut), se
    spread = check.number("se", spread, low=0.0) if spread is not None else 0.0
    if not x.size:
        raise UsageError("scores is empty; pass the scores of at least one learner.")
    labels = np.full(x.size, "all") if groups is None else np.asarray([str(group) for group in groups])
    check.same_length(scores=x, groups=labels)
    names = ["all"] if groups is None else ["all", *sorted(set(labels.tolist()))]
    table: list[dict[str, float | int | str | None]] = []
    for steps in (0,) if not spread else (-2, -1, 0, 1, 2):
        at = value + steps * spread
        overall = float(np.mean(x >= at))
        for position, name in enumerate(names):
            chosen = x if position == 0 else x[labels == name]
            rate = float(np.mean(chosen >= at))
            table.append(
                {
                    "group": name,
                    "cut": at,
                    "standard_errors_away": steps,
                    "pass_rate": rate,
                    "se": math.sqrt(rate * (1.0 - rate) / chosen.size),
                    "n": int(chosen.size),
                    "difference": None if position == 0 else rate - overall,
                }
            )
    return Impact(cut=value, table=tuple(table))


def _share_below(x: Floats, cut: float) -> float:
    return float(np.searchsorted(x, cut, side="left")) / x.size


def _crossing(x: Floats, cut_range: tuple[float, float], fail_range: tuple[float, float]) -> float | None:
    """The cut at which the share below meets the falling line; at a step, the score of the step."""
    cut_range, fail_range = check.pair("cut_range", cut_range), check.pair("fail_range", fail_range)
    (k_low, k_high), (f_low, f_high) = cut_range, fail_range
    slope = (f_high - f_low) / (k_high - k_low)
    if _share_below(x, k_low) > f_high or _share_below(x, k_high) < f_low:
        return None
    edges = np.concatenate(([k_low], np.unique(x[(x > k_low) & (x < k_high)]), [k_high]))
    for left, right in itertools.pairwise(edges):
        share = float(np.mean(x <= left))
        at = k_low + (f_high - share) / slope
        if at <= left:
            return float(left)
        if at <= right:
            return float(at)
    return float(k_high)
