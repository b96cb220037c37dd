"""Turn what people have (arrays, frames, lists, group labels) into checked numeric arrays with named columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats, Integers

Booleans = npt.NDArray[np.bool_]


@attrs.frozen(kw_only=True)
class Columns:
    """A numeric matrix of shape (n, p) and the p names of its columns."""

    matrix: Floats
    names: tuple[str, ...]


def as_vector(values: object, *, name: str, n: int | None = None) -> Floats:
    """Return `values`, which may be the only column of a table, as a finite float vector of length `n`."""
    made = check.floats(name, values)
    vector = check.vector(name, made.ravel() if made.ndim == 2 and 1 in made.shape else made, size=n, unit="row")
    if vector.size == 0:
        raise UsageError(f"{name} is empty; pass at least one value.")
    return check.visible(name, vector)


def as_treatment(values: object, *, name: str = "treatment") -> Booleans:
    """Return a treatment indicator as booleans with both arms present."""
    vector = as_vector(values, name=name)
    codes = np.unique(vector)
    if not set(codes.tolist()) <= {0.0, 1.0}:
        raise UsageError(f"{name} must be 0 (comparison) and 1 (treated), and holds {codes[:5].tolist()}.")
    if codes.size < 2:
        raise UsageError(f"{name} is {int(codes[0])} in every row: both a treated and a comparison arm are needed.")
    return np.equal(vector, 1.0)


def as_weights(values: object | None, *, n: int, name: str = "weights") -> Floats:
    """Return weights of length `n` (ones when not given): finite, not negative, not all zero."""
    if values is None:
        return np.ones(n)
    weights = as_vector(values, name=name, n=n)
    if (weights < 0).any():
        raise UsageError(f"{name} has {int((weights < 0).sum())} negative values; weights must be 0 or more.")
    if not weights.any():
        raise UsageError(f"{name} are all zero; at least one must be positive.")
    return check.apart_from_zero(name, weights)


def as_codes(labels: object, *, name: str, n: int) -> tuple[Integers, tuple[str, ...]]:
    """Return integer codes 0..m-1 of `labels` and the m labels as text, in sorted order."""
    values = check.labels(name, labels, size=n, unit="row")
    if values.dtype.kind in "iu" and int(values.max()) - int(values.min()) < 4 * n + 1000:
        return _integer_codes(values)
    unique, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64).ravel(), tuple(str(item) for item in unique.tolist())


def as_columns(
    values: object,
    *,
    name: str = "covariates",
    n: int | None = None,
    names: Sequence[str] | None = None,
    every_level: bool = False,
) -> Columns:
    """Return covariates as a named numeric matrix.

    Accepts an (n, p) array or list of rows, one column, a mapping from name to column, or a pandas or polars frame.
    A column of text becomes 0/1 columns, one a level but the first in sorted order, named `column[level]`;
    with `every_level` the first too when there are three or more (for distances).
    """
    named = named_columns(values)
    if named is None:
        return _from_array(values, name=name, n=n, names=names)
    if names is not None:
        raise UsageError(f"names={list(names)} is not needed: {name} has column names already.")
    if not named:
        raise UsageError(f"{name} has no columns.")
    parts: list[Floats] = []
    labels: list[str] = []
    for label, column in named.items():
        expanded = _expand(label, np.asarray(column), n=n, every_level=every_level)
        parts.extend(expanded.values())
        labels.extend(expanded)
    lengths = {part.size for part in parts}
    if len(lengths) != 1:
        raise UsageError(f"{name} has columns of different lengths: {sorted(lengths)}.")
    return Columns(matrix=np.column_stack(parts), names=tuple(labels))


def named_columns(values: object) -> Mapping[str, object] | None:
    """Return the columns of a mapping or frame by name, or None for anything else."""
    if isinstance(values, Mapping):
        return {str(key): column for key, column in values.items()}
    labels = getattr(values, "columns", None)
    if labels is None or not hasattr(values, "__getitem__"):
        return None
    return {str(label): values[label] for label in labels}


def with_intercept(columns: Columns) -> Columns:
    """Put a column of ones, named `intercept`, in front."""
    ones = np.ones((columns.matrix.shape[0], 1))
    return Columns(matrix=np.hstack([ones, columns.matrix]), names=("intercept", *columns.names))


def around_means(matrix: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the columns less their means, and the means; all 0 where the first column is no intercept.

    Of values far from 0 that differ by little, such as times in seconds, products would hold few digits of the
    differences.
    """
    means = np.zeros(matrix.shape[1])
    if (matrix[:, 0] == 1.0).all():
        means[1:] = np.average(matrix[:, 1:], axis=0, weights=weights)
    return matrix - means, means


def require_full_rank(design: Columns, *, weights: Floats | None = None) -> None:
    """Raise `NotEstimableError`, naming the columns, when columns of `design` depend on one another."""
    w = np.ones(len(design.matrix)) if weights is None else weights
    root = np.sqrt(w)[:, None]
    length = np.sqrt(((design.matrix * root) ** 2).sum(axis=0))
    empty = [label for label, size in zip(design.names, length, strict=True) if size == 0.0]
    if empty:
        raise NotEstimableError(f"Column {', '.join(empty)} is zero in every row; leave it out.")
    if len(design.matrix) < len(design.names):
        raise NotEstimableError(
            f"{len(design.matrix)} rows cannot determine {len(design.names)} coefficients; use fewer covariates."
        )
    matrix = around_means(design.matrix, w)[0] * root
    gram = matrix.T @ matrix
    scale = np.sqrt(np.diag(gram))
    constant = [label for label, short in zip(design.names, scale <= 1e-14 * length, strict=True) if short]
    if constant:
        label = ", ".join(constant)
        raise NotEstimableError(
            f"Column {label} is a linear combination of the columns before it ({label} is constant); leave it out."
        )
    if np.linalg.eigvalsh(gram / np.outer(scale, scale))[0] > 1e-8:
        return
    unit = matrix / scale
    _, upper = np.linalg.qr(unit)
    diagonal = np.abs(np.diag(upper))
    dependent = [label for label, size in zip(design.names, diagonal, strict=True) if size < 1e-9]
    if dependent:
        raise NotEstimableError(
            f"Column {', '.join(dependent)} is a linear combination of the columns before it; leave it out."
        )


def fixed_in_clusters(matrix: Floats, codes: Integers) -> int:
    """Return how many dimensions of the columns tell only clusters apart, the intercept among them."""
    length = np.sqrt((matrix**2).sum(axis=0))
    unit = matrix / np.where(length > 0, length, 1.0)
    sizes = np.bincount(codes)
    means = np.column_stack([np.bincount(codes, weights=column) / sizes for column in unit.T])
    return int(matrix.shape[1] - np.linalg.matrix_rank(unit - means[codes], tol=1e-8))


def require_clusters_beyond(design: Columns, codes: Integers) -> None:
    """Raise `NotEstimableError` when coefficients that differ between clusters alone fit every cluster exactly."""
    m = int(codes.max()) + 1
    if len(design.names) >= m and fixed_in_clusters(design.matrix, codes) >= m:
        raise NotEstimableError(
            f"The covariates account for every difference between the {m} clusters, so nothing is left to see how "
            "clusters vary. Take fewer covariates of clusters, or more clusters."
        )


def require_enough_clusters(design: Columns, codes: Integers) -> bool:
    """Raise `NotEstimableError` when clusters are fewer than coefficients; say whether every cluster has its own.

    The covariance of coefficients, a sum over clusters, is singular then. Fixed effects of the clusters do not count:
    what differs within clusters is estimated as well without them (Pustejovsky & Tipton 2018).
    """
    m, p = int(codes.max()) + 1, len(design.names)
    own = p >= m and fixed_in_clusters(design.matrix, codes) >= m
    if own and p == m:
        require_clusters_beyond(design, codes)
    if (p - m if own else p) > m:
        what = "besides their fixed effects " if own else ""
        raise NotEstimableError(
            f"{m} clusters are fewer than the {p - m if own else p} coefficients {what}({', '.join(design.names)}): "
            "their robust covariance cannot be had. Take fewer covariates, or more clusters."
        )
    return own


def _integer_codes(values: npt.NDArray[np.generic]) -> tuple[Integers, tuple[str, ...]]:
    """Code integers that lie near one another by counting, without a sort."""
    low = int(values.min())
    shifted = values.astype(np.int64) - low
    levels = np.flatnonzero(np.bincount(shifted))
    code_of = np.zeros(int(shifted.max()) + 1, dtype=np.int64)
    code_of[levels] = np.arange(levels.size)
    return code_of[shifted], tuple(str(level + low) for level in levels.tolist())


def _from_array(values: object, *, name: str, n: int | None, names: Sequence[str] | None) -> Columns:
    try:
        matrix = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} must be numbers, or a mapping of named columns: {error}.") from error
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2 or matrix.size == 0:
        raise UsageError(f"{name} has shape {matrix.shape}; pass rows by columns, at least one of each.")
    if n is not None and matrix.shape[0] != n:
        raise UsageError(f"{name} has {matrix.shape[0]} rows and {n} are needed.")
    labels = tuple(str(label) for label in names) if names is not None else ()
    if names is not None and len(labels) != matrix.shape[1]:
        raise UsageError(f"names has {len(labels)} entries and {name} has {matrix.shape[1]} columns.")
    labels = labels or tuple(f"x{i + 1}" for i in range(matrix.shape[1]))
    for label, column in zip(labels, matrix.T, strict=True):
        as_vector(column, name=f"{name} column {label}")
    return Columns(matrix=matrix, names=labels)


def _expand(label: str, column: npt.NDArray[np.generic], *, n: int | None, every_level: bool) -> dict[str, Floats]:
    if column.ndim != 1:
        raise UsageError(f"Column {label} has shape {column.shape}; pass one value a row.")
    if column.dtype.kind in "biuf":
        return {label: as_vector(column, name=f"column {label}", n=n)}
    items = column.tolist()
    if all(isinstance(item, int | float) for item in items):
        return {label: as_vector(items, name=f"column {label}", n=n)}
    if n is not None and len(items) != n:
        raise UsageError(f"Column {label} has {len(items)} values and {n} are needed.")
    codes, levels = as_codes(column, name=f"column {label}", n=len(items))
    if len(levels) < 2:
        raise NotEstimableError(f"Column {label} has one level only ({levels[0]}); leave it out.")
    first = 0 if every_level and len(levels) > 2 else 1
    return {f"{label}[{levels[i]}]": (codes == i).astype(np.float64) for i in range(first, len(levels))}
