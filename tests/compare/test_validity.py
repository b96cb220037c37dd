"""Incremental validity against pROC 1.18.0 and R 4.2.2 (reference/validity.R), and by construction."""

from __future__ import annotations

import csv
import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from blended_standard.compare import validity as va
from blended_standard.errors import NotEstimableError, UsageError

DATA = Path(__file__).parents[2] / "../shared/data"
ATTEND, LALONDE = DATA / "attend/attend.csv", DATA / "nsw/lalonde_matchit.csv"
needs_attend = pytest.mark.skipif(not ATTEND.exists(), reason="shared/data/attend is not here")
needs_lalonde = pytest.mark.skipif(not LALONDE.exists(), reason="shared/data/nsw is not here")
P, Y = [0.1, 0.1, 0.3, 0.3, 0.3, 0.6, 0.6, 0.6, 0.9, 0.9], [0, 0, 0, 1, 0, 1, 0, 1, 1, 1]


def table(path, *names):
    with path.open() as file:
        rows = [[row[name] for name in names] for row in csv.DictReader(file)]
    kept = [[float(cell) for cell in row] for row in rows if all(cell not in ("", "NA") for cell in row)]
    return np.array(kept).T


@needs_attend
def test_attendance_and_homework_facts():
    final, attendance, homework = table(ATTEND, "final", "atndrte", "hwrte")
    correlations = np.corrcoef([final, attendance, homework])
    assert correlations[0, 2] == pytest.approx(0.147, abs=5e-4)
    assert correlations[1, 2] == pytest.approx(0.626, abs=5e-4)
    final, attendance = table(ATTEND, "final", "atndrte")
    assert np.corrcoef(final, attendance)[0, 1] == pytest.approx(0.140, abs=5e-4)


@needs_attend
def test_nested_tests_on_attend():
    score, final, attendance, homework, act = table(ATTEND, "stndfnl", "final", "atndrte", "hwrte", "ACT")
    linear = va.delta_r2(score, np.column_stack([act, attendance]), homework)
    assert (linear.base, linear.full) == pytest.approx(R["R2"], rel=1e-10)
    assert (linear.statistic, linear.p_value) == pytest.approx(R["F"], rel=1e-8)
    answer = va.incremental_validity(final >= 26, attendance, homework, covariates=act)
    assert answer.outcome == "binary"
    assert (answer.nested.statistic, answer.nested.p_value) == pytest.approx(R["LRT"], rel=1e-8)
    gain = answer.increment("auc").difference
    # Homework carries about as much as presence, and little beyond it.
    assert abs(gain.value) < 0.02
    assert gain.interval.low < gain.value < gain.interval.high


@needs_attend
def test_paired_delong_on_attend():
    final, _, attendance, act = table(ATTEND, "final", "hwrte", "atndrte", "ACT")
    test = va.compare_auc(final >= 26, attendance, act)
    expected = R["roc"]
    assert (test.first.value, test.second.value) == pytest.approx(expected[:2], rel=1e-12)
    assert (test.first.se**2, test.second.se**2, test.covariance) == pytest.approx(expected[2:5], rel=1e-10)
    assert (test.statistic, test.p_value) == pytest.approx(expected[5:], rel=1e-8)
    assert (test.first.interval.low, test.first.interval.high) == pytest.approx((R["ci"][0], R["ci"][2]), rel=1e-10)


def expected_from_r():
    lines = (Path(__file__).parent / "reference/validity.out").read_text().splitlines()
    pairs = (line.split(" ", 1) for line in lines)
    return {name: [float(item) for item in rest.split(",")] for name, rest in pairs}


R = expected_from_r()


@needs_lalonde
def test_lalonde_worked_examples():
    treat, re74, re75, educ, age, re78 = table(LALONDE, "treat", "re74", "re75", "educ", "age", "re78")
    test = va.delta_r2(re78, re74, np.column_stack([educ, age]))
    assert (test.base, test.full) == pytest.approx((0.1179343239, 0.1314868481), abs=1e-10)
    assert test.statistic == pytest.approx(4.759306035, abs=1e-8)
    assert (test.df, test.df_residual) == (2, 610)
    assert test.p_value == pytest.approx(0.008892428629, abs=1e-11)
    area = va.auc(treat, re74, direction="lower")
    assert area.value == pytest.approx(0.7237069237, abs=1e-10)
    assert area.se**2 == pytest.approx(0.0004612118791, abs=1e-13)
    assert (area.interval.low, area.interval.high) == pytest.approx((0.6816150428, 0.7657988046), abs=1e-10)
    other = va.auc(treat, re75, direction="lower")
    assert (other.value, other.se**2) == pytest.approx((0.6394884395, 0.000559270433), abs=1e-10)
    assert va.auc(treat, educ).value == pytest.approx(0.4933786934, abs=1e-10)
    paired = va.compare_auc(treat, re74, re75, direction="lower")
    assert paired.covariance == pytest.approx(0.0003389398089, abs=1e-13)
    assert paired.statistic == pytest.approx(4.550006673, abs=1e-8)
    assert paired.p_value == pytest.approx(5.364421e-06, rel=1e-6)


def test_brier_and_calibration_worked_example():
    score = va.brier_score(Y, P)
    assert score.value == pytest.approx(0.139)
    assert (score.reliability, score.resolution) == pytest.approx((0.005666666667, 0.1166666667))
    assert score.uncertainty == 0.25
    assert score.within_bins == pytest.approx(0, abs=1e-15)
    fit = va.calibration(Y, P)
    assert fit.in_the_large.value == pytest.approx(0.1746413352, abs=1e-10)
    # statistics.md prints 1.614471764 and .3259791391: glm at its default tolerance, 2e-9 short of the maximum.
    assert [fit.intercept.value, fit.slope.value] == pytest.approx(R["calibration"][:2], rel=1e-10)
    assert fit.slope.value == pytest.approx(1.614471764, abs=5e-9)
    assert fit.intercept.value == pytest.approx(0.3259791391, abs=2e-9)
    assert [fit.intercept.se, fit.slope.se] == pytest.approx(R["calibration"][2:], rel=1e-8)
    assert fit.in_the_large.se == pytest.approx(R["large"][1], rel=1e-8)
    binned = va.brier_score(Y, P, bins=2)
    parts = binned.reliability - binned.resolution + binned.uncertainty + binned.within_bins
    assert parts == pytest.approx(binned.value)


def simulated(seed=3, n=400, gain=0.6):
    rng = np.random.default_rng(seed)
    school = rng.integers(0, 20, n)
    attended, worked = rng.normal(size=(2, n))
    effect = rng.normal(0, 0.3, 20)[school]
    y = 0.5 * attended + gain * worked + effect + rng.normal(size=n)
    return y, attended, worked, school


def test_gain_is_found_and_noise_is_not():
    y, attended, worked, school = simulated()
    found = va.incremental_validity(y, attended, worked, clusters=school).increment("r2")
    assert found.difference.interval.low > 0
    # Population: .36 of the variance .25 + .36 + .09 + 1.
    assert found.difference.value == pytest.approx(0.36 / 1.70, abs=3 * found.difference.se)
    nothing, _, _, _ = simulated(gain=0.0)
    noise = va.incremental_validity(nothing, attended, np.random.default_rng(9).normal(size=400), clusters=school)
    assert noise.increment("r2").difference.value < 0.01
    assert noise.nested.p_value > 0.01


def test_clusters_are_never_split():
    from blended_standard.compare.validity._crossfit import fold_numbers

    cluster = np.random.default_rng(0).integers(0, 23, 500)
    fold = fold_numbers(cluster, 5, 1)
    assert all(np.unique(fold[cluster == label]).size == 1 for label in range(23))
    assert np.bincount(fold).min() > 70
    assert fold.tolist() == fold_numbers(cluster, 5, 1).tolist()


def test_groups_and_differences():
    y, attended, worked, school = simulated()
    group = np.where(school < 10, "north", "south")
    answer = va.incremental_validity(y, attended, worked, groups=group, clusters=school, repeats=1)
    for name in (None, "north", "south"):
        part = answer.increment("r2", name)
        assert part.difference.value == pytest.approx(part.combined.value - part.legacy.value)
    assert len(answer.rows()) == 9
    passed = (y > 0).astype(int)
    passed[group == "north"] = 1
    lone = va.incremental_validity(passed, attended, worked, groups=group, repeats=1)
    assert lone.increment("auc", "north").difference.value is None
    assert "the same for all" in lone.increment("auc", "north").difference.reason
    assert lone.increment("brier", "north").difference.value is not None


def test_auc_without_overlap_has_no_standard_error():
    apart, flat = va.auc([0, 0, 1, 1], [1, 2, 3, 4]), va.auc([0, 0, 1, 1], [1, 1, 1, 1])
    assert (apart.value, apart.se, apart.interval) == (1.0, None, None)
    assert "no overlap" in apart.method
    assert (flat.value, flat.se) == (0.5, None)
    assert "all scores equal" in flat.method


def test_auc_influence_gives_the_delong_error():
    from blended_standard.compare.validity._measures import MEASURES
    from blended_standard.compare.validity.incremental import _cluster_se

    rng = np.random.default_rng(5)
    y, score = np.repeat([0.0, 1.0], [150, 100]), rng.normal(size=250)
    score[y == 1] += 1
    value, influence = MEASURES["binary"][0].influence(y, score, score)
    area = va.auc(y, score)
    assert value == pytest.approx(area.value)
    # DeLong divides by m - 1 and n - 1 within the classes, the influence form by N - 1.
    assert _cluster_se(influence, np.arange(250)) == pytest.approx(area.se, rel=0.01)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: va.auc([1, 1], [1, 2]), NotEstimableError, "the same for all"),
        (lambda: va.auc([0, 2], [1, 2]), UsageError, "other than 0 and 1"),
        (lambda: va.auc([0, 1], [1, 2], direction="up"), UsageError, "direction='up'"),
        (lambda: va.auc([0, 1], [1, math.nan]), UsageError, r"scores\[1\]"),
        (lambda: va.brier_score([0, 1], [0.1, 1.2]), UsageError, "outside 0 to 1"),
        (lambda: va.calibration([0, 1], [0.0, 0.5]), UsageError, "holds 0 or 1"),
        (lambda: va.calibration([0, 1], [0.5, 0.5]), NotEstimableError, "no calibration slope"),
        (lambda: va.calibration([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]), NotEstimableError, "separate"),
        (lambda: va.delta_r2([1, 1, 1, 1], [1, 2, 3, 4], [1, 2, 3, 5]), NotEstimableError, "does not vary"),
        (lambda: va.incremental_validity([1, 1], [1, 2], [1, 2]), NotEstimableError, "the same for all"),
        (lambda: va.incremental_validity([1, 2, 4], [1, 2, 3], [1, 2]), UsageError, "engagement has shape"),
        (lambda: va.incremental_validity([1, 2, 4], [1, 2, 3], [1, 3, 2], folds=1), UsageError, "folds=1"),
        (lambda: va.incremental_validity([1, 2, 4], [1, 2, 3], [1, 3, 2], repeats=0), UsageError, "repeats=0"),
        (
            lambda: va.incremental_validity([1, 2, 4], [1, 2, 3], [1, 3, 2], clusters=[1, 1, 1]),
            NotEstimableError,
            "one cluster",
        ),
        (
            lambda: va.incremental_validity(*simulated(n=40)[:3], repeats=1).increment("auc"),
            UsageError,
            "measure='auc'",
        ),
    ],
)
def test_misuse_says_what_is_accepted(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_nothing_added_is_said():
    test = va.delta_r2([1, 3, 2, 5], [1, 2, 3, 4], [2, 4, 6, 8])
    assert test.p_value is None
    assert "nothing is added" in test.reason


def test_results_travel():
    y, attended, worked, _ = simulated(n=120)
    made = [
        va.incremental_validity(y, attended, worked, repeats=1),
        va.incremental_validity(y > 0, attended, worked, repeats=1),
        va.delta_r2(y, attended, worked),
        va.compare_auc(Y, P, np.arange(10)),
        va.brier_score(Y, P),
        va.calibration(Y, P),
    ]
    for item in made:
        assert pickle.loads(pickle.dumps(item)) == item
        assert type(item).from_dict(item.to_dict()) == item
        assert "nan" not in str(item.to_dict()).lower()
        assert len(repr(item)) <= 100
        assert str(item)
