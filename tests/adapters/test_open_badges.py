"""Badges and learner records: unsigned stays a fact, alignment to CASE decides, the round trip is equal."""

from __future__ import annotations

import base64
import html
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.adapters._badge_rules import badge_problem, envelope_problem
from blended_standard.adapters.records import rows_of
from blended_standard.adapters.work import leaves
from blended_standard.errors import UnreadableInputError
from blended_standard.io import Submission
from blended_standard.spec import load_standard
from tests.adapters.helpers import FIELD, HERE, KEY, assert_holds_none, codes, in_field, rows

ITEM = "6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c01"
RECORD = HERE / "badges/record.json"
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
        for back, sent in zip((first, second), rows_of(submission, "mastery_decision"), strict=True):
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


def test_a_record_that_was_read_goes_out_and_comes_back_the_same(tmp_path: Path) -> None:
    made = _read(RECORD)
    for standard in ("clr", "open_badges"):
        adapters.write(standard, made, tmp_path / standard)
        again = _read(tmp_path / standard)
        assert "ADP-INVALID" not in codes(again)
        for table in ("credential", "mastery_decision"):
            assert rows(again, table) == rows(made, table)
            assert rows(made, table)


def test_credentials_of_every_kind_come_back_as_they_were(tmp_path: Path) -> None:
    kinds = sorted(code.code for code in load_standard().codes["credential_kind"].codes)
    number = len(kinds)
    sent = {
        "credential_id": [f"c {n}" for n in range(number)],
        "episode_id": [LEARNER] * number,
        "kind": kinds,
        "awarded_date": ["2026-02-03"] * number,
        "title": [None, *["Welding"] * (number - 1)],
        "issuer": ["State", None, *["Guild"] * (number - 2)],
        "recognized": [True] * number,
        "open_badges:valid_until": ["2036-01-01T00:00:00Z", *[None] * (number - 1)],
    }
    submission = Submission.from_tables({"credential": sent})
    done = adapters.write("clr", submission, tmp_path / "out")
    assert done.documents == number
    assert [loss.count for loss in done.losses.fields if loss.field == "credential.recognized"] == [number]
    back = {row["credential_id"]: row for row in rows(_read(tmp_path / "out"), "credential")}
    for row in rows_of(submission, "credential"):
        del row["recognized"]
        assert row.items() <= back[row["credential_id"]].items()
        assert row.keys() ^ back[row["credential_id"]].keys() == {"open_badges:proof", "open_badges:status"}
    (file,) = (tmp_path / "out").iterdir()
    # The context of records defines words that the one of badges does not.
    assert [url.split("/")[4] for url in json.loads(file.read_text())["@context"][1:]] == ["clr", "ob"]


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


def _jwt(claims: dict[str, Any]) -> str:
    parts = (json.dumps(each).encode() for each in ({"alg": "EdDSA"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, b"signature"))


def _facts(made: adapters.Import) -> list[tuple[Any, ...]]:
    names = ("episode_id", "kind", "title", "competency_id", "awarded_date", "date")
    listed = [*rows(made, "credential"), *rows(made, "mastery_decision")]
    return sorted((tuple(str(row.get(name)) for name in names) for row in listed), key=str)


def test_a_record_is_read_to_the_last_value() -> None:
    made = _read(RECORD)
    assert [row["kind"] for row in rows(made, "credential")] == ["diploma"]
    assert [row["competency_id"] for row in rows(made, "mastery_decision")] == [ITEM]
    assert [(loss.what, loss.count) for loss in made.losses.records] == [("credential", 1)]
    assert "ADP-INVALID" not in codes(made)
    values = sum(times for _, times in leaves(json.loads(RECORD.read_bytes())))
    assert sum(loss.count for loss in made.losses.fields) == values


def test_the_claims_of_a_signed_text_are_counted_and_say_what_the_credential_lacks(tmp_path: Path) -> None:
    one = json.loads(RECORD.read_bytes())["credentialSubject"]["verifiableCredential"][0]
    bare = {name: value for name, value in one.items() if name not in ("validFrom", "validUntil")}
    claims = {"vc": bare, "nbf": 1_768_435_200, "exp": 1_900_000_000, "iat": 1, "aud": ["a", "b"], "vp": {"x": 1}}
    (tmp_path / "a.jwt").write_text(_jwt(claims))
    made = _read(tmp_path)
    (row,) = rows(made, "credential")
    assert (str(row["awarded_date"]), row["open_badges:valid_until"][:10]) == (one["awardedDate"][:10], "2030-03-17")
    counted = {loss.field: loss.count for loss in made.losses.fields}
    assert {
        "claims.nbf": 1,
        "claims.exp": 1,
        "claims.iat": 1,
        "claims.aud": 2,
        "claims.vp.x": 1,
    }.items() <= counted.items()
    (tmp_path / "a.jwt").write_text(_jwt(claims | {"nbf": 1e300, "exp": "soon"}))
    assert "open_badges:valid_until" not in rows(_read(tmp_path), "credential")[0]


def _png(text: bytes, kind: bytes = b"iTXt", flag: bytes = b"\0") -> bytes:
    head = b"openbadgecredential\0" + (flag + b"\0\0\0" if kind == b"iTXt" else b"")
    chunks = ((b"IHDR", bytes(13)), (kind, head + text), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


@pytest.mark.parametrize(
    "form", ["png", "png compressed", "png text", "png signed", "svg", "svg escaped", "svg signed"]
)
def test_a_credential_that_is_baked_into_an_image_is_read(form: str, tmp_path: Path) -> None:
    one = json.loads(RECORD.read_bytes())["credentialSubject"]["verifiableCredential"][0]
    text, signed = json.dumps(one, indent=1), _jwt(one)
    inside = f"<openbadges:credential><![CDATA[ {text} ]]></openbadges:credential>"
    escaped = f"<openbadges:credential>{html.escape(text)}</openbadges:credential>"
    content = {
        "png": _png(text.encode()),
        "png compressed": _png(zlib.compress(text.encode()), flag=b"\1"),
        "png text": _png(text.encode(), b"tEXt"),
        "png signed": _png(signed.encode()),
        "svg": f"<svg><g/>{inside}</svg>".encode(),
        "svg escaped": f"<svg>{escaped}</svg>".encode(),
        "svg signed": f'<svg><openbadges:credential verify="{signed}"></openbadges:credential></svg>'.encode(),
    }[form]
    (tmp_path / f"badge.{form[:3]}").write_bytes(content)
    (tmp_path / "logo.png").write_bytes(_png(b"")[:30])
    made = _read(tmp_path)
    (row,) = rows(made, "credential")
    assert (row["kind"], row["title"]) == ("diploma", "High school diploma")
    assert row["open_badges:proof"] == ("not_checked" if "signed" in form else "none")
    assert [(loss.what, loss.count) for loss in made.losses.records] == [("image", 1)]
    with pytest.raises(UnreadableInputError, match="no credential"):
        _read(tmp_path / "logo.png")


def test_what_has_expired_stays_awarded_and_is_a_finding(tmp_path: Path) -> None:
    badge = _badge() | {"validUntil": "2026-02-01T00:00:00Z"}
    (tmp_path / "badge.json").write_text(json.dumps(badge))
    for as_of, expired in (("2026-01-20", False), ("2026-03-01", True)):
        made = adapters.read("open_badges", tmp_path, key=KEY, as_of=as_of)
        assert rows(made, "credential")
        assert ("validUntil" in {each.field for each in made.findings}) == expired


@pytest.mark.parametrize("form", ["presentation", "answer", "text", "file", "enveloped", "claims", "in a record"])
def test_the_forms_that_wallets_and_servers_send_give_the_same(form: str, tmp_path: Path) -> None:
    record = json.loads(RECORD.read_bytes())
    one, two, endorsement = record["credentialSubject"]["verifiableCredential"]
    bare = {name: value for name, value in one.items() if name not in ("id", "issuer")}
    bare["credentialSubject"] = {name: value for name, value in one["credentialSubject"].items() if name != "id"}
    claims = {"vc": bare, "iss": "https://valley.example/issuer", "sub": "did:example:learner-one", "jti": one["id"]}
    record["credentialSubject"]["verifiableCredential"] = [one, _jwt(two), endorsement]
    name, sent = {
        "presentation": ("a.json", {"type": ["VerifiablePresentation"], "verifiableCredential": [one, two]}),
        "answer": ("a.json", {"credential": [one], "compactJwsString": [_jwt(two)]}),
        "text": ("a.json", [_jwt(one), _jwt(two)]),
        "file": ("a.jwt", _jwt({"vc": json.loads(RECORD.read_bytes())})),
        "enveloped": (
            "a.json",
            [
                {"type": "EnvelopedVerifiableCredential", "id": f"data:application/vc+jwt,{_jwt(each)}"}
                for each in (one, two)
            ],
        ),
        "claims": ("a.json", [_jwt(claims), two]),
        "in a record": ("a.json", record),
    }[form]
    (tmp_path / name).write_text(sent if isinstance(sent, str) else json.dumps(sent))
    made = _read(tmp_path)
    assert _facts(made) == _facts(_read(RECORD))
    assert "ADP-INVALID" not in codes(made)
    signed = [row["open_badges:proof"] == "not_checked" for row in rows(made, "mastery_decision")]
    assert signed == [form in ("answer", "text", "enveloped", "in a record", "file")]


def test_what_is_no_credential_is_a_finding(tmp_path: Path) -> None:
    endorsement = json.loads(RECORD.read_bytes())["credentialSubject"]["verifiableCredential"][2]
    endorsement["credentialSubject"]["type"] = ["Subject"]
    for number, sent in enumerate(("no.signed", "a.!.c", "a.W10.c", 3, {"a": 1}, endorsement)):
        (tmp_path / f"{number}.json").write_text(json.dumps([sent]))
        made = _read(tmp_path / f"{number}.json")
        assert "ADP-INVALID" in codes(made)
        assert made.losses.records
        assert not made.submission.tables


@pytest.mark.parametrize(
    ("context", "kind", "field"),
    [
        ([{"Own": "https ://no-url"}], "Own", "@context"),
        ([{"Own": {"@id": "https://x.example/#Own"}}], "Own", None),
        ([{"@protected": True, "Own": "https://x.example/#a"}, {"Own": "https://x.example/#b"}], "Own", "@context"),
        ([{"@protected": True, "Own": "https://x.example/#a"}, {"Own": "https://x.example/#a"}], "Own", None),
        ([{"@vocab": None}], "Own", "type"),
        ([{"@vocab": None}, "https://x.example/context"], "Own", None),
        ([{"@vocab": None}], "https://x.example/#Own", None),
    ],
)
def test_contexts_that_stand_in_a_credential_are_judged(context: list[Any], kind: str, field: str | None) -> None:
    credential = {
        "@context": ["https://www.w3.org/ns/credentials/v2", *context],
        "type": ["VerifiableCredential", kind],
        "credentialSubject": {"id": "did:example:subject"},
    }
    found = envelope_problem(credential)
    assert (found[0] if found else None) == field


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, False),
        ({"verificationMethod": "did:key:z6MkrvfzkMnvCroEUP2DVc9SHPE48CRsvHiVSusHioxTYu1x"}, False),
        ({"verificationMethod": "https://example.org/keys/1"}, False),
        ({"verificationMethod": "https://example.org/1#z6MkrvfzkMnvCroEUP2DVc9SHPE48CRsvHiVSusHioxTYu1xAA"}, True),
        ({"proofValue": "z6Mk"}, True),
        ({"proofValue": "z0OIl"}, True),
        ({"cryptosuite": "ecdsa-rdfc-2019", "proofValue": "z6Mk"}, False),
    ],
)
def test_a_proof_that_nobody_could_check_is_found(changed: dict[str, str], found: bool, tmp_path: Path) -> None:
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "verificationMethod": "https://example.org/1#z6MkrvfzkMnvCroEUP2DVc9SHPE48CRsvHiVSusHioxTYu1x",
        "proofPurpose": "assertionMethod",
        "proofValue": "z" + "5" * 88,
    }
    file = tmp_path / "badge.json"
    file.write_text(json.dumps(_badge() | {"proof": proof | changed}))
    assert ("ADP-INVALID" in codes(_read(file))) == found


@in_field
def test_every_credential_of_the_field_is_judged_as_its_name_says(tmp_path: Path) -> None:
    for file in sorted((FIELD / "vc/w3c_v2").iterdir()):
        # The suite puts dates in.
        text = file.read_text("utf-8").replace("PAST DATE", "2020-01-01T00:00:00Z")
        (tmp_path / "one.json").write_text(text.replace("FUTURE DATE", "2040-01-01T00:00:00Z"))
        assert ("ADP-INVALID" in codes(_read(tmp_path / "one.json"))) == ("fail" in file.stem), file.stem
    # One says something of an issuer, the other holds no achievement: both are published as valid.
    nothing = {"endorsement-valid", "simple-noproof"}
    for file in sorted((FIELD / "openbadges/ob30").glob("*.json")):
        made = _read(file)
        assert bool({"ADP-INVALID", "ADP-SIGNATURE"} & codes(made)) == ("-err-" in file.stem), file.stem
        kept = [row["open_badges:proof"] for row in rows(made, "credential")]
        # The key of `complete_v1` has an address and is not written out.
        status = {"simple-err-proof-value": "failed", "complete_v1": "not_checked"}.get(file.stem, "verified")
        left_out = file.stem in nothing or ("-err-" in file.stem and status != "failed")
        assert kept == ([] if left_out else [status]), file.stem


@pytest.mark.parametrize(
    ("document", "version"),
    [
        ({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion"}, "Open Badges 2.0"),
        ({"@context": "https://w3id.org/openbadges/v1", "type": "Assertion"}, "Open Badges 1.1"),
        ({"uid": "1", "recipient": {"identity": "a"}, "badge": "https://x.example/badge"}, "Open Badges 1.0"),
        ({"@context": ["https://purl.imsglobal.org/spec/clr/v1p0/context/clr_v1p0.jsonld"]}, "CLR 1.0"),
    ],
)
@pytest.mark.parametrize("form", ["json", "jwt", "png"])
def test_an_older_version_is_refused_by_its_name_and_left_out_beside_others(
    form: str, document: dict[str, Any], version: str, tmp_path: Path
) -> None:
    content = {"json": json.dumps(document).encode(), "jwt": _jwt(document).encode()}
    file = tmp_path / f"old.{form}"
    file.write_bytes(content.get(form) or _png(json.dumps(document).encode()))
    with pytest.raises(UnreadableInputError, match=f"this is {version}"):
        _read(file)
    (tmp_path / "new.json").write_text(json.dumps(_badge()))
    made = _read(tmp_path)
    assert len(rows(made, "credential")) == 1
    assert [(loss.what, version in loss.reason, loss.count) for loss in made.losses.records] == [("document", True, 1)]


@in_field
def test_documents_of_the_field() -> None:
    for name in ("openbadges/ob30/complete.json", "openbadges/ob30/simple.json", "clr/clr20/complex.json"):
        made = _read(FIELD / name)
        assert rows(made, "credential") or rows(made, "mastery_decision") or made.losses.records
    with pytest.raises(UnreadableInputError, match=r"Open Badges 2\.0"):
        _read(FIELD / "openbadges/ob20")
