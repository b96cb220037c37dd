"""Many-facet Rasch model: ability, item difficulty and rater severity on one scale, by marginal maximum likelihood.

Model (Linacre 1989): log P(k) / P(k-1) = ability - difficulty - severity - step k. Abilities are normal with mean 0 and
a standard deviation that is estimated, integrated over Gauss-Hermite nodes; severities and steps sum to 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.results import Estimate, Result, Row, array, finite, result

_STEP = 1e-4


@result
class Facet(Result):
    """One facet: measures in logits with standard errors, fit mean squares (1 is expected), and how many ratings each.

    `separation` is the true spread over the mean error, `reliability` its square over one plus its square.
    """

    facet: str
    labels: tuple[str, ...]
    separation: float | None
    reliability: float | None
    measure: npt.NDArray[np.float64] = array()
    se: npt.NDArray[np.float64] = array()
    infit: npt.NDArray[np.float64] = array()
    outfit: npt.NDArray[np.float64] = array()
    n: npt.NDArray[np.int64] = array()
    fair_average: npt.NDArray[np.float64] | None = array(default=None)

    def rows(self) -> list[Row]:
        """One row an element of the facet."""
        names = ("measure", "se", "infit", "outfit", "n")
        rows: list[Row] = [
            {self.facet: label, **{name: getattr(self, name)[i].item() for name in names}}
            for i, label in enumerate(self.labels)
        ]
        if self.fair_average is not None:
            for row, fair in zip(rows, self.fair_average.tolist(), strict=True):
                row["fair_average"] = fair
        return rows


@result
class ManyFacetRasch(Result):
    """A fitted many-facet model. Learners are posterior means; their `fair_average` is what average raters would give.

    A positive severity is a harsh rater; a positive difficulty a hard item.
    """

    learners: Facet
    raters: Facet
    items: Facet
    steps: npt.NDArray[np.float64] = array()
    steps_se: npt.NDArray[np.float64] = array()
    categories: tuple[float, ...]
    ability_sd: Estimate
    log_likelihood: float
    converged: bool
    n: int
    method: str = "marginal maximum likelihood"

    def rows(self) -> list[Row]:
        """One row a rater and item; learners are in `.learners.rows()`."""
        return [
            {"facet": facet.facet, "element": row.pop(facet.facet), **row}
            for facet in (self.raters, self.items)
            for row in facet.rows()
        ]


@attrs.frozen
class _Ratings:
    """Ratings as codes of learner, item, rater and category, sorted by learner."""

    learner: Integers
    item: Integers
    rater: Integers
    score: Integers
    sizes: tuple[int, int, int]
    n_steps: int
    starts: Integers


@attrs.frozen
class _Parameters:
    items: Floats
    raters: Floats
    steps: Floats
    log_sd: float


def many_facet_rasch(
    learners: npt.ArrayLike,
    raters: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    items: npt.ArrayLike | None = None,
    categories: Sequence[float] | None = None,
    nodes: int = 21,
) -> ManyFacetRasch:
    """Fit ability, difficulty and severity together, so that a harsh rater or site does not lower its learners.

    Parameters
    ----------
    learners, raters : array-like, shape (N,)
        Who was rated, and by whom (a person, or a site), one entry a rating; any labels.
    scores : array-like, shape (N,)
        The ratings; no missing values.
    items : array-like, shape (N,), optional
        The task or criterion rated. Default: one item.
    categories : sequence of numbers, optional
        The declared rating scale in order. Default: the scores seen. Every category must have been used.
    nodes : int
        Gauss-Hermite nodes for ability.

    Returns
    -------
    ManyFacetRasch
        Facets with measures, standard errors (from the observed information), infit and outfit; steps; convergence.

    Raises
    ------
    NotEstimableError
        Raters, learners and items that fall into unconnected groups (their severities cannot be compared), a declared
        category that nobody used, one rater or learner only, or a rater or item with only bottom or only top scores.
    UsageError
        Lengths that differ, or a score outside the categories.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> learner, rater = np.repeat(np.arange(200), 3), np.tile([0, 1, 2], 200)
    >>> logit = rng.normal(size=200)[learner] - np.array([-1.0, 0.0, 1.0])[rater]
    >>> fit = many_facet_rasch(learner, rater, rng.random(600) < 1 / (1 + np.exp(-logit)))
    >>> fit.raters.labels[int(np.argmax(fit.raters.measure))]
    '2'
    """
    check.whole("nodes", nodes, minimum=5)
    data, labels, scale = _read(learners, raters, scores, items, categories)
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    w = w / w.sum()
    vector = _maximize(data, x, w)
    information = _information(data, vector, x, w)
    covariance = _inverse(information)
    posterior, log_likelihood = _posterior(data, _unpack(data, vector), x, w)
    return _assemble(data, labels, scale, vector, covariance, posterior, x, log_likelihood)


def _read(
    learners: npt.ArrayLike,
    raters: npt.ArrayLike,
    scores: npt.ArrayLike,
    items: npt.ArrayLike | None,
    categories: Sequence[float] | None,
) -> tuple[_Ratings, tuple[tuple[str, ...], ...], tuple[float, ...]]:
    values = check.vector("scores", scores)
    if not values.size:
        raise UsageError("scores is empty; pass one entry a rating.")
    given = {"learners": learners, "raters": raters, "items": np.zeros(values.size, int) if items is None else items}
    columns = [check.labels(name, column, size=values.size, unit="rating") for name, column in given.items()]
    found = [np.unique(column, return_inverse=True) for column in columns]
    scale = np.unique(values) if categories is None else check.vector("categories", categories)
    score = np.searchsorted(scale, values)
    if categories is not None and (
        (np.diff(scale) <= 0).any()
        or (score >= scale.size).any()
        or (scale[np.minimum(score, scale.size - 1)] != values).any()
    ):
        raise UsageError("scores holds a value outside categories, or categories is not ascending.")
    codes = [inverse for _, inverse in found]
    order = np.argsort(codes[0], kind="stable")
    learner, rater, item = (codes[i][order] for i in range(3))
    data = _Ratings(
        learner=learner,
        item=item,
        rater=rater,
        score=score[order],
        sizes=(found[0][0].size, found[2][0].size, found[1][0].size),
        n_steps=scale.size - 1,
        starts=np.searchsorted(learner, np.arange(found[0][0].size)),
    )
    labels = tuple(tuple(str(name) for name in names) for names, _ in found)
    _check_estimable(data, scale, labels)
    return data, labels, tuple(scale.tolist())


def _check_estimable(data: _Ratings, scale: Floats, labels: tuple[tuple[str, ...], ...]) -> None:
    used = np.bincount(data.score, minlength=scale.size)
    if scale.size < 2 or (used == 0).any():
        empty = "only one category" if scale.size < 2 else f"category {scale[int(np.argmin(used))]:g} was never used"
        raise NotEstimableError(f"Steps can't be estimated: {empty}. Join it with a neighbor, and say so.")
    if data.sizes[0] < 2 or data.sizes[2] < 2:
        raise NotEstimableError("A facet model needs 2 learners and 2 raters; with one rater use scoring.irt.")
    groups = _groups(data)
    if groups > 1:
        raise NotEstimableError(
            f"Learners, raters and items fall into {groups} groups with no rating between them, so severities in "
            "different groups cannot be compared. Have some raters rate learners of another group."
        )
    for name, codes, names in (("rater", data.rater, labels[1]), ("item", data.item, labels[2])):
        counts = np.bincount(codes)
        sums = np.bincount(codes, weights=data.score)
        extreme = np.flatnonzero((sums == 0) | (sums == counts * data.n_steps))
        if extreme.size:
            raise NotEstimableError(
                f"{name} {names[extreme[0]]} gave only the lowest or only the highest rating; its measure is infinite. "
                "Leave it out, or collect more ratings."
            )


def _groups(data: _Ratings) -> int:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_learners, _, n_raters = data.sizes
    size = n_learners + n_raters
    links = coo_array((np.ones(data.rater.size), (data.learner, n_learners + data.rater)), shape=(size, size))
    return int(connected_components(links, directed=False, return_labels=False))


def _unpack(data: _Ratings, vector: Floats) -> _Parameters:
    """Parameters from the free ones: the last severity and the last step make their sums zero."""
    _, n_items, n_raters = data.sizes
    items, rest = vector[:n_items], vector[n_items:]
    raters, steps = rest[: n_raters - 1], rest[n_raters - 1 : n_raters + data.n_steps - 2]
    return _Parameters(items, np.append(raters, -raters.sum()), np.append(steps, -steps.sum()), float(vector[-1]))


def _log_masses(data: _Ratings, at: _Parameters, x: Floats) -> tuple[Floats, Floats]:
    """Log probability of each rating and of every category, at each node: shapes (N, Q) and (N, Q, K + 1)."""
    place = math.exp(at.log_sd) * x[None, :] - (at.items[data.item] + at.raters[data.rater])[:, None]
    logits = place[:, :, None] * np.arange(data.n_steps + 1) - np.concatenate(([0.0], np.cumsum(at.steps)))
    top = logits.max(axis=2, keepdims=True)
    logits -= top + np.log(np.exp(logits - top).sum(axis=2, keepdims=True))
    return logits[np.arange(data.score.size), :, data.score], logits


def _posterior(data: _Ratings, at: _Parameters, x: Floats, w: Floats) -> tuple[Floats, float]:
    """Posterior weight of each node for each learner, and the marginal log-likelihood."""
    own, _ = _log_masses(data, at, x)
    return _weights(data, own, w)


def _weights(data: _Ratings, own: Floats, w: Floats) -> tuple[Floats, float]:
    joint = np.add.reduceat(own, data.starts, axis=0) + np.log(w)
    top = joint.max(axis=1, keepdims=True)
    mass = np.exp(joint - top)
    total = mass.sum(axis=1, keepdims=True)
    return mass / total, float((top + np.log(total)).sum())


def _objective(vector: Floats, data: _Ratings, x: Floats, w: Floats) -> tuple[float, Floats]:
    """Negative marginal log-likelihood per rating, with its gradient."""
    at = _unpack(data, vector)
    _, n_items, n_raters = data.sizes
    own, every = _log_masses(data, at, x)
    posterior, log_likelihood = _weights(data, own, w)
    weight = posterior[data.learner]
    masses = np.exp(every)
    residual = data.score[:, None] - masses @ np.arange(data.n_steps + 1.0)
    pull = (weight * residual).sum(axis=1)
    raters = -np.bincount(data.rater, weights=pull, minlength=n_raters)
    expected = (weight[:, :, None] * masses).sum(axis=(0, 1))
    over = expected - np.bincount(data.score, minlength=data.n_steps + 1)
    steps = np.cumsum(over[::-1])[::-1][1:]
    gradient = np.concatenate(
        (
            -np.bincount(data.item, weights=pull, minlength=n_items),
            raters[:-1] - raters[-1],
            steps[:-1] - steps[-1],
            [math.exp(at.log_sd) * float((weight * residual * x).sum())],
        )
    )
    return -log_likelihood / data.score.size, -gradient / data.score.size


def _maximize(data: _Ratings, x: Floats, w: Floats) -> Floats:
    from scipy.optimize import minimize

    start = np.zeros(data.sizes[1] + data.sizes[2] + data.n_steps - 1)
    found = minimize(
        _objective,
        start,
        args=(data, x, w),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 1000, "gtol": 1e-8, "ftol": 1e-14},
    )
    if not np.isfinite(found.x).all():
        raise NotEstimableError("The likelihood has no finite maximum for these ratings; collect more of them.")
    gradient = float(np.abs(found.jac).max(initial=0.0))
    if gradient >= 1e-5:
        raise NotEstimableError(
            f"The search stopped after {found.nit} steps without converging; the largest gradient is {gradient:.2g}. "
            "Leave out raters or items whose scores separate learners."
        )
    vector: Floats = found.x
    return vector


def _information(data: _Ratings, vector: Floats, x: Floats, w: Floats) -> Floats:
    """Observed information, by central differences of the gradient."""
    rows = []
    for i in range(vector.size):
        shift = np.zeros(vector.size)
        shift[i] = _STEP
        up, down = _objective(vector + shift, data, x, w)[1], _objective(vector - shift, data, x, w)[1]
        rows.append((up - down) / (2.0 * _STEP))
    hessian = np.array(rows) * data.score.size
    return (hessian + hessian.T) / 2.0


def _inverse(information: Floats) -> Floats:
    values, vectors = np.linalg.eigh(information)
    if values[0] <= 1e-8 * values[-1]:
        raise NotEstimableError(
            "The information matrix is singular: by these ratings learners do not differ in ability beyond chance, or "
            "too few ratings a learner tell ability from severity. Have more learners rated, and more than once each."
        )
    inverse: Floats = (vectors / values) @ vectors.T
    return inverse


def _assemble(
    data: _Ratings,
    labels: tuple[tuple[str, ...], ...],
    scale: tuple[float, ...],
    vector: Floats,
    covariance: Floats,
    posterior: Floats,
    x: Floats,
    log_likelihood: float,
) -> ManyFacetRasch:
    at = _unpack(data, vector)
    _, n_items, n_raters = data.sizes
    sd = math.exp(at.log_sd)
    ability = sd * (posterior @ x)
    ability_se = np.sqrt(np.maximum(sd**2 * (posterior @ x**2) - ability**2, 0.0))
    last = n_items + n_raters - 1
    variance = np.diag(covariance)
    raters_se = np.sqrt(np.append(variance[n_items:last], covariance[n_items:last, n_items:last].sum()))
    steps_se = np.sqrt(np.append(variance[last:-1], covariance[last:-1, last:-1].sum()))
    fair = _expected_scores(at, ability, np.asarray(scale))
    residuals = _residuals(data, at, posterior, x)
    sd_estimate = Estimate(
        name="standard deviation of ability", value=sd, se=sd * math.sqrt(variance[-1]), n=data.sizes[0], method="delta"
    )
    return ManyFacetRasch(
        learners=_facet("learner", labels[0], ability, ability_se, data.learner, residuals, fair),
        raters=_facet("rater", labels[1], at.raters, raters_se, data.rater, residuals, None),
        items=_facet("item", labels[2], at.items, np.sqrt(variance[:n_items]), data.item, residuals, None),
        steps=at.steps,
        steps_se=steps_se,
        categories=scale,
        ability_sd=sd_estimate,
        log_likelihood=log_likelihood,
        converged=True,
        n=data.score.size,
    )


def _expected_scores(at: _Parameters, ability: Floats, scale: Floats) -> Floats:
    """Score expected from a rater of severity 0, mean over the items."""
    place = ability[:, None] - at.items[None, :]
    logits = place[:, :, None] * np.arange(scale.size) - np.concatenate(([0.0], np.cumsum(at.steps)))
    masses = np.exp(logits - logits.max(axis=2, keepdims=True))
    fair: Floats = ((masses / masses.sum(axis=2, keepdims=True)) @ scale).mean(axis=1)
    return fair


def _residuals(data: _Ratings, at: _Parameters, posterior: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
    """Squared residual, variance, and their ratio for each rating, averaged over the learner's posterior.

    Averaging keeps the mean squares near 1 for a fitting model; residuals at shrunken point estimates would not.
    """
    _, every = _log_masses(data, at, x)
    masses = np.exp(every)
    k = np.arange(data.n_steps + 1.0)
    mean = masses @ k
    spread = masses @ k**2 - mean**2
    weight = posterior[data.learner]
    squared = (data.score[:, None] - mean) ** 2
    ratio = weight * squared / np.maximum(spread, 1e-12)
    return (weight * squared).sum(axis=1), (weight * spread).sum(axis=1), ratio.sum(axis=1)


def _facet(
    name: str,
    labels: tuple[str, ...],
    measure: Floats,
    se: Floats,
    codes: Integers,
    residuals: tuple[Floats, Floats, Floats],
    fair: Floats | None,
) -> Facet:
    squared, variance, ratio = residuals
    count = np.bincount(codes, minlength=measure.size)
    infit = np.bincount(codes, weights=squared) / np.bincount(codes, weights=variance)
    outfit = np.bincount(codes, weights=ratio) / count
    noise = float(np.mean(se**2))
    seen = float(measure.var(ddof=1)) if measure.size > 1 else 0.0
    true = seen if name == "learner" else max(0.0, seen - noise)
    separation = math.sqrt(true / noise) if measure.size > 1 and noise > 0 else None
    return Facet(
        facet=name,
        labels=labels,
        separation=separation,
        reliability=None if separation is None else finite(separation**2 / (1 + separation**2)),
        measure=measure,
        se=se,
        infit=infit,
        outfit=outfit,
        n=count.astype(np.int64),
        fair_average=fair,
    )
