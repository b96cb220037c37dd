"""The single questions of an evidence rating; each gives a finding and what follows from it."""

from __future__ import annotations

from blended_standard.compare.attrition import Attrition, attrition
from blended_standard.compare.baseline import BaselineEquivalence
from blended_standard.compare.design import Outcome, Study
from blended_standard.results import Result, result

SOURCE = "WWC Standards Handbook 4.1, section II"
FIRST_STAGE_F = 16.0

_LEAST_RELIABILITY = {"internal_consistency": 0.50, "test_retest": 0.40, "inter_rater": 0.50}
_NOT_SAID = "The report does not say."
_TAKEN = "Taken as met; check it, because the rating hangs on it."
_INELIGIBLE = "The finding is not eligible."


@result
class Step(Result):
    """One step of the reasoning. `passed` is None where the report does not say and the step was taken as met."""

    question: str
    finding: str
    consequence: str
    source: str
    passed: bool | None


def outcome_steps(study: Study) -> list[Step]:
    """Ask whether the outcome is eligible: valid, reliable, not over-aligned, collected alike."""
    outcome = study.outcome or Outcome(name="outcome")
    reliable, finding = _reliability(outcome)
    return [
        _outcome("Does the outcome measure what it names?", outcome.face_valid, "yes", "no"),
        _outcome("Is the outcome reliable enough?", reliable, finding, finding),
        _outcome(
            "Is the outcome free of material that only the program taught?",
            None if outcome.over_aligned is None else not outcome.over_aligned,
            "yes",
            "no: it is over-aligned with the program",
        ),
        _outcome("Was the outcome collected alike in both groups?", outcome.collected_alike, "yes", "no"),
    ]


def confounds_step(study: Study) -> Step:
    """Ask whether anything else goes wholly with one condition."""
    single = [
        f"one unit delivered the {name} condition"
        for name, arm in (("treated", study.treated), ("comparison", study.comparison))
        if arm.units == 1
    ]
    clusters = [
        f"one cluster is in the {name} group"
        for name, arm in (("treated", study.treated), ("comparison", study.comparison))
        if arm.clusters_analyzed == 1 and arm.units != 1
    ]
    found = [*single, *clusters, *study.confounds]
    unknown = any(arm.units is None and arm.clusters_analyzed is None for arm in (study.treated, study.comparison))
    question = "Is the program the only thing that sets the groups apart?"
    if found:
        return Step(
            question=question,
            finding=f"no: {'; '.join(found)}",
            consequence="A confound: the study does not meet standards.",
            source=SOURCE,
            passed=False,
        )
    if unknown:
        return Step(question=question, finding=_NOT_SAID, consequence=_TAKEN, source=SOURCE, passed=None)
    return Step(question=question, finding="yes", consequence="No confound is known.", source=SOURCE, passed=True)


def compliers_step(study: Study) -> list[Step]:
    """Ask, for an effect on compliers, whether the assignment moved participation strongly enough."""
    f = study.complier_first_stage_f
    if f is None:
        return []
    passed = f >= FIRST_STAGE_F
    return [
        Step(
            question="Does assignment change participation strongly enough to estimate the effect on compliers?",
            finding=f"first-stage F is {f:g}; {FIRST_STAGE_F:g} is needed",
            consequence="The effect on compliers is eligible." if passed else _INELIGIBLE,
            source="WWC Standards Handbook 4.1, section II.D",
            passed=passed,
        )
    ]


def assignment_step(study: Study) -> Step:
    """Ask whether random assignment stayed intact."""
    broken = study.compromised
    if broken is None and study.blocks > 1 and study.block_shares_differ and not study.analysis_uses_blocks:
        broken = "blocks differ in the share assigned to treatment, and the analysis does not account for it"
    return Step(
        question="Was random assignment kept intact?",
        finding="yes" if broken is None else f"no: {broken}",
        consequence="Attrition decides." if broken is None else "Judged as a study with high attrition.",
        source=SOURCE,
        passed=broken is None,
    )


def lost_learners_step(study: Study) -> Step:
    """Ask whether few of the learners assigned are missing."""
    return _attrition_step(
        "Is attrition of learners low?",
        (study.treated.n_assigned, study.treated.n_analyzed, study.comparison.n_assigned, study.comparison.n_analyzed),
        study,
        unit="learners",
    )


def lost_clusters_step(study: Study) -> Step:
    """Ask whether few of the clusters assigned are missing."""
    return _attrition_step(
        "Is attrition of clusters low?",
        (
            study.treated.clusters_assigned,
            study.treated.clusters_analyzed,
            study.comparison.clusters_assigned,
            study.comparison.clusters_analyzed,
        ),
        study,
        unit="clusters",
    )


def joiners_step(study: Study) -> Step:
    """Ask whether the analysis is free of learners who entered after assignment was known."""
    counts = study.treated.n_joined, study.comparison.n_joined
    if None in counts:
        finding, passed = f"{_NOT_SAID} Counted as a risk.", False
    else:
        passed = not any(counts)
        finding = "yes" if passed else f"no: {counts[0]} in the treated and {counts[1]} in the comparison clusters"
    return Step(
        question="Did nobody in the analysis join a cluster after it was known who got what?",
        finding=finding,
        consequence="No risk from joiners." if passed else "Baseline equivalence of the analyzed learners decides.",
        source=SOURCE,
        passed=passed,
    )


def nonresponse_step(study: Study) -> Step:
    """Ask whether few learners of the remaining clusters are missing."""
    arms = study.treated, study.comparison
    kept = [arm.n_analyzed - (arm.n_joined or 0) for arm in arms]
    return _attrition_step(
        "Is attrition of learners inside the remaining clusters low?",
        (arms[0].n_reference, kept[0], arms[1].n_reference, kept[1]),
        study,
        unit="learners",
    )


def baseline_step(study: Study) -> Step:
    """Ask whether the analyzed learners were alike at baseline."""
    passed, finding = _equivalence(study.baseline)
    if passed:
        consequence = "With reservations at most: what was not measured may still differ."
    elif study.unit == "cluster":
        consequence = "No statement about learners; clusters may still be compared."
    else:
        consequence = "The study does not meet standards."
    return Step(
        question="Were the analyzed learners alike at baseline?",
        finding=finding,
        consequence=consequence,
        source="WWC Standards Handbook 4.1, section II.A.3",
        passed=passed,
    )


def cluster_level_step(study: Study) -> Step:
    """Ask whether clusters, rather than learners, can be compared."""
    alike, finding = _equivalence(study.cluster_baseline)
    stands = {True: "yes", False: "no", None: "not reported"}[study.clusters_representative]
    passed = alike and study.clusters_representative is True
    return Step(
        question="Were the clusters alike at baseline, and do the analyzed learners stand for them?",
        finding=f"clusters: {finding}; representative: {stands}",
        consequence="An effect on clusters may be claimed." if passed else "The study does not meet standards.",
        source=SOURCE,
        passed=passed,
    )


def _outcome(question: str, passed: bool | None, yes: str, no: str) -> Step:
    finding = _NOT_SAID if passed is None else (yes if passed else no)
    consequence = {True: "Eligible on this point.", False: _INELIGIBLE, None: _TAKEN}[passed]
    return Step(question=question, finding=finding, consequence=consequence, source=SOURCE, passed=passed)


def _reliability(outcome: Outcome) -> tuple[bool | None, str]:
    if outcome.reliability_kind == "administrative_record":
        return True, "it is an administrative record"
    if outcome.reliability is None or outcome.reliability_kind is None:
        return None, ""
    least = _LEAST_RELIABILITY[outcome.reliability_kind]
    kind = outcome.reliability_kind.replace("_", " ")
    return outcome.reliability >= least, f"{kind} is {outcome.reliability:.2f}; {least:.2f} is needed"


def _attrition_step(
    question: str, counts: tuple[int | None, int | None, int | None, int | None], study: Study, *, unit: str
) -> Step:
    one, kept_one, two, kept_two = counts
    source = "WWC Standards Handbook 4.1, Table II.1"
    if one is None or kept_one is None or two is None or kept_two is None or min(one, two) == 0:
        return Step(
            question=question,
            finding=f"{_NOT_SAID} Counted as high.",
            consequence="Baseline equivalence decides.",
            source=source,
            passed=False,
        )
    found = attrition(
        assigned_treated=one,
        analyzed_treated=min(kept_one, one),
        assigned_comparison=two,
        analyzed_comparison=min(kept_two, two),
        boundary=study.boundary,
        unit="clusters" if unit == "clusters" else "learners",
    )
    low = found.level == "low"
    return Step(
        question=question,
        finding=_attrition_words(found),
        consequence="The groups are still as random assignment made them." if low else "Baseline equivalence decides.",
        source=source,
        passed=low,
    )


def _attrition_words(found: Attrition) -> str:
    limit = found.highest_low_differential
    most = "none is low here" if limit is None else f"{100 * limit:.1f} is still low"
    return (
        f"{'yes' if found.level == 'low' else 'no'}: {100 * found.overall:.1f} percent overall, "
        f"{100 * found.differential:.1f} points between the groups ({most}, {found.boundary} boundary)"
    )


def _equivalence(baseline: BaselineEquivalence | None) -> tuple[bool, str]:
    if baseline is None or not baseline.measures:
        return False, f"{_NOT_SAID} Counted as not shown."
    if baseline.satisfied:
        return True, f"yes: the largest difference is {baseline.largest:.3f} standard deviations"
    bad = [measure for measure in baseline.measures if not measure.satisfied]
    parts = []
    for measure in bad:
        if measure.effect_size is None:
            parts.append(f"{measure.name} could not be compared")
        elif measure.category == "not_satisfied":
            parts.append(f"{measure.name} differs by {abs(measure.effect_size):.3f}, more than 0.25")
        else:
            parts.append(f"{measure.name} differs by {abs(measure.effect_size):.3f} and is not adjusted for")
    return False, f"no: {'; '.join(parts)}"
