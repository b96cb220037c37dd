"""Link scales by moments of the anchor items: theta* = A theta + B.

Source: Kolen & Brennan, Test Equating, Scaling, and Linking (3rd ed.), ch. 6.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from blended_standard.errors import NotEstimableError
from blended_standard.numeric.arguments import Floats
from blended_standard.scoring.link.items import ItemSet, parameters, with_parameters
from blended_standard.scoring.link.scale import Link, check_slope, jacobian, make_link, matched_sets, propagate


def mean_mean(items_from: object, items_to: object, *, slope: float | None = None) -> Link:
    """Link by the mean slope and the mean location: A = mean(a_from) / mean(a_to), B = mean(b_to) - A mean(b_from).

    Parameters
    ----------
    items_from, items_to : ItemSet, IrtFit, ItemParameters or array
        Items as calibrated on each scale (see `link.as_items`). Where both have names, the items in common are the
        anchors; otherwise both hold the same anchors in the same order.
    slope : float, optional
        Hold A at this value (1 for Rasch scales).

    Returns
    -------
    Link
        Standard errors by the delta method when the items have them.

    Raises
    ------
    UsageError
        The two sets differ in number of items, categories, model or scaling constant.

    Notes
    -----
    With steps (more than two categories) the mean runs over all steps. Source: Loyd & Hoover (1980).

    Examples
    --------
    >>> found = mean_mean([[1.0, 0.0], [1.0, 1.0]], [[0.5, 1.0], [0.5, 3.0]])
    >>> (found.slope, found.intercept)
    (2.0, 1.0)
    """
    return _by_moments("mean-mean", items_from, items_to, slope, lambda a, b, a2, b2: float(a.mean() / a2.mean()))


def mean_geometric_mean(items_from: object, items_to: object, *, slope: float | None = None) -> Link:
    """Link by the geometric mean of the ratios a_from / a_to and the mean location.

    Parameters
    ----------
    items_from, items_to : ItemSet or array
        The same anchor items in the same order (see `mean_mean`).
    slope : float, optional
        Hold A at this value.

    Returns
    -------
    Link

    Notes
    -----
    Source: Mislevy & Bock (1990). Unlike `mean_mean`, no one steep item can dominate.

    Examples
    --------
    >>> mean_geometric_mean([[1.0, 0.0], [4.0, 1.0]], [[0.5, 1.0], [2.0, 3.0]]).slope
    2.0
    """
    return _by_moments(
        "mean-geometric-mean", items_from, items_to, slope, lambda a, b, a2, b2: float(np.exp(np.log(a / a2).mean()))
    )


def mean_sigma(items_from: object, items_to: object, *, slope: float | None = None) -> Link:
    """Link by the mean and standard deviation of the locations: A = sd(b_to) / sd(b_from).

    Parameters
    ----------
    items_from, items_to : ItemSet or array
        The same anchor items in the same order (see `mean_mean`).
    slope : float, optional
        Hold A at this value.

    Returns
    -------
    Link

    Raises
    ------
    NotEstimableError
        Fewer than two different locations, so that there is no standard deviation.

    Notes
    -----
    Source: Marco (1977).

    Examples
    --------
    >>> found = mean_sigma([[1.0, 0.0], [1.0, 1.0]], [[0.5, 1.0], [0.5, 3.0]])
    >>> (found.slope, found.intercept)
    (2.0, 1.0)
    """
    return _by_moments("mean-sigma", items_from, items_to, slope, lambda a, b, a2, b2: float(b2.std() / b.std()))


def _by_moments(
    method: str,
    items_from: object,
    items_to: object,
    fixed: float | None,
    ratio: Callable[[Floats, Floats, Floats, Floats], float],
) -> Link:
    source, target = matched_sets(items_from, items_to)
    check_slope(fixed)
    if method == "mean-sigma" and fixed is None and not _spread(source, target):
        raise NotEstimableError(
            "mean-sigma needs anchors with at least two different locations on each scale; use stocking_lord, or hold "
            "slope=1 for Rasch scales."
        )

    def constants(first: Floats, second: Floats) -> Floats:
        a, steps, _ = with_parameters(source, first)
        a2, steps2, _ = with_parameters(target, second)
        b, b2 = steps[np.isfinite(steps)], steps2[np.isfinite(steps2)]
        gradient = ratio(a, b, a2, b2) if fixed is None else fixed
        return np.array([gradient, b2.mean() - gradient * b.mean()])

    first, second = parameters(source), parameters(target)
    made = constants(first, second)
    covariance = None
    if source.covariance is not None and target.covariance is not None:
        jacobians = (
            jacobian(lambda p: constants(p, second), first),
            jacobian(lambda p: constants(first, p), second),
        )
        covariance = propagate(jacobians, source.covariance, target.covariance)
    return make_link(method, made, covariance, source, target)


def _spread(*sets: ItemSet) -> bool:
    return all(np.ptp(s.b[np.isfinite(s.b)]) > 0 for s in sets)
