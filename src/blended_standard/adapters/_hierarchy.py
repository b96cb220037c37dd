"""What readers of frameworks share about the places of items above and below each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def in_cycles(parents: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the items that are above themselves, by their only parents.

    Examples
    --------
    >>> in_cycles({"a": ["b"], "b": ["a"], "c": ["a"], "d": ["a", "c"]})
    ['a', 'b']
    """
    done: set[str] = set()
    found: list[str] = []
    for start in parents:
        path: dict[str, int] = {}
        place = start
        while place not in done and place not in path and len(parents.get(place, ())) == 1:
            path[place] = len(path)
            place = parents[place][0]
        if place in path:
            found += list(path)[path[place] :]
        done.update(path)
    return found
