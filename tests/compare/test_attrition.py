"""Attrition: table II.1, the model behind it, and the numbers assigned and analyzed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard import compare
from blended_standard.errors import UsageError


@pytest.mark.parametrize(
    ("overall", "differential", "cautious", "optimistic"),
    [
        (0.08, 0.03, "low", "low"),
        (0.30, 0.06, "high", "low"),
        (0.58, 0.0, "high", "low"),
        (0.57, 0.0, "low", "low"),
        (0.60, 0.014, "high", "low"),  # 0.014 * 100 is 1.4000000000000001
        (0.60, 0.0141, "high", "high"),
        (0.66, 0.0, "high", "high"),
        (1.0, 0.0, "high", "high"),
        (0.0, 0.057, "low", "low"),
        (0.104, 0.063, "low", "low"),  # rounded to 10 percent
        (0.105, 0.063, "high", "low"),  # rounded to 11 percent, where 6.2 is the most
    ],
)
def test_verdicts(overall, differential, cautious, optimistic):
    assert compare.attrition_from_rates(overall, differential).level == cautious
    assert compare.attrition_from_rates(overall, differential, boundary="optimistic").level == optimistic


@pytest.mark.parametrize(("boundary", "first", "last"), [("cautious", 8, 57), ("optimistic", 8, 65)])
def test_the_table_is_where_the_model_reaches_its_tolerance(boundary, first, last):
    """Each cell is the largest tenth of a point with a bias of at most 0.055, or one tenth beside it."""
    for percent in range(first, last + 1):
        most = compare.attrition_from_rates(percent / 100, 0.0, boundary=boundary).highest_low_differential
        assert compare.attrition_bias(percent / 100, most - 0.001, boundary=boundary) < 0.055
        assert compare.attrition_bias(percent / 100, most + 0.002, boundary=boundary) > 0.055


def test_from_numbers():
    found = compare.attrition(
        assigned_treated=200, analyzed_treated=160, assigned_comparison=100, analyzed_comparison=90
    )
    assert found.overall == pytest.approx(50 / 300)
    assert (found.treated, found.comparison, found.differential) == pytest.approx((0.2, 0.1, 0.1))
    assert found.level == "high"
    assert found.highest_low_differential == pytest.approx(0.058)
    assert compare.Attrition.from_dict(found.to_dict()) == found


@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_the_cautious_boundary_is_never_the_more_lenient(one, two, data):
    kept = data.draw(st.integers(0, one)), data.draw(st.integers(0, two))
    numbers = {
        "assigned_treated": one, "analyzed_treated": kept[0], "assigned_comparison": two, "analyzed_comparison": kept[1],
    }  # fmt: skip
    if compare.attrition(**numbers).level == "low":
        assert compare.attrition(**numbers, boundary="optimistic").level == "low"


def test_nobody_left_has_no_bias():
    assert compare.attrition_bias(0.9, 0.2) is None
    assert compare.attrition_bias(0.0, 0.0) == 0.0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: compare.attrition_from_rates(30, 6), "overall=30"),
        (lambda: compare.attrition_from_rates(0.3, 0.06, boundary="lenient"), "cautious, optimistic"),
        (
            lambda: compare.attrition(
                assigned_treated=10, analyzed_treated=11, assigned_comparison=9, analyzed_comparison=9
            ),
            "later joiners",
        ),
        (
            lambda: compare.attrition(
                assigned_treated=0, analyzed_treated=0, assigned_comparison=9, analyzed_comparison=9
            ),
            "assigned_treated=0",
        ),
    ],
)
def test_misuse_says_what_is_accepted(call, says):
    with pytest.raises(UsageError, match=says):
        call()
