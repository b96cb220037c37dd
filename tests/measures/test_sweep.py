"""A sweep is the score at each value, and misuse is explained before anything is computed."""

from __future__ import annotations

from typing import Any

import pytest

import blended_standard as bs
from blended_standard.errors import UsageError
from blended_standard.measures.score import example


def test_each_point_is_the_score_with_that_parameter() -> None:
    found = bs.sweep(example(), "ENG-13", "silence_days", values=[14, 28], as_of="2026-01-31", by=())
    for point in found.points:
        alone = bs.score(
            example(), "ENG-13", as_of="2026-01-31", by=(), parameters={"ENG-13": {"silence_days": point.value}}
        )
        assert point.report == alone
    assert [row["setting"] for row in found.rows()] == [14, 28]
    assert type(found).from_dict(found.to_dict()) == found


def test_spread_is_zero_where_the_parameter_does_not_matter() -> None:
    found = bs.sweep(example(), "ENG-01", "minimum_weeks", values=[1, 2, 3], as_of="2026-01-31")
    assert found.spread() == {"Harbor": 0.0}


@pytest.mark.parametrize(
    ("measure", "parameter", "values", "says"),
    [
        ("ENG-01", "weeks", [1], "has no parameter 'weeks'"),
        ("ENG-01", "minimum_weeks", [4, 99], "outside 1 to 12"),
        ("ENG-01", "minimum_weeks", [], "values is empty"),
        ("ENG-01", "minimum_weeks", 4, "values is of the type int"),
        ("ENG-99", "minimum_weeks", [4], "There is no measure"),
    ],
)
def test_misuse_is_explained(measure: str, parameter: str, values: list[Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        bs.sweep(example(), measure, parameter, values=values, as_of="2026-01-31")
