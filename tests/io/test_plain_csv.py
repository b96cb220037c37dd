"""A large plain CSV file read by columns is what it is read row by row, values, places and findings."""

from __future__ import annotations

import random
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from blended_standard.findings import FindingCollector
from blended_standard.io import LIMITS, Limits, plain_csv, read_submission
from blended_standard.io.arrow import to_arrow
from blended_standard.io.columns import ColumnReader, to_columns
from blended_standard.io.csv_text import read_csv
from blended_standard.model import RECORDS
from blended_standard.spec import load_standard

pytest.importorskip("pyarrow", reason="pyarrow is not installed")
CELLS = {
    "text": ["a", "Zoë", " b ", "=1+1", "007", "NA", "Total", "-", "\U0001f600"],
    "integer": ["1", "-0", "007", "+5", "12.0", "1e3", "1,5", "9" * 18, "9" * 19, "-" + "9" * 18, "٣", " 4", "x"],
    "number": ["0.1", "-0", "-0.0", ".5", "5.", "1e5", "1e400", "nan", "123456789012345", "9007199254740993", "1.5 "],
    "boolean": ["true", "false", "TRUE", "1", "yes"],
    "date": ["2025-01-31", "2025-02-30", "2024-02-29", "0999-01-01", "3000-01-01", "31.01.2025", "2025-1-3"],
    "instant": [
        "2025-01-31T14:05:00Z",
        "2025-01-31 14:05:00.5Z",
        "2025-01-31T14:05:00.123456+05:30",
        "2025-01-31T14:05:00-23:59",
        "2025-01-31T14:05:00+24:00",
        "2025-01-31T14:05Z",
        "2025-01-31T14:05:00",
        "2025-01-31T24:00:00Z",
        "2025-02-30T14:05:00Z",
        "2025-03-09T02:30:00",
        "9999-12-31T23:30:00-05:00",
    ],
}
TABLES = ["calendar_day", "cost", "episode", "evidence", "mastery", "survey_response"]


def both_ways(content: bytes, table: str, limits: Limits = LIMITS) -> tuple[bool, object, object]:
    """Say whether a file was read by columns, and what came of that and of reading it row by row."""
    record, zone = RECORDS[table], ZoneInfo("America/New_York")
    known = tuple(field.name for field in record.fields())
    found = [FindingCollector(load_standard()) for _ in range(2)]
    by_row = to_columns(read_csv(content, table, known, found[0], limits=limits), record, found[0], zone=zone)
    by_column = plain_csv.plain_table(content, ColumnReader(record, found[1], zone), limits)
    if by_column is None:
        return False, found[1].findings(), ()
    sides = zip((by_column, by_row), (found[1], found[0]), strict=True)
    made = [(to_arrow(table_made, record).to_pylist(), collector.findings()) for table_made, collector in sides]
    return True, *made


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("table", [table for table in TABLES if table in RECORDS])
def test_by_columns_is_what_row_by_row_is(table: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_csv, "_LEAST", 0)
    monkeypatch.setattr(plain_csv, "_AT_ONCE", 4_096)
    draw = random.Random(seed)
    fields = [field for field in RECORDS[table].fields() if field.required or draw.random() < 0.8]
    draw.shuffle(fields)
    first = {field.name: draw.sample(CELLS[field.type], k=min(seed + 1, len(CELLS[field.type]))) for field in fields}
    rows = [",".join(draw.choice([*first[field.name], ""]) for field in fields) for _ in range(400)]
    content = "\n".join([",".join(field.name for field in fields), *(row or "," for row in rows)]).encode()
    plain, by_column, by_row = both_ways(content, table)
    assert plain == all(row.count(",") == len(fields) - 1 for row in rows)
    assert by_column == by_row


SOUND = b"learner_id,gender\n" + b"".join(b"l%d,female\n" % number for number in range(9))


@pytest.mark.parametrize(
    "content",
    [
        SOUND.replace(b"l3", b'"l3"'),
        SOUND.replace(b"\n", b"\r\n"),
        SOUND.replace(b"l3", b"l\x003"),
        SOUND.replace(b"l3", b"l\x7f3"),
        SOUND.replace(b"l3", b"l\xff3"),
        SOUND.replace(b"l3", "l\u202e3".encode()),
        b"\xef\xbb\xbf" + SOUND,
        SOUND.decode().encode("utf-16"),
        SOUND + b"\n",
        SOUND.replace(b"l3,", b"\nl3,"),
        SOUND.replace(b"l3,", b"l3,,"),
        SOUND.replace(b"l3,", b"l3"),
        SOUND + b"learner_id,gender\n",
        SOUND.replace(b"gender", b"Gender"),
        SOUND.replace(b"gender", b"wa:esd"),
        SOUND.replace(b"gender", b"learner_id"),
        SOUND.replace(b"gender", b"missing"),
        SOUND.replace(b"l3", b"l" * 2_000),
        SOUND[:18],
        b"",
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_way(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_csv, "_LEAST", 0)
    assert both_ways(SOUND, "learner")[0]
    plain, found, _ = both_ways(content, "learner", Limits(field_length=1_000))
    assert not plain
    assert found == ()


def test_a_large_file_is_read_by_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    read = plain_csv.plain_table
    monkeypatch.setattr("blended_standard.io.read.plain_table", lambda *given: made.append(read(*given)) or made[-1])
    rows = "".join(f"l{number},{'robot' if number % 5_000 == 7 else ''}\n" for number in range(30_000))
    (tmp_path / "learner.csv").write_text("learner_id,entry_cohort\n".replace("entry_cohort", "gender") + rows)
    submission = read_submission(tmp_path)
    assert made[0] is submission.tables["learner"]
    assert sum(record.gender == "robot" for record in submission.records("learner")) == 6
