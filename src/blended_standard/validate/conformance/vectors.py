"""The vectors of the standard: language-neutral cases, each tagged with the rule or measure that it pins."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from blended_standard.errors import SpecError, UsageError
from blended_standard.spec.standard import spec_directory

CLASSES: Mapping[str, tuple[str, ...]] = {
    "producer-record": ("produce",),
    "producer-aggregate": ("report",),
    "consumer": ("records", "files", "rules", "aggregates"),
    "calculator": ("measures", "bridge"),
    "comparer": ("comparison",),
}
"""What a program may claim to be, and the folders of vectors that it is then asked."""

TOLERANCE = 1e-9
Row = Mapping[str, Any]
_OF_MEASURES = {"measures": "measure", "bridge": "claim"}
"""The folders whose files hold the cases of one measure, and what a program is asked by them."""


@attrs.frozen(kw_only=True)
class Vector:
    """One case: an input, what every implementation must answer, and answers that are known to be wrong, with `why`."""

    id: str
    kind: str
    pins: str
    input: Mapping[str, Any] = attrs.field(hash=False)
    expected: Mapping[str, Any] = attrs.field(hash=False)
    wrong: Sequence[Mapping[str, Any]] = attrs.field(default=(), hash=False)


def load_vectors(conformance_class: str, directory: Path | None = None) -> tuple[Vector, ...]:
    """Return the vectors of a class in a fixed order.

    Parameters
    ----------
    conformance_class : {"producer-record", "producer-aggregate", "consumer", "calculator", "comparer"}
    directory : path, optional
        Default: the vectors shipped.

    Raises
    ------
    UsageError
        The class is not known, or there is no vector of it.
    SpecError
        A file of vectors is malformed.
    """
    if conformance_class not in CLASSES:
        raise UsageError(f"conformance_class={conformance_class!r} is not one of {', '.join(CLASSES)}.")
    root = directory or spec_directory() / "vectors"
    found: list[Vector] = []
    for kind in CLASSES[conformance_class]:
        for file in sorted((root / kind).glob("*.json")):
            found.extend(_read(file, kind))
    if not found:
        raise UsageError(f"{root}: holds no vector of the class {conformance_class}.")
    return tuple(found)


def digest(vectors: Sequence[Vector]) -> str:
    """Return the SHA-256 of the vectors, so that a statement says which it was made with."""
    plain = [attrs.asdict(vector, recurse=False) for vector in vectors]
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def difference(expected: Any, found: Any, place: str = "") -> str | None:
    """Say where an answer differs from what is expected, or None. An answer may hold more than is expected.

    Numbers agree to 1e-9, relative or absolute; a `reason` need only hold the text that is expected.
    """
    if isinstance(expected, Mapping):
        if not isinstance(found, Mapping):
            return f"{place or 'answer'}: an object was expected"
        for name, value in expected.items():
            if name == "reason" and isinstance(value, str):
                held = value in str(found.get(name) or "")
                problem = None if held else f"{place}reason: does not hold {value!r}"
            else:
                problem = difference(value, found.get(name), f"{place}{name}: ")
            if problem:
                return problem
        return None
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True), start=1)
        return next(filter(None, (difference(one, two, f"{place}{n}: ") for n, (one, two) in pairs)), None)
    if isinstance(expected, bool) or isinstance(found, bool) or not isinstance(expected, int | float):
        same = expected == found and type(expected) is type(found)
        return None if same else f"{place}expected {expected!r}, found {_short(found)}"
    close = isinstance(found, int | float) and math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return None if close else f"{place}expected {expected!r}, found {_short(found)}"


def expand(tables: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Return the rows for which those of a vector stand, by table.

    A row with `repeat: n` stands for n rows without it; in each of its texts `#` is the number of the row, from 0.

    Examples
    --------
    >>> expand({"learner": [{"repeat": 2, "learner_id": "l#", "low_income": True}]})
    {'learner': [{'learner_id': 'l0', 'low_income': True}, {'learner_id': 'l1', 'low_income': True}]}
    """
    return {name: [made for row in rows for made in _repeated(row)] for name, rows in tables.items()}


def _repeated(row: Row) -> Iterator[Row]:
    if "repeat" not in row:
        yield row
        return
    facts = [(name, value) for name, value in row.items() if name != "repeat"]
    for number in range(row["repeat"]):
        yield {name: value.replace("#", str(number)) if isinstance(value, str) else value for name, value in facts}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _read(file: Path, kind: str) -> list[Vector]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if kind in _OF_MEASURES:
            return [_measure(kind, content["measure"], case) for case in content["cases"]]
        if kind == "records":
            return [_record(content["table"], case) for case in content["cases"]]
        return [
            Vector(
                id=f"{kind}/{file.stem}/{case['name']}",
                kind=content["kind"],
                pins=case["pins"],
                input=_given(case["input"]),
                expected=case["expected"],
            )
            for case in content["cases"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise SpecError(f"{file.name}: {type(error).__name__} {error}") from error


def _given(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**asked, "tables": expand(asked["tables"])} if "tables" in asked else asked


def _measure(folder: str, measure: str, case: Mapping[str, Any]) -> Vector:
    """Read a case of a measure, whose file holds the records and the parameters beside its name."""
    asked = {name: value for name, value in case.items() if name not in ("name", "expected", "wrong")}
    return Vector(
        id=f"{folder}/{measure}/{case['name']}",
        kind=_OF_MEASURES[folder],
        pins=measure,
        input={"measure": measure, **_given(asked)},
        expected=case["expected"],
        wrong=case.get("wrong", ()),
    )


def _record(table: str, case: Mapping[str, Any]) -> Vector:
    """Read a case of a record, which is judged alone."""
    return Vector(
        id=f"records/{table}/{case['name']}",
        kind="record",
        pins=case["rule"] or "valid",
        input={"table": table, "record": case["record"]},
        expected={"valid": case["valid"]},
    )
