"""What of a measure report may be published: results about few people lose every number before anything is written."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeVar

import attrs

from blended_standard.errors import UsageError
from blended_standard.measures import EngagementCalendar, MasteryMap, MeasureReport, MeasureResult, Status
from blended_standard.measures.report import Bounds, Component
from blended_standard.measures.summaries import SIDES
from blended_standard.numeric.events import EVENT
from blended_standard.privacy import Ledger, Policy, publish_share
from blended_standard.privacy.ledger import cell_of, hidden_before, reached_of, shown_before
from blended_standard.report.pictures import FEW, published
from blended_standard.report.totals import BY_SUBTRACTION, Counted, also_withhold
from blended_standard.spec import Profile, Standard, load_standard

_TOO_EARLY = "Too early: nobody has been followed long enough."
_NOBODY = "No learner is left in the population."
_OF_LEARNERS = ("survival", "cumulative_incidence")
Publishable = TypeVar("Publishable", bound=MeasureReport | MasteryMap | EngagementCalendar)


def policy_of(profile: Profile) -> Policy:
    """Return the disclosure policy of a profile: the default one, narrowed."""
    return Policy().narrow({"name": profile.id, **profile.disclosure})


def for_publication(
    scored: Publishable, *, standard: Standard | None = None, ledger: Ledger | None = None
) -> Publishable:
    """Return the report with the results withheld that the profile's disclosure rules do not let out.

    Where the report holds totals beside their parts, further results are withheld so that none can be had by
    subtraction. A withheld result keeps its definition, group and key, and nothing that was counted. With a `ledger` of
    what went out before, what the releases would give away together is withheld too: what one of them withheld, and
    counts that differ by few learners. Add what is returned to the ledger when it goes out.

    Parameters
    ----------
    scored : MeasureReport, MasteryMap or EngagementCalendar
        A mastery map keeps its rows and columns, a calendar its days.

    Raises
    ------
    UsageError
        The policy lets no counts stand beside shares: a report tells them, so that they can be checked.
    """
    standard = standard or load_standard()
    policy = policy_of(standard.profile(scored.profile))
    if not policy.show_counts:
        raise UsageError(
            f"The policy of profile {scored.profile!r} lets no counts stand beside shares (show_counts=False), and a "
            "report tells them. Publish shares by themselves with privacy.publish_share, or let it be True."
        )
    if not isinstance(scored, MeasureReport):
        return published(scored, policy, ledger.by_key() if ledger else {})  # type: ignore[return-value]
    reasons = _reasons(scored, policy, standard, ledger or Ledger())
    results = tuple(_published(entry, reason, policy) for entry, reason in zip(scored, reasons, strict=True))
    return attrs.evolve(scored, results=results)  # type: ignore[misc]


def _reasons(scored: MeasureReport, policy: Policy, standard: Standard, ledger: Ledger) -> list[str | None]:
    """Return why each result is withheld: by itself, beside earlier releases, or since a withheld one follows."""
    entries = scored.results
    reasons = [
        _reason_to_withhold(entry, policy, standard) or ledger.why_withheld(cell_of(entry, scored.as_of), policy)
        for entry in entries
    ]
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, entry in enumerate(entries):
        places[entry.measure, entry.key.digest].append(i)
    for (_, key), members in places.items():
        own = [Counted(entries[i].group, entries[i].n, reached_of(entries[i])) for i in members]
        flags = [reasons[i] is not None or entries[i].status is Status.SUPPRESSED for i in members]
        earlier, hidden = _earlier(own, ledger, key, scored.as_of)
        for found in also_withhold([*own, *earlier], [*flags, *hidden], policy, fixed=len(earlier)):
            reasons[members[found]] = BY_SUBTRACTION
    return reasons


def _earlier(own: list[Counted], ledger: Ledger, key: str, as_of: dt.date) -> tuple[list[Counted], list[bool]]:
    """Return groups that earlier releases showed or withheld and this one lacks, and which of them are withheld.

    The counts of a withheld one are not in the ledger; they are those of its parts in this report, where it has any.
    """
    groups = {cell.group for cell in own}
    cells = [
        Counted(group, cell.n, cell.reached)
        for group, cell in shown_before(ledger, key, as_of).items()
        if group not in groups
    ]
    hidden = [False] * len(cells)
    for group in sorted(hidden_before(ledger, key, as_of) - groups):
        parts = [cell for cell in own if set(group) < set(cell.group)]
        if parts:
            reached = None if any(cell.reached is None for cell in parts) else sum(cell.reached or 0 for cell in parts)
            cells.append(Counted(group, sum(cell.n or 0 for cell in parts), reached))
            hidden.append(True)
    return cells, hidden


def _published(entry: MeasureResult, reason: str | None, policy: Policy) -> MeasureResult:
    if reason is None:
        said = _TOO_EARLY if entry.status is Status.NOT_MATURE else entry.reason
        many = tuple(excluded for excluded in entry.excluded if excluded.count >= policy.minimum_n)
        if entry.excluded and not entry.n and not many:
            said = _NOBODY
        return attrs.evolve(  # type: ignore[misc]
            entry,
            statistics=(),
            excluded=many,
            bounds=_bounds(entry, policy),
            reason=said,
            components=tuple(_component(part, entry, policy) for part in entry.components),
        )
    return attrs.evolve(  # type: ignore[misc]
        entry,
        status=Status.SUPPRESSED,
        value=None,
        se=None,
        interval=None,
        bounds=None,
        components=(),
        numerator=None,
        denominator=None,
        n=None,
        coverage=None,
        excluded=(),
        statistics=(),
        covered=0,
        needed=0,
        learners=None,
        reason=reason,
    )


def _bounds(entry: MeasureResult, policy: Policy) -> Bounds | None:
    """Return the bounds for unknown outcomes, unless their distance tells of how few learners nothing is known."""
    if entry.bounds is None:
        return None
    unknown = round((entry.bounds.high - entry.bounds.low) * (entry.n or 0))
    return None if 0 < unknown < policy.minimum_n else entry.bounds


def _component(part: Component, entry: MeasureResult, policy: Policy) -> Component:
    """Withhold a component as its measure would be, of few units or a share of few; a derived one counts none."""
    if part.n is None:
        return part
    if part.n < policy.minimum_n:
        return Component(name=part.name, value=None, reason=f"Withheld: fewer than {policy.minimum_n} learners.")
    mark = f"{part.name}|"
    share = _share(
        {each.name.removeprefix(mark): each.value for each in entry.statistics if each.name.startswith(mark)}
    )
    reason = _why_no_share(*share, policy) if share else None
    return Component(name=part.name, value=None, reason=reason) if reason else part


def _reason_to_withhold(entry: MeasureResult, policy: Policy, standard: Standard) -> str | None:
    if entry.value is None and not entry.n:
        return None
    # Units may be weeks, spells or decisions: it is the learners behind them that are protected.
    if min(entry.n or 0, entry.learners or 0) < policy.minimum_n:
        return f"Withheld: fewer than {policy.minimum_n} learners."
    if entry.value is None:
        return None
    for numerator, size in _shares(entry, standard):
        if size < policy.minimum_n:
            return f"Withheld: one side has fewer than {policy.minimum_n} learners."
        if reason := _why_no_share(numerator, size, policy):
            return reason
    return FEW if _few_events(entry, policy, standard) else None


def _why_no_share(numerator: int, size: int, policy: Policy) -> str | None:
    """Return why a share of people must not be shown as it is; None where it may."""
    shown = publish_share(numerator, size, policy)
    if shown.status == "shown":
        return None
    return FEW if shown.status == "suppressed" else f"Shown only as {shown.text}."


def _share(sums: Mapping[str, float]) -> tuple[int, int] | None:
    """Return (numerator, n) where sums are those of a share of people, each of whom counts once or not at all."""
    if not {"n", "x", "y"} <= set(sums) or sums["y"] != sums["n"]:
        return None
    whole = float(sums["x"]).is_integer() and 0 <= sums["x"] <= sums["n"]
    return (int(sums["x"]), int(sums["n"])) if whole else None


def _few_events(entry: MeasureResult, policy: Policy, standard: Standard) -> bool:
    """Say whether few learners had the event, or few had not, of an estimate that is no ratio of these counts."""
    events = reached_of(entry)
    if events is None or standard.measures[entry.measure].combine.statistic not in _OF_LEARNERS:
        return False
    counts = (events, (entry.n or 0) - events)
    return any(count < policy.minimum_numerator and (count or policy.zero == "hide") for count in counts)


def _shares(entry: MeasureResult, standard: Standard) -> Iterator[tuple[int, int]]:
    """Yield (numerator, n) for each share of people that the result tells: its own, or those of its two sides."""
    if standard.measures[entry.measure].combine.statistic in _OF_LEARNERS:
        yield round((entry.value or 0.0) * (entry.n or 0)), entry.n or 0
        return
    sides: dict[str, dict[str, float]] = defaultdict(dict)
    for statistic in entry.statistics:
        side, _, name = statistic.name.rpartition(":")
        sides[side][name] = statistic.value
    for side, sums in sides.items():
        if side not in ("", *SIDES):
            continue
        if {"n", "x", "y"} <= set(sums):
            if share := _share(sums):
                yield share
            elif side:
                yield int(sums["n"]) // 2, int(sums["n"])
        elif side:
            reached = sum(count for name, count in sums.items() if name.endswith(f"/{EVENT}"))
            yield int(reached), int(sum(sums.values()))
