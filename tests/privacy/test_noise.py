"""Noise on counts: the law of the noise, the loss that OpenDP proves, and what the result does not hold."""

from __future__ import annotations

import json
import math
import sys

import pytest

from blended_standard.errors import MissingExtraError, UsageError
from blended_standard.privacy import add_noise
from blended_standard.privacy.noise import margin_of


@pytest.fixture
def opendp() -> None:
    pytest.importorskip("opendp", reason='OpenDP is not installed: pip install "blended-standard[dp]"')


@pytest.mark.parametrize(("scale", "level"), [(0.3, 0.95), (1.0, 0.95), (2.0, 0.9), (7.5, 0.99)])
def test_the_margin_is_the_least_that_holds(scale: float, level: float) -> None:
    t = math.exp(-1 / scale)
    law = [(1 - t) / (1 + t) * t ** abs(k) for k in range(-2000, 2001)]

    def outside(margin: int) -> float:
        return sum(p for k, p in zip(range(-2000, 2001), law, strict=True) if abs(k) > margin)

    margin = margin_of(scale, level)
    assert outside(margin) <= 1 - level + 1e-12
    assert margin == 0 or outside(margin - 1) > 1 - level


@pytest.mark.usefixtures("opendp")
def test_the_noise_has_the_law_that_the_result_names() -> None:
    """20,000 cells of 50: mean 0, variance 2t/(1-t)^2, and as many within the margin as the level says."""
    counts = {str(i): 50 for i in range(20_000)}
    found = add_noise(counts, epsilon=0.5)
    noise = [cell.value - 50 for cell in found.cells]
    t = math.exp(-0.5)
    variance = 2 * t / (1 - t) ** 2
    assert abs(sum(noise) / len(noise)) < 5 * (variance / len(noise)) ** 0.5
    assert sum(x * x for x in noise) / len(noise) == pytest.approx(variance, rel=0.08)
    covered = sum(cell.low <= 50 <= cell.high for cell in found.cells) / len(noise)
    assert 0.95 <= covered < 0.97
    assert found.scale == 2.0


@pytest.mark.usefixtures("opendp")
@pytest.mark.parametrize(("epsilon", "contributions"), [(0.5, 1), (1.0, 3), (2.0, 2)])
def test_the_loss_is_the_one_that_was_asked_for_and_proved(epsilon: float, contributions: int) -> None:
    found = add_noise({"a": 5, "b": 0}, epsilon=epsilon, contributions=contributions)
    assert found.epsilon == pytest.approx(epsilon)
    assert f"factor of {math.exp(epsilon):.3g}" in found.promise
    assert "add up" in found.promise


@pytest.mark.usefixtures("opendp")
def test_the_result_holds_no_true_count_and_is_drawn_anew() -> None:
    counts = {f"c{i}": 10_000_003 + 100_000 * i for i in range(40)}
    one, two = add_noise(counts, epsilon=0.001), add_noise(counts, epsilon=0.001)
    assert one.cells != two.cells
    text = json.dumps(one.to_dict())
    assert sum(str(count) in text for count in counts.values()) <= 2
    assert [cell.cell for cell in one.cells] == list(counts)


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ({"a": 3}, {"epsilon": 0}, "epsilon=0"),
        ({"a": 3}, {"epsilon": 11}, "epsilon=11"),
        ({"a": 3}, {"epsilon": 1, "contributions": 0}, "contributions=0"),
        ({"a": 3}, {"epsilon": 1, "level": 1}, "level=1"),
        ({"a": 3}, {"epsilon": "x"}, "epsilon='x'"),
        ({"a": 3}, {"epsilon": 1, "contributions": "x"}, "contributions='x'"),
        ({"a": 3}, {"epsilon": 1, "level": None}, "level=None"),
        ({"a": 3}, {"epsilon": 1e-300}, "epsilon=1e-300"),
        *(
            ({"a": wrong}, {"epsilon": 1}, "not a whole number of 0 or more")
            for wrong in (-347, 347.5, "347", None, 347e30)
        ),
        ([347], {"epsilon": 1}, "counts is of the type list"),
        ({}, {"epsilon": 1}, "is empty"),
    ],
)
def test_misuse_names_what_is_accepted_and_no_count(
    counts: dict[str, int], options: dict[str, float], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as error:
        add_noise(counts, **options)  # type: ignore[arg-type]
    assert "347" not in str(error.value)


def test_without_opendp_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opendp.prelude", None)
    with pytest.raises(MissingExtraError, match=r'pip install "blended-standard\[dp\]"'):
        add_noise({"a": 3}, epsilon=1.0)
