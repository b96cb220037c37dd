"""The forms in which wallets and servers send credentials, opened one by one: records, presentations, signed texts.

Source: W3C Verifiable Credentials 2.0 and its securing by JOSE, 1EdTech Open Badges 3.0 and CLR 2.0 (VC-JWT, answers of
their services). With each credential goes what is known of its signature.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any

from blended_standard.adapters._badge_rules import envelope_problem, kinds
from blended_standard.adapters._signatures import UNSIGNED, Checker, Verdict, issuer_of, joined
from blended_standard.adapters.documents import listed, signed_claims
from blended_standard.adapters.work import Work

Document = dict[str, Any]
_CLAIMS = {"exp", "iss", "iat", "nbf", "sub", "jti", "aud"}
_ANSWER = ("credential", "credentials", "compactJwsString")
_WHOSE = "It holds by a key that the document itself brings: whose that is was not checked."


def opened(
    sent: Any, work: Work, checker: Checker, *, text: Verdict = UNSIGNED, record: Verdict = UNSIGNED
) -> Iterator[tuple[Document, Verdict]]:
    """Yield each credential of what was sent with the verdict on its signature; what holds them is counted.

    `text` is the verdict on the signed text it came as; that on the `record` which holds it stands for one that is not
    signed itself.
    """
    if isinstance(sent, str):
        claims = signed_claims(sent)
        if claims is None:
            work.find("ADP-INVALID", "credential", field="proof", detail="It is a text, and not a signed one (JWT).")
            work.lose("credential", "a text that is no signed credential")
        elif differs := _contradiction(claims):
            detail = f"The text claims another {differs} than the credential in it."
            work.see_document(claims, "claims")
            work.find("ADP-INVALID", "credential", field=differs, detail=detail)
            work.lose("credential", f"invalid: {differs}")
        else:
            inner = {"vc"} if isinstance(claims.get("vc"), dict) else claims.keys() - _CLAIMS
            _see_all_but(work, claims, inner, "claims")
            document = _claimed(claims)
            yield from opened(document, work, checker, text=checker.text(sent, document), record=record)
        return
    if not isinstance(sent, dict):
        work.find("ADP-INVALID", "credential", detail="It is no object.")
        work.lose("credential", "no object")
        return
    types, subject = kinds(sent), sent.get("credentialSubject")
    if "EnvelopedVerifiableCredential" in types:
        _see_all_but(work, sent, {"id"})
        yield from opened(str(sent.get("id")).partition(",")[2], work, checker, record=record)
    elif "VerifiablePresentation" in types:
        yield from _inside(sent, sent, work, checker, UNSIGNED)
    elif "ClrCredential" in types and isinstance(subject, dict) and "verifiableCredential" in subject:
        problem = envelope_problem(sent)
        if problem:
            work.find("ADP-INVALID", "record", field=problem[0], detail=problem[1])
            work.lose("record", f"invalid: {problem[0]}; its credentials are read one by one")
        verdict = joined(text, checker.document(sent))
        tell(work, "record", verdict)
        yield from _inside(sent, subject, work, checker, verdict)
    elif subject is None and any(name in sent for name in _ANSWER):
        _see_all_but(work, sent, set(_ANSWER))
        for name in _ANSWER:
            for each in listed(sent.get(name)):
                yield from opened(each, work, checker)
    else:
        verdict = joined(text, checker.document(sent))
        yield sent, record if verdict.status == "none" else verdict


def tell(work: Work, table: str, verdict: Verdict) -> None:
    """Count what is known of a signature, and say what it lacks."""
    if verdict.status != "none":
        work.see(f"signature.{verdict.status}")
    why = "The reason is withheld." if work.people.names_someone(verdict.why) else verdict.why
    if verdict.status == "failed":
        work.find("ADP-SIGNATURE", table, field="proof", detail=why)
    elif verdict.status == "none":
        work.find("ADP-NOT-CHECKED", table, field="proof", detail="It is not signed.")
    elif why or verdict.key == "document":
        work.find("ADP-NOT-CHECKED", table, field="proof", detail=why or _WHOSE)


def _inside(
    sent: Document, holder: Document, work: Work, checker: Checker, record: Verdict
) -> Iterator[tuple[Document, Verdict]]:
    name = "verifiableCredential"
    _see_all_but(work, sent, {name} if holder is sent else {"credentialSubject"})
    if holder is not sent:
        _see_all_but(work, holder, {name}, "credentialSubject")
    for each in listed(holder.get(name)):
        yield from opened(each, work, checker, record=record)


def _see_all_but(work: Work, document: Document, names: Collection[str], path: str = "") -> None:
    """Count the values of a document but for the parts that are read one by one."""
    work.see_document({name: value for name, value in document.items() if name not in names}, path)


def _contradiction(claims: Document) -> str | None:
    """Return the part of which a signed text says one thing beside the credential and another in it, or None."""
    inner = claims.get("vc", claims)
    inner = inner if isinstance(inner, dict) else claims
    subject = inner.get("credentialSubject")
    stated = {"jti": inner.get("id"), "iss": issuer_of(inner)}
    stated["sub"] = subject.get("id") if isinstance(subject, dict) else None
    names = {"jti": "id", "iss": "issuer", "sub": "credentialSubject.id"}
    return next((names[claim] for claim, own in stated.items() if own and claims.get(claim, own) != own), None)


def _claimed(claims: Document) -> Document:
    """Return the credential in the claims of a signed text."""
    inner = claims.get("vc")
    made = {
        name: value for name, value in (inner if isinstance(inner, dict) else claims).items() if name not in _CLAIMS
    }
    for name, claim in (("id", "jti"), ("issuer", "iss")):
        if name not in made and claim in claims:
            made[name] = claims[claim]
    for name, older, claim in (("validFrom", "issuanceDate", "nbf"), ("validUntil", "expirationDate", "exp")):
        if name not in made and older not in made and (moment := _moment(claims.get(claim))):
            made[name] = moment
    subject = made.get("credentialSubject")
    if isinstance(subject, dict) and "id" not in subject and "sub" in claims:
        made["credentialSubject"] = subject | {"id": claims["sub"]}
    return made


def _moment(seconds: Any) -> str | None:
    """Return the instant of a numeric date, or None where it is none."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return None
