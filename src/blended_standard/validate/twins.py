"""Identifiers that look alike and are not: accents put together or apart, other scripts, hidden characters."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

# Letters that most typefaces draw as these of Latin; from the confusables of Unicode Technical Standard 39.
_LOOK = str.maketrans(
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕԁһԛԝѵΑΒΕΖΗΙΚΜΝΟΡΤΥΧονα",
    "ABEKMHOPCTYXIJSaeopcyxijsdhqwvABEZHIKMNOPTYXova",
)


def skeleton(name: str) -> str:
    """Return what a person sees of an identifier: two that share it look alike.

    Examples
    --------
    >>> skeleton("N\\u043erth") == skeleton("north\\u200b") == "north"
    True
    """
    plain = unicodedata.normalize("NFKC", name).translate(_LOOK)
    return "".join(char for char in plain if unicodedata.category(char) != "Cf").strip().casefold()


def twins(names: Iterable[str]) -> list[str]:
    """Return, of identifiers that look alike, all but the first; case and outer space alone are found elsewhere."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        alike[skeleton(name)].append(name)
    groups = (group for group in alike.values() if len({name.strip().lower() for name in group}) > 1)
    return sorted(name for group in groups for name in group[1:])
