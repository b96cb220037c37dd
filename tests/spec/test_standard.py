"""The standard: generated files are fresh, references hold, profiles only narrow."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from blended_standard.errors import SpecError, UsageError
from blended_standard.io import Submission, read_submission, write_submission
from blended_standard.measures.registry import _FUNCTIONS
from blended_standard.measures.score import score  # noqa: F401 - it registers the measures
from blended_standard.model import RECORDS, Learner, Missing, Program, Site
from blended_standard.spec import Profile, load_standard
from blended_standard.spec import __main__ as spec_main
from blended_standard.spec.generate import generated, record_schema
from blended_standard.spec.profiles import resolve
from blended_standard.spec.standard import build_standard, read_sources, spec_directory
from blended_standard.validate import validate
from blended_standard.validate.row_rules import ROW_RULES
from blended_standard.validate.rules import RECORD_RULES

STANDARD = load_standard()
KNOWN: Any = {"measures": STANDARD.measures, "rules": STANDARD.rules, "codes": STANDARD.codes}


def test_generated_files_are_fresh() -> None:
    stale = [path.name for path, content in generated(spec_directory()).items() if path.read_text("utf-8") != content]
    assert stale == []


def test_yaml_sources_and_bundle_are_the_same_standard() -> None:
    assert load_standard(spec_directory()) == STANDARD


def test_every_coded_field_has_its_list_and_every_reference_its_table() -> None:
    for record in RECORDS.values():
        for field in record.fields():
            assert field.codes is None or field.codes in STANDARD.codes
            assert field.refers_to is None or field.refers_to in RECORDS


def test_every_measure_is_bound_and_reads_tables_that_exist() -> None:
    for definition in STANDARD.measures.values():
        assert set(definition.inputs) <= set(RECORDS)
        assert set(definition.needs_any) <= set(definition.inputs)
        if definition.combine.statistic not in ("difference", "risk_ratio", "mix_adjusted", "area_ratio"):
            assert definition.id in _FUNCTIONS
        for name, parameter in definition.parameters.items():
            assert parameter.problem_with(parameter.default) is None, name


def test_no_attendance_independent_measure_reads_legacy_tables() -> None:
    legacy = {name for name, record in RECORDS.items() if any(f.legacy and f.required for f in record.fields())}
    for definition in STANDARD.measures.values():
        if definition.attendance_independent:
            assert not {"legacy_attendance", *legacy} & set(definition.inputs)


def test_every_record_rule_is_written_down_and_the_other_way_round() -> None:
    written = {rule.id for rule in STANDARD.rules.values() if rule.scope == "record"}
    assert written == {*RECORD_RULES, *ROW_RULES}


@pytest.mark.parametrize("name", RECORDS)
def test_schemas_are_json_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(record_schema(RECORDS[name], STANDARD))


def test_profiles_of_a_law_ask_for_the_measures_that_it_needs() -> None:
    core_measures = set(STANDARD.profile("core").measures)
    doors, wioa = (set(STANDARD.profile(name).measures) for name in ("washington-open-doors", "wioa"))
    assert doors >= core_measures | {"CMP-13", "CMP-09", "CMP-12", "OUT-05"}
    assert wioa >= core_measures | {"OUT-08", "OUT-09", "OUT-10", "OUT-11", "OUT-12", "CMP-11"}


def core(**changes: Any) -> Profile:
    facts: dict[str, Any] = {"id": "core", "title": "Core", "level": "core", "meaning": "m"}
    return Profile(**{**facts, **changes})


def child(**changes: Any) -> Profile:
    facts: dict[str, Any] = {"id": "state", "title": "State", "level": "state", "meaning": "m", "inherits": "core"}
    return Profile(**{**facts, **changes})


def test_a_child_inherits_and_adds() -> None:
    parent = core(measures=("ENG-01",), required_fields={"episode": ("exit_reason",)}, disclosure={"minimum_n": 10})
    made = resolve(
        {"core": parent, "state": child(measures=("OUT-03",), required_fields={"episode": ("referral_date",)})},
        **KNOWN,
    )["state"]
    assert made.measures == ("ENG-01", "OUT-03")
    assert made.required_fields == {"episode": ("exit_reason", "referral_date")}
    assert made.disclosure == {"minimum_n": 10}


@pytest.mark.parametrize(
    ("parent", "narrower", "message"),
    [
        (
            {"disclosure": {"minimum_n": 10}},
            {"disclosure": {"minimum_n": 5}},
            "minimum_n=5 is below 10, which core sets",
        ),
        (
            {"codes": {"gender": ("female", "male")}},
            {"codes": {"gender": ("nonbinary",)}},
            "accepts 'nonbinary' in gender",
        ),
        (
            {"parameters": {"ENG-01": {"minimum_weeks": 6}}},
            {"parameters": {"ENG-01": {"minimum_weeks": 4}}},
            "core has fixed it at 6",
        ),
        ({}, {"parameters": {"ENG-01": {"minimum_weeks": 0}}}, "is outside 1 to 12"),
        ({}, {"parameters": {"ENG-01": {"weeks": 4}}}, "has no parameter 'weeks'"),
        ({}, {"measures": ("ENG-99",)}, "ENG-99, which is not defined"),
        ({}, {"inherits": "moon"}, "'moon', which does not exist"),
        ({"level": "site"}, {}, "stands above site"),
        ({}, {"closed_tables": ("moon",)}, "'moon', which is not a table"),
        ({}, {"missing_values": {"other": Missing.LOST}}, "'other' for a missing value, which is a code of"),
        ({}, {"missing_values": {" ": Missing.LOST}}, "a blank as a missing value"),
        (
            {"missing_values": {"-99": Missing.LOST}},
            {"missing_values": {"-99": Missing.INVALID}},
            "core has fixed its reason at lost",
        ),
        ({}, {"severities": {"MOO-N": "note"}}, "MOO-N, which is not a rule"),
        ({}, {"severities": {"FLD-TYPE": "warning"}}, "below error, the lowest that the standard leaves"),
        ({}, {"severities": {"EPI-OVERLAP": "note"}}, "below warning, the lowest that the standard leaves"),
        (
            {"severities": {"EPI-OVERLAP": "error"}},
            {"severities": {"EPI-OVERLAP": "warning"}},
            "below error, the lowest that core leaves",
        ),
        ({"inherits": "state"}, {}, "inherits from itself"),
    ],
)
def test_a_profile_that_widens_is_refused(parent: dict[str, Any], narrower: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        resolve({"core": core(**parent), "state": child(**narrower)}, **KNOWN)


def test_a_malformed_source_names_file_and_entry(tmp_path: Path) -> None:
    data = read_sources(spec_directory())
    data["measures"] = [{**data["measures"][0], "colour": "blue"}]
    with pytest.raises(SpecError, match=r"MeasureDefinition .*colour"):
        build_standard(data)
    (tmp_path / "standard.yaml").write_text("id: [unclosed")
    with pytest.raises(SpecError, match=r"standard\.yaml"):
        load_standard(tmp_path)


def test_an_unknown_profile_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match="There are: core"):
        STANDARD.profile("moon")


def test_every_profile_names_fields_codes_and_tables_that_exist() -> None:
    for profile in STANDARD.profiles.values():
        assert set(profile.required_tables) <= set(RECORDS), profile.id
        for table, names in profile.required_fields.items():
            assert set(names) <= {field.name for field in RECORDS[table].fields()}, (profile.id, table)
        for codes, names in profile.codes.items():
            assert set(names) <= set(STANDARD.codes[codes].names()), (profile.id, codes)


def test_a_site_inherits_from_program_state_and_core() -> None:
    site = STANDARD.profile("harbor-north-site")
    assert set(STANDARD.profile("core").required_tables) < set(site.required_tables)
    assert {"contact", "progress_indicator", "plan", "pause"} <= set(site.required_tables)
    assert "attendance_plan" not in site.codes["indicator_kind"]
    assert site.disclosure["minimum_n"] == 15
    assert site.parameters["ENG-01"]["minimum_weeks"] == 6
    assert [STANDARD.profile(name).namespace for name in ("washington-open-doors", "wioa")] == ["wa", "wioa"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_local_fields_of_a_profile_make_the_round_trip_untouched(tmp_path: Path, form: Any) -> None:
    local = {"wa:claim_month": "2026-01", "wa:note": 'é, "x"\n'}
    rows = [
        Program(program_id="p", name="P", time_zone="UTC", extra=local),
        Site(site_id="s", program_id="p", name="S"),
        Learner(learner_id="l", missing={"birth_date": Missing.LOST}),
    ]
    made = Submission.from_records(rows, manifest={"profile": "washington-open-doors"})
    again = read_submission(write_submission(made, tmp_path / "out", format=form))
    assert [record for row in rows for record in again.records(row.table)] == rows
    codes = {finding.code for finding in validate(again).findings}
    assert "FLD-UNKNOWN" not in codes
    assert "TAB-MISSING" in codes


def test_a_faulty_source_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(spec_directory(), tmp_path / "spec")
    (tmp_path / "spec" / "profiles" / "toy.yaml").write_text("id: toy\nlevels: state\n", encoding="utf-8")
    monkeypatch.setattr(spec_main, "spec_directory", lambda: tmp_path / "spec")
    assert spec_main.main(["check"]) == 1
    assert capsys.readouterr().err.startswith("Profile toy: ")
