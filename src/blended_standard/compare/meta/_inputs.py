"""Checks shared by the meta-analysis functions."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.columns import fixed_in_clusters
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats

# Beyond this ratio of standard errors the differences of weights are lost in rounding.
_WIDEST = 1e5
_CONDITION = 1e6  # of the design, columns scaled to one length: above it the moment estimators lose their digits


@attrs.frozen(kw_only=True)
class Studies:
    """Checked effects: `x` holds the intercept (unless left out) and the moderators."""

    y: Floats
    v: Floats
    x: Floats
    names: tuple[str, ...]
    labels: tuple[str, ...]


def read_studies(
    effects: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    moderators: npt.ArrayLike | None = None,
    moderator_names: Sequence[str] | None = None,
    intercept: bool = True,
    labels: Sequence[str] | None = None,
) -> Studies:
    """Check effects, standard errors and moderators, and build the design matrix."""
    y = check.vector("effects", effects)
    se = check.vector("standard_errors", standard_errors, size=y.size)
    if y.size == 0:
        raise NotEstimableError("effects is empty: there is no study to combine.")
    if (se < check.SMALLEST).any():
        row = int(np.flatnonzero(se < check.SMALLEST)[0])
        raise UsageError(
            f"standard_errors[{row}]={se[row]:g} is not positive: a study without sampling error would take all the "
            "weight. Correct it or leave the study out."
        )
    if se.max() > _WIDEST * se.min():
        raise NotEstimableError(
            f"standard_errors run from {se.min():g} to {se.max():g}: one study would take all the weight, and no "
            "spread between studies could be computed. Check their units."
        )
    columns, names = _moderators(moderators, moderator_names, y.size)
    x = np.column_stack([np.ones(y.size), columns]) if intercept else columns
    if x.shape[1] == 0:
        raise UsageError("intercept=False needs moderators: otherwise there is nothing to estimate.")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise NotEstimableError(
            "The moderators are constant or repeat each other (the design matrix has not full rank), or there are "
            f"fewer studies ({y.size}) than coefficients ({x.shape[1]}). Leave moderators out."
        )
    if np.linalg.cond(x / np.linalg.norm(x, axis=0)) > _CONDITION:
        raise NotEstimableError(
            "The moderators lie too far from zero for their spread, or nearly repeat each other: the intercept and the "
            "slopes cannot be told apart. Subtract a typical value first (a year: minus 2020), or leave one out."
        )
    if labels is not None and len(labels) != y.size:
        raise UsageError(f"labels has {len(labels)} entries and there are {y.size} studies.")
    return Studies(
        y=y,
        v=se**2,
        x=x,
        names=("intercept", *names) if intercept else names,
        labels=tuple(str(label) for label in labels)
        if labels is not None
        else tuple(str(i + 1) for i in range(y.size)),
    )


def cluster_index(clusters: npt.ArrayLike, size: int) -> npt.NDArray[np.intp]:
    """Return the number of each study's cluster."""
    named = check.labels("clusters", clusters, size=size, unit="study")
    index: npt.NDArray[np.intp] = np.unique(named, return_inverse=True)[1]
    return index


def require_between_clusters(studies: Studies, index: npt.NDArray[np.intp]) -> None:
    """Refuse moderators that account for every difference between clusters: no variance is left to estimate there."""
    m = int(index.max()) + 1
    if studies.x.shape[1] >= m and fixed_in_clusters(studies.x, index) >= m:
        raise NotEstimableError(
            f"The moderators account for every difference between the {m} clusters, so the variance between "
            "clusters cannot be estimated. Leave moderators out, or collect more clusters."
        )


def inverse(matrix: Floats) -> Floats:
    """Return the inverse of a square matrix."""
    try:
        return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise NotEstimableError(
            "The weighted design matrix cannot be inverted: moderators nearly repeat each other, or a few studies "
            "carry all the weight. Leave moderators out, or rescale them."
        ) from error


def _moderators(
    moderators: npt.ArrayLike | None, names: Sequence[str] | None, size: int
) -> tuple[Floats, tuple[str, ...]]:
    if moderators is None:
        return np.empty((size, 0)), ()
    made = check.columns("moderators", moderators, rows=size, unit="study")
    labels = tuple(names) if names is not None else tuple(f"moderator {i + 1}" for i in range(made.shape[1]))
    if len(labels) != made.shape[1]:
        raise UsageError(f"moderator_names has {len(labels)} names and there are {made.shape[1]} moderators.")
    return made, labels
