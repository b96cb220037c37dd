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

    The function returns one row a unit with `episode_id`, the columns that the statistic of the definition needs
    (ratios: `x`, `y`; time to event: `time`, `event`) and `excluded`, the id of the exclusion that applies or null.
    `covered` and `needed`, where they are there, say how much of the evidence needed was there.
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
