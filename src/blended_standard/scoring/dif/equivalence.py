"""Does a scale measure the same thing in every program? The check that comes before any comparison of its scores.

Each program is compared with the reference by Mantel-Haenszel DIF with purification; item effects add up to the effect
on the scale score (differential test functioning, as in the sum of standardized P-differences of Dorans & Kulick 1986).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, result
from blended_standard.scoring.dif.mantel_haenszel import MantelHaenszelDif, mantel_haenszel
from blended_standard.scoring.dif.matching import absent, item_names


@result
class ProgramEquivalence(Result):
    """One program against the reference.

    `score_effect` is the part of the difference in mean total score that comes from items working differently, in score
    points (program minus reference); `score_effect_sd` the same in standard deviations of the total score over both.
    `mean_difference_sd` is the whole difference in means, `mean_difference_sd_without` that on the items that do not
    drift.
    """

    title = "Equivalence of one program"
    program: str
    verdict: str
    reasons: tuple[str, ...]
    n: int
    drifting_items: tuple[str, ...] = ()
    large_items: tuple[str, ...] = ()
    score_effect: float | None = None
    score_effect_sd: float | None = None
    mean_difference_sd: float | None = None
    mean_difference_sd_without: float | None = None
    dif: MantelHaenszelDif | None = None


@result
class MeasurementEquivalence(Result):
    """Verdict on a scale over programs: equivalent, partly equivalent, not equivalent, or undetermined.

    `common_items` drift nowhere: scores on them compare where the verdict is "partly equivalent".
    """

    title = "Measurement equivalence"
    verdict: str
    reasons: tuple[str, ...]
    reference: str
    n_reference: int
    programs: tuple[ProgramEquivalence, ...]
    drifting_items: tuple[str, ...]
    common_items: tuple[str, ...]
    alpha: float
    minimum_n: int
    score_limit: float
    maximum_share: float

    @property
    def comparable(self) -> bool:
        """Whether total scores may be compared as they are."""
        return self.verdict == "equivalent"

    def rows(self) -> list[Row]:
        """Return one row a program."""
        return [
            {
                "program": made.program,
                "n": made.n,
                "verdict": made.verdict,
                "drifting_items": ", ".join(made.drifting_items),
                "score_effect": made.score_effect,
                "score_effect_sd": made.score_effect_sd,
                "mean_difference_sd": made.mean_difference_sd,
                "mean_difference_sd_without": made.mean_difference_sd_without,
                "reasons": "; ".join(made.reasons),
            }
            for made in self.programs
        ]


def measurement_equivalence(
    responses: npt.ArrayLike,
    program: npt.ArrayLike,
    *,
    reference: object = None,
    item_ids: Sequence[str] | None = None,
    alpha: float = 0.05,
    minimum_n: int = 100,
    score_limit: float = 0.1,
    maximum_share: float = 0.25,
    maximum_cycles: int = 20,
) -> MeasurementEquivalence:
    """Check that a scale works alike in several programs before their scores are compared.

    Parameters
    ----------
    responses : float array, shape (n, J)
        0, 1 or NaN. Learners with a missing response are left out and counted.
    program : array, shape (n,)
        The program of each learner; two or more.
    reference : label, optional
        The program that the others are held against. Default: the largest.
    item_ids : sequence of str, optional
        Names of the items. Default "1", "2", ...
    alpha : float
        Level of the item tests, Benjamini-Hochberg adjusted over the items of a program.
    minimum_n : int
        Fewer complete learners than this in a program or in the reference: undetermined.
    score_limit : float
        Largest effect on the total score, in standard deviations, that passes as no effect.
    maximum_share : float
        Largest share of drifting items with which the rest of the scale is still of use.
    maximum_cycles : int
        Cap on purification of the matching score.

    Returns
    -------
    MeasurementEquivalence
        An item drifts when its ETS class is B or C and its adjusted p-value is below `alpha`.
        Equivalent: no class C item, and the effect on the score within `score_limit`. Partly equivalent: not that, but
        no more than `maximum_share` of the items drift, so that the items in common compare. Not equivalent: more do.
        Undetermined: too few learners or items to tell.

    Raises
    ------
    UsageError
        Values other than 0, 1 and missing; fewer than two programs; a limit out of range.

    Notes
    -----
    The effect on the score is the sum of the P-differences over the items, matched on the score without flagged items.
    A shift that all items share cannot be told from a difference in ability by any method that matches within the
    scale; only linking through outside anchors shows it (`scoring.link`).

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> ability, program = rng.normal(size=1200), np.repeat(["north", "south"], 600)
    >>> hard = np.outer(program == "south", [2.0] + [0.0] * 11)
    >>> right = rng.random((1200, 12)) < 1 / (1 + np.exp(-1.2 * ability[:, None] + hard))
    >>> found = measurement_equivalence(right, program, reference="north")
    >>> found.verdict, found.drifting_items
    ('partly equivalent', ('1',))
    """
    _check_limits(alpha, minimum_n, score_limit, maximum_share)
    labels = np.asarray(program)
    answers = np.asarray(responses, dtype=float)
    if answers.ndim != 2 or labels.shape != (len(answers),):
        raise UsageError(
            f"responses has shape {answers.shape} and program {labels.shape}; accepted are (n, J) and (n,)."
        )
    names = item_names(answers.shape[1], item_ids)
    complete = ~np.isnan(answers).any(axis=1) & ~absent(labels)
    base, others = _programs(labels[~absent(labels)].tolist(), labels[complete].tolist(), reference)
    made = []
    for label in others:
        members = complete & ((labels == base) | (labels == label))
        focal = labels[members] == label
        try:
            if min(int(focal.sum()), int((~focal).sum())) < minimum_n:
                raise NotEstimableError(
                    f"{int(focal.sum())} learners against {int((~focal).sum())} in the reference; at least {minimum_n} "
                    "in each are needed to tell"
                )
            made.append(
                _one(
                    answers[members],
                    focal,
                    names,
                    str(label),
                    (alpha, score_limit, maximum_share, maximum_cycles),
                )
            )
        except NotEstimableError as problem:
            made.append(
                ProgramEquivalence(
                    program=str(label), verdict="undetermined", reasons=(str(problem),), n=int(focal.sum())
                )
            )
    drifting = tuple(name for name in names if any(name in one.drifting_items for one in made))
    verdict, reasons = _overall(made, len(drifting), len(names), maximum_share)
    return MeasurementEquivalence(
        verdict=verdict,
        reasons=reasons,
        reference=str(base),
        n_reference=int((complete & (labels == base)).sum()),
        programs=tuple(made),
        drifting_items=drifting,
        common_items=tuple(name for name in names if name not in drifting),
        alpha=alpha,
        minimum_n=minimum_n,
        score_limit=score_limit,
        maximum_share=maximum_share,
    )


def _one(
    answers: Floats,
    focal: npt.NDArray[np.bool_],
    names: tuple[str, ...],
    label: str,
    limits: tuple[float, float, float, int],
) -> ProgramEquivalence:
    alpha, score_limit, maximum_share, maximum_cycles = limits
    dif = mantel_haenszel(
        answers,
        focal.astype(int),
        item_ids=names,
        purify=True,
        flag_by="ets_class",
        alpha=alpha,
        maximum_cycles=maximum_cycles,
    )
    judged = [item for item in dif.items if item.ets_class is not None]
    if len(judged) < 3:
        raise NotEstimableError(f"only {len(judged)} items can be compared; at least 3 are needed")
    drifting = tuple(
        item.item
        for item in judged
        if item.ets_class != "A" and item.adjusted_p_value is not None and item.adjusted_p_value < alpha
    )
    large = tuple(item.item for item in judged if item.item in drifting and item.ets_class == "C")
    effect = float(sum(item.p_difference or 0.0 for item in judged))
    kept = np.array([name not in drifting for name in names])
    total = answers.sum(axis=1)
    sd = float(total.std(ddof=1))
    if sd == 0:
        raise NotEstimableError("the total score has no variance")
    reasons = _reasons(drifting, large, effect / sd, score_limit)
    if not large and abs(effect / sd) <= score_limit:
        verdict = "equivalent"
    elif len(drifting) <= maximum_share * len(names) and drifting:
        verdict = "partly equivalent"
    else:
        verdict = "not equivalent"
    if not dif.stable:
        reasons = (*reasons, f"purification did not settle in {dif.cycles} cycles")
    unjudged = [item.item for item in dif.items if item.ets_class is None]
    if unjudged:
        reasons = (*reasons, f"cannot be compared: {', '.join(unjudged)}")
    return ProgramEquivalence(
        program=label,
        verdict=verdict,
        reasons=reasons,
        n=int(focal.sum()),
        drifting_items=drifting,
        large_items=large,
        score_effect=effect,
        score_effect_sd=effect / sd,
        mean_difference_sd=_standardized(total, focal),
        mean_difference_sd_without=_standardized(answers[:, kept].sum(axis=1), focal),
        dif=dif,
    )


def _reasons(drifting: Sequence[str], large: Sequence[str], effect: float, limit: float) -> tuple[str, ...]:
    first = f"{len(drifting)} items drift ({', '.join(drifting)})" if drifting else "no item drifts"
    if large:
        first += f", {len(large)} of them by a large amount (class C: {', '.join(large)})"
    side = "within" if abs(effect) <= limit else "beyond"
    return (first, f"effect on the total score {effect:+.3f} standard deviations, {side} the limit of {limit:g}")


def _overall(
    made: Sequence[ProgramEquivalence], drifting: int, items: int, maximum_share: float
) -> tuple[str, tuple[str, ...]]:
    order = ("not equivalent", "undetermined", "partly equivalent", "equivalent")
    verdict = next(name for name in order if any(one.verdict == name for one in made))
    reasons = tuple(f"{one.program}: {one.verdict}; {'; '.join(one.reasons)}" for one in made)
    if verdict == "partly equivalent" and drifting > maximum_share * items:
        over = f"over all programs {drifting} of {items} items drift, more than {maximum_share:.0%}"
        return "not equivalent", (over, *reasons)
    return verdict, reasons


def _standardized(score: Floats, focal: npt.NDArray[np.bool_]) -> float | None:
    sd = float(score.std(ddof=1))
    return None if sd == 0 else float((score[focal].mean() - score[~focal].mean()) / sd)


def _programs(labels: list[object], complete: list[object], reference: object) -> tuple[object, list[object]]:
    present = sorted(set(labels), key=str)
    if len(present) < 2:
        raise UsageError(f"program holds {len(present)} program(s); at least two are needed for a comparison.")
    if reference is not None and reference not in present:
        shown = ", ".join(repr(label) for label in present[:5])
        raise UsageError(f"reference={reference!r} is not a program; there are {shown}.")
    base = max(present, key=complete.count) if reference is None else reference
    return base, [label for label in present if label != base]


def _check_limits(alpha: float, minimum_n: int, score_limit: float, maximum_share: float) -> None:
    check.share("alpha", alpha)
    if minimum_n < 2:
        raise UsageError(f"minimum_n={minimum_n!r} must be at least 2.")
    if not score_limit > 0:
        raise UsageError(f"score_limit={score_limit!r} must be above 0.")
    check.share("maximum_share", maximum_share)
