"""Rows 66 to 88: time, identifiers, text."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import xml.etree.ElementTree as ElementTree
from zoneinfo import ZoneInfo

import pyarrow as pa

import blended_standard as bs
from blended_standard._files import csv_text
from blended_standard.io import Submission
from blended_standard.results import html_table
from blended_standard.validate import render, validate, validate_record
from tests.measures.make_vectors_core import act, active_weeks, day, stay
from tests.measures.vectors import submission
from tests.validate.reliability import Box, records, row, sites

ACT = "episode_id,at,verb\n"
STAYS = "episode_id,learner_id,site_id,entry_date,exit_date,exit_reason\n"


def at(box: Box, text: str) -> str:
    """Give an act at this time, which must be refused; return the hint."""
    found = box.finds("FLD-TYPE", activity_csv=f"{ACT}e1,{text},submit\n")
    assert (found.field, found.value) == ("at", text)
    return found.detail


@row(66, 67, 68)
def no_zone(box: Box) -> None:
    """A local time is refused, so that one that never was, or was twice, can't be taken for another."""
    for local in ("2025-03-09T02:30:00", "2025-11-02T01:30:00", "2025-09-02T15:04:05"):
        assert "offset from UTC is missing" in at(box, local)
    twice = [f"{ACT}e1,2025-11-02T01:30:00-0{hours}:00,submit\n" for hours in (4, 5)]
    first, second = (records(box, "activity", activity_csv=text)[0].at for text in twice)
    assert second - first == dt.timedelta(hours=1)


@row(66, 67, 68)
def a_zone_that_is_named(box: Box) -> None:
    """Where the manifest names the zone: an ordinary time is read, one that was twice told, one that never was refused."""
    manifest = json.dumps({"as_of": "2026-06-30", "time_zone": "America/New_York"})
    cases: list[tuple[str, str, str, str | None, tuple[str, ...]]] = [
        ("2025-09-02T15:04:05", "TIM-LOCAL", "note", "2025-09-02T19:04:05+00:00", ("America/New_York",)),
        ("2025-11-02T01:30:00", "TIM-FOLD", "warning", "2025-11-02T05:30:00+00:00", (
            "2025-11-02T01:30:00-04:00", "2025-11-02T01:30:00-05:00")),
        ("2025-03-09T02:30:00", "TIM-GAP", "error", None, ("2025-03-09T01:30:00-05:00", "2025-03-09T03:30:00-04:00")),
    ]  # fmt: skip
    for text, code, severity, read, named in cases:
        line = json.dumps({"episode_id": "e1", "at": text, "verb": "submit"}) + "\n"
        for files in ({"activity_csv": f"{ACT}e1,{text},submit\n"}, {"activity_jsonl": line}):
            found = box.finds(code, severity, manifest_json=manifest, **files)
            assert (found.row, found.field, found.value) == (1, "at", text)
            assert all(name in found.detail for name in named)
            if read:
                assert records(box, "activity", manifest_json=manifest, **files)[0].at.isoformat() == read
        (alone,) = validate_record(
            "activity", {"episode_id": "e1", "at": text, "verb": "submit"}, time_zone="America/New_York"
        )
        assert (alone.code, alone.detail) == (code, found.detail)
    for offset, hour in (("-04:00", 5), ("-05:00", 6)):  # the offset decides, and nothing is left to say
        text = f"{ACT}e1,2025-11-02T01:30:00{offset},submit\n"
        box.quiet(manifest_json=manifest, activity_csv=text)
        assert records(box, "activity", manifest_json=manifest, activity_csv=text)[0].at.hour == hour
    box.finds("MAN-INVALID", manifest_json='{"time_zone": "Mars/Base"}')


@row(69)
def days_that_do_not_exist(box: Box) -> None:
    for text in ("2025-02-29", "2025-04-31", "1900-02-29", "2025-13-01", "2025-00-10"):
        found = box.finds("FLD-TYPE", episode_csv=f"{STAYS}e1,l1,s,{text},,\ne2,l2,s,2025-09-01,,\n")
        assert found.value == text
    assert box.quiet(episode_csv=f"{STAYS}e1,l1,s,2024-02-29,,\ne2,l2,s,2025-09-01,,\n")


@row(70, 71)
def seconds_and_hours_that_do_not_exist(box: Box) -> None:
    assert "write 2016-12-31T23:59:59Z or 2017-01-01T00:00:00Z" in at(box, "2016-12-31T23:59:60Z")
    assert "write 2016-12-31T18:59:59-05:00 or 2016-12-31T19:00:00-05:00" in at(box, "2016-12-31T18:59:60.5-05:00")
    for text in ("2025-09-30T24:00:00Z", "2025-09-30T24:00Z", "2025-09-30T24:00:00.000Z"):
        assert "write 2025-10-01T00:00:00Z" in at(box, text)
    assert "write 2026-01-01T00:00:00" in at(box, "2025-12-31T24:00:00")
    for text in ("2025-09-02T24:00:01Z", "2025-09-02T15:60:00Z", "2025-09-02T15:04:61Z"):
        assert "hours go to 23" in at(box, text)
    assert "no such day" in at(box, "2025-02-30T24:00:00Z")
    assert "no such day" in at(box, "9999-12-31T24:00:00Z")


@row(72)
def years(box: Box) -> None:
    for text in ("0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31"):
        box.finds("FLD-YEAR", episode_csv=f"{STAYS}e1,l1,s,{text},,\ne2,l2,s,2025-09-01,,\n")
    for text in ("10000-01-01", "-0044-03-15", "+2025-01-01"):
        box.finds("FLD-TYPE", episode_csv=f"{STAYS}e1,l1,s,{text},,\ne2,l2,s,2025-09-01,,\n")
    assert "outside the calendar" in at(box, "0001-01-01T00:00:00+14:00")


@row(73)
def end_before_start(box: Box) -> None:
    box.finds("EPI-ORDER", episode_csv=f"{STAYS}e1,l1,s,2025-09-02,2025-09-01,withdrawn\ne2,l2,s,2025-09-01,,\n")
    box.quiet(episode_csv=f"{STAYS}e1,l1,s,2025-09-02,2025-09-02,withdrawn\ne2,l2,s,2025-09-01,,\n")


@row(74)
def dates_of_other_lands(box: Box) -> None:
    for text in ("03/04/2025", "3.4.2025", "20250403", "2025-4-3", "Apr 3 2025", "45750"):
        assert box.finds("FLD-TYPE", episode_csv=f"{STAYS}e1,l1,s,{text},,\ne2,l2,s,2025-09-01,,\n").value == text


@row(75)
def seconds_since_1970(box: Box) -> None:
    for number in (1756825445, 1756825445000, 1756825445000000):
        at(box, str(number))
        box.finds("FLD-TYPE", activity_jsonl=json.dumps({"episode_id": "e1", "at": number, "verb": "submit"}) + "\n")


@row(76)
def events_to_come(box: Box) -> None:
    box.finds("TIM-FUTURE", "warning", activity_csv=f"{ACT}e1,2026-07-02T00:00:00Z,submit\n")
    box.quiet(activity_csv=f"{ACT}e1,2026-07-01T23:59:59Z,submit\n")


@row(77)
def weeks_over_the_year_and_the_clock_change(box: Box) -> None:
    """2026 has a week 53, which runs into 2027; the vectors hold the weeks of the clock change."""
    tables = {"episode": [stay(entry="2026-12-21", last="2027-01-17")], "activity": [
        {"episode_id": "e", "at": at, "verb": "submit"} for at in ("2026-12-28T12:00:00Z", "2027-01-03T12:00:00Z")]}  # fmt: skip
    found = bs.score(submission(tables), "ENG-01", by=(), as_of="2027-06-30").one("ENG-01")
    assert (found.numerator, found.denominator) == (1, 4)
    for sunday, hours in ((dt.date(2026, 3, 8), 167), (dt.date(2026, 11, 1), 169)):
        monday = sunday - dt.timedelta(days=6)
        zone = ZoneInfo("America/New_York")
        first, after = (dt.datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(dt.UTC)
                        for day in (monday, sunday + dt.timedelta(days=1)))  # fmt: skip
        assert after - first == dt.timedelta(hours=hours)
        stays = [stay(entry=str(monday), last=str(sunday + dt.timedelta(days=21)))]
        for at, weeks in ((first, 1), (after - dt.timedelta(seconds=1), 1), (after, 1)):
            acts = [{"episode_id": "e", "at": when.isoformat(), "verb": "submit"} for when in {first, at}]
            program = {"program_id": "p", "name": "P", "time_zone": zone.key}
            tables = {"program": [program], "episode": stays, "activity": acts}
            found = bs.score(submission(tables), "ENG-01", by=(), as_of="2027-06-30").one("ENG-01")
            assert (found.numerator, found.denominator) == (weeks + (at == after), 4)


@row(78)
def unknown_zones(box: Box) -> None:
    for zone, near in (
        ("America/New York", "America/New_York"),
        ("america/chicago", "America/Chicago"),
        ("EST5", "EST5EDT"),
    ):
        found = box.finds("FLD-ZONE", program_csv=f"program_id,name,time_zone\np,Harbor,{zone}\n")
        assert found.value == zone
        assert near in found.detail
    box.quiet(program_csv="program_id,name,time_zone\np,Harbor,Asia/Calcutta\n")  # renamed since, and still known


@row(79)
def overlapping_episodes(box: Box) -> None:
    for second in ("2025-09-15,2025-09-20", "2025-09-15,2025-12-01"):
        box.finds("EPI-OVERLAP", episode_csv=(
            f"{STAYS}e1,l1,s,2025-09-01,2025-09-30,withdrawn\ne2,l1,s,{second},withdrawn\n"))  # fmt: skip
        box.finds("EPI-OVERLAP", "warning", manifest_json='{"profile": "harbor-program"}', episode_csv=(
            f"{STAYS}e1,l1,s,2025-09-01,2025-09-30,withdrawn\ne2,l1,s,{second},withdrawn\n"))  # fmt: skip
    box.quiet(episode_csv=f"{STAYS}e1,l1,s,2025-09-01,2025-09-30,withdrawn\ne2,l1,s,2025-10-01,,\n")


@row(80)
def keys_twice(box: Box) -> None:
    box.finds("IDS-TWICE-SAME", "warning", count=2, site_csv=sites() + "s,p,North\n")
    assert box.finds("IDS-TWICE", count=2, site_csv=sites() + "s,p,South\n").value == "s"
    twice = sites() + "s,p,North\n"
    assert len(set(records(box, "site", site_csv=twice))) == 1
    for second, counted in ((stay(), 1), (stay(last=day(5, 0)), 0)):  # alike one is kept, differing none is picked
        tables = {"episode": [stay(), second], "activity": [act(0)]}
        found_n = bs.score(submission(tables), "ENG-01", by=(), as_of="2026-12-31").one("ENG-01")
        assert (found_n.n or 0) == counted
    alike = active_weeks()
    names = {case["name"]: case["expected"]["n"] for case in alike if "stands twice alike" in case["name"]}
    assert list(names.values()) == [1]
    assert any("share a key and differ none counts" in case["name"] for case in alike)


@row(81)
def dangling(box: Box) -> None:
    found = box.finds("REF-DANGLING", site_csv=sites() + "t,q,South\n")
    assert (found.table, found.field, found.value) == ("site", "program_id", "q")
    assert "program" in found.detail


@row(82)
def cycle(box: Box) -> None:
    rows = "competency_id,name,framework_id,parent_id\na,A,f,b\nb,B,f,c\nc,C,f,a\n"
    report = box.judged(competency_csv=rows, framework_csv="framework_id,title\nf,F\n")
    found = [finding for finding in report.findings if finding.code == "HIE-CYCLE"]
    assert found[0].severity == "error"
    assert any(path in found[0].detail for path in ("a > b > c", "a -> b -> c", "a, b, c, a", "a \u2192 b"))


TWINS = {
    "case": ("North", "north"),
    "outer space": ("North", "North "),
    "accents put together or apart": ("Orl\u00e9ans", "Orle\u0301ans"),
    "a space of no width": ("North", "No\u200brth"),
    "a Cyrillic letter": ("North", "N\u043erth"),
    "a full-width letter": ("North", "\uff2eorth"),
}


@row(83)
def twins(box: Box) -> None:
    for name, (one, other) in TWINS.items():
        report = box.judged(site_csv=f"site_id,program_id,name\ns,p,S\n{one},p,A\n{other},p,B\n")
        found = [finding for finding in report.findings if finding.code == "IDS-TWIN"]
        assert [finding.severity for finding in found] == ["warning"], name
        first, second = sorted((one, other))
        assert found[0].value == second.replace("\u200b", "\\x200b")
        assert found[0].detail == f"It looks like '{first}' in row {2 if first == one else 3}."
        assert {table.read for table in report.tables if table.table == "site"} == {3}  # never merged
    box.quiet(site_csv="site_id,program_id,name\ns,p,S\nN\u00f6rth,p,A\nNorth,p,B\n\u5317,p,C\n\u5357,p,D\n")


@row(83)
def twins_in_a_large_table(box: Box, count: int = 210_000) -> None:
    """At any size, part by part, and a pseudonym is told by its row alone."""
    from blended_standard.validate import twins as lookalikes

    names = [f"learner-{n}" for n in range(count)]
    names += ["Learner-7", "learner-8\u200b", "l\u0435arner-9", "Orl\u00e9ans", "Orle\u0301ans", "\u5317", "\u5357"]
    rows = [(count + 1, 8), (count + 2, 9), (count + 3, 10), (count + 4, count + 5)]
    for engine, at_once in (("duckdb", 500_000), ("duckdb", count // 2), ("polars", 500_000)):
        box.monkeypatch.setattr(lookalikes, "_AT_ONCE", at_once)
        table = pa.table({"learner_id": names})
        report = validate(Submission.from_tables({"learner": table}), engine=engine, partial=True)
        pairs = {frozenset((finding.row, int(finding.detail.split()[-1].strip(".")))) for finding in report.findings}
        assert pairs == set(map(frozenset, rows))
        assert {(finding.code, finding.value) for finding in report.findings} == {("IDS-TWIN", None)}


@row(84)
def blank_identifiers(box: Box) -> None:
    box.finds("FLD-REQUIRED", site_csv=sites() + ",p,South\n")
    box.finds("FLD-ID", site_csv=sites() + "  ,p,South\n")
    box.finds("FLD-ID", site_csv=None, site_jsonl=(
        '{"site_id":"s","program_id":"p","name":"N"}\n{"site_id":"","program_id":"p","name":"S"}\n'))  # fmt: skip


@row(85)
def long_identifier(box: Box) -> None:
    found = box.finds("FLD-ID", site_csv=sites() + f"{'x' * 10_000},p,South\n")
    assert len(found.value or "") < 100
    assert "10,000 characters" in (found.value or "")


@row(86)
def direction_of_writing(box: Box) -> None:
    found = box.finds("ENC-BIDI", "warning", site_csv=sites("abc\u202egnp.exe"))
    assert found.field == "name"
    report = box.judged(site_csv=sites() + "t,q\u202e,South\n")
    assert "\u202e" not in str(report)
    assert "\\u202e" in str(report) or "\\x202e" in str(report)


NASTY = "<script>alert(1)</script>\x1b[31m*bold*\n=1+1"


@row(87)
def active_text_is_inert(box: Box) -> None:
    report = box.judged(learner_csv=None, learner_jsonl=(
        json.dumps({"learner_id": "l1", "gender": NASTY.replace("\x1b", "")}) + '\n{"learner_id": "l2"}\n'))  # fmt: skip
    page, text = render([report], "html"), render([report], "text")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "\\x0a" in text
    for format_ in ("json", "junit", "sarif"):
        json.loads(render([report], format_)) if format_ != "junit" else ElementTree.fromstring(
            render([report], format_)
        )
    (row,) = csv.DictReader(io.StringIO(csv_text([{"name": NASTY}])))
    assert "\x1b" not in row["name"] + text + page
    assert "\n" not in row["name"]
    assert csv_text([{"name": NASTY[NASTY.index("=") :]}]).splitlines()[1].startswith("'=")
    assert "<script" not in html_table([{"name": NASTY}, {"name": NASTY}], caption=NASTY)


@row(88)
def direct_identifiers(box: Box) -> None:
    for text in ("jane.doe@example.org", "123-45-6789"):
        found = box.finds("PRV-DIRECT", "warning", site_csv=sites(text))
        assert found.redacted
        assert text not in str(found) + json.dumps(found.to_dict())
    for name in ("Jane Doe", "Doe, Jane", "Mary-Ann O'Neil", "Jane Q. Doe", "Åsa Öberg"):
        table = f'learner_id\nl1\nl2\n"{name}"\n'
        found = box.finds("PRV-DIRECT", "warning", learner_csv=table)
        assert found.redacted
        assert name not in str(found) + json.dumps(found.to_dict())
        (alone,) = validate_record("learner", {"learner_id": name})
        assert (alone.code, alone.redacted) == ("PRV-DIRECT", True)
    box.quiet(learner_csv="learner_id\nl1\nl2\nL 12\nHARBOR 7\nNorth\nlearner one\n")


@row(77)
def days_at_the_edge_of_a_week(box: Box) -> None:
    tables = {"episode": [stay(last=day(3, 6))], "activity": [act(0, 6), act(1, 0)]}
    found = bs.score(submission(tables), "ENG-01", by=(), as_of="2026-12-31").one("ENG-01")
    assert found.numerator == 2
