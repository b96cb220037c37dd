"""The forms in which wallets and servers send credentials, opened one by one: records, presentations, signed texts.

Source: W3C Verifiable Credentials 2.0 and its securing by JOSE, 1EdTech Open Badges 3.0 and CLR 2.0 (VC-JWT, answers of
their services). A signed text is opened, not verified.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from blended_standard.adapters._badge_rules import envelope_problem, kinds
from blended_standard.adapters.documents import listed, signed_claims
from blended_standard.adapters.work import Work

Document = dict[str, Any]
_CLAIMS = ("exp", "iss", "iat", "nbf", "sub", "jti", "aud")
_ANSWER = ("credential", "credentials", "compactJwsString")


def opened(sent: Any, work: Work, *, signed: bool = False) -> Iterator[tuple[Document, bool]]:
    """Yield each credential of what was sent, and whether it came as a signed text; what holds them is counted."""
    if isinstance(sent, str):
        document = _claimed(sent)
        if document is None:
            work.find("ADP-INVALID", "credential", field="proof", detail="It is a text, and not a signed one (JWT).")
            work.lose("credential", "a text that is no signed credential")
        else:
            yield from opened(document, work, signed=True)
        return
    if not isinstance(sent, dict):
        work.find("ADP-INVALID", "credential", detail="It is no object.")
        work.lose("credential", "no object")
        return
    types, subject = kinds(sent), sent.get("credentialSubject")
    if "EnvelopedVerifiableCredential" in types:
        yield from opened(str(sent.get("id")).partition(",")[2], work)
    elif "VerifiablePresentation" in types:
        yield from _inside(sent, sent, "verifiableCredential", work)
    elif "ClrCredential" in types and isinstance(subject, dict) and "verifiableCredential" in subject:
        problem = envelope_problem(sent)
        if problem:
            work.find("ADP-INVALID", "record", field=problem[0], detail=problem[1])
            work.lose("record", f"invalid: {problem[0]}; its credentials are read one by one")
        yield from _inside(sent, subject, "verifiableCredential", work)
    elif subject is None and any(name in sent for name in _ANSWER):
        for name in _ANSWER:
            for each in listed(sent.get(name)):
                yield from opened(each, work)
    else:
        yield sent, signed


def _inside(sent: Document, holder: Document, name: str, work: Work) -> Iterator[tuple[Document, bool]]:
    rest = {key: value for key, value in sent.items() if value is not holder and key != name}
    work.see_document(rest)
    if holder is not sent:
        work.see_document({key: value for key, value in holder.items() if key != name}, "credentialSubject")
    for each in listed(holder.get(name)):
        yield from opened(each, work)


def _claimed(text: str) -> Document | None:
    """Return the credential in the claims of a signed text, or None where there is none."""
    claims = signed_claims(text)
    if claims is None:
        return None
    inner = claims.get("vc")
    made = {
        name: value for name, value in (inner if isinstance(inner, dict) else claims).items() if name not in _CLAIMS
    }
    for name, claim in (("id", "jti"), ("issuer", "iss")):
        if name not in made and claim in claims:
            made[name] = claims[claim]
    if "validFrom" not in made and "issuanceDate" not in made and isinstance(claims.get("nbf"), int | float):
        made["validFrom"] = dt.datetime.fromtimestamp(claims["nbf"], dt.UTC).isoformat()
    subject = made.get("credentialSubject")
    if isinstance(subject, dict) and "id" not in subject and "sub" in claims:
        made["credentialSubject"] = subject | {"id": claims["sub"]}
    return made
