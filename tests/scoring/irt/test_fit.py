"""Calibration against published tables, a brute-force second implementation, and what must not matter."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.scoring import irt
from tests.scoring.irt.tables import BINARY, LSAT6, LSAT7, SCIENCE, SCIENCE_N, people, simulate

# Values marked mirt: R mirt 1.47 on R 4.2.2 with TOL 1e-8, as recorded in the design notes (psychometrics.md 2.4-2.8).
# Tolerances: the printed digits of estimates (mirt itself stops at a change of 1e-8 in EM, about 2e-5 from the top).


def intercepts(fit: irt.IrtFit) -> np.ndarray:
    return np.array([estimate.intercepts for estimate in fit.estimates])


def intercept_errors(fit: irt.IrtFit) -> np.ndarray:
    return np.array([estimate.intercept_se for estimate in fit.estimates])


def slope_errors(fit: irt.IrtFit) -> np.ndarray:
    return np.array([estimate.slope_se for estimate in fit.estimates])


class TestPublished:
    def test_lsat6_two_parameter(self) -> None:
        fit = irt.fit(BINARY, "2pl", weights=LSAT6)
        assert fit.converged
        assert fit.n_parameters == 10
        assert fit.log_likelihood == pytest.approx(-2466.653377, abs=1e-5)
        assert fit.aic == pytest.approx(4953.3068, abs=1e-4)
        assert fit.bic == pytest.approx(5002.3843, abs=1e-4)
        np.testing.assert_allclose(fit.items.slope, [0.82566, 0.72274, 0.89087, 0.68837, 0.65686], atol=2e-5)
        np.testing.assert_allclose(intercepts(fit)[:, 0], [2.77323, 0.99020, 0.24915, 1.28476, 2.05327], atol=2e-5)
        np.testing.assert_allclose(fit.items.location, [-3.35881, -1.37006, -0.27967, -1.86638, -3.12591], atol=1e-4)
        np.testing.assert_allclose(slope_errors(fit), [0.25811, 0.18668, 0.23276, 0.18514, 0.20991], atol=2e-5)
        np.testing.assert_allclose(
            intercept_errors(fit)[:, 0], [0.20574, 0.09002, 0.07627, 0.09904, 0.13536], atol=2e-5
        )
        # R ltm 1.2-0 prints standard errors of the difficulties
        errors = [estimate.threshold_se[0] for estimate in fit.estimates]
        np.testing.assert_allclose(errors, [0.8669, 0.3073, 0.0997, 0.4341, 0.8700], rtol=2e-3)

    def test_lsat6_cross_product_errors(self) -> None:
        fit = irt.fit(BINARY, "2pl", weights=LSAT6, se_method="cross_product")
        np.testing.assert_allclose(slope_errors(fit), [0.25387, 0.18787, 0.23001, 0.18619, 0.20269], atol=2e-5)
        np.testing.assert_allclose(
            intercept_errors(fit)[:, 0], [0.20258, 0.09025, 0.07624, 0.09880, 0.13316], atol=2e-5
        )

    def test_lsat6_rasch(self) -> None:
        fit = irt.fit(BINARY, "rasch", weights=LSAT6)
        assert fit.log_likelihood == pytest.approx(-2466.937600, abs=1e-5)
        assert (fit.n_parameters, round(fit.aic, 4), round(fit.bic, 4)) == (6, 4945.8752, 4975.3217)
        np.testing.assert_allclose(intercepts(fit)[:, 0], [2.73002, 0.99861, 0.23985, 1.30645, 2.09941], atol=2e-5)
        np.testing.assert_allclose(
            intercept_errors(fit)[:, 0], [0.13044, 0.07918, 0.07177, 0.08464, 0.10545], atol=2e-5
        )
        assert fit.group().variance == pytest.approx(0.57024, abs=2e-5)
        assert fit.group().variance_se == pytest.approx(0.10486, abs=2e-5)

    def test_lsat6_common_slope_is_rasch_in_other_words(self) -> None:
        one, rasch = irt.fit(BINARY, "1pl", weights=LSAT6), irt.fit(BINARY, "rasch", weights=LSAT6)
        assert one.log_likelihood == pytest.approx(rasch.log_likelihood, abs=1e-9)
        assert one.estimates[0].slope == pytest.approx(0.75513, abs=2e-5)  # ltm
        assert one.estimates[0].slope_se == pytest.approx(0.06943, abs=2e-5)  # ltm
        assert one.parameter_names[0] == "common.slope"
        assert one.group().variance == pytest.approx(1.0)

    def test_lsat6_three_parameter_with_prior(self) -> None:
        fit = irt.fit(BINARY, "3pl", weights=LSAT6, guessing_prior=(-1.1, 0.5))
        assert fit.log_likelihood == pytest.approx(-2466.8967, abs=1e-3)
        assert fit.log_prior == pytest.approx(-1.1420, abs=1e-3)
        np.testing.assert_allclose(fit.items.slope, [0.8520, 0.8942, 1.3654, 0.7930, 0.7283], atol=2e-3)
        np.testing.assert_allclose(fit.items.location, [-2.8817, -0.6050, 0.3368, -1.1099, -2.3701], atol=2e-3)
        np.testing.assert_allclose(fit.items.guessing, [0.2493, 0.2471, 0.2352, 0.2481, 0.2488], atol=2e-4)

    def test_lsat7(self) -> None:
        fit = irt.fit(BINARY, "2pl", weights=LSAT7)
        assert fit.log_likelihood == pytest.approx(-2658.805114, abs=1e-5)
        np.testing.assert_allclose(fit.items.slope, [0.98755, 1.08084, 1.70748, 0.76499, 0.73567], atol=1e-4)
        np.testing.assert_allclose(intercepts(fit)[:, 0], [1.85586, 0.80797, 1.80521, 0.48600, 1.85446], atol=1e-4)
        np.testing.assert_allclose(slope_errors(fit), [0.17719, 0.16876, 0.32108, 0.13412, 0.15113], atol=1e-4)
        np.testing.assert_allclose(
            intercept_errors(fit)[:, 0], [0.13145, 0.09125, 0.20483, 0.07491, 0.11441], atol=1e-4
        )
        rasch = irt.fit(BINARY, "rasch", weights=LSAT7)
        assert rasch.log_likelihood == pytest.approx(-2664.900891, abs=1e-5)
        assert rasch.group().variance == pytest.approx(1.02265, abs=2e-5)
        assert rasch.group().variance_se == pytest.approx(0.13135, abs=2e-5)

    def test_science_graded(self) -> None:
        fit = irt.fit(SCIENCE, "graded", weights=SCIENCE_N)
        assert fit.log_likelihood == pytest.approx(-1608.869413, abs=1e-5)
        np.testing.assert_allclose(fit.items.slope, [1.04064, 1.22583, 2.30059, 1.09380], atol=1e-4)
        expected = [
            [-4.67281, -2.53609, 1.40822],
            [-2.38532, -0.73512, 1.84889],
            [-2.27992, -0.96438, 0.85521],
            [-3.05987, -0.90640, 1.54282],
        ]
        np.testing.assert_allclose(fit.items.thresholds, expected, atol=2e-4)
        np.testing.assert_allclose(slope_errors(fit), [0.18819, 0.18170, 0.48817, 0.18318], atol=1e-4)
        expected = [
            [0.49046, 0.22247, 0.15855],
            [0.23920, 0.14288, 0.20299],
            [0.73633, 0.35997, 0.32501],
            [0.27636, 0.14043, 0.16850],
        ]
        np.testing.assert_allclose(intercept_errors(fit), expected, atol=1e-4)
        assert fit.items.categories[0] == (1, 2, 3, 4)

    def test_science_partial_credit(self) -> None:
        fit = irt.fit(SCIENCE, "gpcm", weights=SCIENCE_N)
        assert fit.log_likelihood == pytest.approx(-1612.681600, abs=1e-5)
        np.testing.assert_allclose(fit.items.slope, [0.86114, 0.83997, 2.23735, 0.72038], atol=1e-4)
        expected = [
            [-3.27746, -2.89246, 1.53779],
            [-2.03569, -1.03310, 2.05893],
            [-2.08313, -0.97480, 0.83144],
            [-2.90796, -1.10927, 1.63150],
        ]
        np.testing.assert_allclose(fit.items.thresholds, expected, atol=1e-4)
        pcm = irt.fit(SCIENCE, "pcm", weights=SCIENCE_N)
        assert pcm.log_likelihood == pytest.approx(-1619.274101, abs=1e-5)
        assert pcm.n_parameters == 13
        assert pcm.group().variance == pytest.approx(1.00253, abs=1e-4)
        expected = [
            [3.08796, 5.68327, 4.29448],
            [1.89637, 2.80729, 0.94853],
            [2.64759, 4.06881, 2.93360],
            [2.44916, 3.34892, 1.99089],
        ]
        np.testing.assert_allclose(intercepts(pcm), expected, atol=2e-4)


def brute_force(patterns: np.ndarray, group: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    """Maximize the 2PL likelihood with free mean and variance in group 1, by Gauss-Hermite and a general optimizer."""
    nodes, mass = np.polynomial.hermite_e.hermegauss(81)
    mass = mass / mass.sum()
    items = patterns.shape[1]

    def minus(x: np.ndarray) -> float:
        a, d, mean, sd = x[:items], x[items : 2 * items], x[-2], np.exp(x[-1])
        total = 0.0
        for g, theta in ((0, nodes), (1, mean + sd * nodes)):
            z = np.outer(a, theta) + d[:, None]
            keep = group == g
            right = np.where(np.isnan(patterns[keep]), 0, patterns[keep])
            wrong = np.where(np.isnan(patterns[keep]), 0, 1 - patterns[keep])
            logs = -right @ np.log1p(np.exp(-z)) - wrong @ np.log1p(np.exp(z))
            total += np.log(np.exp(logs) @ mass).sum()
        return -total

    found = minimize(minus, start, method="BFGS", options={"gtol": 1e-3})
    return -found.fun, found.x


def test_two_groups_with_missing_forms_equal_a_general_optimizer() -> None:
    rng = np.random.default_rng(7)
    theta = np.concatenate([rng.normal(size=400), 0.6 + 1.2 * rng.normal(size=400)])
    a, b = np.array([1.0, 1.4, 0.8, 1.2, 1.6, 0.9]), np.array([-1.0, -0.4, 0.0, 0.3, 0.8, 1.1])
    data = simulate(rng, theta, a, b).astype(float)
    group = np.repeat([0, 1], 400)
    data[group == 0, 5], data[group == 1, 0] = np.nan, np.nan
    fit = irt.fit(data, "2pl", groups=group)
    best, x = brute_force(data, group, np.concatenate([a, -a * b, [0.6, 0.2]]))
    assert fit.log_likelihood == pytest.approx(best, abs=1e-5)
    np.testing.assert_allclose(fit.items.slope, x[:6], atol=2e-3)
    np.testing.assert_allclose(intercepts(fit)[:, 0], x[6:12], atol=2e-3)
    assert (fit.groups[1].mean, fit.groups[1].sd) == pytest.approx((x[-2], np.exp(x[-1])), abs=2e-3)


def test_standard_errors_equal_the_numeric_hessian_with_random_missing() -> None:
    rng = np.random.default_rng(8)
    data = simulate(rng, rng.normal(size=300), np.array([1.0, 1.5, 0.7, 1.2]), np.array([-0.5, 0.0, 0.4, 0.9])).astype(
        float
    )
    data[rng.random(data.shape) < 0.15] = np.nan
    fit = irt.fit(data, "2pl")
    center = np.concatenate([fit.items.slope, intercepts(fit)[:, 0]])

    def minus(x: np.ndarray) -> float:
        nodes, mass = np.polynomial.hermite_e.hermegauss(61)
        z = np.outer(x[:4], nodes) + x[4:, None]
        right = np.where(np.isnan(data), 0, data)
        wrong = np.where(np.isnan(data), 0, 1 - data)
        logs = -right @ np.log1p(np.exp(-z)) - wrong @ np.log1p(np.exp(z))
        return -float(np.log(np.exp(logs) @ (mass / mass.sum())).sum())

    h, eye = 1e-3, np.eye(8)
    hessian = np.array(
        [
            [
                (
                    minus(center + h * (eye[i] + eye[j]))
                    - minus(center + h * (eye[i] - eye[j]))
                    - minus(center - h * (eye[i] - eye[j]))
                    + minus(center - h * (eye[i] + eye[j]))
                )
                / (4 * h * h)
                for j in range(8)
            ]
            for i in range(8)
        ]
    )
    expected = np.sqrt(np.diag(np.linalg.inv(hessian)))
    np.testing.assert_allclose(slope_errors(fit), expected[:4], rtol=1e-4)
    np.testing.assert_allclose(intercept_errors(fit)[:, 0], expected[4:], rtol=1e-4)


class TestWhatMustNotMatter:
    def test_rows_or_patterns_with_counts(self) -> None:
        rows, counted = irt.fit(people(BINARY, LSAT6)), irt.fit(BINARY, weights=LSAT6)
        assert rows.log_likelihood == pytest.approx(counted.log_likelihood, abs=1e-9)
        np.testing.assert_allclose(rows.items.slope, counted.items.slope, atol=1e-6)
        assert rows.n == counted.n == 1000

    def test_twice_the_sample_has_errors_smaller_by_root_two(self) -> None:
        once, twice = irt.fit(BINARY, weights=LSAT7), irt.fit(BINARY, weights=2 * LSAT7)
        np.testing.assert_allclose(once.items.slope, twice.items.slope, atol=1e-6)
        np.testing.assert_allclose(slope_errors(once) / slope_errors(twice), np.sqrt(2), rtol=1e-5)

    def test_reversed_keys_mirror_the_difficulty(self) -> None:
        fit, mirrored = irt.fit(BINARY, "rasch", weights=LSAT7), irt.fit(1 - BINARY, "rasch", weights=LSAT7)
        np.testing.assert_allclose(fit.items.location, -mirrored.items.location, atol=1e-6)

    def test_order_of_items(self) -> None:
        fit, moved = (
            irt.fit(SCIENCE, "graded", weights=SCIENCE_N),
            irt.fit(SCIENCE[:, [2, 0, 3, 1]], "graded", weights=SCIENCE_N),
        )
        np.testing.assert_allclose(fit.items.slope[[2, 0, 3, 1]], moved.items.slope, atol=1e-5)

    def test_graded_with_two_categories_is_two_parameter(self) -> None:
        fit, graded, gpcm = (irt.fit(BINARY, model, weights=LSAT7) for model in ("2pl", "graded", "gpcm"))
        for other in (graded, gpcm):
            assert other.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-7)
            np.testing.assert_allclose(other.items.location, fit.items.location, atol=1e-5)

    def test_an_unused_middle_category_keeps_the_other_codes(self) -> None:
        moved = np.where(SCIENCE == 4, 5, SCIENCE)
        plain, gap = irt.fit(SCIENCE, "pcm", weights=SCIENCE_N), irt.fit(moved, "graded", weights=SCIENCE_N)
        assert gap.items.categories[0] == (1, 2, 3, 5)
        assert "category 4" in gap.notices[0]
        assert gap.log_likelihood == pytest.approx(-1608.869413, abs=1e-5)
        assert irt.fit(moved, "pcm", weights=SCIENCE_N).log_likelihood != pytest.approx(plain.log_likelihood, abs=1e-3)

    def test_mixed_models_in_one_test(self) -> None:
        mixed = irt.fit(BINARY, ["2pl", "graded", "gpcm", "2pl", "2pl"], weights=LSAT7)
        assert mixed.log_likelihood == pytest.approx(-2658.805114, abs=1e-5)

    def test_frames_masks_and_none(self) -> None:
        rows = people(BINARY, LSAT7)[:400].astype(float)
        rows[::7, 1] = np.nan
        plain = irt.fit(rows, "rasch")
        frame = irt.fit(pd.DataFrame(rows, columns=list("abcde")), "rasch")
        listed = irt.fit([[None if np.isnan(v) else int(v) for v in row] for row in rows], "rasch")
        masked = irt.fit(np.ma.masked_invalid(rows), "rasch")
        assert frame.items.item_ids == tuple("abcde")
        for other in (frame, listed, masked):
            assert other.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-9)

    def test_results_survive_pickling_and_dictionaries(self) -> None:
        fit = irt.fit(BINARY, weights=LSAT6)
        assert pickle.loads(pickle.dumps(fit)) == fit
        assert irt.IrtFit.from_dict(fit.to_dict()) == fit
        assert "log-likelihood" in str(fit)


class TestFixedAnchors:
    def test_all_items_fixed_at_the_estimates_give_the_same_distribution(self) -> None:
        free = irt.fit(BINARY, weights=LSAT7)
        fixed = irt.fit(BINARY, weights=LSAT7, fixed=free.items)
        assert fixed.group().mean == pytest.approx(0, abs=1e-5)
        assert fixed.group().variance == pytest.approx(1, abs=1e-5)
        assert fixed.scale_id == free.scale_id
        assert fixed.estimates[0].fixed

    def test_new_items_land_on_the_scale_of_the_anchors(self) -> None:
        rng = np.random.default_rng(11)
        a, b = rng.uniform(0.8, 1.8, 10), rng.normal(size=10)
        data = simulate(rng, 1.0 + 0.8 * rng.normal(size=6000), a, b)
        anchors = irt.item_parameters(a[:5], b[:5], item_ids=[f"item{j}" for j in range(1, 6)], scale_id="bank")
        fit = irt.fit(data, fixed=anchors)
        assert fit.scale_id == "bank"
        group = fit.group()
        assert abs(group.mean - 1.0) < 4 * (group.mean_se or 0)
        assert abs(group.sd - 0.8) < 4 * (group.sd_se or 0)
        for j, estimate in enumerate(fit.estimates[5:], start=5):
            assert abs((estimate.slope or 0) - a[j]) < 4 * (estimate.slope_se or 0)


RIGHT = np.column_stack([BINARY, np.ones(32)])


class TestDegenerate:
    def test_an_item_that_all_got_right_is_left_out_with_the_reason(self) -> None:
        fit = irt.fit(RIGHT, weights=LSAT7)
        assert fit.estimates[5].slope is None
        assert "every answer is right" in (fit.estimates[5].reason or "")
        assert fit.log_likelihood == pytest.approx(-2658.805114, abs=1e-5)
        assert fit.items.item_ids == ("item1", "item2", "item3", "item4", "item5")

    def test_rows_without_answers_are_counted_and_left_out(self) -> None:
        rows = np.vstack([people(BINARY, LSAT7).astype(float), np.full((3, 5), np.nan)])
        fit = irt.fit(rows)
        assert (fit.n, fit.n_unanswered) == (1000, 3)

    @pytest.mark.parametrize(
        ("data", "options", "error", "says"),
        [
            ([[1, 1], [0, 0]], {}, NotEstimableError, "at least 3"),
            ([[1], [0]], {"model": "rasch"}, NotEstimableError, "at least 2"),
            ([[1, 0, 1, 1, 0]], {}, NotEstimableError, "every answer is right"),
            (np.full((4, 3), np.nan), {}, NotEstimableError, "nobody answered"),
            ([[0, 1, 2], [1, 0, 1]], {}, UsageError, "codes 0 and 1"),
            ([[0, 1, -1], [1, 0, 1]], {}, UsageError, "as NaN"),
            ([[0, 0.5, 1], [1, 0, 1]], {}, UsageError, "whole numbers"),
            ([[0, np.inf, 1], [1, 0, 1]], {}, UsageError, "infinite"),
            ([0, 1], {}, UsageError, "learners"),
            ([["a", "b"]], {}, UsageError, "numbers"),
            (BINARY, {"model": "4pl"}, UsageError, "is not one of"),
            (BINARY, {"model": ["2pl"]}, UsageError, "one an item"),
            (BINARY, {"model": ["1pl", "2pl", "2pl", "2pl", "2pl"]}, UsageError, "does not mix"),
            (BINARY, {"weights": -LSAT6}, UsageError, "0 or more"),
            (BINARY, {"groups": ["a"]}, UsageError, "one label a learner"),
            (BINARY, {"groups": ["a"] * 32, "reference_group": "b"}, UsageError, "not among the groups"),
            (BINARY, {"reference_group": "b"}, UsageError, "needs `groups`"),
            (BINARY, {"item_ids": ["a", "b"]}, UsageError, "different names"),
            (BINARY, {"se_method": "oaks"}, UsageError, "is not one of"),
            (BINARY, {"quadrature_points": 3}, UsageError, "outside"),
            (BINARY, {"quadrature_points": "many"}, UsageError, "quadrature_points"),
            (BINARY, {"max_iterations": "many"}, UsageError, "max_iterations"),
            (BINARY, {"tolerance": "small"}, UsageError, "tolerance"),
            (BINARY, {"slope_prior": (0, -1)}, UsageError, "standard deviation above 0"),
            (BINARY, {"slope_prior": ("a", 1)}, UsageError, "slope_prior"),
            (BINARY, {"guessing_prior": (0.0,)}, UsageError, "guessing_prior"),
            (BINARY, {"fixed": irt.item_parameters([1.0], [0.0], item_ids=["x"])}, UsageError, "none of the items"),
        ],
    )
    def test_misuse_and_nothing_to_estimate(self, data: object, options: dict, error: type, says: str) -> None:
        with pytest.raises(error, match=says):
            irt.fit(data, **options)

    def test_a_tiny_sample_ends_with_a_note_not_a_warning(self, recwarn: pytest.WarningsRecorder) -> None:
        data = simulate(np.random.default_rng(2), np.linspace(-1, 1, 8), np.ones(4), np.zeros(4))
        with pytest.raises(NotEstimableError, match=r"after \d+ steps without converging; the largest gradient is"):
            irt.fit(data, "2pl", max_iterations=60)
        assert not recwarn.list
        mended = irt.fit(data, "2pl", slope_prior=(0.0, 0.5))
        assert mended.converged
        assert all(0 < slope < 4 for slope in mended.items.slope)


def test_three_parameters_without_a_prior_do_not_fall_below_two() -> None:
    for counts in (LSAT6, LSAT7):
        two, three = irt.fit(BINARY, "2pl", weights=counts), irt.fit(BINARY, "3pl", weights=counts, guessing_prior=None)
        assert three.log_likelihood >= two.log_likelihood - 1e-6
    assert three.log_likelihood == pytest.approx(-2658.0547, abs=1e-3)  # mirt, which had not converged


def test_large_data_that_start_from_a_sample_end_where_patterns_do() -> None:
    rng = np.random.default_rng(15)
    a, b = np.linspace(0.8, 1.8, 20), np.linspace(-1.5, 1.5, 20)
    data = simulate(rng, rng.normal(size=20_000), a, b)
    whole = irt.fit(data)
    assert whole.n_patterns > 8_000  # enough to take the route through a sample
    exact = irt.fit(data, tolerance=1e-12)
    np.testing.assert_allclose(whole.items.slope, exact.items.slope, atol=1e-5)
    np.testing.assert_allclose(slope_errors(whole), slope_errors(exact), rtol=1e-3)
    assert np.all(np.abs(whole.items.slope - a) < 4.5 * slope_errors(whole))


@pytest.mark.parametrize("seed", range(12))
def test_noise_never_ends_in_a_traceback(seed: int, recwarn: pytest.WarningsRecorder) -> None:
    rng = np.random.default_rng(seed)
    model = ("rasch", "1pl", "2pl", "3pl", "graded", "gpcm")[seed % 6]
    data = rng.integers(0, 2 if seed % 6 < 4 else 3, (int(rng.choice([3, 6, 12])), 5)).astype(float)
    data[rng.random(data.shape) < 0.2] = np.nan
    try:
        fit = irt.fit(data, model, max_iterations=25)
    except NotEstimableError as error:
        refused = str(error)
    else:
        refused = ""
        assert np.isfinite([fit.log_likelihood, *fit.items.slope]).all()
        assert fit.converged
        for method in ("eap", "map", "ml", "wle"):
            made = irt.score(data, fit, method=method)
            assert np.array_equal(made.reason_code == 0, np.isfinite(made.theta))
    assert not recwarn.list

    assert not refused or len(data) < 12 or "without converging" in refused
