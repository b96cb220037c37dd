"""DIF of graded items: Mantel's test, the standardized mean difference and cumulative logits, against R and exactly."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard.errors import UsageError
from blended_standard.scoring import dif

REFERENCE = Path(__file__).parent / "reference"
# Verbal aggression, 316 persons x 24 items: no, perhaps, yes (De Boeck & Wilson 2004; R lme4 1.1-31, VerbAgg).
LINES = [line.split(",") for line in (REFERENCE / "verbal_aggression.csv").read_text().split()]
VERBAL, GENDER = np.array([[int(code) for code in line[0]] for line in LINES]), np.array([line[1] for line in LINES])
# R coin 1.4-2 and base R for Mantel and the difference; MASS::polr sharpened by optim, numDeriv for standard errors.
EXPECTED: dict[str, dict[int, list[float]]] = {"mantel": {}, "logistic": {}}
for line in (REFERENCE / "dif_graded.out").read_text().splitlines():
    kind, item, *numbers = line.split()
    EXPECTED[kind][int(item)] = [float(number) for number in numbers]


@pytest.fixture(scope="module")
def verbal():
    return dif.mantel(VERBAL, GENDER, focal="M"), dif.logistic_regression(VERBAL, GENDER, focal="M", graded=True)


@pytest.mark.parametrize("item", EXPECTED["mantel"])
def test_mantel_and_the_difference_are_those_of_r(verbal, item):
    found = verbal[0].items[item - 1]
    numbers = (found.chi_square, found.mean_difference, found.mean_difference_se, found.standardized)
    assert numbers == pytest.approx(EXPECTED["mantel"][item], rel=1e-11)


@pytest.mark.parametrize("item", EXPECTED["logistic"])
def test_cumulative_logits_are_those_of_r(verbal, item):
    found, expected = verbal[1].items[item - 1], EXPECTED["logistic"][item]
    assert found.log_likelihood == pytest.approx(expected[:3], rel=1e-12)
    assert found.r_squared == pytest.approx(expected[3:6], rel=1e-9)
    # R models the odds of a code or a lower one, minus the slopes.
    signs = np.array([-1, -1, 1, 1])
    assert found.uniform_coefficients == pytest.approx(signs * expected[6:10], rel=1e-7)
    assert found.uniform_se == pytest.approx(expected[10:], rel=1e-7)
    assert found.uniform_chi_square == pytest.approx(2 * (expected[1] - expected[0]), abs=1e-10)


def test_mean_and_variance_are_those_over_every_assignment():
    strata = [([0, 0, 1, 2, 4], 2), ([1, 1, 2, 3], 2), ([0, 3, 3], 1)]  # scores, and how many are focal
    differences, gaps = [], []
    for chosen in itertools.product(*(itertools.combinations(range(len(who)), focal) for who, focal in strata)):
        tables = np.zeros((3, 2, 5))
        for k, ((who, _), focal) in enumerate(zip(strata, chosen, strict=True)):
            np.add.at(tables[k], ([int(i in focal) for i in range(len(who))], who), 1)
        found = dif.mantel_table(tables)
        differences.append(found.mean_difference)
        gaps.append(found.chi_square)
    assert np.mean(differences) == pytest.approx(0, abs=1e-12)
    assert found.mean_difference_se == pytest.approx(np.std(differences), rel=1e-12)
    assert np.mean(gaps) == pytest.approx(1, rel=1e-12)  # a squared deviation over its variance


def test_two_categories_are_the_methods_of_right_and_wrong():
    right = VERBAL > 0
    graded, plain = dif.mantel(right, GENDER, focal="M"), dif.mantel_haenszel(right, GENDER, focal="M")
    for one, two in zip(graded.items, plain.items, strict=True):
        assert one.chi_square == pytest.approx(two.chi_square_uncorrected, rel=1e-12)
        assert one.mean_difference == pytest.approx(two.p_difference, rel=1e-12)
    assert dif.logistic_regression(right, GENDER, focal="M", graded=True) == dif.logistic_regression(
        right, GENDER, focal="M"
    )


def test_turned_codes_and_groups_turn_the_signs(verbal):
    score = VERBAL.sum(axis=1)
    turned = dif.mantel(2 - VERBAL, GENDER, focal="M", matching=score).items[5]
    assert turned.chi_square == pytest.approx(verbal[0].items[5].chi_square)
    assert turned.mean_difference == pytest.approx(-verbal[0].items[5].mean_difference)
    assert dif.mantel(VERBAL, GENDER, focal="F").items[5].mean_difference > 0 > verbal[0].items[5].mean_difference
    logits = dif.logistic_regression(2 - VERBAL, GENDER, focal="M", matching=score, graded=True).items[5]
    intercepts, slopes = np.split(verbal[1].items[5].uniform_coefficients, [2])
    assert logits.uniform_coefficients == pytest.approx([*-intercepts[::-1], *-slopes], rel=1e-7)


def test_classes_go_by_the_standardized_difference(verbal):
    classes = {item.item: item.ets_class for item in verbal[0].items}
    assert (classes["6"], classes["14"], classes["17"], classes["22"]) == ("CC", "BB", "CC", "AA")
    by_class = dif.mantel(VERBAL, GENDER, focal="M", flag_by="ets_class")
    assert by_class.flagged == tuple(name for name, kind in classes.items() if kind != "AA")


@pytest.mark.parametrize("method", ["mantel", "logistic"])
def test_a_planted_item_is_found_under_impact(method):
    rng = np.random.default_rng(7)
    ability, group = rng.normal(size=1200), np.repeat([0, 1], 600)
    lean = 1.4 * (ability - 0.5 * group)[:, None] + rng.logistic(size=(1200, 8)) - np.outer(group, [1.2] + [0] * 7)
    graded = (lean[:, :, None] > np.array([-1.0, 0.0, 1.0])).sum(axis=2)
    if method == "mantel":
        found = dif.mantel(graded, group, purify=True, alpha=0.001)
        assert found.items[0].ets_class == "CC"
        assert found.items[0].mean_difference < -0.2
    else:
        found = dif.logistic_regression(graded, group, graded=True, test="uniform", purify=True, alpha=0.001)
        assert found.items[0].uniform_coefficients[4] == pytest.approx(-1.2, abs=0.35)
    assert found.flagged == found.left_out == ("1",)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 5), min_size=6, max_size=6), min_size=1, max_size=4),
    st.tuples(st.integers(-3, 0), st.integers(1, 3), st.integers(4, 1000)),
)
def test_any_tables_give_numbers_or_a_reason(rows, scores):
    found = dif.mantel_table(np.reshape(rows, (-1, 2, 3)), scores=scores)
    if found.chi_square is None:
        assert found.reason
        return
    assert np.isfinite([found.chi_square, found.mean_difference, found.mean_difference_se]).all()
    assert found.mean_difference_se > 0
    assert found.ets_class in ("AA", "BB", "CC")


def test_items_that_cannot_be_tested_say_why():
    answers = VERBAL[:, :5].copy()
    answers[:, 0] = 2
    answers[:, 1] = 2 * (GENDER == "M")
    answers[:4, 2] = np.arange(4)  # a code that few use
    mantel = dif.mantel(answers, GENDER, focal="M")
    logits = dif.logistic_regression(answers, GENDER, focal="M", graded=True)
    for found in (mantel, logits):
        assert found.items[0].reason
        assert found.items[0].adjusted_p_value is None
        assert found.items[2].chi_square is not None
    assert "separates" in logits.items[1].reason
    assert "no stratum" in dif.mantel(answers, GENDER, focal="M", matching=np.arange(316)).items[2].reason


def test_results_are_picklable_and_round_trip(verbal):
    for made in (*verbal, dif.mantel_table(np.ones((2, 2, 3)))):
        assert pickle.loads(pickle.dumps(made)) == made
        assert type(made).from_dict(made.to_dict()) == made
        assert "nan" not in str(made.to_dict()).lower()
        assert str(made)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: dif.mantel(VERBAL + 0.5, GENDER, focal="M"), "whole codes of 0 or more"),
        (lambda: dif.mantel(np.where(VERBAL == 2, np.inf, VERBAL), GENDER, focal="M"), "holds inf"),
        (lambda: dif.mantel(VERBAL, GENDER), "focal is not given"),
        (lambda: dif.mantel(VERBAL, GENDER, focal="M", flag_by="size"), "flag_by='size'"),
        (lambda: dif.mantel(VERBAL, GENDER, focal="M", alpha=2), "alpha=2"),
        (lambda: dif.logistic_regression(VERBAL, GENDER, focal="M"), "holds 2; this method takes 0, 1"),
        (lambda: dif.mantel_table([[1, 2], [3, 4]]), "(strata, 2, categories)"),
        (lambda: dif.mantel_table([[[1, -2], [3, 4]]]), "0 or above"),
        (lambda: dif.mantel_table([[[1, 2], [3, 4]]], scores=[1, 1]), "must differ"),
        (lambda: dif.mantel_table([[[1, 2], [3, 4]]], scores=[1]), "scores has 1 values"),
    ],
)
def test_misuse_says_what_is_wrong(call, says):
    with pytest.raises(UsageError) as caught:
        call()
    assert says in str(caught.value)
