"""Say an effect in plain words: counts out of 100 learners, the interval, and no more than the design allows.

Natural frequencies after Gigerenzer and Hoffrage (1995).
"""

from __future__ import annotations

from blended_standard.compare._effect import Effect
from blended_standard.compare.multiplicity import improvement_index
from blended_standard.compare.rating import EvidenceRating
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Result, Row, result

_STANDARDIZED = ("Hedges g", "Cohen d", "Glass delta", "Cox index")
_CHANGES = ("Difference in differences", "Difference of gains")
_RATIOS = {"Risk ratio": "share", "Odds ratio": "odds"}
_RARE = 0.02


@result
class Wording(Result):
    """An effect in sentences for a reader who knows no statistics. `told_apart` is None where there is no number."""

    sentences: tuple[str, ...]
    told_apart: bool | None
    causal: bool

    def rows(self) -> list[Row]:
        """Return one row a sentence."""
        return [{"sentence": sentence} for sentence in self.sentences]

    def __str__(self) -> str:
        return " ".join(self.sentences)


def in_words(
    effect: Effect,
    *,
    outcome: str = "have this outcome",
    treated: str = "the program",
    comparison: str = "the comparison group",
    rating: EvidenceRating | None = None,
) -> Wording:
    """Say an effect in plain sentences.

    Parameters
    ----------
    effect : Effect
        A risk difference, risk ratio, odds ratio, or standardized effect.
    outcome : str
        What learners do, as a verb phrase for shares ("earn a diploma"), as a noun for scores ("reading").
    treated, comparison : str
        Names of the two groups.
    rating : EvidenceRating, optional
        Rating of the study. Without one, or with one that does not meet standards, no sentence says that the program
        made the difference.

    Returns
    -------
    Wording
        Its text is `str(...)`.

    Raises
    ------
    UsageError
        An effect that has no wording.

    Examples
    --------
    >>> from blended_standard.compare import risk_difference
    >>> effect = risk_difference(60, 100, 52, 100)
    >>> for sentence in in_words(effect, outcome="earn a diploma", treated="A", comparison="B").sentences:
    ...     print(sentence)
    Of 100 learners, 60 in A and 52 in B earn a diploma: 8 more.
    With 95 percent confidence the difference lies between 6 fewer and 21 more of 100.
    The two groups cannot be told apart on this outcome.
    """
    if not isinstance(effect, Effect):
        raise UsageError(f"effect={effect!r} is not an Effect. Pass what hedges_g or risk_difference returns.")
    if effect.value is None or effect.interval is None:
        why = effect.reason or "it has no interval."
        return Wording(sentences=(f"This comparison cannot be made: {why}",), told_apart=None, causal=False)
    size = _size_sentences(effect, outcome, treated, comparison)
    null = 1.0 if effect.name in _RATIOS else 0.0
    apart = not effect.interval.low <= null <= effect.interval.high
    causal = apart and rating is not None and rating.causal_language
    return Wording(sentences=(*size, _verdict(apart, rating if causal else None)), told_apart=apart, causal=causal)


def _size_sentences(effect: Effect, outcome: str, treated: str, comparison: str) -> tuple[str, ...]:
    if effect.name == "Risk difference":
        return _of_learners(effect, outcome, treated, comparison)
    if effect.name in _RATIOS:
        return _as_ratio(effect, outcome, treated, comparison)
    check.one_of("effect.name", effect.name, (*_STANDARDIZED, *_CHANGES, *_RATIOS, "Risk difference"))
    return _in_deviations(effect, outcome, treated, comparison)


def _of_learners(effect: Effect, outcome: str, treated: str, comparison: str) -> tuple[str, ...]:
    """Say two shares as counts of 100 learners (of 1,000 where both are rare)."""
    shares = effect.parameters.get("p_treated"), effect.parameters.get("p_comparison")
    one, two = (float(share) if isinstance(share, int | float) else 0.0 for share in shares)
    base = 1000 if max(one, two) < _RARE else 100
    counts = round(base * one), round(base * two)
    difference = counts[0] - counts[1]
    more = "no difference" if difference == 0 else _signed(float(difference))
    return (
        f"Of {base:,} learners, {counts[0]} in {treated} and {counts[1]} in {comparison} {outcome}: {more}.",
        f"{_confidence(effect)} the difference lies {_span(effect, base)} of {base:,}.",
    )


def _as_ratio(effect: Effect, outcome: str, treated: str, comparison: str) -> tuple[str, ...]:
    low, high = (effect.interval.low, effect.interval.high) if effect.interval else (0.0, 0.0)
    what = _RATIOS[effect.name]
    return (
        f"The {what} of learners who {outcome} in {treated} is {effect.value:.2f} times the {what} in {comparison}.",
        f"{_confidence(effect)} it is between {low:.2f} and {high:.2f} times.",
    )


def _in_deviations(effect: Effect, outcome: str, treated: str, comparison: str) -> tuple[str, ...]:
    value = effect.value or 0.0
    low, high = (effect.interval.low, effect.interval.high) if effect.interval else (0.0, 0.0)
    side = "above" if value >= 0.0 else "below"
    if effect.name in _CHANGES:
        first = f"The change in {outcome} is {value:+.2f} standard deviations in {treated} set against {comparison}."
    elif effect.name == "Cox index":
        first = f"On a scale of standard deviations, {treated} stands {abs(value):.2f} {side} {comparison}: {outcome}."
    else:
        rank = round(50.0 + (improvement_index(effect).value or 0.0))
        first = (
            f"In {outcome}, the average of {treated} lies {abs(value):.2f} standard deviations {side} that of "
            f"{comparison}: it is higher than {rank} of 100 learners there."
        )
    return first, f"{_confidence(effect)} the difference lies between {low:+.2f} and {high:+.2f} standard deviations."


def _verdict(apart: bool, rating: EvidenceRating | None) -> str:
    if not apart:
        return "The two groups cannot be told apart on this outcome."
    if rating is None:
        return "The two groups differ; this comparison does not show why."
    about = "" if rating.inference == "learners" else " as a whole, not to single learners"
    if rating.rating == "with_reservations":
        return f"The design lets this be put down to the program{about}, with reservations: groups may differ unseen."
    return f"The design lets this be put down to the program{about}."


def _confidence(effect: Effect) -> str:
    level = effect.interval.level if effect.interval else 0.95
    return f"With {100 * level:g} percent confidence"


def _span(effect: Effect, base: int) -> str:
    if effect.interval is None:
        return ""
    low, high = base * effect.interval.low, base * effect.interval.high
    if low > 0.0:
        return f"between {_count(low)} and {_count(high)} more"
    if high < 0.0:
        return f"between {_count(high)} and {_count(low)} fewer"
    return f"between {_signed(low)} and {_signed(high)}"


def _signed(value: float) -> str:
    return f"{_count(value)} {'fewer' if value < 0.0 else 'more'}"


def _count(value: float) -> str:
    size = abs(value)
    return "less than 1" if 0.0 < size < 0.5 else f"{round(size)}"
