"""Item parameters as every IRT function takes and returns them, and the curves they imply.

The exponent is `slope * theta + intercept` (logistic, D = 1). Thresholds lie on the ability scale, so under
`theta* = A theta + B` every model maps alike: `slope / A`, `A * threshold + B`, guessing unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.irt._kernels import KIND_OF_MODEL, Kind, log_probability, theta_curves

Model = Literal["rasch", "1pl", "2pl", "3pl", "graded", "pcm", "gpcm"]
MODELS: tuple[str, ...] = get_args(Model)


@result
class ItemParameters(Result):
    """The parameters of a set of items on one scale; make it with `item_parameters` or take `fit(...).items`.

    Attributes
    ----------
    item_ids : tuple of str, length J
    model : tuple of str, length J
        rasch, 1pl, 2pl, 3pl, graded, pcm or gpcm, item by item.
    slope : float array, shape (J,)
        Discrimination `a` in the logistic metric (D = 1); 1 for rasch and pcm.
    thresholds : tuple of J tuples of K_j - 1 floats
        Ability scale. Dichotomous: difficulty b = -d / a. Graded: b_k = -d_k / a. (Generalized) partial credit:
        steps b_k = -(d_k - d_(k-1)) / (a * (code_k - code_(k-1))), which need not be ordered.
    guessing : float array, shape (J,)
        Lower asymptote c; 0 except for 3pl.
    categories : tuple of J tuples of K_j ints
        The codes as they stand in the data, lowest first; a code that nobody used is absent, not renumbered.
    scale_id : str
        Name of the ability scale; two sets of items are comparable only when it is the same.
    """

    title = "Item parameters"

    item_ids: tuple[str, ...]
    model: tuple[str, ...]
    slope: Floats = array()
    thresholds: tuple[tuple[float, ...], ...]
    guessing: Floats = array()
    categories: tuple[tuple[int, ...], ...]
    scale_id: str = ""

    def __len__(self) -> int:
        return len(self.item_ids)

    @property
    def location(self) -> Floats:
        """Mean of the thresholds of each item, shape (J,): the difficulty b of a dichotomous item."""
        return np.array([float(np.mean(steps)) for steps in self.thresholds])

    @property
    def intercepts(self) -> tuple[tuple[float, ...], ...]:
        """The intercepts d of `slope * theta + d`, as mirt reports them: d = -a b, and summed steps for gpcm."""
        return tuple(
            tuple(float(d) for d in _intercepts(KIND_OF_MODEL[model], float(a), np.array(b), codes))
            for model, a, b, codes in zip(self.model, self.slope, self.thresholds, self.categories, strict=True)
        )

    def select(self, item_ids: Sequence[str]) -> ItemParameters:
        """Return the items named, in the order named."""
        position = {name: place for place, name in enumerate(self.item_ids)}
        unknown = [name for name in item_ids if name not in position]
        if unknown:
            raise UsageError(f"item_ids names {unknown[0]!r}, which is not among: {', '.join(self.item_ids)}.")
        places = [position[name] for name in item_ids]
        return ItemParameters(
            item_ids=tuple(item_ids),
            model=tuple(self.model[i] for i in places),
            slope=self.slope[places],
            thresholds=tuple(self.thresholds[i] for i in places),
            guessing=self.guessing[places],
            categories=tuple(self.categories[i] for i in places),
            scale_id=self.scale_id,
        )

    def rescaled(self, *, slope: float, intercept: float, scale_id: str) -> ItemParameters:
        """Return the items on the scale `theta* = slope * theta + intercept`."""
        if not slope > 0:
            raise UsageError(f"slope={slope!r} is not accepted: pass a number above 0.")
        return ItemParameters(
            item_ids=self.item_ids,
            model=self.model,
            slope=self.slope / slope,
            thresholds=tuple(tuple(slope * b + intercept for b in steps) for steps in self.thresholds),
            guessing=self.guessing,
            categories=self.categories,
            scale_id=scale_id,
        )

    def rows(self) -> list[Row]:
        """Return one row an item: item, model, slope, the thresholds b1.., guessing."""
        made: list[Row] = []
        for place, name in enumerate(self.item_ids):
            row: Row = {"item": name, "model": self.model[place], "slope": float(self.slope[place])}
            steps = self.thresholds[place]
            row |= {f"b{k}" if len(steps) > 1 else "b": value for k, value in enumerate(steps, start=1)}
            made.append(row | {"guessing": float(self.guessing[place])})
        return made


@result
class ProbabilityCurves(Result):
    """Category and expected-score curves at given abilities.

    Attributes
    ----------
    theta : float array, shape (T,)
    probability : float array, shape (T, J, K)
        K is the largest number of categories; entries past an item's own categories are 0. For dichotomous items
        `probability[:, :, 1]` is P(right).
    expected_score : float array, shape (T, J)
        Sum over categories of code times probability.
    test_characteristic : float array, shape (T,)
        Sum of the expected scores.
    """

    title = "Response curves"

    item_ids: tuple[str, ...]
    theta: Floats = array()
    probability: Floats = array()
    expected_score: Floats = array()
    test_characteristic: Floats = array()

    def rows(self) -> list[Row]:
        """Return one row an ability: theta, the expected score of each item and of the test."""
        return _curve_rows(self.theta, self.item_ids, self.expected_score, self.test_characteristic, "expected_score")


@result
class InformationCurves(Result):
    """Fisher information about ability at given abilities: `item` (T, J) and their sum `test` (T,)."""

    title = "Information curves"

    item_ids: tuple[str, ...]
    theta: Floats = array()
    item: Floats = array()
    test: Floats = array()

    def rows(self) -> list[Row]:
        """Return one row an ability: theta, the information of each item and of the test."""
        return _curve_rows(self.theta, self.item_ids, self.item, self.test, "information")


class Block(NamedTuple):
    """Items of one kind with one number of categories, as the kernels take them."""

    kind: Kind
    places: npt.NDArray[np.intp]
    parameters: Floats
    weights: Floats


def item_parameters(
    slope: npt.ArrayLike,
    thresholds: npt.ArrayLike | Sequence[Sequence[float]],
    *,
    model: Model | Sequence[str] = "2pl",
    guessing: npt.ArrayLike = 0.0,
    item_ids: Sequence[str] | None = None,
    categories: Sequence[Sequence[int]] | None = None,
    scale_id: str = "",
) -> ItemParameters:
    """Gather known item parameters, checked, in the container that scoring, linking and DIF take.

    Parameters
    ----------
    slope : float array, shape (J,) or a number for all items
        Discrimination, logistic metric (D = 1). Divide a normal-metric slope by nothing: multiply it by 1.702 first.
    thresholds : float array, shape (J,), or J sequences of K_j - 1 floats
        Difficulties of dichotomous items, or the thresholds or steps of polytomous items, on the ability scale.
    model : str or J strings
        rasch, 1pl, 2pl, 3pl, graded, pcm or gpcm.
    guessing : float array, shape (J,) or a number
        Lower asymptote, 0 to below 1; must be 0 unless the model is 3pl.
    item_ids : J strings, optional
        Default: item1 .. itemJ.
    categories : J sequences of K_j ints, optional
        Codes in the data, rising. Default: 0 .. K_j - 1.
    scale_id : str
        Name of the ability scale.

    Raises
    ------
    UsageError
        Lengths that do not fit, a slope of 0, unordered graded thresholds, an unknown model.

    Examples
    --------
    >>> items = item_parameters([1.2, 0.8], [-0.5, 0.3])
    >>> items.intercepts
    ((0.6,), (-0.24,))
    """
    try:
        steps = tuple(tuple(np.atleast_1d(np.asarray(row, dtype=float)).tolist()) for row in thresholds)  # type: ignore[union-attr]
    except (TypeError, ValueError) as error:
        raise UsageError("thresholds must hold one number, or one sequence of numbers, an item.") from error
    count = len(steps)
    models = (model,) * count if isinstance(model, str) else tuple(model)
    ids = tuple(f"item{j + 1}" for j in range(count)) if item_ids is None else tuple(str(name) for name in item_ids)
    codes = (
        tuple(tuple(range(len(row) + 1)) for row in steps)
        if categories is None
        else tuple(tuple(int(code) for code in row) for row in categories)
    )
    a, c = _broadcast("slope", slope, count), _broadcast("guessing", guessing, count)
    for name, length in (("model", len(models)), ("item_ids", len(ids)), ("categories", len(codes))):
        if length != count:
            raise UsageError(f"{name} has {length} entries for {count} items in thresholds: pass one an item.")
    if len(set(ids)) != count:
        raise UsageError("item_ids repeats a name: every item needs its own.")
    for j in range(count):
        _check_item(ids[j], models[j], float(a[j]), steps[j], float(c[j]), codes[j])
    return ItemParameters(
        item_ids=ids, model=models, slope=a, thresholds=steps, guessing=c, categories=codes, scale_id=scale_id
    )


def probability(items: ItemParameters, theta: npt.ArrayLike) -> ProbabilityCurves:
    """Return category probabilities, expected item scores and the test characteristic curve.

    Parameters
    ----------
    items : ItemParameters
    theta : float array, shape (T,) or a number
        Abilities on the scale of the items; no missing values.

    Raises
    ------
    UsageError
        `theta` is not finite.

    Examples
    --------
    >>> curves = probability(item_parameters([1.0], [0.0]), [0.0])
    >>> float(curves.probability[0, 0, 1])
    0.5
    """
    points = _abilities(theta)
    p = category_probability(items, points)
    codes = np.zeros((len(items), p.shape[2]))
    for j, row in enumerate(items.categories):
        codes[j, : len(row)] = row
    expected = np.einsum("tjk,jk->tj", p, codes)
    return ProbabilityCurves(
        item_ids=items.item_ids,
        theta=points,
        probability=p,
        expected_score=expected,
        test_characteristic=expected.sum(axis=1),
    )


def information(items: ItemParameters, theta: npt.ArrayLike) -> InformationCurves:
    """Return the Fisher information of each item and of the test, sum over categories of P'^2 / P.

    Parameters
    ----------
    items : ItemParameters
    theta : float array, shape (T,) or a number
        Abilities on the scale of the items; no missing values.

    Raises
    ------
    UsageError
        `theta` is not finite.

    Notes
    -----
    Source: Samejima (1969); for the two-parameter model a^2 P (1 - P). 1 / sqrt(test) is the large-sample standard
    error of the maximum likelihood ability.

    Examples
    --------
    >>> float(information(item_parameters([2.0], [0.0]), 0.0).test[0])
    1.0
    """
    points = _abilities(theta)
    made = np.zeros((len(items), len(points)))
    for block in blocks(items):
        curves = theta_curves(block.kind, block.parameters, points, block.weights)
        made[block.places] = (curves.first**2 / np.maximum(curves.p, 1e-300)).sum(axis=1)
    return InformationCurves(item_ids=items.item_ids, theta=points, item=made.T, test=made.sum(axis=0))


def category_probability(items: ItemParameters, theta: Floats) -> Floats:
    """Return P as a plain array (points, items, categories), padded with 0: for code that calls it in a loop."""
    most = max(len(row) for row in items.categories)
    made = np.zeros((len(items), most, len(theta)))
    for block in blocks(items):
        logs = log_probability(block.kind, block.parameters, theta, block.weights)
        made[block.places, : logs.shape[1]] = np.exp(logs)
    return np.ascontiguousarray(made.transpose(2, 0, 1))


def blocks(items: ItemParameters) -> list[Block]:
    """Group the items by kind and number of categories, in the intercept form that the kernels take."""
    keys = [(KIND_OF_MODEL[model], len(codes)) for model, codes in zip(items.model, items.categories, strict=True)]
    intercepts = items.intercepts
    made = []
    for kind, count in dict.fromkeys(keys):
        index = np.array([j for j, key in enumerate(keys) if key == (kind, count)], dtype=np.intp)
        columns = [items.slope[index, None], np.array([intercepts[j] for j in index])]
        if kind == "guessing":
            c = np.clip(items.guessing[index, None], 1e-12, None)
            columns.append(np.log(c / (1 - c)))
        codes = np.array([items.categories[j] for j in index], dtype=float)
        made.append(Block(kind, index, np.hstack(columns), codes - codes[:, :1]))
    return made


def thresholds_of(kind: Kind, slope: float, intercepts: Floats, codes: Sequence[int]) -> tuple[float, ...]:
    """Return thresholds (ability scale) from intercepts; the inverse of `ItemParameters.intercepts`."""
    if kind != "partial":
        return tuple((-intercepts / slope).tolist())
    jumps = np.diff(np.concatenate([[0.0], intercepts]))
    return tuple((-jumps / (slope * np.diff(np.asarray(codes, dtype=float)))).tolist())


def _intercepts(kind: Kind, slope: float, thresholds: Floats, codes: Sequence[int]) -> Floats:
    if kind != "partial":
        return -slope * thresholds
    jumps: Floats = -slope * thresholds * np.diff(np.asarray(codes, dtype=float))
    summed: Floats = np.cumsum(jumps)
    return summed


def _check_item(
    name: str, model: str, slope: float, steps: tuple[float, ...], guessing: float, codes: tuple[int, ...]
) -> None:
    if model not in MODELS:
        raise UsageError(f"model={model!r} is not one of {', '.join(MODELS)}.")
    if not (np.isfinite(slope) and slope != 0 and np.all(np.isfinite(steps))):
        raise UsageError(f"item {name}: slope={slope!r} and thresholds={steps!r} must be finite, the slope not 0.")
    if len(codes) != len(steps) + 1 or any(np.diff(codes) <= 0):
        raise UsageError(
            f"item {name}: categories={codes!r} must rise and be one more than the {len(steps)} thresholds."
        )
    if KIND_OF_MODEL[model] in ("logistic", "guessing") and codes != (0, 1):
        raise UsageError(f"item {name}: model {model} takes the codes 0 and 1, and got {codes!r}. Use graded or gpcm.")
    if model == "graded" and any(np.diff(steps) * np.sign(slope) <= 0):
        raise UsageError(f"item {name}: graded thresholds must rise with a positive slope, and got {steps!r}.")
    if not 0 <= guessing < 1 or (guessing > 0 and model != "3pl"):
        raise UsageError(f"item {name}: guessing={guessing!r} must be in 0 to 1, and 0 unless the model is 3pl.")


def _broadcast(name: str, values: npt.ArrayLike, count: int) -> Floats:
    made = check.floats(name, values)
    if made.ndim == 0:
        made = np.full(count, float(made))
    if made.shape != (count,):
        raise UsageError(f"{name} has shape {made.shape} for {count} items: pass one number an item.")
    return made


def _abilities(theta: npt.ArrayLike) -> Floats:
    return check.vector("theta", np.atleast_1d(check.floats("theta", theta)))


def _curve_rows(theta: Floats, item_ids: tuple[str, ...], values: Floats, total: Floats, what: str) -> list[Row]:
    made: list[Row] = []
    for i, t in enumerate(theta):
        row: Row = {"theta": float(t), what: float(total[i])}
        made.append(row | {name: float(value) for name, value in zip(item_ids, values[i], strict=True)})
    return made
