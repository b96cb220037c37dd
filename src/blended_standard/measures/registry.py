"""Binds each measure of the spec to the one function that computes its units, by id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from blended_standard.errors import SpecError
from blended_standard.measures.blocks import Blocks
from blended_standard.spec.definitions import Value

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

Parameters = Mapping[str, Value]
UnitFunction = Callable[[Blocks, Parameters], "nw.LazyFrame[Any]"]

_FUNCTIONS: dict[str, UnitFunction] = {}


def measure(*ids: str) -> Callable[[UnitFunction], UnitFunction]:
    """Bind the function below to the measures named.

    The function returns one row a unit with `episode` or `episode_id`, the columns that the statistic of the definition
    needs and `excluded`, the id of the exclusion that applies or null:

    - ratio_of_sums: `x`, `y`, and optionally `lost`, the part of `y` whose outcome is unknown and which `x` leaves
      out: the result then has bounds, from none to all of it in `x`;
    - mean, median: `x`; for the median and its histogram it is rounded to whole ticks (`combine.ticks` to the unit);
    - survival, cumulative_incidence (at the parameter `horizon_days`), median_time: `time` in ticks, `event` with the
      codes of `numeric.events`; restricted_mean reads the same, up to `horizon_days`;
    - kappa, weighted_kappa: `x` and `y`, the scores that two raters gave.

    A unit whose first column (`x`, `time`) is null is not observed: it leaves the statistic, and still counts in
    `covered` and `needed`, which say, where they are there, how much of the evidence needed was there.

    A component of the definition (`components`) reads the same columns with its id appended: `x_online`, `y_online`.
    """

    def bind(function: UnitFunction) -> UnitFunction:
        _FUNCTIONS.update(dict.fromkeys(ids, function))
        return function

    return bind


def unit_function(measure_id: str) -> UnitFunction:
    """Return the function of a measure."""
    if measure_id not in _FUNCTIONS:
        raise SpecError(f"{measure_id} is defined in the standard and not implemented by this version of the library.")
    return _FUNCTIONS[measure_id]
