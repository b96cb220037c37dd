"""Meta-analysis against R metafor 3.8-1, clubSandwich 0.5.8 and robumeta 2.0 (script: reference/meta.R)."""

from __future__ import annotations

import math
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard.compare import meta
from blended_standard.errors import NotEstimableError, UsageError

REFERENCE = Path(__file__).parent / "reference"
CLOSED = {"rel": 1e-10}
# rma.mv stops its own search at about 1e-7; ours is at the maximum to 1e-12.
ITERATED = {"rel": 1e-6}

BCG = np.array([
    -.88931133392, -1.58538865720, -1.34807314830, -1.44155119002, -.21754732221, -.78611558582, -1.62089822360,
    .01195233352, -.46941764874, -1.37134480347, -.33935882834, .44591340057, -.01731394822,
])  # fmt: skip
BCG_SE = np.sqrt([
    .325584765004, .194581121398, .415367965368, .020010031902, .051210172170, .006905618456, .223017247572,
    .003961579298, .056434210463, .073024793613, .012412213972, .532505845200, .071404659684,
])  # fmt: skip
LATITUDE = [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33]
YEAR = [48, 49, 60, 77, 73, 53, 73, 80, 68, 61, 74, 69, 76]
GROUPS = [1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5]


def expected_from_r():
    found = {}
    for line in (REFERENCE / "meta.out").read_text().splitlines():
        match = re.match(r"(.*?)\s+(-?[0-9.]+(?:e[-+]\d+)?,.*)$", line)
        if match:
            found[match[1].strip()] = [
                None if item.strip() == "NA" else float(item) for item in match[2].split(",") if item.strip()
            ]
    return found


R = expected_from_r()
SCHOOLS = np.genfromtxt(REFERENCE / "konstantopoulos.csv", delimiter=",", names=True)
SCHOOL_SE = np.sqrt(SCHOOLS["vi"])
SCHOOL_X = np.column_stack([SCHOOLS["x"], SCHOOLS["z"]])


def check(got, expected, **tolerance):
    for ours, theirs in zip(got, expected, strict=True):
        if theirs is not None and ours is not None:
            assert ours == pytest.approx(theirs, **(tolerance or CLOSED))


@pytest.mark.parametrize(
    ("method", "mu", "se", "tau2", "i2"),
    [
        ("FE", -0.4302851637, 0.0404987517, 0, 92.11734685),
        ("DL", -0.7141172221, 0.1787420895, 0.3087602629, 92.11734685),
        ("HE", -0.7158785888, 0.183279986, 0.328563858, 92.55709741),
        ("HS", -0.7045353739, 0.1586520931, 0.2283628637, 89.62996666),
        ("SJ", -0.7172485926, 0.1870594584, 0.3455157016, 92.8963241),
        ("ML", -0.7111991355, 0.1718968088, 0.2800281373, 91.37828379),
        ("REML", -0.7145323422, 0.1797815161, 0.3132432581, 92.22138452),
        ("PM", -0.7149681535, 0.1808921915, 0.3180684522, 92.33033795),
        ("EB", -0.7149681535, 0.1808921915, 0.3180684522, 92.33033795),
    ],
)
def test_bcg_by_every_estimator(method, mu, se, tau2, i2):
    fit = meta.meta_analysis(BCG, BCG_SE, method=method)
    assert (fit.value, fit.se, fit.tau2) == pytest.approx((mu, se, tau2), abs=1e-10)
    assert fit.i2 == pytest.approx(i2, abs=1e-8)
    assert fit.q == pytest.approx(152.2330081, abs=1e-7)
    low, high = fit.interval.low, fit.interval.high
    got = [fit.value, fit.se, low, high, fit.tau2, fit.tau2_se, fit.i2, fit.h2, fit.q, fit.q_p_value]
    check([*got, fit.log_likelihood], R[method])


@pytest.mark.parametrize("method", ["FE", "DL", "HE", "HS", "SJ", "ML", "REML", "PM", "EB"])
def test_regression_with_knapp_hartung(method):
    x = np.column_stack([LATITUDE, YEAR])
    fit = meta.meta_analysis(BCG, BCG_SE, method=method, test="knha", moderators=x)
    got = [item.value for item in fit.coefficients] + [item.se for item in fit.coefficients]
    check([*got, fit.tau2, fit.tau2_se, fit.i2, fit.q, fit.qm, fit.qm_p_value, fit.r2], R[f"{method} mods knha"])


@pytest.mark.parametrize("test", ["z", "t", "knha", "adhoc"])
def test_tests_and_prediction_intervals(test):
    fit = meta.meta_analysis(BCG, BCG_SE, test=test)
    prediction = fit.prediction_interval
    got = [fit.se, fit.interval.low, fit.interval.high, fit.p_value, prediction.low, prediction.high]
    check(got, R[test])


def test_profile_interval_and_latitude():
    fit = meta.meta_analysis(BCG, BCG_SE, method="DL")
    assert (fit.tau2_interval.low, fit.tau2_interval.high) == pytest.approx((0.1197183611, 1.1114790841), abs=1e-9)
    assert (fit.i2_interval.low, fit.i2_interval.high) == pytest.approx((81.9205746, 97.6780750), abs=1e-6)
    fit = meta.meta_analysis(BCG, BCG_SE, moderators=LATITUDE, moderator_names=["latitude"])
    intercept, slope = fit.coefficients
    assert (intercept.value, intercept.se) == pytest.approx((0.2514682100, 0.2490953966), abs=1e-10)
    assert (slope.value, slope.se) == pytest.approx((-0.0291017250, 0.0071953272), abs=1e-10)
    assert slope.name == "latitude"
    assert fit.tau2 == pytest.approx(0.0763479640, abs=1e-10)
    assert (fit.r2, fit.qm, fit.q) == pytest.approx((75.6266218, 16.3582321, 30.7330900), abs=1e-7)
    assert fit.tau2_interval.high == pytest.approx(0.784835254573, abs=1e-9)


def test_small_study_checks_and_leave_one_out():
    mixed = meta.egger_test(BCG, BCG_SE, model="mixed")
    check([mixed.statistic, mixed.p_value, mixed.limit.value], R["regtest rma"])
    classical = meta.egger_test(BCG, BCG_SE)
    check([classical.statistic, classical.p_value, classical.limit.value], R["regtest lm"])
    assert classical.df == 11
    rank = meta.rank_test(BCG, BCG_SE)
    check([rank.value, rank.p_value], R["rank"])
    left = meta.leave_one_out(BCG, BCG_SE)
    check(left.value, R["l1o"])
    check(left.se, R["l1o se"])
    check(left.tau2, R["l1o tau2"])


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_three_level(method):
    fit = meta.three_level_meta_analysis(SCHOOLS["yi"], SCHOOL_SE, clusters=SCHOOLS["district"], method=method)
    parts = [fit.between_cluster_variance, fit.within_cluster_variance]
    check([fit.value, fit.se, *parts, fit.log_likelihood, fit.q], R[f"3-level {method}"], **ITERATED)
    fit = meta.three_level_meta_analysis(
        SCHOOLS["yi"], SCHOOL_SE, clusters=SCHOOLS["district"], method=method, moderators=SCHOOL_X, test="t"
    )
    got = [item.value for item in fit.coefficients] + [item.se for item in fit.coefficients]
    got += [fit.between_cluster_variance, fit.within_cluster_variance, fit.log_likelihood, fit.qm, fit.qm_p_value]
    # The third coefficient is near 0: its relative error is that of metafor's search.
    check([*got, *(item.p_value for item in fit.coefficients)], R[f"3-level mods {method}"], rel=5e-6)


def test_three_level_worked_example():
    fit = meta.three_level_meta_analysis(SCHOOLS["yi"], SCHOOL_SE, clusters=SCHOOLS["district"])
    assert (fit.value, fit.se) == pytest.approx((0.1847131637, 0.08455591874), abs=1e-8)
    assert fit.between_cluster_variance == pytest.approx(0.06506194428, abs=1e-8)
    assert fit.within_cluster_variance == pytest.approx(0.03273651703, abs=1e-8)
    assert fit.log_likelihood == pytest.approx(-7.958724034, abs=1e-9)
    robust = meta.robust_meta_analysis(SCHOOLS["yi"], SCHOOL_SE, clusters=SCHOOLS["district"])
    assert robust.se == pytest.approx(0.08445799543, abs=1e-8)
    assert robust.value / robust.se == pytest.approx(2.187041768, abs=1e-7)
    # metafor's variances are 3e-8 off the maximum, which moves df in its seventh digit.
    assert robust.estimate.df == pytest.approx(9.863156233, abs=1e-5)
    assert robust.estimate.p_value == pytest.approx(0.05396674247, abs=1e-8)


def test_robust_against_club_sandwich_and_robumeta():
    fit = meta.robust_meta_analysis(SCHOOLS["yi"], SCHOOL_SE, clusters=SCHOOLS["district"], moderators=SCHOOL_X)
    rows = fit.coefficients
    got = [item.se for item in rows] + [item.df for item in rows] + [item.p_value for item in rows]
    check(got, R["CR2 3-level mods"], **ITERATED)
    fit = meta.robust_meta_analysis(BCG, BCG_SE, clusters=GROUPS, model="random", moderators=LATITUDE)
    rows = fit.coefficients
    got = [item.value for item in rows] + [item.se for item in rows] + [item.df for item in rows]
    check([*got, *(item.p_value for item in rows)], R["CR2 lat"])
    assert "fewer than 4" in fit.warning
    for model, name in (("correlated", "robu CORR"), ("hierarchical", "robu HIER")):
        fit = meta.robust_meta_analysis(
            SCHOOLS["yi"], SCHOOL_SE, clusters=SCHOOLS["district"], moderators=SCHOOL_X, model=model
        )
        rows = fit.coefficients
        got = [item.value for item in rows] + [item.se for item in rows] + [item.df for item in rows]
        check([*got, *(item.p_value for item in rows), fit.tau2], R[name][:13])


def test_hierdat():
    data = np.genfromtxt(REFERENCE / "hierdat.csv", delimiter=",", names=True)
    fit = meta.robust_meta_analysis(
        data["effectsize"], np.sqrt(data["var"]), clusters=data["studyid"], moderators=data["binge"],
        model="hierarchical",
    )  # fmt: skip
    intercept, slope = fit.coefficients
    assert (intercept.value, intercept.se) == pytest.approx((0.04244792681, 0.03911747247), abs=1e-11)
    assert (slope.value, slope.se, slope.df) == pytest.approx((0.65612445324, 0.12304139111, 4.193506333), abs=1e-9)
    assert intercept.df == pytest.approx(3.678505926, abs=1e-9)
    assert slope.p_value == pytest.approx(0.005207754276, abs=1e-12)
    assert (fit.tau2, fit.omega2) == pytest.approx((0.03102483266, 0.1501897832), abs=1e-10)


def test_eight_schools_fixed_effect():
    effects, errors = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
    fit = meta.meta_analysis(effects, errors, method="DL")
    assert fit.tau2 == 0
    assert (fit.value, fit.se) == pytest.approx((7.686, 4.072), abs=5e-4)


studies = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.05, 1.5)), min_size=2, max_size=12)


@settings(max_examples=60, deadline=None)
@given(studies, st.sampled_from(["REML", "ML", "DL", "HE", "HS", "PM"]), st.floats(-3, 3))
def test_shift_moves_the_estimate_alone(rows, method, shift):
    effects, errors = np.array(rows).T
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one = meta.meta_analysis(effects, errors, method=method)
        two = meta.meta_analysis(effects + shift, errors, method=method)
    assert two.value == pytest.approx(one.value + shift, abs=1e-6)
    assert two.tau2 == pytest.approx(one.tau2, abs=1e-6)
    assert one.tau2_interval.low <= one.tau2_interval.high


@settings(max_examples=40, deadline=None)
@given(studies)
def test_likelihood_is_at_its_maximum(rows):
    effects, errors = np.array(rows).T
    fit = meta.meta_analysis(effects, errors)
    from blended_standard.compare.meta._fit import log_likelihood
    from blended_standard.compare.meta._inputs import read_studies

    data = read_studies(effects, errors)
    for tau2 in np.concatenate([[0.0], np.geomspace(1e-4, 10, 15)]):
        assert log_likelihood(data, float(tau2), restricted=True) <= fit.log_likelihood + 1e-9


def test_degenerate_data_are_explained():
    one = meta.meta_analysis([0.3], [0.1])
    assert (one.value, one.se) == pytest.approx((0.3, 0.1))
    assert one.tau2 is None
    assert "nothing is left" in one.reason
    same = meta.meta_analysis([0.3, 0.3], [0.1, 0.1])
    assert (same.tau2, same.i2, same.q) == (0.0, 0.0, 0.0)
    assert meta.rank_test([0.1, 0.2], [0.1, 0.2]).reason
    assert "equal" in meta.rank_test([0.1, 0.2, 0.3], [0.1, 0.1, 0.1]).reason


def two_districts(call, **options):
    effects, districts = [0.1, 0.2, 0.3, 0.4, 0.5, 0.7], list("aaabbb")
    return call(effects, [0.1] * 6, clusters=districts, moderators=[0, 0, 0, 1, 1, 1], **options)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: meta.meta_analysis([], []), NotEstimableError, "no study"),
        (lambda: meta.meta_analysis([0.1], [0.0]), UsageError, r"standard_errors\[0\]=0 is not positive"),
        (lambda: meta.meta_analysis([0.1, math.nan], [0.1, 0.1]), UsageError, r"effects\[1\]"),
        (lambda: meta.meta_analysis([0.1, 0.2], [0.1]), UsageError, "standard_errors has 1 values"),
        (lambda: meta.meta_analysis([0.1, 0.2], [1e-6, 1e5]), NotEstimableError, "Check their units"),
        (lambda: meta.meta_analysis([0.1], [0.1], method="XX"), UsageError, "method='XX'"),
        (lambda: meta.meta_analysis([0.1], [0.1], test="XX"), UsageError, "test='XX'"),
        (lambda: meta.meta_analysis([0.1], [0.1], level=95), UsageError, "level=95"),
        (lambda: meta.meta_analysis([1, 2, 3], [1, 1, 1], moderators=[1, 1, 1]), NotEstimableError, "constant"),
        (
            lambda: meta.meta_analysis([1, 2, 3], [1, 1, 1], moderators=[1e7, 1e7 + 1, 1e7 + 2]),
            NotEstimableError,
            "far",
        ),
        (lambda: meta.meta_analysis([1, 2, 3], [1, 1, 1], labels=["a"]), UsageError, "labels has 1"),
        (lambda: meta.meta_analysis([1, 1], [1, 1], method="SJ"), NotEstimableError, "all are equal"),
        (lambda: meta.egger_test([1, 2], [1, 2]), NotEstimableError, "3 studies"),
        (lambda: meta.egger_test([1, 2, 3], [1, 1, 1]), NotEstimableError, "different standard errors"),
        (lambda: meta.egger_test([0.2] * 5, [0.1, 0.2, 0.3, 0.1, 0.2]), NotEstimableError, "exactly on a line"),
        (lambda: meta.leave_one_out([1, 2], [1, 2]), NotEstimableError, "3 or more"),
        (lambda: meta.three_level_meta_analysis([1, 2], [1, 1], clusters=[1, 2]), NotEstimableError, "told apart"),
        (lambda: meta.three_level_meta_analysis([1, 2], [1, 1], clusters=[1]), UsageError, "clusters has shape"),
        (lambda: meta.robust_meta_analysis([1, 2], [1, 1], clusters=[1, 1]), NotEstimableError, "one cluster"),
        (lambda: two_districts(meta.three_level_meta_analysis), NotEstimableError, "every difference"),
        # metafor and robumeta report a variance of 1e13 here, and p values of 1e-16.
        (lambda: two_districts(meta.robust_meta_analysis, model="correlated"), NotEstimableError, "every difference"),
        (lambda: two_districts(meta.robust_meta_analysis, model="hierarchical"), NotEstimableError, "every difference"),
        (
            lambda: meta.robust_meta_analysis([1, 2], [1, 1], clusters=[1, 2], correlation="x"),
            UsageError,
            "correlation='x'",
        ),
    ],
)
def test_misuse_says_what_is_accepted(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_forest_rows_and_travel():
    fit = meta.meta_analysis(BCG, BCG_SE, labels=[f"trial {i}" for i in range(13)])
    rows = fit.forest_rows()
    assert [row["kind"] for row in rows[-2:]] == ["pooled", "prediction"]
    assert sum(row["weight"] for row in rows if row["kind"] == "study") == pytest.approx(100)
    assert rows[0]["low"] == pytest.approx(BCG[0] - 1.959963985 * BCG_SE[0])
    made = [
        fit,
        meta.meta_analysis([0.3], [0.1]),
        meta.egger_test(BCG, BCG_SE),
        meta.rank_test(BCG, BCG_SE),
        meta.leave_one_out(BCG, BCG_SE),
        meta.robust_meta_analysis(BCG, BCG_SE, clusters=GROUPS),
        meta.three_level_meta_analysis(BCG, BCG_SE, clusters=GROUPS),
    ]
    for item in made:
        assert pickle.loads(pickle.dumps(item)) == item
        assert type(item).from_dict(item.to_dict()) == item
        assert "nan" not in str(item.to_dict()).lower()
        assert len(repr(item)) <= 100
        assert str(item)
