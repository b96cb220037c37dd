"""Mixed models against lme4 1.1-31 and lmerTest 3.1-3 (reference/lme4.R); ranks and funnels against worked numbers."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest

from blended_standard import compare
from blended_standard.errors import NotEstimableError, UsageError

spec = importlib.util.spec_from_file_location("data_sets", Path(__file__).with_name("data_sets.py"))
data_sets = importlib.util.module_from_spec(spec)
spec.loader.exec_module(data_sets)


@pytest.fixture(scope="module")
def schools():
    data = dict(data_sets.read("hsb82/hsb82.csv"))
    data["catholic"] = (data["sector"] == "Catholic").astype(float)
    data["cses:catholic"] = data["cses"] * data["catholic"]
    return data


@pytest.fixture(scope="module")
def exam():
    return data_sets.read("exam/exam.csv")


def pick(data, *names):
    return {name: data[name] for name in names}


def agrees(fit, coefficients, se, df, criterion):
    """lme4 stops at its optimizer's tolerance: estimates agree to 1e-6, degrees of freedom to 1e-5."""
    np.testing.assert_allclose(fit.coefficients, coefficients, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(fit.se, se, rtol=1e-6)
    np.testing.assert_allclose(fit.df, df, rtol=1e-5)
    assert fit.criterion == pytest.approx(criterion, abs=1e-7)
    assert fit.log_likelihood == -fit.criterion / 2


def test_empty_model(schools):
    fit = compare.random_intercept(schools["mAch"], schools["school"])
    agrees(fit, [12.63697381], [0.2443935608], [156.647317509], 47116.793483549)
    assert fit.variance_between == pytest.approx(8.614024837, rel=2e-8)
    assert fit.variance_within == pytest.approx(39.14832189, rel=1e-9)
    assert fit.icc == pytest.approx(0.1803517923, rel=1e-7)
    interval = fit.variance_between_interval
    np.testing.assert_allclose(np.sqrt([interval.low, interval.high]), [2.59472858372, 3.31587997873], rtol=1e-4)
    for group, effect, se in (
        ("8367", -6.103011519, 1.452935876),
        ("8854", -7.352913628, 1.035009324),
        ("4458", -6.235217345, 0.8631614553),
    ):
        i = fit.groups.index(group)
        assert fit.effects[i, 0] == pytest.approx(effect, rel=1e-8)
        assert np.sqrt(fit.effect_covariances[i, 0, 0]) == pytest.approx(se, rel=1e-8)


@pytest.mark.parametrize(
    ("method", "coefficients", "se", "df", "between", "within", "criterion"),
    [
        (
            "REML",
            [11.71890774003, 2.37471141136, 2.10083650714],
            [0.228058423993, 0.105491070323, 0.341124175127],
            [153.584288966, 6738.858077988, 147.357506910],
            3.68503691717,
            37.03691306427,
            46611.150923424,
        ),
        (
            "ML",
            [11.71927349975, 2.37709655239, 2.10005404288],
            [0.226505004936, 0.105442370318, 0.338752337638],
            [155.497869173, 6735.029609594, 149.113292304],
            3.62187148491,
            37.03278580510,
            46606.436199144,
        ),
    ],
)
def test_covariates(schools, method, coefficients, se, df, between, within, criterion):
    fit = compare.random_intercept(
        schools["mAch"], schools["school"], covariates=pick(schools, "ses", "catholic"), method=method
    )
    agrees(fit, coefficients, se, df, criterion)
    assert (fit.variance_between, fit.variance_within) == pytest.approx((between, within), rel=2e-6)


@pytest.mark.parametrize(
    ("method", "coefficients", "se", "df", "between", "within", "criterion"),
    [
        (
            "REML",
            [0.00232282315464, 0.56330691414768],
            [0.0403543578956, 0.0124679612473],
            [60.7322889081, 4050.0738872461],
            0.0938389877421,
            0.5658653102886,
            9368.7652873289,
        ),
        (
            "ML",
            [0.00239075622301, 0.56337116452073],
            [0.0400227020898, 0.0124654017171],
            [61.6646107589, 4051.9693217660],
            0.0921292825493,
            0.5657310035408,
            9357.243200591,
        ),
    ],
)
def test_exam(exam, method, coefficients, se, df, between, within, criterion):
    fit = compare.random_intercept(exam["normexam"], exam["school"], covariates=pick(exam, "standLRT"), method=method)
    agrees(fit, coefficients, se, df, criterion)
    assert (fit.variance_between, fit.variance_within) == pytest.approx((between, within), rel=1e-6)
    low, high = fit.variance_between_interval.low, fit.variance_between_interval.high
    np.testing.assert_allclose(np.sqrt([low, high]), [0.250832274096, 0.372556506539], rtol=1e-4)


def test_slopes_of_hsb82(schools):
    covariates = pick(schools, "cses", "catholic", "meanses", "cses:catholic")
    fit = compare.random_slope(schools["mAch"], schools["school"], covariates=covariates, slopes=["cses"])
    agrees(
        fit,
        [12.11601850118, 2.78774295528, 1.25242942034, 5.24507149281, -1.34776429595],
        [0.199284273560, 0.155865674257, 0.306213528382, 0.368243949298, 0.234808178621],
        [159.890423969, 144.192468139, 149.713626837, 151.279807412, 152.971064864],
        46514.534403095,
    )
    expected = [[2.380846372325, 0.195685086174], [0.195685086174, 0.271641711305]]
    np.testing.assert_allclose(fit.random_covariance, expected, rtol=2e-5)
    assert fit.variance_within == pytest.approx(36.707695062916, rel=1e-7)


def test_slopes_of_exam(exam):
    fit = compare.random_slope(
        exam["normexam"], exam["school"], covariates=pick(exam, "standLRT"), slopes=["standLRT"], method="ML"
    )
    agrees(
        fit,
        [-0.0115048401088, 0.5567304439505],
        [0.0397834853785, 0.0199367981366],
        [61.5773049597, 57.1385586390],
        9316.870964922,
    )
    np.testing.assert_allclose(fit.effects[0], [0.374934539018, 0.12497563581], rtol=1e-6)
    expected = [[0.006826485515119, -0.000103755212911], [-0.000103755212911, 0.004138875855496]]
    np.testing.assert_allclose(fit.effect_covariances[0], expected, rtol=1e-5)


# lme4 1.1-31: sleepstudy, reaction time in ms of 18 subjects on days 0 to 9 (Belenky et al. 2003).
SLEEP = """
249.5600 258.7047 250.8006 321.4398 356.8519 414.6901 382.2038 290.1486 430.5853 466.3535 222.7339 205.2658 202.9778
204.7070 207.7161 215.9618 213.6303 217.7272 224.2957 237.3142 199.0539 194.3322 234.3200 232.8416 229.3074 220.4579
235.4208 255.7511 261.0125 247.5153 321.5426 300.4002 283.8565 285.1330 285.7973 297.5855 280.2396 318.2613 305.3495
354.0487 287.6079 285.0000 301.8206 320.1153 316.2773 293.3187 290.0750 334.8177 293.7469 371.5811 234.8606 242.8118
272.9613 309.7688 317.4629 309.9976 454.1619 346.8311 330.3003 253.8644 283.8424 289.5550 276.7693 299.8097 297.1710
338.1665 332.0265 348.8399 333.3600 362.0428 265.4731 276.2012 243.3647 254.6723 279.0244 284.1912 305.5248 331.5229
335.7469 377.2990 241.6083 273.9472 254.4907 270.8021 251.4519 254.6362 245.4523 235.3110 235.7541 237.2466 312.3666
313.8058 291.6112 346.1222 365.7324 391.8385 404.2601 416.6923 455.8643 458.9167 236.1032 230.3167 238.9256 254.9220
250.7103 269.7744 281.5648 308.1020 336.2806 351.6451 256.2968 243.4543 256.2046 255.5271 268.9165 329.7247 379.4445
362.9184 394.4872 389.0527 250.5265 300.0576 269.8939 280.5891 271.8274 304.6336 287.7466 266.5955 321.5418 347.5655
221.6771 298.1939 326.8785 346.8555 348.7402 352.8287 354.4266 360.4326 375.6406 388.5417 271.9235 268.4369 257.2424
277.6566 314.8222 317.2135 298.1353 348.1229 340.2800 366.5131 225.2640 234.5235 238.9008 240.4730 267.5373 344.1937
281.1481 347.5855 365.1630 372.2288 269.8804 272.4428 277.8989 281.7895 279.1705 284.5120 259.2658 304.6306 350.7807
369.4692 269.4117 273.4740 297.5968 310.6316 287.1726 329.6076 334.4818 343.2199 369.1417 364.1236
"""


def test_slopes_of_sleepstudy():
    reaction = np.array([float(value) for value in SLEEP.split()])
    fit = compare.random_slope(
        reaction, np.repeat(np.arange(18), 10), covariates={"days": np.tile(np.arange(10.0), 18)}, slopes=["days"]
    )
    assert fit.criterion == pytest.approx(1743.628272, abs=5e-7)
    np.testing.assert_allclose(fit.coefficients, [251.4051048, 10.46728596], rtol=5e-9)
    np.testing.assert_allclose(fit.se, [6.824596695, 1.545789644], rtol=1e-4)
    np.testing.assert_allclose(fit.df, [17, 17], rtol=1e-5)
    expected = [[612.100158, 9.604408951], [9.604408951, 35.07171445]]
    np.testing.assert_allclose(fit.random_covariance, expected, rtol=1e-4)
    assert fit.variance_within == pytest.approx(654.9400083, rel=1e-5)


def test_units_do_not_matter(exam):
    plain = compare.random_slope(
        exam["normexam"], exam["school"], covariates=pick(exam, "standLRT"), slopes=["standLRT"]
    )
    wide = compare.random_slope(
        exam["normexam"], exam["school"], covariates={"x": 1000 * exam["standLRT"]}, slopes=["x"]
    )
    np.testing.assert_allclose(wide.coefficients * [1, 1000], plain.coefficients, rtol=1e-7)
    np.testing.assert_allclose(wide.random_covariance[1, 1] * 1e6, plain.random_covariance[1, 1], rtol=1e-6)
    # lme4's REML criterion changes by log |d x / d x'| with the units of a covariate: 2 log 1000 here.
    assert wide.criterion == pytest.approx(plain.criterion + 2 * np.log(1000), abs=1e-6)


def test_degrees_of_freedom_of_a_singular_fit_and_of_small_units():
    # lmerTest::lmer(y ~ x + (x | g)): coefficients .1575 and .3025 on 7.0002 and 28.0780 df; the slopes have no spread
    # of their own. The df of the residuals, 38, would make eight groups look like forty learners.
    g, x = np.repeat(np.arange(8), 5), np.tile([-2.0, -1, 0, 1, 2], 8)
    noise = (np.arange(40) * 37 % 11 - 5) / 5
    y = np.array([-1.0, 1.5, 0.5, -2, 2, 0, -0.5, 1])[g] + 0.3 * x + noise
    for unit in (1, 1e-6):
        fit = compare.random_slope(unit * y, g, covariates={"x": x}, slopes=["x"])
        assert fit.singular
        assert fit.df == pytest.approx([7.0001658, 28.0779763], rel=1e-4)
        assert compare.random_intercept(unit * y, g).df == pytest.approx([7.0], rel=1e-6)
        assert compare.random_intercept(unit * y, g).variance_between_se == pytest.approx(0.9330659 * unit**2, rel=1e-6)


def test_balanced_data_have_the_anova_answer():
    rng = np.random.default_rng(5)
    y = rng.normal(size=(12, 7)) + rng.normal(size=(12, 1)) * 2
    fit = compare.random_intercept(y.ravel(), np.repeat(np.arange(12), 7))
    within = ((y - y.mean(axis=1, keepdims=True)) ** 2).sum() / (12 * 6)
    between = 7 * y.mean(axis=1).var(ddof=1)
    assert fit.variance_within == pytest.approx(within, rel=1e-10)
    assert fit.variance_between == pytest.approx((between - within) / 7, rel=1e-10)
    assert fit.df[0] == pytest.approx(11, rel=1e-6)


def test_zero_variance_between_is_an_answer_with_a_note():
    y = np.tile([1.0, 2.0, 3.0, 4.0], 6)
    fit = compare.random_intercept(y, np.repeat(np.arange(6), 4))
    assert (fit.variance_between, fit.singular, fit.icc) == (0.0, True, 0.0)
    assert [note.code for note in fit.notes] == ["singular", "few-groups"]
    assert fit.se[0] == pytest.approx(y.std(ddof=1) / np.sqrt(y.size))
    effects = compare.program_effects(fit, draws=200)
    assert "no program can be told" in effects.reason
    assert {program.band for program in effects.programs} == {1}


def test_ranks_of_hsb82(schools):
    effects = compare.program_effects(compare.random_intercept(schools["mAch"], schools["school"]))
    for group, rank in (("8367", 6.355904945), ("8854", 2.463796106), ("4458", 4.780130401)):
        assert effects.program(group).expected_rank == pytest.approx(rank, rel=1e-7)
    ranks = [program.expected_rank for program in effects.programs]
    assert max(ranks) == pytest.approx(158.4136209, rel=1e-7)
    assert (effects.programs[0].group, effects.programs[-1].group) == ("5762", "3427")
    assert effects.programs[-1].value == pytest.approx(6.477805656, rel=1e-7)
    for program in effects.programs:
        assert program.rank_low <= program.expected_rank <= program.rank_high
        assert program.surely_below + 1 <= 160 - program.surely_above
        assert 0 < program.reliability < 1
        assert program.prediction.low < program.interval.low < program.comparison.low
    assert effects == compare.program_effects(compare.random_intercept(schools["mAch"], schools["school"]))


def test_practice_accounts_for_variance(schools):
    found = compare.practice_heterogeneity(
        schools["mAch"], schools["school"], practice=schools["catholic"], covariates=pick(schools, "ses")
    )
    assert found.effect.value == pytest.approx(2.10083650714, rel=1e-6)
    assert found.variance_with == pytest.approx(3.68503691717, rel=2e-6)
    assert 0 < found.share_explained < 1


def test_funnel_limits():
    normal = compare.funnel_rates([35], [50], target=0.7)
    np.testing.assert_allclose(normal.low[0], [0.5729798, 0.4997301], atol=5e-8)
    np.testing.assert_allclose(normal.high[0], [0.8270202, 0.9002699], atol=5e-8)
    exact = compare.funnel_rates([35], [50], target=0.7, method="exact", levels=[0.95])
    assert (exact.low[0, 0], exact.high[0, 0]) == pytest.approx((0.56, 0.82))
    between = compare.funnel_rates([35], [50], target=0.7, method="interpolated", levels=[0.95])
    assert (between.low[0, 0], between.high[0, 0]) == pytest.approx((0.5598641, 0.8138606), abs=5e-8)


def test_funnel_overdispersion_widens():
    rng = np.random.default_rng(2)
    n = rng.integers(30, 300, 80)
    events = rng.binomial(n, np.clip(rng.normal(0.6, 0.1, 80), 0, 1))
    plain = compare.funnel_rates(events, n)
    times = compare.funnel_rates(events, n, overdispersion="multiplicative")
    plus = compare.funnel_rates(events, n, overdispersion="additive")
    assert times.phi > 1
    assert np.sqrt(plus.variance_between) == pytest.approx(0.1, abs=0.03)
    assert plain.outside.sum() > times.outside.sum()
    assert plain.outside.sum() > plus.outside.sum()


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: compare.random_intercept([1.0, 2, 3], ["a"] * 3), NotEstimableError, "one group"),
        (lambda: compare.random_intercept([1.0, 2, 3], list("abc")), NotEstimableError, "one row"),
        (lambda: compare.random_intercept([1.0, 1, 2, 2], list("aabb")), NotEstimableError, "within groups"),
        (lambda: compare.random_intercept([2.0] * 6, list("aabbcc")), NotEstimableError, "constant"),
        (lambda: compare.random_intercept([np.nan] * 4, list("aabb")), UsageError, "no finite value"),
        (lambda: compare.random_intercept([1.0, 2, 3, 4], ["a", None, "b", "b"]), UsageError, "missing labels"),
        (lambda: compare.random_intercept([1.0, 2, 3, 4], list("aabb"), method="OLS"), UsageError, "REML"),
        (
            lambda: compare.random_intercept([1.0, 2, 3, 5], list("aabb"), covariates={"flat": [1.0] * 4}),
            NotEstimableError,
            "flat is constant",
        ),
        (
            lambda: compare.random_slope([1.0, 2, 3, 5], list("aabb"), covariates={"x": [1.0, 2, 3, 5]}, slopes=["z"]),
            UsageError,
            "there are x",
        ),
        (
            lambda: compare.random_slope([1.0, 2, 3, 6], list("aabb"), covariates={"x": [1.0, 2, 2, 5]}, slopes=["x"]),
            NotEstimableError,
            "2 groups cannot",
        ),
        (
            lambda: compare.random_slope(range(6), list("aabbcc"), covariates={"x": [1, 2, 4, 3, 1, 7]}, slopes=["x"]),
            NotEstimableError,
            "6 rows are not more than the 6 random",
        ),
        (
            lambda: compare.practice_heterogeneity([1.0, 2, 3, 5], list("aabb"), practice=[1.0, 2, 3, 3]),
            UsageError,
            "differs within",
        ),
        (lambda: compare.funnel_rates([0, 0], [5, 6]), NotEstimableError, "0 or 1"),
        (lambda: compare.funnel_rates([7], [5]), UsageError, "between 0 and the size"),
        (lambda: compare.funnel_means([1.0], [0.0]), UsageError, "positive"),
        (lambda: compare.funnel_means([1.0], [1.0], levels=["x"]), UsageError, "levels holds something"),
        (lambda: compare.funnel_means([1.0], [1.0], levels=[]), UsageError, "levels is empty"),
    ],
)
def test_bad_calls_say_what_is_wrong(call, error, says):
    with pytest.raises(error, match=says):
        call()


@pytest.mark.parametrize(
    "made",
    [
        lambda: compare.random_intercept([1.0, 2, 3, 5, 9, 8], list("aabbcc")),
        lambda: compare.program_effects(compare.random_intercept([1.0, 2, 3, 5, 9, 8], list("aabbcc")), draws=100),
        lambda: compare.funnel_rates([3, 4, 5], [5, 6, 7]),
    ],
)
def test_results_survive_the_round_trip(made):
    found = made()
    assert pickle.loads(pickle.dumps(found)) == found
    assert type(found).from_dict(found.to_dict()) == found
    assert "nan" not in str(found.to_dict()).lower()
