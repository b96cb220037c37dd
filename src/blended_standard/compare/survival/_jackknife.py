"""Infinitesimal-jackknife variance of step curves in linear time."""

from __future__ import annotations

import numpy as np

from blended_standard.compare.survival._inputs import Ints
from blended_standard.numeric.arguments import Floats


def jackknife_variance(
    basis: Floats, first: Ints, last: Ints, during: Floats, after: Floats, weights: Floats
) -> Floats:
    """Sum the squared derivatives of a curve over records, at each of its steps.

    A record's derivative at step j is `during @ basis[:, j]` for `first <= j < last`, and `after @ basis[:, j]`
    from `last` on. Products of the coefficients are accumulated over records, so that no matrix of records by steps
    is made.

    Parameters
    ----------
    basis : float array, shape (m, steps)
    first, last : int array, shape (n,)
    during, after : float array, shape (n, m)
    weights : float array, shape (n,)

    Returns
    -------
    float array, shape (steps,)
    """
    size, terms = basis.shape[1], basis.shape[0]
    squared = weights**2
    total = np.zeros(size)
    for a in range(terms):
        for b in range(a, terms):
            inside = squared * during[:, a] * during[:, b]
            gone = squared * after[:, a] * after[:, b]
            change = np.bincount(first, weights=inside, minlength=size + 1)
            change += np.bincount(last, weights=gone - inside, minlength=size + 1)
            total += (1 if a == b else 2) * np.cumsum(change[:size]) * basis[a] * basis[b]
    positive: Floats = np.maximum(total, 0.0)
    return positive
