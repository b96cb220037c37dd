"""OneRoster sets: derived episodes, evidence, soft deletes, leniency as findings, nothing that names a person."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.errors import UnreadableInputError, UsageError
from tests.adapters.helpers import FIELD, HERE, KEY, assert_holds_none, codes, in_field, rows

BULK, DELTA = HERE / "oneroster/bulk", HERE / "oneroster/delta"
PLANTED = ["zanzi", "quillf", "midz", "brackenridge", "bruno", "teachx", "mossbottom", "555-201", "7781"]


def _read(source: Any = BULK, **options: Any) -> adapters.Import:
    return adapters.read("oneroster", source, **{"key": KEY, "time_zone": "America/New_York", **options})


def test_enrollments_become_episodes_with_inclusive_ends_and_short_gaps_joined() -> None:
    made = _read()
    stays = [(row["entry_date"], row.get("exit_date")) for row in rows(made, "episode")]
    assert sorted(stays) == [
        (dt.date(2025, 9, 1), dt.date(2025, 12, 19)),  # no date of its own: those of the term
        (dt.date(2025, 9, 2), dt.date(2026, 1, 31)),  # two classes, two weeks apart
        (dt.date(2026, 4, 1), dt.date(2026, 6, 12)),
    ]
    assert all(row["missing"] == {"exit_reason": "not_collected"} for row in rows(made, "episode"))


def test_an_end_after_as_of_is_a_plan_and_not_an_exit() -> None:
    made = _read(as_of="2026-05-01")
    assert [row.get("exit_date") for row in rows(made, "episode")].count(None) == 1


def test_results_become_evidence_never_above_level_two_and_absence_is_no_zero() -> None:
    made = _read()
    first, second = sorted(rows(made, "evidence"), key=lambda row: row["form_id"])
    assert (first["score"], first["level"]) == (0.75, 2)
    assert first["competency_id"] == "6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c01"
    assert first["at"] == dt.datetime(2025, 9, 29, 16, tzinfo=dt.UTC)
    assert "score" not in second  # no range is stated
    assert second["oneroster:score"] == "88"
    assert {loss.what for loss in made.losses.records} >= {"results"}


def test_learner_facts_by_code_and_race_of_seven_flags() -> None:
    found = {(row["gender"], row["race_ethnicity"]) for row in rows(_read(), "learner")}
    assert found == {("female", "hispanic"), ("not_stated", "multiple")}


def test_a_soft_delete_voids_and_is_not_an_exit() -> None:
    made = _read([BULK, DELTA])
    assert len(rows(made, "episode")) == 2
    assert len(made.voided) == 1
    assert "ADP-VOIDED" in codes(made)


def test_staff_come_in_only_with_a_stated_full_time_equivalent() -> None:
    assert rows(_read(), "staff_role") == []
    assert [row["role"] for row in rows(_read(staff_fte=1.0), "staff_role")] == ["counselor"]


def test_nothing_that_names_a_person_is_written(tmp_path: Path) -> None:
    assert_holds_none(_read(keep=["users.ext_bus"]), tmp_path, PLANTED)


def test_every_column_with_a_value_is_in_the_loss_report() -> None:
    made = _read()
    fields = {loss.field: loss for loss in made.losses.fields}
    assert fields["users.givenName"].fate == "dropped"
    assert fields["users.givenName"].count == 3
    assert fields["users.ext_bus"].fate == "dropped"
    assert all(loss.to or loss.reason for loss in fields.values())


def test_same_key_same_pseudonyms_and_another_key_others() -> None:
    first, again, once = _read(), _read(), _read(key=None)
    names = [{row["learner_id"] for row in rows(made, "learner")} for made in (first, again, once)]
    assert names[0] == names[1]
    assert not names[0] & names[2]
    assert "ADP-KEY" in codes(once)


def test_unstated_zone_is_an_assumption() -> None:
    assert "ADP-ASSUMED" in codes(_read(time_zone=None))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"time_zone": "Mars/Base"}, "IANA"),
        ({"as_of": "soon"}, "not a date"),
        ({"gap_days": -1}, "negative"),
        ({"staff_fte": 9.0}, "outside"),
        ({"key": "secret"}, "PseudonymKey"),
        ({"profile": "nowhere"}, "no profile"),
    ],
)
def test_misuse_says_what_is_accepted(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        _read(**options)


def test_other_versions_and_formats_are_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("propertyName,value\noneroster.version,1.0\n")
    (tmp_path / "orgs.csv").write_text("sourcedId,name,type\n")
    with pytest.raises(UnreadableInputError, match=r"1\.0"):
        _read(tmp_path)


def _copy(folder: Path, **changed: bytes) -> Path:
    folder.mkdir()
    for file in BULK.iterdir():
        (folder / file.name).write_bytes(changed.get(file.stem, file.read_bytes()))
    return folder


def test_extensions_of_the_binding_are_no_fault_and_other_capitals_are_a_finding(tmp_path: Path) -> None:
    orgs = (BULK / "orgs.csv").read_text().splitlines()
    more = "\n".join([orgs[0] + ",metadata.jp.kanaName", *(line + ",Zanzi" for line in orgs[1:])]) + "\n"
    facts = (BULK / "demographics.csv").read_bytes().replace(b"female", b"Female")
    folder = _copy(tmp_path / "set", orgs=more.encode(), demographics=facts)
    (folder / "users.csv").rename(folder / "Users.CSV")
    made = _read(folder)
    assert len(rows(made, "episode")) == len(rows(_read(), "episode"))
    assert {row["gender"] for row in rows(made, "learner")} == {"female", "not_stated"}
    headers = [str(finding) for finding in made.findings if finding.code == "ADP-HEADER"]
    assert not [text for text in headers if "metadata" in text]
    assert len([text for text in headers if "other capitals" in text]) == 1
    field = next(field for field in made.losses.fields if field.field == "orgs.metadata.jp.kanaName")
    assert (field.fate, field.count) == ("dropped", len(orgs) - 1)
    assert_holds_none(made, tmp_path / "out", PLANTED)


def test_what_a_manifest_says_and_the_set_has_not_is_found_and_every_row_is_accounted_for(tmp_path: Path) -> None:
    manifest = b"propertyName,value\noneroster.version,1.2\nfile.orgs,absent\nfile.courses,bulk\nfile.users,bulk\n"
    orgs = (BULK / "orgs.csv").read_bytes()
    twin = orgs + orgs.splitlines(keepends=True)[1] + b"short,row\n"
    made = _read(_copy(tmp_path / "set", manifest=manifest, orgs=twin))
    said = {finding.field: str(finding) for finding in made.findings if finding.table == "oneroster/manifest"}
    assert said.keys() == {"file.orgs", "file.courses"}
    assert "says 'absent', and the file is there" in said["file.orgs"]
    assert "says 'bulk', and the file is not there" in said["file.courses"]
    lost = {(loss.what, loss.reason.partition(":")[0]): loss.count for loss in made.losses.records}
    assert lost["orgs", "the same sourcedId came before"] == 1
    assert lost["orgs", "a row, or the file, that cannot be read; the findings say why"] == 1
    users = len((BULK / "users.csv").read_text().splitlines()) - 1
    assert lost["users", "no learner"] == users - len(rows(made, "learner"))


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"students.csv": b"School_id,Student_id\n", "sections.csv": b"School_id\n"}, "Clever's own format"),
        ({"users.csv": "sourcedId,status\n".encode("utf-16")}, "users.csv is UTF-16. Save every file as CSV in UTF-8"),
        ({"users.json": b'{"users": [{"sourcedId": "1"}]}'}, "REST service of OneRoster, not its CSV files"),
    ],
)
def test_what_other_systems_export_is_refused_by_name(tmp_path: Path, files: dict[str, bytes], says: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableInputError, match=says):
        _read(tmp_path)


@in_field
def test_the_dialect_is_refused_by_name() -> None:
    with pytest.raises(UnreadableInputError, match="School Data Sync"):
        _read(FIELD / "oneroster/sds_v2_1_dialect")


@in_field
@pytest.mark.parametrize("name", ["v1p1_base", "v1p1_moodle_full", "v1p2_moodle_delta"])
def test_dirty_sets_of_the_field_are_read_with_findings(name: str) -> None:
    made = _read(FIELD / "oneroster" / name)
    assert made.version == name[1:4].replace("p", ".")
    assert made.findings
    assert rows(made, "learner")


@in_field
def test_the_clean_set_has_no_finding_about_its_form_and_its_delta_applies() -> None:
    base = FIELD / "oneroster/v1p2_authored_clean_bulk"
    assert codes(_read(base)) <= {"ADP-ASSUMED", "ADP-DATE-ONLY", "ADP-REFERENCE", "ADP-VOCABULARY"}
    assert len(_read([base, FIELD / "oneroster/v1p2_authored_clean_delta"]).voided) == 2
