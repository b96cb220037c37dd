"""`import`, `export` and `stream` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blended_standard.cli.main import main

HERE = Path(__file__).parents[1] / "adapters"


def _key(tmp_path: Path) -> str:
    (tmp_path / "key.txt").write_text("k1 " + bytes(range(32)).hex())
    return str(tmp_path / "key.txt")


def test_a_roster_comes_in_with_its_losses_and_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["import", "oneroster", str(HERE / "oneroster/bulk"), "--out", str(out), "--key-file", _key(tmp_path)]
    assert main([*arguments, "--time-zone", "America/New_York"]) == 0
    assert "mapped" in capsys.readouterr().out
    losses = json.loads((out / "losses.json").read_text("utf-8"))
    assert losses["tables"]["episode"] == 3
    written = b"".join(file.read_bytes() for file in out.iterdir()).lower()
    assert b"zanzi" not in written
    assert main(["validate", str(out), "--quiet"]) in (0, 1)


def test_a_framework_goes_in_and_out(tmp_path: Path) -> None:
    source = str(HERE / "case/algebra.json")
    assert main(["import", "case", source, "--out", str(tmp_path / "in"), "--quiet"]) == 0
    assert main(["export", "case", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_frameworks_come_in_from_each_standard_of_theirs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for standard, source in (("ctdl", "ctdl/envelope.json"), ("case", "case/number_sense.csv")):
        assert main(["import", standard, str(HERE / source), "--out", str(tmp_path / standard)]) == 0
        assert "competency " in capsys.readouterr().out
    (tmp_path / "a.json").write_text("// not JSON")
    assert main(["import", "ctdl", str(tmp_path / "a.json"), "--out", str(tmp_path / "none")]) == 1
    assert "begins with a comment" in capsys.readouterr().out


def test_a_course_of_cmi5_comes_in_and_one_that_must_not_be_imported_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "in"
    assert main(["import", "cmi5", str(HERE / "cmi5/package"), "--out", str(out)]) == 0
    assert "33 kept as local fields" in capsys.readouterr().out
    assert {"framework.jsonl", "competency.jsonl", "losses.json"} <= {file.name for file in out.iterdir()}
    assert main(["export", "case", str(out), "--out", str(tmp_path / "case"), "--quiet"]) == 0
    broken = tmp_path / "cmi5.xml"
    broken.write_text((HERE / "cmi5/package/cmi5.xml").read_text("utf-8").replace("moveOn=", "moveon="), "utf-8")
    assert main(["import", "cmi5", str(broken), "--out", str(tmp_path / "broken")]) == 1
    assert "ADP-CMI5-SCHEMA" in capsys.readouterr().out
    assert main(["import", "xapi", str(broken), "--out", str(tmp_path / "other"), "--quiet"]) == 3
    assert "Read it as 'cmi5'" in capsys.readouterr().err


def test_ed_fi_resources_come_in_and_go_out_for_a_named_program(tmp_path: Path) -> None:
    """A resource that is broken is an error, and the rest is written."""
    out = str(tmp_path / "in")
    arguments = ["import", "edfi", str(HERE / "edfi"), "--out", out, "--key-file", _key(tmp_path), "--quiet"]
    assert main([*arguments, "--program", "Second Chance", "--time-zone", "America/New_York"]) == 1
    assert main(["export", "edfi", out, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert len((tmp_path / "out/studentSchoolAssociations.jsonl").read_text().splitlines()) == 1
    assert main(["export", "ceds", out, "--out", str(tmp_path / "ceds"), "--quiet"]) == 0
    assert main(["import", "ceds", str(tmp_path / "ceds"), "--out", str(tmp_path / "again"), "--quiet"]) == 0


def test_a_log_streams_to_parquet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["stream", "xapi", str(HERE / "xapi/log.jsonl"), "--out", str(out), "--key-file", _key(tmp_path)]
    assert main(arguments) == 1  # the log has a line that is not JSON
    assert "JSN-INVALID" in capsys.readouterr().out
    assert sorted(file.stem for file in out.iterdir()) == ["activity", "evidence", "legacy_attendance"]


def test_a_bad_key_file_is_misuse_and_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key.txt").write_text("k1 secretive")
    arguments = ["import", "oneroster", str(HERE / "oneroster/bulk"), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--key-file", str(tmp_path / "key.txt")]) == 2
    said = capsys.readouterr().err
    assert "hexadecimal" in said
    assert "secretive" not in said
