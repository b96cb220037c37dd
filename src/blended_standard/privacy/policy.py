"""What may be published: the thresholds of a profile as data, which a child profile may only tighten.

Source of the default end coding: NCES 2011-603 (Seastrom, 2010), bounds by size of the reporting group. Its abstract
and reviews were read, its table of sizes was not: the numbers of `NCES_END_CODES` and `NCES_RANGE_CODES` are from
memory and are to be checked against the brief before they are cited. A profile may set its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

import attrs

from blended_standard.errors import SpecError, UsageError, did_you_mean, expect
from blended_standard.numeric import arguments as check
from blended_standard.results import Result

ShowOrHide = Literal["show", "hide"]


@attrs.frozen
class EndCode:
    """Groups of `minimum_n` or more show shares up to `percent` as "≤ percent", and the mirror image at the top."""

    minimum_n: int
    percent: float


@attrs.frozen
class RangeCode:
    """Groups of `minimum_n` or more show the band of whole percentages instead of the share.

    `starts` are the first whole percentages of the bands; no starts means that the share itself is shown.
    """

    minimum_n: int
    starts: tuple[int, ...]


def _end_codes(value: object) -> tuple[EndCode, ...]:
    pairs = _pairs("code_ends", value, ("minimum_n", "percent"))
    return tuple(EndCode(check.whole("minimum_n", n), check.number("percent", percent)) for n, percent in pairs)


def _range_codes(value: object) -> tuple[RangeCode, ...]:
    pairs = _pairs("ranges", value, ("minimum_n", "starts"))
    return tuple(
        RangeCode(check.whole("minimum_n", n), tuple(map(int, check.vector("starts", starts)))) for n, starts in pairs
    )


def _pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _pairs(key: str, value: object, names: tuple[str, str]) -> Iterable[tuple[Any, Any]]:
    if not isinstance(value, list | tuple):
        raise UsageError(f"{key}={value!r} is not a list of pairs {names}.")
    for item in value:
        if isinstance(item, EndCode):
            yield item.minimum_n, item.percent
        elif isinstance(item, RangeCode):
            yield item.minimum_n, item.starts
        elif isinstance(item, Mapping) and set(item) == set(names):
            yield item[names[0]], item[names[1]]
        elif isinstance(item, list | tuple) and len(item) == 2:
            yield item[0], item[1]
        else:
            raise UsageError(f"{key} holds {item!r}, which is not a pair {names}.")


NCES_END_CODES = (
    EndCode(10, 20.0),
    EndCode(21, 10.0),
    EndCode(41, 5.0),
    EndCode(101, 3.0),
    EndCode(201, 2.0),
    EndCode(301, 1.0),
)
NCES_RANGE_CODES = (
    RangeCode(10, (0, 21, 30, 40, 50, 60, 70, 80)),
    RangeCode(21, (0, 11, 20, 30, 40, 50, 60, 70, 80, 90)),
    RangeCode(41, (0, 6, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95)),
    RangeCode(101, ()),
)


@attrs.frozen(kw_only=True, repr=False)
class Policy(Result):
    """The rules by which numbers about few people are withheld.

    Parameters
    ----------
    name : str
        The profile that the rules belong to.
    minimum_n : int
        Groups of fewer people show nothing.
    minimum_numerator : int
        A share is shown only if both the people counted and the people not counted are this many.
    zero : {"hide", "show"}
        Whether a count of nobody (or of everybody) may be shown although it is below the thresholds.
    structural_zeros : {"show", "hide"}
        Whether cells that are zero by definition, which everybody knows, are shown.
    code_ends : tuple of EndCode
        Bounds that stand for extreme shares, by group size.
    ranges : tuple of RangeCode
        Bands that stand for shares, by group size.
    show_counts : bool
        Whether numerator and n may stand beside a share. Where they may not, a report is refused, since it tells them.
    decimals : int
        Decimals of a published percentage.
    complementary : {"optimal", "heuristic"}
        How complementary cells are chosen. Both are audited, so a child may choose either.
    interval_must_reach : int, optional
        An outsider's interval for a hidden count must hold a value this large and be this long; default `minimum_n`.
    p_percent, dominance_nk, dominance_pq : optional
        Rules for sums of amounts: p; (n, k in percent); (p, q), q in percent.

    Examples
    --------
    >>> parent = Policy(name="nation")
    >>> parent.narrow({"name": "state", "minimum_n": 15}).minimum_n
    15
    >>> parent.narrow({"minimum_n": 5})
    Traceback (most recent call last):
    ...
    blended_standard.errors.SpecError: minimum_n=5 is wider than 10, which policy "nation" sets. Pass 10 or more.
    """

    name: str = "default"
    minimum_n: int = 10
    minimum_numerator: int = 10
    zero: ShowOrHide = "hide"
    structural_zeros: ShowOrHide = "show"
    code_ends: tuple[EndCode, ...] = attrs.field(default=NCES_END_CODES, converter=_end_codes)
    ranges: tuple[RangeCode, ...] = attrs.field(default=(), converter=_range_codes)
    show_counts: bool = True
    decimals: int = 1
    complementary: Literal["optimal", "heuristic"] = "optimal"
    interval_must_reach: int | None = None
    p_percent: float | None = 10.0
    dominance_nk: tuple[int, float] | None = attrs.field(default=None, converter=_pair)
    dominance_pq: tuple[float, float] | None = attrs.field(default=None, converter=_pair)

    def __attrs_post_init__(self) -> None:
        for problem in _problems(self):
            raise UsageError(problem)

    @property
    def must_reach(self) -> int:
        """The value that an outsider's interval for a hidden count has to reach."""
        return self.minimum_n if self.interval_must_reach is None else self.interval_must_reach

    @classmethod
    def from_mapping(cls, data: Mapping[str, object]) -> Self:
        """Read a policy from plain data, such as the block of a profile; what is absent keeps its default.

        Raises
        ------
        UsageError
            A key is unknown or a value is outside what the field accepts.

        Examples
        --------
        >>> Policy.from_mapping({"minimum_n": 11, "code_ends": [[11, 10], [101, 5]]}).code_ends[1].percent
        5.0
        """
        return cls(**_fields(data))  # type: ignore[arg-type]

    def narrow(self, child: Mapping[str, object] | Policy) -> Policy:
        """Return the policy of a child profile, which may only tighten this one.

        Parameters
        ----------
        child : mapping or Policy
            The fields that the child sets (a mapping), or its whole policy.

        Raises
        ------
        SpecError
            A field would show more than this policy does; the message names it and what is accepted.
        """
        merged = child if isinstance(child, Policy) else attrs.evolve(self, **_fields(child))  # type: ignore[arg-type]
        for problem in _widenings(self, merged):
            raise SpecError(problem)
        return merged

    def end_code(self, n: int) -> float | None:
        """Return the percentage up to which shares of a group of `n` are coded, or None."""
        found = [code for code in self.code_ends if code.minimum_n <= n]
        return found[-1].percent if found else None

    def range_starts(self, n: int) -> tuple[int, ...]:
        """Return the first whole percentages of the bands for a group of `n`; empty where the share is shown."""
        found = [code for code in self.ranges if code.minimum_n <= n]
        return found[-1].starts if found else ()


def _fields(data: Mapping[str, object]) -> dict[str, object]:
    """Return plain data whose keys are fields of a policy."""
    expect("the policy", data, Mapping, "its fields by name, such as {'minimum_n': 15}")
    known = [field.name for field in attrs.fields(Policy)]
    for key in data:
        if key not in known:
            hint = did_you_mean(key, known) or f" Known fields: {', '.join(known)}."
            raise UsageError(f"{key!r} is not a field of a privacy policy.{hint}")
    return dict(data)


def _problems(policy: Policy) -> Iterable[str]:
    """Yield what is wrong with the values of a policy, each in one sentence."""
    for name, least in (("minimum_n", 1), ("minimum_numerator", 0), ("decimals", 0), ("interval_must_reach", 1)):
        value = getattr(policy, name)
        if name == "interval_must_reach" and value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            yield f"{name}={value!r} is not a whole number of {least} or more."
    for name, accepted in (
        ("zero", ("hide", "show")),
        ("structural_zeros", ("show", "hide")),
        ("complementary", ("optimal", "heuristic")),
        ("show_counts", (True, False)),
    ):
        if getattr(policy, name) not in accepted:
            yield f"{name}={getattr(policy, name)!r} is not one of {', '.join(str(each) for each in accepted)}."
    yield from _code_problems(policy)
    yield from _dominance_problems(policy)


def _code_problems(policy: Policy) -> Iterable[str]:
    for name in ("code_ends", "ranges"):
        sizes = [code.minimum_n for code in getattr(policy, name)]
        if any(later <= earlier for earlier, later in itertools.pairwise(sizes)):
            yield f"{name} is not in rising order of minimum_n: {sizes}."
    for end in policy.code_ends:
        if not 0 <= end.percent < 50:
            yield f"code_ends has percent={end.percent}, which is outside 0 to 50 (50 excluded)."
    for code in policy.ranges:
        starts = code.starts
        rising = all(first < second for first, second in itertools.pairwise(starts))
        if starts and (starts[0] != 0 or starts[-1] > 100 or not rising):
            yield f"ranges has starts={starts}, which do not rise from 0 to at most 100."


def _dominance_problems(policy: Policy) -> Iterable[str]:
    if policy.p_percent is not None and not 0 < check.number("p_percent", policy.p_percent) <= 100:
        yield f"p_percent={policy.p_percent} is outside 0 to 100 (0 excluded)."
    for name in ("dominance_nk", "dominance_pq"):
        pair = getattr(policy, name)
        if pair is not None and (not isinstance(pair, tuple) or check.vector(name, pair).size != 2):
            yield f"{name}={pair!r} is not a pair of numbers."
            return
    if policy.dominance_nk is not None:
        n, k = policy.dominance_nk
        if n < 1 or int(n) != n or not 0 < k < 100:
            yield f"dominance_nk={policy.dominance_nk} is not (a whole number of 1 or more, a percentage below 100)."
    if policy.dominance_pq is not None and not 0 < policy.dominance_pq[0] < policy.dominance_pq[1] <= 100:
        yield f"dominance_pq={policy.dominance_pq} does not have 0 < p < q <= 100."


def _widenings(parent: Policy, child: Policy) -> Iterable[str]:
    """Yield each field in which `child` would show more than `parent`."""
    named = f'which policy "{parent.name}" sets'
    for name in ("minimum_n", "minimum_numerator", "must_reach"):
        mine, theirs = getattr(parent, name), getattr(child, name)
        if theirs < mine:
            shown = "interval_must_reach" if name == "must_reach" else name
            yield f"{shown}={theirs} is wider than {mine}, {named}. Pass {mine} or more."
    if child.decimals > parent.decimals:
        yield f"decimals={child.decimals} is wider than {parent.decimals}, {named}. Pass {parent.decimals} or fewer."
    for name in ("zero", "structural_zeros"):
        if getattr(parent, name) == "hide" and getattr(child, name) == "show":
            yield f'{name}="show" is wider than "hide", {named}. Leave it at "hide".'
    if child.show_counts and not parent.show_counts:
        yield f"show_counts=True is wider than False, {named}. Leave it at False."
    yield from _wider_codes(parent, child, named)
    yield from _wider_dominance(parent, child, named)


def _wider_codes(parent: Policy, child: Policy, named: str) -> Iterable[str]:
    floor = child.minimum_n
    sizes = {code.minimum_n for policy in (parent, child) for code in policy.code_ends}
    sizes |= {code.minimum_n for policy in (parent, child) for code in policy.ranges}
    for n in sorted({max(size, floor) for size in sizes} | {floor}):
        mine, theirs = parent.end_code(n), child.end_code(n)
        if mine is not None and (theirs is None or theirs < mine):
            yield (
                f"code_ends at n={n} codes shares up to {'nothing' if theirs is None else f'{theirs:g} %'}, which is "
                f"wider than {mine:g} %, {named}. Code up to {mine:g} % or more."
            )
        bands, finer = parent.range_starts(n), child.range_starts(n)
        if bands and (not finer or not set(finer) <= set(bands)):
            yield f"ranges at n={n} are finer than {bands}, {named}. Only join bands of the parent."


def _wider_dominance(parent: Policy, child: Policy, named: str) -> Iterable[str]:
    if parent.p_percent is not None and (child.p_percent is None or child.p_percent < parent.p_percent):
        least = f"{parent.p_percent:g}"
        yield f"p_percent={child.p_percent} is wider than {least}, {named}. Pass {least} or more."
    if parent.dominance_nk is not None:
        n, k = parent.dominance_nk
        if child.dominance_nk is None or child.dominance_nk[0] < n or child.dominance_nk[1] > k:
            yield (
                f"dominance_nk={child.dominance_nk} is wider than {parent.dominance_nk}, {named}. "
                f"Pass n of {n} or more and k of {k:g} or less."
            )
    if parent.dominance_pq is not None:
        p, q = parent.dominance_pq
        if child.dominance_pq is None or child.dominance_pq[0] / child.dominance_pq[1] < p / q:
            yield (
                f"dominance_pq={child.dominance_pq} is wider than {parent.dominance_pq}, {named}. "
                f"Pass a ratio p / q of {p / q:g} or more."
            )
