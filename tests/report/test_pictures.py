"""What of a mastery map and a calendar is published: attacked with the auditor, with codes known, and over releases."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

import blended_standard as bs
from blended_standard.measures import EngagementCalendar, MasteryMap, Status
from blended_standard.measures.engagement_calendar import CLOSED, FEED_DOWN, CalendarDay
from blended_standard.measures.mastery_map import MapCell, MapRow, code_of
from blended_standard.numeric.intervals import wilson
from blended_standard.privacy import Ledger, Policy, audit
from blended_standard.privacy.cells import CellSystem
from blended_standard.privacy.ledger import FEW_CHANGED, WITHHELD_BEFORE
from blended_standard.privacy.primary import PrimarySuppression
from blended_standard.report import for_publication, report
from blended_standard.report.pictures import BY_SUBTRACTION, FEW, OTHERWISE_BEFORE, SECOND, cells_of, published
from blended_standard.report.tiles import MOST_LINES, calendar_charts, map_charts
from tests.report.test_figures import measured, submission
from tests.report.test_report import HOSTILE

POLICY = Policy()
DAY = dt.date(2026, 6, 30)
Counts = Sequence[tuple[int, int]]


def cell(count: int, n: int) -> MapCell:
    if not n:
        return MapCell(share=None, interval=None, count=0, n=0, status=Status.NOT_COMPUTABLE, reason="None.")
    return MapCell(share=count / n, interval=wilson(count, n), count=count, n=n, status=Status.OK)


def mastery(*rows: Counts, by: str = "site", as_of: dt.date = DAY, name: str = "Competency") -> MasteryMap:
    lines = tuple(
        MapRow(
            competency=f"c{i}",
            name=f"{name} {i}",
            section=name,
            cells=tuple(cell(*each) for each in row),
            everyone=cell(sum(count for count, _ in row), sum(n for _, n in row)),
        )
        for i, row in enumerate(rows)
    )
    groups = tuple(f"g{i}" for i in range(len(rows[0]))) if rows else ()
    labels = tuple(f"{name} group {i}" for i in range(len(groups)))
    return MasteryMap(by=by, as_of=as_of, profile="core", groups=groups, labels=labels, lines=lines, sites=("s1", "s2"))


def calendar(*days: tuple[int, int, int, int], group: Any = (), sites: Any = ("s1", "s2")) -> EngagementCalendar:
    made = tuple(
        CalendarDay(
            date=DAY + dt.timedelta(days=i),
            status=Status.OK if n else Status.NOT_COMPUTABLE,
            active_share=active / n if n else None,
            productive_share=productive / n if n else None,
            active=active if n else None,
            productive=productive if n else None,
            n=n,
            unseen=unseen,
            reason=None if n else CLOSED,
        )
        for i, (n, active, productive, unseen) in enumerate(days)
    )
    return EngagementCalendar(place="All", group=group, sites=sites, as_of=DAY, profile="core", days=made)


def reasons(picture: MasteryMap) -> list[str | None]:
    return [each.reason for _, _, each in picture.cells()]


# --- the map against an outsider -----------------------------------------------------------------------------------


def outsider(raw: MapRow, public: MapRow) -> CellSystem:
    """What follows from a published row: n = mastered + not, groups add up, and "≤5%" is 100 x + slack = 5 n."""
    size = len(raw.cells) + 1
    counts = np.array([(each.count, each.n) for each in (*raw.cells, raw.everyone)], float)
    values = [*counts[:, 1], *counts[:, 0], *(counts[:, 1] - counts[:, 0])]
    terms: list[tuple[int, int, float]] = []
    relations = 0

    def tie(*parts: tuple[int, float]) -> None:
        nonlocal relations
        terms.extend((relations, place, factor) for place, factor in parts)
        relations += 1

    for i in range(size):
        tie((i, -1.0), (size + i, 1.0), (2 * size + i, 1.0))
    for layer in range(3):
        tie(*((layer * size + i, 1.0) for i in range(size - 1)), (layer * size + size - 1, -1.0))
    for i, each in enumerate((*public.cells, public.everyone)):
        code = code_of(each.reason)
        if code is not None:
            bound = float(code[1:-1]) if code[0] == "≤" else 100 - float(code[1:-1])
            part = (size if code[0] == "≤" else 2 * size) + i
            values.append(bound * values[i] - 100 * values[part])
            tie((i, bound), (part, -100.0), (len(values) - 1, -1.0))
    columns = np.array(terms, float).T
    return CellSystem(
        dimensions=("cell",),
        keys=tuple((str(i),) for i in range(len(values))),
        values=np.array(values),
        structural=np.zeros(len(values), bool),
        published=np.arange(len(values)) < 3 * size,
        relation=columns[0].astype(np.int64),
        cell=columns[1].astype(np.int64),
        coefficient=columns[2],
        relation_names=("sum",) * relations,
    )


def known(system: CellSystem, public: MapRow) -> tuple[np.ndarray, np.ndarray]:
    """Bounds that an outsider has: a code also tells the range of group sizes that it stands for."""
    low, high = np.zeros(len(system)), np.full(len(system), np.inf)
    starts = [code.minimum_n for code in POLICY.code_ends]
    for i, each in enumerate((*public.cells, public.everyone)):
        code = code_of(each.reason)
        if code is not None:
            bound = float(code[1:-1]) if code[0] == "≤" else 100 - float(code[1:-1])
            place = next(j for j, end in enumerate(POLICY.code_ends) if end.percent == bound)
            low[i] = starts[place]
            high[i] = starts[place + 1] - 1 if place + 1 < len(starts) else np.inf
    return low, high


def leaks(raw: MapRow, public: MapRow) -> list[str]:
    """Let the auditor at a row: no count of a group withheld by itself may be bounded below ten, none coded be found."""
    system = outsider(raw, public)
    size = len(raw.cells) + 1
    hidden, sensitive, coded = (np.zeros(len(system), bool) for _ in range(3))
    for i, each in enumerate((*public.cells, public.everyone)):
        for layer in range(3):
            hidden[layer * size + i] = each.status is Status.SUPPRESSED
            sensitive[layer * size + i] = each.reason == FEW
            coded[layer * size + i] = code_of(each.reason) is not None
    hidden[3 * size :] = True
    values = system.values
    needs = PrimarySuppression(
        hidden=sensitive | coded,
        need_high=np.where(sensitive, np.maximum(10.0, values), values),
        need_low=values,
        need_length=np.where(sensitive, 10.0, np.where(coded, 1.0, 0.0)),
        rules=tuple("few" if each else "" for each in sensitive | coded),
    )
    low, high = known(system, public)
    found = audit(system, hidden, primary=needs, low=low, high=high, method="exact")
    return [leak.why for leak in found.leaks]


def test_a_planted_small_cell_cannot_be_bounded() -> None:
    raw = mastery([(3, 7), (40, 60), (30, 50), (25, 40)])
    public = for_publication(raw)
    assert reasons(public) == [FEW, None, None, BY_SUBTRACTION, None]
    assert leaks(raw.lines[0], public.lines[0]) == []
    naive = attrs.evolve(  # type: ignore[misc]
        public.lines[0], cells=(public.lines[0].cells[0], *raw.lines[0].cells[1:])
    )
    assert "recovered exactly" in leaks(raw.lines[0], naive)


@pytest.mark.parametrize("seed", range(30))
def test_random_rows_hold_against_the_auditor_who_knows_the_codes(seed: int) -> None:
    rng = random.Random(seed)
    row = []
    for _ in range(rng.randrange(2, 6)):
        n = rng.choice([rng.randrange(1, 12), rng.randrange(12, 60), rng.randrange(60, 400)])
        row.append((rng.choice([n, 0, rng.randrange(n + 1), round(0.97 * n), round(0.6 * n)]), n))
    raw = mastery(row)
    public = for_publication(raw)
    assert leaks(raw.lines[0], public.lines[0]) == []
    for before, after in zip(raw.lines[0].cells, public.lines[0].cells, strict=True):
        if after.share is not None:
            assert min(before.count or 0, (before.n or 0) - (before.count or 0)) >= POLICY.minimum_numerator


def test_a_map_by_level_protects_levels_of_few_learners() -> None:
    rows = [(40, 100), (30, 100), (27, 100), (3, 100)]
    raw = mastery(rows, by="level")
    raw = attrs.evolve(raw, lines=(attrs.evolve(raw.lines[0], everyone=cell(100, 100)),))  # type: ignore[misc]
    assert reasons(for_publication(raw)) == [None, None, BY_SUBTRACTION, FEW, None]


def test_nothing_withheld_is_in_a_byte_of_the_page_or_the_json() -> None:
    raw = mastery([(317, 733), (631, 877), (433, 541)], [(3, 971), (547, 1009), (223, 467)])
    public = for_publication(raw)
    hidden = [
        before for (_, _, before), (_, _, after) in zip(raw.cells(), public.cells(), strict=True) if after.n is None
    ]
    assert hidden
    scored = measured(("program",), 60)
    for text in (report(scored, raw), report(scored, raw, format="json")):
        assert not any(re.search(rf"\b{before.n:,}\b|\b{before.n}\b", text) for before in hidden)


# --- calendars ------------------------------------------------------------------------------------------------------


def shown(day: CalendarDay) -> tuple[int | None, int | None, int | None]:
    return day.n, day.active, day.productive


def test_a_day_shows_what_is_about_enough_learners() -> None:
    raw = calendar(
        (100, 40, 20, 0),  # all shown
        (100, 40, 35, 0),  # of the 40 only 5 did something and had nothing accepted
        (100, 40, 4, 0),
        (100, 8, 8, 0),  # too few who did something
        (100, 2, 0, 0),  # an end stands for it
        (100, 95, 50, 0),  # five who did nothing
        (9, 5, 5, 0),
        (100, 40, 20, 4),  # four are out of view: against the day before they could be counted
        (100, 40, 20, 40),
        (0, 0, 0, 30),
    )
    days = for_publication(raw).days
    assert [shown(day) for day in days] == [
        (100, 40, 20),
        (100, 40, None),
        (100, 40, None),
        (None, None, None),
        (None, None, None),
        (None, None, None),
        (None, None, None),
        (None, None, None),
        (100, 40, 20),
        (0, None, None),
    ]
    assert days[4].reason == "Shown only as ≤5%."
    assert days[9].reason == CLOSED
    assert {day.unseen for day in days} == {None}


def test_a_second_picture_of_the_same_learners_is_withheld() -> None:
    scored = measured(("program",), 60)
    everyone, part = calendar((100, 40, 20, 0)), calendar((61, 30, 15, 0), group=(("site", "s1"),), sites=("s1",))
    other = calendar((61, 30, 15, 0), group=(("site", "s3"),), sites=("s3",))
    found = json.loads(report(scored, everyone, part, other, mastery([(20, 50)]), format="json"))["pictures"]
    assert [each.get("reason") for each in found] == [None, SECOND, None, None]
    assert "61" not in json.dumps(found[1])
    assert SECOND.split(",", maxsplit=1)[0] in report(scored, everyone, part)


# --- releases -------------------------------------------------------------------------------------------------------


def released(*pictures: Any) -> Ledger:
    ledger = Ledger()
    for i, picture in enumerate(pictures):
        public = for_publication(picture, ledger=ledger)
        ledger = ledger.add(f"r{i}", measured((), 30), published=DAY, beside=cells_of(public))
    return ledger


def test_a_later_map_does_not_tell_what_became_of_few() -> None:
    ledger = released(mastery([(30, 60), (40, 80)]))
    later = mastery([(32, 62), (60, 120)], as_of=DAY + dt.timedelta(days=31))
    found = for_publication(later, ledger=ledger)
    assert reasons(found)[0] == FEW_CHANGED
    assert found.lines[0].cells[1].reason == BY_SUBTRACTION
    assert ledger.add("next", measured((), 30), published=DAY, beside=cells_of(later)).audit()


def test_what_an_earlier_map_withheld_stays_withheld_and_other_columns_do_not_come_after() -> None:
    ledger = released(mastery([(3, 7), (40, 60), (30, 50)]))
    grown = mastery([(20, 40), (40, 60), (30, 50)])
    assert reasons(for_publication(grown, ledger=ledger))[0] == WITHHELD_BEFORE
    assert set(reasons(for_publication(mastery([(40, 60), (33, 57)], by="gender"), ledger=ledger))) == {
        OTHERWISE_BEFORE
    }


def test_a_later_calendar_of_a_part_or_of_few_others_is_withheld() -> None:
    ledger = released(calendar((100, 40, 20, 0), (100, 40, 20, 0)))
    part = calendar((60, 30, 15, 0), group=(("program", "p"),))
    assert [day.reason for day in for_publication(part, ledger=ledger).days] == [BY_SUBTRACTION]
    later = for_publication(calendar((101, 41, 20, 0), (100, 40, 23, 0)), ledger=ledger)
    assert later.days[0].reason == FEW_CHANGED
    assert shown(later.days[1]) == (100, 40, None)
    assert shown(for_publication(calendar((100, 40, 20, 0)), ledger=ledger).days[0]) == (100, 40, 20)


def test_the_page_adds_its_pictures_to_the_ledger(tmp_path: Path) -> None:
    scored, file = measured(("program",), 60), tmp_path / "ledger.json"
    for name in ("one", "two"):
        report(scored, mastery([(30, 60)]), calendar((100, 40, 20, 0)), to=tmp_path / f"{name}.html", ledger=file)
    ledger = Ledger.read(file)
    kinds = {cell.measure for cell in ledger.releases[0].cells}
    assert {"mastery_map", "engagement_calendar"} <= kinds
    assert ledger.audit() == ()


# --- the page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(name: str) -> None:
    text = report(measured(("program",), 30), mastery([(30, 60), (20, 50)], name=name))
    assert "<script>" not in text
    assert 'onmouseover="x"' not in text


def test_empty_pictures_say_so() -> None:
    nothing = calendar()
    text = report(measured(("program",), 30), mastery(), nothing)
    assert text.count("There is nothing to draw") == 2


def test_one_learner_is_in_no_picture() -> None:
    data = submission(1)
    text = report(measured(("program",), 60), bs.mastery_map(data), bs.engagement_calendar(data))
    section = text.partition('id="picture-1"')[2].partition('id="definitions"')[0]
    assert not re.search(r'class="t\d"[^/]*<title>', section)
    assert "of 1" not in section


def test_every_picture_has_words_a_table_and_how_it_is_counted() -> None:
    data = bs.testing.district(300, seed=5, programs=2)
    text = report(bs.score(data, "ENG-01"), bs.mastery_map(data, "program"), bs.engagement_calendar(data, "P2-S2"))
    section = text.partition('id="picture-1"')[2].partition('id="definitions"')[0]
    for drawing in re.findall(r"<svg[^>]*>", section):
        assert 'role="img"' in drawing
        assert re.search(r'aria-label="[^"]{20,}', drawing)
    assert section.count("All numbers") == 2
    assert section.count("How it is counted") == 2
    assert FEED_DOWN in section
    assert "nan" not in section.lower().replace("finance", "")


def test_a_large_map_is_cut_in_the_drawing_and_whole_in_the_table() -> None:
    big = mastery(*([(30, 60)] * 50 for _ in range(200)))
    charts, cut = map_charts(published(big, POLICY, {}))  # type: ignore[arg-type]
    assert cut == "Drawn are the first 60 of 200 competencies and the first 8 of 50 columns; the table has all."
    assert sum(chart.svg.count('class="" x="0.0"') for chart in charts) == MOST_LINES
    text = report(measured(("program",), 30), big)
    assert "Competency group 49" in text
    assert "Competency 199" in text
    assert len(text) < 1_500_000


def test_no_day_is_drawn_beyond_the_edge() -> None:
    plain = calendar((100, 40, 20, 0)).days[0]
    days = tuple(attrs.evolve(plain, date=dt.date(2018, 7, 1) + dt.timedelta(days=i)) for i in range(184))
    ((chart,), _) = calendar_charts(attrs.evolve(calendar(), days=days))
    width = float(re.findall(r'viewBox="0 0 ([\d.]+)', chart.svg)[0])
    assert (
        max(float(x) + float(w) for x, w in re.findall(r'x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', chart.svg)) <= width
    )


def contrast(first: str, second: str) -> float:
    def light(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(first), light(second)))
    return (high + 0.05) / (low + 0.05)


def test_numbers_can_be_read_on_every_shade() -> None:
    text = report(measured(("program",), 30), mastery([(30, 60)]))
    palettes = [dict(re.findall(r"--(t\d|on\d): (#\w{6})", line)) for line in text.splitlines() if "--t0:" in line]
    assert len(palettes) == 3
    for colors in palettes:
        for place in range(6):
            assert contrast(colors[f"t{place}"], colors[f"on{place // 4}"]) >= 4.5, (place, colors)
