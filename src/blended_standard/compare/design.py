"""How a study was done, as data: arms, assignment, outcome, cutoff. The rating reads nothing else."""

from __future__ import annotations

from typing import Literal

from blended_standard.compare.attrition import Boundary
from blended_standard.compare.baseline import BaselineEquivalence
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Result, result

Assignment = Literal["random", "quasi_experimental", "regression_discontinuity"]
ReliabilityKind = Literal["internal_consistency", "test_retest", "inter_rater", "administrative_record"]

_COUNTS = ("n_assigned", "n_reference", "n_joined", "clusters_assigned", "clusters_analyzed", "units")


@result
class Arm(Result):
    """One condition of a study. A number that the report does not give stays None, and never counts in its favor.

    Attributes
    ----------
    n_analyzed, n_assigned : int
        Learners in the analysis, and at assignment (random assignment of learners).
    clusters_assigned, clusters_analyzed : int
        The same for clusters. Leave out clusters lost for a reason that cannot depend on the assignment.
    n_reference : int
        Learners of the analyzed clusters at assignment: those whose answers are missing count as lost.
    n_joined : int
        Learners of the analysis who entered their cluster after it was known who got what.
    units : int
        Teachers, sites or programs that delivered the condition; 1 is a confound.
    """

    n_analyzed: int
    n_assigned: int | None = None
    clusters_assigned: int | None = None
    clusters_analyzed: int | None = None
    n_reference: int | None = None
    n_joined: int | None = None
    units: int | None = None

    def __attrs_post_init__(self) -> None:
        check.whole("n_analyzed", self.n_analyzed)
        for name in _COUNTS:
            if getattr(self, name) is not None:
                check.whole(name, getattr(self, name))
        _not_more("n_joined", self.n_joined, "n_analyzed", self.n_analyzed)
        _not_more("clusters_analyzed", self.clusters_analyzed, "clusters_assigned", self.clusters_assigned)


@result
class Outcome(Result):
    """An outcome measure, as far as it decides whether a finding is eligible. None: the report does not say."""

    name: str
    face_valid: bool | None = None
    reliability: float | None = None
    reliability_kind: ReliabilityKind | None = None
    over_aligned: bool | None = None
    collected_alike: bool | None = None

    def __attrs_post_init__(self) -> None:
        if self.reliability is not None:
            check.number("reliability", self.reliability, low=-1.0, high=1.0)
            if self.reliability_kind is None:
                raise UsageError(f"reliability={self.reliability!r} needs reliability_kind: the minimum depends on it.")


@result
class Cutoff(Result):
    """What a regression discontinuity design shows about its cutoff. None: the report does not say."""

    manipulation_unlikely: bool | None = None
    density_p_value: float | None = None
    continuity_shown: bool | None = None
    bandwidth_justified: bool | None = None
    both_slopes: bool | None = None
    fuzzy: bool = False
    first_stage_f: float | None = None
    exclusion_holds: bool | None = None
    monotonicity_holds: bool | None = None


@result
class Study(Result):
    """One contrast of a study, with one outcome.

    Attributes
    ----------
    assignment : {"random", "quasi_experimental", "regression_discontinuity"}
        How learners or clusters came into their condition.
    unit : {"learner", "cluster"}
        What was assigned.
    boundary : {"cautious", "optimistic"}
        Attrition boundary of the protocol.
    compromised : str, optional
        How random assignment was broken (learners moved after it, crossovers dropped); None when it was not.
    blocks : int
        Randomization blocks; 1 without blocking.
    block_shares_differ, analysis_uses_blocks : bool
        Whether the share assigned to treatment differs between blocks, and whether the analysis accounts for it.
    confounds : tuple of str
        Anything that goes wholly with one condition: an instrument, a time, a second program.
    baseline, cluster_baseline : BaselineEquivalence, optional
        Of the analyzed learners, and of the analyzed clusters.
    clusters_representative : bool, optional
        Whether the learners analyzed stand for all of their clusters.
    complier_first_stage_f : float, optional
        F of the first stage, when the effect is that on compliers.
    """

    name: str
    assignment: Assignment
    treated: Arm
    comparison: Arm
    unit: Literal["learner", "cluster"] = "learner"
    boundary: Boundary = "cautious"
    outcome: Outcome | None = None
    baseline: BaselineEquivalence | None = None
    cluster_baseline: BaselineEquivalence | None = None
    clusters_representative: bool | None = None
    compromised: str | None = None
    blocks: int = 1
    block_shares_differ: bool = False
    analysis_uses_blocks: bool = True
    confounds: tuple[str, ...] = ()
    cutoff: Cutoff | None = None
    complier_first_stage_f: float | None = None

    def __attrs_post_init__(self) -> None:
        accepted = ("random", "quasi_experimental", "regression_discontinuity")
        check.one_of("assignment", self.assignment, accepted)
        check.one_of("unit", self.unit, ("learner", "cluster"))
        check.one_of("boundary", self.boundary, ("cautious", "optimistic"))
        check.whole("blocks", self.blocks, minimum=1)
        given: object = self.confounds
        if isinstance(given, str):
            raise UsageError(f"confounds={given!r} is one text. Pass a tuple of texts.")
        for name, arm in (("treated", self.treated), ("comparison", self.comparison)):
            if self.unit == "learner" and self.assignment == "random":
                _not_more(f"{name}.n_analyzed", arm.n_analyzed, f"{name}.n_assigned", arm.n_assigned)


def _not_more(name: str, value: int | None, limit_name: str, limit: int | None) -> None:
    if value is not None and limit is not None and value > limit:
        raise UsageError(f"{name}={value} is more than {limit_name}={limit}.")
