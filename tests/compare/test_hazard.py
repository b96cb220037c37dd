"""Cox and discrete-time hazards and life tables against R survival 3.5-3 and glm (reference/hazard.R)."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from blended_standard.compare import survival as sv
from blended_standard.errors import NotEstimableError, UsageError

REFERENCE = Path(__file__).parent / "reference"


def read(name):
    return np.genfromtxt(REFERENCE / name, delimiter=",", names=True, dtype=None, encoding="utf8")


def expected_from_r():
    found = {}
    for line in (REFERENCE / "hazard.out").read_text().splitlines():
        if "," in line:
            first, *rest = line.split(",")
            *name, value = first.split()
            found[" ".join(name)] = [float(item) for item in (value, *rest)]
    return found


R = expected_from_r()
SMALL = read("survival_small.csv")
EVENT = SMALL["cause"] > 0
WHOLE = np.ceil(SMALL["time"])
X = np.column_stack([np.char.strip(SMALL["group"], '"') == "b", np.arange(1, 41) * 7 % 5]).astype(float)
LUNG = read("lung.csv")


def summary(fit):
    rows = fit.coefficients
    return [item.value for item in rows] + [item.se for item in rows] + [fit.null_log_likelihood, fit.log_likelihood]


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox_against_coxph(ties):
    fit = sv.proportional_hazards(WHOLE, EVENT, covariates=X, ties=ties)
    assert summary(fit) == pytest.approx(R[f"cox {ties}"][:6], rel=1e-8)
    assert fit.score == pytest.approx(R[f"cox {ties}"][7], rel=1e-8)
    assert fit.wald == pytest.approx(R[f"cox {ties}"][6], abs=0.005)  # R rounds it to two places
    fit = sv.proportional_hazards(
        SMALL["time"], EVENT, covariates=X, entry=SMALL["entry"], strata=SMALL["stratum"], ties=ties
    )
    assert summary(fit) == pytest.approx(R[f"cox entry strata {ties}"][:6], rel=1e-8)
    fit = sv.proportional_hazards(WHOLE, EVENT, covariates=X, weights=SMALL["w"], ties=ties)
    assert summary(fit) == pytest.approx(R[f"cox weights {ties}"][:6], rel=1e-8)


def test_cox_worked_examples():
    x = np.column_stack([LUNG["sex"], LUNG["age"]])
    fit = sv.proportional_hazards(LUNG["time"], LUNG["status"] == 2, covariates=x, covariate_names=["sex", "age"])
    sex, age = fit.coefficients
    # coxph at its default tolerance is 5e-9 short of the maximum.
    assert (sex.value, sex.se) == pytest.approx((-0.51321851711, 0.167457962356), rel=2e-8)
    assert (age.value, age.se) == pytest.approx((0.01704533185, 0.009223273477), rel=2e-8)
    assert fit.hazard_ratio("sex").value == pytest.approx(np.exp(-0.51321851711))
    breslow = sv.proportional_hazards(LUNG["time"], LUNG["status"] == 2, covariates=x, ties="breslow")
    assert [item.value for item in breslow.coefficients] == pytest.approx([-0.5125647915, 0.0170128892], rel=2e-8)
    times = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    happened = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    arm = [1] * 21 + [0] * 21
    efron = sv.proportional_hazards(times + placebo, happened + [1] * 21, covariates=arm).coefficients[0]
    assert (efron.value, efron.se) == pytest.approx((-1.572125149, 0.4123967177), rel=2e-8)
    breslow = sv.proportional_hazards(times + placebo, happened + [1] * 21, covariates=arm, ties="breslow")
    assert breslow.coefficients[0].value == pytest.approx(-1.509191413, rel=2e-8)


def test_cox_score_test_is_the_log_rank_test_without_ties():
    rng = np.random.default_rng(4)
    time, arm = rng.exponential(size=60), np.repeat([0, 1], 30)
    fit = sv.proportional_hazards(time, np.ones(60), covariates=arm)
    assert fit.score == pytest.approx(sv.log_rank(time, np.ones(60), arm).chi2, rel=1e-9)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_person_period_regression_against_glm(link):
    fit = sv.discrete_time_hazard(WHOLE, EVENT, covariates=X, link=link)
    rows = fit.coefficients
    got = [item.value for item in rows] + [item.se for item in rows] + [fit.log_likelihood, *fit.baseline[:3]]
    # glm's standard errors for cloglog use the same expected information; its own tolerance is 1e-14 on deviance.
    assert got == pytest.approx(R[f"discrete {link}"], rel=1e-6)


def test_person_period_regression_of_a_covariate_far_from_zero():
    plain, far = (sv.discrete_time_hazard(WHOLE, EVENT, covariates=shift + X).coefficients for shift in (0, 1e6))
    for one, other in zip(plain, far, strict=True):
        assert (other.value, other.se) == pytest.approx((one.value, one.se), rel=1e-5)


def test_hazard_equals_kaplan_meier_and_tables_pool():
    fit = sv.discrete_time_hazard(WHOLE, EVENT)
    curve = sv.kaplan_meier(WHOLE, EVENT).curve()
    assert fit.survival == pytest.approx(curve.survival)
    assert fit.survival_se == pytest.approx(curve.se)
    table = sv.at_risk_table(WHOLE, EVENT.astype(int), groups=SMALL["group"])
    assert sv.discrete_time_hazard(table=table).hazard == pytest.approx(fit.hazard)
    # Without covariates the likelihood of the regression is that of the table.
    flat = sv.discrete_time_hazard(WHOLE, EVENT, covariates=np.zeros((40, 0)))
    assert flat.log_likelihood == fit.log_likelihood


def test_life_table():
    # By hand: q = d / (n - c/2).
    time, event = [1, 1, 2, 3, 3, 5, 7, 8], [1, 0, 1, 1, 0, 0, 1, 0]
    found = sv.life_table(time, event, breaks=[0, 2, 4, 6, 9]).table()
    assert found.at_risk.tolist() == [8, 6, 3, 2]
    assert found.effective.tolist() == [7.5, 5.5, 2.5, 1.5]
    assert found.hazard == pytest.approx([1 / 7.5, 2 / 5.5, 0, 1 / 1.5])
    assert found.survival[1] == pytest.approx((1 - 1 / 7.5) * (1 - 2 / 5.5))
    greenwood = 1 / (7.5 * 6.5) + 2 / (5.5 * 3.5)
    assert found.survival_se[1] == pytest.approx(found.survival[1] * greenwood**0.5)
    from_table = sv.life_table(table=sv.at_risk_table(time, event), breaks=[0, 2, 4, 6, 9]).table()
    assert from_table == found
    full = sv.life_table(time, event, breaks=[0, 2, 4, 6, 9], exposure=1.0).table()
    assert full.effective.tolist() == [8, 6, 3, 2]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: sv.proportional_hazards([1, 2], [0, 0], covariates=[0, 1]), NotEstimableError, "No event"),
        (lambda: sv.proportional_hazards([1, 2, 3], [1, 1, 1], covariates=[1, 1, 1]), NotEstimableError, "constant"),
        (
            lambda: sv.proportional_hazards([1, 2, 3, 4], [1, 1, 0, 0], covariates=[1, 1, 0, 0]),
            NotEstimableError,
            "separates",
        ),
        # The information is singular but for rounding; its inverse gave a negative variance.
        (
            lambda: sv.proportional_hazards(
                [3, 3, 3], [1, 1, 0], covariates=[[2, 1e7], [0, 9999998.58], [1, 10000000.22]], ties="breslow"
            ),
            NotEstimableError,
            "separates",
        ),
        (lambda: sv.proportional_hazards([1, 2], [1, 1], covariates=[1]), UsageError, "covariates has shape"),
        (lambda: sv.proportional_hazards([1, 2], [1, 1], covariates=[1, 2], ties="x"), UsageError, "ties='x'"),
        (lambda: sv.discrete_time_hazard([1, 2], [0, 0]), NotEstimableError, "No event"),
        (lambda: sv.discrete_time_hazard([1.5, 2], [1, 0]), UsageError, "whole numbers"),
        (
            lambda: sv.discrete_time_hazard([1, 1, 2, 2], [1, 1, 0, 0], covariates=[1, 1, 0, 0]),
            NotEstimableError,
            "separate",
        ),
        (lambda: sv.life_table([1, 2], [1, 0], breaks=[0]), UsageError, "two limits"),
        (lambda: sv.life_table([1, 2], [1, 0], breaks=[0, 2]), UsageError, "breaks end at 2"),
        (lambda: sv.life_table([1, 2], [1, 0], breaks=[2, 3]), UsageError, "breaks start at 2"),
    ],
)
def test_misuse_says_what_is_accepted(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_results_travel():
    made = [
        sv.proportional_hazards(WHOLE, EVENT, covariates=X),
        sv.discrete_time_hazard(WHOLE, EVENT, covariates=X),
        sv.life_table(WHOLE, EVENT, breaks=[0, 10, 50]),
    ]
    for item in made:
        assert pickle.loads(pickle.dumps(item)) == item
        assert type(item).from_dict(item.to_dict()) == item
        assert "nan" not in str(item.to_dict()).lower()
        assert len(repr(item)) <= 100
        assert str(item)
