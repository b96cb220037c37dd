"""Plots for notebooks: the tables behind them, that what is drawn is in them, and what misuse says."""

from __future__ import annotations

import functools
import random
import sys
from typing import Any

import pytest

import blended_standard as bs
from blended_standard import compare
from blended_standard.errors import MissingExtraError, NotEstimableError, UsageError
from blended_standard.measures import MeasureReport
from blended_standard.report import for_publication
from tests.report.test_figures import submission

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
matplotlib.use("Agg")


@functools.cache
def scored(*by: str) -> MeasureReport:
    return bs.score(submission(150, 120), ["OUT-03", "ENG-01"], by=by)


@pytest.fixture(autouse=True)
def closed() -> Any:
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def balance(*, weighted: bool) -> compare.BalanceTable:
    rng = random.Random(1)
    x = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(200)]
    treated = [int(row[1] + rng.gauss(0, 1) > 0) for row in x]
    weights = compare.ipw(treated, x).weights if weighted else None
    return compare.balance_table(treated, {"age": [r[0] for r in x], "need": [r[1] for r in x]}, weights=weights)


def lines_of(ax: Any) -> list[list[tuple[float, float]]]:
    return [[(float(x), float(y)) for x, y in line.get_xydata()] for line in ax.lines]


def test_groups_are_drawn_at_their_values_with_their_intervals_first_on_top() -> None:
    report = scored("program")
    rows = report.plot_data(measure="OUT-03")
    assert [row["group"] for row in rows] == ["Program A", "Program B"]
    drawn = lines_of(report.plot(measure="OUT-03"))
    for place, row in zip((1, 0), rows, strict=True):
        entry = report.one("OUT-03", str(row["group"]))
        assert row["value"] == entry.value
        assert entry.interval
        assert [(entry.interval.low, place), (entry.interval.high, place)] in drawn
        assert [(entry.value, place)] in drawn


def test_a_withheld_group_has_its_reason_and_no_mark() -> None:
    public = for_publication(bs.score(submission(150, 8), "ENG-01", by="program"))
    ax = public.plot()
    assert [text.get_text() for text in ax.texts] == ["Withheld: fewer than 10 learners."]
    assert len(ax.lines) == 2
    assert public.plot_data()[1]["value"] is None


def test_a_trend_has_a_line_a_group_over_the_years_of_entry() -> None:
    report = scored("program", "entry_year")
    rows = report.plot_data("trend", measure="ENG-01")
    assert {row["group"] for row in rows} == {"Program A", "Program B"}
    assert {row["x"] for row in rows} == {2024.0, 2025.0}
    ax = report.plot("trend", measure="ENG-01")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Program A", "Program B"]
    first = [(row["x"], row["value"]) for row in rows if row["group"] == "Program A"]
    assert first in lines_of(ax)
    with pytest.raises(UsageError, match="needs groups by year of entry"):
        scored("program").plot("trend", measure="ENG-01")


def test_a_curve_ends_at_the_value_of_the_measure_and_needs_the_counts() -> None:
    report = scored("program")
    rows = report.plot_data("curve")
    for entry in report.select("OUT-03"):
        own = [row for row in rows if row["group"] == entry.label]
        assert own[0]["value"] == 0
        assert own[-1]["x"] == 365
        assert own[-1]["value"] == pytest.approx(entry.value)
        values = [float(str(row["value"])) for row in own]
        assert values == sorted(values)
    assert len(report.plot("curve").lines) == 2
    with pytest.raises(NotEstimableError, match="a published report does not hold"):
        for_publication(report).plot("curve")


def test_a_comparison_shows_both_values_and_their_difference() -> None:
    study = compare.compare_groups(scored("program"), "OUT-03", ["Program A", "Program B"])
    rows = study.plot_data()
    assert [row["group"] for row in rows] == ["Program A", "Program B", "Difference"]
    assert rows[2]["value"] == study.effects[0].value
    ax = study.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Program A", "Program B", "Difference"]
    assert [(0.0, 0.0), (0.0, 1.0)] in lines_of(ax)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_love_plot_has_a_series_a_sample_and_the_threshold(weighted: bool) -> None:
    table = balance(weighted=weighted)
    rows = table.plot_data()
    assert {row["sample"] for row in rows} == ({"before", "after"} if weighted else {"before"})
    ax = table.plot()
    assert (ax.get_legend() is not None) == weighted
    assert [(0.1, 0.0), (0.1, 1.0)] in lines_of(ax)
    assert ax.get_yticklabels()[0].get_text() == "need"


def test_a_meta_analysis_has_a_forest_and_a_funnel() -> None:
    found = compare.meta_analysis([0.2, 0.5, -0.1], [0.1, 0.2, 0.15], labels=["a", "b", "c"])
    rows = found.plot_data()
    assert [row["group"] for row in rows] == ["a", "b", "c", "pooled", "prediction"]
    assert [(found.value, 1.0)] in lines_of(found.plot())
    ax = found.plot("funnel")
    assert lines_of(ax)[0] == [(0.2, 0.1), (0.5, 0.2), (-0.1, 0.15)]
    bottom, top = ax.get_ylim()
    assert bottom > top == 0


def test_program_effects_are_drawn_too_and_an_axes_can_be_given() -> None:
    import matplotlib.pyplot as plt

    rng = random.Random(2)
    groups = [f"g{i % 6}" for i in range(120)]
    outcome = [rng.gauss(0.4 * (i % 6), 1) for i in range(120)]
    effects = compare.program_effects(compare.random_intercept(outcome, groups), draws=200)
    _, ax = plt.subplots()
    assert effects.plot(ax=ax) is ax
    assert [row["group"] for row in effects.plot_data()] == [each.group for each in effects.programs]
    first, drawn = effects.programs[0], lines_of(ax)
    assert [(first.interval.low, 5), (first.interval.high, 5)] in drawn
    assert [(first.comparison.low, 5), (first.comparison.high, 5)] in drawn
    assert ax.get_yticklabels()[0].get_text() == f"{first.group} (20)"
    assert len(ax.patches) == sum(each.band % 2 for each in effects.programs)


def test_a_map_and_a_calendar_are_drawn_from_their_tables() -> None:
    from blended_standard.testing import district

    made = district(80, programs=2, seed=3)
    found = bs.mastery_map(made, "program")
    rows = found.plot_data()
    assert len(rows) == 3 * len(found.lines)
    ax = found.plot()
    told = [text.get_text() for text in ax.texts]
    assert told == ["" if row["share"] is None else f"{100 * row['share']:.0f}" for row in rows]
    public = for_publication(found)
    tiles = [row for row in public.plot_data() if row["share"] is not None or _withheld(row)]
    assert len(public.plot().patches) == len(tiles)
    assert {patch.get_hatch() for patch in public.plot().patches} == {None, "////"}
    days = bs.engagement_calendar(made)
    ax = days.plot("productive")
    assert len(ax.patches) == sum(day.n != 0 or "closed" in (day.reason or "") for day in days.days)
    with pytest.raises(UsageError, match=r"There are: active, productive"):
        days.plot("pie")


def _withheld(row: dict[str, object]) -> bool:
    return row["status"] == "suppressed" and row["code"] is None


def test_misuse_names_what_there_is() -> None:
    report = scored("program")
    with pytest.raises(UsageError, match=r"measure= names none\. Pass one of .*: OUT-03, ENG-01"):
        report.plot()
    with pytest.raises(UsageError, match=r"measure= names .ENG-01.*: OUT-03"):
        report.plot("curve", measure="ENG-01")
    with pytest.raises(UsageError, match=r"is not a plot of a MeasureReport\. There are: groups, trend, curve"):
        report.plot("pie")
    with pytest.raises(UsageError, match=r"has no plot\. There are plots of: MeasureReport"):
        compare.e_value(2.0).plot()
    with pytest.raises(UsageError, match="color= is not an option"):
        balance(weighted=False).plot(color="red")


def test_without_matplotlib_the_table_is_there_and_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    table = balance(weighted=False)
    assert table.plot_data()
    with pytest.raises(MissingExtraError, match=r'pip install "blended-standard\[plot\]"'):
        table.plot()
