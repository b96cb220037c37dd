"""The sentences of an evidence brief: natural frequencies, how sure, what would change it, what attendance would hide.

Natural frequencies after Gigerenzer and Hoffrage (1995). Every function is given what may be published, only that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from blended_standard.compare import Effect, StudyReport, e_value
from blended_standard.compare.sensitivity import (
    EValue,
    FollowUpBounds,
    LeeBounds,
    OsterDelta,
    RobustnessOfInference,
    RosenbaumBounds,
)
from blended_standard.compare.study import before_rounding
from blended_standard.compare.validity import IncrementalValidity
from blended_standard.errors import UsageError
from blended_standard.measures import MeasureReport, MeasureResult, Status
from blended_standard.measures.bridge import Claim
from blended_standard.privacy import Policy, publish_share
from blended_standard.results import Result, rounded
from blended_standard.spec import MeasureDefinition

KINDS = (
    EValue,
    RobustnessOfInference,
    RosenbaumBounds,
    OsterDelta,
    LeeBounds,
    FollowUpBounds,
    IncrementalValidity,
    Claim,
)
_LONGEST = 160
_CHRONIC = "episodes at or over the threshold"
WEEKS = "ENG-01"


def cut(text: str, longest: int = _LONGEST) -> str:
    """Return a text on one line, cut where it would break the layout of two pages."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def counted(definition: MeasureDefinition) -> str:
    """Return what a share of the measure counts, in the plural: the word of its plain sentence, else its unit."""
    said = re.match(r"Of 100 ([a-z][a-z ]*)[,.]", definition.plain)
    return said.group(1) if said else f"{definition.unit.of.replace('_', ' ')}s"


def when(definition: MeasureDefinition, parameters: Sequence[tuple[str, object]]) -> str:
    """Return the window of the measure with the parameters in force instead of their names."""
    said = definition.window
    for name, value in parameters:
        if name in definition.parameters:
            said = said.replace(name, f"{value} {definition.parameters[name].unit or ''}".strip())
    return said[:1].upper() + said[1:]


def headline(study: StudyReport, definition: MeasureDefinition) -> str:
    """Say both numbers and how far apart they are, or that they cannot be told apart, in one sentence."""
    first, second, gap = study.first, study.second, study.effects[0]
    if gap.value is None:
        return study.sentences[2]
    share = definition.range.maximum == 1
    one, two = (f"{100 * v:.0f}" if share else rounded(v, 3) for v in (first.value or 0.0, second.value or 0.0))
    both = f"{one} at {first.label} and {two} at {second.label}"
    said = f"Of 100 {counted(definition)}, {both}" if share else f"{both} ({definition.unit.result})"
    if not _apart(gap):
        return f"{said}: the two cannot be told apart."
    size = abs(round(100 * gap.value)) or "less than 1"
    more = f"{'more' if gap.value > 0 else 'fewer'}{before_rounding(first, second)}"
    about = f"about {size} {more}" if share else f"{'+' if gap.value > 0 else ''}{rounded(gap.value, 3)}"
    return f"{said}: {about}."


def how_sure(study: StudyReport) -> list[str]:
    """Say the interval of the difference, what it means, and what is thin in the evidence."""
    gap = study.effects[0]
    if gap.value is None or gap.interval is None:
        return [f"How sure we are cannot be said. {gap.reason or ''}".strip()]
    told = "does not hold zero, so chance alone is an unlikely reason for the difference"
    if not _apart(gap):
        told = "holds zero, so chance alone could be the reason for the difference"
    said = [
        *study.sentences[2:-1],
        f"Intervals made this way hold the true difference in {100 * gap.interval.level:g} of 100 studies like this "
        f"one. This one {told}.",
    ]
    common = study.effects[1]
    if common.value is not None and common.interval is not None:
        said.append(
            f"On the scale that studies share ({common.name}) the difference is {_signed(common.value)}, interval "
            f"{_signed(common.interval.low)} to {_signed(common.interval.high)}."
        )
    for entry in (study.first, study.second):
        if entry.status is Status.SMALL_N:
            said.append(f"{entry.label} is about few learners, so its number moves much with each of them.")
        if entry.coverage is not None and entry.coverage < 0.995:
            said.append(
                f"For {entry.label}, {100 * entry.coverage:.0f} of 100 parts of the needed evidence were there."
            )
    return said


def what_would_change(study: StudyReport, further: Sequence[Result]) -> list[str]:
    """Say what would overturn the conclusion, from what was computed and from what can be computed of the study."""
    gap = study.effects[0]
    if gap.value is None or gap.interval is None:
        return ["Without an interval there is no conclusion that something could change."]
    said = []
    if not _apart(gap):
        said.append("More learners, or a longer time: the data at hand leave room for a difference either way.")
    given = [part for part in further if isinstance(part, EValue)]
    said += [_hidden_cause(part) for part in given or _computed(study)]
    said += [line for part in further for line in _sensitivity(part)]
    said += _unknown_outcomes(study)
    if study.rating is not None:
        said += [f"An open question that the rating hangs on: {cut(each)}" for each in study.rating.open_questions[:3]]
    return said


def attendance_view(study: StudyReport, further: Sequence[Result], public: MeasureReport, policy: Policy) -> list[str]:
    """Say what rules that count presence make of the same learners: claims by rule packs, and incremental validity."""
    said = [
        line
        for part in further
        if isinstance(part, Claim) and part.group in (study.first.group, study.second.group)
        for line in _claimed(part, study, public, policy)
    ]
    return said + [line for part in further if isinstance(part, IncrementalValidity) for line in _increment(part)]


def of_100(count: float, size: float, policy: Policy) -> str | None:
    """Return a share of learners as a count of 100, coded at the ends by the policy, or None where it is withheld."""
    if size < 1:
        return None
    shown = publish_share(int(count), int(size), policy)
    if shown.status == "suppressed":
        return None
    if shown.status == "shown":
        return f"{100 * count / size:.0f} of 100"
    sign, number = shown.text[:1], shown.text[1:].rstrip("%")
    return {"≤": f"at most {number} of 100", "≥": f"at least {number} of 100"}.get(sign, f"{shown.text} of all")


def _claimed(claim: Claim, study: StudyReport, public: MeasureReport, policy: Policy) -> Iterator[str]:
    label = cut(claim.label, 40)
    if claim.episodes < policy.minimum_n:
        yield f"{label}: withheld, fewer than {policy.minimum_n} learners."
        return
    if any(step.text == _CHRONIC for step in claim.steps):
        yield from _chronic(claim, label, study, public, policy)
        return
    for condition in claim.conditions[:2]:
        share = of_100(condition.unmet, condition.met + condition.unmet, policy)
        if share is not None:
            yield f"{label}: by the rule {claim.name} ({claim.measure}), {share} learners fail: {cut(condition.text)}"


def _chronic(claim: Claim, label: str, study: StudyReport, public: MeasureReport, policy: Policy) -> Iterator[str]:
    """Say how many a count of days would call chronically absent, beside what they did."""
    judged = sum(condition.met for condition in claim.conditions)
    share = of_100(claim.step(_CHRONIC), judged, policy)
    if share is None:
        yield f"{label}: withheld, it would give away a result about few learners."
        return
    days = 100 * float(dict(claim.parameters).get("threshold", 0.1))
    yield (
        f"{label}: counted by days, {share} learners would be called chronically absent (nothing recorded on "
        f"{days:.0f} or more of 100 scheduled days, {claim.period_start} to {claim.period_end}). {_but(claim, public)}"
    ).strip()


def _but(claim: Claim, public: MeasureReport) -> str:
    weeks = [entry for entry in public if entry.measure == WEEKS and entry.group == claim.group]
    if not weeks or weeks[0].value is None:
        return ""
    return f"Yet of 100 of their weeks {100 * weeks[0].value:.0f} held learning."


def _increment(part: IncrementalValidity) -> Iterator[str]:
    for name, scale in (("auc", "pairs put in the right order"), ("r2", "parts of the variation told")):
        try:
            found = part.increment(name)
        except UsageError:
            continue
        if found.legacy.value is not None and found.combined.value is not None:
            yield (
                f"Of 100 {scale}, attendance alone gets {100 * found.legacy.value:.0f}; with engagement it is "
                f"{100 * found.combined.value:.0f} ({cut(part.outcome, 60)}, learners the model had not seen)."
            )
            return


def _hidden_cause(part: EValue) -> str:
    edge = ""
    if part.limit is not None:
        edge = f" To bring the near edge of the interval to no difference, {part.limit:.1f} times would do."
        if part.limit <= 1:
            edge = " The interval holds no difference already."
    return (
        f"A hidden cause: something not measured that makes both being in the first group and the outcome "
        f"{part.value:.1f} times as likely would explain the difference away (E-value).{edge}"
    )


def _computed(study: StudyReport) -> list[EValue]:
    """Return the E-value where the effect allows one: of the risk ratio of two shares, or of a standardized mean."""
    gap, common = study.effects[0], study.effects[1]
    if not _apart(gap):
        return []
    if common.name == "Hedges g" and common.value is not None and common.se is not None:
        return [e_value(common.value, se=common.se, scale="smd")]
    one, two = study.first.value or 0.0, study.second.value or 0.0
    if gap.name != "Risk difference" or not (0 < one <= 1 and 0 < two <= 1):
        return []
    spread = math.hypot((study.first.se or 0.0) / one, (study.second.se or 0.0) / two)
    reach, ratio = 1.96 * spread, one / two
    return [e_value(ratio, low=ratio * math.exp(-reach), high=ratio * math.exp(reach))]


def _sensitivity(part: Result) -> Iterator[str]:
    if isinstance(part, RobustnessOfInference):
        bias = f"{part.percent_bias:.0f} of 100 parts of the estimate"
        if part.significant:
            yield f"Bias: {bias} would have to be bias before the conclusion changed."
        else:
            yield f"Bias: the estimate falls short of the threshold by {part.percent_bias:.0f} of 100 parts of it."
    elif isinstance(part, OsterDelta) and part.delta is not None:
        yield f"Selection on what was not observed, {part.delta:.1f} times as strong as on what was (Oster's delta)."
    elif isinstance(part, RosenbaumBounds) and part.tolerated is not None:
        yield (
            f"Matched pairs that differ unseen: odds of joining {part.tolerated:.1f} times as high in one of the two "
            "would be enough (Rosenbaum's Gamma)."
        )
    elif isinstance(part, LeeBounds) and part.lower.value is not None and part.upper.value is not None:
        yield f"Learners not measured: the effect lies between {part.lower.value:+.2f} and {part.upper.value:+.2f}."
    elif isinstance(part, FollowUpBounds) and part.lower.value is not None and part.upper.value is not None:
        yield (
            f"Learners lost to follow-up: the share lies between {100 * part.lower.value:.0f} and "
            f"{100 * part.upper.value:.0f} of 100, whatever became of them."
        )


def _unknown_outcomes(study: StudyReport) -> Iterator[str]:
    """Say how far the difference could move with outcomes that nobody knows."""
    one, two = study.first.bounds, study.second.bounds
    if one is None or two is None:
        return
    low, high = 100 * (one.low - two.high), 100 * (one.high - two.low)
    if high > low:
        yield f"Outcomes nobody knows: whatever they are, the difference is between {low:+.0f} and {high:+.0f} in 100."


def group_size(entry: MeasureResult, definition: MeasureDefinition) -> str:
    """Return how many learners, and units where these are others, a result is about."""
    units = f"{entry.n or 0:,} {definition.unit.of.replace('_', ' ')}s"
    people = f"{entry.learners:,} learners" if entry.learners else ""
    return units if not people or definition.unit.of == "learner" else f"{people}, {units}"


def _apart(gap: Effect) -> bool:
    return gap.interval is not None and not gap.interval.low <= 0 <= gap.interval.high


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\u2212")
