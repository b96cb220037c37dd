"""Cuts against published numbers of the design page, R's lm and glm, and direct computation."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.scoring import standards

RATINGS = [
    [0.80, 0.65, 0.50, 0.70, 0.40, 0.55, 0.90, 0.60],
    [0.75, 0.60, 0.55, 0.65, 0.45, 0.50, 0.85, 0.55],
    [0.85, 0.70, 0.45, 0.75, 0.35, 0.60, 0.90, 0.65],
    [0.70, 0.60, 0.50, 0.60, 0.40, 0.50, 0.80, 0.50],
    [0.80, 0.75, 0.60, 0.70, 0.50, 0.60, 0.95, 0.65],
]
A, B = [0.9, 1.1, 1.3, 0.8, 1.0, 1.2], [-1.2, -0.6, -0.1, 0.3, 0.9, 1.5]
GRADES = [1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 5]
SCORES = [38, 45, 48, 52, 55, 50, 58, 63, 60, 66, 61, 70, 74, 69, 82]


def test_angoff_published():
    found = standards.angoff(RATINGS)
    assert found.judge_cuts == pytest.approx([5.10, 4.90, 5.25, 4.60, 5.55])
    assert (found.value, found.sd, found.se) == pytest.approx((5.08, 0.358120, 0.160156), abs=5e-7)
    parts = (found.variance_judges, found.variance_items, found.variance_residual)
    assert parts == pytest.approx((0.00180357, 0.02145089, 0.00160268), abs=5e-9)
    assert found.se / 8 == pytest.approx(0.0200195, abs=5e-8)
    assert found.se_items_random / 8 == pytest.approx(0.0555171, abs=5e-8)
    judged = standards.angoff(RATINGS, difficulties=np.mean(RATINGS, axis=0)).judge_correlations
    assert judged == pytest.approx([np.corrcoef(row, np.mean(RATINGS, axis=0))[0, 1] for row in RATINGS])
    assert standards.angoff(RATINGS[:1]).se is None


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (2 / 3, [-0.429837, 0.030134, 0.433190, 1.166434, 1.593147, 2.077623]),
        (0.67, [-0.413128, 0.043805, 0.444758, 1.185231, 1.608185, 2.090154]),
        (0.5, B),
    ],
)
def test_item_locations_published(probability, expected):
    assert standards.item_locations(A, B, response_probability=probability) == pytest.approx(expected, abs=1e-6)


def test_bookmark_published():
    found = standards.bookmark([3, 4, 4, 5, 4], a=A, b=B)
    assert (found.value, found.se) == pytest.approx((1.166434, 0.187208), abs=5e-7)
    assert standards.bookmark([3, 4, 4, 5, 4], a=A, b=B, summary="mean").value == pytest.approx(1.105128, abs=5e-7)
    assert standards.item_locations([1.2], [0.4], [0.2])[0] == pytest.approx(0.680394, abs=5e-7)
    assert standards.bookmark([4], a=A, b=B, convention="previous").value == pytest.approx(0.433190, abs=5e-7)
    shuffled = standards.bookmark([3, 4, 4, 5, 4], a=A[::-1], b=B[::-1])
    assert shuffled.value == pytest.approx(found.value)
    assert shuffled.order.tolist() == [5, 4, 3, 2, 1, 0]


def test_borderline_published():
    found = standards.borderline_group(SCORES, GRADES, borderline=2)
    assert (found.value, found.se) == pytest.approx((51.391304, 0.899142), abs=5e-7)
    assert "31.369565 + 10.010870 grade, R squared 0.946807" in found.note
    mean = standards.borderline_group(SCORES, GRADES, borderline=2, method="mean")
    assert (mean.value, mean.se) == pytest.approx((51.25, 1.493), abs=5e-4)
    assert standards.borderline_group(SCORES, GRADES, borderline=2, method="median").value == 51.0


def test_hofstee_published():
    found = standards.hofstee(SCORES, cut_range=(50, 65), fail_range=(0.05, 0.50))
    assert found.value == 55
    assert (found.fail_rate, found.fail_rate_including) == pytest.approx((0.3333, 0.4), abs=5e-5)
    assert found.se > 0
    between = standards.hofstee([10, 20, 80, 90], cut_range=(40, 60), fail_range=(0.4, 0.6))
    assert between.value == pytest.approx(50)
    missed = standards.hofstee(SCORES, cut_range=(70, 80), fail_range=(0.05, 0.2))
    assert missed.value is None
    assert missed.nearest == (70, 0.2)


def test_contrasting_groups_against_glm():
    # R 4.2.2: glm(y ~ x, binomial); -b0/b1, and MASS-style delta error from vcov
    x = [3, 4, 5, 5, 6, 6, 7, 8, 8, 9, 10, 11]
    y = [0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1]
    found = standards.contrasting_groups(x, y)
    assert (found.value, found.se) == pytest.approx((6.79556708731, 1.27231537949), rel=1e-6)


def test_impact_by_group():
    cut = standards.borderline_group(SCORES, GRADES, borderline=2)
    rows = standards.impact(SCORES, cut, groups=["a", "b", "c"] * 5).rows()
    assert len(rows) == 4 * 5
    at_cut = {row["group"]: row for row in rows if row["standard_errors_away"] == 0}
    assert at_cut["all"]["pass_rate"] == pytest.approx(np.mean(np.array(SCORES) >= cut.value))
    assert at_cut["a"]["difference"] == pytest.approx(at_cut["a"]["pass_rate"] - at_cut["all"]["pass_rate"])
    rates = [row["pass_rate"] for row in rows if row["group"] == "all"]
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: standards.angoff([[80, 60]]), UsageError, "0.8"),
        (lambda: standards.angoff(RATINGS, difficulties=[0.5]), UsageError, "difficulties"),
        (lambda: standards.bookmark([0], a=A, b=B), UsageError, "1 to 6"),
        (lambda: standards.bookmark([2], a=A, b=B, response_probability=67), UsageError, "0.67"),
        (lambda: standards.bookmark([2], a=[-1], b=[0]), UsageError, "a must be above 0"),
        (
            lambda: standards.borderline_group([1, 2], [1, 1], borderline=2, method="mean"),
            NotEstimableError,
            "0 learner",
        ),
        (lambda: standards.borderline_group([1, 2, 3], [1, 1, 1], borderline=1), NotEstimableError, "2 grades"),
        (lambda: standards.borderline_group([1, 2, 2, 1], [1, 1, 2, 2], borderline=1), NotEstimableError, "noise"),
        (
            lambda: standards.borderline_group([1, 2, 3], [1, 2, 3], borderline=2, minimum_r_squared="x"),
            UsageError,
            "text",
        ),
        (lambda: standards.impact([1, 2], 1, se=-1), UsageError, "se=-1"),
        (lambda: standards.contrasting_groups([1, 2], [0, 1]), NotEstimableError, "overlap"),
        (lambda: standards.contrasting_groups([2, 1, 2, 1], [0, 1, 0, 1]), NotEstimableError, "do not rise|separated"),
        (lambda: standards.contrasting_groups([1, 2], [0, 0]), NotEstimableError, "one group"),
        (lambda: standards.hofstee([1], cut_range=(2, 1), fail_range=(0, 1)), UsageError, r"pair \(low, high\)"),
    ],
)
def test_misuse_and_the_not_estimable(call, error, says):
    with pytest.raises(error, match=says):
        call()


@pytest.mark.parametrize(
    "found",
    [
        standards.angoff(RATINGS),
        standards.bookmark([3, 4], a=A, b=B),
        standards.hofstee(SCORES, cut_range=(50, 65), fail_range=(0.05, 0.50)),
        standards.hofstee(SCORES, cut_range=(70, 80), fail_range=(0.05, 0.2)),
        standards.impact(SCORES, 50, se=2),
    ],
)
def test_results_travel(found):
    assert pickle.loads(pickle.dumps(found)) == found
    assert type(found).from_dict(found.to_dict()) == found
    assert len(repr(found)) <= 100
    assert str(found)
