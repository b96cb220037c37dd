"""xAPI and Caliper: presence never counts as work, withdrawn events leave, nobody is named, streams equal reads."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from blended_standard import adapters
from blended_standard.adapters._xapi_rules import problem_with
from blended_standard.errors import UnreadableInputError
from blended_standard.spec import load_standard
from tests.adapters.helpers import FIELD, HERE, KEY, assert_holds_none, codes, in_field, rows

LOG, ENVELOPE = HERE / "xapi/log.jsonl", HERE / "caliper/envelope.json"
PLANTED = ["zanzi", "quillf", "10.77.1.9", "mossbottom", "554433", "dev-"]
PRESENCE = {"login", "logout", "page_view", "heartbeat", "video_play", "download"}


def _read(name: str, source: Any, **options: Any) -> adapters.Import:
    return adapters.read(name, source, **{"key": KEY, "time_zone": "America/New_York", **options})


def _assert_streamed_alike(name: str, made: adapters.Import, events: list[Any], tmp_path: Path) -> None:
    """A stream in which each event comes twice writes every record of every table that a read makes, once."""
    log = tmp_path / "twice.jsonl"
    log.write_text("".join(json.dumps(event) + "\n" for event in [*events, *events]))
    adapters.stream(name, log, tmp_path / "streamed", key=KEY, time_zone="America/New_York")
    streamed = {file.stem: pq.read_table(file).to_pylist() for file in (tmp_path / "streamed").iterdir()}
    for table in {*streamed, *made.submission.tables}:
        assert _told(streamed.get(table, [])) == _told(rows(made, table))


def _told(listed: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return what rows say, but for local fields, in an order of their own."""
    plain = [{k: str(v) for k, v in row.items() if v is not None and k != "missing"} for row in listed]
    return sorted(plain, key=lambda row: sorted(row.items()))


@pytest.mark.parametrize("name", ["xapi", "caliper"])
def test_presence_never_maps_to_a_verb_that_qualifies(name: str) -> None:
    standard = load_standard()
    qualifying = standard.codes["verb"].names(qualifying=True)
    for listed in standard.adapters[name].vocabularies:
        for term in listed.terms:
            assert term.reason
            assert term.level is None or term.level <= 2
            if term.level == 0:
                assert term.code not in qualifying
            if any(word in term.term.lower() for word in ("log", "session", "launch", "view", "navigat", "initial")):
                assert term.code is None or term.code in PRESENCE
                assert (term.level or 0) <= 1


def test_statements_become_acts_and_evidence() -> None:
    made = _read("xapi", LOG)
    assert sorted(row["verb"] for row in rows(made, "activity")) == [
        "login",
        "page_view",
        "respond",
        "respond",
        "submit",
    ]
    scored = {row["form_id"]: row for row in rows(made, "evidence")}
    first = scored["https://lms.example/q/1"]
    assert (first["score"], first["level"], first["accepted"], first["xapi:duration_seconds"]) == (0.8, 2, True, 240.0)
    assert "score" not in scored["https://lms.example/q/2"]  # scaled runs from -1: no share without a declared scale
    assert scored["https://lms.example/q/2"]["xapi:scaled"] == -0.2
    assert scored["https://lms.example/au/1"]["score"] == 0.9  # cmi5 narrows scaled to 0 to 1


def test_voids_repeats_unknown_verbs_and_broken_lines_are_told() -> None:
    made = _read("xapi", LOG)
    assert made.voided == ("00000000-0000-4000-8000-000000000006",)
    assert {"ADP-VOIDED", "ADP-VOCABULARY", "JSN-INVALID"} <= codes(made)
    assert "the same event came before" in {loss.reason for loss in made.losses.records}


def test_attended_goes_to_legacy_attendance_alone_on_the_local_day() -> None:
    made = _read("xapi", LOG)
    assert [row["date"] for row in rows(made, "legacy_attendance")] == [dt.date(2025, 9, 17)]


def test_events_become_acts_and_a_grade_becomes_evidence_of_its_assignee() -> None:
    made = _read("caliper", ENVELOPE)
    assert sorted(row["verb"] for row in rows(made, "activity")) == ["login", "page_view", "submit"]
    grade = next(row for row in rows(made, "evidence") if row.get("score") is not None)
    assert (grade["score"], grade["level"], grade["attempt"]) == (0.7, 2, 2)
    assert grade["episode_id"] == rows(made, "activity")[0]["episode_id"]
    assert grade["at"] == dt.datetime(2025, 9, 10, 14, 30, tzinfo=dt.UTC)
    assert made.version == "1.2"


@pytest.mark.parametrize(("name", "source"), [("xapi", LOG), ("caliper", ENVELOPE)])
def test_nothing_that_names_a_person_is_written(name: str, source: Path, tmp_path: Path) -> None:
    assert_holds_none(_read(name, source), tmp_path, PLANTED)


def test_a_stream_holds_the_same_acts_as_a_read(tmp_path: Path) -> None:
    done = adapters.stream("xapi", LOG, tmp_path / "out", key=KEY)
    made = _read("xapi", LOG)
    for table, field in (("activity", "activity_id"), ("evidence", "evidence_id")):
        streamed = pq.read_table(tmp_path / f"out/{table}.parquet").to_pylist()
        assert [row[field] for row in streamed] == [row[field] for row in rows(made, table)]
        assert [row["episode_id"] for row in streamed] == [row["episode_id"] for row in rows(made, table)]
        assert [row["at"] for row in streamed] == [row["at"] for row in rows(made, table)]
    assert (done.withdrawn, done.repeated) == (1 + 1, 1 + 1)
    for file in (tmp_path / "out").iterdir():
        assert not [word for word in PLANTED if word.encode() in file.read_bytes().lower()]


def test_a_stream_on_two_processes_is_the_stream_on_one(tmp_path: Path) -> None:
    source = tmp_path / "log.jsonl"
    first = json.loads(LOG.read_text().split("\n")[1])
    with source.open("w") as out:
        for number in range(15_000):
            out.write(json.dumps(first | {"id": f"00000000-0000-4000-8000-{number:012d}"}) + "\n")
        # The first comes again, and the second is withdrawn: both stand in another chunk.
        out.write(json.dumps(first | {"id": f"00000000-0000-4000-8000-{0:012d}"}) + "\n")
        void = {"id": "http://adlnet.gov/expapi/verbs/voided"}
        target = {"objectType": "StatementRef", "id": f"00000000-0000-4000-8000-{1:012d}"}
        out.write(json.dumps({"actor": first["actor"], "verb": void, "object": target}) + "\n")
    made = [adapters.stream("xapi", source, tmp_path / f"{n}.parquet", key=KEY, processes=n) for n in (1, 2)]
    assert made[0].losses == made[1].losses
    assert (made[1].records, made[1].repeated, made[1].withdrawn) == (14_999, 1, 1)
    assert pq.read_table(tmp_path / "1.parquet") == pq.read_table(tmp_path / "2.parquet")


@in_field
@pytest.mark.parametrize("version", ["1_0_3", "2_0"])
def test_every_statement_of_the_conformance_templates_is_judged_right(version: str) -> None:
    wrong = []
    for line in (FIELD / f"xapi/lrs_v{version}.jsonl").open(encoding="utf-8"):
        vector = json.loads(line)
        if (problem_with(vector["document"]) is None) != (vector["expect"] == "valid"):
            wrong.append(vector["id"])
    assert wrong == []


def _event(number: int, kind: str, action: str, day: int, **parts: Any) -> dict[str, Any]:
    return {
        "@context": "http://purl.imsglobal.org/ctx/caliper/v1p2",
        "id": f"urn:uuid:00000000-0000-4000-9000-{number:012d}",
        "type": kind,
        "actor": {"id": "https://lms.example/users/zanzi-1", "type": "Person"},
        "action": action,
        "eventTime": f"2026-03-{day:02d}T10:00:00.000Z",
        **parts,
    }


def test_a_graded_or_skipped_item_is_an_answer_to_an_item_of_a_test(tmp_path: Path) -> None:
    test = {"id": "https://lms.example/test/1", "type": "Assessment"}
    item = {"id": "https://lms.example/test/1/item/3", "type": "AssessmentItem", "isPartOf": test, "maxScore": 2}
    attempt = {"id": "https://lms.example/a", "type": "Attempt", "assignee": "https://lms.example/users/zanzi-1"}
    graded = {"id": "https://lms.example/s", "type": "Score", "scoreGiven": 1.5, "maxScore": 2}
    events = [
        _event(1, "GradeEvent", "Graded", 2, object=attempt | {"assignable": item}, generated=graded),
        _event(2, "AssessmentItemEvent", "Skipped", 3, object=item),
        _event(3, "AssessmentItemEvent", "Completed", 4, object=item),  # an answer that nobody has scored yet
    ]
    (tmp_path / "log.json").write_text(json.dumps(events))
    made = _read("caliper", tmp_path / "log.json")
    assert [(row["at"].day, row.get("score")) for row in rows(made, "item_response")] == [(2, 1.5), (3, None)]
    assert [(row["item_id"], row["maximum_score"]) for row in rows(made, "item")] == [(item["id"], 2.0)]
    assert [row["instrument_id"] for row in rows(made, "instrument")] == [test["id"]]
    _assert_streamed_alike("caliper", made, events, tmp_path)
    assert_holds_none(made, tmp_path / "out", PLANTED)


def test_two_sides_of_a_thread_make_a_contact_and_one_makes_none(tmp_path: Path) -> None:
    def post(number: int, who: str, role: str, day: int, thread: str) -> dict[str, Any]:
        message = {"id": f"https://lms.example/m/{number}", "type": "Message", "body": "Zanzi?", "isPartOf": thread}
        actor = {"id": f"https://lms.example/users/{who}", "type": "Person"}
        return _event(number, "MessageEvent", "Posted", day, object=message, actor=actor, membership={"roles": [role]})

    help_, talk, late = (f"https://lms.example/thread/zanzi-{name}" for name in ("help", "talk", "late"))
    events = [
        post(1, "zanzi-1", "Learner", 2, help_),
        post(2, "quillf", "Mentor#Tutor", 3, help_),
        post(3, "zanzi-1", "Learner", 4, help_),
        post(4, "zanzi-1", "Learner", 2, talk),
        post(5, "zanzi-2", "Learner", 3, talk),
        post(6, "zanzi-1", "Learner", 2, late),
        post(7, "quillf", "Instructor", 28, late),
    ]
    (tmp_path / "log.json").write_text(json.dumps(events))
    made = _read("caliper", tmp_path / "log.json")
    turns = [(row["at"].day, row["direction"], row["channel"]) for row in rows(made, "contact")]
    assert turns == [
        (2, "learner_to_adult", "platform"),
        (3, "adult_to_learner", "platform"),
        (4, "learner_to_adult", "platform"),
    ]
    learner = rows(made, "activity")[0]["episode_id"]
    assert {row["episode_id"] for row in rows(made, "contact")} == {learner}
    _assert_streamed_alike("caliper", made, events, tmp_path)
    assert_holds_none(made, tmp_path / "out", PLANTED)


LIKERT = {"id": "https://lms.example/scale/1", "type": "LikertScale", "scalePoints": 4}
LIKERT |= {"itemLabels": ["Never", "Seldom", "Often", "Always"], "itemValues": ["-2", "-1", "1", "2"]}
NUMERIC = {"id": "https://lms.example/scale/2", "type": "NumericScale", "minValue": 1, "maxValue": 10, "step": 1}
ASKED = {"id": "https://lms.example/survey/1/form/2", "type": "Questionnaire", "name": "Belonging, spring"}


def _asked(number: int, action: str, chosen: Any, scale: Any, hour: int = 20, **parts: Any) -> dict[str, Any]:
    question = {"id": f"https://lms.example/q/{number}", "type": "RatingScaleQuestion", "scale": scale}
    item = {"id": f"https://lms.example/i/{number}", "type": "QuestionnaireItem", "isPartOf": ASKED}
    item |= {"question": question, "categories": ["belonging"], "weight": 1.0}
    response = {} if chosen is None else {"generated": {"type": "RatingScaleResponse", "selections": chosen}}
    made = _event(number, "QuestionnaireItemEvent", action, 2, object=item, **response, **parts)
    return made | {"eventTime": f"2026-03-02T{hour:02d}:00:00.000Z"}


def test_answers_to_a_survey_become_a_response_and_answers_to_its_items(tmp_path: Path) -> None:
    sent = ASKED | {"items": [{"id": f"https://lms.example/i/{n}", "type": "QuestionnaireItem"} for n in range(1, 9)]}
    events = [
        _asked(1, "Completed", ["1"], LIKERT),
        _asked(2, "Completed", ["Seldom"], LIKERT, membership={"roles": ["Learner"]}),
        _asked(3, "Completed", ["7"], NUMERIC),
        _asked(4, "Skipped", None, LIKERT),
        _asked(5, "Completed", ["Sometimes"], LIKERT),  # not a point of the scale
        _asked(6, "Completed", ["a", "b"], {"type": "MultiselectScale", "itemValues": ["a", "b"]}),
        _asked(7, "Completed", None, None),  # free text
        _event(8, "QuestionnaireEvent", "Started", 2, object=ASKED),
        _event(9, "QuestionnaireEvent", "Submitted", 2, object=sent) | {"eventTime": "2026-03-03T02:00:00.000Z"},
    ]
    (tmp_path / "log.json").write_text(json.dumps(events))
    made = _read("caliper", tmp_path / "log.json")
    assert [(row["item_id"][-1], row.get("score")) for row in rows(made, "item_response")] == [
        ("1", 2.0),
        ("2", 1.0),
        ("3", 6.0),
        ("4", None),
    ]
    items = {row["item_id"][-1]: (row["maximum_score"], row["subscale"]) for row in rows(made, "item")}
    assert items == {key: (9.0 if key == "3" else 3.0, "belonging") for key in "12345"}
    (instrument,) = rows(made, "instrument")
    assert (instrument["title"], instrument["kind"]) == (ASKED["name"], "questionnaire")
    (response,) = rows(made, "survey_response")
    # Sent in after midnight of UTC, which is the evening of the same day there.
    assert (str(response["date"]), response["status"], response["respondent"]) == ("2026-03-02", "answered", "learner")
    assert (response["items_asked"], response["items_answered"], response.get("score")) == (8, 6, None)
    assert response["instrument_id"] == ASKED["id"]
    assert not rows(made, "activity")
    assert not rows(made, "evidence")
    _assert_streamed_alike("caliper", made, events, tmp_path)
    assert_holds_none(made, tmp_path / "out", PLANTED)


def test_a_survey_that_is_refused_or_answered_twice_is_told_apart_and_adults_are_left_out(tmp_path: Path) -> None:
    survey = {"id": "https://lms.example/survey/1", "type": "Survey"}
    invitation = {"id": "https://lms.example/survey/1/i/zanzi-1", "type": "SurveyInvitation", "survey": survey}
    events = [
        _event(1, "SurveyInvitationEvent", "Sent", 1, object=invitation),
        _event(2, "SurveyInvitationEvent", "Declined", 2, object=invitation),
        _event(3, "SurveyEvent", "OptedOut", 9, object=survey),
        _event(4, "QuestionnaireEvent", "Submitted", 12, object=ASKED),
        _event(5, "QuestionnaireEvent", "Submitted", 20, object=ASKED["id"]),
        _event(6, "QuestionnaireEvent", "Submitted", 20, object=ASKED, membership={"roles": ["Instructor"]}),
        _asked(7, "Skipped", None, LIKERT, hour=1),
        _event(8, "QuestionnaireItemEvent", "Completed", 25, object={"id": "https://lms.example/i/9"}),
    ]
    (tmp_path / "log.json").write_text(json.dumps(events))
    made = _read("caliper", tmp_path / "log.json")
    found = [(row["date"].day, row["status"], row.get("instrument_id")) for row in rows(made, "survey_response")]
    assert sorted(found, key=lambda each: each[0]) == [
        (2, "refused", survey["id"]),
        (9, "refused", survey["id"]),
        (12, "answered", ASKED["id"]),
        (20, "answered", ASKED["id"]),
        (25, "answered", None),
    ]
    assert {loss.reason: loss.count for loss in made.losses.records} == {
        "The act of whoever asks.": 1,
        "an answer of an adult, who has no episode": 1,
    }
    _assert_streamed_alike("caliper", made, events, tmp_path)
    assert_holds_none(made, tmp_path / "out", PLANTED)


def test_a_test_and_its_items_are_described_and_other_things_are_left_out_by_their_type(tmp_path: Path) -> None:
    test = {"id": "https://lms.example/test/1", "type": "Assessment"}
    item = {"id": "https://lms.example/test/1/item/3", "type": "AssessmentItem", "isPartOf": test}
    described = [
        {"@context": "http://purl.imsglobal.org/ctx/caliper/v1p2", **item, "maxScore": 2},
        test | {"name": "Quiz one", "version": "1.0", "maxScore": 15},
        {"id": "https://lms.example/users/zanzi-1", "type": "Person", "name": "Zanzibara"},
        {"id": "https://lms.example/x", "type": "Hologram"},
    ]
    events = [_event(1, "AssessmentItemEvent", "Skipped", 3, object=item), *described]
    # The same thing described again, with more to say, is no conflict.
    events.append(test | {"name": "Quiz one", "dateModified": "x"})
    (tmp_path / "log.json").write_text(json.dumps(events))
    made = _read("caliper", tmp_path / "log.json")
    assert [(row["title"], row.get("version")) for row in rows(made, "instrument")] == [("Quiz one", "1.0")]
    assert [(row["item_id"], row["maximum_score"]) for row in rows(made, "item")] == [(item["id"], 2.0)]
    assert {loss.reason for loss in made.losses.records} == {
        "A person alone; learners come from a roster.",
        "describes a thing of a type that the map does not know",
    }
    assert "ADP-CONFLICT" not in codes(made)
    _assert_streamed_alike("caliper", made, events, tmp_path)
    assert_holds_none(made, tmp_path / "out", PLANTED)


def test_events_as_platforms_send_them_are_read(tmp_path: Path) -> None:
    """A bare UUID and a highest score of 0 (Blackboard), and an attempt in the place of the work (Canvas)."""
    who = {"id": "https://lms.example/users/zanzi-1", "type": "Person"}
    quiz = {"id": "https://lms.example/quiz/1", "type": "Assessment"}
    attempt = {"id": "https://lms.example/users/zanzi-1/a/3", "type": "Attempt", "assignee": who, "count": 3}
    score = {"id": "https://lms.example/s", "type": "Score", "scoreGiven": 40, "maxScore": 0}
    graded = _event(1, "GradeEvent", "Graded", 2, object=attempt | {"assignable": quiz | {"maxScore": 160}})
    events = [
        graded | {"id": graded["id"].removeprefix("urn:uuid:"), "generated": score},
        _event(2, "AssessmentEvent", "Submitted", 2, object=attempt | {"assignable": quiz}),
        _event(3, "AssessmentEvent", "Submitted", 2, object=quiz) | {"eventTime": "2026-03-02 10:00"},
        _event(
            4, "AssessmentEvent", "Submitted", 2, object=quiz, actor={"id": "http://purl.imsglobal.org/caliper/Person"}
        ),
    ]
    (tmp_path / "log.json").write_text(json.dumps(events))
    made = _read("caliper", tmp_path / "log.json")
    evidence = [(row.get("score"), row["attempt"], row["form_id"]) for row in rows(made, "evidence")]
    assert evidence == [(0.25, 3, quiz["id"]), (None, 3, quiz["id"])]
    assert [row["object_id"] for row in rows(made, "activity")] == [quiz["id"]]
    found = {(finding.code, finding.field): finding for finding in made.findings}
    assert ("ADP-VALUE", "id") in found
    assert {loss.reason for loss in made.losses.records} >= {"an anonymous actor, who may be anybody"}
    assert "ISO 8601 with an offset" in str(found["ADP-INVALID", "eventTime"])
    assert_holds_none(made, tmp_path / "out", PLANTED)


@in_field
def test_documents_of_the_field_are_read_and_version_one_is_refused_by_name() -> None:
    for name, folder in (("xapi", "xapi/openedx"), ("caliper", "caliper/v1p1"), ("caliper", "caliper/openedx")):
        made = _read(name, FIELD / folder)
        assert rows(made, "activity")
        assert all(row.get("level", 0) <= 2 for row in rows(made, "evidence"))
    with pytest.raises(UnreadableInputError, match=r"Caliper 1\.0"):
        _read("caliper", FIELD / "caliper/v1p0")
