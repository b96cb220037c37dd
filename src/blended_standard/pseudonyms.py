"""Stand-ins for identifiers: keyed, constant in form, separate for each field, and movable to a new key.

Source: HMAC with SHA-256, RFC 2104 and FIPS 180-4. A plain hash of an identifier is no pseudonym: anyone can hash every
possible identifier. Who holds the key can too, so the key stays with the office that knows the identifiers anyway.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

from blended_standard.errors import UsageError
from blended_standard.results import Result, Row, result

_LEAST_BYTES = 32
_KEY_ID = re.compile(r"[a-z0-9]{1,8}")


class PseudonymKey:
    """A secret key and the public name by which its pseudonyms are known. It prints its name, never itself.

    Parameters
    ----------
    key_id : str
        1 to 8 lower-case letters or digits; it stands in front of every pseudonym, so that a key can be replaced.
    secret : bytes
        At least 32 random bytes, such as `secrets.token_bytes(32)`.

    Raises
    ------
    UsageError
        The secret is short, all one byte, or not bytes; the message does not repeat it.

    Examples
    --------
    >>> PseudonymKey("k1", bytes(range(32)))
    PseudonymKey(key_id='k1')
    """

    __slots__ = ("_secret", "key_id")

    def __init__(self, key_id: str, secret: bytes) -> None:
        if not _KEY_ID.fullmatch(str(key_id)):
            raise UsageError("key_id is not 1 to 8 lower-case letters or digits.")
        if not isinstance(secret, bytes):
            raise UsageError("secret is not bytes. Pass secrets.token_bytes(32).")
        if len(secret) < _LEAST_BYTES or len(set(secret)) < 8:
            raise UsageError(f"secret is too short or too regular. Pass {_LEAST_BYTES} random bytes or more.")
        self.key_id = key_id
        self._secret = secret

    def __repr__(self) -> str:
        return f"PseudonymKey(key_id={self.key_id!r})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise UsageError("A PseudonymKey can't be pickled or copied. Load the secret where it is needed.")

    def pseudonym(self, identifier: str, *, table: str, field: str) -> str:
        """Return the pseudonym of one identifier.

        Parameters
        ----------
        identifier : str
            As it stands in the data: " 7" and "7" are different people.
        table, field : str
            Where it is used. The same identifier in another field has another pseudonym, so that two releases can't be
            joined; pass the same names wherever they should join.

        Returns
        -------
        str
            `key_id`, a hyphen and 32 characters (160 bits) of a-z and 2-7, whatever the identifier.

        Raises
        ------
        UsageError
            An identifier that is empty or not text; the message does not repeat it.

        Examples
        --------
        >>> key = PseudonymKey("k1", bytes(range(32)))
        >>> key.pseudonym("4711", table="learner", field="learner_id")
        'k1-...'
        """
        if not isinstance(identifier, str):
            raise UsageError("identifier is not text. Pass it as it stands in the data.")
        if not identifier:
            raise UsageError("identifier is empty. Pass a missing identifier on as missing.")
        if not table or not field:
            raise UsageError("table and field are empty. Name where the pseudonym is used.")
        parts = [part.encode("utf-8", "surrogatepass") for part in (table, field, identifier)]
        message = b"blended-standard/1" + b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        digest = hmac.new(self._secret, message, hashlib.sha256).digest()[:20]
        return f"{self.key_id}-{base64.b32encode(digest).decode('ascii').lower()}"

    def pseudonyms(self, identifiers: Iterable[str | None], *, table: str, field: str) -> list[str | None]:
        """Return the pseudonym of each identifier, None where it is missing.

        Examples
        --------
        >>> PseudonymKey("k1", bytes(range(32))).pseudonyms([None], table="learner", field="learner_id")
        [None]
        """
        return [None if each is None else self.pseudonym(each, table=table, field=field) for each in identifiers]


@result
class KeyChange(Result):
    """Which pseudonym under the old key is which under the new one; identifiers are not in it."""

    old_key_id: str
    new_key_id: str
    mapping: dict[str, str]

    def rows(self) -> list[Row]:
        """Return one row a pseudonym, in order of the new one, so that the order of people is lost."""
        ordered = sorted(self.mapping.items(), key=lambda pair: pair[1])
        return [{"old": old, "new": new} for old, new in ordered]

    def apply(self, pseudonyms: Iterable[str | None]) -> list[str | None]:
        """Return the new pseudonyms; one under the new key already stays as it is.

        Raises
        ------
        UsageError
            A pseudonym is in neither list.
        """
        known = set(self.mapping.values())
        changed: list[str | None] = []
        for each in pseudonyms:
            if each is not None and each not in self.mapping and each not in known:
                raise UsageError(f"A pseudonym is not among the {len(self.mapping)} of this change of key.")
            changed.append(each if each is None else self.mapping.get(each, each))
        return changed


def rotate(old: PseudonymKey, new: PseudonymKey, identifiers: Iterable[str], *, table: str, field: str) -> KeyChange:
    """Return how pseudonyms move from an old key to a new one.

    Parameters
    ----------
    old, new : PseudonymKey
        With different key ids.
    identifiers : iterable of str
        The identifiers in use; they are read once and not kept.
    table, field : str
        As for `PseudonymKey.pseudonym`.

    Raises
    ------
    UsageError
        Both keys have one id, or two pseudonyms fall together.

    Examples
    --------
    >>> old, new = PseudonymKey("k1", bytes(range(32))), PseudonymKey("k2", bytes(range(32, 64)))
    >>> change = rotate(old, new, ["4711"], table="learner", field="learner_id")
    >>> change.apply([old.pseudonym("4711", table="learner", field="learner_id")])
    ['k2-...']
    """
    if old.key_id == new.key_id:
        raise UsageError(f"Both keys have key_id={old.key_id!r}. Give the new key a new id.")
    mapping: dict[str, str] = {}
    for each in sorted(set(identifiers)):
        mapping[old.pseudonym(each, table=table, field=field)] = new.pseudonym(each, table=table, field=field)
    ordered: Mapping[str, str] = dict(sorted(mapping.items()))
    return KeyChange(old_key_id=old.key_id, new_key_id=new.key_id, mapping=dict(ordered))
