"""The result of linking two scales, and what every method of linking shares: matching, error propagation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast, overload

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.irt.items import ItemParameters
from blended_standard.scoring.link.items import ItemSet, as_items


@result
class Link(Result):
    """A linear link of scales: theta on `scale_to` = `slope` * theta on `scale_from` + `intercept`.

    `criterion` is the minimised loss, `direction`, `grid` and `compared` the conventions that move the third decimal
    of a characteristic-curve link; they are empty for the moment methods.
    """

    title = "Scale link"
    method: str
    slope: float
    intercept: float
    slope_se: float | None = None
    intercept_se: float | None = None
    covariance: Floats | None = array(default=None)
    scale_from: str = ""
    scale_to: str = ""
    n_items: int = 0
    direction: str = ""
    grid: str = ""
    compared: str = ""
    scaling: float = 1.0
    criterion: float | None = None
    se_method: str = ""
    reason: str | None = None

    def transform(self, theta: npt.ArrayLike) -> Floats:
        """Return abilities on the scale `scale_to`, same shape as `theta`."""
        return self.slope * check.floats("theta", theta) + self.intercept

    def transform_se(self, theta: npt.ArrayLike, se: npt.ArrayLike = 0.0) -> Floats:
        """Return standard errors of transformed abilities: that of the link and, where given, of theta itself."""
        if self.covariance is None:
            raise NotEstimableError("The link has no standard error: give items with a_se, b_se or covariance.")
        at = check.floats("theta", theta)
        own = (self.slope * check.floats("se", se)) ** 2
        between = self.covariance
        return cast(Floats, np.sqrt(at**2 * between[0, 0] + 2 * at * between[0, 1] + between[1, 1] + own))

    @overload
    def transform_items(self, items: ItemParameters) -> ItemParameters: ...

    @overload
    def transform_items(self, items: ItemSet | npt.ArrayLike) -> ItemSet: ...

    def transform_items(self, items: ItemParameters | ItemSet | npt.ArrayLike) -> ItemParameters | ItemSet:
        """Return the items on the scale `scale_to`: a / slope, slope * b + intercept, c as it was.

        Parameters of `scoring.irt` come back as such, ready to score with. The covariance of an `ItemSet` is carried
        over with the link taken as known.
        """
        if (
            isinstance(items, ItemParameters | ItemSet)
            and self.scale_from
            and items.scale_id not in ("", self.scale_from)
        ):
            raise UsageError(
                f"items are on scale {items.scale_id!r} and this link starts at {self.scale_from!r}; link that scale "
                "first."
            )
        if isinstance(items, ItemParameters):
            scale_id = self.scale_to or items.scale_id
            return items.rescaled(slope=self.slope, intercept=self.intercept, scale_id=scale_id)
        source = as_items(items)
        a, b, c = _moved(source, self.slope, self.intercept)
        covariance = source.covariance
        if covariance is not None:
            steps = int(np.isfinite(b).sum())
            factors = np.concatenate([np.full(len(a), 1 / self.slope), np.full(steps, self.slope), np.ones(len(c))])
            covariance = covariance * np.outer(factors, factors)
        made: ItemSet = attrs.evolve(cast(Any, source), a=a, b=b, c=c, covariance=covariance, scale_id=self.scale_to)
        return made

    def inverse(self) -> Link:
        """Return the link back, with its standard errors by the delta method."""
        slope, intercept = 1 / self.slope, -self.intercept / self.slope
        change = np.array([[-(slope**2), 0.0], [self.intercept * slope**2, -slope]])
        back = {"from": "to", "to": "from"}.get(self.direction, self.direction)
        covariance = None if self.covariance is None else change @ self.covariance @ change.T
        slope_se, intercept_se = standard_errors(covariance)
        made: Link = attrs.evolve(
            cast(Any, self),
            slope=slope,
            intercept=intercept,
            slope_se=slope_se,
            intercept_se=intercept_se,
            covariance=covariance,
            direction=back,
            scale_from=self.scale_to,
            scale_to=self.scale_from,
        )
        return made

    def then(self, other: Link) -> Link:
        """Return the chain of this link and `other` (errors of the two taken as independent)."""
        if self.scale_to and other.scale_from and self.scale_to != other.scale_from:
            raise UsageError(f"this link ends at {self.scale_to!r} and the other starts at {other.scale_from!r}.")
        onward = np.array([[other.slope, 0.0], [0.0, other.slope]])
        ahead = np.array([[self.slope, 0.0], [self.intercept, 1.0]])
        covariance = None
        if self.covariance is not None and other.covariance is not None:
            covariance = onward @ self.covariance @ onward.T + ahead @ other.covariance @ ahead.T
        slope_se, intercept_se = standard_errors(covariance)
        return Link(
            method=f"{self.method}, then {other.method}",
            slope=self.slope * other.slope,
            intercept=other.slope * self.intercept + other.intercept,
            slope_se=slope_se,
            intercept_se=intercept_se,
            covariance=covariance,
            scale_from=self.scale_from,
            scale_to=other.scale_to,
            n_items=min(self.n_items, other.n_items),
            scaling=self.scaling,
            se_method=self.se_method if covariance is not None else "",
        )

    def rows(self) -> list[Row]:
        """Return the two constants, one a row."""
        constants = (("slope", self.slope, self.slope_se), ("intercept", self.intercept, self.intercept_se))
        return [{"constant": name, "value": value, "se": se, "method": self.method} for name, value, se in constants]


def matched_sets(items_from: object, items_to: object) -> tuple[ItemSet, ItemSet]:
    """Read two sets of anchors: items in common by name where both are named, else by position."""
    source, target = as_items(items_from, name="items_from"), as_items(items_to, name="items_to")
    if all(tuple(str(i + 1) for i in range(len(s.names))) != s.names for s in (source, target)):
        source, target = _in_common(source, target)
    if source.b.shape != target.b.shape or np.any(np.isfinite(source.b) != np.isfinite(target.b)):
        raise UsageError(
            f"items_from and items_to must be the same anchors in the same order: {len(source.names)} items with "
            f"{int(np.isfinite(source.b).sum())} steps against {len(target.names)} with "
            f"{int(np.isfinite(target.b).sum())}."
        )
    if source.scaling != target.scaling:
        raise UsageError(
            f"items_from has scaling {source.scaling} and items_to {target.scaling}; bring both to one constant D."
        )
    if source.family != target.family and source.b.shape[1] > 1:
        raise UsageError(f"items_from is {source.family} and items_to {target.family}; both must be one model.")
    return source, target


def _in_common(source: ItemSet, target: ItemSet) -> tuple[ItemSet, ItemSet]:
    shared = [name for name in source.names if name in target.names]
    if not shared:
        raise UsageError(
            f"items_from ({', '.join(source.names[:3])}, ...) and items_to ({', '.join(target.names[:3])}, ...) have "
            "no item name in common; anchors are matched by name."
        )
    places = [[s.names.index(name) for name in shared] for s in (source, target)]
    return source.subset(places[0]), target.subset(places[1])


def moved_arrays(
    arrays: tuple[Floats, Floats, Floats], slope: float, intercept: float
) -> tuple[Floats, Floats, Floats]:
    """Return arrays a, b, c on the scale theta* = slope theta + intercept."""
    a, b, c = arrays
    return a / slope, slope * b + intercept, c


def check_slope(fixed: float | None) -> None:
    """Refuse a held slope that is not above 0."""
    if fixed is not None:
        check.positive("slope", fixed)


def propagate(jacobians: tuple[Floats, Floats], first: Floats, second: Floats) -> Floats:
    """Return the covariance of a function of two independent parameter vectors."""
    one, other = jacobians
    return one @ first @ one.T + other @ second @ other.T


def jacobian(function: Callable[[Floats], Floats], at: Floats) -> Floats:
    """Differentiate a vector function by central differences."""
    columns = []
    for i, value in enumerate(at):
        step = 1e-4 * max(1.0, abs(value))
        shift = np.zeros_like(at)
        shift[i] = step
        columns.append((function(at + shift) - function(at - shift)) / (2 * step))
    return np.stack(columns, axis=-1)


def standard_errors(covariance: Floats | None) -> tuple[float | None, float | None]:
    """Return the standard errors of slope and intercept, or None for both."""
    if covariance is None:
        return None, None
    root = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    return float(root[0]), float(root[1])


def make_link(
    method: str,
    constants: Floats,
    covariance: Floats | None,
    source: ItemSet,
    target: ItemSet,
    *,
    direction: str = "",
    grid: str = "",
    compared: str = "",
    criterion: float | None = None,
) -> Link:
    """Assemble the result of a linking method."""
    slope_se, intercept_se = standard_errors(covariance)
    known = covariance is not None
    return Link(
        method=method,
        slope=float(constants[0]),
        intercept=float(constants[1]),
        slope_se=slope_se,
        intercept_se=intercept_se,
        covariance=covariance,
        scale_from=source.scale_id,
        scale_to=target.scale_id,
        n_items=len(source.names),
        direction=direction,
        grid=grid,
        compared=compared,
        scaling=source.scaling,
        criterion=criterion,
        se_method="delta method from the item covariances" if known else "",
        reason=None if known else "no standard errors: both item sets need a_se, b_se or covariance",
    )


def _moved(source: ItemSet, slope: float, intercept: float) -> tuple[Floats, Floats, Floats]:
    return moved_arrays((source.a, source.b, source.c), slope, intercept)
