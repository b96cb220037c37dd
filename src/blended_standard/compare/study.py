"""Compare two groups on one measure: check that they compare, compute the effects, say it in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from blended_standard.compare._effect import Effect, no_effect, symmetric_effect, two_sided_p
from blended_standard.compare.design import Study
from blended_standard.compare.effects import hedges_g_from_means
from blended_standard.compare.essa import EssaTier, essa_tier
from blended_standard.compare.rates import COX_DIVISOR
from blended_standard.compare.rating import EvidenceRating, evidence_rating
from blended_standard.errors import NotComparableError, UsageError, expect
from blended_standard.measures import MeasureReport, MeasureResult, Status, comparable
from blended_standard.numeric.intervals import difference
from blended_standard.results import Result, Row, result
from blended_standard.spec import MeasureDefinition, Standard, load_standard

_OF_LEARNERS = ("survival", "cumulative_incidence")


@result
class StudyReport(Result):
    """The comparison of two groups on one measure.

    `effects` are first group minus second; `sentences` say the same to a reader who knows no statistics. `rating` and
    `tier` are there when the design was given.
    """

    measure: str
    name: str
    first: MeasureResult
    second: MeasureResult
    effects: tuple[Effect, ...]
    sentences: tuple[str, ...]
    rating: EvidenceRating | None = None
    tier: EssaTier | None = None
    synthetic: bool = False

    def rows(self) -> list[Row]:
        """Return one row an effect."""
        return [
            {
                "effect": effect.name,
                "value": effect.value,
                "se": effect.se,
                "ci_low": effect.interval.low if effect.interval else None,
                "ci_high": effect.interval.high if effect.interval else None,
                "p_value": effect.p_value,
                "n_treated": effect.n_treated,
                "n_comparison": effect.n_comparison,
                "reason": effect.reason,
            }
            for effect in self.effects
        ]

    def csv_rows(self) -> list[Row]:
        """Return one row an effect, each with the two groups, their values and the rating."""
        context: Row = {
            "measure": self.measure,
            "name": self.name,
            "first_group": self.first.label,
            "second_group": self.second.label,
            "first_value": self.first.value,
            "second_value": self.second.value,
        }
        after: Row = {
            "method": None,
            "rating": self.rating.label if self.rating else None,
            "tier": self.tier.label if self.tier else None,
            "comparability_key": self.first.key.digest,
            "synthetic": self.synthetic,
        }
        rows = zip(self.effects, self.rows(), strict=True)
        return [context | row | after | {"method": effect.method} for effect, row in rows]

    def _summary(self) -> list[str]:
        heading = f"{self.measure} {self.name}: {self.first.label} against {self.second.label}"
        return [heading, *self.sentences, *(part.label for part in (self.rating, self.tier) if part)]


def compare_groups(
    scored: MeasureReport,
    outcome: str,
    groups: Sequence[str],
    *,
    design: Study | None = None,
    standard: Standard | None = None,
) -> StudyReport:
    """Compare two groups of a measure report on one outcome.

    Parameters
    ----------
    scored : MeasureReport
        What `score` or `merge` gave, grouped by what tells the two apart.
    outcome : str
        The id of the measure.
    groups : two labels
        The group of interest, then the group that it is compared with.
    design : Study, optional
        How the groups came about. With it the report holds the rating that the design can reach, and the ESSA tier.
        Without it the comparison is descriptive.

    Returns
    -------
    StudyReport

    Raises
    ------
    UsageError
        A group is not in the report, or the outcome was not scored.
    NotComparableError
        The two results do not measure the same thing, or one of them has no value.
    """
    expect("scored", scored, MeasureReport, "the report that score() or merge() gave")
    expect("groups", groups, Sequence, "two labels, such as ('Harbor', 'Mill')")
    if isinstance(groups, str) or len(groups) != 2 or groups[0] == groups[1]:
        raise UsageError(f"groups={groups!r} does not name two groups. Pass two different labels.")
    first, second = (scored.one(outcome, group) for group in groups)
    answer = comparable(first, second)
    if not answer:
        raise NotComparableError(str(answer))
    for entry in (first, second):
        if entry.value is None or entry.status is Status.SUPPRESSED:
            raise NotComparableError(f"{entry.measure} of {entry.label} has no value: {entry.reason}")
    definition = (standard or load_standard()).measures[outcome]
    level = first.interval.level if first.interval else 0.95
    effects = (_difference(first, second, definition, level), _standardized(first, second, definition, level))
    rating = evidence_rating(design) if design else None
    return StudyReport(
        measure=definition.versioned_id,
        name=definition.title,
        first=first,
        second=second,
        effects=effects,
        sentences=(*_sentences(first, second, effects[0], definition), _caution(effects[0], rating)),
        rating=rating,
        tier=_tier(effects[0], rating, design) if rating and design else None,
        synthetic=scored.synthetic,
    )


def _difference(first: MeasureResult, second: MeasureResult, definition: MeasureDefinition, level: float) -> Effect:
    """Return the difference of the two values, its error from theirs, its interval by square and add."""
    people = definition.combine.statistic in _OF_LEARNERS or all(map(_is_share_of_people, (first, second)))
    name = "Risk difference" if people else "Difference"
    n = (first.n or 0, second.n or 0)
    if first.value is None or second.value is None or not (first.interval and second.interval):
        return no_effect(name, "A group has no interval: it has fewer than two learners.", n=n, method="")
    gap = first.value - second.value
    se = math.hypot(first.se or 0.0, second.se or 0.0)
    return Effect(
        name=name,
        value=gap,
        se=se or None,
        interval=difference(first.value, first.interval, second.value, second.interval),
        p_value=two_sided_p(gap / se) if se else None,
        statistic=gap / se if se else None,
        n=sum(n),
        n_treated=n[0],
        n_comparison=n[1],
        method=f"difference of two estimates ({first.interval.method})",
        parameters={"level": level, "p_treated": first.value, "p_comparison": second.value},
    )


def _standardized(first: MeasureResult, second: MeasureResult, definition: MeasureDefinition, level: float) -> Effect:
    """Return the effect on the common scale that suits the measure: the Cox index of shares, Hedges g of means."""
    if definition.combine.statistic in _OF_LEARNERS or all(map(_is_share_of_people, (first, second))):
        return _cox(first, second, level)
    if definition.combine.statistic == "mean":
        return _hedges_g(first, second, level)
    return no_effect(
        "Standardized effect",
        f"{definition.id} is neither a share of learners nor a mean over them, so it has no standardized effect.",
        n=(first.n or 0, second.n or 0),
        method="",
    )


def _is_share_of_people(entry: MeasureResult) -> bool:
    """Say whether every learner counts once in the denominator, and once or not at all in the numerator."""
    sums = {statistic.name: statistic.value for statistic in entry.statistics}
    if not {"n", "clusters", "x", "y", "xx"} <= set(sums):
        return False
    return sums["n"] == sums["clusters"] == sums["y"] and sums["xx"] == sums["x"]


def _hedges_g(first: MeasureResult, second: MeasureResult, level: float) -> Effect:
    """Return Hedges g of two means from their sums; learners with several units have no one standard deviation."""
    n = (first.n or 0, second.n or 0)
    sides: list[tuple[float, float, int]] = []
    for entry in (first, second):
        sums = {statistic.name: statistic.value for statistic in entry.statistics}
        size = int(sums.get("n", 0))
        if size < 2 or sums["clusters"] != size:
            reason = f"{entry.label} has fewer than two learners, or learners with several units."
            return no_effect("Hedges g", reason, n=n, method="from sums")
        variance = max(0.0, sums["xx"] - sums["x"] ** 2 / size) / (size - 1)
        sides.append((sums["x"] / size, math.sqrt(variance), size))
    (mean, sd, size), (other_mean, other_sd, other_size) = sides
    return hedges_g_from_means(
        mean_treated=mean,
        sd_treated=sd,
        n_treated=size,
        mean_comparison=other_mean,
        sd_comparison=other_sd,
        n_comparison=other_size,
        level=level,
    )


def _cox(first: MeasureResult, second: MeasureResult, level: float) -> Effect:
    """Return the Cox index of two shares of learners, with their own errors, so that censoring is kept."""
    name, method, n = "Cox index", "ln odds ratio / 1.65, delta method", (first.n or 0, second.n or 0)
    odds: list[float] = []
    errors: list[float] = []
    for entry in (first, second):
        share = entry.value or 0.0
        if not 0 < share < 1:
            reason = f"In {entry.label} the share is {share:.0%}, so its odds do not exist."
            return no_effect(name, reason, n=n, method=method)
        odds.append(math.log(share / (1 - share)))
        errors.append((entry.se or 0.0) / (share * (1 - share)))
    value, se = (odds[0] - odds[1]) / COX_DIVISOR, math.hypot(*errors) / COX_DIVISOR
    return symmetric_effect(name, value, se, n=n, method=method, level=level)


def _sentences(
    first: MeasureResult, second: MeasureResult, gap: Effect, definition: MeasureDefinition
) -> tuple[str, ...]:
    said = [f"{entry.label}: {_plainly(entry, definition)}" for entry in (first, second)]
    if gap.value is None or gap.interval is None:
        return (*said, f"How sure we are of the difference cannot be said. {gap.reason}")
    if definition.range.maximum != 1:
        return (*said, _plain_gap(gap, first))
    low, high = 100 * gap.interval.low, 100 * gap.interval.high
    span = f"{_signed(low)} to {_signed(high)} in 100 (95% interval)"
    if low <= 0 <= high:
        said.append(f"The two cannot be told apart: the difference could be anything from {span}.")
    else:
        more = "more" if gap.value > 0 else "fewer"
        about = f"{abs(round(100 * gap.value))} {more} in 100 at {first.label}{before_rounding(first, second)}"
        said.append(f"That is about {about}; it could be anything from {span}.")
    return tuple(said)


def before_rounding(first: MeasureResult, second: MeasureResult) -> str:
    """Return a remark where two shares in whole percent do not differ by what their difference rounds to."""
    one, two = 100 * (first.value or 0.0), 100 * (second.value or 0.0)
    return "" if round(one) - round(two) == round(one - two) else " (before rounding)"


def _plain_gap(gap: Effect, first: MeasureResult) -> str:
    """Say a difference of values that are not shares, in the unit of the measure."""
    if gap.interval is None or gap.value is None:
        return "How sure we are of the difference cannot be said."
    span = f"{gap.interval.low:+.3g} to {gap.interval.high:+.3g} (95% interval)"
    if gap.interval.low <= 0 <= gap.interval.high:
        return f"The two cannot be told apart: the difference could be anything from {span}."
    return f"That is {gap.value:+.3g} at {first.label}; it could be anything from {span}."


def _caution(gap: Effect, rating: EvidenceRating | None) -> str:
    """Say what the difference may be credited to: never to the program unless the rating allows it."""
    if rating is None:
        return (
            "Nothing is known of how learners came into these groups. The difference may come from who enrolled, "
            "so it does not show what a program did."
        )
    apart = gap.interval is not None and not gap.interval.low <= 0 <= gap.interval.high
    if rating.causal_language and apart:
        return f"{rating.label}: the difference can be credited to the program as far as the rating goes."
    if rating.causal_language:
        return f"{rating.label}, and it shows no difference for certain."
    return f"{rating.label}. The difference may come from who enrolled, so it does not show what a program did."


def _tier(gap: Effect, rating: EvidenceRating, design: Study) -> EssaTier | None:
    if gap.value is None or gap.p_value is None:
        return None
    sites = (design.treated.units or 1) + (design.comparison.units or 1)
    return essa_tier(rating, value=gap.value, p_value=gap.p_value, n_learners=gap.n or 0, n_sites=sites)


def _plainly(entry: MeasureResult, definition: MeasureDefinition) -> str:
    share = f"{100 * (entry.value or 0.0):.0f}"
    if definition.range.maximum != 1:
        return f"{definition.title} is {entry.value or 0.0:.3g} ({definition.unit.result})."
    if not definition.plain:
        return f"{definition.title} is {share} in 100."
    return definition.plain.format(value=share, **dict(entry.parameters))


def _signed(value: float) -> str:
    """Return a whole number with its sign, or a tenth where the whole number would be nothing."""
    return f"{value:+.0f}" if abs(value) >= 0.5 else f"{value:+.1f}"
