"""What of a measure report may be published: results about few people lose every number before anything is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import attrs

from blended_standard.measures import MeasureReport, MeasureResult, Status
from blended_standard.measures.report import Component
from blended_standard.privacy import Policy, publish_share
from blended_standard.report.totals import also_withhold
from blended_standard.spec import Profile, Standard, load_standard

BY_SUBTRACTION = "Withheld: with its total or its parts it would give away a result about few learners."
_TOO_EARLY = "Too early: nobody has been followed long enough."
_NOBODY = "No learner is left in the population."
_OF_LEARNERS = ("survival", "cumulative_incidence")


def policy_of(profile: Profile) -> Policy:
    """Return the disclosure policy of a profile: the default one, narrowed."""
    return Policy().narrow({"name": profile.id, **profile.disclosure})


def for_publication(scored: MeasureReport, *, standard: Standard | None = None) -> MeasureReport:
    """Return the report with the results withheld that the profile's disclosure rules do not let out.

    Where the report holds totals beside their parts, further results are withheld so that none can be had by
    subtraction. A withheld result keeps its definition, group and key, and nothing that was counted. What an earlier
    report showed is not known here: link releases with `privacy.link` before a second one goes out.
    """
    standard = standard or load_standard()
    policy = policy_of(standard.profile(scored.profile))
    reasons = _reasons(scored.results, policy, standard)
    results = tuple(_published(entry, reason, policy) for entry, reason in zip(scored, reasons, strict=True))
    return attrs.evolve(scored, results=results)  # type: ignore[misc]


def _reasons(entries: Sequence[MeasureResult], policy: Policy, standard: Standard) -> list[str | None]:
    """Return why each result is withheld: by itself, or because a withheld one could be had by subtraction."""
    reasons = [_reason_to_withhold(entry, policy, standard) for entry in entries]
    places: dict[str, list[int]] = defaultdict(list)
    for i, entry in enumerate(entries):
        places[entry.measure].append(i)
    for members in places.values():
        flags = [reasons[i] is not None or entries[i].status is Status.SUPPRESSED for i in members]
        for found in also_withhold([entries[i] for i in members], flags, policy):
            reasons[members[found]] = BY_SUBTRACTION
    return reasons


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
            reason=said,
            components=tuple(_component(part, policy) for part in entry.components),
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
        reason=reason,
    )


def _component(part: Component, policy: Policy) -> Component:
    """Withhold a component of few units, as its measure would be; a derived one counts none."""
    if part.n is None or part.n >= policy.minimum_n:
        return part
    return Component(name=part.name, value=None, reason=f"Withheld: fewer than {policy.minimum_n} learners.")


def _reason_to_withhold(entry: MeasureResult, policy: Policy, standard: Standard) -> str | None:
    if entry.value is None and not entry.n:
        return None
    n = entry.n or 0
    if n < policy.minimum_n:
        return f"Withheld: fewer than {policy.minimum_n} learners."
    if entry.value is None or standard.measures[entry.measure].combine.statistic not in _OF_LEARNERS:
        return None
    shown = publish_share(round(entry.value * n), n, policy)
    if shown.status == "suppressed":
        return "Withheld: it would give away a result about few learners."
    return None if shown.status == "shown" else f"Shown only as {shown.text}."
