"""Link scales by characteristic curves of the anchor items: theta* = A theta + B.

Sources: Haebara (1980); Stocking & Lord (1983); Kolen & Brennan (3rd ed.), ch. 6; standard errors by the implicit
function theorem, as in Ogasawara (2001).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.scoring.link.items import (
    ItemSet,
    category_probabilities,
    expected_scores,
    parameters,
    with_parameters,
)
from blended_standard.scoring.link.scale import (
    Link,
    check_slope,
    jacobian,
    make_link,
    matched_sets,
    moved_arrays,
    propagate,
)

Direction = Literal["symmetric", "to", "from"]
Quadrature = Literal["uniform", "normal"]
_DIRECTIONS = ("symmetric", "to", "from")


def haebara(
    items_from: object,
    items_to: object,
    *,
    direction: Direction = "symmetric",
    quadrature: Quadrature | tuple[npt.ArrayLike, npt.ArrayLike] = "uniform",
    compare: Literal["scores", "categories"] = "categories",
    slope: float | None = None,
) -> Link:
    """Link by the squared differences of the item characteristic curves, summed over items.

    Parameters
    ----------
    items_from, items_to : ItemSet or array
        The same anchor items in the same order (see `mean_mean`).
    direction : {"symmetric", "to", "from"}
        On which scale the curves are compared: "to" has the grid on the scale `items_to`, "from" on the other,
        "symmetric" takes the sum of the two, so that the link back is the exact inverse.
    quadrature : {"uniform", "normal"} or (points, weights)
        "uniform": -4 to 4 in steps of .05, equal weights. "normal": the same points, standard normal weights. The same
        grid serves both scales.
    compare : {"categories", "scores"}
        For items of more than two categories: the curves of the categories, or the expected item score.
    slope : float, optional
        Hold A at this value (1 for Rasch scales).

    Returns
    -------
    Link
        `criterion` is the minimum of the loss with weights that sum to 1.

    Raises
    ------
    UsageError
        Sets that do not match; an unknown direction, quadrature or comparison.
    NotEstimableError
        The loss has no minimum (no information on the scale in the anchors).

    Notes
    -----
    Sum over points q and items v of w_q [P_v,to(q) - P_v,from*(q)]^2. Source: Haebara (1980). For two categories
    "categories" counts the curve of the upper category alone.

    Examples
    --------
    >>> found = haebara([[1.0, 0.0], [1.5, 1.0]], [[0.5, 1.0], [0.75, 3.0]])
    >>> (round(found.slope, 6), round(found.intercept, 6))
    (2.0, 1.0)
    """
    if compare not in ("scores", "categories"):
        raise UsageError(f"compare={compare!r} is not one of scores, categories.")
    return _by_curves("Haebara", items_from, items_to, direction, quadrature, compare, slope)


def stocking_lord(
    items_from: object,
    items_to: object,
    *,
    direction: Direction = "symmetric",
    quadrature: Quadrature | tuple[npt.ArrayLike, npt.ArrayLike] = "uniform",
    slope: float | None = None,
) -> Link:
    """Link by the squared difference of the test characteristic curves (expected total scores).

    Parameters
    ----------
    items_from, items_to : ItemSet or array
        The same anchor items in the same order (see `mean_mean`).
    direction : {"symmetric", "to", "from"}
        On which scale the curves are compared (see `haebara`).
    quadrature : {"uniform", "normal"} or (points, weights)
        Points and weights of the comparison (see `haebara`).
    slope : float, optional
        Hold A at this value (1 for Rasch scales).

    Returns
    -------
    Link
        `criterion` is the minimum of the loss with weights that sum to 1.

    Raises
    ------
    UsageError
        Sets that do not match; an unknown direction or quadrature.
    NotEstimableError
        The loss has no minimum (no information on the scale in the anchors).

    Notes
    -----
    Sum over points q of w_q [sum_v T_v,to(q) - sum_v T_v,from*(q)]^2. Source: Stocking & Lord (1983).

    Examples
    --------
    >>> found = stocking_lord([[1.0, 0.0], [1.5, 1.0]], [[0.5, 1.0], [0.75, 3.0]])
    >>> (round(found.slope, 6), round(found.intercept, 6))
    (2.0, 1.0)
    """
    return _by_curves("Stocking-Lord", items_from, items_to, direction, quadrature, "test", slope)


def _by_curves(
    method: str,
    items_from: object,
    items_to: object,
    direction: str,
    quadrature: object,
    compare: str,
    fixed: float | None,
) -> Link:
    from scipy.optimize import least_squares

    source, target = matched_sets(items_from, items_to)
    check_slope(fixed)
    if direction not in _DIRECTIONS:
        raise UsageError(f"direction={direction!r} is not one of {', '.join(_DIRECTIONS)}.")
    points, weights, label = _grid(quadrature)
    roots = np.sqrt(weights / weights.sum())

    def residuals(free: Floats, first: Floats, second: Floats) -> Floats:
        gradient = np.exp(free[1]) if fixed is None else fixed
        parts = []
        if direction in ("symmetric", "to"):
            moved = moved_arrays(with_parameters(source, first), gradient, free[0])
            parts.append(_gap(source, moved, with_parameters(target, second), points, roots, compare))
        if direction in ("symmetric", "from"):
            back = moved_arrays(with_parameters(target, second), 1 / gradient, -free[0] / gradient)
            parts.append(_gap(source, with_parameters(source, first), back, points, roots, compare))
        return np.concatenate(parts)

    first, second = parameters(source), parameters(target)
    begin = _start(source, target, fixed)
    with np.errstate(over="ignore", invalid="ignore"):
        found = least_squares(
            lambda free: residuals(free, first, second),
            begin,
            jac="3-point",
            x_scale="jac" if fixed is None else 1.0,
            ftol=1e-15,
            xtol=1e-15,
            gtol=1e-15,
            max_nfev=500,
        )
    inner = found.jac.T @ found.jac
    if not np.all(np.isfinite(found.x)) or np.linalg.cond(inner) > 1e12:
        raise NotEstimableError(
            f"{method}: the anchors do not fix the link (flat loss). Use more anchors, spread over the scale, or hold "
            "the slope."
        )
    gradient = float(np.exp(found.x[1])) if fixed is None else float(fixed)
    covariance = None
    if source.covariance is not None and target.covariance is not None:
        covariance = _implicit(residuals, found.x, source, target, (source.covariance, target.covariance), gradient)
    made = np.array([gradient, found.x[0]])
    return make_link(
        method,
        made,
        covariance,
        source,
        target,
        direction=direction,
        grid=label,
        compared={"test": "expected total score", "scores": "expected item scores"}.get(compare, "category curves"),
        criterion=float(2 * found.cost),
    )


def _gap(
    source: ItemSet,
    one: tuple[Floats, Floats, Floats],
    other: tuple[Floats, Floats, Floats],
    points: Floats,
    roots: Floats,
    compare: str,
) -> Floats:
    if compare == "categories":
        left, right = (category_probabilities(source, *p, points) for p in (one, other))
        first = 1 if left.shape[2] == 2 else 0
        difference = (left - right)[:, :, first:].reshape(len(points), -1)
    else:
        difference = expected_scores(source, *one, points) - expected_scores(source, *other, points)
        if compare == "test":
            difference = difference.sum(axis=1, keepdims=True)
    return cast(Floats, (difference * roots[:, None]).ravel())


def _start(source: ItemSet, target: ItemSet, fixed: float | None) -> Floats:
    first, second = source.b[np.isfinite(source.b)], target.b[np.isfinite(target.b)]
    gradient = float(np.exp(np.log(source.a / target.a).mean())) if fixed is None else float(fixed)
    intercept = float(second.mean() - gradient * first.mean())
    return np.array([intercept, np.log(gradient)]) if fixed is None else np.array([intercept])


def _implicit(
    residuals: Callable[[Floats, Floats, Floats], Floats],
    at: Floats,
    source: ItemSet,
    target: ItemSet,
    covariances: tuple[Floats, Floats],
    slope: float,
) -> Floats:
    """Differentiate the minimiser through its first-order condition, gradient(free, parameters) = 0."""
    first, second = parameters(source), parameters(target)

    def gradient(free: Floats, p: Floats, q: Floats) -> Floats:
        slopes = jacobian(lambda f: residuals(f, p, q), free)
        return slopes.T @ residuals(free, p, q)

    hessian = jacobian(lambda f: gradient(f, first, second), at)
    chained = (
        np.asarray(-np.linalg.solve(hessian, jacobian(lambda p: gradient(at, p, second), first)), dtype=float),
        np.asarray(-np.linalg.solve(hessian, jacobian(lambda q: gradient(at, first, q), second)), dtype=float),
    )
    spread = propagate(chained, *covariances)
    if len(at) == 1:
        return np.array([[0.0, 0.0], [0.0, spread[0, 0]]])
    change = np.array([[0.0, slope], [1.0, 0.0]])
    return cast(Floats, change @ spread @ change.T)


def _grid(quadrature: object) -> tuple[Floats, Floats, str]:
    points = np.linspace(-4.0, 4.0, 161)
    if quadrature == "uniform":
        return points, np.ones(161), "-4 to 4 by .05, uniform weights"
    if quadrature == "normal":
        return points, np.exp(-0.5 * points**2), "-4 to 4 by .05, standard normal weights"
    if isinstance(quadrature, tuple) and len(quadrature) == 2:
        given = [check.floats("quadrature", part) for part in quadrature]
        good = given[0].ndim == 1 and given[0].shape == given[1].shape and given[0].size > 1
        if good and np.all(np.isfinite(given)) and np.all(given[1] >= 0) and given[1].sum() > 0:
            return given[0], given[1], f"{given[0].size} points given by the caller"
    raise UsageError(
        "quadrature must be 'uniform', 'normal' or a pair (points, weights) of equal length with weights at or above 0."
    )
