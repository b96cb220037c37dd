"""Identifiers that look alike and are not: accents put together or apart, other scripts, hidden characters."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from blended_standard.engine.base import BEYOND_ASCII, Engine
from blended_standard.io.tables import ROW

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_AT_ONCE = 500_000

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


def twins(names: Iterable[str]) -> dict[str, str]:
    """Return, of identifiers that look alike, all but the first, with the first.

    Case and outer space alone are found elsewhere.
    """
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        alike[skeleton(name)].append(name)
    pairs = ((name, group[0]) for group in alike.values() for name in group[1:])
    return {name: first for name, first in pairs if name.strip().lower() != first.strip().lower()}


def look_alikes(frame: nw.LazyFrame[Any], key: str, engine: Engine, rows: int) -> nw.LazyFrame[Any]:
    """Return the rows of a table whose key looks like another, `_first`, of which one is written in more than ASCII.

    Only such keys are looked at one by one, part of the table by part: of each a hash of what a person sees is kept,
    and then the names of those whose hash stands twice, or that read like a key in ASCII.
    """
    import narwhals.stable.v2 as nw
    import numpy as np

    beyond = frame.filter(nw.col(BEYOND_ASCII))

    def parts() -> Iterator[list[str]]:
        for start in range(0, rows, _AT_ONCE):
            part = beyond.filter((nw.col(ROW) > start) & (nw.col(ROW) <= start + _AT_ONCE))
            yield engine.collect(part.select(key).unique())[key]

    seen, in_ascii = [], set[str]()
    for names in parts():
        skeletons = [skeleton(name) for name in names]
        seen.append(np.array([hash(each) for each in skeletons], dtype=np.int64))
        in_ascii.update(each for each in skeletons if each.isascii())
    hashes, counts = np.unique(np.concatenate(seen), return_counts=True)
    twice = set(hashes[counts > 1].tolist())
    plain = frame.filter(~nw.col(BEYOND_ASCII)).with_columns(_seen=nw.col(key).str.strip_chars().str.to_lowercase())
    alike = plain.join(engine.frame({"_seen": sorted(in_ascii)}, {"_seen": str}), on="_seen")
    found = set(engine.collect(alike.select(key).unique())[key])
    for names in parts():
        found.update(name for name in names if hash(each := skeleton(name)) in twice or each in in_ascii)
    pairs = twins(found)
    firsts = {"_twin": list(pairs), "_first": list(pairs.values())}
    return frame.join(engine.frame(firsts, dict.fromkeys(firsts, str)), left_on=key, right_on="_twin")
