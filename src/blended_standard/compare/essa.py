"""Tiers of evidence under the Every Student Succeeds Act (ESSA), and the conclusion over the studies of a domain.

Source: 34 CFR 77.1; WWC ESSA page; WWC Procedures Handbook 4.1 (fixed-effect mean), and 2.0 appendix E for old reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from blended_standard.compare._effect import (
    symmetric_interval,
    two_sided_p,
)
from blended_standard.compare._rating_steps import Step
from blended_standard.compare.rating import EvidenceRating, Rating
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Interval, Result, Row, result

Label = Literal[
    "positive",
    "potentially_positive",
    "uncertain",
    "mixed",
    "no_discernible",
    "potentially_negative",
    "negative",
    "no_evidence",
]

LEAST_LEARNERS = 350
LEAST_SITES = 2
_ALPHA = 0.05
_SUBSTANTIVE = 0.25
_SOURCE = "34 CFR 77.1; WWC and ESSA tiers of evidence"
_RATINGS = ("without_reservations", "with_reservations", "does_not_meet")
_NAMES = {1: "strong", 2: "moderate", 3: "promising", 4: "demonstrates a rationale"}


@result
class EssaTier(Result):
    """The tier (1 strong to 4 rationale, or None) and the steps that led to it."""

    title = "ESSA tier"

    tier: int | None
    label: str
    steps: tuple[Step, ...]

    def rows(self) -> list[Row]:
        """Return one row a step."""
        return [row for step in self.steps for row in step.rows()]

    def _summary(self) -> list[str]:
        return [f"{self.title}: {self.label}"]


def essa_tier(
    rating: EvidenceRating | Rating | None,
    *,
    value: float,
    p_value: float,
    n_learners: int,
    n_sites: int,
    overriding_negative: bool = False,
    statistical_controls: bool = False,
    logic_model: bool = False,
) -> EssaTier:
    """Return the ESSA tier that a finding supports.

    Parameters
    ----------
    rating : EvidenceRating or {"without_reservations", "with_reservations", "does_not_meet"} or None
        Rating of the study; None when it was not rated (a correlational study).
    value, p_value : float
        Effect, positive when favorable, and its two-sided p value after corrections for clusters and many findings.
    n_learners, n_sites : int
        Learners in the analytic samples of the finding, and districts or campuses (not classrooms).
    overriding_negative : bool
        Whether other eligible findings on the same program are significantly negative. Bars tiers 1 to 3.
    statistical_controls : bool
        Whether a study that does not meet WWC standards controls statistically for selection; needed for tier 3.
    logic_model : bool
        Whether a logic model built on research exists and its effect is being studied; enough for tier 4.

    Returns
    -------
    EssaTier
        With one step a requirement.

    Examples
    --------
    >>> essa_tier("without_reservations", value=0.2, p_value=0.03, n_learners=350, n_sites=2).tier
    1
    >>> essa_tier("without_reservations", value=0.2, p_value=0.03, n_learners=349, n_sites=2).tier
    3
    """
    code = rating.rating if isinstance(rating, EvidenceRating) else rating
    if code is not None:
        check.one_of("rating", code, _RATINGS)
    size, p = check.number("value", value), check.number("p_value", p_value, low=0.0, high=1.0)
    learners, sites = check.whole("n_learners", n_learners), check.whole("n_sites", n_sites)
    meets = code in ("without_reservations", "with_reservations")
    favorable = size > 0.0 and p < _ALPHA
    large = learners >= LEAST_LEARNERS and sites >= LEAST_SITES
    controlled = meets or statistical_controls
    steps = (
        _step("Is there a significant favorable effect?", favorable, f"effect {size:.3g}, p {p:.3g}", "tiers 1 to 3"),
        _step(
            "Is it free of overriding unfavorable evidence?",
            not overriding_negative,
            "no unfavorable evidence is known" if not overriding_negative else "significant unfavorable findings exist",
            "tiers 1 to 3",
        ),
        _step("Does the study meet WWC standards?", meets, (code or "not rated").replace("_", " "), "tiers 1 and 2"),
        _step(
            "Are there enough learners and sites?",
            large,
            f"{learners} learners (350 needed), {sites} sites (2 needed)",
            "tiers 1 and 2",
        ),
        _step("Is selection controlled, by design or statistically?", controlled, "", "tier 3"),
        _step("Is there a logic model with an effort to study the effect?", logic_model, "", "tier 4"),
    )
    if not (favorable and not overriding_negative and controlled):
        tier = 4 if logic_model else None
    elif meets and large:
        tier = 1 if code == "without_reservations" else 2
    else:
        tier = 3
    label = "No tier" if tier is None else f"Tier {tier}: {_NAMES[tier]}"
    return EssaTier(tier=tier, label=label, steps=steps)


@result
class StudyFinding(Result):
    """One finding of one study in a domain: a standardized effect, positive when favorable."""

    study: str
    value: float
    se: float
    rating: Rating
    n_learners: int
    n_sites: int = 1

    def __attrs_post_init__(self) -> None:
        check.number("value", self.value)
        check.positive("se", self.se)
        check.one_of("rating", self.rating, _RATINGS)
        check.whole("n_learners", self.n_learners)
        check.whole("n_sites", self.n_sites)


@result
class DomainConclusion(Result):
    """What the studies of a domain say together; `share_without_reservations` is a share of the weight."""

    title = "Conclusion for the domain"

    label: Label
    extent: Literal["medium_to_large", "small"] | None
    value: float | None
    se: float | None
    interval: Interval | None
    p_value: float | None
    n_studies: int
    n_learners: int
    n_sites: int
    share_without_reservations: float | None
    rule: Literal["4.1", "2.0"]
    reason: str | None = None


def domain_conclusion(findings: Sequence[StudyFinding], *, rule: Literal["4.1", "2.0"] = "4.1") -> DomainConclusion:
    """Draw the conclusion for one outcome domain from the findings of its studies.

    Parameters
    ----------
    findings : sequence of StudyFinding
        All findings of the domain. Studies that do not meet standards are left out. Findings of one study are averaged
        with equal weight, and their standard errors too (as if perfectly correlated, which never overstates precision);
        its learners and sites are those of its largest finding.
    rule : {"4.1", "2.0"}
        The fixed-effect mean of handbook 4.1, or the count of significant and substantively important studies of 2.0.

    Returns
    -------
    DomainConclusion
        `label` "no_evidence" with a reason when no study meets standards.

    Examples
    --------
    >>> studies = [
    ...     StudyFinding(study="A", value=0.2, se=0.08, rating="without_reservations", n_learners=600, n_sites=3),
    ...     StudyFinding(study="B", value=0.1, se=0.10, rating="with_reservations", n_learners=400, n_sites=1),
    ... ]
    >>> found = domain_conclusion(studies)
    >>> found.label, found.extent, round(found.value, 4)
    ('positive', 'medium_to_large', 0.161)
    """
    check.one_of("rule", rule, ("4.1", "2.0"))
    studies = _by_study([finding for finding in findings if finding.rating != "does_not_meet"])
    if not studies:
        return DomainConclusion(
            label="no_evidence", extent=None, value=None, se=None, interval=None, p_value=None, n_studies=0,
            n_learners=0, n_sites=0, share_without_reservations=None, rule=rule, reason="No study meets standards.",
        )  # fmt: skip
    weights = [1.0 / study.se**2 for study in studies]
    total = sum(weights)
    mean = sum(w * study.value for w, study in zip(weights, studies, strict=True)) / total
    se = total**-0.5
    strong = sum(w for w, study in zip(weights, studies, strict=True) if study.rating == "without_reservations") / total
    learners, sites = sum(study.n_learners for study in studies), sum(study.n_sites for study in studies)
    large = len(studies) >= 2 and sites >= LEAST_SITES and learners >= LEAST_LEARNERS
    p = two_sided_p(mean / se)
    return DomainConclusion(
        label=_label_by_mean(mean, p, strong) if rule == "4.1" else _label_by_count(studies),
        extent="medium_to_large" if large else "small",
        value=mean,
        se=se,
        interval=symmetric_interval(mean, se, level=0.95),
        p_value=p,
        n_studies=len(studies),
        n_learners=learners,
        n_sites=sites,
        share_without_reservations=strong,
        rule=rule,
    )


def _by_study(findings: Sequence[StudyFinding]) -> list[StudyFinding]:
    """Return one finding a study: the plain mean of its findings."""
    merged = []
    for name in dict.fromkeys(finding.study for finding in findings):
        own = [finding for finding in findings if finding.study == name]
        ratings = {finding.rating for finding in own}
        if len(ratings) > 1:
            raise UsageError(f"study {name!r} has findings with different ratings. Name its contrasts apart.")
        merged.append(
            StudyFinding(
                study=name,
                value=sum(finding.value for finding in own) / len(own),
                se=sum(finding.se for finding in own) / len(own),
                rating=own[0].rating,
                n_learners=max(finding.n_learners for finding in own),
                n_sites=max(finding.n_sites for finding in own),
            )
        )
    return merged


def _label_by_mean(mean: float, p: float, strong: float) -> Label:
    if p >= _ALPHA:
        return "uncertain"
    if mean > 0.0:
        return "positive" if strong > 0.5 else "potentially_positive"
    return "negative" if strong > 0.5 else "potentially_negative"


def _label_by_count(studies: Sequence[StudyFinding]) -> Label:
    """Apply the rule of handbook 2.0, in which effects of 0.25 count even when not significant."""
    up = [study for study in studies if study.value > 0.0 and _notable(study)]
    down = [study for study in studies if study.value < 0.0 and _notable(study)]
    neither = len(studies) - len(up) - len(down)
    sides: tuple[tuple[list[StudyFinding], list[StudyFinding], Label, Label], ...] = (
        (up, down, "positive", "potentially_positive"),
        (down, up, "negative", "potentially_negative"),
    )
    for side, other, full, potential in sides:
        if side and not other:
            firm = [study for study in side if _significant(study)]
            strong = any(study.rating == "without_reservations" for study in firm)
            if len(firm) >= 2 and strong:
                return full
            return potential if neither <= len(side) else "mixed"
    return "mixed" if up else "no_discernible"


def _significant(study: StudyFinding) -> bool:
    return two_sided_p(study.value / study.se) < _ALPHA


def _notable(study: StudyFinding) -> bool:
    return _significant(study) or abs(study.value) >= _SUBSTANTIVE


def _step(question: str, passed: bool, finding: str, needed_for: str) -> Step:
    return Step(
        question=question,
        finding=finding or ("yes" if passed else "no"),
        consequence=f"Met (needed for {needed_for})." if passed else f"Not met: rules out {needed_for}.",
        source=_SOURCE,
        passed=passed,
    )
