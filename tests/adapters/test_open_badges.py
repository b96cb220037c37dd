"""Badges and learner records: unsigned stays a fact, alignment to CASE decides, the round trip is equal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.adapters._badge_rules import badge_problem, envelope_problem
from blended_standard.adapters.combine import rows_of
from blended_standard.errors import UnreadableInputError
from blended_standard.io import Submission
from tests.adapters.helpers import FIELD, KEY, assert_holds_none, codes, in_field, rows

ITEM = "6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c01"
LEARNER = KEY.pseudonym("4711", table="learner", field="learner_id")


def _badge(**subject: Any) -> dict[str, Any]:
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "https://issuer.example/badges/zanzibara",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Badge of Zanzibara",
        "issuer": {"id": "https://issuer.example", "type": ["Profile"], "name": "Valley", "email": "zanzi@x.example"},
        "validFrom": "2026-01-15T00:00:00Z",
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {"type": "IdentityObject", "identityHash": "zanzi@x.example", "identityType": "emailAddress"}
            ],
            "narrative": "Zanzibara did it",
            "achievement": {
                "id": "urn:x:1",
                "type": ["Achievement"],
                "name": "Welding",
                "achievementType": "Certification",
            },
            **subject,
        },
        "evidence": [{"id": "https://issuer.example/zanzibara.pdf", "type": ["Evidence"]}],
        "x_extension": {"ip": "10.77.1.9", "mail": "zanzi@x.example"},
    }


def _read(path: Path) -> adapters.Import:
    return adapters.read("open_badges", path, key=KEY)


def test_a_badge_becomes_a_credential_whose_signature_was_not_checked(tmp_path: Path) -> None:
    (tmp_path / "badge.json").write_text(json.dumps(_badge()))
    made = _read(tmp_path / "badge.json")
    (row,) = rows(made, "credential")
    assert (row["kind"], row["title"], row["issuer"]) == ("industry_certification", "Welding", "Valley")
    assert (row["open_badges:proof"], row["open_badges:status"]) == ("none", "none")
    assert "recognized" not in row
    assert "ADP-NOT-CHECKED" in codes(made)
    assert_holds_none(
        made, tmp_path / "out" if (tmp_path / "out").mkdir() is None else tmp_path, ["zanzi", "10.77.1.9"]
    )


def test_decisions_go_out_and_come_back_equal(tmp_path: Path) -> None:
    decision = {
        "decision_id": ["d1", "d2", "d3"],
        "episode_id": [LEARNER] * 3,
        "competency_id": [ITEM] * 3,
        "date": ["2026-01-15", "2026-02-15", "2026-03-15"],
        "mastered": [True, True, False],
        "evidence_level": [2, 4, 2],
    }
    done = adapters.write("clr", Submission.from_tables({"mastery_decision": decision}), tmp_path / "out")
    assert done.documents == 2
    assert sum(loss.count for loss in done.losses.records) == 1
    again = _read(tmp_path / "out")
    assert again.version == "CLR 2.0"
    back = rows(again, "mastery_decision")
    assert [(row["decision_id"], row["episode_id"], row["competency_id"], str(row["date"])) for row in back] == [
        ("d1", LEARNER, ITEM, "2026-01-15"),
        ("d2", LEARNER, ITEM, "2026-02-15"),
    ]
    # An unsigned claim proves no more than level 2; what was claimed is kept, and written back.
    assert [(row["evidence_level"], row["open_badges:claimed_evidence_level"]) for row in back] == [(2, 2), (2, 4)]
    adapters.write("clr", again, tmp_path / "again")
    first, second = ((tmp_path / name / "clr-000001.json").read_bytes() for name in ("out", "again"))
    assert first == second


def test_the_scale_the_uncertainty_and_any_identifier_survive_the_round_trip(tmp_path: Path) -> None:
    submission = Submission.from_tables(
        {
            "mastery_decision": {
                "decision_id": ["d 1/ä", "d2"],
                "episode_id": [LEARNER] * 2,
                "competency_id": ["math 7", ITEM],
                "date": ["2026-01-15"] * 2,
                "mastered": [True] * 2,
                "evidence_level": [1, 2],
                "level_id": ["s1/2", None],
                "prior_learning": [True, None],
                "reassessment": [None, False],
                "open_badges:probability": [0.93, None],
            },
            "proficiency_scale": {"scale_id": ["s1"], "title": ["Four steps"]},
            "proficiency_level": {
                "level_id": ["s1/2", "s1/0", "s1/1"],
                "scale_id": ["s1"] * 3,
                "rank": [2, 0, 1],
                "title": ["Meets", "Begins", "Nears"],
                "mastery": [True, False, False],
            },
        }
    )
    for standard in ("clr", "open_badges"):
        adapters.write(standard, submission, tmp_path / standard)
        again = _read(tmp_path / standard)
        assert "ADP-INVALID" not in codes(again)
        first, second = sorted(rows(again, "mastery_decision"), key=lambda row: row["decision_id"])
        for back, sent in zip((first, second), rows_of(submission.tables["mastery_decision"]), strict=True):
            assert sent.items() <= back.items()
        assert sorted((row["rank"], row["title"], row["mastery"]) for row in rows(again, "proficiency_level")) == [
            (0, "Begins", False),
            (1, "Nears", False),
            (2, "Meets", True),
        ]
    stated = [
        badge["credentialSubject"]["achievement"]["criteria"]["narrative"]
        for badge in map(json.loads, (file.read_text() for file in sorted((tmp_path / "open_badges").iterdir())))
    ]
    assert ["not estimated" in each for each in stated] == [False, True]


@pytest.mark.parametrize("standard", ["clr", "open_badges"])
def test_what_is_written_holds_what_the_specifications_require(standard: str, tmp_path: Path) -> None:
    decision = {
        "decision_id": ["d1"],
        "episode_id": [LEARNER],
        "competency_id": [ITEM],
        "date": ["2026-01-15"],
        "mastered": [True],
        "evidence_level": [2],
    }
    adapters.write(standard, Submission.from_tables({"mastery_decision": decision}), tmp_path / "out")
    (document,) = map(json.loads, (file.read_text() for file in (tmp_path / "out").iterdir()))
    assert envelope_problem(document) is None
    badges = document["credentialSubject"]["verifiableCredential"] if standard == "clr" else [document]
    for badge in badges:
        assert badge_problem(badge) is None
        subject = badge["credentialSubject"]
        assert {"id", "type", "name", "description", "criteria"} <= subject["achievement"].keys()
        for part, required in (
            ("alignment", {"type", "targetName", "targetUrl"}),
            ("resultDescription", {"id", "type", "name", "resultType"}),
        ):
            assert all(required <= each.keys() for each in subject["achievement"][part])
        assert all(isinstance(each["value"], str) for each in subject["result"])


@in_field
def test_every_credential_of_the_field_is_judged_as_its_name_says() -> None:
    # These need a context to be resolved, a signature to be checked, or a date that the suite fills in.
    beyond = {"redef-type2-fail", "type-mapped-nonurl-fail", "type-unmapped-fail", "validUntil-validFrom-ok"}
    for file in sorted((FIELD / "vc/w3c_v2").iterdir()):
        if file.stem.removeprefix("credential-") not in beyond:
            assert (envelope_problem(json.loads(file.read_bytes())) is not None) == ("fail" in file.stem), file.stem
    unsigned = {"simple-err-proof-method", "simple-err-proof-value"}
    for file in sorted((FIELD / "openbadges/ob30").glob("*.json")):
        made = _read(file)
        if file.stem in unsigned:
            assert rows(made, "credential")[0]["open_badges:proof"] == "not_checked"
        # One says something of an issuer, the other holds no achievement: both are published as valid.
        elif file.stem not in ("endorsement-valid", "simple-noproof"):
            assert ("ADP-INVALID" in codes(made)) == ("-err-" in file.stem), file.stem
            assert bool(made.submission.tables) == ("-err-" not in file.stem)


@in_field
def test_documents_of_the_field(tmp_path: Path) -> None:
    for name in ("openbadges/ob30/complete.json", "openbadges/ob30/simple.json", "clr/clr20/complex.json"):
        made = _read(FIELD / name)
        assert rows(made, "credential") or rows(made, "mastery_decision") or made.losses.records
    with pytest.raises(UnreadableInputError, match=r"Open Badges 2\.0"):
        _read(FIELD / "openbadges/ob20")
