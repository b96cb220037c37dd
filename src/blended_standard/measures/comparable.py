"""May two results be compared? Yes, or no with the reasons and the ways out."""

from __future__ import annotations

from blended_standard.measures.report import ComparabilityKey, MeasureResult
from blended_standard.results import Result, result


@result
class Comparability(Result):
    """The answer; truthy when the results may be compared. One way out for each reason."""

    answer: bool
    reasons: tuple[str, ...] = ()
    ways_out: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.answer

    def __str__(self) -> str:
        if self.answer:
            return "Comparable."
        pairs = zip(self.reasons, self.ways_out, strict=True)
        return "\n".join(["Not comparable.", *(f"  {reason} {way}" for reason, way in pairs)])


def comparable(first: MeasureResult, second: MeasureResult) -> Comparability:
    """Say whether two results measure the same thing in the same way.

    Examples
    --------
    >>> from blended_standard.measures.score import example, score
    >>> four = score(example(), "ENG-01", as_of="2026-01-31").one("ENG-01")
    >>> three = score(
    ...     example(), "ENG-01", as_of="2026-01-31", parameters={"ENG-01": {"minimum_weeks": 3}}
    ... ).one("ENG-01")
    >>> print(comparable(four, three))
    Not comparable.
      minimum_weeks is 4 in one and 3 in the other. Score both with the same value, such as the core's.
    """
    problems = list(_problems(first.key, second.key))
    return Comparability(
        answer=not problems,
        reasons=tuple(reason for reason, _ in problems),
        ways_out=tuple(way for _, way in problems),
    )


def _problems(first: ComparabilityKey, second: ComparabilityKey) -> list[tuple[str, str]]:
    if first.measure != second.measure:
        return [(f"{first.measure} and {second.measure} are different measures.", "Choose one of them for both.")]
    problems: list[tuple[str, str]] = []
    if first.version != second.version:
        reason = f"{first.measure} is at version {first.version} in one and {second.version} in the other."
        problems.append((reason, "Recompute the older from its records at the newer version."))
    here, there = dict(first.parameters), dict(second.parameters)
    for name in dict.fromkeys((*here, *there)):
        if here.get(name) != there.get(name):
            reason = f"{name} is {here.get(name)} in one and {there.get(name)} in the other."
            problems.append((reason, "Score both with the same value, such as the core's."))
    if first.scale != second.scale:
        reason = f"The scales are {first.scale or 'not named'} and {second.scale or 'not named'}."
        problems.append((reason, "Link the scales first (scoring.link)."))
    return problems
