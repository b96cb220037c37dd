"""Covariances of complete cases, with frequencies of response patterns."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats


@attrs.frozen
class Moments:
    """Complete cases summed up: number of persons, those dropped, means and covariances of the items."""

    n: int
    n_dropped: int
    means: Floats
    covariance: Floats


def moments(scores: npt.ArrayLike, frequencies: npt.ArrayLike | None) -> Moments:
    """Means and covariances over the persons with no missing score."""
    table, counts = complete_cases(scores, frequencies)
    dropped = int(counts[~table[1]].sum())
    kept, weight = table[0][table[1]], counts[table[1]]
    n = int(weight.sum())
    if kept.shape[1] < 2:
        raise NotEstimableError("Internal consistency needs 2 items or more; with one, use a test-retest correlation.")
    if n < 2:
        raise NotEstimableError(f"{n} complete case(s) give no variance; at least 2 are needed.")
    level = kept[0]
    means = weight @ (kept - level) / n  # around a row: scores far from 0 keep the digits in which they differ
    centered = kept - level - means
    covariance = (centered * weight[:, None]).T @ centered / (n - 1)
    flat = np.flatnonzero(np.diag(covariance) <= 1e-28 * (1.0 + level**2))
    if flat.size:
        raise NotEstimableError(f"Item {flat[0] + 1} has the same score for everybody; leave it out.")
    return Moments(n, dropped, level + means, covariance)


def complete_cases(
    scores: npt.ArrayLike, frequencies: npt.ArrayLike | None
) -> tuple[tuple[Floats, npt.NDArray[np.bool_]], Floats]:
    """Return the table with a mask of its complete rows, and the frequency of each row."""
    table = check.matrix("scores", scores, missing=True)
    counts = np.ones(len(table)) if frequencies is None else check.vector("frequencies", frequencies)
    check.same_length(scores=table, frequencies=counts)
    if (counts < 0).any() or (counts != np.floor(counts)).any():
        raise UsageError("frequencies must be whole numbers, 0 or more: how many persons gave each row.")
    whole: npt.NDArray[np.bool_] = np.asarray(~np.isnan(table).any(axis=1))
    return (table, whole), counts


def correlations(covariance: Floats) -> Floats:
    """Correlations of a covariance table."""
    spread = np.sqrt(np.diag(covariance))
    made: Floats = covariance / np.outer(spread, spread)
    return made


def squared_multiple_correlations(correlation: Floats) -> Floats:
    """Share of each item's variance that the others explain."""
    values = np.linalg.eigvalsh(correlation)
    if values[0] < 1e-10:
        raise NotEstimableError("The items are linearly dependent (one is a sum of others); leave one of them out.")
    made: Floats = 1.0 - 1.0 / np.diag(np.linalg.inv(correlation))
    return made
