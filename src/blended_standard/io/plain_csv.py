"""Read a large plain CSV file by columns, to what `csv_text` and `columns` make of it row by row.

A file is plain when splitting it at its commas and line ends is all that there is to reading it: no quotes, no blank
lines, as many cells in every row, nothing that hides, only fields of the table. Any other is left to the careful way,
which says what is wrong; and so is a single value that is not plainly of its type.
"""

from __future__ import annotations

import codecs
from typing import Any

import attrs

from blended_standard.findings import FindingCollector
from blended_standard.io.arrow import own_schema
from blended_standard.io.columns import ColumnReader
from blended_standard.io.csv_text import problem_with_header
from blended_standard.io.limits import Limits
from blended_standard.io.tables import INVALID, LINE, ROW
from blended_standard.io.text import RawRow, hides
from blended_standard.model import FieldSpec

_LEAST = 1 << 17
"""Bytes of a file that are worth it."""
_AT_ONCE = 1 << 20
_UNUSUAL = bytes(byte for byte in range(0x20) if byte not in b"\t\n") + b'"\x7f'
_DAY = "[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
_FORMS = {
    "integer": "^-?[0-9]{1,18}$",
    "number": r"^-?[0-9]{1,15}(\.[0-9]{1,17})?$",
    "boolean": "^(true|false)$",
    "date": f"^{_DAY}$",
    "instant": f"^{_DAY}[T ]{_TIME}$",
}
"""Texts of which Arrow and `typed` make the same value, or both none."""


class _NotPlainError(Exception):
    """The file must be read with care."""


def plain_table(content: bytes, reader: ColumnReader, limits: Limits) -> Any | None:
    """Return the table in a CSV file as Arrow, and add to the findings of `reader`; None where it is not plain."""
    if len(content) < _LEAST or not _is_plain(content):
        return None
    header = content[: content.find(b"\n")].decode().split(",")
    known = tuple(field.name for field in reader.record.fields())
    if not set(header) <= set(known) or problem_with_header(header, known, limits):
        return None
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        return None
    found = FindingCollector(reader.found.standard, reader.found.keep)
    careful = attrs.evolve(reader, found=found)
    try:
        schema = own_schema(reader.record)
        blanks: dict[Any, Any] = {}
        batches = []
        row = 0
        for cells in _cells(content, header):
            _expect_plain(cells, limits)
            batches.append(_typed(cells, row, careful, schema, blanks))
            row += cells.num_rows
    except (_NotPlainError, pa.ArrowInvalid):
        return None
    if not row:
        return None
    reader.found.extend(found)
    return pa.Table.from_batches(batches)


def _is_plain(content: bytes) -> bool:
    """Say whether a file holds no quote, no blank line and nothing that hides; most are ASCII, where that is fast."""
    parts = (content[start : start + _AT_ONCE] for start in range(0, len(content), _AT_ONCE))
    if any(len(part.translate(None, _UNUSUAL)) < len(part) for part in parts):
        return False
    if b"\n\n" in content or content.startswith((b"\n", codecs.BOM_UTF8)):
        return False
    try:
        return content.isascii() or not hides(content.decode())
    except UnicodeDecodeError:
        return False


def _cells(content: bytes, header: list[str]) -> Any:
    """Open a file as batches of text; `pyarrow.ArrowInvalid` where a row has another number of cells."""
    import pyarrow as pa
    from pyarrow import csv

    return csv.open_csv(
        pa.BufferReader(content),
        csv.ReadOptions(column_names=header, skip_rows=1, block_size=_AT_ONCE),
        csv.ParseOptions(quote_char=False, double_quote=False, ignore_empty_lines=False),
        csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True),
    )


def _expect_plain(cells: Any, limits: Limits) -> None:
    """Refuse a value that is too long, and a header that stands again."""
    import pyarrow.compute as pc

    for column in cells.columns:
        if (pc.max(pc.binary_length(column)).as_py() or 0) > limits.field_length:
            raise _NotPlainError
    first = cells.schema.names[0]
    if pc.any(pc.equal(cells[first], first)).as_py():
        raise _NotPlainError


def _typed(cells: Any, before: int, reader: ColumnReader, schema: Any, blanks: dict[Any, Any]) -> Any:
    """Return a batch of cells, that `before` rows precede, in the types of the model.

    Columns that are not in the file share the memory of their `blanks` in all batches.
    """
    import numpy as np
    import pyarrow as pa

    invalid: dict[int, str] = {}
    for kind in set(schema.types):
        if len(blanks.get(kind, ())) < cells.num_rows:
            blanks[kind] = pa.nulls(cells.num_rows, kind)
    made = {name: blanks[schema.field(name).type].slice(0, cells.num_rows) for name in schema.names}
    for field in reader.record.fields():
        if field.name in cells.schema.names:
            if field.type == "text":
                made[field.name] = cells[field.name]
            else:
                made[field.name] = _column(field, made[field.name].type, cells, before, reader, invalid)
    made[ROW] = pa.array(np.arange(before + 1, before + 1 + cells.num_rows))
    made[LINE] = pa.array(np.arange(before + 2, before + 2 + cells.num_rows))
    if invalid:
        made[INVALID] = pa.array([invalid.get(number) for number in range(cells.num_rows)], pa.string())
    return pa.record_batch(made, schema=schema)


def _column(
    field: FieldSpec, target: Any, cells: Any, before: int, reader: ColumnReader, invalid: dict[int, str]
) -> Any:
    """Return one column in its Arrow type; what is not plainly of it is read with care, unless it is much."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = cells[field.name]
    plain = pc.match_substring_regex(texts, _FORMS[field.type])
    try:
        made = pc.if_else(plain, texts, None).cast(target)
    except pa.ArrowInvalid:  # a day that no calendar has
        plain, made = pc.equal(texts, None), pa.nulls(len(texts), target)
    if field.type == "number":
        made = pc.add(made, 0.0)  # no negative zero
    odd = pc.and_(texts.is_valid(), pc.invert(pc.fill_null(plain, False)))
    places = pc.indices_nonzero(odd).to_pylist()
    if len(places) > len(texts) // 10 and len(places) > 1000:
        raise _NotPlainError
    if not places:
        return made
    rows = ({name: cells[name][place].as_py() for name in cells.schema.names} for place in places)
    read = [
        reader.value(field, values[field.name], RawRow(before + place + 1, before + place + 2, values), place, invalid)
        for place, values in zip(places, rows, strict=True)
    ]
    return pc.replace_with_mask(made, odd, pa.array(read, target))
