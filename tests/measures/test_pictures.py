"""Mastery map and engagement calendar: numbers by hand, alike on every engine; misuse, nobody, one learner."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import blended_standard as bs
from blended_standard.errors import UsageError
from blended_standard.measures import EngagementCalendar, MasteryMap, Status
from blended_standard.measures.engagement_calendar import CLOSED, FEED_DOWN, NOBODY
from blended_standard.numeric.intervals import wilson
from blended_standard.testing import district

ENGINES = ("duckdb", "polars", "pandas")
Tables = dict[str, dict[str, list[Any]]]


def base(**more: dict[str, list[Any]]) -> Tables:
    """Two sites of one program; ann and ben at the first, cyd at the second, dee first at one and then at the other."""
    return {
        "program": {"program_id": ["p"], "name": ["P"], "time_zone": ["America/New_York"]},
        "site": {"site_id": ["s1", "s2"], "program_id": ["p", "p"], "name": ["North", "South"]},
        "learner": {"learner_id": ["ann", "ben", "cyd", "dee"], "gender": ["female", "male", None, "female"]},
        "episode": {
            "episode_id": ["a", "b", "c", "d1", "d2"],
            "learner_id": ["ann", "ben", "cyd", "dee", "dee"],
            "site_id": ["s1", "s1", "s2", "s1", "s2"],
            "entry_date": ["2026-01-05", "2026-01-05", "2026-01-06", "2026-01-05", "2026-01-07"],
            "exit_date": [None, "2026-01-08", None, "2026-01-08", None],
        },
        **more,
    }


def decided(*decisions: tuple[Any, ...]) -> dict[str, list[Any]]:
    names = ("episode_id", "competency_id", "date", "mastered", "revoked", "level_id")
    columns = {name: [(*row, None, None)[i] for row in decisions] for i, name in enumerate(names)}
    return {"decision_id": [f"k{i}" for i in range(len(decisions))], **columns}


DECISIONS = decided(
    ("a", "c2", "2026-01-06", True),
    ("b", "c2", "2026-01-06", False),
    ("d1", "c2", "2026-01-06", True),
    ("d2", "c2", "2026-01-09", False),  # the latest rules: dee counts in the South, as not mastered
    ("c", "c2", "2026-01-07", False),
    ("c", "c2", "2026-01-07", True),  # of a yes and a no on one day, the yes
    ("a", "c10", "2026-01-06", True, True),  # taken back
    ("b", "c10", "2026-01-20", True),  # after the episode
    ("a", "x", "2026-01-07", True),
)
COMPETENCIES = {
    "competency_id": ["c", "c2", "c10", "never"],
    "title": ["Area", "Second", "Tenth", "Never"],
    "parent_id": [None, "c", "c", None],
}


def submission(tables: Tables) -> bs.Submission:
    return bs.Submission.from_tables(tables, manifest={"as_of": "2026-01-31", "title": "Test"})


def numbers(line: Any) -> list[tuple[int | None, int | None]]:
    return [(cell.count, cell.n) for cell in (*line.cells, line.everyone)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_map_counts_each_learner_once_where_the_last_decision_was_made(engine: str) -> None:
    found = bs.mastery_map(submission(base(mastery_decision=DECISIONS, competency=COMPETENCIES)), engine=engine)
    assert found.labels == ("North", "South")
    assert [(line.section, line.name) for line in found.lines] == [("Area", "Second"), ("Other competencies", "x")]
    second, unknown = found.lines
    assert numbers(second) == [(1, 2), (1, 2), (2, 4)]
    assert second.everyone.share == 0.5
    assert second.everyone.interval == wilson(2, 4)
    assert second.everyone.status is Status.SMALL_N
    assert numbers(unknown) == [(1, 1), (0, 0), (1, 1)]
    assert unknown.cells[1].status is Status.NOT_COMPUTABLE
    assert unknown.cells[1].reason == "No learner has a decision."
    assert found.undecided == 3
    assert found.sites == ("s1", "s2")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_map_has_columns_by_program_stratum_quarter_and_level(engine: str) -> None:
    levels = {
        "proficiency_scale": {"scale_id": ["q"], "title": ["Q"]},
        "proficiency_level": {
            "level_id": ["hi", "lo"], "scale_id": ["q", "q"], "rank": [1, 0], "title": ["High", "Low"],
            "mastery": [True, False],
        },
    }  # fmt: skip
    rows = decided(
        ("a", "c2", "2026-01-06", True, None, "hi"),
        ("b", "c2", "2026-01-06", False, None, "lo"),
        ("c", "c2", "2026-04-01", False, None, "lo"),
        ("d2", "c2", "2026-04-02", True),
    )
    data = bs.Submission.from_tables(base(mastery_decision=rows, **levels), manifest={"as_of": "2026-06-30"})

    def line(by: str) -> tuple[tuple[str, ...], list[tuple[int | None, int | None]]]:
        found = bs.mastery_map(data, by, engine=engine)
        return found.labels, numbers(found.lines[0])

    assert line("program") == (("P",), [(2, 4), (2, 4)])
    assert line("gender") == (("female", "male", "not recorded"), [(2, 2), (0, 1), (0, 1), (2, 4)])
    assert line("quarter") == (("2026 Q1", "2026 Q2"), [(1, 2), (1, 2), (2, 4)])
    assert line("level") == (("Low", "High", "not recorded"), [(2, 4), (1, 4), (1, 4), (4, 4)])


def test_groups_of_a_map_add_up_to_all() -> None:
    found = bs.mastery_map(district(300, seed=4), "site")
    for line in found.lines:
        assert sum(cell.n or 0 for cell in line.cells) == line.everyone.n
        assert sum(cell.count or 0 for cell in line.cells) == line.everyone.count


@pytest.mark.parametrize("by", ["learner", "episode", "nonsense"])
def test_a_map_of_persons_is_not_made(by: str) -> None:
    with pytest.raises(UsageError, match=r"is not what a mastery map has columns of\. Accepted: jurisdiction, program"):
        bs.mastery_map(submission(base()), by)


def test_labels_that_stand_twice_keep_their_identifier() -> None:
    tables = base(mastery_decision=DECISIONS)
    tables["site"]["name"] = ["All learners", "South"]
    found = bs.mastery_map(submission(tables))
    assert found.labels == ("All learners (s1)", "South")
    assert len({row["site"] for row in found.rows()}) == 3


def test_columns_are_in_the_natural_order_of_their_names() -> None:
    tables = base(mastery_decision=DECISIONS)
    tables["site"]["name"] = ["Site 10", "Site 9"]
    assert bs.mastery_map(submission(tables)).labels == ("Site 9", "Site 10")


def test_sections_and_identifiers_are_in_natural_order() -> None:
    rows = decided(*(("a", name, "2026-01-06", True) for name in ("c10", "c2", "c1")))
    found = bs.mastery_map(submission(base(mastery_decision=rows)))
    assert [line.competency for line in found.lines] == ["c1", "c2", "c10"]


ACTS = {
    "episode_id": ["a", "a", "b", "d1", "d2", "c", "c", "a"],
    # 04:30 UTC is the evening before in New York; dee works at both sites, and counts once in the stay begun first.
    "at": [
        "2026-01-06T15:00:00Z", "2026-01-07T04:30:00Z", "2026-01-07T15:00:00Z", "2026-01-07T15:00:00Z",
        "2026-01-07T16:00:00Z", "2026-01-07T15:00:00Z", "2026-01-08T15:00:00Z", "2026-01-09T15:00:00Z",
    ],
    "verb": ["submit"] * 7 + ["login"],
}  # fmt: skip
EVIDENCE = {
    "evidence_id": ["v1", "v2", "v3"],
    "episode_id": ["b", "c", "a"],
    "at": ["2026-01-07T15:00:00Z", "2026-01-07T15:00:00Z", "2026-01-12T15:00:00Z"],
    "kind": ["exam"] * 3,
    "level": [2, 1, 3],
    "accepted": [True, True, True],
}
CALENDAR = {
    "site_id": ["s1", "s2", "s2", "s1", "s2"],
    "date": ["2026-01-08", "2026-01-08", "2026-01-09", "2026-01-12", "2026-01-12"],
    "open": [False, False, True, True, True],
    "feed_up": [True, True, False, False, False],
}
PAUSE = {"pause_id": ["z"], "episode_id": ["a"], "start_date": ["2026-01-10"], "end_date": ["2026-01-10"]}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_calendar_counts_who_could_be_seen_and_who_did_something(engine: str) -> None:
    data = submission(base(activity=ACTS, evidence=EVIDENCE, calendar_day=CALENDAR, pause=PAUSE))
    found = bs.engagement_calendar(data, engine=engine, as_of="2026-01-12")
    days = {day.date.day: (day.n, day.active, day.productive, day.unseen, day.reason) for day in found.days}
    assert days == {
        5: (3, 0, 0, 0, None),  # ann, ben, dee
        6: (4, 1, 0, 0, None),  # ann; what she does at half past four UTC is of this day too
        7: (4, 3, 1, 0, None),  # ben (accepted work), dee once, cyd
        8: (0, None, None, 4, CLOSED),
        9: (1, 0, 0, 2, None),  # the feed of the South is down: cyd and dee are out of view; a login is no action
        10: (2, 0, 0, 0, None),  # ann is on a pause
        11: (3, 0, 0, 0, None),
        12: (0, None, None, 3, FEED_DOWN),
    }
    assert found.days[2].active_share == 0.75
    north = bs.engagement_calendar(data, "North", engine=engine, as_of="2026-01-09")
    assert [(day.date.day, day.n, day.active) for day in north.days] == [
        (5, 3, 0), (6, 3, 1), (7, 3, 2), (8, 0, None), (9, 1, 0),
    ]  # fmt: skip
    assert (north.place, north.group) == ("North", (("program", "p"), ("site", "s1")))
    assert bs.engagement_calendar(data, "p").group == (("program", "p"),)


def test_an_unknown_place_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"place='West' is not a site or program. There are: p, s1, s2."):
        bs.engagement_calendar(submission(base()), "West")


def test_days_are_in_a_row_and_in_weeks() -> None:
    found = bs.engagement_calendar(submission(base(activity=ACTS)))
    assert [day.date for day in found.days] == [dt.date(2026, 1, 5) + dt.timedelta(days=i) for i in range(27)]
    weeks = list(found.weeks().items())
    assert weeks[0][0] == dt.date(2026, 1, 5)
    assert [day.date.weekday() for day in weeks[0][1] if day] == list(range(7))
    assert weeks[-1][1][5] is not None
    assert weeks[-1][1][6] is None


@pytest.mark.parametrize("engine", ENGINES)
def test_nobody_makes_empty_pictures(engine: str) -> None:
    tables = base()
    tables["episode"] = {name: [] for name in tables["episode"]}
    data = submission({name: columns for name, columns in tables.items() if name != "episode"})
    assert bs.mastery_map(data, engine=engine).lines == ()
    assert bs.engagement_calendar(data, engine=engine).days == ()
    left = base(mastery_decision=DECISIONS)
    left["episode"]["exit_date"] = ["2026-01-08"] * 5
    assert bs.engagement_calendar(submission(left), engine=engine).days[-1].reason == NOBODY


def test_one_learner_is_counted() -> None:
    from blended_standard.measures.score import example

    found = bs.engagement_calendar(example(), as_of="2026-01-31")
    assert {day.n for day in found.days} == {1}
    assert bs.mastery_map(example(), as_of="2026-01-31").lines == ()


def test_both_go_through_json_csv_text_and_frames() -> None:
    made = district(40, seed=3)
    for kind, found in ((MasteryMap, bs.mastery_map(made)), (EngagementCalendar, bs.engagement_calendar(made))):
        assert kind.from_dict(found.to_dict()) == found  # type: ignore[attr-defined]
        assert len(found.to_csv().splitlines()) == len(found.rows()) + 1
        assert len(found.to_frame("polars")) == len(found.rows())  # type: ignore[arg-type]
        assert "as of 2025-12-22" in str(found)
        assert "<table>" in found._repr_html_()
    assert "closed" in str(bs.engagement_calendar(made))
