"""The vectors of the standard: language-neutral cases, each tagged with the rule or measure that it pins."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from blended_standard.errors import SpecError, UsageError
from blended_standard.spec.standard import spec_directory

CLASSES: Mapping[str, tuple[str, ...]] = {
    "producer-record": ("produce",),
    "producer-aggregate": ("report",),
    "consumer": ("records", "files", "rules", "aggregates"),
    "calculator": ("measures",),
    "comparer": ("comparison",),
}
"""What a program may claim to be, and the folders of vectors that it is then asked."""

TOLERANCE = 1e-9


@attrs.frozen(kw_only=True)
class Vector:
    """One case: an input and what every implementation must answer."""

    id: str
    kind: str
    pins: str
    input: Mapping[str, Any] = attrs.field(hash=False)
    expected: Mapping[str, Any] = attrs.field(hash=False)


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
    canonical = json.dumps([attrs.asdict(vector) for vector in vectors], sort_keys=True, separators=(",", ":"))
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
    if isinstance(expected, bool) or isinstance(found, bool) or not isinstance(expected, int | float):
        same = expected == found and type(expected) is type(found)
        return None if same else f"{place}expected {expected!r}, found {_short(found)}"
    close = isinstance(found, int | float) and math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return None if close else f"{place}expected {expected!r}, found {_short(found)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _read(file: Path, kind: str) -> list[Vector]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if kind == "measures":
            return [_measure(content["measure"], case) for case in content["cases"]]
        if kind == "records":
            return [_record(content["table"], case) for case in content["cases"]]
        return [
            Vector(
                id=f"{kind}/{file.stem}/{case['name']}",
                kind=content["kind"],
                pins=case["pins"],
                input=case["input"],
                expected=case["expected"],
            )
            for case in content["cases"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise SpecError(f"{file.name}: {type(error).__name__} {error}") from error


def _measure(measure: str, case: Mapping[str, Any]) -> Vector:
    """Read a case of a measure, whose file holds the records and the parameters beside its name."""
    asked = {name: value for name, value in case.items() if name not in ("name", "expected")}
    return Vector(
        id=f"measures/{measure}/{case['name']}",
        kind="measure",
        pins=measure,
        input={"measure": measure, **asked},
        expected=case["expected"],
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
