"""Read CSV and JSON Lines as text, under our own dialect and never by sniffing; every bad row is a finding."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from blended_standard.findings import FindingCollector

_LONGEST_FIELD = 1_000_000
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@attrs.frozen
class RawRow:
    """One row as it stands in its source: text for CSV, JSON values for JSON Lines; no line in memory.

    Where `typed`, the source tells text from numbers and truth, so that a number in quotes is text and no number.
    """

    row: int
    line: int | None
    values: Mapping[str, Any]
    typed: bool = False


def read_csv(content: bytes, table: str, known: tuple[str, ...], found: FindingCollector) -> Iterator[RawRow]:
    """Yield the rows of a CSV file: RFC 4180, comma, UTF-8, a header; empty fields are absent values."""
    text = _decode(content, table, found)
    if text is None:
        return
    if not text.strip():
        found.add("FIL-EMPTY", table=table)
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = _header(reader, table, known, found)
    if header is None:
        return
    row = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row += 1
            code = "CSV-CUT" if "end of data" in str(error) else "CSV-WIDTH"
            found.add(code, table=table, row=row, line=line, detail=f"({error})")
            continue
        if not cells:
            continue
        row += 1
        if len(cells) != len(header):
            detail = f"The header has {len(header)} columns, the row {len(cells)}."
            found.add("CSV-WIDTH", table=table, row=row, line=line, detail=detail)
            continue
        if _is_sound(cells, header, table, row, line, found):
            yield RawRow(row, line, dict(zip(header, (cell or None for cell in cells), strict=True)))


def read_json_lines(content: bytes, table: str, found: FindingCollector) -> Iterator[RawRow]:
    """Yield the rows of a JSON Lines file: one object a line; NaN, Infinity and repeated keys are refused."""
    text = _decode(content, table, found)
    if text is None:
        return
    if not text.strip():
        found.add("FIL-EMPTY", table=table)
        return
    lines = text.split("\n")
    last = max(number for number, line in enumerate(lines, start=1) if line.strip())
    row = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row += 1
        values = _parse_object(line, _is_cut(number, last, text), table, row, number, found)
        if values is not None:
            yield RawRow(row, number, values, typed=True)


def parse_object(text: str) -> Any:
    """Parse JSON; `KeyTwiceError` and other `ValueError` refuse repeated keys, NaN and Infinity."""
    return _CAREFUL.decode(text)


def parse_object_once(text: str) -> Any:
    """Parse JSON of which it is known that it repeats no key, several times faster."""
    return _QUICK.decode(text)


def _parse_object(
    line: str, cut: bool, table: str, row: int, number: int, found: FindingCollector
) -> dict[str, Any] | None:
    try:
        values = parse_object(line)
    except KeyTwiceError as error:
        found.add("JSN-KEY-TWICE", table=table, row=row, line=number, field=error.args[0])
    except (ValueError, RecursionError) as error:
        code = "JSN-CUT" if cut else "JSN-INVALID"
        place = f"at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else str(error)
        found.add(code, table=table, row=row, line=number, detail=f"({place})")
    else:
        if isinstance(values, dict):
            return values
        found.add("JSN-INVALID", table=table, row=row, line=number, detail=f"It is a {type(values).__name__}.")
    return None


def _is_cut(number: int, last: int, text: str) -> bool:
    return number == last and not text.endswith("\n")


def _decode(content: bytes, table: str, found: FindingCollector) -> str | None:
    """Return the text without its mark and without the lines that are not UTF-8, or None when it is UTF-16."""
    if content.startswith(_UTF16_MARKS) or content[:64].count(0) > len(content[:64]) // 4:
        found.add("ENC-NOT-UTF8", table=table, detail="It looks like UTF-16.")
        return None
    if content.startswith(codecs.BOM_UTF8):
        found.add("ENC-BOM", table=table)
        content = content[len(codecs.BOM_UTF8) :]
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_by_line(content, table, found)


def _decode_by_line(content: bytes, table: str, found: FindingCollector) -> str:
    kept: list[str] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            kept.append(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            found.add("ENC-NOT-UTF8", table=table, line=number, detail=f"(byte {error.start + 1} of the line)")
            kept.append("")
    return "\n".join(kept)


def _header(reader: Any, table: str, known: tuple[str, ...], found: FindingCollector) -> list[str] | None:
    try:
        header: list[str] = next(reader)
    except csv.Error as error:
        found.add("FIL-UNREADABLE", table=table, line=1, detail=f"({error})")
        return None
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        found.add("CSV-HEADER-TWICE", table=table, line=1, field=twice[0])
        return None
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        mark = next(mark for mark in ";\t|" if mark in header[0])
        found.add("CSV-DELIMITER", table=table, line=1, detail=f"It looks like {mark!r}.")
        return None
    for name in header:
        like = next((field for field in known if name not in known and name.strip().lower() == field), None)
        if like:
            found.add("CSV-HEADER-LIKE", table=table, line=1, field=name, detail=f"Did you mean {like}?")
    return header


def _is_sound(cells: list[str], header: list[str], table: str, row: int, line: int, found: FindingCollector) -> bool:
    for name, cell in zip(header, cells, strict=True):
        if "\x00" in cell:
            found.add("ENC-NUL", table=table, row=row, line=line, field=name)
            return False
        if len(cell) > _LONGEST_FIELD:
            detail = f"The limit is {_LONGEST_FIELD:,} characters."
            found.add("LIM-FIELD", table=table, row=row, line=line, field=name, detail=detail)
            return False
    return True


class KeyTwiceError(ValueError):
    """A JSON object names a key twice; the text is the key."""

    def __str__(self) -> str:
        return f"the key {self.args[0]!r} stands twice"


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        raise KeyTwiceError(next(name for name in names if names.count(name) > 1))
    return values


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")


_CAREFUL = json.JSONDecoder(object_pairs_hook=_refuse_twice, parse_constant=_refuse_constant)
_QUICK = json.JSONDecoder(parse_constant=_refuse_constant)
