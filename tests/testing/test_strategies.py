"""Strategies draw what is sound, and faults are found wherever they are planted."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from blended_standard.errors import UsageError
from blended_standard.io import Submission
from blended_standard.model import RECORDS, Record
from blended_standard.spec import load_standard
from blended_standard.testing import corrupted, district, fault_codes, plant, records, submissions, to_tables
from blended_standard.testing.faults import Corrupted
from blended_standard.validate import validate

SETTINGS = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking a whole submission takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SMALL = district(6, seed=9, days=120)


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
@given(submission=submissions())
@SETTINGS
def test_drawn_submissions_break_no_rule_of_field_key_or_reference(engine: str, submission: Submission) -> None:
    """Records are sound one by one and refer to each other; whether dates make a story is not drawn."""
    rules = submission.standard.rules
    report = validate(submission, engine=engine)
    of_one_record = [f for f in report.findings if rules[f.code].scope != "record" and f.code != "TIM-FUTURE"]
    assert of_one_record == []
    assert submission.manifest.synthetic


@pytest.mark.parametrize("table", list(RECORDS))
@given(data=st.data())
@settings(SETTINGS, max_examples=6)
def test_drawn_records_are_of_their_class_and_say_why_a_value_is_missing(table: str, data: st.DataObject) -> None:
    record: Record = data.draw(records(table))
    assert isinstance(record, RECORDS[table])
    assert all(getattr(record, name) is None for name in record.missing)
    assert all(":" in name for name in record.extra)


def test_fields_can_be_fixed_or_given_a_strategy() -> None:
    @given(record=records("outcome", kind="diploma", value=st.floats(0, 1)))
    @SETTINGS
    def check(record: Any) -> None:
        assert record.kind == "diploma"
        assert 0 <= record.value <= 1

    check()


@given(broken=corrupted(SMALL))
@SETTINGS
def test_a_drawn_fault_is_found(broken: Corrupted) -> None:
    found = {(f.code, f.table, f.field) for f in validate(broken.submission, engine="polars").findings}
    assert (broken.code, broken.table, broken.field) in found


def test_the_submission_itself_is_left_alone() -> None:
    before = {name: table.to_pydict() for name, table in SMALL.tables.items()}
    for code in fault_codes():
        plant(SMALL, code)
    assert before == {name: table.to_pydict() for name, table in SMALL.tables.items()}


def test_what_has_no_row_for_a_fault_gives_none() -> None:
    empty = Submission.from_tables({"program": {"program_id": ["p"], "name": ["P"], "time_zone": ["UTC"]}})
    assert plant(empty, "EPI-ORDER") is None
    assert plant(empty, "PAU-ORDER") is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: records("planet"), "table='planet' is not a table"),
        (lambda: records("site", color="red"), "site has no field 'color'"),
        (lambda: submissions(learners=0), "learners=0"),
        (lambda: plant(SMALL, "NO-SUCH"), "code='NO-SUCH' is not a fault"),
    ],
)
def test_misuse_says_what_is_accepted(call: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()


def test_records_become_columns() -> None:
    site = RECORDS["site"](site_id="s", program_id="p", name="S", extra={"wa:x": "1"}, missing={"time_zone": "lost"})  # type: ignore[call-arg]
    made = to_tables({"site": [site]})["site"]
    assert (made["site_id"], made["wa:x"], made["missing"]) == (["s"], ["1"], [{"time_zone": "lost"}])


def test_without_hypothesis_the_message_names_the_extra() -> None:
    script = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import blended_standard.testing as t\n"
        "from blended_standard.errors import MissingExtraError\n"
        "t.district, t.plant\n"
        "try:\n    t.records\nexcept MissingExtraError as error:\n    print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": "src"}, check=True
    )
    assert 'pip install "blended-standard[testing]"' in ran.stdout


def test_the_model_and_bulk_validation_accept_the_same_numbers() -> None:
    episode = {"episode_id": "e", "learner_id": "l", "site_id": "s", "entry_date": dt.date(2025, 1, 1)}
    learner = {"learner_id": "l"}
    site = {"site_id": "s", "program_id": "p", "name": "S"}
    program = {"program_id": "p", "name": "P", "time_zone": "UTC"}
    cost = {"cost_id": "c", "program_id": "p", "start_date": dt.date(2025, 1, 1), "end_date": dt.date(2025, 1, 1)}
    cost |= {"category": load_standard().codes["cost_category"].names()[0], "amount": 1e308}
    rows = {"program": program, "site": site, "learner": learner, "episode": episode, "cost": cost}
    made = {table: [RECORDS[table](**values)] for table, values in rows.items()}  # type: ignore[arg-type]
    assert validate(Submission.from_tables(to_tables(made)), engine="polars").findings == ()
