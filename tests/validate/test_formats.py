"""The verdict in each format: whole, inert, and with the first three places of a rule where people read."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from blended_standard.cli import main
from blended_standard.errors import UsageError
from blended_standard.io import Submission
from blended_standard.spec import load_standard
from blended_standard.validate import ValidationReport, explain, render, validate

HOSTILE = "<script>alert(1)</script>\x1b[31m\x07]]>"


@pytest.fixture(scope="module")
def report() -> ValidationReport:
    genders = ["Female", HOSTILE, "robot", "robot", "robot"]
    tables = {"learner": {"learner_id": [f"l{i}" for i in range(5)], "gender": genders}}
    return validate(Submission.from_tables(tables), partial=True)


def test_text_reads_like_a_compiler(report: ValidationReport) -> None:
    assert render([report], suggest=True) == (
        "error[FLD-CODE]: A value is not in the code list of its field.\n"
        "  --> learner row 1, gender: 'Female'\n"
        "      try: female\n"
        "  --> learner row 2, gender: '<script>alert(1)</script>\\\\x1b[31m\\\\x07]]>'\n"
        "  --> learner row 3, gender: 'robot'\n"
        f"   = {next(f.detail for f in report.findings)}\n"
        "   = 2 more places; --format json lists them\n"
        "   = why: Two programs would not mean the same by it.\n"
        "   = mend: Use a code of the list.\n\n"
        "not conformant: 5 errors, 0 warnings, 0 notes in 5 rows of 1 table (profile core)"
    )


def test_json_holds_everything(report: ValidationReport) -> None:
    assert [ValidationReport.from_dict(entry) for entry in json.loads(render([report], "json"))] == [report]


def test_junit_has_a_case_for_each_rule(report: ValidationReport) -> None:
    suite = ElementTree.fromstring(render([report, report], "junit"))
    cases = suite.findall("testsuite")[0].findall("testcase")
    assert len(cases) == len(load_standard().rules)
    assert [case.attrib["name"].split(":")[0] for case in cases if case.find("failure") is not None] == ["FLD-CODE"]


def test_sarif_places_each_finding_under_its_rule(report: ValidationReport) -> None:
    run = json.loads(render([report], "sarif"))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == 5
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_html_says_of_each_place_what_is_wrong_there() -> None:
    tables = {"episode": {"episode_id": ["e"], "learner_id": ["l"], "site_id": ["s"], "entry_date": ["2025-01-01"]}}
    page = render([validate(Submission.from_tables(tables))], "html")
    assert "No such record in learner." in page
    assert "No such record in site." in page
    assert 'name="viewport"' in page


def test_html_is_inert(report: ValidationReport) -> None:
    page = render([report], "html")
    assert "<script" not in page
    assert "\x1b" not in page
    assert "and 2 more" in page


@pytest.mark.parametrize("format_", ["text", "json", "junit", "sarif", "html"])
def test_a_sound_submission_renders(format_: str) -> None:
    sound = validate(Submission.from_tables({"learner": {"learner_id": ["l"]}}), partial=True)
    assert render([sound], format_)


def test_an_unknown_format_or_rule_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="text, json, junit, sarif, html"):
        render([], "pdf")
    with pytest.raises(UsageError, match="FLD-CODE"):
        explain("FLD-CODES")


def test_every_rule_is_explained() -> None:
    for code, rule in load_standard().rules.items():
        told = explain(code.lower())
        assert rule.what in told
        assert rule.mend in told


def test_standard_input_and_a_single_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Input:
        buffer = io.BytesIO(b"site_id,program_id,name\ns,p,North\n")

    monkeypatch.setattr("sys.stdin", Input)
    assert main(["validate", "-", "--table", "site"]) == 0
    file = tmp_path / "export of learners.csv"
    file.write_text("learner_id,gender\nl1,Femal\n")
    assert main(["validate", str(file), "--table", "learner", "--fix-suggestions"]) == 1
    assert "try: female" in capsys.readouterr().out
    assert main(["validate", "-"]) == 2
    assert main(["explain", "fld-code"]) == 0
    assert main(["explain", "nonsense"]) == 2


def test_strict_counts_warnings(tmp_path: Path) -> None:
    (tmp_path / "episode.csv").write_text(
        "episode_id,learner_id,site_id,entry_date,exit_date\ne,l,s,2025-09-01,2025-10-01\n"
    )
    arguments = ["validate", str(tmp_path / "episode.csv"), "--table", "episode"]
    assert main(arguments) == 0
    assert main([*arguments, "--strict"]) == 1
