"""`claim`: apply one rule pack to the evidence of a submission in a period."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from blended_standard.engine import Engine, using
from blended_standard.errors import UsageError, expect
from blended_standard.io import Submission
from blended_standard.io.submission import expect_submission
from blended_standard.measures.blocks import EPOCH, Blocks
from blended_standard.measures.bridge.claims import Claim, ClaimReport, ConditionResult, EvidenceUsed, Step
from blended_standard.measures.bridge.file import Finding, read_files
from blended_standard.measures.bridge.rules import RULES
from blended_standard.measures.calendar import read_date
from blended_standard.measures.groups import Grouping
from blended_standard.measures.report import Group, Value
from blended_standard.spec.bridges import RulePack

Day = dt.date | str


def claim(
    measure: str,
    submission: Submission,
    *,
    period: tuple[Day, Day],
    by: Sequence[str] = ("program",),
    episode: str | None = None,
    learner: str | None = None,
    parameters: Mapping[str, Value] | None = None,
    engine: str | Engine | None = None,
) -> ClaimReport:
    """Work out what evidence supports under a rule pack. It proposes; a person certifies. Not legal advice.

    Parameters
    ----------
    measure : str
        A bridge measure, "BR-01" to "BR-10"; its pack is in `spec/bridge/`.
    submission : Submission
        The tables. Unlike scored measures, a bridge measure may read `legacy_attendance`.
    period : (date, date)
        First and last day that count, both included.
    by : str or list of str
        One claim for each group, as in `score`; empty for one claim over all.
    episode, learner : str, optional
        Only this episode, or the episodes of this learner.
    parameters : mapping, optional
        Overrides of the parameters of the pack.
    engine : str or Engine, optional
        Default: the first that is installed.

    Returns
    -------
    ClaimReport
        Each claim with the evidence used (counts and levels, no identifiers), conditions, and the audit trail.

    Raises
    ------
    UsageError
        An unknown measure, parameter or group, or a period that is no two days of 1900 to 2100 in their order.

    Examples
    --------
    >>> from blended_standard.measures.score import example
    >>> one = claim("BR-08", example(), period=("2026-01-05", "2026-01-16")).one()
    >>> one.value, one.unit
    (10.0, 'school days')
    """
    expect_submission(submission)
    packs = submission.standard.bridges
    expect("measure", measure, str, "a bridge measure such as 'BR-01'")
    if measure not in packs or measure not in RULES:
        raise UsageError(f"There is no bridge measure {measure!r}. There are: {', '.join(sorted(packs))}.")
    pack = packs[measure]
    start, end = _first_and_last(period)
    expect("parameters", parameters, (Mapping, type(None)), "parameters of the pack by name")
    settings = pack.resolve(parameters or {})
    grouping = Grouping.of(by)
    with using(engine) as opened:
        blocks = Blocks(submission, opened, end)
        files = read_files(blocks, pack.inputs, (start - EPOCH).days, (end - EPOCH).days, settings)
        place = _place(blocks, grouping)
        found: dict[Group, list[Finding]] = defaultdict(list)
        for name, file in files.items():
            if episode in (None, name) and learner in (None, file.learner):
                found[place[name]].append(RULES[measure](file))
        names = blocks.names
    claims = [_combine(pack, settings, group, found[group], (start, end), names) for group in sorted(found)]
    return ClaimReport(claims=tuple(claims))


def _first_and_last(period: tuple[Day, Day]) -> tuple[dt.date, dt.date]:
    expect("period", period, Sequence, "the first and the last day")
    days = [read_date("period", day) for day in period]
    if len(days) != 2 or days[1] < days[0]:
        raise UsageError(f"period={period!r} is not two days in their order. Pass the first and the last day.")
    return days[0], days[1]


def _place(blocks: Blocks, grouping: Grouping) -> dict[str, Group]:
    frame = grouping.attach(blocks.spans.select("episode_id"), blocks)
    columns = [name for name in grouping.columns if name != "episode_id"]
    found = blocks.engine.collect(frame.select("episode_id", *columns))
    return {
        name: grouping.group([found[column][i] for column in grouping.columns])
        for i, name in enumerate(found["episode_id"])
    }


def _combine(
    pack: RulePack,
    settings: Mapping[str, Value],
    group: Group,
    found: list[Finding],
    period: tuple[dt.date, dt.date],
    names: Mapping[str, Mapping[str, str]],
) -> Claim:
    numerator = math.fsum(part.numerator for part in found)
    denominator = math.fsum(part.denominator for part in found)
    value: float | None = numerator
    if pack.combine == "maximum":
        value = max(part.numerator for part in found)
    elif pack.combine == "ratio":
        value = numerator / denominator if denominator else None
    return Claim(
        measure=pack.id,
        version=pack.version,
        name=pack.title,
        jurisdiction=pack.jurisdiction,
        group=group,
        label=", ".join(names.get(level, {}).get(name, name) for level, name in group) or "all",
        period_start=period[0],
        period_end=period[1],
        value=value,
        unit=pack.unit,
        episodes=len(found),
        numerator=numerator if pack.combine == "ratio" else None,
        denominator=denominator if pack.combine == "ratio" else None,
        reason=None if value is not None else "No episode meets the conditions that give it a denominator.",
        conditions=_conditions(pack, found),
        evidence=_evidence(found),
        steps=_steps(found),
        parameters=tuple(settings.items()),
        effective_from=pack.effective_from,
        effective_to=pack.effective_to,
        seen_on=pack.seen_on,
        notice=pack.notice,
    )


def _conditions(pack: RulePack, found: list[Finding]) -> tuple[ConditionResult, ...]:
    return tuple(
        ConditionResult(
            id=condition.id,
            text=condition.text,
            met=sum(part.met.get(condition.id) is True for part in found),
            unmet=sum(part.met.get(condition.id) is False for part in found),
            detail=tuple(sorted({text for part in found for text in part.detail.get(condition.id, [])})),
        )
        for condition in pack.conditions
    )


def _evidence(found: list[Finding]) -> tuple[EvidenceUsed, ...]:
    used: Counter[tuple[str, int | None]] = Counter()
    for part in found:
        used.update(part.used)
    ordered = sorted(used.items(), key=lambda entry: (entry[0][0], -1 if entry[0][1] is None else entry[0][1]))
    return tuple(EvidenceUsed(table=table, level=level, count=count) for (table, level), count in ordered)


def _steps(found: list[Finding]) -> tuple[Step, ...]:
    totals: dict[tuple[str, str], list[float]] = defaultdict(list)
    for part in found:
        for text, value, unit in part.steps:
            totals[text, unit].append(value)
    return tuple(Step(text=text, value=math.fsum(values), unit=unit) for (text, unit), values in totals.items())
