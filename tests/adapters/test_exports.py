"""What every writer does with submissions that are not whole, and with what is odd in whole ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.io import Submission, read_submission, write_submission
from tests.adapters.helpers import KEY, rows

LEARNER = "k1-" + "a" * 32
TABLES: dict[str, dict[str, list[Any]]] = {
    "program": {"program_id": ["255901", None], "name": ["A", "B"], "time_zone": ["UTC", "UTC"]},
    "site": {"site_id": ["1", "1", "2"], "program_id": ["255901"] * 3, "name": ["One", "Again", None]},
    "learner": {"learner_id": [LEARNER]},
    "episode": {
        "episode_id": ["e1", "e2"],
        "learner_id": [LEARNER, None],
        "site_id": ["1", "1"],
        "entry_date": ["2024-08-20", "2024-08-20"],
        "exit_date": ["2025-05-30", None],
        "exit_reason": ["ran off", None],
    },
    "framework": {"framework_id": ["f"], "title": ["F"]},
    "competency": {"competency_id": ["c1", "c2", None], "title": ["One", None, "Three"], "framework_id": ["f"] * 3},
    "mastery_decision": {
        "decision_id": ["d1", "d2"],
        "episode_id": ["e1", "e1"],
        "competency_id": ["c1", "c1"],
        "date": ["2025-01-01", "no day"],
        "mastered": [True, True],
    },
    "credential": {
        "credential_id": ["x", "y"],
        "episode_id": ["e1", "e1"],
        "kind": ["diploma", "medal"],
        "awarded_date": ["2025-05-29", "2025-05-29"],
    },
    "contact": {
        "contact_id": ["k"],
        "episode_id": ["e1"],
        "at": ["2025-01-01T10:00:00Z"],
        "direction": ["adult_to_learner"],
    },
}


@pytest.mark.parametrize("form", ["memory", "parquet"])
@pytest.mark.parametrize("standard", list(adapters.WRITERS))
def test_records_that_are_not_whole_are_left_out_and_counted(standard: str, form: str, tmp_path: Path) -> None:
    submission = Submission.from_tables(TABLES)
    if form == "parquet":
        write_submission(submission, tmp_path / "in", format="parquet")
        submission = read_submission(tmp_path / "in")
    done = adapters.write(standard, submission, tmp_path / "out")
    lacking, again = "lacks a value that the standard requires", "another record of the same identifier"
    left = {(loss.what, loss.reason.partition(",")[0]): loss.count for loss in done.losses.records}
    assert (
        left.items()
        >= {
            ("program", lacking): 1,
            ("site", lacking): 1,
            ("episode", lacking): 1,
            ("competency", lacking): 2,
            ("mastery_decision", lacking): 1,
            ("credential", lacking): 1,
        }.items()
    )
    assert {loss.count for loss in done.losses.records if loss.reason.startswith(again)} == {1}
    words = {loss.field: loss.count for loss in done.losses.fields if loss.reason == "its list does not hold the code"}
    assert words == {"episode.exit_reason": 1, "credential.kind": 1}
    assert {loss.field.partition(".")[0] for loss in done.losses.fields} >= {"contact", "episode"}


def test_frameworks_whose_names_would_be_one_file_are_two_and_none_is_hidden(tmp_path: Path) -> None:
    names = ["a/b", "a_b", "A_B", "x" * 250, "..", ".hidden", "5f0c0a5e-8a0e-4a55-9b2a-6a4f0a3c1d11"]
    submission = Submission.from_tables({"framework": {"framework_id": names, "title": names}})
    done = adapters.write("case", submission, tmp_path / "out")
    assert len({file.lower() for file in done.files}) == len(names)
    again = adapters.read("case", tmp_path / "out")
    assert sorted(row["framework_id"] for row in rows(again, "framework")) == sorted(names)


def test_what_an_ed_fi_service_demands_is_written_or_said(tmp_path: Path) -> None:
    """Expected by hand from the resources of the API: a standard has a subject, a grade and the title of its source."""
    tables: dict[str, dict[str, list[Any]]] = {
        "program": {"program_id": ["255901", "9", "river"], "name": ["n" * 80, "B", "C"], "time_zone": ["UTC"] * 3},
        "site": {"site_id": ["1", "9", "007"], "program_id": ["255901", "9", "river"], "name": ["x", "y", "z"]},
        "framework": {"framework_id": ["uri://x", "f"], "title": ["Algebra", "F"]},
        "competency": {"competency_id": ["c", "l" * 61], "title": ["t" * 1025, "T"], "framework_id": ["uri://x"] * 2},
        "episode": {
            "episode_id": ["e1", "e2"],
            "learner_id": ["a-1", "b-1"],
            "site_id": ["1", "1"],
            "entry_date": ["2024-08-20"] * 2,
        },
    }
    done = adapters.write("edfi", Submission.from_tables(tables), tmp_path / "out")
    made = {Path(file).stem: [json.loads(line) for line in Path(file).read_text().splitlines()] for file in done.files}
    standard, _ = made["learningStandards"]
    assert standard["contentStandard"] == {"title": "Algebra"}
    assert len(standard["description"]) == 1024
    assert standard["academicSubjects"]
    assert standard["gradeLevels"]
    again = adapters.read("edfi", tmp_path / "out", key=KEY)
    assert rows(again, "framework") == [{"framework_id": "uri://x", "title": "Algebra"}]
    # Two places never have one identifier, and what has leading zeros is no number.
    assert [each["localEducationAgencyId"] for each in made["localEducationAgencies"]] == [255901, "river"]
    schools = {each["schoolId"]: each.get("localEducationAgencyReference") for each in made["schools"]}
    assert schools == {1: {"localEducationAgencyId": 255901}, 9: None, "007": {"localEducationAgencyId": "river"}}
    students = {each["studentReference"]["studentUniqueId"] for each in made["studentSchoolAssociations"]}
    assert students == {"a-1", "b-1"}
    said = {loss.field: loss.reason for loss in done.losses.fields if loss.fate == "mapped" and loss.reason}
    assert said.keys() == {
        *("program.program_id", "program.name", "site.site_id", "competency.title"),
        *("competency.competency_id", "framework.framework_id"),
    }
    assert "1 are no whole numbers" in said["site.site_id"]
    assert "1 are longer" in said["program.name"]
