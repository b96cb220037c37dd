"""Baseline equivalence: boundaries, the example of the R package baselinr 0.6.0, weights."""

import numpy as np
import pytest

from blended_standard import compare
from blended_standard.errors import UsageError


@pytest.mark.parametrize(
    ("size", "category", "alone", "adjusted"),
    [
        (0.0, "satisfied", True, True),
        (0.05, "satisfied", True, True),
        (0.0500001, "satisfied_with_adjustment", False, True),
        (-0.12, "satisfied_with_adjustment", False, True),
        (0.25, "satisfied_with_adjustment", False, True),
        (0.1 + 0.15, "satisfied_with_adjustment", False, True),
        (0.2500001, "not_satisfied", False, False),
        (-3.0, "not_satisfied", False, False),
    ],
)
def test_categories_at_their_boundaries(size, category, alone, adjusted):
    plain = compare.baseline_equivalence_from_effects({"x": size})
    helped = compare.baseline_equivalence_from_effects({"x": size}, adjusted=["x"])
    assert plain.overall == helped.overall == category
    assert (plain.satisfied, helped.satisfied) == (alone, adjusted)


def test_the_printed_example_of_baselinr():
    found = compare.baseline_equivalence(
        {"pretest": [5, 6, 7], "female": [1, 0, 1]}, {"pretest": [4, 5, 6], "female": [0, 0, 1]}
    )
    assert [measure.effect_size for measure in found.measures] == pytest.approx([0.8, 0.8401784], abs=5e-8)
    assert [measure.metric for measure in found.measures] == ["Hedges g", "Cox index"]
    assert found.overall == "not_satisfied"
    assert found.satisfied is False
    assert compare.BaselineEquivalence.from_dict(found.to_dict()) == found


def test_gains_count_from_a_correlation_of_six_tenths():
    effects = {"pretest": 0.2}
    for correlation, satisfied in ((0.59, False), (0.6, True)):
        found = compare.baseline_equivalence_from_effects(effects, gain_correlation={"pretest": correlation})
        assert found.satisfied is satisfied


def test_one_bad_measure_fails_all():
    found = compare.baseline_equivalence_from_effects({"a": 0.01, "b": 0.3}, adjusted=["a", "b"])
    assert found.satisfied is False
    assert found.overall == "not_satisfied"
    assert found.largest == 0.3


def test_what_cannot_be_judged_is_not_called_satisfied():
    found = compare.baseline_equivalence({"a": [1, 1], "b": [1, 2]}, {"a": [1, 0], "b": [1, 2]})
    assert found.measures[0].effect_size is None
    assert "exactly 0 or 1" in found.measures[0].reason
    assert found.satisfied is None
    assert found.overall is None
    assert compare.baseline_equivalence_from_effects({}).satisfied is None
    assert compare.baseline_equivalence({"a": [7, 7]}, {"a": [7, 7]}).measures[0].satisfied is None


def test_whole_number_weights_give_the_means_of_repeated_learners():
    rng = np.random.default_rng(5)
    one, two = rng.normal(0.3, 1, 20), rng.normal(0, 1, 25)
    weights = rng.integers(1, 4, 20), rng.integers(1, 4, 25)
    found = compare.baseline_equivalence({"x": one}, {"x": two}, weights=weights).measures[0]
    many = [np.repeat(x, w) for x, w in zip((one, two), weights, strict=True)]
    sds = [x.std() * np.sqrt(n / (n - 1)) for x, n in zip(many, (20, 25), strict=True)]
    pooled = np.sqrt((19 * sds[0] ** 2 + 24 * sds[1] ** 2) / 43)
    expected = (1 - 3 / (4 * 45 - 9)) * (many[0].mean() - many[1].mean()) / pooled
    assert found.effect_size == pytest.approx(expected, rel=1e-12)
    assert (found.n_treated, found.n_comparison) == (20, 25)


def test_dataframes_are_read_by_their_columns():
    polars, pandas = pytest.importorskip("polars"), pytest.importorskip("pandas")
    one, two = {"x": [1.0, 2.0, 4.0]}, {"x": [2.0, 2.5, 3.0]}
    expected = compare.baseline_equivalence(one, two)
    for library in (polars, pandas):
        assert compare.baseline_equivalence(library.DataFrame(one), library.DataFrame(two)) == expected


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: compare.baseline_equivalence({"a": [1, 2]}, {"b": [1, 2]}), "measures"),
        (lambda: compare.baseline_equivalence({"a": [1, np.nan]}, {"a": [1, 2]}), "missing"),
        (lambda: compare.baseline_equivalence_from_effects({"a": 0.1}, adjusted=["b"]), r"\['b'\]"),
        (lambda: compare.baseline_equivalence_from_effects({"a": float("nan")}), "nan"),
        (lambda: compare.baseline_equivalence({"a": [1, 2]}, {"a": [1, 2]}, weights=([1], [1, 1])), "weights"),
        (lambda: compare.baseline_equivalence({"a": [1, 2]}, {"a": [1, 2]}, weights=([0, 0], [1, 1])), "all zero"),
    ],
)
def test_misuse_says_what_is_accepted(call, says):
    with pytest.raises(UsageError, match=says):
        call()
