"""Our own identifiers in credentials and frameworks, by which what was written comes back as it was."""

from __future__ import annotations

import re
import urllib.parse
import uuid
from typing import Any

import attrs

_ROOT = "urn:blended-standard:"
LEARNER = f"{_ROOT}learner:"
PROGRAM = f"{_ROOT}program:"
DECISION = f"{_ROOT}decision:"
CREDENTIAL = f"{_ROOT}credential:"
AWARD = f"{_ROOT}award:"
ISSUER = f"{_ROOT}issuer:"
COMPETENCY = f"{_ROOT}competency:"
SCALE = f"{_ROOT}scale:"
LEVEL = f"{_ROOT}level:"
FRAMEWORK = f"{_ROOT}framework:"
ASSOCIATION = f"{_ROOT}association:"
RUBRIC = f"{_ROOT}rubric:"
GROUPING = f"{_ROOT}grouping:"
LICENSE = f"{_ROOT}license:"
_OURS = re.compile(rf"{_ROOT}[a-z]+:(.+)")
UNSTATED = "not stated"
# What each kind of credential is called; a kind that the vocabulary lacks is an extension.
AWARDS = {
    "diploma": "SecondarySchoolDiploma",
    "equivalency": "GeneralEducationDevelopment",
    "associate": "AssociateDegree",
    "bachelor": "BachelorDegree",
    "occupational_license": "License",
    "occupational_certificate": "Certificate",
    "industry_certification": "Certification",
    "badge": "Badge",
    "other": "ext:other",
}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def uuid_of(text: str) -> str:
    """Return the UUID that a text always has (version 5, in the name space of addresses)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def name(prefix: str, identifier: str) -> str:
    """Return the URN of an identifier.

    Examples
    --------
    >>> name(DECISION, "d 1")
    'urn:blended-standard:decision:d%201'
    """
    return prefix + urllib.parse.quote(identifier, safe="")


def part(prefix: str, urn: str) -> str:
    """Return the identifier in a URN of ours; any other stays whole.

    Examples
    --------
    >>> part(DECISION, "urn:blended-standard:decision:d%201"), part(LEVEL, "urn:x:1")
    ('d 1', 'urn:x:1')
    """
    return urllib.parse.unquote(urn.removeprefix(prefix)) if urn.startswith(prefix) else urn


def own_part(urn: object) -> str | None:
    """Return the identifier in any URN of ours, or None.

    Examples
    --------
    >>> own_part("urn:blended-standard:competency:math%207"), own_part("urn:uuid:1")
    ('math 7', None)
    """
    found = _OURS.fullmatch(urn) if isinstance(urn, str) else None
    return urllib.parse.unquote(found[1]) if found else None


@attrs.frozen
class Described:
    """A result of ours: its description, the type of its value, and its highest value."""

    id: str
    title: str
    type: type
    high: str = ""

    def value(self, text: object) -> Any:
        """Return the value of a result, or None where it is none."""
        if self.type is bool:
            return {"true": True, "false": False}.get(str(text))
        try:
            number = self.type(str(text))
        except ValueError:
            return None
        return number if 0 <= number <= float(self.high) else None


RESULTS = {
    "evidence_level": Described(
        f"{_ROOT}result:evidence-level", "Level of the evidence, 0 (presence) to 4 (double-scored)", int, "4"
    ),
    "open_badges:probability": Described(
        f"{_ROOT}result:probability", "Probability that the decision is right, as its issuer estimated it", float, "1"
    ),
    "prior_learning": Described(f"{_ROOT}result:prior-learning", "Recognized from before this stay", bool),
    "reassessment": Described(f"{_ROOT}result:reassessment", "A later check of what was mastered before", bool),
}
