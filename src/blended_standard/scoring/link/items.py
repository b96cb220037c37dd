"""Item parameters as plain arrays, and the curves that linking compares.

Parametrisation: dichotomous P = c + (1 - c) logistic(D a (theta - b)); graded P(X >= k) = logistic(D a (theta - b_k));
partial credit P(X = k) proportional to exp(D a sum_{j <= k} (theta - b_j)).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, finite, result
from blended_standard.scoring.irt.fits import IrtFit
from blended_standard.scoring.irt.items import ItemParameters

Family = Literal["graded", "partial_credit"]
_WIDEST = 1e6  # no slope or location of a real item is near it
_FAMILIES = ("graded", "partial_credit")


@result
class ItemSet(Result):
    """Parameters of items on one scale: `a` (slopes), `b` (locations, one row an item), `c` (lower asymptotes).

    `b` has one column for dichotomous items; with more categories the columns past an item's last step are NaN in
    memory (written as None). `covariance` is that of the free parameters in the order a_1..a_V, then the steps of each
    item in turn, then c_1..c_V; rows of zeros stand for parameters that are known.
    """

    title = "Item parameters"
    names: tuple[str, ...]
    a: Floats = array()
    b: Floats = array()
    c: Floats = array()
    family: str = "graded"
    scaling: float = 1.0
    scale_id: str = ""
    covariance: Floats | None = array(default=None)

    def rows(self) -> list[Row]:
        """Return one row an item."""
        return [
            {
                "item": name,
                "a": float(self.a[i]),
                **{f"b{k + 1}" if self.b.shape[1] > 1 else "b": finite(step) for k, step in enumerate(self.b[i])},
                "c": float(self.c[i]),
            }
            for i, name in enumerate(self.names)
        ]

    def subset(self, keep: Sequence[int]) -> ItemSet:
        """Return the items at the positions `keep`, with the part of the covariance that is theirs."""
        chosen = np.asarray(keep, dtype=int)
        covariance = self.covariance
        if covariance is not None:
            where = _positions(self, chosen)
            covariance = covariance[np.ix_(where, where)]
        return ItemSet(
            names=tuple(self.names[i] for i in chosen),
            a=self.a[chosen],
            b=self.b[chosen],
            c=self.c[chosen],
            family=self.family,
            scaling=self.scaling,
            scale_id=self.scale_id,
            covariance=covariance,
        )


def items(
    a: npt.ArrayLike | None,
    b: npt.ArrayLike | Sequence[Sequence[float]],
    *,
    c: npt.ArrayLike | None = None,
    family: Family = "graded",
    names: Sequence[str] | None = None,
    a_se: npt.ArrayLike | None = None,
    b_se: npt.ArrayLike | Sequence[Sequence[float]] | None = None,
    covariance: npt.ArrayLike | None = None,
    scaling: float = 1.0,
    scale_id: str = "",
) -> ItemSet:
    """Gather item parameters for linking.

    Parameters
    ----------
    a : float array, shape (V,), or None
        Slopes, above 0. None: all 1 (Rasch, partial credit).
    b : float array, shape (V,), or a sequence of V sequences
        Locations; for items of more than two categories the steps (thresholds) of each item.
    c : float array, shape (V,), optional
        Lower asymptotes in [0, 1), dichotomous items only. Default 0.
    family : {"graded", "partial_credit"}
        Which model the steps belong to. Both are the same for two categories.
    names : sequence of str, optional
        Item identifiers. Default "1", "2", ...
    a_se, b_se : like `a` and `b`, optional
        Standard errors, taken as independent. Ignored when `covariance` is given.
    covariance : float array, shape (P, P), optional
        Covariance of (a_1..a_V, steps of item 1, ..., steps of item V) or of the same followed by c_1..c_V.
    scaling : float
        The constant D in the exponent: 1 for the logistic, 1.702 for the normal metric.
    scale_id : str
        Name of the scale that the parameters are on.

    Returns
    -------
    ItemSet

    Raises
    ------
    UsageError
        Wrong shapes, a slope at or below 0, an asymptote outside [0, 1), missing values.

    Examples
    --------
    >>> items([1.0, 1.2], [-0.5, 0.4]).b.shape
    (2, 1)
    """
    steps = _steps(b)
    count = len(steps)
    slopes = np.ones(count) if a is None else _vector("a", a, count)
    asymptotes = np.zeros(count) if c is None else _vector("c", c, count)
    _check(slopes, steps, asymptotes, family, scaling)
    labels = tuple(str(i + 1) for i in range(count)) if names is None else tuple(str(name) for name in names)
    if len(labels) != count or len(set(labels)) != count:
        raise UsageError(f"names must hold {count} different names, one an item, and got {len(labels)}.")
    made = ItemSet(
        names=labels,
        a=slopes,
        b=steps,
        c=asymptotes,
        family=family,
        scaling=float(scaling),
        scale_id=scale_id,
    )
    return _with_covariance(made, covariance, a_se, b_se)


def as_items(value: object, *, name: str = "items") -> ItemSet:
    """Read items from an `ItemSet`, a calibration or parameters of `scoring.irt`, or an array.

    Parameters
    ----------
    value : ItemSet, IrtFit, ItemParameters, or float array of shape (V,), (V, 2) or (V, 3)
        A calibration brings its covariance. A vector holds locations (slopes 1); columns are a, b and c.
    name : str
        The argument's name, for the message.

    Returns
    -------
    ItemSet

    Examples
    --------
    >>> as_items([[1.0, -0.5], [1.2, 0.4]]).a.tolist()
    [1.0, 1.2]
    """
    if isinstance(value, ItemSet):
        return value
    if isinstance(value, IrtFit):
        made = _from_parameters(value.items)
        return (
            made if value.threshold_covariance is None else _with_covariance(made, _fit_covariance(value), None, None)
        )
    if isinstance(value, ItemParameters):
        return _from_parameters(value)
    table = check.floats(name, value)
    if table.ndim == 1:
        return items(None, table)
    if table.ndim == 2 and table.shape[1] in (2, 3):
        return items(table[:, 0], table[:, 1], c=table[:, 2] if table.shape[1] == 3 else None)
    raise UsageError(
        f"{name} has shape {table.shape}; accepted are an ItemSet made by link.items(), a vector of locations, or a "
        "table with columns a, b and optionally c."
    )


def parameters(source: ItemSet) -> Floats:
    """Return the free parameters as one vector: slopes, steps item by item, asymptotes."""
    return np.concatenate([source.a, source.b[np.isfinite(source.b)], source.c])


def with_parameters(source: ItemSet, vector: Floats) -> tuple[Floats, Floats, Floats]:
    """Put a vector in the order of `parameters` back into arrays a, b, c."""
    count = len(source.names)
    steps = source.b.copy()
    present = np.isfinite(steps)
    total = int(present.sum())
    steps[present] = vector[count : count + total]
    return vector[:count], steps, vector[count + total :]


def category_probabilities(source: ItemSet, a: Floats, b: Floats, c: Floats, theta: Floats) -> Floats:
    """Return P(X = k), shape (points, items, categories), zero for categories that an item does not have."""
    present = np.isfinite(b)
    exponent = source.scaling * a[:, None] * (theta[:, None, None] - np.where(present, b, 0.0))
    shape = (len(theta), b.shape[0], b.shape[1] + 1)
    made = np.zeros(shape)
    if source.family == "graded" or b.shape[1] == 1:
        above = np.where(present, c[:, None] + (1 - c[:, None]) * _logistic(exponent), 0.0)
        made[:, :, 0] = 1.0
        made[:, :, 1:] = above
        made[:, :, :-1] -= above
        return made
    powers = np.zeros(shape)
    powers[:, :, 1:] = np.where(present, np.cumsum(np.where(present, exponent, 0.0), axis=2), -np.inf)
    weights = np.exp(powers - powers.max(axis=2, keepdims=True))
    return cast(Floats, weights / weights.sum(axis=2, keepdims=True))


def expected_scores(source: ItemSet, a: Floats, b: Floats, c: Floats, theta: Floats) -> Floats:
    """Return the expected score of each item, shape (points, items), categories scored 0, 1, 2, ..."""
    probabilities = category_probabilities(source, a, b, c, theta)
    return cast(Floats, probabilities @ np.arange(probabilities.shape[2], dtype=float))


def _from_parameters(given: ItemParameters) -> ItemSet:
    many = [j for j, steps in enumerate(given.thresholds) if len(steps) > 1]
    families = {"graded" if given.model[j] == "graded" else "partial_credit" for j in many} or {"graded"}
    if len(families) > 1:
        raise UsageError("items mix graded and partial credit models; link the items of one model at a time.")
    family: Family = "graded" if families == {"graded"} else "partial_credit"
    jumps = [given.item_ids[j] for j in many if family != "graded" and np.any(np.diff(given.categories[j]) != 1)]
    if jumps:
        raise UsageError(f"item {jumps[0]} has unused codes between its categories; leave it out of the anchors.")
    return items(
        given.slope,
        given.thresholds,
        c=given.guessing,
        family=family,
        names=given.item_ids,
        scale_id=given.scale_id,
    )


def _fit_covariance(fit: IrtFit) -> Floats:
    """Spread the covariance of the free parameters over all parameters, zero where they are held."""
    given = fit.items
    labels = [f"{name}.slope" for name in given.item_ids]
    labels += [
        f"{name}.intercept{k}"
        for name, steps in zip(given.item_ids, given.thresholds, strict=True)
        for k in range(1, len(steps) + 1)
    ]
    labels += [f"{name}.logit_guessing" for name in given.item_ids]
    place = {name: k for k, name in enumerate(fit.parameter_names)}
    common = place.get("common.slope")
    found = [place.get(name, common if name.endswith(".slope") else None) for name in labels]
    known = [k for k, where in enumerate(found) if where is not None]
    source = [where for where in found if where is not None]
    made = np.zeros((len(labels), len(labels)))
    if fit.threshold_covariance is not None:
        made[np.ix_(known, known)] = fit.threshold_covariance[np.ix_(source, source)]
    return made


def _logistic(x: Floats) -> Floats:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _steps(b: Any) -> Floats:
    try:
        listed = [np.atleast_1d(np.asarray(row, dtype=float)) for row in b]
    except (TypeError, ValueError) as error:
        raise UsageError("b must hold numbers: one location an item, or one sequence of steps an item.") from error
    if not listed or any(row.ndim != 1 or row.size == 0 for row in listed):
        raise UsageError("b must hold at least one item, each with at least one step.")
    made = np.full((len(listed), max(row.size for row in listed)), np.nan)
    for i, row in enumerate(listed):
        made[i, : row.size] = row
    return made


def _vector(name: str, values: npt.ArrayLike, count: int) -> Floats:
    made = check.floats(name, values)
    if made.shape != (count,):
        raise UsageError(f"{name} has shape {made.shape}; b has {count} items, so {name} must have shape ({count},).")
    return made


def _check(a: Floats, b: Floats, c: Floats, family: str, scaling: float) -> None:
    if not (np.all(np.isfinite(a)) and np.all(a > 0)):
        raise UsageError("a holds a value that is missing or not above 0; slopes must be above 0.")
    present = np.isfinite(b)
    if np.any(np.isinf(b)) or not np.all(present[:, 0]) or np.any(present[:, 1:] & ~present[:, :-1]):
        raise UsageError("b holds a missing or infinite step; give each item's steps in order and without gaps.")
    ends = np.max(a, initial=1.0), 1 / max(np.min(a, initial=1.0), 1e-300), np.max(np.abs(b[present]), initial=0.0)
    if max(ends) > _WIDEST:
        raise UsageError(f"a must lie between {1 / _WIDEST:g} and {_WIDEST:g}, and b within {_WIDEST:g} of 0.")
    if not (np.all(np.isfinite(c)) and np.all((c >= 0) & (c < 1))):
        raise UsageError("c holds a value outside [0, 1).")
    if np.any((c > 0) & (present.sum(axis=1) > 1)):
        raise UsageError("c is above 0 for an item of more than two categories; asymptotes are for dichotomous items.")
    if family not in _FAMILIES:
        raise UsageError(f"family={family!r} is not one of {', '.join(_FAMILIES)}.")
    check.positive("scaling", scaling)


def _with_covariance(made: ItemSet, covariance: Any, a_se: Any, b_se: Any) -> ItemSet:
    import attrs

    total, count = parameters(made).size, len(made.names)
    if covariance is not None:
        given = check.floats("covariance", covariance)
        if given.shape == (total - count, total - count):
            given = np.pad(given, (0, count))
        if given.shape != (total, total) or not np.all(np.isfinite(given)):
            raise UsageError(
                f"covariance has shape {given.shape}; it must be {total - count} or {total} square, finite."
            )
        return cast(ItemSet, attrs.evolve(cast(Any, made), covariance=given))
    if a_se is None and b_se is None:
        return made
    errors = np.zeros(total)
    if a_se is not None:
        errors[:count] = _vector("a_se", a_se, count)
    if b_se is not None:
        steps = _steps(b_se)
        if steps.shape != made.b.shape or np.any(np.isfinite(steps) != np.isfinite(made.b)):
            raise UsageError("b_se must have the same shape as b.")
        errors[count : total - count] = steps[np.isfinite(steps)]
    if not np.all(np.isfinite(errors)) or np.any(errors < 0):
        raise UsageError("a_se and b_se must be 0 or above, with none missing.")
    return cast(ItemSet, attrs.evolve(cast(Any, made), covariance=np.diag(errors**2)))


def _positions(source: ItemSet, chosen: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    count = len(source.names)
    per_item = np.isfinite(source.b).sum(axis=1)
    first = count + np.concatenate([[0], np.cumsum(per_item)])
    steps = np.concatenate([np.arange(first[i], first[i] + per_item[i]) for i in chosen])
    return np.asarray(np.concatenate([chosen, steps, first[-1] + chosen]), dtype=int)
