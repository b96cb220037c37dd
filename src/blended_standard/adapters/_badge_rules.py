"""What makes a credential invalid, as far as the document alone can tell: contexts, types, identifiers, dates.

Source: W3C Verifiable Credentials 2.0, 1EdTech Open Badges 3.0. What another document defines is not resolved: nothing
is fetched. Of signatures only the form is judged here, and that a method could be looked up.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

from blended_standard.adapters._keys import holds_ed25519, multibase
from blended_standard.adapters.documents import listed

Document = Mapping[str, Any]
Problem = tuple[str, str]
_BASES = ("https://www.w3.org/ns/credentials/v2", "https://www.w3.org/2018/credentials/v1")
_1EDTECH = ("https://purl.imsglobal.org/spec/ob/", "https://purl.imsglobal.org/spec/clr/")
# Where the context of badges stands, and where it stood before.
_BADGES = ("https://purl.imsglobal.org/spec/ob/v3p0/context", "https://imsglobal.github.io/openbadges-specification/")
_BASE_TYPES = {
    "VerifiableCredential",
    "VerifiablePresentation",
    "JsonSchemaCredential",
    "BitstringStatusListCredential",
}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
# A key in the address of its method.
_KEY = re.compile(r"(?:#|did:key:)(z\w+)$")
_METHOD = re.compile(r"(did:(key|web):|https?://)\S+")
_TYPED = ("evidence", "termsOfUse", "refreshService", "credentialStatus", "credentialSchema", "proof")
# The type that each part of a badge must have.
_TYPES = {
    "issuer": "Profile",
    "issuer.parentOrg": "Profile",
    "issuer.otherIdentifier": "IdentifierEntry",
    "credentialSubject": "AchievementSubject",
    "credentialSubject.source": "Profile",
    "credentialSubject.identifier": "IdentityObject",
    "credentialSubject.result": "Result",
    "credentialSubject.achievement": "Achievement",
    "credentialSubject.achievement.creator": "Profile",
    "credentialSubject.achievement.alignment": "Alignment",
    "credentialSubject.achievement.resultDescription": "ResultDescription",
    "credentialSubject.achievement.resultDescription.alignment": "Alignment",
    "credentialSubject.achievement.resultDescription.rubricCriterionLevel": "RubricCriterionLevel",
    "evidence": "Evidence",
}


def envelope_problem(credential: Document) -> Problem | None:
    """Return the part that makes a credential of any kind invalid, and why, or None.

    Examples
    --------
    >>> envelope_problem({"@context": "https://www.w3.org/ns/credentials/v2", "type": "VerifiableCredential"})
    ('credentialSubject', 'credentialSubject claims nothing.')
    """
    return next(_envelope(credential), None)


def badge_problem(credential: Document) -> Problem | None:
    """Return the part that makes an achievement credential invalid, and why, or None."""
    return next(_envelope(credential), None) or next(_badge(credential, _TYPES), None)


def other_problem(credential: Document) -> Problem | None:
    """Return the part that makes an endorsement, or a credential for no achievement, invalid, and why, or None."""
    problem = next(_envelope(credential), None)
    if problem is None and "EndorsementCredential" in kinds(credential):
        return next(_badge(credential, _TYPES | {"credentialSubject": "EndorsementSubject"}), None)
    if problem is None and any(str(each).startswith(_1EDTECH) for each in listed(credential.get("@context"))):
        return "type", "It is neither an achievement, an endorsement nor a learner record."
    return problem


def kinds(document: Document) -> set[str]:
    """Return the types of a document."""
    return {str(kind) for kind in listed(document.get("type"))}


def _envelope(credential: Document) -> Iterator[Problem]:
    contexts = listed(credential.get("@context"))
    if not contexts or contexts[0] not in _BASES:
        yield "@context", "@context does not begin with that of verifiable credentials."
    if not all(isinstance(each, Mapping) or _is_url(each) for each in contexts):
        yield "@context", "@context holds what is neither a URL nor a context."
    if any("VerifiableCredential" in each for each in contexts if isinstance(each, Mapping)):
        yield "@context", "@context gives VerifiableCredential another meaning."
    if "VerifiableCredential" not in kinds(credential):
        yield "type", "type lacks VerifiableCredential."
    yield from _terms(contexts, kinds(credential))
    for name in ("id", "issuer"):
        given = credential.get(name)
        if name in credential and given != {} and not _is_url(_id(given)):
            yield name, f"{name} is not one URL."
    subjects = listed(credential.get("credentialSubject"))
    if not subjects or not all(isinstance(each, Mapping) and each for each in subjects):
        yield "credentialSubject", "credentialSubject claims nothing."
    for each in subjects:
        if "id" in each and not _is_url(each["id"]):
            yield "credentialSubject.id", "credentialSubject.id is not one URL."
    for name in _TYPED:
        for each in listed(credential.get(name)):
            given = each.get("type") if isinstance(each, Mapping) else None
            if not given or not all(isinstance(kind, str) for kind in listed(given)):
                yield f"{name}.type", f"{name} has no type."
            elif ("id" in each and not _is_url(each["id"])) or (name == "credentialSchema" and "id" not in each):
                yield f"{name}.id", f"{name}.id is not one URL."
    for name in ("validFrom", "validUntil", "issuanceDate", "expirationDate", "awardedDate"):
        if name in credential and _instant(credential[name]) is None:
            yield name, f"{name} is not a date and time with an offset."
    begin, end = _instant(credential.get("validFrom")), _instant(credential.get("validUntil"))
    if begin and end and end < begin:
        yield "validUntil", "validUntil is before validFrom."


def _terms(contexts: list[Any], types: set[str]) -> Iterator[Problem]:
    """Judge what the contexts that stand in the credential say by themselves."""
    terms: dict[str, Any] = {}
    protected: set[str] = set()
    for each in contexts:
        own = {term: meaning for term, meaning in each.items() if term[:1] != "@"} if isinstance(each, Mapping) else {}
        if any(term in protected and terms[term] != meaning for term, meaning in own.items()):
            yield "@context", "@context gives a protected term another meaning."
        terms |= own
        protected |= set(own) if own and each.get("@protected") is True else set()
    for kind in types & terms.keys():
        if not _is_url(terms[kind].get("@id") if isinstance(terms[kind], Mapping) else terms[kind]):
            yield "@context", "@context gives a type a meaning that is not a URL."
    closed = any(isinstance(each, Mapping) and each.get("@vocab", "") is None for each in contexts)
    known = all(isinstance(each, Mapping) or each in _BASES for each in contexts)
    if closed and known and not all(map(_is_url, types - terms.keys() - _BASE_TYPES)):
        yield "type", "type holds a word that no context gives a meaning."


def _badge(credential: Document, types: Mapping[str, str]) -> Iterator[Problem]:
    contexts = listed(credential.get("@context"))
    if len(contexts) < 2 or not str(contexts[1]).startswith(_BADGES):
        yield "@context", "@context does not name that of Open Badges second."
    for name in ("id", "issuer", "credentialSubject"):
        if name not in credential:
            yield name, f"{name} is missing."
    for path, kind in types.items():
        for each in _parts(credential, path):
            if isinstance(each, Mapping) and kind not in kinds(each):
                yield f"{path}.type", f"{path}.type lacks {kind}."
    for each in listed(credential.get("proof")):
        if isinstance(each, Mapping):
            yield from _proof(each)


def _proof(proof: Document) -> Iterator[Problem]:
    """Yield what makes a proof one that nobody could check; whether it holds is judged elsewhere."""
    method = _id(proof.get("verificationMethod"))
    if method is None:
        return
    if not _METHOD.fullmatch(str(method)):
        yield "proof.verificationMethod", "proof.verificationMethod cannot be looked up."
    if not (str(proof.get("cryptosuite")).startswith("eddsa") or proof.get("type") == "Ed25519Signature2020"):
        return
    key = _KEY.search(str(method))
    if key and not holds_ed25519(key[1]):
        yield "proof.verificationMethod", "proof.verificationMethod holds no Ed25519 key."
    value = str(proof.get("proofValue", ""))
    if value[:1] == "z" and len(multibase(value)) != 64:
        yield "proof.proofValue", "proof.proofValue is not a signature of 64 bytes."


def _parts(document: Any, path: str) -> list[Any]:
    found = [document]
    for name in path.split("."):
        found = [part for each in found if isinstance(each, Mapping) for part in listed(each.get(name))]
    return found


def _id(value: Any) -> Any:
    return value.get("id") if isinstance(value, Mapping) else value


def _instant(value: Any) -> dt.datetime | None:
    try:
        made = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return made if made.tzinfo and "T" in str(value) else None


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and _URL.fullmatch(value) is not None
