"""Keep identifiers of people out of what is written: pseudonyms by key, and a net for free text."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping

import attrs

from blended_standard.pseudonyms import PseudonymKey

_EMAIL = re.compile(r"[^\s@/:<>\"']+(?:@|%40)[^\s@/:<>\"']+\.[^\s@/:<>\"']+", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
# Eight groups, fewer with a double colon, or a hardware address; a time of day or a ratio is none of them.
_IPV6 = re.compile(
    r"(?<![\w:])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}:|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?!\w))",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<!\w)(?:\+?\(?\d{3}\)?[ .-]?\d{3}[ .-]\d{4}|\+\d(?:[ .()-]{0,2}\d){8,14})(?!\w)")
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
PSEUDONYM = re.compile(r"[a-z0-9]{1,8}-[a-z2-7]{32}")
_TOKEN = re.compile(r"[^\W_]+")
_LONGEST_WORD = 8
_SHORTEST = 3
_CACHED = 250_000


def short_name(identifier: str, longest: int) -> str:
    """Return an identifier in at most `longest` characters, for a system that allows no more.

    A pseudonym goes without the name of its key, and then by its end: twelve characters are 60 bits. Any other that is
    too long is hashed, since its end may be that of another.

    Examples
    --------
    >>> short_name("k1-" + "a" * 20 + "bcdefghijklm", 12), short_name("L-001", 12), short_name("district/000000001", 12)
    ('bcdefghijklm', 'L-001', ...)
    """
    if PSEUDONYM.fullmatch(identifier):
        return identifier.rpartition("-")[2][-longest:]
    if len(identifier) <= longest:
        return identifier
    return base64.b32encode(hashlib.sha256(identifier.encode()).digest()).decode().lower()[:longest]


def random_key() -> PseudonymKey:
    """Return a key that nobody keeps: its pseudonyms can't be made again."""
    return PseudonymKey("once", secrets.token_bytes(32))


def looks_identifying(text: str) -> bool:
    """Say whether `text` holds what looks like an address of mail or the net, or a number of telephone or tax."""
    # Counting what every match holds is faster than a search.
    if (text.count(".") > 2 and _IPV4.search(text)) or (text.count(":") > 1 and _IPV6.search(text)):
        return True
    return reaches_someone(text)


def reaches_someone(text: str) -> bool:
    """Say whether `text` holds what looks like an address of mail, or a number of telephone or tax.

    For published texts, in which four numbers with dots are the code of a standard.

    Examples
    --------
    >>> reaches_someone("9.2.1.1"), looks_identifying("9.2.1.1"), reaches_someone("ask jo@x.example")
    (False, True, True)
    """
    if ("@" in text or "%40" in text) and _EMAIL.search(text):
        return True
    return (text.count("-") > 1 and _SSN.search(text) is not None) or _PHONE.search(text) is not None


@attrs.define
class Identities:
    """Pseudonyms of the people of one import, and the words that identify them.

    `schemes` renames the scheme of an identifier (`{"https://lms.example": "oneroster"}`), so that two systems which
    use the same identifiers give the same pseudonym.
    """

    key: PseudonymKey
    schemes: Mapping[str, str] = attrs.field(factory=dict)
    _made: dict[tuple[str, str, str], str] = attrs.field(factory=dict, init=False)
    _words: set[tuple[str, ...]] = attrs.field(factory=set, init=False)

    def learner(self, scheme: str, value: str) -> str:
        """Return the pseudonym of a learner."""
        return self.pseudonym("learner", scheme, value)

    def adult(self, scheme: str, value: str) -> str:
        """Return the pseudonym of an adult of the program."""
        return self.pseudonym("adult", scheme, value)

    def pseudonym(self, kind: str, scheme: str, value: str) -> str:
        """Return the pseudonym of `value`, an identifier of a `kind` under a `scheme`."""
        place = (kind, scheme, value)
        made = self._made.get(place)
        if made is None:
            named = self.schemes.get(scheme, scheme)
            made = self.key.pseudonym(f"{len(named)}:{named}{value}", table=kind, field=f"{kind}_id")
            if len(self._made) >= _CACHED:
                self._made.clear()
            self._made[place] = made
        return made

    def remember(self, value: object) -> None:
        """Remember a value that identifies a person, so that free text which holds it is withheld."""
        tokens = tuple(_TOKEN.findall(str(value).lower()))
        if tokens and sum(map(len, tokens)) >= _SHORTEST and len(tokens) <= _LONGEST_WORD:
            self._words.add(tokens)

    def names_someone(self, text: str) -> bool:
        """Say whether `text` holds a pattern of an address or a value that was remembered."""
        if looks_identifying(text):
            return True
        if not self._words:
            return False
        tokens = _TOKEN.findall(text.lower())
        return any(
            tuple(tokens[start : start + length]) in self._words
            for start in range(len(tokens))
            for length in range(1, min(_LONGEST_WORD, len(tokens) - start) + 1)
        )
