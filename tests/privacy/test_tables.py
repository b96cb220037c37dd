"""Tables are built with every sum that an outsider can use."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard.errors import UsageError
from blended_standard.privacy import build_tables, link

ROWS = {"geo": ["Spain", "Iceland", "Spain"], "age": ["young", "old", "old"], "n": [5, 3, 6]}


def build(**options):
    return build_tables(ROWS, **({"dimensions": ("geo", "age")} | options))


def test_values_and_relations_of_a_two_way_table():
    system = build()
    assert (len(system), len(system.relation_names)) == (9, 6)
    assert system.values[system.position(("Spain", "Total"))] == 11
    assert system.values[system.position(("Iceland", "young"))] == 0
    assert system.values[system.position(("Total", "Total"))] == 14
    assert np.abs(system.matrix() @ system.values).max() == 0
    assert repr(system) == "CellSystem(cells=9, relations=6)"


def test_two_groupings_of_the_same_codes():
    rows = {"geo": ["a", "b", "c", "d"], "n": [1, 2, 3, 4]}
    groupings = [{"N": ["a", "b"], "S": ["c", "d"]}, {"E": ["a", "c"], "W": ["b", "d"]}]
    system = build_tables(rows, dimensions=["geo"], hierarchies={"geo": groupings})
    named = {system.describe(r) for r in range(len(system.relation_names))}
    assert named == {
        "geo: N = a + b",
        "geo: S = c + d",
        "geo: E = a + c",
        "geo: W = b + d",
        "geo: Total = N + S",
        "geo: Total = E + W",
    }


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.integers(0, 50)), min_size=1, max_size=30)
)
def test_every_relation_holds_and_every_total_is_a_sum(rows):
    columns = dict(zip(("one", "two", "n"), map(list, zip(*rows, strict=True)), strict=True))
    tree = {"one": {"A": ["a", "b"], "B": ["c", "d"]}}
    system = build_tables(columns, dimensions=("one", "two"), hierarchies=tree)
    assert np.abs(system.matrix() @ system.values).max() == 0
    assert system.values[system.position(("A", "Total"))] == sum(n for one, _, n in rows if one in "ab")


def test_a_dataframe_and_a_mapping_give_the_same():
    import polars

    frame = build_tables(polars.DataFrame(ROWS), dimensions=("geo", "age"))
    assert frame.keys == build().keys
    assert np.array_equal(frame.values, build().values)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: build(value="hours"), "cells has no column 'hours'. It has geo, age, n"),
        (lambda: build(absent="none"), "absent='none'"),
        (lambda: build_tables([3, 4], dimensions=["geo"]), "cells is of the type list"),
        (lambda: build_tables({"geo": [], "n": []}, dimensions=["geo"]), "geo has no code"),
        (lambda: build_tables(ROWS, dimensions=[]), "dimensions=() is empty"),
        (lambda: build_tables(ROWS, dimensions=["geo", "geo"]), "names a column twice"),
        (lambda: build_tables(ROWS, dimensions=3), "dimensions is of the type int"),
        (lambda: build(hierarchies={"sex": {}}), "hierarchies names ['sex']"),
        (lambda: build(hierarchies={"geo": {"Spain": ["Madrid"]}}), "geo has rows for 'Spain', which is a sum"),
        (lambda: build(hierarchies={"geo": {"P": ["Q"], "Q": ["P"]}}), "runs in a circle through 'P'"),
        (lambda: build(hierarchies={"geo": {"P": ["Spain"], "Q": ["Spain", "P"]}}), "overlap"),
        (lambda: build(tables=[["sex"]]), "tables names 'sex'"),
        (lambda: build(tables=[{"geo": ["Mars"]}]), "the code 'Mars', which geo does not have"),
        (lambda: build_tables(ROWS | {"n": [1, -1, 2]}, dimensions=("geo", "age")), "missing or negative"),
        (lambda: build_tables(ROWS | {"n": [1, None, 2]}, dimensions=("geo", "age")), "missing or negative"),
        (lambda: build_tables(ROWS | {"n": [1, "x", 2]}, dimensions=("geo", "age")), "not a number"),
        (lambda: build_tables(ROWS | {"n": [1]}, dimensions=("geo", "age")), "differ in length"),
        (
            lambda: link({"a": build()}, relations=[("r", {("a", ("Mars", "old")): 1.0})]),
            "which is not a cell of these",
        ),
        (lambda: link({"a": build(), "b": build_tables(ROWS, dimensions=["geo"])}), "different numbers of dimensions"),
        (
            lambda: link({"a": build()}, relations=[("wrong", {("a", ("Spain", "old")): 1.0})]),
            "The values do not add up: wrong: 0 = a/Spain/old",
        ),
        (
            lambda: build_tables(
                {f"d{i}": [str(k) for k in range(40)] for i in range(5)} | {"n": [1] * 40},
                dimensions=[f"d{i}" for i in range(5)],
            ),
            "more than 5,000,000",
        ),
    ],
)
def test_misuse_is_explained(call, says):
    with pytest.raises(UsageError) as raised:
        call()
    assert says in str(raised.value)
