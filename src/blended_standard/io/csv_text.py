"""Read and write CSV under our own dialect, never by sniffing; every bad row is a finding.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@` as a formula. Such a text is written with an apostrophe
before it, and so is a text that begins with an apostrophe; the manifest then says `csv_escaped`, and the reader takes
the apostrophe away again. Numbers are written as they are.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from blended_standard._files import FORMULA
from blended_standard.findings import FindingCollector
from blended_standard.io.limits import LIMITS, Limits
from blended_standard.io.text import (
    Place,
    RawRow,
    blank_lines,
    hides,
    is_decoded,
    is_sound_text,
    is_whole,
    mixed_line_ends,
    parse_object,
    text_of,
)

_QUOTED = re.compile(r'"[^"]*+"')
_FIELD = r'(?:"(?:[^"]++|"")*+"|[^",\r\n]*+)'
_ROW = re.compile(rf"{_FIELD}(?:,{_FIELD})*+(?:\r\n|\r|\n)?")
_FIELDS = re.compile(rf"(?:{_FIELD},)*+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_NEEDS_QUOTES = re.compile('[,"\r\n]')
_ACTIVE = (*FORMULA, "\t", "\r", "'")


def read_csv(
    content: bytes,
    table: str,
    known: tuple[str, ...],
    found: FindingCollector,
    *,
    limits: Limits = LIMITS,
    escaped: bool = False,
) -> Iterator[RawRow]:
    """Yield the rows of a CSV file: RFC 4180, comma, UTF-8, a header; empty fields are absent values.

    Where `escaped`, the apostrophe that writing put before what a spreadsheet would run is taken away.
    """
    text = text_of(content, table, found)
    if text is None:
        return
    mixed_line_ends(_QUOTED.sub("", text) if '"' in text else text, table, found)
    reader = _Reader(content, text, table, found, limits, escaped)
    del text  # the lines are read from the bytes: a file is held twice at most
    yield from reader.rows(known)


class _Reader:
    """Reads one file, row by row."""

    def __init__(
        self, content: bytes, text: str, table: str, found: FindingCollector, limits: Limits, escaped: bool
    ) -> None:
        self._lines = _Lines(content)
        # The limit of the csv module is that of the process: it is only ever raised, and ours is checked besides.
        csv.field_size_limit(max(csv.field_size_limit(), limits.field_length))
        self._csv = csv.reader(self._lines, strict=True)
        self._table, self._found, self._limits, self._escaped = table, found, limits, escaped
        self._has_quotes, self._hides, self._whole = '"' in text, hides(text), is_whole(text)
        self._restored = 0

    def rows(self, known: tuple[str, ...]) -> Iterator[RawRow]:
        header = self._header(known)
        if header is None:
            return
        row = blank = trailing = 0
        while True:
            line = self._csv.line_num + 1
            try:
                cells = next(self._csv)
            except StopIteration:
                break
            except csv.Error as error:
                row += 1
                self._broken(self._lines.take(), Place(self._table, row, line, self._found), str(error))
                continue
            raw = self._lines.take()
            if not cells:
                trailing += 1
                continue
            blank, trailing = blank + trailing, 0
            row += 1
            if not self._whole and not is_decoded(raw, Place(self._table, row, line, self._found)):
                continue
            if self._looks_plain(cells, header, raw) or self._is_sound(
                cells, header, raw, Place(self._table, row, line, self._found)
            ):
                values = list(map(self._restore, cells)) if self._escaped else cells
                given = [value or None for value in values] if "" in values else values
                yield RawRow(row, line, dict(zip(header, given, strict=True)))
        blank_lines(blank, self._table, self._found)
        if not row:
            self._found.add("FIL-NO-ROWS", table=self._table)
        if self._restored:
            self._found.add("CSV-FORMULA", table=self._table, detail=f"({self._restored:,} values)")

    def _header(self, known: tuple[str, ...]) -> list[str] | None:
        """Return the names of the columns, or None when nothing can be read by them."""
        try:
            header = next(self._csv)
        except csv.Error as error:
            self._found.add("FIL-UNREADABLE", table=self._table, line=1, detail=f"({error})")
            return None
        if not is_decoded(self._lines.take(), Place(self._table, None, 1, self._found)):
            return None
        if self._escaped:
            header = [self._restore(name) for name in header]
        problem = problem_with_header(header, known, self._limits)
        if problem:
            code, field, detail = problem
            self._found.add(code, table=self._table, line=1, field=field, detail=detail)
            return None
        for name in header:
            like = _like(name, known)
            if like:
                detail = f"Did you mean {like}?"
                self._found.add("CSV-HEADER-LIKE", table=self._table, line=1, field=name, detail=detail)
        return header

    def _broken(self, raw: str, place: Place, error: str) -> None:
        """Report a row that the csv module refuses; what it took of the file until then is `raw`."""
        is_decoded(raw, place)
        whole = _FIELDS.match(raw)
        opened = len(_LINE_END.findall(raw[: whole.end()])) if whole else 0
        lines = len(_LINE_END.findall(raw)) - opened
        if "end of data" in error:
            attrs.evolve(place, line=place.line + opened).add("CSV-CUT", detail="It opens in this line.")
        elif "field limit" in error:
            limit = f"The limit is {self._limits.field_length:,} characters."
            quote = f" A quote opens in line {place.line + opened:,}, and {lines:,} lines were passed over as its text."
            place.add("LIM-FIELD", detail=limit + (quote if lines > 1 else ""))
        else:
            place.add("CSV-QUOTE", detail=f"({error})")

    def _looks_plain(self, cells: list[str], header: list[str], raw: str) -> bool:
        """Say, fast, of most rows that there is nothing to look for in them."""
        return (
            len(cells) == len(header)
            and len(raw) <= self._limits.field_length
            and not self._hides
            and not (self._has_quotes and '"' in "".join(cells))
            and cells != header
        )

    def _is_sound(self, cells: list[str], header: list[str], raw: str, place: Place) -> bool:
        if '"' in raw and not _ROW.fullmatch(raw):
            place.add("CSV-QUOTE")
            return False
        if len(cells) != len(header):
            place.add("CSV-WIDTH", detail=f"The header has {len(header)} columns, the row {len(cells)}.")
            return False
        if cells == header:
            place.add("CSV-HEADER-AGAIN")
            return False
        for name, cell in zip(header, cells, strict=True):
            if len(cell) > self._limits.field_length:
                place.add("LIM-FIELD", field=name, detail=f"The limit is {self._limits.field_length:,} characters.")
                return False
            if self._hides and not is_sound_text(name, cell, place):
                return False
        return True

    def _restore(self, cell: str) -> str:
        if cell[:1] == "'" and cell[1:2] in _ACTIVE and len(cell) > 1:
            self._restored += 1
            return cell[1:]
        return cell


class _Lines:
    """The lines of a file, kept until their row has been judged."""

    def __init__(self, content: bytes) -> None:
        stream = io.BytesIO(content)
        stream.seek(len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0)
        self._stream = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        self.taken.append(line)
        return line

    def take(self) -> str:
        """Return the lines since the last call."""
        raw = self.taken[0] if len(self.taken) == 1 else "".join(self.taken)
        self.taken.clear()
        return raw


def problem_with_header(
    header: list[str], known: tuple[str, ...], limits: Limits
) -> tuple[str, str | None, str] | None:
    """Return code, field and detail of what makes a header useless, or None."""
    if len(header) > limits.columns:
        return "LIM-COLUMNS", None, f"It has {len(header):,}; the limit is {limits.columns:,}."
    if len(set(header)) != len(header):
        return "CSV-HEADER-TWICE", min(name for name in header if header.count(name) > 1), ""
    mark = next((mark for mark in ";\t|" if len(header) == 1 and mark in header[0]), None)
    if mark:
        return "CSV-DELIMITER", None, f"It looks like {mark!r}."
    if not any(name in known or ":" in name or _like(name, known) for name in header):
        return "CSV-NO-HEADER", None, f"Fields of the table: {', '.join(known[:5])}, ..."
    return None


def _like(name: str, known: tuple[str, ...]) -> str | None:
    """Return the field that a name differs from only in case or space."""
    return next((field for field in known if name not in known and name.strip().lower() == field), None)


def local_cell(value: Any) -> Any:
    """Return a local value for `write_row`: what is no text as JSON, and text as it stands unless it reads as JSON."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if value == "" or local_value(value) != value else value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def local_value(cell: Any) -> Any:
    """Read what `local_cell` wrote."""
    if not isinstance(cell, str):
        return cell
    try:
        return parse_object(cell)
    except (ValueError, RecursionError):
        return cell


def write_row(cells: Sequence[Any]) -> tuple[str, bool]:
    """Return a row of CSV, and whether a cell had to be escaped; a cell is a text, or the value of another type."""
    written = [_escaped(cell) if isinstance(cell, str) else _plain(cell) for cell in cells]
    return ",".join(map(_quoted, written)) + "\n", written != [*map(_plain, cells)]


def _escaped(text: str) -> str:
    return f"'{text}" if text.startswith(_ACTIVE) else text


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _quoted(cell: str) -> str:
    """Quote a cell that needs it; `csv.writer` leaves a carriage return bare, at which readers break the row."""
    return '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell
