"""JSON-LD as RDF in its canonical form, with contexts that are held: none is ever fetched.

Source: W3C JSON-LD 1.1 and RDF Dataset Canonicalization 1.0, as the package PyLD has them. What no context defines
would be left out of the form, and so of what a signature covers.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import attrs

from blended_standard.errors import UsageError

Document = Mapping[str, Any]
NO_PACKAGE = 'The packages that verify are not installed: pip install "blended-standard[signatures]".'
_OB, _CLR = "https://purl.imsglobal.org/spec/ob/v3p0/", "https://purl.imsglobal.org/spec/clr/v2p0/"
# Each edition that was published at an address, the first one last.
_HELD: Mapping[str, tuple[str, ...]] = {
    "https://www.w3.org/2018/credentials/v1": ("credentials-v1",),
    "https://www.w3.org/ns/credentials/v2": ("credentials-v2",),
    "https://www.w3.org/ns/credentials/status/v1": ("bitstring-status-v1",),
    "https://w3id.org/vc/status-list/2021/v1": ("status-list-2021-v1",),
    "https://w3id.org/security/data-integrity/v1": ("data-integrity-v1",),
    "https://w3id.org/security/data-integrity/v2": ("data-integrity-v2",),
    "https://w3id.org/security/suites/ed25519-2020/v1": ("ed25519-2020-v1",),
    f"{_OB}context.json": ("open-badges-3.0.3", "open-badges-3.0.0"),
    f"{_OB}context-3.0.1.json": ("open-badges-3.0.1",),
    f"{_OB}context-3.0.2.json": ("open-badges-3.0.2",),
    f"{_OB}context-3.0.3.json": ("open-badges-3.0.3", "open-badges-3.0.3-first"),
    f"{_OB}extensions.json": ("open-badges-extensions",),
    f"{_CLR}context.json": ("clr-2.0.1", "clr-2.0.1-first"),
    f"{_CLR}context-2.0.1.json": ("clr-2.0.1", "clr-2.0.1-first"),
}
EDITIONS = (0, -1)
# What is relative is made whole with this, and so is found.
_BASE = "https://relative.invalid/"
# Steps by which blank nodes that look alike are told apart; a document made to take for ever needs more.
_STEPS = 1_000
_CACHED = 100
# The canonical form escapes the first of these, which the package does not; half characters have no form at all.
_ESCAPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class UncheckableError(Exception):
    """The document cannot be brought into the form that was signed; the message says why."""


@attrs.define
class Contexts:
    """The contexts of one edition, those of the caller before all others."""

    own: Mapping[str, Document]
    edition: int = 0
    _resolved: dict[str, Any] = attrs.field(factory=dict, init=False)

    def canonical(self, document: Document) -> str:
        """Return the canonical N-Quads of a document.

        Raises
        ------
        UncheckableError
            A context is not held, or a word is defined by none; or it is no JSON-LD, or made to take for ever.
        """
        try:
            from pyld import jsonld
            from pyld.context_resolver import ContextResolver
        except ImportError:
            raise UncheckableError(NO_PACKAGE) from None
        if _brings_its_own(document):
            raise UncheckableError("It brings a context of its own, which could swap the meaning of its words.")
        missing: list[str] = []
        undefined: list[str] = []

        def load(url: str, _: object = None) -> Document:
            found = self._held(url)
            if found is None:
                missing.append(url)
                raise ValueError("not held")
            # What is static is worked out once.
            facts = {"contextUrl": None, "contentType": "application/ld+json", "tag": "static"}
            return facts | {"documentUrl": url, "document": found}

        if len(self._resolved) > _CACHED:
            self._resolved.clear()
        # A resolver of our own: the package's keeps what others in this process took a context to be.
        options = {"base": _BASE, "documentLoader": load, "contextResolver": ContextResolver(self._resolved, load)}
        try:
            expanded = jsonld.expand(
                document, options, on_property_dropped=lambda name: undefined.append(str(name or "a word"))
            )
            undefined.extend(_relative(expanded))
            if undefined:
                raise UncheckableError(f"No context defines {undefined[0]!r}, so that no signature covers it.")
            quads: str = _bounded().main(jsonld.to_rdf(expanded, options), {"format": "application/n-quads"})
        except UncheckableError:
            raise
        except (jsonld.JsonLdError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            why = f"The context {missing[0]} is not held." if missing else "It is no JSON-LD that can be read."
            raise UncheckableError(why) from None
        if _ESCAPED.search(quads):
            raise UncheckableError("It holds control characters or half characters, which are not handled.")
        return quads

    def _held(self, url: str) -> Document | None:
        if url in self.own:
            return self.own[url]
        return _file(_HELD[url][self.edition]) if url in _HELD else None


def read(contexts: Mapping[str, str | Path | Document] | None) -> dict[str, Document]:
    """Return the contexts that a caller gives, each by its address.

    Raises
    ------
    UsageError
        It is no mapping of addresses, or a file holds no context.
    """
    if contexts is None:
        return {}
    if not isinstance(contexts, Mapping):
        raise UsageError(f"contexts is of the type {type(contexts).__name__}. Pass a mapping: {{address: file}}.")
    return {str(url): _given(str(url), each) for url, each in contexts.items()}


def _given(url: str, source: str | Path | Document) -> Document:
    try:
        # The package works in what it is given.
        found = (
            copy.deepcopy(source) if isinstance(source, Mapping) else json.loads(Path(source).read_text("utf-8-sig"))
        )
    except (OSError, ValueError, TypeError, RecursionError):
        raise UsageError(f"contexts: {url}: {source} cannot be read as JSON.") from None
    if not isinstance(found, Mapping) or "@context" not in found:
        raise UsageError(f"contexts: {url}: holds no JSON-LD context. Accepted: an object with @context.")
    return found


def _file(name: str) -> Document:
    text = (resources.files("blended_standard.adapters") / "contexts" / f"{name}.json").read_text("utf-8")
    made: Document = json.loads(text)
    return made


def _brings_its_own(part: Any) -> bool:
    """Say whether a context is written out in a document: contexts are not signed, only what they make of its words."""
    if isinstance(part, list):
        return any(map(_brings_its_own, part))
    if not isinstance(part, Mapping):
        return False
    stated = part.get("@context")
    written = any(isinstance(each, Mapping) for each in (stated if isinstance(stated, list) else [stated]))
    return written or any(_brings_its_own(each) for name, each in part.items() if name != "@context")


def _relative(expanded: Any) -> Iterator[str]:
    """Yield the identifiers and types that no context made whole: RDF leaves them out."""
    if isinstance(expanded, list):
        for each in expanded:
            yield from _relative(each)
    elif isinstance(expanded, Mapping) and "@value" not in expanded:
        named = expanded.get("@id", "_:")
        for each in [*([named] if isinstance(named, str) else []), *expanded.get("@type", ())]:
            if each.startswith(_BASE) or ":" not in each:
                yield each.removeprefix(_BASE)
        for name, each in expanded.items():
            if name not in ("@id", "@type"):
                yield from _relative(each)


def _bounded() -> Any:
    """Return the algorithm that makes the form, with an end to the steps it takes."""
    from pyld.canon import URDNA2015

    class Bounded(URDNA2015):  # type: ignore[misc]
        steps = 0

        def hash_n_degree_quads(self, id_: str, issuer: Any) -> Any:
            self.steps += 1
            if self.steps > _STEPS:
                raise UncheckableError("Too many of its parts without an identifier look alike.")
            return super().hash_n_degree_quads(id_, issuer)

    return Bounded()
