"""Records from JSON and back: two routes that agree on every input, and words for what they refuse."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import unittest.mock
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blended_standard.errors import ModelError, UsageError
from blended_standard.io import (
    RefusedRecordsError,
    Submission,
    codec,
    read_records,
    read_submission,
    structure,
    write_records,
)
from blended_standard.io.fast import fast_decoder
from blended_standard.model import RECORDS, Episode, Missing, Record
from blended_standard.model.fields import _accepts, check, problem_with
from blended_standard.testing import strategies

SLOW = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
SOUND = {"episode_id": "e", "learner_id": "l", "site_id": "s", "entry_date": "2025-01-05"}


def outcome(content: bytes, table: str, route: Any) -> Any:
    """Return what a route makes of the input: records with their exact types, or the words of the refusal."""
    try:
        return [repr(record) for record in read_records(content, table, route=route)]
    except RefusedRecordsError as error:
        return str(error)


ODD = st.sampled_from(
    [
        *[None, "", " x", "x ", "x" * 257, True, "true", "12", [], {}, {"exit_date": "lost"}, {"exit_date": "gone"}],
        *[0, -1, 12, 12.0, -0.0, 1e300, 2**53 + 1, 2**63, -(2**63), 10**400],
        *["2025-02-30", "2025-02-28", "1899-12-31", "２025-01-01", "2025-01-01T00:00:00Z", "2025-01-01t00:00:00z"],
        *["2025-01-01 10:00+0530", "2025-01-01T23:59:60Z", "2025-01-01T00:00:00.1234567Z", "0001-01-01T00:00+14:00"],
        *[{"x": 1}, '":null', 'a" : "b', "\\", '":', "é", "\ud800", "\x00"],
    ]
)


@st.composite
def inputs(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw JSON Lines near sound records: odd values, unknown keys, keys twice, odd spacing, two objects on a line."""
    table = draw(st.sampled_from(["episode", "activity", "contact", "item_parameter", "credit"]))
    lines = []
    for record in draw(st.lists(strategies.records(table), min_size=1, max_size=3)):
        line = write_records([record], route=draw(st.sampled_from(["fast", "detailed"]))).decode().rstrip("\n")
        values = json.loads(line)
        if draw(st.booleans()):
            names = [field.name for field in RECORDS[table].fields()]
            name = draw(st.sampled_from([*names, "missing", "extra", "wa:x", "x"]))
            values[name] = draw(ODD)
            separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :"), (",", ":  "), (",\t", ":\t")]))
            line = json.dumps(values, ensure_ascii=draw(st.booleans()), separators=separators)
            if draw(st.integers(0, 3)) == 0:
                again = json.dumps({name: draw(ODD)}, separators=separators)[1:]
                line = line[:-1] + "," + again
        lines.append(line)
    text = draw(st.sampled_from(["\n", "\n\n", "\r\n", " \n", ""])).join(lines)
    wrapped = draw(st.sampled_from([text, text, text + "\n", "[" + ",".join(lines) + "]", "\ufeff" + text, text[:-1]]))
    return table, wrapped.encode("utf-8", "surrogatepass")


@SLOW
@given(inputs())
def test_the_routes_agree_on_every_input(drawn: tuple[str, bytes]) -> None:
    table, content = drawn
    detailed = outcome(content, table, "detailed")
    assert outcome(content, table, "fast") == detailed
    with unittest.mock.patch.object(codec, "_plain", return_value=int):  # cattrs alone: the plain filler refuses all
        assert outcome(content, table, "detailed") == detailed


def test_a_batch_that_writes_null_stays_on_the_fast_route() -> None:
    written = json.dumps({**SOUND, "exit_date": None, "missing": None}).encode()
    made = fast_decoder("episode").lines(written)
    assert made == [Episode(**{**SOUND, "entry_date": dt.date(2025, 1, 5)})]  # type: ignore[arg-type]
    assert fast_decoder("episode").lines(written[:-1] + b', "exit_date": "2025-02-01"}') is None


@pytest.mark.parametrize("table", RECORDS)
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_record_comes_back_the_same(table: str, data: st.DataObject) -> None:
    made = [data.draw(strategies.records(table))]
    for route in ("fast", "detailed"):
        assert read_records(write_records(made, route=route), table, route=route) == made  # type: ignore[arg-type]
    again = Submission.from_records(made)
    assert list(again.records(table)) == made


@pytest.mark.parametrize("table", RECORDS)
def test_the_fast_route_itself_takes_sound_records(table: str) -> None:
    """Guard against a fast route that always falls back."""
    minimal = {field.name: sound(field.type, field.minimum) for field in RECORDS[table].fields() if field.required}
    made = fast_decoder(table).lines(json.dumps(minimal).encode())
    assert made is not None
    assert type(made[0]) is RECORDS[table]
    assert made == read_records(json.dumps(minimal).encode(), table, route="detailed")
    assert pickle.loads(pickle.dumps(made)) == made
    with pytest.raises(AttributeError):
        made[0].missing = {}  # type: ignore[misc]


def sound(kind: str, minimum: float | None) -> object:
    number = 1 if minimum is None else max(minimum, 1)
    kinds = {"text": "x", "boolean": True, "date": "2025-01-05", "instant": "2025-01-05T10:00:00Z"}
    return kinds.get(kind, int(number))


@SLOW
@given(data=st.data())
def test_the_compiled_check_accepts_nothing_that_a_field_refuses(data: st.DataObject) -> None:
    record = RECORDS[data.draw(st.sampled_from(list(RECORDS)))]
    made = data.draw(strategies.records(record.table))
    field = data.draw(st.sampled_from(record.fields()))
    value = data.draw(ODD | strategies.values(field))
    changed = object.__new__(record)
    for spec in record.fields():
        object.__setattr__(changed, spec.name, getattr(made, spec.name))
    object.__setattr__(changed, "missing", {})
    object.__setattr__(changed, "extra", {})
    object.__setattr__(changed, field.name, value)
    refused = field.required if value is None else problem_with(field, value) is not None
    if refused:
        assert not _accepts(record)(changed)
        with pytest.raises(ModelError):
            check(changed)
    else:
        check(changed)


REFUSALS: dict[str, tuple[dict[str, Any] | bytes, str]] = {
    "required": ({**SOUND, "site_id": None}, r"episode record 1 \(line 1\), site_id: this field is required"),
    "absent": (
        {"episode_id": "e", "learner_id": "l", "site_id": "s"},
        "entry_date: this field is required. Accepted: a date",
    ),
    "type": ({**SOUND, "entry_grade": "9"}, "entry_grade: '9' is not accepted. Accepted: a whole number such as 12."),
    "identifying": ({**SOUND, "learner_id": 7}, "learner_id: the value given is not accepted. Accepted: text."),
    "range": ({**SOUND, "entry_grade": 14}, "entry_grade: 14 is above 13"),
    "order": ({**SOUND, "exit_date": "2025-01-04"}, "exit_date: 2025-01-04 lies before entry_date"),
    "reason": ({**SOUND, "missing": {"exit_date": "gone"}}, "missing: .*Accepted: not_collected"),
    "twice": (b'{"episode_id":"e","episode_id":"f"}', "not JSON that can be read .*stands twice"),
    "not an object": (b"[7]", "this is a int. Accepted: a JSON object"),
    "not JSON": (b"{", "not JSON that can be read"),
}


@pytest.mark.parametrize("route", ["fast", "detailed"])
@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_says_where_what_and_what_is_accepted(case: str, route: Any) -> None:
    given_, words = REFUSALS[case]
    content = given_ if isinstance(given_, bytes) else json.dumps(given_).encode()
    with pytest.raises(RefusedRecordsError, match=words) as refused:
        read_records(content, "episode", route=route)
    assert pickle.loads(pickle.dumps(refused.value)).problems == refused.value.problems


def test_every_problem_of_every_record_is_counted() -> None:
    rows = [{**SOUND, "entry_grade": "x", "prior_episodes": -1.5} for _ in range(150)]
    with pytest.raises(RefusedRecordsError) as refused:
        read_records("\n".join(map(json.dumps, [SOUND, *rows])).encode(), "episode")
    assert refused.value.count == 300
    assert len(refused.value.problems) == 100
    assert refused.value.problems[0].record == 2
    assert "... and 280 more" in str(refused.value)


def test_local_fields_and_reasons_are_kept_untouched() -> None:
    given_ = {**SOUND, "wa:district": {"code": [1, "x"]}, "missing": {"exit_date": "not_yet_observable"}}
    made = structure(given_, "episode")
    assert made.extra == {"wa:district": {"code": [1, "x"]}}
    assert made.missing == {"exit_date": Missing.NOT_YET_OBSERVABLE}
    assert json.loads(write_records([made])) == given_


def test_a_local_field_may_not_take_the_name_of_a_field() -> None:
    made: Record = structure(SOUND, "episode")
    with pytest.raises(ModelError, match="'site_id' is a field of it"):
        Episode(**{field.name: getattr(made, field.name) for field in made.fields()}, extra={"site_id": "t"})


def test_misuse() -> None:
    with pytest.raises(UsageError, match="'moon' is not a table"):
        read_records(b"", "moon")
    with pytest.raises(UsageError, match="route='slow' is not one of"):
        read_records(b"", "episode", route="slow")  # type: ignore[arg-type]
    sub = Submission.from_tables({"episode": {"episode_id": ["e"], "learner_id": ["l"]}})
    with pytest.raises(RefusedRecordsError, match=r"episode record 1: Episode\.site_id is required"):
        list(sub.records("episode"))
    assert list(sub.records("credit")) == []


def test_a_number_in_quotes_is_text_in_json_and_a_number_in_csv(tmp_path: Path) -> None:
    (tmp_path / "episode.jsonl").write_text(json.dumps({**SOUND, "entry_grade": "9"}))
    found = read_submission(tmp_path).found.findings()
    assert [(finding.code, finding.field) for finding in found if finding.code == "FLD-TYPE"] == [
        ("FLD-TYPE", "entry_grade")
    ]
    (tmp_path / "episode.jsonl").unlink()
    names, values = zip(*{**SOUND, "entry_grade": "9"}.items(), strict=True)
    (tmp_path / "episode.csv").write_text(f"{','.join(names)}\n{','.join(values)}\n")
    assert [episode.entry_grade for episode in read_submission(tmp_path).records("episode")] == [9]  # type: ignore[attr-defined]
