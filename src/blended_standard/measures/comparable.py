"""May two results be compared? Yes, or no with the reasons and the ways out."""

from __future__ import annotations

from collections.abc import Iterator

from blended_standard.errors import expect
from blended_standard.measures.report import ComparabilityKey, MeasureResult
from blended_standard.results import Result, Row, result


@result
class Comparability(Result):
    """The answer; truthy when the results may be compared. One way out for each reason.

    `differs` names what differs: measure, version, scale or a parameter, in the order of the reasons.
    """

    answer: bool
    differs: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    ways_out: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.answer

    def rows(self) -> list[Row]:
        """Return one row for each thing that differs, or the answer where nothing does."""
        pairs = zip(self.differs, self.reasons, self.ways_out, strict=True)
        differences: list[Row] = [{"differs": what, "reason": reason, "way_out": way} for what, reason, way in pairs]
        return differences or [{"answer": self.answer}]

    def _summary(self) -> list[str]:
        return ["Comparable." if self.answer else "Not comparable."]

    def __str__(self) -> str:
        pairs = zip(self.reasons, self.ways_out, strict=True)
        return "\n".join([*self._summary(), *(f"  {reason} {way}" for reason, way in pairs)])


def comparable(first: MeasureResult | ComparabilityKey, second: MeasureResult | ComparabilityKey) -> Comparability:
    """Say whether two results, or the results of two keys, measure the same thing in the same way.

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
    problems = list(_problems(_key(first), _key(second)))
    return Comparability(
        answer=not problems,
        differs=tuple(name for name, _, _ in problems),
        reasons=tuple(reason for _, reason, _ in problems),
        ways_out=tuple(way for _, _, way in problems),
    )


def _key(given: MeasureResult | ComparabilityKey) -> ComparabilityKey:
    expect(
        "each side", given, (MeasureResult, ComparabilityKey), "one result, such as score(...).one('OUT-03', 'Harbor')"
    )
    return given.key if isinstance(given, MeasureResult) else given


def _problems(first: ComparabilityKey, second: ComparabilityKey) -> Iterator[tuple[str, str, str]]:
    """Yield what differs, in what way, and the way out."""
    if first.measure != second.measure:
        reason = f"{first.measure} and {second.measure} are different measures."
        yield "measure", reason, "Choose one of them for both."
        return
    if first.version != second.version:
        reason = f"{first.measure} is at version {first.version} in one and {second.version} in the other."
        yield "version", reason, "Recompute the older from its records at the newer version."
    here, there = dict(first.parameters), dict(second.parameters)
    for name in dict.fromkeys((*here, *there)):
        if here.get(name) != there.get(name):
            reason = f"{name} is {here.get(name)} in one and {there.get(name)} in the other."
            yield name, reason, "Score both with the same value, such as the core's."
    if first.scale != second.scale:
        reason = f"The scales are {first.scale or 'not named'} and {second.scale or 'not named'}."
        yield "scale", reason, "Link the scales first (scoring.link)."
