"""`spec`, `migrate` and `generate` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blended_standard.cli import main
from blended_standard.spec import spec_directory

OLD = spec_directory() / "versions" / "0.0.9.json"


def test_the_kept_version_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "diff", str(OLD)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Standard 0.0.9 -> 0.1.0: ")
    assert "learner.fields.sex removed" in told
    assert main(["spec", "diff", str(OLD), str(spec_directory()), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["old_version"] == "0.0.9"


def test_every_kind_of_entry_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for name, part in (("ENG-01", "denominator:"), ("episode", "entry_date"), ("exit_reason", "withdrawn")):
        assert main(["spec", "show", name]) == 0
        assert part in capsys.readouterr().out
    assert main(["spec", "show", "ENG-01", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "ENG-01"
    assert main(["spec", "list"]) == 0
    assert "FLD-CODE" in capsys.readouterr().out


def test_an_entry_that_is_not_there_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "show", "ENG-1"]) == 2
    assert "Did you mean 'ENG-1" in capsys.readouterr().err


def test_an_old_submission_is_migrated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "manifest.json").write_text('{"standard": "0.0.9"}')
    (old / "learner.csv").write_text("learner_id,sex,missing\na,F,\nb,,sex=lost\n")
    assert main(["migrate", str(old), "--out", str(tmp_path / "new")]) == 0
    lines = (tmp_path / "new" / "learner.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"learner_id": "a", "gender": "female"},
        {"learner_id": "b", "missing": {"gender": "lost"}},
    ]
    assert json.loads((tmp_path / "new" / "manifest.json").read_text())["standard"] == "0.1.0"
    assert main(["migrate", str(tmp_path / "new"), "--to", "0.0.9", "--out", str(tmp_path / "back")]) == 2
    assert "It would lose" in capsys.readouterr().err
    assert not (tmp_path / "back").exists()


def test_a_district_is_written_and_can_be_validated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["generate", "--learners", "12", "--days", "60", "--seed", "3", "--out", str(tmp_path / "d")]
    assert main(arguments) == 0
    assert "12 synthetic learners" in capsys.readouterr().out
    assert main(["validate", str(tmp_path / "d"), "--quiet"]) == 0
    assert main(arguments) == 2
    assert "Name a new one" in capsys.readouterr().err
