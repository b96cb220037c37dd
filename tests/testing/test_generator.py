"""The synthetic district: the same for a seed, sound, independent of chunks, and with something to find."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pytest

from blended_standard.errors import UsageError
from blended_standard.io import Submission, read_submission
from blended_standard.measures import Status, score
from blended_standard.model import RECORDS
from blended_standard.testing import district, write_district
from blended_standard.testing import generator as module
from blended_standard.validate import validate

PER_LEARNER = (
    "learner", "episode", "pause", "activity", "evidence", "mastery_decision", "contact", "outcome", "plan", "plan_item",
    "credit", "progress_indicator", "skill_gain", "credential", "follow_up", "survey_response", "relationship", "need",
    "service", "learning_opportunity", "level_test", "cohort_member", "postsecondary_enrollment", "referral", "legacy_attendance",
)  # fmt: skip


@pytest.fixture(scope="module")
def made() -> Submission:
    return district(600, seed=3)


def test_every_table_of_the_field_is_there(made: Submission) -> None:
    base = {"program", "site", "calendar_day", "competency", "instrument", "staff_role", "practice"}
    base |= {"framework", "proficiency_scale", "proficiency_level"}
    assert base | set(PER_LEARNER) == set(made.tables)
    assert all(len(table) > 0 for table in made.tables.values())
    assert made.manifest.synthetic
    assert "ynthetic" in made.manifest.title
    assert list(made.tables) == [name for name in RECORDS if name in made.tables]


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
@pytest.mark.parametrize("arguments", [{}, {"programs": 1, "sites_per_program": 1, "days": 60, "start": "2025-01-30"}])
def test_it_is_valid(arguments: dict[str, object], engine: str) -> None:
    report = validate(district(400, seed=11, **arguments), engine=engine)  # type: ignore[arg-type]
    assert report.findings == ()
    assert report.ok


def test_the_same_seed_gives_the_same_and_another_another(made: Submission) -> None:
    assert all(made.tables[name].equals(table) for name, table in district(600, seed=3).tables.items())
    assert not made.tables["episode"].equals(district(600, seed=4).tables["episode"])


def test_learners_are_the_same_however_many_follow_them(made: Submission) -> None:
    few = district(150, seed=3)
    for name in PER_LEARNER:
        assert few.tables[name].equals(made.tables[name].slice(0, len(few.tables[name]))), name


def test_blocks_have_streams_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 50)
    one, two = district(50, seed=3), district(100, seed=3)
    for name in PER_LEARNER:
        first, both = one.tables[name], two.tables[name]
        assert first.equals(both.slice(0, len(first)))
        assert not first.drop_columns([first.column_names[0]]).equals(
            both.slice(len(first), len(first)).drop_columns([first.column_names[0]])
        )


def test_what_is_written_block_by_block_is_what_is_made_in_memory(tmp_path: Path) -> None:
    read = read_submission(write_district(tmp_path / "d", 1200, seed=5, days=120))
    whole = district(1200, seed=5, days=120)
    assert {finding.code for finding in read.found.findings()} <= {"FIL-NO-ROWS"}
    assert (read.manifest.title, read.manifest.as_of) == (whole.manifest.title, whole.manifest.as_of)
    for name, table in whole.tables.items():
        assert pa.parquet.read_table(read.tables[name].paths[0]).equals(table), name


def test_nothing_is_left_behind_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_blocks", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        write_district(tmp_path / "d", 10)
    assert list(tmp_path.iterdir()) == []


def test_programs_differ_as_their_truth_says() -> None:
    made = district(1500, seed=2)
    truth = {
        row["program_id"]: json.loads(row["extra"])["truth:engagement"] for row in made.tables["program"].to_pylist()
    }
    report = score(made, ["ENG-01", "ENG-02", "OUT-03", "REL-02"])
    for measure in ("ENG-01", "ENG-02", "OUT-03", "REL-02"):
        values = {program: report.one(measure, program).value for program in truth}
        assert sorted(values, key=lambda p: values[p] or 0) == sorted(truth, key=truth.__getitem__), measure


def test_every_core_measure_can_be_computed() -> None:
    found = score(district(400, seed=2, programs=2), by="program")
    assert [entry.measure for entry in found if entry.status is Status.NOT_COMPUTABLE] == []


def test_records_agree_with_each_other(made: Submission) -> None:
    tables = {name: table.to_pandas() for name, table in made.tables.items()}
    episodes = tables["episode"].set_index("episode_id")
    earned = tables["credit"].set_index("credit_id")
    assert set(earned["earned"]) == {0.0, 0.25}
    left = tables["follow_up"]["episode_id"].map(episodes["exit_date"])
    assert (tables["follow_up"]["quarter_start"] > left).all()
    found = tables["follow_up"]["status"] == "found"
    assert tables["follow_up"].loc[~found, ["employed", "wages", "employer_id"]].isna().all().all()
    diplomas = tables["credential"][tables["credential"]["kind"] == "diploma"]
    assert (diplomas["episode_id"].map(episodes["exit_reason"]) == "completed_diploma").all()
    adults = set(tables["staff_role"]["adult_id"])
    assert set(tables["contact"]["adult_id"].dropna()) | set(tables["relationship"]["adult_id"].dropna()) <= adults
    answered = tables["survey_response"]["status"] == "answered"
    assert tables["survey_response"]["score"].notna().equals(answered)


def test_it_holds_what_makes_real_data_hard(made: Submission) -> None:
    episodes = made.tables["episode"].to_pandas()
    verbs = set(made.tables["activity"]["verb"].to_pylist())
    calendar = made.tables["calendar_day"].to_pandas()
    assert episodes.groupby("learner_id").size().max() >= 2
    assert {"withdrawn", "transfer", "completed_diploma", None} <= set(
        made.tables["episode"]["exit_reason"].to_pylist()
    )
    assert {"login", "heartbeat", "submit"} <= verbs
    assert not calendar["open"].all()
    assert not calendar["feed_up"].all()
    assert made.tables["learner"]["low_income"].null_count > 0
    assert set(made.tables["evidence"]["level"].to_pylist()) == {1, 2, 3, 4}
    assert episodes["entry_date"].nunique() > 100
    assert len(set(made.tables["site"]["time_zone"].to_pylist())) > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learners": 0}, "learners=0 is not a whole number from 1"),
        ({"learners": 2.5}, "learners=2.5"),
        ({"programs": 0}, "programs=0"),
        ({"sites_per_program": 99}, "sites_per_program=99"),
        ({"seed": -1}, "seed=-1"),
        ({"days": 10}, "days=10 is not a whole number from 56"),
        ({"start": "soon"}, "start='soon' is not a date"),
        ({"start": dt.date(1900, 1, 1)}, "outside the years"),
    ],
)
def test_misuse_says_what_is_accepted(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        district(**arguments)  # type: ignore[arg-type]


def test_a_directory_that_holds_something_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an empty directory"):
        write_district(tmp_path, 10)
