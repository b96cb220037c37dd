"""The command line on files: what it prints, what it writes, and its exit codes."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import blended_standard as bs
from blended_standard.cli import main
from blended_standard.cli.main import build_parser
from tests.measures.synthetic import make


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    directory = tmp_path_factory.mktemp("submissions")
    paths = []
    for program, format_ in (("A", "csv"), ("B", "parquet")):
        tables = {name: table for name, table in make(program, 240, seed=ord(program)).items() if table}
        manifest = {"title": "Two programs", "as_of": "2025-12-31", "synthetic": True}
        submission = bs.Submission.from_tables(tables, manifest=manifest)
        paths.append(str(bs.write_submission(submission, directory / program, format=format_)))
    return paths


def test_report_writes_one_self_contained_page(
    submissions: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    code = main(["report", *submissions, "--groups", "Program A", "Program B", "--out", str(page)])
    text = page.read_text(encoding="utf-8")
    assert code in (0, 1)
    assert "Synthetic data" in text
    assert "<script" not in text
    assert "http" not in text.replace("https://www.w3.org", "")
    assert "Program A against Program B" in text
    assert "Wrote" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_every_number_of_the_page_can_be_traced(submissions: list[str], tmp_path: Path) -> None:
    page, twin = tmp_path / "report.html", tmp_path / "report.json"
    main(["report", *submissions, "--out", str(page), "--quiet"])
    main(["report", *submissions, "--out", str(twin), "--quiet"])
    text, content = page.read_text(encoding="utf-8"), json.loads(twin.read_text(encoding="utf-8"))
    for entry in content["measures"]["results"]:
        assert f'id="def-{entry["measure"]}"' in text
        assert f"{entry['measure']}@{entry['version']}" in text
        if entry["status"] == "ok" and entry["interval"]:
            assert f"{entry['n']:,}" in text
            assert entry["key"]["measure"] == entry["measure"]


def test_the_json_twin_has_no_learner(submissions: list[str], tmp_path: Path) -> None:
    twin = tmp_path / "report.json"
    main(["report", *submissions, "--out", str(twin), "--quiet"])
    assert "AL1" not in twin.read_text(encoding="utf-8")


def test_validate_exits_by_severity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "program.csv").write_text("program_id,name,time_zone\np,P,UTC\n")
    (tmp_path / "site.csv").write_text("site_id,program_id,name\ns,p,S\n")
    (tmp_path / "learner.csv").write_text("learner_id\nl\n")
    (tmp_path / "episode.csv").write_text("episode_id,learner_id,site_id,entry_date\ne,l,s,2025-09-01\n")
    assert main(["validate", str(tmp_path)]) == 0
    (tmp_path / "episode.csv").write_text("episode_id,learner_id,site_id,entry_date\ne,l,nowhere,2025-09-01\n")
    assert main(["validate", str(tmp_path)]) == 1
    assert "REF-DANGLING" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["validate", "/nowhere"], 3, "no such file or directory"),
        (["score", "SUB", "--measures", "ENG-99"], 2, "There is no measure"),
        (["score", "SUB", "--as-of", "soon"], 2, "is not a date"),
        (["compare", "SUB", "--groups", "Program A", "Nobody"], 2, "no group 'Nobody'"),
        (["validate", "SUB", "--table", "episode"], 3, "--table judges one. Leave it out"),
        (["report", "SUB", "--engine", "abacus"], 2, "is not one of duckdb, polars"),
    ],
)
def test_misuse_and_unreadable_input_exit_with_one_line(
    arguments: list[str], code: int, message: str, submissions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([submissions[0] if part == "SUB" else part for part in arguments]) == code
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_no_command_exits_2() -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parsers that do something, those inside others too."""
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield parser
    for action in inner:
        for child in action.choices.values():
            yield from _commands(child)


def test_every_example_of_the_help_can_be_run_and_every_help_lists_the_exit_codes() -> None:
    whole = build_parser()
    for parser in (whole, *_commands(whole)):
        text = parser.format_help()
        assert "exit codes: 0 fine" in text, parser.prog
        lines = [line for line in text.splitlines() if line.startswith("  blended-standard ")]
        assert lines, parser.prog
        for line in lines:
            whole.parse_args(shlex.split(line.partition(" > ")[0])[1:])


def test_a_wrong_name_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["import", "onerooster", "x", "--out", "y"], ["validate", "x", "--table", "oneroster"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "did you mean oneroster?" in error
    assert "accepted: program, site" in error
