"""Charts and subtraction: what is drawn, and that nothing withheld is in any byte of it."""

from __future__ import annotations

import itertools
import random
import re

import pytest

import blended_standard as bs
from blended_standard import compare
from blended_standard.measures import MeasureReport, Status, score
from blended_standard.numeric.events import EVENT, EventTable, incidence
from blended_standard.privacy import Policy
from blended_standard.report import for_publication, report
from blended_standard.report.figures import of_result, pooled_steps
from blended_standard.report.publish import BY_SUBTRACTION
from blended_standard.report.svg import Drawing, Scale
from tests.measures.synthetic import join, make


def submission(*sizes: int) -> bs.Submission:
    tables = join(*(make(name, size, seed=3 + i) for i, (name, size) in enumerate(zip("ABCDE", sizes, strict=False))))
    kept = {name: columns for name, columns in tables.items() if columns}
    return bs.Submission.from_tables(kept, manifest={"as_of": "2025-12-31", "title": "Test"})


def measured(by: tuple[str, ...], *sizes: int) -> MeasureReport:
    return score(submission(*sizes), by=by)


def forms(value: float) -> set[str]:
    return {repr(value), f"{value:.4g}", f"{100 * value:.1f}%"}


def test_no_byte_of_a_report_holds_a_withheld_number() -> None:
    scored = measured(("program",), 150, 8)
    public = for_publication(scored)
    hidden = [
        (raw, entry)
        for raw, entry in zip(scored, public, strict=True)
        if entry.status is Status.SUPPRESSED and raw.value not in (None, 0.0, 1.0)
    ]
    assert hidden
    shown = {form for entry in public if entry.value is not None for form in forms(entry.value)}
    for text in (report(scored), report(scored, format="json")):
        for raw, _ in hidden:
            for value in (raw.value, raw.se, raw.interval.low if raw.interval else None):
                assert not value or not any(form in text for form in forms(value) - shown if len(form) > 5)


def test_a_withheld_group_is_in_no_chart() -> None:
    text = report(measured(("program",), 150, 8))
    drawn = "".join(re.findall(r"<figure>.*?</figure>", text, re.S))
    assert "Program A" in drawn
    assert "Program B" not in drawn


def test_steps_are_pooled_until_each_is_about_enough_learners() -> None:
    rng, policy = random.Random(5), Policy()
    for _ in range(30):
        counts: dict[tuple[int, int], int] = {}
        for _ in range(rng.randrange(5, 400)):
            end = (rng.randrange(1, 500), rng.choice([0, 1, 1, 2]))
            counts[end] = counts.get(end, 0) + 1
        table = EventTable(counts)
        points = pooled_steps(table, 365, policy, event_free=False)
        for (before, _), (day, value) in itertools.pairwise(points):
            inside = sum(n for (time, code), n in counts.items() if code == EVENT and before < time <= day)
            assert inside >= policy.minimum_n
            assert value == pytest.approx(incidence(table, day).value)


def test_few_events_give_no_curve() -> None:
    assert pooled_steps(EventTable({(20, 1): 9, (400, 0): 200}), 365, Policy(), event_free=True) == []


def test_a_total_beside_its_parts_gives_nothing_away() -> None:
    parts, total = measured(("program",), 60, 50, 6), measured((), 60, 50, 6)
    public = for_publication(parts.__class__(**_fields(parts, results=(*total.results, *parts.results))))
    counts = {entry.label: entry for entry in public.select("ENG-01")}
    withheld = [label for label, entry in counts.items() if entry.status is Status.SUPPRESSED]
    assert "Program C" in withheld
    assert len(withheld) == 2
    assert [entry.reason for entry in counts.values()].count(BY_SUBTRACTION) == 1
    text = report(total, parts, format="json")
    assert BY_SUBTRACTION in text


def test_parts_without_a_total_need_nothing_more() -> None:
    public = for_publication(measured(("program",), 60, 50, 6))
    assert all(entry.reason != BY_SUBTRACTION for entry in public)


def test_two_margins_without_a_total_are_tied_too() -> None:
    programs, strata = measured(("program",), 60, 50, 6), measured(("low_income",), 60, 50, 6)
    both = programs.__class__(**_fields(programs, results=(*programs.results, *strata.results)))
    withheld = [entry for entry in for_publication(both).select("ENG-01") if entry.status is Status.SUPPRESSED]
    assert len(withheld) >= 2


def test_a_population_of_nobody_does_not_say_how_many_left() -> None:
    scored = measured(("program",), 60)
    entry = scored.one("ENG-01")
    few = entry.__class__(
        **{
            **_fields(entry),
            "value": None,
            "n": 0,
            "status": Status.NOT_COMPUTABLE,
            "reason": "All 3 units are excluded.",
            "excluded": (type(scored.one("OUT-03").excluded[0])(id="x", reason="x", count=3),),
        }
    )
    public = for_publication(scored.__class__(**_fields(scored, results=(few,))))
    assert "3 units" not in (public.results[0].reason or "")
    assert public.results[0].excluded == ()


def test_reports_of_two_dates_do_not_stand_together() -> None:
    one = measured(("program",), 40)
    other = score(submission(40), by=(), as_of="2025-06-30")
    with pytest.raises(bs.BlendedStandardError, match="as_of differs"):
        report(one, other)


def test_every_chart_of_a_further_result_has_words_and_a_table() -> None:
    rng = random.Random(1)
    x = [[rng.gauss(0, 1) for _ in range(2)] for _ in range(200)]
    y = [int(row[1] + rng.gauss(0, 1) > 0) for row in x]
    further = (
        compare.meta_analysis([0.2, 0.5, -0.1], [0.1, 0.2, 0.15], labels=["a<b", "c", "d"]),
        compare.balance_table(y, {"age": [row[0] for row in x], "need": [row[1] for row in x]}),
        compare.incremental_validity(y, [row[0] for row in x], [row[1] for row in x], folds=2, repeats=1),
    )
    for part in further:
        chart = of_result(part)
        assert chart is not None
        assert chart.words
        assert chart.table
        assert 'role="img"' in chart.svg
        assert "a<b" not in chart.svg
        assert "nan" not in chart.svg.lower()


def test_a_drawing_escapes_and_cuts_text() -> None:
    drawing = Drawing(10, 10)
    drawing.text((1, 1), "<script>" + "x" * 10_000)
    text = drawing.render('a "label"')
    assert "<script>" not in text
    assert len(text) < 400
    assert Scale(0, 1, 0, 100).ticks() == [0, 0.25, 0.5, 0.75, 1.0]
    assert len(Scale(0.74, 0.87, 0, 100).ticks(1)) > 1


def _fields(entry: object, **changed: object) -> dict[str, object]:
    import attrs

    return {field.name: getattr(entry, field.name) for field in attrs.fields(type(entry))} | changed
