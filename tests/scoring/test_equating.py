"""Observed-score equating: the ACT and Kolen-Brennan numbers, base R, symmetry, degenerate input."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.scoring import link

# ACT mathematics, random groups: Kolen & Brennan (2014), data of R package equate (ACTmath); scores 0 to 40.
ACT_X = """0 1 1 3 9 18 59 67 91 144 149 192 192 192 201 204 217 181 184 170 201 147 163 147 140 147 126 113 100 106
 107 91 83 73 72 75 50 37 38 23 15"""
ACT_Y = """0 1 3 13 42 59 95 131 158 161 194 164 166 197 177 158 169 132 158 151 134 137 122 110 116 132 104 104 114
 97 107 88 80 79 70 61 48 47 29 32 12"""
X, Y = (link.frequency_table(range(41), counts=[int(v) for v in text.split()]) for text in (ACT_X, ACT_Y))

# score: equipercentile, its SE, loglinear C=6, linear (R equate 2.0.9; Kolen & Brennan tables 2.7, 3.2)
ACT = {
    0: (-0.5, 0, -0.4384, -2.6320),
    1: (0.9796, 0.8306, 0.1239, -1.5433),
    2: (1.6462, 0.5210, 0.9293, -0.4547),
    3: (2.2856, 0.8210, 1.8265, 0.6339),
    4: (2.8932, 0.2950, 2.7410, 1.7225),
    5: (3.6205, 0.1478, 3.6573, 2.8111),
    6: (4.4997, 0.2541, 4.5710, 3.8998),
    8: (6.3124, 0.1969, 6.3577, 6.0770),
    10: (8.1607, 0.1731, 8.2143, 8.2542),
    13: (11.2513, 0.2311, 11.2092, 11.5201),
    16: (14.5240, 0.2764, 14.5111, 14.7860),
    20: (19.1647, 0.2947, 19.2469, 19.1405),
    22: (21.4556, 0.3183, 21.5911, 21.3177),
    24: (23.9157, 0.3555, 23.8595, 23.4949),
    26: (26.1612, 0.3683, 26.0374, 25.6722),
    28: (28.1801, 0.3069, 28.1357, 27.8494),
    30: (30.1305, 0.2896, 30.1729, 30.0267),
    32: (32.1357, 0.3309, 32.1691, 32.2039),
    34: (34.0172, 0.3080, 34.1424, 34.3812),
    36: (36.2426, 0.3240, 36.1064, 36.5584),
    38: (38.1321, 0.3430, 38.0676, 38.7356),
    40: (39.9006, 0.2787, 40.0202, 40.9129),
}

# Kolen & Brennan's worked joint distributions of score (0-5) and anchor (0-3), per 100 (table 5.1).
P1 = [[4, 4, 2, 0], [4, 8, 2, 1], [6, 12, 5, 2], [3, 12, 5, 5], [2, 3, 4, 6], [1, 1, 2, 6]]
P2 = [[4, 3, 1, 0], [7, 5, 7, 1], [3, 5, 12, 2], [3, 4, 13, 5], [2, 2, 5, 6], [1, 1, 2, 6]]
ONE, TWO = (link.frequency_table(range(6), range(4), counts=counts) for counts in (P1, P2))


def with_moments(n, mean, sd, anchor_mean, anchor_sd, covariance):
    """A joint table with exactly these moments (divisor n - 1)."""
    corner, share = (n - 1) / 200, covariance / (sd * anchor_sd)
    same, cross = corner * (1 + share) / 2, corner * (1 - share) / 2
    counts = np.array([[same, 0, cross], [0, n - 2 * corner, 0], [cross, 0, same]])
    steps = 10 * np.array([-1.0, 0.0, 1.0])
    return link.frequency_table(mean + sd * steps, anchor_mean + anchor_sd * steps, counts=counts)


# Kolen & Brennan NEAT (R equate 2.0.9, KBneat): the groups by their moments.
NEAT_X = with_moments(1655, 15.8205438, 6.5297988, 5.1063444, 2.3767418, 13.416919)
NEAT_Y = with_moments(1638, 18.6727717, 6.8805413, 5.8626374, 2.4522431, 14.769318)


@pytest.mark.parametrize("score", ACT)
def test_act_random_groups(score):
    percentile, se, smooth, line = ACT[score]
    made = link.equipercentile(X, Y)
    assert (made.equated[score], made.se[score]) == pytest.approx((percentile, se), abs=5.1e-5)
    assert link.equipercentile(X, Y, degree=6).equated[score] == pytest.approx(smooth, abs=5.1e-5)
    assert link.linear_equating(X, Y).equated[score] == pytest.approx(line, abs=5.1e-5)


def test_act_moments_and_lines():
    assert (X.mean, Y.mean) == pytest.approx((19.852391, 18.979769), abs=5e-7)
    assert np.sqrt(X.variance) == pytest.approx(8.2126, abs=5e-5)
    made = link.linear_equating(X, Y)
    assert (made.slope, made.intercept) == pytest.approx((1.0886215, -2.6319708), abs=5e-8)
    assert link.mean_equating(X, Y).equated[0] == pytest.approx(-0.8726, abs=5e-5)


def test_linear_standard_error_is_braun_hollands():
    made, z = link.linear_equating(X, Y), (np.arange(41) - X.mean) / np.sqrt(X.variance)

    def standardized(table, power):
        d = np.arange(41) - table.mean
        return (d**power @ table.counts / table.n) / (d**2 @ table.counts / table.n) ** (power / 2)

    skew = standardized(X, 3) / X.n + standardized(Y, 3) / Y.n
    kurtosis = (standardized(X, 4) - 1) / (4 * X.n) + (standardized(Y, 4) - 1) / (4 * Y.n)
    expected = np.sqrt(Y.variance * (1 / X.n + 1 / Y.n + skew * z + kurtosis * z**2))
    assert made.se == pytest.approx(expected, rel=3e-4)  # divisors n and n - 1


# R glm: deviance of degrees 1 to 8
@pytest.mark.parametrize(
    ("table", "deviances"),
    [
        (X, [2215.0203, 445.1866, 212.8238, 40.7985, 35.7844, 30.6088, 30.4049, 29.9449]),
        (Y, [1579.9866, 489.4665, 318.6618, 61.5266, 39.3100, 29.4535, 28.3017, 26.9965]),
    ],
)
def test_loglinear_deviance(table, deviances):
    choice = link.choose_degree(table)
    assert [fit.deviance for fit in choice.fits] == pytest.approx(deviances, abs=5.1e-5)
    assert choice.degree == 6
    assert choice.chosen.df == 34


def test_loglinear_joint_agrees_with_r_glm():
    made = link.loglinear(ONE, degree=2, cross=1)
    assert (made.deviance, made.df) == pytest.approx((13.14482827, 18), abs=1e-8)
    assert (made.aic, made.bic) == pytest.approx((97.28551736, 104.35384034), abs=1e-8)
    assert made.table.counts[2] == pytest.approx([6.09266679, 8.54145474, 6.36256808, 2.51831018], abs=1e-7)
    assert made.table.covariance == pytest.approx(ONE.covariance, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(st.integers(1, 60), min_size=8, max_size=40), degree=st.integers(1, 6))
def test_loglinear_keeps_its_moments(counts, degree):
    table = link.frequency_table(range(len(counts)), counts=counts)
    made = link.loglinear(table, degree=degree).table
    for power in range(degree + 1):
        scaled = np.linspace(-1, 1, len(counts)) ** power
        assert scaled @ made.counts == pytest.approx(scaled @ table.counts, abs=1e-8 * table.n)


# R equate 2.0.9 on KBneat: intercept, slope
@pytest.mark.parametrize(
    ("method", "weight", "expected"),
    [
        (link.tucker, 1.0, (0.536778, 1.028948)),
        (link.tucker, 0.5, (0.537834, 1.029159)),
        (link.levine, 1.0, (0.251348, 1.011166)),
        (link.levine, 0.5, (0.251384, 1.010985)),
        (lambda x, y, **_: link.levine(x, y, true_score=True), None, (0.291237, 1.008644)),
        (lambda x, y, **_: link.chained_linear(x, y), None, (0.393680, 1.021272)),
        (lambda x, y, **k: link.levine(x, y, anchor="external", **k), 0.5, (0.3257, 1.0168)),  # Equate.jl, 4 digits
    ],
)
def test_kolen_brennan_linear(method, weight, expected):
    made = method(NEAT_X, NEAT_Y, synthetic_weight=weight)
    digits = 5.1e-5 if expected[0] == 0.3257 else 2e-6
    assert (made.intercept, made.slope) == pytest.approx(expected, abs=digits)
    assert made.anchor_difference == pytest.approx(-0.3132, abs=1e-3)
    assert made.cautions == ()


def test_default_synthetic_weight_is_the_share_of_group_one():
    assert link.tucker(NEAT_X, NEAT_Y).synthetic_weight == pytest.approx(1655 / (1655 + 1638))


# Kolen & Brennan table 5.4 prints the first row to two digits; all: base R, reference/equating.R
def test_kolen_brennan_frequency_estimation():
    first = link.frequency_estimation(ONE, TWO, synthetic_weight=1.0)
    expected = [-0.0238095238, 0.8255813953, 1.7619047619, 2.9222222222, 3.9827586207, 5.0]
    assert first.equated == pytest.approx(expected, abs=1e-9)
    half = link.frequency_estimation(ONE, TWO, synthetic_weight=0.5)
    expected = [0.0405405405, 0.8734939759, 1.7906976744, 2.8894736842, 3.8983050847, 4.9625]
    assert half.equated == pytest.approx(expected, abs=1e-9)


def kolen_brennan_table(form):
    lines = (Path(__file__).parent / f"reference/kolen_brennan_{form}.csv").read_text().splitlines()
    return link.frequency_table(range(37), range(13), counts=[[int(v) for v in line.split()] for line in lines])


# Kolen & Brennan's NEAT forms (data of R equate, KBneat: rows score 0-36, columns anchor 0-12), R equate 2.0.9.
# R mixes counts: its weight .5 is .5 * 1655 / (.5 * 1655 + .5 * 1638) in shares.
@pytest.mark.parametrize(
    ("weight", "percentile", "line"),
    [
        (1.0, [5.5343, 10.8203, 16.3714, 21.0466, 25.8526, 31.0140, 36.0938], (0.833380, 1.011314)),
        (1655 / 3293, [5.5274, 10.8129, 16.3426, 21.0211, 25.8711, 30.9630, 36.0938], (0.897586, 1.006749)),
    ],
)
def test_kolen_brennan_forms(weight, percentile, line):
    x, y = kolen_brennan_table("x"), kolen_brennan_table("y")
    at = [5, 10, 15, 20, 25, 30, 36]
    made = link.frequency_estimation(x, y, synthetic_weight=weight)
    assert made.equated[at] == pytest.approx(percentile, abs=6e-5)
    holland = link.braun_holland(x, y, synthetic_weight=weight)
    assert (holland.intercept, holland.slope) == pytest.approx(line, abs=1e-6)
    chained = [5.5800, 10.5905, 15.9515, 20.4697, 25.6442, 31.1563, 36.0938]
    assert link.chained_equipercentile(x, y).equated[at] == pytest.approx(chained, abs=5.1e-5)
    tucker = link.tucker(x, y, synthetic_weight=1.0)
    assert (tucker.intercept, tucker.slope) == pytest.approx((0.536778, 1.028948), abs=5e-7)
    smooth = link.chained_equipercentile(x, y, degree=4)
    assert smooth.equated[5:31] == pytest.approx(link.chained_equipercentile(x, y).equated[5:31], abs=0.6)


def test_chained_equipercentile_agrees_with_r():
    made = link.chained_equipercentile(ONE, TWO)
    assert made.equated == pytest.approx([0.125, 0.975, 1.5340909091, 2.2727272727, 4.0, 5.0], abs=1e-9)


def test_kolen_brennan_braun_holland():
    made = link.braun_holland(ONE, TWO, synthetic_weight=1.0)
    assert (made.intercept, made.slope) == pytest.approx((-0.1927169472, 1.0330867789), abs=1e-9)


# base R and numDeriv, reference/equating.R: standard errors by the delta method on the moments
@pytest.mark.parametrize(
    ("made", "errors"),
    [
        (
            link.tucker(ONE, TWO, synthetic_weight=0.5),
            [0.26570894, 0.21769957, 0.18818384, 0.18617573, 0.21245668, 0.25853912],
        ),
        (
            link.levine(ONE, TWO, synthetic_weight=0.5),
            [1.08212152, 0.77924313, 0.52832593, 0.43210216, 0.57443174, 0.84196611],
        ),
        (
            link.levine(ONE, TWO, anchor="external", synthetic_weight=0.5),
            [0.37891038, 0.30305483, 0.24873816, 0.23164283, 0.25924007, 0.32017450],
        ),
        (
            link.chained_linear(ONE, TWO),
            [0.33669015, 0.27278915, 0.22798550, 0.21459416, 0.23797841, 0.28935548],
        ),
    ],
)
def test_linear_anchor_standard_errors(made, errors):
    assert made.se == pytest.approx(errors, rel=1e-6)


def test_single_group_linear():
    made = link.linear_equating(ONE)
    assert made.slope == pytest.approx(np.sqrt(ONE.anchor.variance / ONE.variance), rel=1e-12)
    errors = [0.16515187, 0.13316819, 0.11258071, 0.10998677, 0.12649816, 0.15616820]
    assert made.se == pytest.approx(errors, rel=1e-6)
    assert made.design == "single group"


def test_bootstrap_agrees_with_the_formulas():
    lord, resampled = link.equipercentile(X, Y), link.bootstrap_equating(link.equipercentile, X, Y, replications=200)
    middle = slice(8, 36)
    assert np.mean(resampled.se[middle] / lord.se[middle]) == pytest.approx(1.0, abs=0.1)
    formula = link.tucker(ONE, TWO).se
    drawn = link.bootstrap_equating(link.tucker, ONE, TWO, replications=300, seed=2).se
    assert drawn == pytest.approx(formula, rel=0.2)
    assert link.bootstrap_equating(link.tucker, ONE, TWO, replications=300, seed=2).se.tolist() == drawn.tolist()


def test_smoothing_lowers_the_standard_error():
    rough = link.bootstrap_equating(link.equipercentile, X, Y, replications=60, seed=1)
    smooth = link.bootstrap_equating(link.equipercentile, X, Y, replications=60, seed=1, degree=4)
    assert smooth.se[10:34].mean() < rough.se[10:34].mean()
    assert smooth.smoothing == "loglinear, degree 4"


tables = st.lists(st.integers(1, 30), min_size=4, max_size=12).map(
    lambda counts: link.frequency_table(range(len(counts)), counts=counts)
)


@settings(max_examples=40, deadline=None)
@given(x=tables, y=tables)
def test_there_and_back_is_identity(x, y):
    at = np.linspace(x.scores[0] - 0.4, x.scores[-1] + 0.4, 23)
    for made in (link.equipercentile(x, y), link.linear_equating(x, y), link.mean_equating(x, y)):
        assert made.inverse().transform(made.transform(at)) == pytest.approx(at, abs=1e-7)
        assert made.transform(x.scores) == pytest.approx(made.equated, abs=1e-12)
    assert link.equipercentile(y, x).equated == pytest.approx(link.equipercentile(x, y).inverse().equated, abs=1e-9)
    assert link.linear_equating(y, x).slope == pytest.approx(link.linear_equating(x, y).inverse().slope)


@settings(max_examples=40, deadline=None)
@given(x=tables, y=tables)
def test_equated_distribution_is_that_of_y(x, y):
    made = link.equipercentile(x, y)
    assert np.all(np.diff(made.equated) >= 0)
    assert y.percentile_rank(made.equated) == pytest.approx(x.percentile_rank(x.scores), abs=1e-9)


@given(x=tables)
def test_equating_to_itself_is_identity(x):
    assert link.equipercentile(x, x).equated == pytest.approx(x.scores, abs=1e-9)
    assert link.linear_equating(x, x).slope == pytest.approx(1.0)


def test_same_groups_make_all_anchor_methods_agree_with_identity():
    for method in (
        link.tucker,
        link.levine,
        link.braun_holland,
        link.chained_linear,
        link.frequency_estimation,
        link.chained_equipercentile,
    ):
        assert method(ONE, ONE).equated == pytest.approx(np.arange(6.0), abs=1e-9), method


def test_chained_inverse():
    made = link.chained_equipercentile(ONE, TWO)
    assert made.inverse().equated == pytest.approx(link.chained_equipercentile(TWO, ONE).equated, abs=1e-9)


def test_empty_scores_go_to_the_middle_of_the_gap():
    y = link.frequency_table(range(5), counts=[2, 2, 0, 0, 4])
    x = link.frequency_table(range(2), counts=[8, 0])
    assert x.percentile_rank(0.0) == pytest.approx(0.5)
    assert y.quantile(0.5) == pytest.approx(2.5)
    assert link.equipercentile(x, y).equated == pytest.approx([2.5, 4.5])


def test_groups_far_apart_are_cautioned():
    shifted = link.frequency_table(range(6), range(3, 7), counts=P2)
    made = link.tucker(ONE, shifted)
    assert "standard deviations on the anchor" in made.cautions[0]
    apart = link.frequency_estimation(ONE, shifted)
    assert any("left out" in text for text in apart.cautions)


def test_method_spread():
    both = link.method_spread(link.tucker(ONE, TWO), link.levine(ONE, TWO), link.chained_linear(ONE, TWO))
    assert both.methods == ("Tucker", "Levine observed score", "chained linear")
    assert np.all(both.high >= both.low)


def test_raw_scores_are_counted():
    made = link.frequency_table([0.5, 1.0, 1.5], scale=(0, 2), step=0.5)
    assert made.counts.tolist() == [0, 1, 1, 1, 0]
    assert made.step == 0.5
    assert link.equipercentile(made, made).equated == pytest.approx(made.scores + np.array([-0.25, 0, 0, 0, 0.25]))


@pytest.mark.parametrize(
    "made",
    [
        ONE,
        link.equipercentile(X, Y),
        link.tucker(ONE, TWO),
        link.chained_equipercentile(ONE, TWO),
        link.choose_degree(X, maximum=2),
        link.method_spread(link.tucker(ONE, TWO), link.levine(ONE, TWO)),
    ],
)
def test_results_are_picklable_and_round_trip(made):
    assert pickle.loads(pickle.dumps(made)) == made
    assert type(made).from_dict(made.to_dict()) == made
    assert str(made)


FLAT = link.frequency_table(range(3), counts=[0, 9, 0])


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: link.frequency_table([0, 1, 5], scale=(0, 4)), UsageError, "not a point of the scale"),
        (lambda: link.frequency_table([0.2, 1.0]), UsageError, "whole number of steps"),
        (lambda: link.frequency_table([1, 1]), UsageError, "at least two score points"),
        (lambda: link.frequency_table([0, np.nan]), UsageError, "missing"),
        (lambda: link.frequency_table([0, 1], [0]), UsageError, "same learners"),
        (lambda: link.frequency_table([0, 1], counts=[1]), UsageError, "(2,)"),
        (lambda: link.frequency_table([0, 1], counts=[1, -1]), UsageError, "0 or above"),
        (lambda: link.frequency_table([0, 1], counts=[0, 0]), UsageError, "not all 0"),
        (lambda: link.frequency_table([0, 1, 3], counts=[1, 1, 1]), UsageError, "equally spaced"),
        (lambda: link.frequency_table([1, 0], counts=[1, 1]), UsageError, "rise"),
        (lambda: link.equipercentile(np.zeros((2, 2, 2)), Y), UsageError, "x has shape"),
        (lambda: link.equipercentile(link.frequency_table([0, 1], counts=[1, 0]), Y), UsageError, "at least 2"),
        (lambda: link.linear_equating(FLAT, Y), NotEstimableError, "no variance"),
        (lambda: link.linear_equating(X), UsageError, "pairs"),
        (lambda: link.mean_equating("X", Y), UsageError, "x holds something that is not a number"),
        (lambda: link.frequency_table([0, 1], counts=["a", 1]), UsageError, "counts holds something"),
        (lambda: link.linear_equating(X, Y).transform("high"), UsageError, "score holds something"),
        (lambda: link.tucker(ONE, TWO, synthetic_weight="half"), UsageError, "synthetic_weight='half' is text"),
        (lambda: link.tucker(X, Y), UsageError, "pairs"),
        (lambda: link.tucker(ONE, TWO, synthetic_weight=1.5), UsageError, "synthetic_weight=1.5"),
        (lambda: link.levine(ONE, TWO, anchor="both"), UsageError, "anchor='both'"),
        (
            lambda: link.tucker(link.frequency_table(range(6), range(4), counts=P1[::-1]), TWO),
            NotEstimableError,
            "no positive covariance",
        ),
        (
            lambda: link.frequency_estimation(
                ONE, link.frequency_table(range(6), [4, 5, 6, 7], counts=P2), synthetic_weight=0.0
            ),
            NotEstimableError,
            "no anchor score in common",
        ),
        (
            lambda: link.frequency_estimation(ONE, link.frequency_table(range(6), [0, 2, 4, 6], counts=P2)),
            UsageError,
            "scored the same way",
        ),
        (lambda: link.loglinear(X, degree=0), UsageError, "degree=0"),
        (lambda: link.loglinear(X, degree=41), UsageError, "as many terms"),
        (lambda: link.loglinear(ONE, degree=2, cross=3), UsageError, "cross=3"),
        (lambda: link.loglinear(FLAT, degree=2), NotEstimableError, "no maximum"),
        (lambda: link.loglinear([0, 0, 1, 5, 5], degree=3), NotEstimableError, "3 different scores"),
        (lambda: link.choose_degree(X, criterion="r2"), UsageError, "criterion='r2'"),
        (lambda: link.choose_degree(X, maximum=50), UsageError, "maximum=50"),
        (lambda: link.equipercentile(X, Y).transform(60), UsageError, "outside the scale"),
        (
            lambda: link.bootstrap_equating(link.tucker, ONE, TWO, replications=1),
            UsageError,
            "whole number of 2 or more",
        ),
        (
            lambda: link.bootstrap_equating(link.mean_equating, link.loglinear(X).table, Y),
            UsageError,
            "counts must be whole",
        ),
        (lambda: link.method_spread(link.mean_equating(X, Y)), UsageError, "at least two"),
        (lambda: X.anchor, UsageError, "no anchor"),
    ],
)
def test_misuse_says_what_is_wrong(call, error, says):
    with pytest.raises(error) as caught:
        call()
    assert says in str(caught.value)


joint_tables = st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=2, max_size=5)


@pytest.mark.filterwarnings("error")
@settings(max_examples=60, deadline=None)
@given(first=joint_tables, second=joint_tables)
def test_sparse_groups_give_numbers_or_say_why(first, second):
    for method in (
        link.tucker,
        link.levine,
        link.chained_linear,
        link.braun_holland,
        link.frequency_estimation,
        link.chained_equipercentile,
        lambda x, y: link.equipercentile(x, y, degree=1),
        lambda x, y: link.levine(x, y, true_score=True),
    ):
        try:
            x, y = (link.frequency_table(range(len(t)), range(3), counts=t) for t in (first, second))
            made = method(x, y)
        except (NotEstimableError, UsageError):
            continue
        assert np.all(np.isfinite(made.equated))
        assert made.se is None or np.all(np.isfinite(made.se))
