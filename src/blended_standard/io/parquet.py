"""Look at Parquet files before an engine does, and for what is damaged in them after it failed."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from blended_standard.errors import UnreadableInputError
from blended_standard.findings import FindingCollector
from blended_standard.io.tables import KEPT_NAMES, ParquetSource
from blended_standard.model import RECORDS, FieldType
from blended_standard.spec import Standard


def is_whole(path: Path, table: str, found: FindingCollector) -> bool:
    """Check the marks that a Parquet file begins and ends with and, where pyarrow is installed, its footer."""
    with path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(0, 2)
        size = stream.tell()
        stream.seek(max(size - 4, 0))
        tail = stream.read(4)
    if b"PARE" in (head, tail):
        found.add("PQT-CODEC", table=table, detail=f"({path.name} is encrypted)")
        return False
    if not head == tail == b"PAR1" or size < 12:
        found.add("PQT-CUT", table=table, detail=f"({path.name}, {size:,} bytes)")
        return False
    return not importlib.util.find_spec("pyarrow") or _has_sound_footer(path, table, found)


def differ(paths: Sequence[Path], table: str, found: FindingCollector) -> bool:
    """Say whether the files of one table have different columns; without pyarrow they are taken to be alike."""
    if len(paths) < 2 or not importlib.util.find_spec("pyarrow"):
        return False
    import pyarrow.parquet as pq

    first, *others = ({field.name: str(field.type) for field in pq.read_schema(path)} for path in paths)
    for path, columns in zip(paths[1:], others, strict=True):
        for name in sorted(first.keys() | columns.keys()):
            if first.get(name) != columns.get(name):
                kinds = f"{first.get(name, 'not there')}; in {path.name} it is {columns.get(name, 'not there')}."
                found.add("FLD-TYPE", table=table, field=name, detail=f"In {paths[0].name} the column is {kinds}")
                return True
    return False


def damaged(tables: Mapping[str, Any], found: FindingCollector) -> set[str]:
    """Read every Parquet table part by part; report the parts that cannot be read and return the tables they are of.

    Slow: for after an engine has failed. Without pyarrow nothing is found.
    """
    if not importlib.util.find_spec("pyarrow"):
        return set()
    import pyarrow as pa
    import pyarrow.parquet as pq

    names: set[str] = set()
    for name, data in tables.items():
        for path in data.paths if isinstance(data, ParquetSource) else ():
            place = path.name
            try:
                file = pq.ParquetFile(path)
                for group in range(file.num_row_groups):
                    place = f"{path.name}, row group {group + 1} of {file.num_row_groups}"
                    file.read_row_group(group)
            except (OSError, pa.ArrowException) as error:
                code = "PQT-CODEC" if "codec" in str(error) else "PQT-CORRUPT"
                found.add(code, table=name, detail=f"({place}: {_brief(error)})")
                names.add(name)
    return names


def report_changed(tables: Mapping[str, Any], found: FindingCollector) -> set[str]:
    """Report Parquet tables of which a file is no longer what it was when it was found; return their names."""
    names: set[str] = set()
    for name, data in tables.items():
        source = data if isinstance(data, ParquetSource) else ParquetSource(paths=())
        for path, mark in zip(source.paths, source.marks, strict=False):
            if mark_of(path) != mark:
                found.add("FIL-CHANGED", table=name, detail=f"({path.name})")
                names.add(name)
    return names


def mark_of(path: Path) -> tuple[int, int] | None:
    """Return the size of a file and when it was last written; None where it is gone."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns


def refuse_damaged(tables: Mapping[str, Any], standard: Standard, cause: Exception) -> None:
    """Raise `UnreadableInputError` where a Parquet table cannot be read; slow, for after an engine has failed."""
    found = FindingCollector(standard)
    if damaged(tables, found):
        places = "; ".join(f"{finding.table} {finding.detail}" for finding in found.findings())
        raise UnreadableInputError(f"Parquet that cannot be read: {places}. Nothing was computed.") from cause


def _has_sound_footer(path: Path, table: str, found: FindingCollector) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            facts, schema = file.metadata, file.schema_arrow
    except (OSError, pa.ArrowException) as error:
        found.add("PQT-CUT", table=table, detail=f"({path.name}: {_brief(error)})")
        return False
    rows = sum(facts.row_group(group).num_rows for group in range(facts.num_row_groups))
    if rows != facts.num_rows:
        detail = f"({path.name} claims {facts.num_rows:,} rows, its parts {rows:,})"
        found.add("PQT-CORRUPT", table=table, detail=detail)
        return False
    kept = next((name for name in schema.names if name in KEPT_NAMES), None)
    if kept:
        detail = f"({path.name}: the name of its column {kept} is kept for where a row stood; give it another)"
        found.add("FIL-UNREADABLE", table=table, detail=detail)
        return False
    columns = (facts.schema.column(number) for number in range(facts.num_columns))
    old = next((column.name for column in columns if column.physical_type == "INT96"), None)
    if old:
        detail = f"In {path.name} it is of the old type INT96, which has no zone. Write a timestamp with a zone."
        found.add("FLD-TYPE", table=table, field=old, detail=detail)
        return False
    if not rows:
        found.add("FIL-NO-ROWS", table=table)
    report_casts(schema, table, found)
    return True


def report_casts(schema: Any, table: str, found: FindingCollector) -> None:
    """Report, in one note, the columns of an Arrow schema that are of another type and are cast without loss."""
    kinds = {field.name: field.type for field in RECORDS[table].fields()}
    casts = [
        f"{column.name} from {column.type}"
        for column in schema
        if column.name in kinds and _is_cast(kinds[column.name], column.type)
    ]
    if casts:
        found.add("TYP-CAST", table=table, detail=f"({'; '.join(casts)})")


def _is_cast(kind: FieldType, given: Any) -> bool:
    """Say whether a type is not that of a field and can say the same; values that cannot are found by the engine."""
    import pyarrow.types as types

    if types.is_dictionary(given):
        return kind == "text"
    numeric = (types.is_integer, types.is_floating, types.is_decimal)
    accepted: dict[FieldType, tuple[Any, ...]] = {
        "text": (types.is_large_string, types.is_string_view, types.is_integer),
        "integer": numeric,
        "number": numeric,
        "date": (types.is_date64, lambda of: types.is_timestamp(of) and of.tz is None),
    }
    own = {"integer": types.is_int64, "number": types.is_float64}.get(kind, lambda _: False)
    return not own(given) and any(is_one(given) for is_one in accepted.get(kind, ()))


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0][:120]
