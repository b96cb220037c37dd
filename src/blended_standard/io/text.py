"""Read JSON Lines as text, and what CSV shares with it: rows, decoding, characters that hide. Bad rows are findings."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from blended_standard.findings import FindingCollector
from blended_standard.io.limits import LIMITS, Limits
from blended_standard.model.fields import HALF_A_CHARACTER, is_written

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_END, _NEW_LINE = re.compile(r"\r\n|\r|\n"), re.compile("\n")
_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|([\[{])|[\]}]', re.DOTALL)
_UNDECODED = re.compile("[\udc80-\udcff]")
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HIDING = re.compile(f"[\x00{_CONTROL.pattern[1:-1]}{_BIDI.pattern[1:-1]}]")  # one class: it reads every file


@attrs.frozen
class RawRow:
    """One row as it stands in its source: text for CSV, JSON values for JSON Lines; no line in memory.

    Where `typed`, the source tells text from numbers and truth, so that a number in quotes is text and no number.
    """

    row: int
    line: int | None
    values: Mapping[str, Any]
    typed: bool = False


@attrs.frozen
class Problem:
    """Why a line is no record: the code of a rule, and what is known of it."""

    code: str
    field: str | None = None
    detail: str = ""


@attrs.frozen
class Place:
    """Where a row stands, and where what is wrong with it goes."""

    table: str
    row: int | None
    line: int
    found: FindingCollector

    def add(self, code: str, *, field: str | None = None, detail: str = "") -> None:
        """Add a finding about the row."""
        self.found.add(code, table=self.table, row=self.row, line=self.line, field=field, detail=detail)


def read_json_lines(
    content: bytes, table: str, found: FindingCollector, *, limits: Limits = LIMITS
) -> Iterator[RawRow]:
    """Yield the rows of a JSON Lines file: one object a line; NaN, Infinity and repeated keys are refused."""
    text = text_of(content, table, found)
    if text is None:
        return
    mixed_line_ends(text, table, found)
    hiding, escaping, whole = hides(text), "\\u" in text, is_whole(text)
    row = blank = 0
    for number, (line, ends) in enumerate(_lines(text), start=1):
        if not line.strip():
            blank += 1
            continue
        row += 1
        if not whole and not is_decoded(line, Place(table, row, number, found)):
            continue
        values = _parsed(line, limits, cut=not ends)
        if isinstance(values, Problem):
            found.add(values.code, table=table, row=row, line=number, field=values.field, detail=values.detail)
            continue
        looked_at = hiding or escaping or len(line) > limits.field_length
        if not looked_at or _is_sound_record(values, Place(table, row, number, found), limits):
            yield RawRow(row, number, values, typed=True)
    blank_lines(blank, table, found)


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each line up to the last that is not blank, and whether it ends; a list of them would double the memory."""
    written, start = len(text.rstrip()), 0
    ends = _LINE_END if "\r" in text else _NEW_LINE
    for end in ends.finditer(text):
        if start >= written:
            return
        yield text[start : end.start()], True
        start = end.end()
    if start < written:
        yield text[start:], False


def parse_object(text: str) -> Any:
    """Parse JSON; `KeyTwiceError` and other `ValueError` refuse repeated keys and numbers that are not finite."""
    return _CAREFUL.decode(text)


def parse_object_once(text: str) -> Any:
    """Parse JSON of which it is known that it repeats no key, several times faster."""
    return _QUICK.decode(text)


def text_of(content: bytes, table: str, found: FindingCollector) -> str | None:
    """Return the text of a file, or None where nothing in it can be read; the findings say why."""
    text = _decode(content, table, found)
    if text is not None and not text.strip():
        found.add("FIL-EMPTY", table=table)
        return None
    return text


def _decode(content: bytes, table: str, found: FindingCollector) -> str | None:
    """Return the text without its mark, or None when it is UTF-16.

    A byte that is not UTF-8 stands in it as half a character (PEP 383), which no text has of its own.
    """
    if content.startswith(_UTF16_MARKS) or content[:64].count(0) > len(content[:64]) // 4:
        found.add("ENC-NOT-UTF8", table=table, detail="It looks like UTF-16. Name it with encoding to read it.")
        return None
    if content.startswith(codecs.BOM_UTF8):
        found.add("ENC-BOM", table=table)
        content = content[len(codecs.BOM_UTF8) :]
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("utf-8", "surrogateescape")


def mixed_line_ends(text: str, table: str, found: FindingCollector) -> None:
    """Find lines that end in different ways; `text` holds no quoted line breaks."""
    both = text.count("\r\n")
    kinds = (both, text.count("\n") - both, text.count("\r") - both)
    if sum(count > 0 for count in kinds) > 1:
        detail = f"{kinds[0]:,} lines end in CR LF, {kinds[1]:,} in LF, {kinds[2]:,} in CR."
        found.add("ENC-EOL", table=table, detail=detail)


def blank_lines(count: int, table: str, found: FindingCollector) -> None:
    """Say how many blank lines were skipped."""
    if count:
        found.add("FIL-BLANK", table=table, detail=f"({count:,})")


def hides(text: str) -> bool:
    """Say whether a text holds a character that does not show: NUL, a control, a change of direction."""
    return _HIDING.search(text) is not None


def is_whole(text: str) -> bool:
    """Say whether every byte of a file was UTF-8."""
    return _UNDECODED.search(text) is None


def is_decoded(raw: str, place: Place) -> bool:
    """Report the first byte of a row that is not UTF-8, by its line and its place in it."""
    byte = _UNDECODED.search(raw)
    if byte is None:
        return True
    *before, line = _LINE_END.split(raw[: byte.start()])
    offset = len(line.encode("utf-8", "surrogateescape")) + 1
    attrs.evolve(place, line=place.line + len(before)).add("ENC-NOT-UTF8", detail=f"(byte {offset} of the line)")
    return False


def is_sound_text(name: str, text: str, place: Place) -> bool:
    """Report characters that do not show; those that change direction are only warned of."""
    if "\x00" in text:
        place.add("ENC-NUL", field=name)
        return False
    if _CONTROL.search(text):
        place.add("ENC-CONTROL", field=name)
        return False
    if _BIDI.search(text):
        place.add("ENC-BIDI", field=name)
    return True


def _parsed(line: str, limits: Limits, *, cut: bool) -> dict[str, Any] | Problem:
    if _is_deeper(line, limits.depth):
        return Problem("LIM-DEPTH", detail=f"The limit is {limits.depth}.")
    try:
        values = parse_object(line)
    except KeyTwiceError as error:
        return Problem("JSN-KEY-TWICE", field=error.args[0])
    except NotFiniteError as error:
        return Problem("NUM-NOT-FINITE", detail=f"({error})")
    except (ValueError, RecursionError) as error:
        where = f"at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else "a number is too long"
        return Problem("JSN-CUT" if cut else "JSN-INVALID", detail=f"({where})")
    return values if isinstance(values, dict) else Problem("JSN-INVALID", detail=f"It is a {type(values).__name__}.")


def _is_deeper(line: str, limit: int) -> bool:
    if line.count("[") + line.count("{") <= limit:
        return False
    depth = 0
    for token in _BRACKET.finditer(line):
        if token[1]:
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        if depth > limit:
            return True
    return False


def _is_sound_record(values: dict[str, Any], place: Place, limits: Limits) -> bool:
    return all(_is_sound(name, value, place, limits) for name, value in values.items())


def _is_sound(name: str, value: Any, place: Place, limits: Limits) -> bool:
    """Check the name and the value of one field, whatever it holds."""
    for text in (name, *_texts(value)):
        if len(text) > limits.field_length:
            place.add("LIM-FIELD", field=name[:100], detail=f"The limit is {limits.field_length:,} characters.")
            return False
        if not is_written(text):
            place.add("JSN-INVALID", detail=f"({HALF_A_CHARACTER})")
            return False
        if hides(text) and not is_sound_text(name, text, place):
            return False
    return True


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


class KeyTwiceError(ValueError):
    """A JSON object names a key twice; the text is the key."""

    def __str__(self) -> str:
        return f"the key {self.args[0]!r} stands twice"


class NotFiniteError(ValueError):
    """A number is not finite: NaN, Infinity, or beyond what can be written down."""


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        raise KeyTwiceError(next(name for name in names if names.count(name) > 1))
    return values


def _refuse_constant(name: str) -> float:
    raise NotFiniteError(f"{name} is not a number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise NotFiniteError(f"{digits[:20]} is beyond the numbers that can be held")
    return number


_CAREFUL = json.JSONDecoder(object_pairs_hook=_refuse_twice, parse_constant=_refuse_constant, parse_float=_finite)
_QUICK = json.JSONDecoder(parse_constant=_refuse_constant)
