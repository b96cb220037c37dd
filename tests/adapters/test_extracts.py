"""PIRL elements and CEDS columns out."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from blended_standard import adapters
from blended_standard.adapters._ceds_words import SAME, property_of
from blended_standard.errors import UnreadableInputError
from blended_standard.io import Submission
from blended_standard.model import RECORDS
from tests.adapters.helpers import FIELD, KEY, assert_holds_none, codes, in_field, rows

SUBMISSION = Submission.from_tables(
    {
        "learner": {
            "learner_id": ["k1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
            "birth_date": ["2007-03-09"],
            "gender": ["female"],
        },
        "episode": {
            "episode_id": ["e1"],
            "learner_id": ["k1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
            "site_id": ["s"],
            "entry_date": ["2024-08-20"],
            "exit_date": ["2025-05-30"],
            "exit_reason": ["completed_diploma"],
        },
        "follow_up": {
            "follow_up_id": ["f1", "f2", "f3"],
            "episode_id": ["e1", "e1", "e1"],
            "quarter_start": ["2025-07-01", "2025-10-01", "2026-01-01"],
            "status": ["found", "not_found", "lost"],
            "employed": [True, None, None],
            "wages": [4321.5, None, None],
        },
        "credential": {
            "credential_id": ["c1", "c2"],
            "episode_id": ["e1", "e1"],
            "kind": ["diploma", "badge"],
            "awarded_date": ["2025-05-29", "2025-01-01"],
        },
        "skill_gain": {"skill_gain_id": ["g"], "episode_id": ["e1"], "kind": ["milestone"], "date": ["2025-02-01"]},
        "activity": {"episode_id": ["e1"], "at": ["2025-01-01T10:00:00Z"], "verb": ["login"]},
    }
)


def test_quarters_count_from_the_quarter_of_exit_and_the_unknown_is_not_a_no(tmp_path: Path) -> None:
    done = adapters.write("pirl", SUBMISSION, tmp_path / "out")
    (row,) = csv.DictReader((tmp_path / "out/pirl.csv").open(encoding="utf-8"))
    assert [row[each] for each in ("1600", "1602", "1604", "1606")] == ["1", "0", "", "9"]
    assert (row["1703"], row["1704"]) == ("4321.50", "")
    assert (row["200"], row["201"], row["900"], row["901"]) == ("20070309", "2", "20240820", "20250530")
    assert (row["1800"], row["1801"], row["1802"], row["1809"]) == ("1", "20250529", "", "20250201")
    assert {loss.what for loss in done.losses.records} == {"credential", "follow_up"}
    assert {loss.field for loss in done.losses.fields if loss.fate == "dropped"} >= {"activity.verb", "episode.site_id"}


def test_every_record_of_an_extract_is_an_element_or_a_loss(tmp_path: Path) -> None:
    """Expected by hand: of ten follow-ups three are written, of three gains one, and who left with none has a zero."""
    exits = ["2025-05-30", "2025-05-30", None]
    tables = {
        "learner": {"learner_id": ["a-district-0000000001", "b-district-0000000001"], "gender": ["nonbinary", "male"]},
        "episode": {
            "episode_id": ["e1", "e2", "e3"],
            "learner_id": ["a-district-0000000001", "b-district-0000000001", "short"],
            "site_id": ["s"] * 3,
            "entry_date": ["2024-08-20"] * 3,
            "exit_date": exits,
        },
        "follow_up": {
            "follow_up_id": list("abcdefghij"),
            "episode_id": ["e1"] * 7 + ["e3", "gone", "e2"],
            "quarter_start": ["2025-07-01"] * 2
            + ["2025-10-01", "2025-10-01", "2026-01-01", "2025-04-01", "2026-07-01"]
            + ["2025-07-01"] * 3,
            "status": ["not_found", "found", "found", "found", "found"] + ["found"] * 5,
            "employed": [None, True, False, True, None] + [True] * 5,
            "source": [None, "survey", "wage_record", "military"] + [None] * 6,
        },
        "credential": {
            "credential_id": ["c"],
            "episode_id": ["e2"],
            "kind": ["badge"],
            "awarded_date": ["2025-01-01"],
        },
        "skill_gain": {
            "skill_gain_id": ["x", "y", "z"],
            "episode_id": ["e1"] * 3,
            "kind": ["exam", "exam", "diploma"],
            "date": ["2025-03-01", "2025-02-01", "2025-02-01"],
        },
    }
    done = adapters.write("pirl", Submission.from_tables(tables), tmp_path / "out")
    first, second, third = csv.DictReader((tmp_path / "out/pirl.csv").open(encoding="utf-8"))
    assert [first[each] for each in ("1600", "1602", "1604", "1606")] == ["1", "3", "", "9"]
    assert (first["1800"], second["1800"], third["1800"]) == ("0", "0", "")
    assert (first["1810"], first["201"], second["201"]) == ("20250301", "", "1")
    numbers = {first["100"], second["100"], third["100"]}
    assert len(numbers) == 3
    assert max(map(len, numbers)) == 12
    assert "short" in numbers
    left = {(loss.what, loss.reason.partition(":")[0]): loss.count for loss in done.losses.records}
    assert left == {
        ("credential", "a badge is no recognized credential of the element"): 1,
        ("follow_up", "another record of the quarter was used"): 2,
        ("follow_up", "found"): 1,
        ("follow_up", "not of the four quarters after that of exit"): 2,
        ("follow_up", "of no episode of the submission"): 1,
        ("follow_up", "the episode has no exit to count quarters from"): 1,
        ("learner", "nonbinary"): 1,
        ("skill_gain", "a more recent one of the kind is written"): 1,
        ("skill_gain", "diploma"): 1,
    }


def test_columns_of_ceds(tmp_path: Path) -> None:
    done = adapters.write("ceds", SUBMISSION, tmp_path / "out")
    (row,) = csv.DictReader((tmp_path / "out/episode.csv").open(encoding="utf-8"))
    assert (row["P000097"], row["P000107"], row["learner_id"]) == ("2024-08-20", "2025-05-30", "k1-" + "a" * 32)
    assert {loss.field: loss.fate for loss in done.losses.fields}["learner.gender"] == "dropped"


def test_columns_of_ceds_come_back_and_option_codes_are_mapped(tmp_path: Path) -> None:
    adapters.write("ceds", SUBMISSION, tmp_path / "out")
    episodes = tmp_path / "out/episode.csv"
    text = episodes.read_text().replace("01921", "03509")
    episodes.write_text(text + text.splitlines()[1].replace("e1", "e2").replace("03509", "made up") + "\n")
    learners = tmp_path / "out/learner.csv"
    learners.write_text(
        "learner_id,Mail,P000033\nzanzi-1,zanzi@x.example,2007-33-01\nzanzi-2,zanzi@x.example,2007-03-01\n"
    )
    made = adapters.read("ceds", tmp_path / "out", key=KEY)
    first, second = rows(made, "episode")
    assert (str(first["entry_date"]), str(first["exit_date"])) == ("2024-08-20", "2025-05-30")
    assert (first["exit_reason"], second.get("exit_reason")) == ("completed_equivalency", None)
    assert "e1" != first["episode_id"] != second["episode_id"]
    assert first["learner_id"] == "k1-" + "a" * 32
    assert [str(row.get("birth_date")) for row in rows(made, "learner")] == ["None", "2007-03-01"]
    assert {"ADP-VOCABULARY", "ADP-VALUE"} <= codes(made)
    assert {loss.field: loss.fate for loss in made.losses.fields}["learner.Mail"] == "dropped"
    assert_holds_none(made, tmp_path / "written", ["zanzi", "2007-33"])


def test_options_of_ceds_go_out_and_what_has_none_is_a_loss(tmp_path: Path) -> None:
    """Expected by hand from the option sets of CEDS V13: no option for no, none for a badge, none for moved away."""
    tables = {
        "episode": {
            "episode_id": ["e1", "e2"],
            "learner_id": ["k1-" + "a" * 32] * 2,
            "site_id": ["s", "s"],
            "entry_date": ["2024-08-20"] * 2,
            "exit_date": ["2025-05-30"] * 2,
            "exit_reason": ["completed_diploma", "moved_away"],
            "entry_grade": [9, 0],
        },
        "learner": {"learner_id": ["k1-" + "a" * 32], "disability": [False], "has_device": [True]},
        "credential": {
            "credential_id": ["c1", "c2"],
            "episode_id": ["e1", "e1"],
            "kind": ["diploma", "badge"],
            "awarded_date": ["2025-05-29"] * 2,
        },
        "follow_up": {
            "follow_up_id": ["f1", "f2"],
            "episode_id": ["e1", "e1"],
            "quarter_start": ["2025-07-01", "2025-10-01"],
            "status": ["found", "found"],
            "employed": [True, False],
        },
    }
    done = adapters.write("ceds", Submission.from_tables(tables), tmp_path / "out")
    cells: dict[str, list[dict[str, str]]] = {}
    for file in map(Path, done.files):
        cells[file.stem] = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert [row["P000110"] for row in cells["episode"]] == ["01921", ""]
    assert [row["P000100"] for row in cells["episode"]] == ["09", "KG"]
    assert [row["P000138"] for row in cells["credential"]] == ["00806", ""]
    assert [row["P000988"] for row in cells["follow_up"]] == ["Yes", ""]
    assert cells["learner"][0]["P000577"] == "No"
    assert "P001932" not in cells["learner"][0]
    left = {loss.field for loss in done.losses.fields if loss.reason == "CEDS has no option that says the same"}
    assert left == {"episode.exit_reason", "credential.kind", "follow_up.employed", "learner.has_device"}
    assert sum(loss.count for loss in done.losses.fields if loss.field == "episode.exit_reason") == 2


def test_names_and_options_of_ceds_are_read(tmp_path: Path) -> None:
    (tmp_path / "episode.csv").write_text(
        "episode_id,learner_id,site_id,EnrollmentEntryDate,Enrollment Exit Date,hasExitOrWithdrawalType,P000100\n"
        "e1,l1,s,2024-08-20,2025-05-30,03502,PK\ne2,l1,s,2025-08-20,2026-05-30,01927,09\n"
    )
    (tmp_path / "follow_up.csv").write_text(
        "follow_up_id,episode_id,P000992,status,EmployedAfterExit,P000994\nf1,e1,2025-07-01,found,Unknown,02\n"
    )
    (tmp_path / "credential.csv").write_text("credential_id,episode_id,HighSchoolDiplomaType,P000081\nc,e1,00816,\n")
    made = adapters.read("ceds", tmp_path, key=KEY)
    first, second = rows(made, "episode")
    assert (str(first["exit_date"]), first.get("exit_reason"), first.get("entry_grade")) == ("2025-05-30", None, None)
    assert (second["exit_reason"], second["entry_grade"]) == ("withdrawn", 9)
    (asked,) = rows(made, "follow_up")
    assert (asked.get("employed"), asked["missing"], asked["source"]) == (None, {"employed": "lost"}, "wage_record")
    assert rows(made, "credential")[0]["kind"] == "equivalency"
    assert codes(made) == set()
    assert made.losses.dropped == 0
    (tmp_path / "credential.csv").write_text(
        "credential_id,episode_id,HighSchoolDiplomaType,P000138\nc,e1,00816,00806\n"
    )
    twice = adapters.read("ceds", tmp_path, key=KEY)
    assert (rows(twice, "credential")[0]["kind"], codes(twice)) == ("equivalency", {"ADP-HEADER"})
    assert twice.losses.dropped == 1


@in_field
def test_every_option_that_is_written_is_one_of_its_set() -> None:
    with (FIELD / "ceds/options_v13_subset.csv").open(encoding="utf-8", newline="") as stream:
        options = {(row["set_global_id"], row["code"]) for row in csv.DictReader(stream)}
    listed = {own for own, _ in options}
    checked = 0
    for record in RECORDS.values():
        for spec in record.fields():
            words = SAME.get(f"{record.table}.{spec.name}", {}).values()
            own = f"C{property_of(spec.counterparts['CEDS'])[1:7]}" if words else ""
            if own in listed:
                assert {(own, word) for word in words} <= options, spec.name
                checked += 1
    assert checked == 10


def test_a_file_of_ceds_columns_under_another_name_is_told_which_names_there_are(tmp_path: Path) -> None:
    (tmp_path / "persons.csv").write_text("Birthdate\n2008-01-01\n")
    with pytest.raises(UnreadableInputError, match=r"credential\.csv.* episode\.csv.* learner\.csv"):
        adapters.read("ceds", tmp_path, key=KEY)
