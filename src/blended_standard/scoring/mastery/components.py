"""Mastery of a competency made of several components: all of them, a weighted sum, or k of J."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Row, array, result


@result
class ComponentMastery(Estimate):
    """A decision over components with its probability.

    `value` is the smallest margin over the cuts (conjunctive), the weighted sum (compensatory), or the number of
    components met (k of J); `probability` is that of the rule holding for the true scores, None without standard
    errors.
    """

    mastered: bool | None
    probability: float | None
    required: float
    n_met: int | None = None
    scores: npt.NDArray[np.float64] = array()
    cuts: npt.NDArray[np.float64] | None = array(default=None)
    component_probabilities: npt.NDArray[np.float64] | None = array(default=None)

    def rows(self) -> list[Row]:
        """One row a component."""
        cuts, chances = self.cuts, self.component_probabilities
        return [
            {
                "component": j + 1,
                "score": None if math.isnan(score) else float(score),
                "cut": None if cuts is None else float(cuts[j]),
                "met": None if cuts is None or math.isnan(score) else bool(score >= cuts[j]),
                "probability": None if chances is None or math.isnan(chances[j]) else float(chances[j]),
            }
            for j, score in enumerate(self.scores)
        ]


def conjunctive(
    scores: npt.ArrayLike, cuts: npt.ArrayLike, *, standard_errors: npt.ArrayLike | None = None
) -> ComponentMastery:
    """Mastery when every component reaches its own cut.

    Parameters
    ----------
    scores : array-like, shape (J,)
        Score of each component; a component not yet assessed is None or NaN.
    cuts : float or array-like, shape (J,)
        Cut of each component.
    standard_errors : array-like, shape (J,), optional
        Standard error of each score, above 0. With them `probability` is the product of the normal probabilities
        that each true score reaches its cut (independent errors). The chance of failing a true master grows with J.

    Returns
    -------
    ComponentMastery
        `value` is the smallest margin, None with a reason while a component is unassessed; `mastered` is False as soon
        as one component failed.

    Raises
    ------
    UsageError
        Lengths that differ, no component, or a standard error that is not positive.

    Examples
    --------
    >>> conjunctive([3, 4, 2.5], 3, standard_errors=[0.5, 0.5, 0.5]).mastered
    False
    """
    given, limits, chances = _components(scores, cuts, standard_errors)
    return _counted("conjunctive", given, limits, chances, given.size)


def k_of_j(
    scores: npt.ArrayLike, cuts: npt.ArrayLike, *, k: int, standard_errors: npt.ArrayLike | None = None
) -> ComponentMastery:
    """Mastery when at least `k` of the components reach their cuts.

    Parameters
    ----------
    scores, cuts, standard_errors
        As in `conjunctive`.
    k : int
        Number of components required, 1 to J.

    Returns
    -------
    ComponentMastery
        `value` is the number of components met; `probability` that `k` or more true scores reach their cuts
        (Poisson-binomial, independent errors).

    Examples
    --------
    >>> k_of_j([3, 4, 2.5], [3, 3, 3], k=2).mastered
    True
    """
    given, limits, chances = _components(scores, cuts, standard_errors)
    if check.whole("k", k, minimum=1) > given.size:
        raise UsageError(f"k={k} is more than the {given.size} components there are.")
    return _counted("k_of_j", given, limits, chances, k)


def compensatory(
    scores: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    cut: float,
    standard_errors: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> ComponentMastery:
    """Mastery when the weighted sum of the components reaches one cut: strength in one makes up for another.

    Parameters
    ----------
    scores : array-like, shape (J,)
        Score of each component.
    weights : array-like, shape (J,), optional
        Weight of each; used as given, so the sum is on the scale of the cut. Default: 1 / J each (the mean).
    cut : float
        Cut on the weighted sum.
    standard_errors : array-like, shape (J,), optional
        Standard error of each score; gives that of the sum (independent errors) and the normal probability.
    level : float
        Coverage of the interval.

    Returns
    -------
    ComponentMastery
        `value` is the weighted sum; None with a reason while a component is unassessed.

    Examples
    --------
    >>> compensatory([3, 4, 2], [0.5, 0.25, 0.25], cut=3).value
    3.0
    """
    check.level(level)
    check.number("cut", cut)
    given, _, _ = _components(scores, cut, standard_errors)
    weighted = np.full(given.size, 1.0 / given.size) if weights is None else check.vector("weights", weights)
    check.same_length(scores=given, weights=weighted)
    if np.isnan(given).any():
        reason = f"{int(np.isnan(given).sum())} of the {given.size} components are not assessed; assess them first."
        return ComponentMastery(
            name="compensatory", value=None, reason=reason, mastered=None, probability=None, required=cut, scores=given
        )
    value = float(weighted @ given)
    se, interval, probability = None, None, None
    if standard_errors is not None:
        se = float(np.linalg.norm(weighted * _errors(standard_errors, given.size)))
    if se:
        from scipy.special import ndtr, ndtri

        half = se * float(ndtri(0.5 + level / 2.0))
        interval = Interval(low=value - half, high=value + half, level=level, method="normal")
        probability = float(ndtr((value - cut) / se))
    return ComponentMastery(
        name="compensatory",
        value=value,
        se=se,
        interval=interval,
        n=given.size,
        method="weighted sum",
        mastered=value >= cut - 1e-12 * max(1.0, abs(cut)),
        probability=probability,
        required=cut,
        scores=given,
    )


def _errors(standard_errors: npt.ArrayLike, count: int) -> Floats:
    errors = check.vector("standard_errors", standard_errors)
    if errors.size != count or (errors <= 0).any():
        raise UsageError(f"standard_errors must be {count} numbers above 0, one a component.")
    return check.apart_from_zero("standard_errors", errors)


def _components(
    scores: npt.ArrayLike, cuts: npt.ArrayLike, standard_errors: npt.ArrayLike | None
) -> tuple[Floats, Floats, Floats | None]:
    """Checked scores, cuts, and the normal probability that each true score reaches its cut."""
    given = check.vector("scores", scores, missing=True)
    if not given.size:
        raise UsageError("scores is empty; pass one score a component.")
    limits = check.floats("cuts", cuts)
    if limits.ndim > 1 or (limits.ndim == 1 and limits.size != given.size) or not np.isfinite(limits).all():
        raise UsageError(f"cuts must be one finite number, or {given.size} of them, one a component.")
    limits = np.broadcast_to(limits, given.shape)
    if standard_errors is None:
        return given, limits, None
    from scipy.special import ndtr

    chances: Floats = ndtr((given - limits) / _errors(standard_errors, given.size))
    return given, limits, chances


def _counted(name: str, scores: Floats, cuts: Floats, chances: Floats | None, required: int) -> ComponentMastery:
    """Decide by the number of components met; those not assessed leave the decision open only if they matter."""
    missing = int(np.isnan(scores).sum())
    n_met = int((scores >= cuts).sum())
    decided = n_met >= required or n_met + missing < required
    probability = None if chances is None or missing else float(_at_least(chances, required))
    if missing and (not decided or name == "conjunctive"):
        reason = f"{missing} of the {scores.size} components are not assessed; assess them first."
        value = None
    else:
        reason = None
        value = float((scores - cuts).min()) if name == "conjunctive" else float(n_met)
    return ComponentMastery(
        name=name,
        value=value,
        n=scores.size,
        reason=reason,
        method="normal errors, independent" if probability is not None else "",
        mastered=n_met >= required if decided else None,
        probability=probability,
        required=float(required),
        n_met=n_met,
        scores=scores,
        cuts=cuts,
        component_probabilities=chances,
    )


def _at_least(chances: Floats, required: int) -> float:
    """Probability of `required` or more successes among independent trials with unequal chances."""
    masses = np.ones(1)
    for chance in chances:
        masses = np.convolve(masses, [1.0 - chance, chance])
    return min(1.0, float(masses[required:].sum()))
