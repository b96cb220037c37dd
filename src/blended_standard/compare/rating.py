"""Evidence rating of a study, with every step of the reasoning as data.

Source: What Works Clearinghouse (WWC) Standards Handbook 4.1, section II.
"""

from __future__ import annotations

from typing import Literal

from blended_standard.compare._rating_cutoff import cutoff_steps
from blended_standard.compare._rating_steps import (
    SOURCE,
    Step,
    assignment_step,
    baseline_step,
    cluster_level_step,
    compliers_step,
    confounds_step,
    joiners_step,
    lost_clusters_step,
    lost_learners_step,
    nonresponse_step,
    outcome_steps,
)
from blended_standard.compare.design import Study
from blended_standard.results import Result, Row, result

Rating = Literal["without_reservations", "with_reservations", "does_not_meet"]

_LABELS = {
    "without_reservations": "Meets WWC standards without reservations",
    "with_reservations": "Meets WWC standards with reservations",
    "does_not_meet": "Does not meet WWC standards",
}


@result
class EvidenceRating(Result):
    """The rating of one study and how it came about.

    `inference` says about whom an effect may be claimed: learners, or clusters only. `causal_language` is True where
    the rating lets a report say that the program changed the outcome. `open_questions` lists what the report did not
    say and what was taken as met: the rating holds only if it is.
    """

    title = "Evidence rating"

    study: str
    rating: Rating
    label: str
    inference: Literal["learners", "clusters"] | None
    causal_language: bool
    steps: tuple[Step, ...]
    open_questions: tuple[str, ...]

    def rows(self) -> list[Row]:
        """Return one row a step."""
        return [row for step in self.steps for row in step.rows()]

    def _summary(self) -> list[str]:
        return [f"{self.title} of {self.study}: {self.label}"]


def evidence_rating(study: Study) -> EvidenceRating:
    """Rate a study by the group design (or regression discontinuity) standards of WWC 4.1.

    Parameters
    ----------
    study : Study
        How the study was done. What is None was not reported: attrition that is not reported counts as high, a
        baseline that is not reported as not equivalent, and an outcome that is not described is taken as eligible but
        listed in `open_questions`.

    Returns
    -------
    EvidenceRating
        Rating, the steps in order, and the open questions.

    Examples
    --------
    >>> from blended_standard.compare import Arm, Study
    >>> trial = Study(
    ...     name="Mentoring trial",
    ...     assignment="random",
    ...     treated=Arm(n_assigned=200, n_analyzed=188, units=6),
    ...     comparison=Arm(n_assigned=200, n_analyzed=184, units=6),
    ... )
    >>> found = evidence_rating(trial)
    >>> found.label, len(found.steps)
    ('Meets WWC standards without reservations', 8)
    """
    steps = [*outcome_steps(study), confounds_step(study), *compliers_step(study)]
    rating: Rating = "does_not_meet"
    inference: Literal["learners", "clusters"] | None = None
    if all(step.passed is not False for step in steps):
        branch = {"random": _random, "quasi_experimental": _quasi}.get(study.assignment, cutoff_steps)
        more, rating, inference = branch(study)
        steps.extend(more)
    steps.append(
        Step(
            question="What follows for the study?",
            finding=_LABELS[rating],
            consequence=_claim(rating, inference),
            source=SOURCE,
            passed=rating != "does_not_meet",
        )
    )
    return EvidenceRating(
        study=study.name,
        rating=rating,
        label=_LABELS[rating],
        inference=inference,
        causal_language=rating != "does_not_meet",
        steps=tuple(steps),
        open_questions=tuple(step.question for step in steps if step.passed is None),
    )


_Verdict = tuple[list[Step], Rating, Literal["learners", "clusters"] | None]


def _random(study: Study) -> _Verdict:
    steps = [assignment_step(study)]
    if steps[0].passed:
        if study.unit == "learner":
            steps.append(lost_learners_step(study))
        else:
            steps.append(lost_clusters_step(study))
            if steps[-1].passed:
                steps.append(joiners_step(study))
            if steps[-1].passed:
                steps.append(nonresponse_step(study))
    if all(step.passed for step in steps):
        return steps, "without_reservations", "learners"
    more, rating, inference = _quasi(study)
    return [*steps, *more], rating, inference


def _quasi(study: Study) -> _Verdict:
    steps = [baseline_step(study)]
    if steps[0].passed:
        return steps, "with_reservations", "learners"
    if study.unit == "learner":
        return steps, "does_not_meet", None
    steps.append(cluster_level_step(study))
    if steps[-1].passed:
        return steps, "with_reservations", "clusters"
    return steps, "does_not_meet", None


def _claim(rating: Rating, inference: str | None) -> str:
    if rating == "does_not_meet":
        return "The difference must not be put down to the program."
    who = "learners" if inference == "learners" else "clusters, not about single learners"
    return f"A difference may be put down to the program, in a statement about {who}."
