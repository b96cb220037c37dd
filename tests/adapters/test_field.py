"""Every document of the field is read with nothing lost silently: a record, or a reason, and every value counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.adapters.work import leaves
from blended_standard.errors import UnreadableInputError
from tests.adapters.helpers import FIELD, KEY, codes, in_field

pytestmark = in_field
SETS = {
    "caliper": ("caliper/v1p1", "caliper/openedx"),
    "xapi": ("xapi/openedx",),
    "case": ("case/opensalt",),
    "open_badges": ("openbadges/ob30", "clr/clr20", "vc/w3c_v2"),
}
FILES = [
    (standard, file)
    for standard, folders in SETS.items()
    for folder in folders
    for file in sorted((FIELD / folder).glob("*.json"))
]


def _read(standard: str, source: Any) -> adapters.Import:
    return adapters.read(standard, source, key=KEY, time_zone="America/New_York")


def _counted(made: adapters.Import) -> int:
    return sum(loss.count for loss in made.losses.fields)


@pytest.mark.parametrize(("standard", "file"), FILES, ids=lambda value: getattr(value, "stem", value))
def test_a_document_gives_a_record_or_a_reason(standard: str, file: Path) -> None:
    made = _read(standard, file)
    assert made.rows() or made.losses.records
    assert all(loss.reason or loss.fate != "dropped" for loss in made.losses.fields)
    assert _counted(made) >= sum(times for _, times in leaves(json.loads(file.read_bytes())))


def test_every_valid_statement_gives_a_record_or_a_reason(tmp_path: Path) -> None:
    for version in ("1_0_3", "2_0"):
        for number, line in enumerate((FIELD / f"xapi/lrs_v{version}.jsonl").open(encoding="utf-8")):
            vector = json.loads(line)
            file = tmp_path / f"{version}-{number}.json"
            file.write_text(json.dumps(vector["document"]))
            if number % 7 == 0:  # one in seven: the vectors differ in few places
                made = _read("xapi", file)
                assert made.rows() or made.losses.records
                assert ("ADP-INVALID" in codes(made)) == (vector["expect"] == "invalid"), vector["id"]


@pytest.mark.parametrize("name", ["v1p1_base", "v1p1_moodle_full", "v1p2_moodle_delta", "v1p2_authored_clean_bulk"])
def test_sets_of_rosters_give_records_or_reasons(name: str) -> None:
    made = _read("oneroster", FIELD / f"oneroster/{name}")
    assert made.rows() or made.losses.records
    assert ("ADP-HEADER" in codes(made) or "ADP-VALUE" in codes(made)) == ("authored" not in name)


def test_what_is_not_read_is_refused_by_name() -> None:
    for standard, source, named in (
        ("oneroster", "oneroster/sds_v2_1_dialect", "School Data Sync"),
        ("caliper", "caliper/v1p0", r"Caliper 1\.0"),
        ("open_badges", "openbadges/ob20/basic-assertion.json", r"Open Badges 2\.0"),
        ("case", "ctdl/SampleCompetencyFramework_with_Envelope.json", "Read it as 'ctdl'"),
        ("case", "openbadges/ob30", "Read it as 'open_badges'"),
        ("case", "case/schemas/case-v1p1-cfpackage.json", "JSON Schema"),
    ):
        with pytest.raises(UnreadableInputError, match=named):
            _read(standard, FIELD / source)


def test_a_document_that_is_not_json_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes((FIELD / "ctdl/QData_Sample.json").read_bytes())
    (tmp_path / "b.json").write_text('{"CFDocument": {"identifier": "x", "title": "y"}}')
    assert "JSN-INVALID" in codes(_read("case", tmp_path))
