"""Patterns against brute force, planted leaks, what a release shows, and what can't be done."""

import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from blended_standard.errors import UsageError
from blended_standard.privacy import (
    NoSafePatternError,
    Policy,
    ReleasedTables,
    Suppression,
    audit,
    build_tables,
    link,
    primary_counts,
    primary_magnitudes,
    release,
    suppress,
)
from tests.privacy.tables_of_design import crossed, mask, needs, w1, w7


def range_of(system, hidden, cell):
    """An outsider's interval by a plain program of its own, nothing shared with the library but the relations."""
    values, dense = system.values, system.matrix().toarray()
    bounds = [(0, None) if h else (v, v) for v, h in zip(values, hidden, strict=True)]
    ends = []
    for sign in (1.0, -1.0):
        c = np.zeros(values.size)
        c[cell] = sign
        found = linprog(c, A_eq=dense, b_eq=np.zeros(dense.shape[0]), bounds=bounds, method="highs-ds")
        ends.append(found.x[cell] if found.status == 0 else np.inf)
    return ends


def is_safe(system, hidden, wanted):
    for cell in np.flatnonzero(wanted.hidden):
        low, high = range_of(system, hidden, cell)
        if high < wanted.need_high[cell] - 1e-6 or low > wanted.need_low[cell] + 1e-6:
            return False
        if high - low < wanted.need_length[cell] - 1e-6:
            return False
    return True


def cheapest_by_force(system, wanted, may_hide, at_most):
    """The least cost of a safe pattern below `at_most`, by trying all; None if there is none."""
    free = np.flatnonzero(may_hide & ~wanted.hidden)
    assert free.size + wanted.hidden.sum() <= 12
    tied = [np.flatnonzero(row) for row in system.matrix().toarray()]
    tried = []
    for chosen in itertools.product([False, True], repeat=free.size):
        hidden = wanted.hidden.copy()
        hidden[free] = chosen
        cost = system.values[hidden].sum()
        if cost < at_most - 1e-6 and all(hidden[row].sum() != 1 for row in tied if wanted.hidden[row].any()):
            tried.append((cost, hidden))
    return next((c for c, hidden in sorted(tried, key=lambda pair: pair[0]) if is_safe(system, hidden, wanted)), None)


@pytest.mark.parametrize("seed", range(12))
def test_the_optimum_is_that_of_brute_force(seed):
    rng = np.random.default_rng(seed)
    shape = (3, 3) if seed % 2 else (2, 3)
    body = rng.choice([0, 1, 2, 3, 5, 8, 13, 21, 34], size=shape)
    body[0, 0] = rng.integers(1, 4)
    system = crossed([f"r{i}" for i in range(shape[0])], [f"c{j}" for j in range(shape[1])], body)
    margins = np.array(["Total" in key for key in system.keys])
    may_hide = ~margins if shape == (3, 3) else np.ones(len(system), bool)
    sensitive = (system.values > 0) & (system.values < 4) & may_hide
    wanted = needs(system, sensitive, up=2.0)
    for method in ("exact", "cuts"):
        try:
            found = suppress(system, primary=wanted, must_show=~may_hide, method=method)
        except NoSafePatternError:
            assert not is_safe(system, may_hide, wanted)
            continue
        assert found.proved_optimal
        assert found.method == method
        assert is_safe(system, found.hidden, wanted)
        assert cheapest_by_force(system, wanted, may_hide, found.cost) is None
        assert suppress(system, primary=wanted, must_show=~may_hide, method="heuristic").cost >= found.cost


@pytest.mark.parametrize("seed", range(6))
def test_the_default_policy_slides_and_is_optimal_too(seed):
    rng = np.random.default_rng(100 + seed)
    body = rng.integers(4, 30, size=(2, 3))
    system = crossed(["r0", "r1"], ["c0", "c1", "c2"], body)
    wanted = primary_counts(system.values)
    costs = {method: suppress(system, method=method).cost for method in ("exact", "cuts")}
    assert costs["exact"] == costs["cuts"]
    assert is_safe(system, suppress(system).hidden, wanted)
    assert cheapest_by_force(system, wanted, np.ones(len(system), bool), costs["exact"]) is None


def random_release(rng):
    """A hierarchy by outcome by group, with many small cells."""
    sites = [f"s{i}" for i in range(rng.integers(2, 6))]
    cut = rng.integers(1, len(sites))
    rows = list(itertools.product(sites, ["yes", "no"], ["f", "m"]))
    columns = dict(zip(("site", "reached", "group"), map(list, zip(*rows, strict=True)), strict=True))
    columns["n"] = rng.negative_binomial(1.2, 0.08, size=len(rows)).tolist()
    tree = {"site": {"P": sites[:cut], "Q": sites[cut:]}}
    shown = [{"site": None, "reached": None}, {"site": ["P", "Q", "Total"], "reached": None, "group": None}]
    tables = [None, shown][rng.integers(0, 2)]
    return build_tables(columns, dimensions=("site", "reached", "group"), hierarchies=tree, tables=tables)


@pytest.mark.parametrize("seed", range(40))
def test_generated_releases_do_not_leak(seed):
    system = random_release(np.random.default_rng(seed))
    found = suppress(system, method="heuristic")
    assert found.audit.ok
    assert audit(system, found.hidden, method="exact").ok
    assert audit(system, found.hidden, method="certified").ok


@pytest.mark.parametrize("seed", range(15))
def test_every_planted_leak_is_found(seed):
    """Show one cell that protects others: the audit reports a leak exactly when a plain program sees one."""
    rng = np.random.default_rng(seed)
    system = random_release(rng)
    wanted = primary_counts(system.values)
    found = suppress(system, method="heuristic")
    partners = np.flatnonzero(found.hidden & ~wanted.hidden & system.published)
    for partner in rng.permutation(partners)[:2]:
        planted = found.hidden.copy()
        planted[partner] = False
        stuck = set()
        for cell in np.flatnonzero(wanted.hidden):
            low, high = range_of(system, planted, cell)
            if high < 10 - 1e-6 or high - low < 10 - 1e-6:
                stuck.add(system.keys[cell])
        for method in ("exact", "certified"):
            report = audit(system, planted, method=method, counts=False)
            assert {leak.cell for leak in report.leaks} == stuck
            assert report.ok == (not stuck)


def test_nothing_of_a_hidden_value_is_in_what_is_released():
    planted = [7_310_001, 7_310_003, 7_310_007]
    body = [[planted[0], 9_000_000, planted[2]], [8_000_000, planted[1], 6_000_000], [5_500_000, 5_600_000, 5_700_000]]
    system = crossed(["x", "y", "z"], ["u", "v", "w"], body)
    wanted = needs(system, np.isin(system.values, planted), up=1000.0, down=1000.0)
    tables = release(system, suppress(system, primary=wanted))
    blobs = [
        pickle.dumps(tables),
        json.dumps(tables.to_dict()).encode(),
        str(tables).encode(),
        repr(tables).encode(),
        tables._repr_html_().encode(),
        str(tables.rows()).encode(),
    ]
    for blob in blobs:
        for value in planted:
            for form in (str(value), f"{value:,}", f"{value}.0", f"{float(value):.4g}"):
                assert form.encode() not in blob
            assert np.float64(value).tobytes() not in blob
            assert int(value).to_bytes(4, "little") not in blob
    assert ReleasedTables.from_dict(tables.to_dict()) == tables


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_a_released_table_shows_what_is_open_and_only_that(seed):
    system = random_release(np.random.default_rng(seed))
    found = suppress(system, method="heuristic")
    rows = release(system, found).rows()
    at = {tuple(row[name] for name in system.dimensions): row for row in rows}
    assert len(at) == system.published.sum()
    for i, key in enumerate(system.keys):
        if system.published[i]:
            assert at[key]["value"] == (None if found.hidden[i] else system.values[i])


def test_the_same_input_gives_the_same_pattern():
    system = random_release(np.random.default_rng(5))
    first = suppress(system)
    assert suppress(system) == first
    assert pickle.loads(pickle.dumps(first)) == first
    assert Suppression.from_dict(first.to_dict()) == first


def test_no_time_still_gives_an_audited_pattern():
    system, sensitive = w1()
    for method in ("exact", "cuts"):
        found = suppress(system, primary=needs(system, sensitive), method=method, time_limit=1e-9)
        assert found.audit.ok
        assert not found.proved_optimal
        assert found.method == "heuristic"


def test_nothing_sensitive_hides_nothing():
    system = crossed(["x", "y"], ["u", "v"], [[30, 20], [30, 40]])
    for method in ("auto", "exact", "cuts", "heuristic"):
        found = suppress(system, method=method)
        assert (found.withheld, found.cost, found.proved_optimal, found.audit.ok) == (0, 0.0, True, True)


def test_what_must_be_shown_can_make_it_impossible():
    system = crossed(["x", "y"], ["u", "v"], [[3, 20], [30, 40]])
    shown = system.values == 20
    with pytest.raises(NoSafePatternError) as raised:
        suppress(system, must_show=shown | np.array([key[1] == "Total" for key in system.keys]))
    message = str(raised.value)
    assert "x/u can't be protected" in message
    assert "column: x/Total = x/u + x/v" in message
    assert "Join x/u with x/v" in message
    with pytest.raises(UsageError) as raised:
        suppress(system, must_show=system.values == 3)
    assert "x/u, which is sensitive" in str(raised.value)


def test_a_total_with_one_part_shown_and_a_latent_part():
    """Publishing the total and two of three sites publishes the third."""
    rows = {"site": ["A", "B", "C"], "n": [50, 40, 3]}
    system = build_tables(rows, dimensions=["site"], tables=[{"site": ["A", "B", "Total"]}])
    assert system.published.tolist() == [True, True, False, True]
    report = audit(system, np.zeros(4, bool))
    assert [(leak.cell, leak.low) for leak in report.leaks] == [(("C",), 3.0)]
    found = suppress(system)
    assert found.audit.ok
    assert found.withheld == 1


def test_single_contributors_do_not_protect_each_other():
    amounts = [[30.0], [40.0], *[[mean] * 12 for mean in (25.0, 26.0, 20.0, 24.0, 22.0, 21.0, 23.0)]]
    totals = [sum(each) for each in amounts]
    system = crossed(["x", "y", "z"], ["u", "v", "w"], np.reshape(totals, (3, 3)))
    by_key = {(r, c): a for (r, c), a in zip(itertools.product("xyz", "uvw"), amounts, strict=True)}
    inner = [by_key.get(key, [10.0] * 20) for key in system.keys]
    judged = primary_magnitudes(inner)
    hidden = np.array([key in by_key for key in system.keys]) & judged.hidden
    wanted = needs(system, hidden, up=4.0, down=4.0)
    contributors = np.array([len(each) for each in inner])
    pair = mask(system, [("x", "u"), ("x", "v"), ("y", "u"), ("y", "v")])
    assert audit(system, pair, primary=wanted, counts=False).ok
    report = audit(system, pair, primary=wanted, contributors=contributors, counts=False)
    assert {leak.why for leak in report.leaks} == {
        "recovered by the only contributor to x/u",
        "recovered by the only contributor to x/v",
    }
    for method in ("exact", "cuts", "heuristic"):
        found = suppress(system, primary=wanted, contributors=contributors, counts=False, method=method)
        assert found.audit.ok
        row = [found.hidden[system.position(("x", column))] for column in ("u", "v", "w", "Total")]
        assert sum(row) >= 3


def test_three_way_tables_and_integer_bounds():
    rng = np.random.default_rng(8)
    rows = list(itertools.product("abc", "de", "fgh"))
    columns = dict(zip(("one", "two", "three"), map(list, zip(*rows, strict=True)), strict=True))
    columns["n"] = rng.integers(0, 25, len(rows)).tolist()
    system = build_tables(columns, dimensions=("one", "two", "three"))
    found = suppress(system, method="heuristic")
    report = audit(system, found.hidden, method="exact")
    assert report.ok
    for each in report.intervals:
        cell = system.position(each.cell)
        low, high = range_of(system, found.hidden, cell)
        assert low - 1e-6 <= each.low <= system.values[cell] <= each.high <= high + 1e-6


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s: suppress(s, weights="best"), "weights='best' is not one of mass, cells, log"),
        (lambda s: suppress(s, weights=[1.0]), "weights is not an array of"),
        (lambda s: suppress(s, method="quick"), "method='quick' is not one of auto, exact, cuts, heuristic"),
        (lambda s: suppress(s, must_show=[1, 0]), "must_show is not an array of"),
        (lambda s: suppress(s, low=np.full(len(s), 5.0)), "do not hold the value of every cell"),
        (lambda s: suppress(s, high=[1.0]), "high is not an array of"),
        (lambda s: audit(s, [True]), "hidden is not an array of"),
        (lambda s: audit(s, np.zeros(len(s), bool), method="guess"), "method='guess'"),
        (lambda s: audit(s, np.zeros(len(s), bool), primary=primary_counts([1.0])), "primary has 1 cells"),
        (lambda s: audit(s, np.zeros(len(s), bool), contributors=[1]), "contributors has shape"),
        (lambda s: release(w1()[0], suppress(s)), "the system has 25"),
        (lambda s: s.position(("A1",)), "is not a cell of these tables"),
    ],
)
def test_misuse_is_explained(call, says):
    with pytest.raises(UsageError) as raised:
        call(w7())
    assert says in str(raised.value)


def test_what_failed_its_audit_is_not_released():
    import attrs

    system = w7()
    found = suppress(system)
    leaking = attrs.evolve(found, audit=audit(system, system.values < 10))
    with pytest.raises(UsageError) as raised:
        release(system, leaking)
    assert "did not pass its audit" in str(raised.value)


def test_the_solver_is_silent(capfd):
    system = w7()
    suppress(system)
    suppress(system, method="cuts")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_differencing_two_dates():
    june = build_tables({"site": ["A", "B", "C"], "n": [34, 50, 61]}, dimensions=["site"])
    july = build_tables({"site": ["A", "B", "C"], "n": [35, 50, 80]}, dimensions=["site"])
    both = link({"june": june, "july": july})
    report = audit(both, np.zeros(len(both), bool), scope="june and july")
    assert [(leak.cell, leak.low) for leak in report.leaks] == [(("july - june", "A"), 1.0)]
    assert report.scope == "june and july"
    shown_before = np.array([key[0] == "june" for key in both.keys])
    found = suppress(both, must_show=shown_before)
    assert found.audit.ok
    assert found.hidden[both.position(("july", "A"))]


def test_a_place_with_a_dash_in_its_name_is_no_change_between_releases():
    rows = {"site": ["Harbor - North"] * 2 + ["South"] * 2, "reached": ["yes", "no"] * 2, "n": [20, 0, 15, 30]}
    system = build_tables(rows, dimensions=["site", "reached"], tables=[{"site": None, "reached": ["yes", "Total"]}])
    found = audit(system, np.zeros(len(system), bool))
    assert [leak.cell for leak in found.leaks] == [("Harbor - North", "no")]


def test_profiles_that_overlap():
    """All learners in one profile, all but Spanish speakers in another: the difference is a small group."""
    every = build_tables({"site": ["A", "B"], "n": [60, 70]}, dimensions=["site"])
    without = build_tables({"site": ["A", "B"], "n": [57, 40]}, dimensions=["site"])
    spanish = build_tables({"site": ["A", "B"], "n": [3, 30]}, dimensions=["site"])
    ties = [(f"site {s}", {("all", (s,)): -1, ("others", (s,)): 1, ("spanish", (s,)): 1}) for s in ("A", "B", "Total")]
    union = link({"all": every, "others": without, "spanish": spanish}, relations=ties, same=False)
    hidden = np.array([key[0] == "spanish" and key[1] == "A" for key in union.keys])
    report = audit(union, hidden)
    assert [(leak.cell, leak.low) for leak in report.leaks] == [(("spanish", "A"), 3.0)]
    assert suppress(union).audit.ok


def test_a_cell_shown_in_another_release():
    """A value hidden now that an earlier release showed can't be protected, and the audit says so."""
    first = build_tables({"site": ["A", "B"], "n": [4, 60]}, dimensions=["site"])
    union = link({"old": first, "new": first})
    assert len(union) == 3
    policy = Policy()
    report = audit(union, np.zeros(len(union), bool), policy=policy)
    assert report.leaks[0].why == "shown, and sensitive"
