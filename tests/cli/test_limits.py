"""`--limit`: one way to read more or less, on every command that reads."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from blended_standard.cli import main
from tests.validate.test_bad_input import write


def test_each_limit_is_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "sound"
    folder.mkdir()
    write(
        folder,
        {"outcome.jsonl": '{"outcome_id":"o","episode_id":"e1","kind":"diploma","date":"2026-01-05","a:b":[[1]]}'},
    )
    archive = tmp_path / "sound.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in folder.iterdir():
            opened.write(file, file.name)
    assert main(["validate", str(archive), "--quiet"]) == 0
    for limit, says in (
        ("file_bytes=20", "unpacks to more than 20 bytes"),
        ("archive_bytes=200", "unpacks to more than"),
        ("archive_members=2", "the limit is 2"),
        ("field_length=4", "LIM-FIELD"),
        ("columns=2", "LIM-COLUMNS"),
        ("depth=1", "LIM-DEPTH"),
    ):
        assert main(["validate", str(archive), "--quiet", "--limit", "archive_ratio=200", "--limit", limit]) in (1, 3)
        said = capsys.readouterr()
        assert says in said.out + said.err, limit


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("field_lenght=4", "did you mean field_length?"),
        ("depth=0", "expected a whole number from 1"),
        ("depth", "expected a whole number from 1"),
        ("depth=1.5", "expected a whole number from 1"),
    ],
)
def test_what_is_no_limit_is_answered(limit: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["validate", "x", "--limit", limit])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_import_has_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "framework.json"
    log.write_text(json.dumps({"CFDocument": {}, "CFItems": []}))
    asked = ["import", "case", str(log), "--out", str(tmp_path / "out"), "--quiet", "--limit", "file_bytes=10"]
    assert main(asked) == 3
    assert "the limit is 10" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
