"""What changed between two versions of the standard, and whether it breaks what was written for the older one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from blended_standard.errors import UnreadableInputError
from blended_standard.model import RECORDS
from blended_standard.results import Result, result
from blended_standard.spec.definitions import SEVERITIES
from blended_standard.spec.generate import dictionary_entry
from blended_standard.spec.standard import BUNDLE, read_sources, spec_directory

Kind = Literal["breaking", "additive", "editorial"]
Entry = Mapping[str, Any]

_WORDS = frozenset(
    ("title", "meaning", "note", "question", "plain", "source", "references", "limits",
     "what", "why", "mend", "reason", "notice", "seen_on", "counterparts", "since", "status")
)  # fmt: skip
_NAMES = ("id", "record", "term", "code", "name", "field")
_ORDER: tuple[Kind, ...] = ("breaking", "additive", "editorial")
_PARTS = ("records", "codes", "measures", "rules", "profiles", "bridges", "adapters")


@result
class Change(Result):
    """One change: `part` of the standard, `place` inside it, what happened, and the two values as JSON."""

    kind: Kind
    part: str
    place: str
    what: Literal["added", "removed", "changed"]
    old: str | None = None
    new: str | None = None

    def __str__(self) -> str:
        values = f": {self.old} -> {self.new}" if self.what == "changed" else ""
        return f"{self.kind:9} {self.part:8} {self.place} {self.what}{values}"


@result
class SpecDiff(Result):
    """All changes from one version to another, breaking ones first."""

    old_version: str
    new_version: str
    changes: tuple[Change, ...]

    @property
    def kind(self) -> Kind:
        """The gravest kind of change."""
        return self.changes[0].kind if self.changes else "editorial"

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a change."""
        return [change.to_dict() for change in self.changes]

    def __str__(self) -> str:
        counts = ", ".join(f"{sum(c.kind == kind for c in self.changes)} {kind}" for kind in _ORDER)
        head = f"Standard {self.old_version} -> {self.new_version}: {counts}"
        return "\n".join([head, *map(str, self.changes)])


def read_version(path: str | Path | None = None) -> dict[str, Any]:
    """Read a version of the standard as plain data, its records included.

    Parameters
    ----------
    path : path, optional
        A `spec/` directory, or a file of `spec/versions/`. Default: the standard that is installed.
    """
    if path is None:
        bundle = json.loads((spec_directory() / BUNDLE).read_text("utf-8"))
        return {**bundle, "records": [dictionary_entry(record) for record in RECORDS.values()]}
    source = Path(path)
    try:
        if source.is_dir():
            return {**read_sources(source), "records": _read_dictionary(source / "records")}
        found: dict[str, Any] = json.loads(source.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableInputError(f"{source}: no version of the standard can be read ({error}).") from error
    return found


def diff(old: Entry | str | Path, new: Entry | str | Path | None = None) -> SpecDiff:
    """Compare two versions of the standard and judge every change.

    Breaking is what may refuse data or change a number that was right before; additive is what only allows more;
    editorial is what changes words alone.

    Parameters
    ----------
    old, new : mapping or path
        What `read_version` gives or reads. Default of `new`: the standard that is installed.

    Examples
    --------
    >>> now = read_version()
    >>> diff(now, now).changes
    ()
    """
    before = old if isinstance(old, Mapping) else read_version(old)
    after = new if isinstance(new, Mapping) else read_version(new)
    found = [change for part in _PARTS for change in _of_part(part, before.get(part, ()), after.get(part, ()))]
    return SpecDiff(
        old_version=str(before["version"]),
        new_version=str(after["version"]),
        changes=tuple(sorted(found, key=lambda change: _ORDER.index(change.kind))),
    )


def _read_dictionary(folder: Path) -> list[Any]:
    from blended_standard.spec.standard import read_yaml

    return [read_yaml(file) for file in sorted(folder.glob("*.yaml"))]


def _of_part(part: str, old: Any, new: Any) -> Iterator[Change]:
    before, after = _named(old), _named(new)
    for name in sorted({*before, *after}):
        yield from _compare(part, name, (), before.get(name), after.get(name))


def _named(entries: Any) -> dict[str, Any]:
    """Return a list of entries by name, so that their order does not matter."""
    return {str(next(entry[key] for key in _NAMES if key in entry)): entry for entry in entries}


def _compare(part: str, place: str, path: tuple[str, ...], old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _compare(part, f"{place}.{key}", (*path, key), old.get(key), new.get(key))
    elif _is_entries(old or new) and not (path and path[-1] in _WORDS):
        before, after = _named(old or ()), _named(new or ())
        for name in sorted({*before, *after}):
            yield from _compare(part, f"{place}.{name}", (*path, "[]"), before.get(name), after.get(name))
    else:
        what: Literal["added", "removed", "changed"] = (
            "added" if old is None else "removed" if new is None else "changed"
        )
        yield Change(
            kind=_judged(part, path, old, new),
            part=part,
            place=place,
            what=what,
            old=None if old is None else json.dumps(old, ensure_ascii=False),
            new=None if new is None else json.dumps(new, ensure_ascii=False),
        )


def _is_entries(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _judged(part: str, path: tuple[str, ...], old: Any, new: Any) -> Kind:
    """Judge a change; what is not known to be harmless is breaking."""
    last = path[-1] if path else ""
    if not _WORDS.isdisjoint(path):
        return "editorial"
    if not path or last == "[]":
        return _judged_whole(part, old, new)
    if last == "required":
        return "additive" if old and not new else "breaking"
    if last in ("minimum", "maximum"):
        return "additive" if _is_wider(last, old, new) else "breaking"
    if last == "severity" or (part == "profiles" and path[0] == "severities"):
        return "additive" if old and new and SEVERITIES.index(new) > SEVERITIES.index(old) else "breaking"
    if part == "rules" and last == "classes":
        return "additive" if old is None or set(new or ()) <= set(old) else "breaking"
    if part == "profiles" and last == "measures":
        return "additive" if set(old or ()) <= set(new or ()) else "breaking"
    if part == "profiles" and isinstance(old, list | None) and isinstance(new, list | None):
        fewer = set(new or ()) <= set(old or ())
        return (
            "additive" if fewer and path[0] in ("required_tables", "required_fields", "closed_tables") else "breaking"
        )
    return "additive" if old is None and last in ("facts", "identifying", "legacy", "lowest_severity") else "breaking"


def _judged_whole(part: str, old: Any, new: Any) -> Kind:
    """Judge an entry that came or went."""
    if new is None:
        return "breaking"
    if part == "rules":
        return "breaking" if new.get("severity") == "error" else "additive"
    return "breaking" if part == "records" and new.get("required") else "additive"


def _is_wider(end: str, old: float | None, new: float | None) -> bool:
    if new is None:
        return True
    if old is None:
        return False
    return new < old if end == "minimum" else new > old
