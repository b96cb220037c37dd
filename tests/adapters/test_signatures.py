"""Signatures: published vectors hold and break when altered; what can't be checked says why, and nothing is fetched."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.adapters import _contexts, _keys
from blended_standard.adapters._signatures import Checker, Verdict
from blended_standard.cli import main
from blended_standard.errors import MissingExtraError, UsageError
from tests.adapters.helpers import HERE, KEY, assert_holds_none, codes, rows

hashes = pytest.importorskip("cryptography.hazmat.primitives.hashes")
pytest.importorskip("pyld")
rfc8785 = pytest.importorskip("rfc8785")

from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils  # noqa: E402

PUBLISHED: dict[str, Any] = json.loads((HERE / "badges/signed.json").read_bytes())
ALUMNI: dict[str, Any] = PUBLISHED["credential"]
VECTORS: dict[str, dict[str, Any]] = {name: ALUMNI | more for name, more in PUBLISHED["secured"].items()}
TEXTS = {name: (each["text"], each["key"]) for name, each in PUBLISHED["texts"].items()}
EXAMPLES = {
    "https://www.w3.org/ns/credentials/examples/v2": {
        "@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}
    }
}
METHOD = "https://vc.example/issuers/5678#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"


def _proof(kind: str, value: str, method: str = METHOD, **more: Any) -> dict[str, Any]:
    named = {"type": kind} if kind[0] == "E" else {"type": "DataIntegrityProof", "cryptosuite": kind}
    facts = {"created": "2023-02-24T23:36:38Z", "verificationMethod": method, "proofPurpose": "assertionMethod"}
    return named | facts | more | {"proofValue": value}


SEED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def _status(document: dict[str, Any], keys: Any = None, contexts: Any = None) -> tuple[str, str]:
    verdict = Checker(_keys.given(keys), EXAMPLES if contexts is None else contexts).document(document)
    return verdict.status, verdict.key


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_w3c_hold_and_break_when_anything_is_altered(name: str) -> None:
    document = VECTORS[name]
    assert _status(document) == ("verified", "document")
    proofs = document["proof"] if isinstance(document["proof"], list) else [document["proof"]]
    altered = [
        document | {"credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "Another School"}},
        document | {"validFrom": "2023-01-02T00:00:00Z"},
        document | {"proof": [*proofs[:-1], proofs[-1] | {"created": "2023-02-24T23:36:39Z"}]},
        document | {"proof": [*proofs[:-1], proofs[-1] | {"proofValue": "z" + "5" * 88}]},
    ]
    assert {_status(each) for each in altered} == {("failed", "document")}


@pytest.mark.parametrize("name", TEXTS)
def test_the_signed_texts_of_the_standards_hold_and_break_when_altered(name: str) -> None:
    text, jwk = TEXTS[name]
    checker = Checker(_keys.given(jwk))
    assert checker.text(text, {}) == Verdict("verified", key="given")
    head, body, signature = text.split(".")
    for changed in (f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}.{signature[:-5]}AAAAA"):
        assert checker.text(changed, {}).status == "failed"
    assert Checker().text(text, {}) == Verdict("not_checked", "Its key was not given.")
    for other in set(TEXTS) - {name}:
        # A key of another kind says nothing.
        assert Checker(_keys.given(TEXTS[other][1])).text(text, {}).status == "not_checked"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _jwt(header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    content = ".".join(_encoded(json.dumps(each).encode()) for each in (header, claims))
    return f"{content}.{_encoded(sign(content.encode()))}"


def _badge() -> dict[str, Any]:
    record = json.loads((HERE / "badges/record.json").read_bytes())
    badge: dict[str, Any] = record["credentialSubject"]["verifiableCredential"][0]
    return badge


def _read(tmp_path: Path, sent: Any, **options: Any) -> adapters.Import:
    (tmp_path / "sent.json").write_text(json.dumps([sent]))
    return adapters.read("open_badges", tmp_path / "sent.json", key=KEY, **options)


def _fact(made: adapters.Import) -> tuple[Any, ...]:
    (row,) = [*rows(made, "credential"), *rows(made, "mastery_decision")]
    assert row["open_badges:proof"] == "none" or [
        loss.count for loss in made.losses.fields if loss.field == f"signature.{row['open_badges:proof']}"
    ] == [1]
    return row["open_badges:proof"], row.get("open_badges:proof_key")


def _pem(private: Any) -> bytes:
    content: bytes = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return content


def _rsa(private: Any) -> Callable[[bytes], bytes]:
    filled = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return lambda message: bytes(private.sign(message, filled, hashes.SHA256()))


def _ecdsa(private: Any) -> Callable[[bytes], bytes]:
    def sign(message: bytes) -> bytes:
        first, second = utils.decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA384())))
        return bytes(first.to_bytes(48, "big") + second.to_bytes(48, "big"))

    return sign


@pytest.mark.parametrize(
    ("algorithm", "make", "signing"),
    [
        ("PS256", lambda: rsa.generate_private_key(65537, 2048), _rsa),
        ("ES384", lambda: ec.generate_private_key(ec.SECP384R1()), _ecdsa),
        ("EdDSA", lambda: SEED, lambda private: private.sign),
    ],
)
def test_a_signed_badge_is_verified_by_the_key_of_the_caller(
    algorithm: str, make: Callable[[], Any], signing: Callable[[Any], Callable[[bytes], bytes]], tmp_path: Path
) -> None:
    private = make()
    sign = signing(private)
    text = _jwt({"alg": algorithm, "typ": "JWT"}, {"vc": _badge()}, sign)
    (tmp_path / "issuer.pem").write_bytes(_pem(private))
    made = _read(tmp_path, text, keys=tmp_path / "issuer.pem")
    assert _fact(made) == ("verified", "given")
    assert not {"ADP-SIGNATURE", "ADP-NOT-CHECKED"} & codes(made)
    forged = _jwt({"alg": algorithm}, {"vc": _badge() | {"name": "Another"}}, lambda _: sign(b"another"))
    made = _read(tmp_path, forged, keys=tmp_path / "issuer.pem")
    assert _fact(made) == ("failed", "given")
    assert [each.severity for each in made.findings if each.code == "ADP-SIGNATURE"] == ["error"]
    assert _fact(_read(tmp_path, text)) == ("not_checked", None)


_X = _encoded(SEED.public_key().public_bytes_raw())
_MULTIKEY = "u" + _encoded(b"\xed\x01" + SEED.public_key().public_bytes_raw())
_JWK = {"kty": "OKP", "crv": "Ed25519", "x": _X}
_ISSUER = _badge()["issuer"] if isinstance(_badge()["issuer"], str) else _badge()["issuer"]["id"]


@pytest.mark.parametrize(
    ("header", "keys", "fact"),
    [
        ({"kid": "k1"}, _JWK | {"kid": "k1"}, ("verified", "given")),
        ({"kid": "k1"}, {"keys": [{"kty": "oct"}, _JWK | {"kid": "k1"}]}, ("verified", "given")),
        ({"kid": "#k1"}, {"verificationMethod": [{"id": f"{_ISSUER}#k1", "publicKeyJwk": _JWK}]}, ("verified", "given")),
        ({"kid": "https://a.example/1"}, {"id": "https://a.example/1", "publicKeyMultibase": _MULTIKEY}, ("verified", "given")),
        ({"kid": "k1"}, [TEXTS["EdDSA"][1] | {"kid": "k1"}, _JWK | {"kid": "k2"}], ("failed", "given")),
        ({"kid": "k1"}, _JWK | {"kid": "k2"}, ("not_checked", None)),
        ({"kid": "k1", "jwk": _JWK}, TEXTS["EdDSA"][1] | {"kid": "k1"}, ("failed", "given")),
        ({"kid": "k1", "jwk": _JWK}, TEXTS["EdDSA"][1], ("verified", "document")),
        ({"jwk": _JWK}, None, ("verified", "document")),
        ({"jwk": _JWK}, _JWK, ("verified", "given")),
        ({"jwk": _JWK | {"d": "AA"}}, None, ("not_checked", None)),
        ({"jwk": TEXTS["EdDSA"][1]}, None, ("failed", "document")),
        ({"kid": f"did:jwk:{_encoded(json.dumps(_JWK).encode())}#0"}, None, ("verified", "document")),
        ({"crit": ["b64"], "b64": False}, _JWK, ("not_checked", None)),
        ({"alg": "HS256"}, _JWK, ("not_checked", None)),
        ({"alg": "none"}, _JWK, ("failed", None)),
    ],
)  # fmt: skip
def test_which_key_a_signed_text_is_checked_with(header: Any, keys: Any, fact: Any, tmp_path: Path) -> None:
    text = _jwt({"alg": "EdDSA"} | header, {"vc": _badge()}, SEED.sign)
    assert _fact(_read(tmp_path, text, keys=keys)) == fact


def test_the_issuer_who_is_named_by_a_key_is_known_by_it(tmp_path: Path) -> None:
    did = f"did:jwk:{_encoded(json.dumps(_JWK).encode())}"
    text = _jwt({"alg": "EdDSA", "kid": f"{did}#0"}, {"vc": _badge() | {"issuer": did}}, SEED.sign)
    made = _read(tmp_path, text)
    assert _fact(made) == ("verified", "issuer")
    assert "ADP-NOT-CHECKED" not in codes(made)
    differs = _jwt({"alg": "EdDSA", "kid": f"{did}#0"}, {"vc": _badge(), "iss": did}, SEED.sign)
    made = _read(tmp_path, differs)
    assert [each.field for each in made.findings if each.code == "ADP-INVALID"] == ["issuer"]
    assert not made.submission.tables


def _sealed(document: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Return a document with a proof over its canonical JSON by our key."""
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": f"https://issuer.example/1#{_MULTIKEY}",
        "proofPurpose": "assertionMethod",
        **facts,
    }
    digests = [hashes.Hash(hashes.SHA256()) for _ in range(2)]
    for digest, part in zip(digests, (proof, document), strict=True):
        digest.update(rfc8785.dumps(part))
    signature = SEED.sign(b"".join(digest.finalize() for digest in digests))
    return document | {"proof": proof | {"proofValue": "u" + _encoded(signature)}}


def test_what_is_forged_is_evidence_of_nothing_and_a_record_answers_for_what_bears_no_proof(tmp_path: Path) -> None:
    record = json.loads((HERE / "badges/record.json").read_bytes())
    decision = record["credentialSubject"]["verifiableCredential"][1]
    own = {"type": ["Result"], "resultDescription": "urn:blended-standard:result:evidence-level", "value": "2"}
    decision["credentialSubject"]["result"] = [own]
    sealed = _sealed(record)
    for changed, status, level in ((False, "verified", 2), (True, "failed", None)):
        if changed:
            sealed["credentialSubject"]["verifiableCredential"][1]["credentialSubject"]["result"][0]["value"] = "1"
        made = _read(tmp_path, sealed, keys=_JWK)
        (row,) = rows(made, "mastery_decision")
        assert (row["open_badges:proof"], row.get("evidence_level")) == (status, level)
        assert ("ADP-SIGNATURE" in codes(made)) == changed


def test_a_proof_for_another_purpose_or_of_other_contexts_does_not_hold() -> None:
    assert _status(_sealed(ALUMNI), _JWK) == ("verified", "given")
    assert _status(_sealed(ALUMNI, proofPurpose="authentication"), _JWK)[0] == "failed"
    assert _status(VECTORS["jcs"] | {"@context": ALUMNI["@context"][:1]})[0] == "failed"


def test_an_endorsement_gives_no_record_but_its_signature_is_judged(tmp_path: Path) -> None:
    endorsement = json.loads((HERE / "badges/record.json").read_bytes())["credentialSubject"]["verifiableCredential"][2]
    for changed in ({}, {"name": "Another"}):
        made = _read(tmp_path, _sealed(endorsement) | changed, keys=_JWK)
        assert not made.submission.tables
        assert ("ADP-SIGNATURE" in codes(made)) == bool(changed)


def test_a_word_that_no_context_defines_is_not_covered() -> None:
    document = VECTORS["rdfc"]
    for more in ({"grade": "A"}, {"credentialSubject": document["credentialSubject"] | {"grade": "A"}}):
        # The vocabulary of the examples defines every word; without it, what was signed is not what it seems.
        verdict = Checker(contexts=EXAMPLES).document(document | more)
        assert verdict.status == "failed"
    closed = {next(iter(EXAMPLES)): {"@context": {"alumniOf": "https://www.w3.org/ns/credentials/examples#alumniOf"}}}
    closed[next(iter(closed))]["@context"]["AlumniCredential"] = (
        "https://www.w3.org/ns/credentials/examples#AlumniCredential"
    )
    assert Checker(contexts=closed).document(document).status == "verified"
    verdict = Checker(contexts=closed).document(document | {"grade": "A"})
    assert (verdict.status, "'grade'" in verdict.why) == ("not_checked", True)
    verdict = Checker(contexts=closed).document(document | {"type": [*document["type"], "Own"]})
    assert (verdict.status, "'Own'" in verdict.why) == ("not_checked", True)


def test_a_context_that_is_written_out_could_swap_words_and_is_not_trusted() -> None:
    swap = {"alumniOf": "https://schema.org/nobody", "nobody": "https://www.w3.org/ns/credentials/examples#alumniOf"}
    for place in ({}, {"credentialSubject": ALUMNI["credentialSubject"] | {"@context": swap}}):
        contexts = [*ALUMNI["@context"], *([] if place else [swap])]
        verdict = Checker(contexts=EXAMPLES).document(VECTORS["rdfc"] | place | {"@context": contexts})
        assert (verdict.status, "of its own" in verdict.why) == ("not_checked", True)


def test_a_context_that_is_not_held_is_named_and_not_fetched() -> None:
    verdict = Checker().document(VECTORS["rdfc"])
    assert verdict == Verdict("not_checked", f"The context {next(iter(EXAMPLES))} is not held.")


def test_a_signature_holds_under_an_earlier_edition_of_a_context() -> None:
    contexts = ["https://www.w3.org/2018/credentials/v1", "https://purl.imsglobal.org/spec/ob/v3p0/context.json"]
    contexts.append("https://w3id.org/security/data-integrity/v1")
    subject = {"type": ["AchievementSubject"], "achievement": {"id": "urn:x:1", "type": ["Achievement"], "name": "A"}}
    badge = {"@context": contexts, "id": "urn:x:2", "type": ["VerifiableCredential"], "credentialSubject": subject}
    facts = _proof("eddsa-rdfc-2022", "", f"https://a.example/1#{_MULTIKEY}")
    forms = []
    for edition in _contexts.EDITIONS:
        held = _contexts.Contexts({}, edition)
        unsigned = {name: value for name, value in facts.items() if name != "proofValue"} | {"@context": contexts}
        digests = [hashes.Hash(hashes.SHA256()) for _ in range(2)]
        for digest, part in zip(digests, (unsigned, badge), strict=True):
            digest.update(held.canonical(part).encode())
        forms.append(b"".join(digest.finalize() for digest in digests))
    assert forms[0] != forms[1]
    for form in forms:
        assert _status(badge | {"proof": facts | {"proofValue": "u" + _encoded(SEED.sign(form))}})[0] == "verified"


@pytest.mark.parametrize(
    "proof",
    [
        "text",
        [7, None],
        {},
        {"type": "DataIntegrityProof"},
        {"type": ["DataIntegrityProof"], "cryptosuite": {}},
        _proof("eddsa-rdfc-2022", "z21", method=""),
        _proof("eddsa-rdfc-2022", "z" + "5" * 88, method="did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2#z0"),
        _proof("eddsa-rdfc-2022", "z" + "5" * 88) | {"verificationMethod": {"id": 3, "publicKeyMultibase": 4}},
        _proof("eddsa-rdfc-2022", "z" + "5" * 88) | {"verificationMethod": [], "created": {"@id": []}},
        _proof("eddsa-rdfc-2022", "z" + "5" * 88) | {"created": {"@value": {}, "@type": "@id"}},
        _proof("eddsa-rdfc-2022", "z" + "5" * 88) | {"previousProof": {"a": 1}},
        _proof("eddsa-jcs-2022", "z" + "5" * 88) | {"created": 1e400},
        _proof("eddsa-jcs-2022", "z" + "5" * 88) | {"created": 2**70},
        _proof("eddsa-jcs-2022", "z" + "5" * 88) | {"created": "\ud800"},
        _proof("eddsa-jcs-2022", "z" + "5" * 88) | {"@context": ["https://other.example"]},
        _proof("ecdsa-sd-2023", "u2V0"),
    ],
)
def test_garbage_in_a_proof_is_a_verdict_and_no_traceback(proof: Any, tmp_path: Path) -> None:
    for document in (ALUMNI, ALUMNI | {"name": "half \ud800"}, ALUMNI | {"name": "bell \x07"}):
        assert _status(document | {"proof": proof})[0] in ("failed", "not_checked")
    made = _read(tmp_path, _badge() | {"proof": proof})
    assert {"ADP-SIGNATURE", "ADP-NOT-CHECKED", "ADP-INVALID"} & codes(made)


@pytest.mark.parametrize(
    "text",
    [
        "..",
        "a.e30.b",
        "W10.e30.AA",
        "eyJhbGciOjF9.e30.AA",
        "e30.e30.!",
        "é.e30.AA",
        "eyJhbGciOiJFZERTQSJ9.e30\ud800.AA",
    ],
)
def test_garbage_in_a_signed_text_is_a_verdict_and_no_traceback(text: str, tmp_path: Path) -> None:
    assert Checker(_keys.given(_JWK)).text(text, {}).status in ("failed", "not_checked")
    assert {"ADP-SIGNATURE", "ADP-NOT-CHECKED", "ADP-INVALID"} & codes(_read(tmp_path, text, keys=_JWK))


def test_a_document_that_is_made_to_take_for_ever_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_contexts, "_STEPS", 100)
    nodes = [{"@id": f"_:n{n}", "related": [f"_:n{m}" for m in range(9) if m != n]} for n in range(9)]
    about = {"@id": "https://x.example/related", "@type": "@id"}
    own = {"urn:x:own": {"@context": {"related": about, "part": "https://x.example/part"}}}
    document = ALUMNI | {"@context": [*ALUMNI["@context"], "urn:x:own"], "part": nodes}
    verdict = Checker(contexts=EXAMPLES | own).document(document | {"proof": VECTORS["rdfc"]["proof"]})
    assert (verdict.status, "look alike" in verdict.why) == ("not_checked", True)


@pytest.mark.parametrize(
    "keys",
    ["nowhere.pem", {}, 7, [7], {"kty": "oct", "k": "AA"}, _JWK | {"x": "AA"}, _JWK | {"d": "AA"}, {"keys": 3}, {"keys": []}],
)  # fmt: skip
def test_what_is_no_public_key_is_refused(keys: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Accepted"):
        _read(tmp_path, _badge(), keys=keys)


def test_files_that_hold_no_public_key_are_refused_without_repeating_them(tmp_path: Path) -> None:
    private = SEED.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    short = _pem(rsa.generate_private_key(65537, 1024))
    for content in (private, short, b"\xff", b"{", b"[1]", b"-----BEGIN PUBLIC KEY-----\nAA\n"):
        (tmp_path / "key").write_bytes(content)
        with pytest.raises(UsageError, match="holds no public key") as raised:
            _read(tmp_path, _badge(), keys=tmp_path / "key")
        assert content.decode(errors="replace") not in str(raised.value)
    with pytest.raises(UsageError, match="not of 'case'"):
        adapters.read("case", tmp_path, keys=_JWK)
    with pytest.raises(UsageError, match="mapping"):
        _read(tmp_path, _badge(), contexts=["a"])
    for context in ("nowhere.json", {"a": 1}):
        with pytest.raises(UsageError, match=r"contexts: urn:x"):
            _read(tmp_path, _badge(), contexts={"urn:x": context})


def test_without_the_package_nothing_is_checked_and_keys_say_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_keys, "usable", lambda: False)
    made = _read(tmp_path, _jwt({"alg": "EdDSA"}, {"vc": _badge()}, SEED.sign))
    assert _fact(made) == ("not_checked", None)
    assert any("blended-standard[signatures]" in each.detail for each in made.findings)
    with pytest.raises(MissingExtraError, match=r"blended-standard\[signatures\]"):
        _read(tmp_path, _badge(), keys=_JWK)
    monkeypatch.undo()
    for package, name in (("pyld", "rdfc"), ("rfc8785", "jcs")):
        monkeypatch.setitem(sys.modules, package, None)
        verdict = Checker(contexts=EXAMPLES).document(VECTORS[name])
        assert (verdict.status, "[signatures]" in verdict.why) == ("not_checked", True)


def test_the_command_line_checks_with_keys_and_contexts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    badge = _badge() | {"@context": [*_badge()["@context"], "https://x.example/c"]}
    (tmp_path / "badge.json").write_text(json.dumps(_sealed(badge)))
    (tmp_path / "key.json").write_text(json.dumps(_JWK))
    (tmp_path / "context.json").write_text(json.dumps({"@context": {}}))
    call = [
        "import",
        "open_badges",
        str(tmp_path / "badge.json"),
        "--format",
        "jsonl",
        "--keys",
        str(tmp_path / "key.json"),
    ]
    assert (
        main([*call, "--context", f"https://x.example/c={tmp_path / 'context.json'}", "--out", str(tmp_path / "out")])
        == 0
    )
    assert '"open_badges:proof":"verified"' in (tmp_path / "out/credential.jsonl").read_text().replace(" ", "")
    assert main([*call, "--context", "nothing", "--out", str(tmp_path / "none")]) == 2
    assert "ADDRESS=FILE" in capsys.readouterr().err


def test_a_reason_that_names_someone_is_withheld(tmp_path: Path) -> None:
    document = _badge()
    named = ["https://x.example/zanzi@x.example/context", f"https://x.example/{document['credentialSubject']['id']}"]
    for number, context in enumerate(named):
        method = {"cryptosuite": "eddsa-rdfc-2022", "type": "DataIntegrityProof", "verificationMethod": METHOD}
        proof = method | {"proofPurpose": "assertionMethod", "proofValue": "z" + "5" * 88}
        made = _read(tmp_path, document | {"@context": [*document["@context"], context], "proof": proof})
        assert _fact(made)[0] == "not_checked"
        out = tmp_path / str(number)
        out.mkdir()
        assert_holds_none(made, out, ["zanzi", "learner-one"])
