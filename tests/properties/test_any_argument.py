"""Whatever is passed to a function of `compare` or `scoring`: a result without a silent NaN, or a refusal of ours.

Each function is called as in the example of its docstring, with one argument replaced by something else.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import math
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

from blended_standard.errors import BlendedStandardError, UsageError
from blended_standard.results import Result

_NUMBERS = (math.nan, math.inf, -math.inf, -1, 0, 1, 2, 0.5, 1e300, 1e-300, 5e-324, "x", None)


def _modules(name: str) -> Iterator[ModuleType]:
    module = importlib.import_module(name)
    yield module
    for inner in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield from _modules(f"{name}.{inner.name}")


def _functions() -> dict[str, tuple[ModuleType, Callable[..., Any]]]:
    found = {}
    for module in (*_modules("blended_standard.compare"), *_modules("blended_standard.scoring")):
        for name, function in vars(module).items():
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if own and not name.startswith("_") and function.__doc__ and f"{name}(" in function.__doc__:
                found[f"{module.__name__.removeprefix('blended_standard.')}.{name}"] = (module, function)
    return found


FUNCTIONS = _functions()


def _example(module: ModuleType, function: Callable[..., Any], patch: pytest.MonkeyPatch) -> inspect.BoundArguments:
    """Run the docstring's example and return the arguments of the first call of the function in it."""
    calls: list[inspect.BoundArguments] = []
    signature = inspect.signature(function)

    def recorded(*args: Any, **kwargs: Any) -> Any:
        calls.append(signature.bind(*args, **kwargs))
        return function(*args, **kwargs)

    with patch.context() as inside:
        for place in [each for name, each in sys.modules.items() if name.startswith("blended_standard")]:
            for name, value in list(vars(place).items()):
                if value is function:
                    inside.setattr(place, name, recorded)
        space = dict(vars(module))
        for example in doctest.DocTestParser().get_examples(function.__doc__ or ""):
            exec(compile(example.source, "<example>", "exec"), space)
            if calls:
                return calls[0]
    pytest.fail(f"the example of {function.__name__} does not call it")


def _others(value: Any) -> Iterator[Any]:
    """Yield what may stand in the place of an argument."""
    if isinstance(value, bool):
        return
    if isinstance(value, str):
        yield from ("zzz", "", None)
    elif isinstance(value, int | float | np.number):
        yield from _NUMBERS
    elif isinstance(value, dict):
        yield {}
        for name, part in value.items():
            yield from ({**value, name: other} for other in _others(part))
    elif isinstance(value, list | tuple | np.ndarray):
        yield from _other_arrays(value)


def _other_arrays(value: Any) -> Iterator[Any]:
    try:
        array = np.array(value)
    except ValueError:
        return
    if not array.size or isinstance(array.flat[0], Result):
        return
    yield from (array[:0], array[:1], array[:-1], np.full(array.shape, array.flat[0]), [None] * len(array))
    if array.dtype.kind in "ifb":
        numbers = array.astype(float)
        for place, other in ((0, np.nan), (-1, np.inf)):
            one = numbers.copy()
            one.flat[place] = other
            yield one
        yield from (np.full(array.shape, np.nan), 0 * numbers, -numbers, numbers * 1e200, numbers * 1e-200)
        yield from (numbers * 1e-160, np.where(numbers != 0, 5e-324, 0.0), np.resize([0.0, 5e-324], array.shape))
        yield from (numbers.tolist(), numbers[None], numbers[::-1], [str(each) for each in numbers.ravel()], 1.0)


def _tied(arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all numeric arrays at once, each with one value throughout."""
    arrays = {name: _numeric(value) for name, value in arguments.items()}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    for fill in (lambda array: array.flat[0], lambda array: array.flat[-1], lambda _: 0.0, lambda _: 1.0):
        yield {name: np.full(array.shape, fill(array)) for name, array in arrays.items()}


def _numeric(value: Any) -> Any:
    try:
        array = np.array(value) if isinstance(value, list | tuple | np.ndarray) else np.empty(0)
    except ValueError:
        return None
    return array if array.size and array.dtype.kind in "if" else None


def _silent(value: Any) -> Iterator[float]:
    """Yield numbers of a result that are none; arrays say in their docstrings what NaN means there."""
    if isinstance(value, float) and not math.isfinite(value):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _silent(part)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from _silent(getattr(value, field.name))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_odd_argument_gives_a_result_or_a_refusal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, function = FUNCTIONS[name]
    usual = _example(module, function, monkeypatch)
    changes = [{argument: other} for argument, value in usual.arguments.items() for other in _others(value)]
    for change in (*changes, *_tied(usual.arguments)):
        given = inspect.BoundArguments(usual.signature, usual.arguments.copy())
        given.arguments.update(change)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                found = function(*given.args, **given.kwargs)
            except BlendedStandardError:
                continue
            except Exception as error:
                pytest.fail(f"{change}: {type(error).__name__}: {error}")
        assert not list(_silent(found)), f"{change} gives {found!r}"
        assert str(found)


_SHARES = [
    (name, share)
    for name, (_, function) in FUNCTIONS.items()
    for share, usual in (("level", 0.95), ("alpha", 0.05))
    if (argument := inspect.signature(function).parameters.get(share)) and argument.default == usual
]


@pytest.mark.parametrize(("name", "share"), _SHARES)
def test_a_level_that_is_no_share_is_refused_by_name(name: str, share: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples leave levels at their default, so that the test above does not change them."""
    module, function = FUNCTIONS[name]
    usual = _example(module, function, monkeypatch)
    for other in ("x", "0.5", None, math.nan, 0, 1, 95):
        usual.arguments[share] = other
        with pytest.raises(UsageError, match=f"{share}="):
            function(*usual.args, **usual.kwargs)
