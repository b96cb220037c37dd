"""Small count rounding: the fixture of the design page (R package SmallCountRounding), additivity, no small count."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard.errors import UsageError
from blended_standard.privacy import RoundedTables, round_small_counts

E6 = {
    "geo": ["Iceland", "Portugal", "Spain"] * 2,
    "year": ["2018"] * 3 + ["2019"] * 3,
    "n": [2, 3, 7, 1, 5, 6],
}
GEO = {"geo": {"EU": ["Spain", "Portugal"], "nonEU": ["Iceland"]}}


def test_base_five_margins():
    found = round_small_counts(E6, dimensions=("geo", "year"), base=5, hierarchies=GEO, tables=[["geo"], ["year"]])
    inner = {each.cell: each.value for each in found.inner}
    assert [inner[g, y] for y in ("2018", "2019") for g in ("Iceland", "Portugal", "Spain")] == [5, 3, 7, 0, 5, 6]
    shown = {each.cell: each.value for each in found.cells}
    assert shown["Total", "Total"] == 26
    assert (shown["Total", "2018"], shown["Total", "2019"]) == (15, 11)
    assert (shown["nonEU", "Total"], shown["EU", "Total"]) == (5, 21)
    assert found.largest_change == 3
    assert round(found.utility, 3) == 0.938
    assert RoundedTables.from_dict(found.to_dict()) == found


def test_base_three_with_year():
    found = round_small_counts(E6, dimensions=("geo", "year"), base=3, hierarchies=GEO, tables=[["geo", "year"]])
    shown = {each.cell: each.value for each in found.cells}
    assert (shown["Iceland", "2018"], shown["Iceland", "2019"]) == (3, 0)
    assert (shown["Total", "2018"], shown["Total", "2019"], shown["Total", "Total"]) == (13, 11, 24)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=24, max_size=24), st.integers(2, 10))
def test_no_small_count_is_left_and_every_sum_holds(values, base):
    rows = list(itertools.product("abcd", "xyz", "uv"))
    columns = dict(zip(("one", "two", "three"), map(list, zip(*rows, strict=True)), strict=True)) | {"n": values}
    found = round_small_counts(columns, dimensions=("one", "two", "three"), base=base)
    shown = {each.cell: each.value for each in found.cells}
    assert all(value == 0 or value >= base for value in shown.values())
    for one, two in itertools.product([*"abcd", "Total"], [*"xyz", "Total"]):
        assert shown[one, two, "Total"] == shown[one, two, "u"] + shown[one, two, "v"]
    for two, three in itertools.product([*"xyz", "Total"], [*"uv", "Total"]):
        assert shown["Total", two, three] == sum(shown[one, two, three] for one in "abcd")


def test_the_search_is_close_to_trying_all(monkeypatch):
    import sys

    module = sys.modules["blended_standard.privacy.rounding"]
    rng = np.random.default_rng(3)
    rows = list(itertools.product("abcd", "xyz"))
    columns = dict(zip(("one", "two"), map(list, zip(*rows, strict=True)), strict=True))
    worse = 0
    for _ in range(20):
        columns["n"] = rng.integers(1, 6, 12).tolist()
        best = round_small_counts(columns, dimensions=("one", "two"), base=4)
        monkeypatch.setattr(module, "_TRY_ALL", 0)
        found = round_small_counts(columns, dimensions=("one", "two"), base=4)
        monkeypatch.undo()
        assert (best.method, found.method) == ("exact", "search")
        worse += found.largest_change > best.largest_change + 2
    assert worse <= 2


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: round_small_counts(E6, dimensions=("geo", "year"), base=1),
            "base=1 is not a whole number of 2 or more",
        ),
        (lambda: round_small_counts(E6 | {"n": [0.5] * 6}, dimensions=("geo", "year"), base=3), "not a whole number"),
    ],
)
def test_misuse_is_explained(call, says):
    with pytest.raises(UsageError) as raised:
        call()
    assert says in str(raised.value)
