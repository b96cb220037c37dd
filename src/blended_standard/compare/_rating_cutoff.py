"""The questions that a regression discontinuity design has to answer (WWC Standards Handbook 4.1, section III)."""

from __future__ import annotations

from typing import Literal

from blended_standard.compare._rating_steps import FIRST_STAGE_F, Step, lost_learners_step
from blended_standard.compare.design import Cutoff, Study

_SOURCE = "WWC Standards Handbook 4.1, section III"
_DENSITY_ALPHA = 0.05
_FULL, _PARTIAL, _NONE = 2, 1, 0
_Rating = Literal["without_reservations", "with_reservations", "does_not_meet"]


def cutoff_steps(study: Study) -> tuple[list[Step], _Rating, Literal["learners", "clusters"] | None]:
    """Judge each standard as fully, partly or not met; the worst decides."""
    cutoff = study.cutoff or Cutoff()
    judged = [_integrity(cutoff), _attrition(study), _continuity(study, cutoff), _form(cutoff)]
    if cutoff.fuzzy:
        judged.append(_fuzzy(cutoff))
    worst = min(level for _, level in judged)
    steps = [step for step, _ in judged]
    if worst == _NONE:
        return steps, "does_not_meet", None
    return steps, "without_reservations" if worst == _FULL else "with_reservations", "learners"


def _integrity(cutoff: Cutoff) -> tuple[Step, int]:
    smooth = None if cutoff.density_p_value is None else cutoff.density_p_value >= _DENSITY_ALPHA
    return _two_parts(
        "Could nobody choose their side of the cutoff?",
        ("manipulation is unlikely by the way scores were given", cutoff.manipulation_unlikely),
        ("the density of scores does not jump at the cutoff", smooth),
    )


def _attrition(study: Study) -> tuple[Step, int]:
    step = lost_learners_step(study)
    if step.passed:
        return step, _FULL
    return step, _PARTIAL if study.baseline is not None and study.baseline.satisfied else _NONE


def _continuity(study: Study, cutoff: Cutoff) -> tuple[Step, int]:
    alike = None if study.baseline is None else study.baseline.satisfied
    return _two_parts(
        "Would the outcome run on smoothly through the cutoff without the program?",
        ("baseline measures are alike at the cutoff", alike),
        ("the outcome shows no other jumps", cutoff.continuity_shown),
    )


def _form(cutoff: Cutoff) -> tuple[Step, int]:
    return _two_parts(
        "Do the shape of the curve and the bandwidth hold up?",
        ("the bandwidth is justified", cutoff.bandwidth_justified),
        ("each side has its own slope", cutoff.both_slopes),
    )


def _fuzzy(cutoff: Cutoff) -> tuple[Step, int]:
    strong = None if cutoff.first_stage_f is None else cutoff.first_stage_f >= FIRST_STAGE_F
    assumptions = (cutoff.exclusion_holds, cutoff.monotonicity_holds)
    both = False if False in assumptions else (None if None in assumptions else True)
    step, level = _two_parts(
        "Does the cutoff change participation, and only through it the outcome?",
        (f"first-stage F is at least {FIRST_STAGE_F:g}", strong),
        ("exclusion and monotonicity hold", both),
    )
    return step, level if strong else _NONE


def _two_parts(question: str, first: tuple[str, bool | None], second: tuple[str, bool | None]) -> tuple[Step, int]:
    """Return the step of a standard with two parts: full with both, partial with one and the other not reported."""
    shown = [first[1], second[1]]
    level = _NONE if False in shown or True not in shown else (_FULL if all(shown) else _PARTIAL)
    words = {True: "yes", False: "no", None: "not reported"}
    consequence = {
        _FULL: "Fully met.",
        _PARTIAL: "Partly met: with reservations at most.",
        _NONE: "Not met: the study does not meet standards.",
    }[level]
    finding = "; ".join(f"{text}: {words[value]}" for text, value in (first, second))
    return Step(
        question=question, finding=finding, consequence=consequence, source=_SOURCE, passed=level != _NONE
    ), level
