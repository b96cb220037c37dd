"""Each rule fires on what it names and leaves alone what lies just beside it; both engines find the same."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
import pytest

from blended_standard.io import Submission
from blended_standard.model import RECORDS
from blended_standard.spec import load_standard
from blended_standard.validate import validate
from blended_standard.validate.row_rules import ROW_RULES
from blended_standard.validate.rules import RECORD_RULES

Rows = dict[str, list[dict[str, Any]]]

PLACES: Rows = {
    "program": [{"program_id": "p", "name": "Harbor", "time_zone": "America/New_York"}],
    "site": [{"site_id": "s", "program_id": "p", "name": "North"}],
    "learner": [{"learner_id": "l1"}, {"learner_id": "l2"}],
    "episode": [
        {"episode_id": "e1", "learner_id": "l1", "site_id": "s", "entry_date": "2025-09-01", "exit_date": "2026-01-31", "exit_reason": "withdrawn"},
        {"episode_id": "e2", "learner_id": "l2", "site_id": "s", "entry_date": "2025-09-01"},
    ],
    "competency": [{"competency_id": "c1", "title": "One"}, {"competency_id": "c2", "title": "Two"}],
    "framework": [],
    "proficiency_scale": [],
}  # fmt: skip

_COUNT = {"n": 0}


def one(table: str, **values: Any) -> Rows:
    """Return one row of a table; the required fields that are not given are filled in."""
    return {table: [_filled(table, values)]}


def several(table: str, *rows: dict[str, Any]) -> Rows:
    return {table: [_filled(table, values) for values in rows]}


def _filled(table: str, values: dict[str, Any]) -> dict[str, Any]:
    standard = load_standard()
    made: dict[str, Any] = {}
    for field in RECORDS[table].fields():
        if field.name in values or not field.required:
            continue
        if field.key and field.type == "text" and not field.refers_to:
            _COUNT["n"] += 1
            made[field.name] = f"k{_COUNT['n']}"
        elif field.refers_to:
            made[field.name] = {"episode": "e1", "competency": "c1", "learner": "l1", "site": "s", "program": "p"}.get(
                field.refers_to, "x"
            )
        elif field.codes:
            made[field.name] = standard.codes[field.codes].names()[-1]
        else:
            made[field.name] = {
                "text": "t",
                "integer": 1,
                "number": 1.0,
                "boolean": True,
                "date": "2025-10-01",
                "instant": "2025-10-01T12:00:00Z",
            }[field.type]
    return {**made, **values}


def episode(**values: Any) -> Rows:
    return {
        "episode": [*PLACES["episode"], _filled("episode", {"learner_id": "l3", **values})],
        "learner": [*PLACES["learner"], {"learner_id": "l3"}],
    }


def needs(received: str) -> Rows:
    return {
        **one("need", need_id="n", identified_date="2025-10-02"),
        **one("service", need_id="n", received_date=received),
    }


def plans(*rows: dict[str, Any]) -> Rows:
    return several("plan", *rows)


def parents(**of: str | None) -> Rows:
    return {"competency": [{"competency_id": name, "title": "t", "parent_id": parent} for name, parent in of.items()]}


def items(*competencies: str) -> Rows:
    return {
        **one("plan", plan_id="v1"),
        **several("plan_item", *({"plan_id": "v1", "competency_id": c} for c in competencies)),
    }


# code -> what breaks it, the row that does, and what lies just beside
CASES: dict[str, tuple[Rows, int, Rows]] = {
    "EPI-ORDER": (episode(exit_date="2025-09-30", entry_date="2025-10-01", exit_reason="withdrawn"), 3, episode(exit_date="2025-10-01", entry_date="2025-10-01", exit_reason="withdrawn")),
    "EPI-REASON": (episode(exit_date="2025-11-01"), 3, episode(exit_date="2025-11-01", exit_reason="transfer")),
    "EPI-NO-EXIT": (episode(exit_reason="transfer"), 3, episode()),
    "EPI-OVERLAP": (episode(learner_id="l1", entry_date="2026-01-30"), 3, episode(learner_id="l1", entry_date="2026-01-31")),
    "PAU-ORDER": (one("pause", start_date="2025-10-02", end_date="2025-10-01"), 1, one("pause", start_date="2025-10-02", end_date="2025-10-02")),
    "PAU-OUTSIDE": (one("pause", start_date="2025-08-31", end_date="2025-09-05"), 1, one("pause", start_date="2025-09-01", end_date="2026-01-31")),
    "PAU-OVERLAP": (
        several("pause", {"start_date": "2025-10-01", "end_date": "2025-10-05"}, {"start_date": "2025-10-05", "end_date": "2025-10-06"}), 2,
        several("pause", {"start_date": "2025-10-01", "end_date": "2025-10-05"}, {"start_date": "2025-10-06", "end_date": "2025-10-07"}),
    ),
    "STA-ORDER": (one("staff_role", start_date="2025-10-02", end_date="2025-10-01"), 1, one("staff_role", start_date="2025-10-02")),
    "PRA-ORDER": (one("practice", start_date="2025-10-02", end_date="2025-10-01"), 1, one("practice", start_date="2025-10-02", end_date="2025-10-02")),
    "COS-ORDER": (one("cost", start_date="2025-10-02", end_date="2025-10-01"), 1, one("cost", start_date="2025-10-02", end_date="2025-10-02")),
    "RFL-ORDER": (one("referral", reached_date="2025-10-02", intake_date="2025-10-01"), 1, one("referral", reached_date="2025-10-02", intake_date="2025-10-02")),
    "RFL-PLACED": (one("referral", reached_date="2025-10-01", intake_date="2025-10-03", placed_date="2025-10-02"), 1, one("referral", reached_date="2025-10-01", placed_date="2025-10-02")),
    "PSE-ORDER": (one("postsecondary_enrollment", start_date="2026-02-02", end_date="2026-02-01"), 1, one("postsecondary_enrollment", start_date="2026-02-02")),
    "CRD-ORDER": (one("credit", started_date="2025-10-02", date="2025-10-01"), 1, one("credit", started_date="2025-10-01", date="2025-10-01")),
    "CRD-DROPPED": (one("credit", started_date="2025-10-02", date="2025-10-02", dropped_date="2025-10-01"), 1, one("credit", started_date="2025-10-01", dropped_date="2025-10-01")),
    "CRD-BEFORE": (one("credit", date="2025-08-31"), 1, one("credit", date="2025-08-31", prior_learning=True)),
    "SUR-ITEMS": (one("survey_response", items_asked=4, items_answered=5), 1, one("survey_response", items_asked=4, items_answered=4)),
    "POP-SHARE": (one("population_estimate", youth=100.0, disconnected=101.0), 1, one("population_estimate", youth=100.0, disconnected=100.0)),
    # New York's midnight is 04:00 UTC in summer and 05:00 in winter.
    "EVI-BEFORE": (one("evidence", at="2025-09-01T03:59:59Z", kind="quiz", score=1), 1, one("evidence", at="2025-09-01T04:00:00Z", kind="quiz", score=1)),
    "EVI-AFTER": (one("evidence", at="2026-02-01T05:00:00Z", kind="quiz", score=1), 1, one("evidence", at="2026-02-01T04:59:59Z", kind="quiz", score=1)),
    "EVI-DUE": (one("evidence", due_date="2025-08-31", kind="quiz"), 1, one("evidence", due_date="2025-08-31", kind="carried_over")),
    "EVI-UNSCORED": (one("evidence", level=2), 1, one("evidence", level=1)),
    "ACT-OUTSIDE": (one("activity", at="2026-02-01T05:00:00Z"), 1, one("activity", at="2026-02-01T04:59:59Z")),
    "MAS-LEVEL": (one("mastery_decision", mastered=True, evidence_level=1), 1, one("mastery_decision", mastered=False, evidence_level=1)),
    "MAS-BEFORE": (one("mastery_decision", date="2025-08-31"), 1, one("mastery_decision", date="2025-08-31", prior_learning=True)),
    "OUT-BEFORE": (one("outcome", date="2025-08-31", kind="diploma"), 1, one("outcome", date="2025-09-01", kind="diploma")),
    "OUT-AFTER-WITHDRAWAL": (one("outcome", date="2026-02-01", kind="course_score"), 1, one("outcome", date="2026-01-31", kind="course_score")),
    "SVC-BEFORE": (needs("2025-10-01"), 1, needs("2025-10-02")),
    "PLN-VERSION": (plans({"version": 1}, {"version": 1}), 1, plans({"version": 1}, {"version": 2})),
    "PLN-ORDER": (plans({"version": 2, "made_date": "2025-10-01"}, {"version": 1, "made_date": "2025-10-02"}), 1, plans({"version": 2, "made_date": "2025-10-02"}, {"version": 1, "made_date": "2025-10-02"})),
    "PLN-BASELINE": (plans({"version": 1, "baseline": True}, {"version": 2, "baseline": True}), 1, plans({"version": 1, "baseline": True}, {"version": 2, "baseline": False})),
    "PLN-END": (plans({"made_date": "2025-10-02", "planned_end": "2025-10-01"}), 1, plans({"made_date": "2025-10-02", "planned_end": "2026-10-01"})),
    "PLI-TWICE": (items("c1", "c1"), 1, items("c1", "c2")),
    "FUP-QUARTER": (one("follow_up", quarter_start="2026-04-02"), 1, one("follow_up", quarter_start="2026-04-01")),
    "FUP-WINDOW": (one("follow_up", quarter_start="2026-01-01"), 1, one("follow_up", quarter_start="2026-04-01")),
    "FUP-OPEN": (one("follow_up", episode_id="e2", quarter_start="2026-04-01"), 1, one("follow_up", quarter_start="2026-04-01")),
    "FUP-TWICE": (
        several("follow_up", {"quarter_start": "2026-04-01"}, {"quarter_start": "2026-04-01"}), 1,
        several("follow_up", {"quarter_start": "2026-04-01"}, {"quarter_start": "2026-07-01"}),
    ),
    "HIE-CYCLE": (parents(c1="c2", c2="c3", c3="c1"), 1, parents(c1="c2", c2="c3", c3=None)),
    "IDS-TWIN": (several("learner", {"learner_id": "L1"}, {"learner_id": "l1"}, {"learner_id": "l2"}), 2, several("learner", {"learner_id": "l1"}, {"learner_id": "l2"})),
    "PRV-DIRECT": (episode(baseline_scale="write to jo.doe@example.org"), 3, episode(baseline_scale="scale@2")),
    "TIM-FUTURE": (one("outcome", kind="diploma", date="2026-07-02"), 1, one("outcome", kind="diploma", date="2026-07-01")),
    "FLD-RANGE": (one("evidence", score=1.0001), 1, one("evidence", score=1.0)),
    "FLD-ID": (several("learner", {"learner_id": "l1"}, {"learner_id": "l2"}, {"learner_id": "x "}), 3, several("learner", {"learner_id": "l1"}, {"learner_id": "l2"}, {"learner_id": "x y"})),
}  # fmt: skip


def submission(rows: Rows) -> Submission:
    tables = {}
    for name, entries in {**PLACES, **rows}.items():
        columns = {column: None for entry in entries for column in entry}
        tables[name] = {column: [entry.get(column) for entry in entries] for column in columns}
    return Submission.from_tables(
        {name: columns for name, columns in tables.items() if columns}, manifest={"as_of": "2026-06-30"}
    )


@pytest.mark.parametrize("code", CASES)
def test_a_rule_fires_on_what_it_names(code: str) -> None:
    broken, row, _ = CASES[code]
    found = validate(submission(broken), engine="polars").findings
    assert (code, row) in {(finding.code, finding.row) for finding in found}


def everything_broken() -> Submission:
    everything: Rows = {name: list(rows) for name, rows in PLACES.items()}
    for broken, _, _ in CASES.values():
        for name, rows in broken.items():
            everything.setdefault(name, []).extend(row for row in rows if row not in PLACES.get(name, []))
    return submission(everything)


def test_both_engines_find_the_same_where_everything_is_broken() -> None:
    reports = [validate(everything_broken(), engine=engine) for engine in ("duckdb", "polars")]
    assert reports[0] == reports[1]
    assert set(CASES) <= {finding.code for finding in reports[0].findings}


@pytest.mark.parametrize("code", CASES)
def test_a_rule_leaves_alone_what_lies_beside(code: str) -> None:
    _, _, sound = CASES[code]
    assert code not in {finding.code for finding in validate(submission(sound), engine="polars").findings}


def test_every_rule_across_records_has_a_case() -> None:
    assert {*ROW_RULES, *RECORD_RULES} <= set(CASES)


NEEDED = [(code, name) for code, rule in ROW_RULES.items() for name in sorted(rule.needs)]


@pytest.mark.parametrize(("code", "needed"), NEEDED, ids=map(" ".join, NEEDED))
def test_no_row_breaks_a_rule_that_lacks_what_it_needs(code: str, needed: str) -> None:
    random = np.random.default_rng(5)
    draws = {
        "text": lambda: random.choice(["quiz", "other"], 400),
        "boolean": lambda: random.random(400) < 0.5,
        "number": lambda: random.normal(size=400),
    }
    record = RECORDS[load_standard().rules[code].table or ""]
    columns = {field.name: draws.get(field.type, lambda: random.integers(0, 4, 400))() for field in record.fields()}
    columns |= {name: random.integers(0, 4, 400) for name in ("_entry", "_exit", "_starts", "_ends")}
    given = {name: pl.when(pl.Series(random.random(400) < 0.8)).then(pl.col(name)) for name in columns}
    frame = pl.DataFrame(columns).select(**given)
    kind = frame.schema[needed]
    broken = ROW_RULES[code].broken()
    assert nw.from_native(frame).filter(broken).shape[0] > 0
    assert nw.from_native(frame.with_columns(pl.lit(None, kind).alias(needed))).filter(broken).is_empty()


def test_every_rule_of_the_spec_is_bound() -> None:
    across = {rule.id for rule in load_standard().rules.values() if rule.scope == "record"}
    assert across == {*ROW_RULES, *RECORD_RULES}


def test_a_direct_identifier_is_found_and_never_shown() -> None:
    rows = several("learner", {"learner_id": "123-45-6789"}, {"learner_id": "l1"}, {"learner_id": "l2"})
    report = validate(submission({**rows, **one("outcome", kind="diploma", scale_id="jo@example.org")}))
    direct = [finding for finding in report.findings if finding.code == "PRV-DIRECT"]
    assert [(finding.table, finding.field) for finding in direct] == [
        ("learner", "learner_id"),
        ("outcome", "scale_id"),
    ]
    assert all(finding.redacted for finding in direct)
    assert "6789" not in str(report.to_dict())
    assert "example.org" not in str(report.to_dict())


def test_the_path_of_a_cycle_is_told() -> None:
    found = validate(submission(CASES["HIE-CYCLE"][0])).findings
    assert "c1 -> c2 -> c3 -> c1" in next(finding.detail for finding in found if finding.code == "HIE-CYCLE")


def test_a_code_that_the_profile_leaves_out_is_refused() -> None:
    import attrs

    standard = load_standard()
    narrow = attrs.evolve(standard.profiles["core"], codes={"exit_reason": ("transfer",)})
    standard = attrs.evolve(standard, profiles={**standard.profiles, "core": narrow})
    tables = {"episode": {"episode_id": ["e"], "learner_id": ["l"], "site_id": ["s"], "entry_date": ["2025-01-01"], "exit_date": ["2025-02-01"], "exit_reason": ["withdrawn"]}}  # fmt: skip
    found = validate(Submission.from_tables(tables, standard=standard)).findings
    assert any(finding.code == "FLD-CODE" and "transfer" in finding.detail for finding in found)


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("America/New_York", "2025-03-09", "2025-03-09T05:00:00Z"),  # the clock changes at 02:00
        ("America/New_York", "2025-03-10", "2025-03-10T04:00:00Z"),
        ("America/New_York", "2025-11-02", "2025-11-02T04:00:00Z"),
        ("America/New_York", "2025-11-03", "2025-11-03T05:00:00Z"),
        ("America/Santiago", "2025-09-07", "2025-09-07T04:00:00Z"),  # midnight is skipped
        ("America/Santiago", "2025-04-06", "2025-04-06T04:00:00Z"),  # the hour before midnight comes twice
        ("Asia/Kathmandu", "2025-09-07", "2025-09-06T18:15:00Z"),
    ],
)
def test_a_local_day_begins_when_the_clock_says(zone: str, day: str, first: str) -> None:
    import datetime as dt

    moment = dt.datetime.fromisoformat(first)
    before = (moment - dt.timedelta(seconds=1)).isoformat()
    tables = {
        **PLACES,
        "program": [{"program_id": "p", "name": "H", "time_zone": zone}],
        "episode": [{"episode_id": "e1", "learner_id": "l1", "site_id": "s", "entry_date": day}],
        "activity": [_filled("activity", {"at": before}), _filled("activity", {"at": first})],
    }
    found = validate(submission(tables)).findings
    assert [finding.row for finding in found if finding.code == "ACT-OUTSIDE"] == [1]
