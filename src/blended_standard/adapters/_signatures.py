"""Whether a credential is signed by a key that is given: signed texts (VC-JWT) and proofs of Data Integrity.

Source: RFC 7515 and 7518 (JWS), 1EdTech Open Badges 3.0 section 8, W3C Data Integrity 1.0 and its suites EdDSA 1.0.
Nothing is fetched. A key is given by the caller, or stands in what names it: a did:key, a did:jwk, an address that ends
in the key, the `jwk` of a signed text. Of the last two nobody can tell whose they are, and the verdict says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import attrs

from blended_standard.adapters import _contexts, _keys
from blended_standard.adapters._keys import Key, holds, multibase, own_key, unpadded
from blended_standard.adapters.documents import listed

Document = Mapping[str, Any]
Status = Literal["none", "verified", "failed", "not_checked"]
_OLD, _RDF = "Ed25519Signature2020", ("eddsa-rdfc-2022", "eddsa-2022")
_JCS = "eddsa-jcs-2022"
# That one failed outweighs that another holds: OB 3.0 lets a verifier choose one, but something was changed.
_WEIGHT: tuple[Status, ...] = ("failed", "verified", "not_checked", "none")
_NO_KEY = "Its key was not given."
_CHANGED = "What stands here is not what was signed, or another key signed it."


@attrs.frozen
class Verdict:
    """What is known of a signature; `key` says who gave the key that was tried, `why` what kept it from holding."""

    status: Status
    why: str = ""
    key: Literal["", "given", "issuer", "document"] = ""


UNSIGNED = Verdict("none")


@attrs.frozen
class _Signer:
    """Who is said to have signed: the names of the key, the key where it is written out, and the issuer."""

    names: set[str]
    own: Key | None
    issuer: str


@attrs.frozen
class _Signed:
    """A signature and what it is one of."""

    algorithm: str
    signature: bytes
    message: bytes

    def by(self, key: Key) -> bool | None:
        """Say whether a key signed; None where it is of another kind."""
        return holds(key.public, self.algorithm, self.signature, self.message)


def joined(*verdicts: Verdict) -> Verdict:
    """Return what several signatures of one document come to.

    Examples
    --------
    >>> joined(UNSIGNED, Verdict("verified"), Verdict("failed")).status
    'failed'
    """
    return min(verdicts, key=lambda each: _WEIGHT.index(each.status), default=UNSIGNED)


@attrs.define
class Checker:
    """Checks signatures with the keys and contexts of a caller."""

    keys: tuple[Key, ...] = ()
    contexts: Mapping[str, Document] = attrs.field(factory=dict)
    _editions: tuple[_contexts.Contexts, ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._editions = tuple(_contexts.Contexts(self.contexts, edition) for edition in _contexts.EDITIONS)

    def text(self, text: str, document: Document) -> Verdict:
        """Return the verdict on a signed text (compact JWS) that holds a document."""
        if not _keys.usable():
            return Verdict("not_checked", _contexts.NO_PACKAGE)
        content, _, encoded = text.strip().partition("~")[0].rpartition(".")
        header = _header(content.partition(".")[0])
        algorithm, signature = str(header.get("alg")), unpadded(encoded)
        if algorithm.lower() == "none" or not signature:
            return Verdict("failed", "It bears no signature, though it is in the form of a signed text.")
        if algorithm not in _keys.ALGORITHMS:
            return Verdict("not_checked", "Its algorithm is not one that is checked.")
        if "crit" in header:
            return Verdict("not_checked", "It wants extensions to be heeded that are not known.")
        named, jwk = header.get("kid"), header.get("jwk")
        own = own_key(named)
        if own is None and isinstance(jwk, Mapping):
            found = _keys.of_method({"publicKeyJwk": jwk})
            own = Key(found.public) if found else None
        issuer = issuer_of(document)
        names = {issuer + str(named) if str(named).startswith("#") else str(named)} if named else set()
        return self._tried(_Signer(names, own, issuer), _Signed(algorithm, signature, content.encode(errors="replace")))

    def document(self, document: Document) -> Verdict:
        """Return the verdict on the proofs that stand in a document."""
        proofs = [each for each in listed(document.get("proof")) if isinstance(each, Mapping)]
        if not proofs:
            return Verdict("failed", "Its proof is no object.") if document.get("proof") else UNSIGNED
        if not _keys.usable():
            return Verdict("not_checked", _contexts.NO_PACKAGE)
        return joined(*(self._proof(document, proof, proofs) for proof in proofs))

    def _proof(self, document: Document, proof: Document, proofs: list[Document]) -> Verdict:
        kind = proof.get("cryptosuite") if proof.get("type") == "DataIntegrityProof" else proof.get("type")
        if kind not in (_OLD, _JCS, *_RDF):
            return Verdict("not_checked", "Its kind of proof is not one that is checked.")
        if proof.get("proofPurpose") != "assertionMethod":
            return Verdict("failed", "Its proof is for another purpose than to assert.")
        signature = multibase(proof.get("proofValue"))
        if len(signature) != 64:
            return Verdict("failed", "Its proof holds no signature of 64 bytes.")
        method = proof.get("verificationMethod")
        named = method.get("id") if isinstance(method, Mapping) else method
        signer = _Signer({str(named)} if named else set(), own_key(method), issuer_of(document))
        if signer.own is None and not self._candidates(signer)[0]:
            return Verdict("not_checked", _NO_KEY)
        forms = self._jcs if kind == _JCS else self._rdf
        verdict = Verdict("failed", _CHANGED)
        try:
            for message in forms(document, proof, proofs):
                verdict = self._tried(signer, _Signed("EdDSA", signature, message))
                if verdict.status != "failed":
                    break
        except _contexts.UncheckableError as error:
            return Verdict("not_checked", str(error))
        return verdict

    def _rdf(self, document: Document, proof: Document, proofs: list[Document]) -> Iterator[bytes]:
        """Yield what a proof over RDF signs, under each edition of the contexts."""
        body = {name: value for name, value in document.items() if name != "proof"}
        earlier = listed(proof.get("previousProof"))
        if earlier:
            body["proof"] = [each for each in proofs if each.get("id") in earlier]
        facts = _facts(proof) | {"@context": document.get("@context")}
        seen: set[bytes] = set()
        errors: list[_contexts.UncheckableError] = []
        for contexts in self._editions:
            try:
                message = _digest(contexts.canonical(facts)) + _digest(contexts.canonical(body))
            except _contexts.UncheckableError as error:
                # One edition may contradict another context of the document, or lack a word.
                errors.append(error)
                continue
            if message not in seen:
                seen.add(message)
                yield message
        if not seen:
            raise errors[0]

    def _jcs(self, document: Document, proof: Document, _: list[Document]) -> Iterator[bytes]:
        """Yield what a proof over canonical JSON (RFC 8785) signs."""
        try:
            import rfc8785
        except ImportError:
            raise _contexts.UncheckableError(_contexts.NO_PACKAGE) from None
        body = {name: value for name, value in document.items() if name != "proof"}
        stated = listed(proof.get("@context"))
        if stated:
            if listed(document.get("@context"))[: len(stated)] != stated:
                return
            body["@context"] = proof["@context"]
        try:
            about, form = rfc8785.dumps(_facts(proof)), rfc8785.dumps(body)
        except (rfc8785.CanonicalizationError, ValueError, RecursionError):
            raise _contexts.UncheckableError("It holds a number or text that canonical JSON does not have.") from None
        yield hashlib.sha256(about).digest() + hashlib.sha256(form).digest()

    def _candidates(self, signer: _Signer) -> tuple[list[Key], bool]:
        """Return the caller's keys that may have signed, and whether they are those named: if not, it may be any."""
        names, own = signer.names, signer.own
        called = names | {each.rpartition("#")[2] for each in names} | {each.partition("#")[0] for each in names}
        found = [key for key in self.keys if key.id in called or (own is not None and key.public == own.public)]
        return (found, True) if found else ([key for key in self.keys if key.id is None or not names], False)

    def _tried(self, signer: _Signer, signed: _Signed) -> Verdict:
        """Return what the keys say: the caller's first, then the one that is written out."""
        found, named = self._candidates(signer)
        tried = {signed.by(key) for key in found} - {None}
        if True in tried:
            return Verdict("verified", key="given")
        own = signer.own
        if own is not None and not (tried and named):
            bound: Literal["issuer", "document"] = "issuer" if own.id and own.id == signer.issuer else "document"
            return Verdict("verified", key=bound) if signed.by(own) else Verdict("failed", _CHANGED, bound)
        return Verdict("failed", _CHANGED, "given") if tried else Verdict("not_checked", _NO_KEY)


def issuer_of(document: Document) -> str:
    """Return the identifier of an issuer, or nothing."""
    issuer = document.get("issuer")
    return str(issuer.get("id") or "") if isinstance(issuer, Mapping) else str(issuer or "")


def _header(part: str) -> Document:
    try:
        header = json.loads(unpadded(part))
    except (ValueError, RecursionError):
        return {}
    return header if isinstance(header, Mapping) else {}


def _facts(proof: Document) -> dict[str, Any]:
    return {name: value for name, value in proof.items() if name != "proofValue"}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
