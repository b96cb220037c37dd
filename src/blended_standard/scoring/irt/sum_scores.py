"""Abilities from sum scores, and the reliability of a test on its ability distribution.

Source: Lord and Wingersky (1984) for the recursion; Thissen and others (1995) for EAP from sum scores; Green and
others (1984) for marginal reliability.
"""

from __future__ import annotations

import numpy as np

from blended_standard.errors import UsageError
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Result, Row, array, result
from blended_standard.scoring.irt._ability import grid
from blended_standard.scoring.irt._responses import normal
from blended_standard.scoring.irt.fits import IrtFit
from blended_standard.scoring.irt.items import ItemParameters, category_probability, information
from blended_standard.scoring.irt.scores import Scores


@result
class SumScoreTable(Result):
    """For each sum score: the EAP ability, its standard deviation, and the share of learners the model expects.

    Attributes
    ----------
    score : float array, shape (S,)
        Sums of the codes that can occur.
    theta, se : float arrays, shape (S,)
    probability : float array, shape (S,)
        Model-implied; sums to 1. Times n it is the expected count.
    """

    title = "EAP ability by sum score"

    score: Floats = array()
    theta: Floats = array()
    se: Floats = array()
    probability: Floats = array()
    scale_id: str = ""

    def rows(self) -> list[Row]:
        """Return one row a sum score."""
        return [
            {"score": float(s), "theta": float(t), "se": float(e), "probability": float(p)}
            for s, t, e, p in zip(self.score, self.theta, self.se, self.probability, strict=True)
        ]


def sum_score_table(items: ItemParameters | IrtFit, *, prior: tuple[float, float] | None = None) -> SumScoreTable:
    """Return the EAP ability for each sum score, for a test that everybody takes whole.

    Parameters
    ----------
    items : ItemParameters or IrtFit
        The sum is that of the codes (`items.categories`).
    prior : (mean, sd), optional
        Default: the reference group of the fit, or (0, 1).

    Raises
    ------
    UsageError
        A prior that is not a mean and a positive standard deviation.

    Examples
    --------
    >>> from blended_standard.scoring.irt import item_parameters
    >>> len(sum_score_table(item_parameters([1.0, 1.0], [0.0, 0.0])).score)
    3
    """
    parameters, mean, sd = _known(items, prior)
    theta, weight = prior_grid(parameters, mean, sd)
    by_score = score_distribution(category_probability(parameters, theta), parameters.categories)
    possible = np.flatnonzero(by_score.max(axis=1) > 0)
    joint = by_score[possible] * weight
    total = joint.sum(axis=1)
    first, second = joint @ theta / total, joint @ theta**2 / total
    return SumScoreTable(
        score=possible.astype(np.float64) + float(sum(codes[0] for codes in parameters.categories)),
        theta=first,
        se=np.sqrt(np.maximum(second - first**2, 0.0)),
        probability=total,
        scale_id=parameters.scale_id,
    )


def score_distribution(probability: Floats, categories: tuple[tuple[int, ...], ...]) -> Floats:
    """Return P(sum score | theta), shape (scores above the lowest, points), by the Lord-Wingersky recursion."""
    points = probability.shape[0]
    made = np.ones((1, points))
    for j, codes in enumerate(categories):
        grown = np.zeros((len(made) + codes[-1] - codes[0], points))
        for k, code in enumerate(codes):
            shift = code - codes[0]
            grown[shift : shift + len(made)] += made * probability[:, j, k]
        made = grown
    return made


def marginal_reliability(items: ItemParameters | IrtFit, *, prior: tuple[float, float] | None = None) -> Estimate:
    """Return the reliability that the items imply: the mean over abilities of I / (I + 1 / variance).

    Parameters
    ----------
    items : ItemParameters or IrtFit
    prior : (mean, sd), optional
        Default: the reference group of the fit, or (0, 1).

    Raises
    ------
    UsageError
        A prior that is not a mean and a positive standard deviation.

    Notes
    -----
    As mirt's `marginal_rxx`; no standard error is given.

    Examples
    --------
    >>> from blended_standard.scoring.irt import item_parameters
    >>> round(marginal_reliability(item_parameters([1.0] * 20, [0.0] * 20)).value, 3)
    0.796
    """
    parameters, mean, sd = _known(items, prior)
    theta, weight = prior_grid(parameters, mean, sd)
    test = information(parameters, theta).test
    return Estimate(
        name="marginal reliability",
        value=float(weight @ (test / (test + 1 / sd**2))),
        n=len(parameters),
        method="mean of I / (I + 1 / variance) over the ability distribution; n counts items",
    )


def empirical_reliability(scores: Scores) -> Estimate:
    """Return the reliability of EAP scores: Var(EAP) / (Var(EAP) + mean SD squared).

    Parameters
    ----------
    scores : Scores
        From `score(..., method="eap")`, one row a learner.

    Raises
    ------
    UsageError
        Scores by another method.

    Examples
    --------
    >>> from blended_standard.scoring.irt import item_parameters, score
    >>> made = score([[1, 1], [0, 1], [0, 0]], item_parameters([1.0, 1.0], [0.0, 0.0]))
    >>> round(empirical_reliability(made).value, 3)
    0.411
    """
    if "EAP" not in scores.method:
        raise UsageError(f"scores by {scores.method!r}: empirical reliability is defined here for method='eap'.")
    kept = scores.reason_code == 0
    theta, error = scores.theta[kept], scores.se[kept]
    method = "Var(EAP) / (Var(EAP) + mean posterior variance)"
    if len(theta) < 2:
        return Estimate(
            name="empirical reliability", value=None, reason="fewer than 2 learners have a score.", method=method
        )
    between = float(np.var(theta, ddof=1))
    return Estimate(
        name="empirical reliability",
        value=between / (between + float(np.mean(error**2))),
        n=len(theta),
        method=method,
    )


def _known(items: ItemParameters | IrtFit, prior: tuple[float, float] | None) -> tuple[ItemParameters, float, float]:
    if isinstance(items, IrtFit):
        parameters, mean, sd = items.items, items.group().mean, items.group().sd
    else:
        parameters, mean, sd = items, 0.0, 1.0
    return (parameters, mean, sd) if prior is None else (parameters, *normal("prior", prior))


def prior_grid(items: ItemParameters, mean: float, sd: float) -> tuple[Floats, Floats]:
    """Return abilities and their weights under a normal distribution."""
    theta = grid(items, np.array([mean]), np.array([sd]))
    weight = np.exp(-0.5 * ((theta - mean) / sd) ** 2)
    return theta, weight / weight.sum()
