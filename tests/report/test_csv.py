"""CSV that a spreadsheet opens as it is, and JSON that gives the same result back."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import attrs
import pytest

import blended_standard as bs
from blended_standard import compare
from blended_standard._files import csv_text
from blended_standard.cli import main
from blended_standard.measures import MeasureReport
from tests.report.test_figures import submission


@pytest.fixture(scope="module")
def report() -> MeasureReport:
    return bs.score(submission(150, 120), ["OUT-03", "ENG-01", "CMP-01", "EQ-01"], by=("program", "entry_year"))


def study(report: MeasureReport) -> compare.StudyReport:
    labels = [entry.label for entry in report.select("ENG-01")][:2]
    return compare.compare_groups(report, "ENG-01", labels)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_every_row_of_a_measure_report_stands_alone_with_its_numbers_in_full(report: MeasureReport) -> None:
    rows = read(report.to_csv())
    assert len(rows) == len(report)
    for row, entry in zip(rows, report, strict=True):
        assert row["measure"] == entry.measure
        assert {name: row[f"group_{name}"] for name, _ in entry.group} == dict(entry.group)
        assert row["value"] == ("" if entry.value is None else repr(entry.value))
        assert row["n"] == ("" if entry.n is None else str(entry.n))
        assert (row["as_of"], row["profile"], row["synthetic"]) == ("2025-12-31", "core", "false")
        assert row["comparability_key"] == entry.key.digest


def test_a_comparison_keeps_its_groups_and_effects(report: MeasureReport) -> None:
    found = study(report)
    rows = read(found.to_csv())
    assert [row["effect"] for row in rows] == [effect.name for effect in found.effects]
    assert {row["first_group"] for row in rows} == {found.first.label}
    assert float(rows[0]["value"]) == found.effects[0].value


def test_the_header_is_no_trap_for_spreadsheets(report: MeasureReport, tmp_path: Path) -> None:
    """A file that starts with ID is taken for SYLK; without the mark, Excel reads UTF-8 as Latin."""
    report.to_csv(tmp_path / "report.csv")
    data = (tmp_path / "report.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfmeasure,")
    assert data.count(b"\r\n") == len(report) + 1
    assert b"\r\r\n" not in data
    header = data.decode("utf-8-sig").split("\r\n")[0].split(",")
    assert all(name.isidentifier() for name in header)
    assert len(set(header)) == len(header)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", " =1", "\x00=1", "＝1", "-"])
def test_no_text_is_run_as_a_formula(text: str) -> None:
    cell = read(csv_text([{"group": text, "value": -1.5}]))[0]
    assert cell["group"].startswith("'")
    assert cell["value"] == "-1.5"


def test_hostile_names_stay_on_their_row(report: MeasureReport) -> None:
    name = 'a,"b"\r\nc;\u202e🎓\x1b[31m'
    hostile = attrs.evolve(report, results=(attrs.evolve(report.results[0], label=name),))  # type: ignore[misc]
    rows = read(hostile.to_csv())
    assert len(rows) == 1
    assert rows[0]["group"] == 'a,"b" c;\u202e🎓 [31m'


def test_the_command_line_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = bs.write_submission(submission(150, 120), tmp_path / "submission", format="parquet")
    assert main(["score", str(made), "--measures", "ENG-01", "--format", "csv", "--quiet"]) == 0
    assert [row["group"] for row in read(capsys.readouterr().out)] == ["Program A", "Program B"]


def test_json_gives_the_same_result_back(report: MeasureReport) -> None:
    for result in (report, study(report)):
        text = json.dumps(result.to_dict(), allow_nan=False)
        assert type(result).from_dict(json.loads(text)) == result
