"""Trim and fill against R metafor 3.8-1 (script: reference/trim_fill.R), by its mirror image, and on odd data."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard.compare import meta
from blended_standard.errors import NotEstimableError, UsageError

REFERENCE = Path(__file__).parent / "reference"
SETS: dict[str, list[tuple[float, float]]] = {}
for line in csv.DictReader((REFERENCE / "trim_fill.csv").read_text().splitlines()):
    SETS.setdefault(line["set"], []).append((float(line["yi"]), float(line["vi"]) ** 0.5))
EXPECTED = list(csv.DictReader((REFERENCE / "trim_fill.out").read_text().splitlines()))


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: f"{row['set']}-{row['method']}-{row['estimator']}")
def test_equals_metafor(row):
    effects, errors = zip(*SETS[row["set"]], strict=True)
    found = meta.trim_and_fill(effects, errors, estimator=row["estimator"], method=row["method"])
    assert (found.side, found.k0) == (row["side"], int(row["k0"]))
    assert found.k0_se == pytest.approx(float(row["k0_se"]), rel=1e-12)
    assert found.k0_p_value == (None if row["p"] == "NA" else pytest.approx(float(row["p"]), rel=1e-12))
    assert (found.filled.value, found.filled.se) == pytest.approx((float(row["value"]), float(row["se"])), rel=1e-9)
    assert found.filled.tau2 == pytest.approx(float(row["tau2"]), rel=1e-8)
    assert found.observed == meta.meta_analysis(effects, errors, method=row["method"])


def test_the_mirror_image_is_filled_on_the_other_side():
    effects, errors = np.array(SETS["hackshaw"]).T
    left, right = meta.trim_and_fill(effects, errors), meta.trim_and_fill(-effects, errors)
    assert (left.side, right.side, left.k0) == ("left", "right", right.k0)
    assert right.filled.value == pytest.approx(-left.filled.value, rel=1e-12)
    assert meta.trim_and_fill(-effects, errors, side="right") == right
    assert left.filled.labels[-1] == "filled 7"


def test_an_even_funnel_is_left_as_it_is_and_a_cut_one_is_filled():
    away = np.linspace(-2, 2, 21)
    errors = 0.1 + np.abs(away) / 4
    whole = meta.trim_and_fill(0.3 + away, errors, side="left", method="FE")
    assert whole.k0 == 0
    assert whole.filled == whole.observed
    cut = meta.trim_and_fill(0.3 + away[5:], errors[5:], method="FE")
    assert (cut.side, cut.k0) == ("left", 4)
    assert abs(cut.filled.value - 0.3) < 0.3 * abs(cut.observed.value - 0.3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 4)), min_size=3, max_size=12), st.sampled_from(["L0", "R0"])
)
def test_any_studies_give_numbers_or_a_reason(studies, estimator):
    effects, errors = np.array(studies, dtype=float).T
    try:
        found = meta.trim_and_fill(effects, errors, estimator=estimator, method="DL")
    except NotEstimableError:
        return
    assert 0 <= found.k0 <= effects.size - 1
    assert found.k0_se is None or found.k0_se >= 0
    assert np.isfinite([found.filled.value, found.filled.se]).all()
    assert found.filled.n == found.n + found.k0


def test_results_travel_with_their_caution():
    found = meta.trim_and_fill(*np.array(SETS["bcg"]).T, labels=[f"trial {i}" for i in range(13)])
    assert pickle.loads(pickle.dumps(found)) == found
    assert type(found).from_dict(found.to_dict()) == found
    assert "no corrected answer" in str(found)
    assert [row["studies"] for row in found.rows()] == ["observed", "filled"]


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: meta.trim_and_fill([0.1], [0.1]), NotEstimableError, "3 studies or more"),
        (lambda: meta.trim_and_fill([0.1, 0.2], [0.1, 0.2]), NotEstimableError, "3 studies or more"),
        (lambda: meta.trim_and_fill([0.1] * 4, [0.1, 0.2, 0.3, 0.4]), NotEstimableError, "different effects"),
        (lambda: meta.trim_and_fill([1, 2, 4], [1, 1, 1]), NotEstimableError, "pass side"),
        (lambda: meta.trim_and_fill([1, 2, 4], [1, 2, 3], estimator="Q0"), UsageError, "estimator='Q0'"),
        (lambda: meta.trim_and_fill([1, 2, 4], [1, 2, 3], side="up"), UsageError, "side='up'"),
        (lambda: meta.trim_and_fill([1, 2, 4], [1, 2, 3], method="XX"), UsageError, "method='XX'"),
        (lambda: meta.trim_and_fill([1, 2, np.nan], [1, 2, 3]), UsageError, r"effects\[2\]"),
    ],
)
def test_misuse_says_what_is_accepted(call, error, says):
    with pytest.raises(error, match=says):
        call()
