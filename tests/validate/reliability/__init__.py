"""The numbered list of bad inputs of the design: each row is shown by the functions that carry its number.

The list was written before the rules of the spec, and a few have other names there: CSV-EMPTY is FIL-EMPTY; NUM-GROUPED
and NUM-RANGE are FLD-TYPE with a hint; TYP-CAST at error level is FLD-TYPE, and TYP-CAST the note of a cast without loss;
LIM-ID is FLD-ID; IO-CHANGED is FIL-CHANGED; what is wrong with an archive or a spec file (ARC-BOMB, ARC-PATH, SPC-YAML)
is an error that ends the command, not a finding.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from blended_standard.cli import main
from blended_standard.findings import Finding
from blended_standard.io import read_submission
from blended_standard.validate import ValidationReport, validate
from tests.validate.test_bad_input import write

Show = Callable[["Box"], None]
ROWS: dict[int, list[Show]] = {}


def row(*numbers: int) -> Callable[[Show], Show]:
    """Say which rows of the list a function shows."""

    def keep(function: Show) -> Show:
        for number in numbers:
            ROWS.setdefault(number, []).append(function)
        return function

    return keep


@attrs.define
class Box:
    """A place for the files of one row."""

    path: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def judged(self, engine: str = "polars", **files: str | bytes | None) -> ValidationReport:
        """Judge a sound submission in which some files are replaced; `site_csv` stands for site.csv."""
        named = _named(files)
        folder = self.path / f"submission{len(list(self.path.iterdir()))}"
        folder.mkdir()
        return validate(read_submission(write(folder, named)), engine=engine)

    def finds(self, code: str, severity: str = "error", count: int = 1, **files: str | bytes | None) -> Finding:
        """Judge, and return the first finding of a code, of which there are so many."""
        report = self.judged(**files)
        found = [finding for finding in report.findings if finding.code == code]
        assert sum(finding.count for finding in found) == count, report
        assert {finding.severity for finding in found} <= {severity}
        return found[0]

    def quiet(self, **files: str | bytes | None) -> ValidationReport:
        """Judge, and see that nothing at all is found."""
        report = self.judged(**files)
        assert report.findings == (), report
        return report

    def exits(self, table: str, content: str | bytes, code: int, *more: str, suffix: str = "csv") -> str:
        """Validate one table by the command line, see how it ends, and return what it says."""
        file = self.path / f"{table}.{suffix}"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        assert main(["validate", str(file), "--table", table, "--quiet", *more]) == code
        said = self.capsys.readouterr()
        assert "Traceback" not in said.err + said.out
        return said.out + said.err


def _named(files: Mapping[str, str | bytes | None]) -> dict[str, str | bytes | None]:
    return {re.sub(r"_(csv|jsonl|json)$", r".\1", name): content for name, content in files.items()}


def sites(*names: str) -> str:
    """A table of sites with these names as they stand in the file."""
    return "site_id,program_id,name\ns,p,North\n" + "".join(f"s{n},p,{name}\n" for n, name in enumerate(names))


def records(box: Box, table: str, **files: Any) -> list[Any]:
    """Read one table of a submission as records."""
    named = _named(files)
    folder = box.path / f"records{len(list(box.path.iterdir()))}"
    folder.mkdir()
    return list(read_submission(write(folder, named)).records(table))


def parquet(table: Any, **options: Any) -> bytes:
    """A Parquet file of an Arrow table."""
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()
