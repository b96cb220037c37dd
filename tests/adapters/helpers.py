"""What the tests of adapters share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blended_standard.adapters import Import
from blended_standard.adapters.records import rows_of
from blended_standard.io import write_submission
from blended_standard.privacy import PseudonymKey

HERE = Path(__file__).parent
FIELD = Path(__file__).parents[2] / "../shared/data/interop"
KEY = PseudonymKey("k1", bytes(range(32)))
in_field = pytest.mark.skipif(not FIELD.is_dir(), reason="the documents of the interop data folder are not here")


def rows(made: Import, table: str) -> list[dict[str, Any]]:
    return rows_of(made.submission, table) if table in made.submission.tables else []


def codes(made: Import) -> set[str]:
    return {finding.code for finding in made.findings}


def assert_holds_none(made: Import, tmp_path: Path, planted: list[str]) -> None:
    """Search every byte of the output, in each format, for what was planted."""
    for format_ in ("jsonl", "csv"):
        write_submission(made.submission, tmp_path / format_, format=format_)  # type: ignore[arg-type]
    (tmp_path / "losses.json").write_text(str(made.to_dict()), encoding="utf-8")
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes().lower()
            found = [word for word in planted if word.lower().encode() in content]
            assert found == [], f"{file.name} holds {found}"
