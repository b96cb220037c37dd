"""Ed-Fi resources in: what is an episode and what is not, nobody is named, bad resources are findings."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.adapters._edfi_rules import problem_with
from blended_standard.adapters.work import as_columns
from blended_standard.errors import UnreadableInputError
from blended_standard.io import Limits, Submission
from tests.adapters.helpers import FIELD, HERE, KEY, assert_holds_none, codes, in_field, rows

SET = HERE / "edfi"
PLANTED = ["zanzi", "quillf", "mossbottom", "554433", "9871", "10.77.1.9"]


def _read(source: Any, **options: Any) -> adapters.Import:
    return adapters.read("edfi", source, **{"key": KEY, "time_zone": "America/New_York", **options})


def test_stays_are_episodes_and_the_end_of_a_year_is_no_exit() -> None:
    made = _read(SET)
    assert [(str(r["entry_date"]), str(r.get("exit_date")), r.get("exit_reason")) for r in rows(made, "episode")] == [
        ("2024-08-20", "2026-01-15", "withdrawn"),  # a year that ended and went on
        ("2026-02-02", "None", None),  # came back: a second episode
        ("2025-08-18", "2025-11-03", None),  # a state's own word for the reason
    ]
    assert rows(made, "episode")[0]["entry_grade"] == 10
    reasons = {loss.reason for loss in made.losses.records if loss.what == "studentSchoolAssociations"}
    assert "never was an enrolment" in reasons
    assert {"ADP-VOCABULARY", "ADP-ASSUMED", "ADP-INVALID"} <= codes(made)


def test_a_year_that_ended_long_ago_and_did_not_go_on_was_the_end(tmp_path: Path) -> None:
    stays = [("a", "2023-08-20", "2024-06-12"), ("a", "2025-08-20", None), ("b", "2024-08-20", "2025-06-12")]
    with (tmp_path / "studentSchoolAssociations.jsonl").open("w") as out:
        for student, begin, last in stays:
            document = {
                "studentReference": {"studentUniqueId": student},
                "schoolReference": {"schoolId": 1},
                "entryDate": begin,
                "entryGradeLevelDescriptor": "uri://ed-fi.org/GradeLevelDescriptor#Ninth grade",
            }
            if last:
                document["exitWithdrawDate"] = last
                document["exitWithdrawTypeDescriptor"] = "uri://ed-fi.org/ExitWithdrawTypeDescriptor#End of school year"
            out.write(json.dumps(document) + "\n")
    for as_of, third in (("2025-08-30", "None"), ("2026-06-30", "2025-06-12")):
        made = _read(tmp_path, as_of=as_of)
        assert [str(row.get("exit_date")) for row in rows(made, "episode")] == ["2024-06-12", "None", third]
        assert len(rows(made, "learner")) == 2  # whom no student's resource describes
        assert "ADP-REFERENCE" in codes(made)


def test_what_is_not_listed_is_unknown_and_not_false() -> None:
    first, second = rows(_read(SET), "learner")
    assert (first["birth_date"], first["gender"], first["race_ethnicity"]) == (
        dt.date(2007, 2, 28),
        "female",
        "multiple",
    )
    assert (first["low_income"], first["english_learner"], first["has_connection"]) == (True, False, True)
    assert "disability" not in first
    assert not {"gender", "race_ethnicity", "low_income", "english_learner"} & second.keys()


def test_work_awards_and_attendance_find_their_episode() -> None:
    made = _read(SET)
    episodes = [row["episode_id"] for row in rows(made, "episode")]
    (graded, submitted) = rows(made, "evidence")
    assert (graded["score"], graded["level"], graded["due_date"]) == (0.9, 2, dt.date(2025, 10, 1))
    assert graded["at"] == dt.datetime(2025, 9, 30, 16, tzinfo=dt.UTC)  # noon at the site
    assert "score" not in submitted
    assert [(row["score"], row["item_id"].rpartition("#")[2]) for row in rows(made, "item_response")] == [
        (2.0, "i1"),
        (0.0, "i2"),
    ]
    assert [row["title"] for row in rows(made, "instrument")] == ["Entry mathematics"]
    (award,) = rows(made, "credential")
    assert (award["kind"], award["episode_id"]) == ("equivalency", episodes[1])
    (enrollment,) = rows(made, "postsecondary_enrollment")
    assert (str(enrollment["start_date"]), enrollment["episode_id"]) == ("2026-08-30", episodes[1])
    assert [(row["status"], row["present_minutes"]) for row in rows(made, "legacy_attendance")] == [("tardy", 200)]
    assert [str(row["date"]) for row in rows(made, "calendar_day")] == ["2025-11-27"]
    assert [(row["competency_id"], row.get("parent_id")) for row in rows(made, "competency")] == [
        ("M.1", None),
        ("M.1.a", "M.1"),
    ]


def test_a_named_program_makes_its_own_episodes() -> None:
    made = _read(SET, programs=["Second Chance"])
    assert [row["name"] for row in rows(made, "program")] == ["Second Chance"]
    (episode,) = rows(made, "episode")
    assert (str(episode["entry_date"]), str(episode["exit_date"])) == ("2025-09-02", "2026-06-12")
    assert episode["exit_reason"] == "completed_diploma"
    lost = {loss.what for loss in made.losses.records}
    assert "studentSchoolAssociations" in lost
    assert "studentProgramAssociations" not in lost


def test_nothing_that_names_a_person_is_written(tmp_path: Path) -> None:
    assert_holds_none(_read(SET), tmp_path, PLANTED)


def test_an_object_of_lists_is_read_like_files_and_another_set_is_refused(tmp_path: Path) -> None:
    whole: dict[str, list[Any]] = defaultdict(list)
    for file in sorted(SET.glob("*.json*")):
        content = file.read_text(encoding="utf-8")
        whole[file.stem] += (
            json.loads(content) if file.suffix == ".json" else [json.loads(line) for line in content.splitlines()]
        )
    (tmp_path / "export.json").write_text(json.dumps(whole))
    assert _read(tmp_path / "export.json").losses == _read(SET).losses
    (tmp_path / "export.json").write_text("{}")
    with pytest.raises(UnreadableInputError, match=r"students\.json"):
        _read(tmp_path / "export.json")


@pytest.mark.parametrize("source", [SET, SET / "xml"], ids=["json", "xml"])
def test_what_is_written_passes_the_rules_and_comes_back(source: Path, tmp_path: Path) -> None:
    first = _read(source)
    done = adapters.write("edfi", first, tmp_path / "out")
    for file in map(Path, done.files):
        for line in file.read_text(encoding="utf-8").splitlines():
            assert problem_with(file.stem, json.loads(line)) is None
    again = _read(tmp_path / "out")
    hidden = {"episode_id", "learner_id"}  # pseudonyms of pseudonyms
    for table in ("program", "site", "calendar_day", "framework", "competency", "episode"):
        sent, back = (
            [{k: v for k, v in row.items() if k not in hidden} for row in rows(m, table)] for m in (first, again)
        )
        assert sorted(map(str, sent)) == sorted(map(str, back)), table
    # All that is written refers to what is written, but for the students.
    assert [each.table for each in again.findings if each.code == "ADP-REFERENCE"] == ["edfi/students"]
    assert {loss.field: loss.fate for loss in done.losses.fields}["learner.birth_date"] == "dropped"


def test_reasons_that_ed_fi_has_no_word_for_are_named(tmp_path: Path) -> None:
    first = _read(SET)
    episodes = rows(first, "episode")
    episodes[0]["exit_reason"], episodes[2]["exit_reason"] = "finished_not_passed", "dismissed"
    tables = first.submission.tables | {"episode": as_columns(episodes)}
    done = adapters.write("edfi", Submission.from_tables(tables), tmp_path / "out")
    (loss,) = [loss for loss in done.losses.fields if loss.field == "episode.exit_reason"]
    assert loss.reason == "Ed-Fi has no word for finished_not_passed; the nearest was written"
    assert [row.get("exit_reason") for row in rows(_read(tmp_path / "out"), "episode")].count("completed_program") == 0


VECTORS = FIELD / "edfi/json/api_bodies.jsonl"
# What one body cannot show: a word is wrong only by a list of words.
NEEDS_WORDS = ("02 User can not upsert a resource using a descriptor", "06 User receives 400 instead of 409")


def _vectors() -> list[dict[str, Any]]:
    return [json.loads(line) for line in VECTORS.open(encoding="utf-8")]


def _write(folder: Path, resource: str, *documents: Any) -> None:
    with (folder / f"{resource}.jsonl").open("a", encoding="utf-8") as out:
        out.writelines(json.dumps(document) + "\n" for document in documents)


def _found(made: adapters.Import, code: str) -> list[tuple[str, str | None, str | None]]:
    return [(each.table.removeprefix("edfi/"), each.field, each.value) for each in made.findings if each.code == code]


@in_field
def test_each_body_alone_is_judged_as_the_service_judges_it() -> None:
    for vector in _vectors():
        refused = problem_with(vector["resource"], vector["document"]) is not None
        beyond = vector["scenario"].startswith(NEEDS_WORDS)
        assert refused == (vector["http"] == 400 and not beyond), vector["scenario"]


@in_field
def test_all_bodies_together_are_read(tmp_path: Path) -> None:
    vectors = _vectors()
    for vector in vectors:
        _write(tmp_path, vector["resource"], vector["document"])
    made = _read(tmp_path)
    assert len(rows(made, "episode")) > 10
    assert len(rows(made, "learner")) > 10
    assert sum(finding.count for finding in made.findings if finding.code == "ADP-INVALID") == 17


@in_field
def test_words_that_a_loaded_list_lacks_are_found(tmp_path: Path) -> None:
    lists = {"CitizenshipStatus": ["Dual national", "US Citizen"], "ParticipationStatus": ["Active", "Inactive"]}
    for name, words in lists.items():
        space = f"uri://ed-fi.org/{name}Descriptor"
        _write(tmp_path, "citizenshipStatusDescriptors", *({"codeValue": w, "namespace": space} for w in words))
    for vector in _vectors():
        if vector["scenario"].startswith(NEEDS_WORDS):
            _write(tmp_path, vector["resource"], vector["document"])
    assert set(_found(_read(tmp_path), "ADP-VALUE")) == {
        ("students", "citizenshipStatusDescriptor", "Fake"),
        ("studentProgramAssociations", "programParticipationStatuses.participationStatusDescriptor", "Fake"),
    }


# What a 409 lacks or meets in its set, and what the set must hold that the others refer to.
CONFLICTS = {
    "04 Try creating a CalendarDate": (
        ("calendarDates", "calendarReference", "321 / 535 / 2059"),
        {"schools": [{"schoolId": 535, "nameOfInstitution": "A"}], "calendars": [("451", 535, 2029)]},
    ),
    "02 Ensure clients can not create": (("postSecondaryInstitutions", None, None), {}),
    "03 Ensure clients can not create": (("directlyOwnedBuses", None, None), {}),
    "04 Ensure clients cannot create": (
        ("studentSectionAssociations", "sectionReference", "123"),
        {
            "schools": [{"schoolId": 1, "nameOfInstitution": "A"}],
            "students": [{"studentUniqueId": "456", "firstName": "A", "lastSurname": "B", "birthDate": "2008-01-01"}],
        },
    ),
    "03 Ensure clients cannot create a Program": (
        ("programs", "educationOrganizationReference", "102"),
        {"schools": [{"schoolId": 1, "nameOfInstitution": "A"}]},
    ),
    "01 Ensure client can't create a School": (
        ("schools", "schoolId", "155901"),
        {"localEducationAgencies": [{"localEducationAgencyId": 155901, "nameOfInstitution": "A"}]},
    ),
}


@in_field
@pytest.mark.parametrize("scenario", CONFLICTS)
def test_a_body_that_conflicts_with_its_set_is_found(scenario: str, tmp_path: Path) -> None:
    (vector,) = [each for each in _vectors() if each["http"] == 409 and each["scenario"].startswith(scenario)]
    expected, others = CONFLICTS[scenario]
    for resource, documents in others.items():
        for document in documents:
            if isinstance(document, tuple):
                calendar, school, year = document
                document = {
                    "calendarCode": calendar,
                    "schoolReference": {"schoolId": school},
                    "schoolYearTypeReference": {"schoolYear": year},
                }
            _write(tmp_path, resource, document)
    _write(tmp_path, vector["resource"], vector["document"])
    made = _read(tmp_path)
    assert expected in _found(made, "ADP-REFERENCE") + _found(made, "ADP-CONFLICT")


def test_what_is_there_is_no_finding_and_what_is_not_is_one(tmp_path: Path) -> None:
    school = {"schoolId": 5, "nameOfInstitution": "Valley"}
    week = {
        "weekIdentifier": "week1", "schoolReference": {"schoolId": "5"}, "beginDate": "2025-09-01",
        "endDate": "2025-09-05", "totalInstructionalDays": 5,
    }  # fmt: skip
    _write(tmp_path, "schools", school, school)
    _write(tmp_path, "academicWeeks", week)
    made = _read(tmp_path)
    assert not codes(made) & {"ADP-REFERENCE", "ADP-CONFLICT"}
    assert [(loss.what, loss.count) for loss in made.losses.records if "again" in loss.reason] == [("schools", 1)]
    _write(tmp_path, "academicWeeks", week | {"schoolReference": {"schoolId": 6}})
    _write(tmp_path, "schools", school | {"nameOfInstitution": "Other"})
    made = _read(tmp_path)
    assert _found(made, "ADP-REFERENCE") == [("academicWeeks", "schoolReference", "6")]
    assert _found(made, "ADP-CONFLICT") == [("schools", None, None)]


def test_no_finding_repeats_who_is_missing(tmp_path: Path) -> None:
    record = {"studentReference": {"studentUniqueId": "zanzi"}, "termDescriptor": "uri://ed-fi.org/TermDescriptor#Fall"}
    place = {"educationOrganizationReference": {"educationOrganizationId": 1}}
    year = {"schoolYearTypeReference": {"schoolYear": 2026}}
    _write(tmp_path, "studentAcademicRecords", record | place | year)
    parts = {"studentUniqueId": "quillf", "educationOrganizationId": 1, "schoolYear": 2026}
    reference = parts | {"termDescriptor": record["termDescriptor"]}
    _write(tmp_path, "courseTranscripts", {"studentAcademicRecordReference": reference})
    student = {"studentUniqueId": "mossbottom", "firstName": "A", "lastSurname": "B", "birthDate": "2008-01-01"}
    _write(tmp_path, "students", student)
    made = _read(tmp_path)
    assert ("courseTranscripts", "studentAcademicRecordReference", None) in _found(made, "ADP-REFERENCE")
    assert ("studentAcademicRecords", "studentReference", None) in _found(made, "ADP-REFERENCE")
    assert not [word for word in PLANTED if word in "".join(map(str, made.findings))]


@pytest.mark.parametrize(
    ("resource", "field", "value"),
    [
        ("calendarDates", "calendarEvents", "closed"),
        ("calendarDates", "calendarEvents", 3),
        ("studentAssessments", "items", [{"rawScoreResult": 10**400}, None, [], 5]),
        ("studentGradebookEntries", "pointsEarned", 10**400),
        ("studentAcademicRecords", "diplomas", "GED"),
        ("studentEducationOrganizationAssociations", "races", {"raceDescriptor": 5}),
        ("studentSchoolAssociations", "exitWithdrawDate", 10**6),
        ("studentProgramAssociations", "programReference", ["Second Chance"]),
    ],
)
def test_a_value_of_the_wrong_shape_is_no_traceback(resource: str, field: str, value: Any, tmp_path: Path) -> None:
    for file in SET.glob("*.jsonl"):
        documents = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        if file.stem == resource:
            documents[0][field] = value
        _write(tmp_path, file.stem, *documents)
    for programs in ((), ("Second Chance",)):
        made = _read(tmp_path, programs=programs)
        assert made.losses.records


def test_a_document_that_is_too_deep_is_left_out(tmp_path: Path) -> None:
    student = {"studentUniqueId": "1", "firstName": "A", "lastSurname": "B", "birthDate": "2008-01-01"}
    _write(tmp_path, "students", student | {"deep": json.loads("[" * 60 + "]" * 60)}, student)
    with (tmp_path / "students.jsonl").open("a") as out:
        out.write('{"deep": ' + "[" * 900 + "]" * 900 + "}\n")
    made = _read(tmp_path)
    assert len(rows(made, "learner")) == 1
    assert [each.line for each in made.findings if each.code == "LIM-DEPTH"] == [3]


def test_the_limits_of_the_caller_hold(tmp_path: Path) -> None:
    (tmp_path / "students.json").write_text("[]" + " " * 100)
    with pytest.raises(UnreadableInputError, match="the limit is 100"):
        _read(tmp_path, limits=Limits(file_bytes=100))


def test_json_of_another_version_says_so_and_is_not_called_invalid(tmp_path: Path) -> None:
    """Versions 3 and 4 name parents, version 3 identifies a grade-book entry by its day and title."""
    entry = {"dateAssigned": "2021-09-01", "gradebookEntryTitle": "Quiz", "sectionReference": {"schoolId": 1}}
    sent = {
        "parents": {"parentUniqueId": "p", "firstName": "Zanzi", "lastSurname": "Quux"},
        "gradebookEntries": entry,
        "studentGradebookEntries": {"gradebookEntryReference": entry, "dateFulfilled": "2021-09-02"},
        "studentDemographics": {"studentReference": {"studentUniqueId": "s"}},
    }
    for resource, document in sent.items():
        (tmp_path / f"{resource}.json").write_text(json.dumps([document, document]))
    made = _read(tmp_path)
    told = {each.table: each.detail for each in made.findings if each.code == "ADP-VERSION"}
    assert told.keys() == {f"edfi/{resource}" for resource in sent}
    assert "of version 4 or earlier" in told["edfi/parents"]
    assert "of version 3" in told["edfi/gradebookEntries"]
    assert "of version 6 or later" in told["edfi/studentDemographics"]
    assert "ADP-INVALID" not in codes(made)
    assert "version 3 gives grade-book entries no identifier" in {loss.reason for loss in made.losses.records}


def test_values_of_documents_that_make_no_record_are_dropped_and_old_descriptors_found(tmp_path: Path) -> None:
    """Counted by hand: of two stays of six values, one is an enrolment; its grade is a word without a namespace."""
    stay = {
        "studentReference": {"studentUniqueId": "s"},
        "schoolReference": {"schoolId": 1},
        "entryDate": "2021-08-23",
        "entryGradeLevelDescriptor": "Ninth grade",
        "exitWithdrawDate": "2022-05-27",
        "exitWithdrawTypeDescriptor": "uri://ed-fi.org/ExitWithdrawTypeDescriptor#Graduated",
    }
    never = stay | {"entryDate": "2021-08-24", "exitWithdrawTypeDescriptor": "uri://x.example/X#No show"}
    (tmp_path / "studentSchoolAssociations.json").write_text(json.dumps([stay, never]))
    made = _read(tmp_path)
    assert (made.losses.mapped, made.losses.dropped) == (6, 6)
    (found,) = [each for each in made.findings if each.field == "entryGradeLevelDescriptor"]
    assert (found.code, found.count) == ("ADP-VALUE", 2)


def test_a_day_of_bad_weather_is_closed_unless_it_is_one_of_instruction(tmp_path: Path) -> None:
    def date(day: str, *events: str) -> dict[str, Any]:
        named = [{"calendarEventDescriptor": f"uri://ed-fi.org/CalendarEventDescriptor#{each}"} for each in events]
        return {"date": day, "calendarReference": {"schoolId": 1}, "calendarEvents": named}

    days = [date("2022-02-03", "Weather day"), date("2022-02-04", "Weather day", "Instructional day")]
    (tmp_path / "calendarDates.json").write_text(json.dumps(days))
    assert [str(row["date"]) for row in rows(_read(tmp_path), "calendar_day")] == ["2022-02-03"]


@pytest.mark.parametrize(
    "name", ["student.json", "Students.json", "ed-fi_students.json", "EdFi-Student.jsonl", "students-page-2.json"]
)
def test_the_name_of_a_file_states_its_resource_as_clients_write_it(name: str, tmp_path: Path) -> None:
    body = {"studentUniqueId": "604822", "firstName": "A", "lastSurname": "B", "birthDate": "2008-01-01"}
    (tmp_path / name).write_text(json.dumps(body))
    assert len(rows(_read(tmp_path), "learner")) == 1
    with gzip.open(tmp_path / f"{name}.gz", "wt") as packed:
        packed.write(json.dumps(body))
    (tmp_path / name).unlink()
    assert len(rows(_read(tmp_path), "learner")) == 1
