"""Each kind of change to the standard is judged, and a submission moves from one version to the next."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.io import Submission, migrate
from blended_standard.spec import diff, read_version, spec_directory
from blended_standard.validate import validate

NOW = read_version()
OLD = spec_directory() / "versions" / "0.0.9.json"


def entry(data: Any, part: str, name: str) -> Any:
    return next(e for e in data[part] if e.get("id", e.get("record")) == name)


def field(data: Any, table: str, name: str) -> Any:
    return next(f for f in entry(data, "records", table)["fields"] if f["name"] == name)


CHANGES: dict[str, tuple[Callable[[Any], object], str, str]] = {
    "a field goes": (lambda d: entry(d, "records", "episode")["fields"].pop(), "breaking", "removed"),
    "an optional field comes": (lambda d: entry(d, "records", "episode")["fields"].append({"name": "x", "type": "text"}), "additive", "added"),
    "a required field comes": (lambda d: entry(d, "records", "episode")["fields"].append({"name": "x", "required": True}), "breaking", "added"),
    "a field becomes required": (lambda d: field(d, "episode", "exit_date").update(required=True), "breaking", "added"),
    "a field is no longer required": (lambda d: field(d, "episode", "entry_date").pop("required"), "additive", "removed"),
    "a type changes": (lambda d: field(d, "episode", "exit_date").update(type="text"), "breaking", "changed"),
    "a unit changes": (lambda d: field(d, "learner", "entry_gap_days").update(unit="weeks"), "breaking", "changed"),
    "a range narrows": (lambda d: field(d, "episode", "entry_grade").update(maximum=12), "breaking", "changed"),
    "a range widens": (lambda d: field(d, "episode", "entry_grade").update(maximum=14), "additive", "changed"),
    "a meaning is reworded": (lambda d: field(d, "episode", "exit_date").update(meaning="x"), "editorial", "changed"),
    "a counterpart comes": (lambda d: field(d, "episode", "entry_date")["counterparts"].update(X="y"), "editorial", "added"),
    "an adapter drops what it mapped": (lambda d: entry(d, "adapters", "case")["fields"][0].update(fate="dropped"), "breaking", "changed"),
    "a rule pack comes": (lambda d: d["bridges"].append({"id": "BR-99"}), "additive", "added"),
    "a code goes": (lambda d: entry(d, "codes", "gender")["codes"].pop(), "breaking", "removed"),
    "a code comes": (lambda d: entry(d, "codes", "gender")["codes"].append({"code": "x", "meaning": "x"}), "additive", "added"),
    "the facts of a code change": (lambda d: entry(d, "codes", "verb")["codes"][0].update(qualifying="x"), "breaking", "changed"),
    "a default changes": (lambda d: entry(d, "measures", "ENG-01")["parameters"]["minimum_weeks"].update(default=5), "breaking", "changed"),
    "a denominator changes": (lambda d: entry(d, "measures", "ENG-01").update(denominator="x"), "breaking", "changed"),
    "a question is reworded": (lambda d: entry(d, "measures", "ENG-01").update(question="x"), "editorial", "changed"),
    "a measure goes": (lambda d: d["measures"].pop(), "breaking", "removed"),
    "a rule grows milder": (lambda d: entry(d, "rules", "FLD-CODE").update(severity="warning"), "additive", "changed"),
    "a rule grows stricter": (lambda d: entry(d, "rules", "FLD-UNKNOWN").update(severity="error"), "breaking", "changed"),
    "a rule for errors comes": (lambda d: d["rules"].append({"id": "X-Y", "severity": "error"}), "breaking", "added"),
    "a rule for notes comes": (lambda d: d["rules"].append({"id": "X-Y", "severity": "note"}), "additive", "added"),
    "a rule binds one class more": (lambda d: entry(d, "rules", "FLD-CODE")["classes"].append("comparer"), "breaking", "changed"),
    "a rule binds one class less": (lambda d: entry(d, "rules", "FLD-CODE")["classes"].pop(), "additive", "changed"),
    "a profile asks for more tables": (lambda d: entry(d, "profiles", "core")["required_tables"].append("plan"), "breaking", "changed"),
    "a profile asks for fewer tables": (lambda d: entry(d, "profiles", "core")["required_tables"].pop(), "additive", "changed"),
    "a profile closes a table": (lambda d: entry(d, "profiles", "harbor-program")["closed_tables"].append("plan"), "breaking", "changed"),
    "a profile opens a table": (lambda d: entry(d, "profiles", "harbor-program")["closed_tables"].pop(), "additive", "changed"),
    "a profile raises a severity": (lambda d: entry(d, "profiles", "harbor-program")["severities"].update({"EPI-OVERLAP": "error"}), "breaking", "changed"),
    "a profile lowers a severity": (lambda d: entry(d, "profiles", "harbor-program")["severities"].update({"TIM-FUTURE": "warning"}), "additive", "changed"),
    "a profile lists a missing value": (lambda d: entry(d, "profiles", "harbor-program")["missing_values"].update({"?": "lost"}), "breaking", "added"),
    "a rule is left to profiles": (lambda d: entry(d, "rules", "PAU-OVERLAP").update(lowest_severity="warning"), "additive", "added"),
    "a profile asks for fewer measures": (lambda d: entry(d, "profiles", "core")["measures"].pop(), "breaking", "changed"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_each_kind_of_change_is_judged(case: str) -> None:
    change, kind, what = CHANGES[case]
    data = copy.deepcopy(NOW)
    change(data)
    found = diff(NOW, data)
    assert [(c.kind, c.what) for c in found.changes] == [(kind, what)]
    assert found.kind == kind


def test_order_is_no_change() -> None:
    data = copy.deepcopy(NOW)
    for part in ("codes", "rules", "measures", "records"):
        data[part].reverse()
    data["codes"][0]["codes"].reverse()
    assert diff(NOW, data).changes == ()


def test_the_directory_is_the_installed_version() -> None:
    assert diff(spec_directory()).changes == ()


def test_a_version_that_is_not_there() -> None:
    with pytest.raises(UnreadableInputError, match="nowhere"):
        diff("nowhere")


def old_submission(**manifest: Any) -> Submission:
    tables = {"learner": {"learner_id": ["a", "b", "c"], "sex": ["F", "M", None], "wa:x": ["1", None, None]}}
    tables["learner"]["missing"] = [None, None, {"sex": "lost"}]
    return Submission.from_tables(tables, manifest={"standard": "0.0.9", **manifest})


def test_a_submission_of_the_older_draft_is_migrated() -> None:
    made = migrate(old_submission())
    assert made.manifest.standard == made.standard.version
    learners = list(made.records("learner"))
    assert [learner.gender for learner in learners] == ["female", "male", None]  # type: ignore[attr-defined]
    assert learners[0].extra == {"wa:x": "1"}
    assert learners[2].missing == {"gender": "lost"}
    assert not [finding for finding in made.found.findings() if finding.field == "sex"]
    assert "FLD-CODE" not in {finding.code for finding in validate(made).findings}
    assert migrate(made).tables == made.tables


def test_going_back_is_refused_and_says_what_would_be_lost() -> None:
    with pytest.raises(UsageError, match=r"older than 0\.1\.0.*It would lose: learner\.has_contact_details"):
        migrate(migrate(old_submission()), to="0.0.9")
    with pytest.raises(UsageError, match=r"there is no way from 0\.0\.9"):
        migrate(old_submission(), to="9.9.9")
