"""What of a measure report may be published: results about few people lose every number before anything is written."""

from __future__ import annotations

import attrs

from blended_standard.measures import MeasureReport, MeasureResult, Status
from blended_standard.measures.report import Component
from blended_standard.privacy import Policy, publish_share
from blended_standard.spec import Profile, Standard, load_standard

_OF_LEARNERS = ("survival", "cumulative_incidence")


def policy_of(profile: Profile) -> Policy:
    """Return the disclosure policy of a profile: the default one, narrowed."""
    return Policy().narrow({"name": profile.id, **profile.disclosure})


def for_publication(scored: MeasureReport, *, standard: Standard | None = None) -> MeasureReport:
    """Return the report with the results withheld that the profile's disclosure rules do not let out.

    A withheld result keeps its definition, group and key, and nothing that was counted.
    """
    standard = standard or load_standard()
    policy = policy_of(standard.profile(scored.profile))
    results = tuple(_published(entry, policy, standard) for entry in scored)
    return attrs.evolve(scored, results=results)  # type: ignore[misc]


def _published(entry: MeasureResult, policy: Policy, standard: Standard) -> MeasureResult:
    if entry.value is None and not entry.n:
        return entry
    reason = _reason_to_withhold(entry, policy, standard)
    if reason is None:
        return attrs.evolve(  # type: ignore[misc]
            entry, statistics=(), components=tuple(_component(part, policy) for part in entry.components)
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
    n = entry.n or 0
    if n < policy.minimum_n:
        return f"Withheld: fewer than {policy.minimum_n} learners."
    if entry.value is None or standard.measures[entry.measure].combine.statistic not in _OF_LEARNERS:
        return None
    shown = publish_share(round(entry.value * n), n, policy)
    if shown.status == "suppressed":
        return "Withheld: it would give away a result about few learners."
    return None if shown.status == "shown" else f"Shown only as {shown.text}."
