"""Out-of-fold predictions: no record is predicted by a model that has seen its cluster."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.validity._models import expit, least_squares, logistic
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric.arguments import Floats


@attrs.frozen(kw_only=True)
class Predictions:
    """Out-of-fold predictions, and those of a model without predictors in the same folds."""

    value: Floats
    baseline: Floats


def fold_numbers(cluster: npt.NDArray[np.intp], folds: int, seed: int) -> npt.NDArray[np.intp]:
    """Deal the clusters into folds at random, each next one to the smallest fold."""
    index, size = np.unique(cluster, return_inverse=True, return_counts=True)[1:]
    if size.size < 2:
        raise NotEstimableError("There is one cluster: cross-fitting needs two or more.")
    if not folds >= 2:
        raise UsageError(f"folds={folds} must be 2 or more.")
    used = min(folds, int(size.size))
    order = np.random.default_rng(seed).permutation(size.size)
    fold_of = np.empty(size.size, dtype=np.intp)
    if size.max() == 1:
        fold_of[order] = np.arange(size.size) % used
        return fold_of[index]
    filled = np.zeros(used)
    # The large clusters first (stable, so that chance orders equal ones): folds come out about equal.
    for place in order[np.argsort(-size[order], kind="stable")]:
        smallest = int(np.argmin(filled))
        fold_of[place] = smallest
        filled[smallest] += size[place]
    return fold_of[index]


def cross_fit(x: Floats, y: Floats, fold: npt.NDArray[np.intp], *, binary: bool) -> Predictions:
    """Predict each fold by a model fitted to the others."""
    value, baseline = np.empty(y.size), np.empty(y.size)
    for number in range(int(fold.max()) + 1):
        out = fold == number
        train = ~out
        if binary and y[train].min() == y[train].max():
            raise NotEstimableError("Outside a fold the outcome is the same for all. Use fewer folds or more records.")
        if binary:
            value[out] = expit(x[out] @ logistic(x[train], y[train]).beta)
        else:
            value[out] = x[out] @ least_squares(x[train], y[train]).beta
        baseline[out] = y[train].mean()
    return Predictions(value=value, baseline=baseline)
