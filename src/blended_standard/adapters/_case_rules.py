"""What a part of a CASE package must state, and of which kind its values are.

Source: 1EdTech CASE 1.1 (the payload of CFPackages); 1.0 is a part of it. What is missing or of another kind is found
and read all the same, where it can be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
_EVERY = ("identifier", "uri", "lastChangeDateTime")
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "CFDocument": (*_EVERY, "creator", "title"),
    "CFItems": (*_EVERY, "fullStatement"),
    "CFAssociations": (*_EVERY, "associationType", "originNodeURI", "destinationNodeURI"),
    "CFRubrics": _EVERY,
    "CFRubrics.CFRubricCriteria": _EVERY,
    "CFRubrics.CFRubricCriteria.CFRubricCriterionLevels": _EVERY,
}
_LINK = ("title", "identifier", "uri")


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_link(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in _LINK)


def _is_list_of_links(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_link, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and value % 1 == 0


def _is_instant(value: Any) -> bool:
    try:
        return dt.datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _is_day(value: Any) -> bool:
    try:
        return bool(dt.date.fromisoformat(value))
    except (TypeError, ValueError):
        return False


_Kind = tuple[str, Callable[[Any], bool]]
_TEXTS: _Kind = ("a list of texts", _is_list_of_text)
_A_LINK: _Kind = ("a link with title, identifier and uri", _is_link)
_LINKS: _Kind = ("a list of links with title, identifier and uri", _is_list_of_links)
_DAY: _Kind = ("a date such as 2026-06-30", _is_day)
_KINDS: Mapping[str, _Kind] = {
    "subject": _TEXTS,
    "educationLevel": _TEXTS,
    "conceptKeywords": _TEXTS,
    "subjectURI": _LINKS,
    "licenseURI": _A_LINK,
    "conceptKeywordsURI": _A_LINK,
    "CFItemTypeURI": _A_LINK,
    "CFItemURI": _A_LINK,
    "CFAssociationGroupingURI": _A_LINK,
    "originNodeURI": _A_LINK,
    "destinationNodeURI": _A_LINK,
    "statusStartDate": _DAY,
    "statusEndDate": _DAY,
    "lastChangeDateTime": ("an instant with its zone, such as 2026-06-30T12:00:00Z", _is_instant),
    "sequenceNumber": ("a whole number", _is_whole),
    "position": ("a whole number", _is_whole),
    "score": ("a number", _is_number),
    "weight": ("a number", _is_number),
}


def faults(part: str, document: Document) -> Iterator[tuple[str, str]]:
    """Yield each field of a part that is missing or of another kind, and what is wrong with it.

    Examples
    --------
    >>> list(faults("CFRubrics", {"identifier": "a", "uri": "b", "weight": "1"}))
    [('lastChangeDateTime', 'CASE requires it.'), ('weight', 'It is not a number.')]
    """
    for field in REQUIRED[part]:
        if document.get(field) in (None, ""):
            yield field, "CASE requires it."
    for field, (what, holds) in _KINDS.items():
        if field in document and not holds(document[field]):
            yield field, f"It is not {what}."
