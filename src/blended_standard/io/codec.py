"""Records from JSON bytes and back: cattrs with detail, and msgspec as a fast route that accepts the same.

The fast route decodes a batch into twins of the record, lean structures that msgspec checks as it fills them, checks
what msgspec cannot, and fills records from the twins without validating again. Whatever it does not plainly accept
goes to the detailed route, which decides and explains; so the two agree on every input.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, cast

import attrs

from blended_standard.errors import MissingExtraError, ModelError, UsageError
from blended_standard.io.fast import FastDecoder, count_keys, fast_decoder, uncollected
from blended_standard.io.filling import REFUSALS, from_objects
from blended_standard.io.tables import EXTRA, INVALID, LINE, MISSING, ROW, Columns, object_in
from blended_standard.io.text import parse_object, parse_object_once
from blended_standard.io.typed import FORMS, READERS, read_typed
from blended_standard.io.write import plain_rows, record_as_json
from blended_standard.model import RECORDS, FieldSpec, Missing, Record

Route = Literal["auto", "fast", "detailed"]

_BATCH = 2_000_000  # bytes of JSON Lines a batch
_KEPT = 100
_SHOWN = 20


@attrs.frozen(kw_only=True)
class Problem:
    """Why one record was refused: the record by number from 1, its line, the field, and what is accepted."""

    table: str
    record: int
    line: int | None
    field: str | None
    problem: str

    def __str__(self) -> str:
        place = f"{self.table} record {self.record:,}" + (f" (line {self.line:,})" if self.line else "")
        return f"{place}, {self.field}: {self.problem}" if self.field else f"{place}: {self.problem}"


class RefusedRecordsError(ModelError):
    """Records that the model refuses; `problems` holds the first hundred, `count` is the number of all."""

    def __init__(self, problems: tuple[Problem, ...], count: int) -> None:
        self.problems = problems
        self.count = count
        more = [f"... and {count - _SHOWN:,} more"] if count > _SHOWN else []
        super().__init__("\n".join([*map(str, problems[:_SHOWN]), *more]))

    def __reduce__(self) -> tuple[Any, ...]:
        return (RefusedRecordsError, (self.problems, self.count))


def read_records(content: bytes, table: str, *, route: Route = "auto") -> list[Record]:
    """Read the records of a table from JSON Lines, or from one JSON array.

    Parameters
    ----------
    content : bytes
        UTF-8. Fields that the standard does not know are kept in `extra`, reasons for missing values in `missing`.
    table : str
        A table of the standard.
    route : {"auto", "fast", "detailed"}
        The routes accept the same and give equal records. Fast needs the extra `fast`; auto is fast where that is
        installed.

    Raises
    ------
    RefusedRecordsError
        One line for each problem: the record, its line, the field, what is wrong and what is accepted.
    UsageError
        The table or the route is not known.

    Examples
    --------
    >>> read_records(b'{"program_id": "p", "name": "Harbor", "time_zone": "UTC"}', "program")[0].name
    'Harbor'
    >>> read_records(b'{"program_id": "p", "name": 7, "time_zone": "UTC"}', "program")
    Traceback (most recent call last):
    blended_standard.io.codec.RefusedRecordsError: program record 1 (line 1), name: 7 is not accepted. Accepted: text.
    """
    record = _record(table)
    with uncollected():
        return _read(content, record, _fast_decoder(record, route))


def _read(content: bytes, record: type[Record], fast: FastDecoder | None) -> list[Record]:
    refused = _Refused(record.table)
    if content.lstrip()[:1] == b"[":
        return refused.check(fast.array(content) if fast else None, lambda: _array(content, record, refused))
    found: list[Record] = []
    line = 1
    for batch in _batches(content):
        made = fast.lines(batch) if fast else None
        found += made if made is not None else _lines(batch, record, line, len(found) + refused.records, refused)
        line += batch.count(b"\n")
    return refused.check(found, list)


def write_records(records: Iterable[Record], *, route: Route = "auto") -> bytes:
    """Write records of one table as JSON Lines; absent values are left out, local fields stand beside the others.

    Examples
    --------
    >>> from blended_standard.model import Program
    >>> write_records([Program(program_id="p", name="Harbor", time_zone="UTC", extra={"wa:esd": 113})])
    b'{"program_id":"p","name":"Harbor","time_zone":"UTC","wa:esd":113}\\n'
    """
    if _wants_fast(route):
        import msgspec

        encode = msgspec.json.Encoder().encode
        return b"".join([encode(_as_dict(record)) + b"\n" for record in records])
    lines = [
        json.dumps(record_as_json(_as_dict(record)), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        for record in records
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def structure(values: Mapping[str, Any], table: str) -> Record:
    """Make a record of plain values as JSON holds them.

    Raises
    ------
    RefusedRecordsError
        With every problem of the record.
    """
    refused = _Refused(table)
    made = _structured(dict(values), _record(table), None, 1, refused)
    kept: list[Record] = refused.check([made] if made else [], list)
    return kept[0]


def records_of(table: str, data: Any, missing_values: Mapping[str, Missing]) -> Iterator[Record]:
    """Iterate over a table of a submission as records; values are read by the readers of `io.typed`."""
    record = _record(table)
    readers = [(field, READERS[field.type]) for field in record.fields()]
    known, framed = {field.name for field in record.fields()} | {MISSING, EXTRA}, not isinstance(data, Columns)
    rows = () if data is None else plain_rows(table, data, missing_values)
    for number, row in enumerate(rows, start=1):
        refused = _Refused(table)
        values: dict[str, Any] = {}
        for field, read in readers:
            value = row.get(field.name)
            try:
                values[field.name] = None if value is None else read(value)
            except ValueError:
                shown = "the value given" if field.identifying else repr(value)[:80]
                refused.add(number, None, field.name, f"{shown} is not accepted. Accepted: {FORMS[field.type]}.")
        refused.check([], list)
        reasons = object_in(row, MISSING)
        values["missing"] = {name: Missing(reason) for name, reason in reasons.items()}
        values["extra"] = object_in(row, EXTRA)
        if framed:
            values["extra"] |= {name: value for name, value in row.items() if name not in known}
        try:
            yield refused.check(None, lambda record=record, values=values: [record(**values)])[0]  # type: ignore[misc]
        except RefusedRecordsError:
            raise
        except ModelError as error:
            refused.add(number, None, None, str(error))
            raise RefusedRecordsError(tuple(refused.problems), 1) from None


def columns_of(records: Iterable[Record]) -> dict[str, Columns]:
    """Return records as columns by table, in the order of the standard."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.table, []).append(record)
    return {name: _columns(RECORDS[name], found[name]) for name in RECORDS if name in found}


def _columns(record: type[Record], rows: list[Record]) -> Columns:
    values: dict[str, list[Any]] = {field.name: [getattr(row, field.name) for row in rows] for field in record.fields()}
    values[MISSING] = [json.dumps(dict(row.missing), sort_keys=True) if row.missing else None for row in rows]
    values[EXTRA] = [
        json.dumps(dict(row.extra), ensure_ascii=False, sort_keys=True) if row.extra else None for row in rows
    ]
    values |= {ROW: list(range(1, len(rows) + 1)), LINE: [None] * len(rows), INVALID: [None] * len(rows)}
    return Columns(values=values)


class _Refused:
    """Problems as they come up."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.problems: list[Problem] = []
        self.count = 0
        self.records = 0

    def add(self, record: int, line: int | None, field: str | None, problem: str) -> None:
        self.count += 1
        if len(self.problems) < _KEPT:
            made = Problem(table=self.table, record=record, line=line, field=field, problem=problem)
            self.problems.append(made)

    def check(self, found: list[Any] | None, otherwise: Callable[[], list[Any]]) -> list[Any]:
        """Return what was found, or else what `otherwise` finds; raise when anything was refused."""
        kept = otherwise() if found is None else found
        if self.count:
            raise RefusedRecordsError(tuple(self.problems), self.count)
        return kept


def _record(table: str) -> type[Record]:
    if table not in RECORDS:
        raise UsageError(f"{table!r} is not a table of the standard. There are: {', '.join(RECORDS)}.")
    return RECORDS[table]


def _batches(content: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(content):
        end = content.find(b"\n", start + _BATCH)
        end = len(content) if end < 0 else end + 1
        yield content[start:end]
        start = end


# The detailed route: the json module, a plain filler, and cattrs with our own readers for what that one refuses.


def _lines(batch: bytes, record: type[Record], line: int, before: int, refused: _Refused) -> list[Record]:
    found: list[Record] = []
    number = before
    for offset, text in enumerate(batch.split(b"\n")):
        mark = b"\xef\xbb\xbf" if line + offset == 1 else b""
        content = text.removeprefix(mark)
        if not content.strip(b" \t\r"):
            continue
        number += 1
        values = _parsed(content, number, line + offset, refused)
        made = None if values is None else _structured(values, record, line + offset, number, refused)
        if made is None:
            refused.records += 1
        else:
            found.append(made)
    return found


def _array(content: bytes, record: type[Record], refused: _Refused) -> list[Record]:
    values = _parsed(content, 1, None, refused, quick=True)
    if isinstance(values, list) and _repeats(content, values):
        values = _parsed(content, 1, None, refused)
    rows = values if isinstance(values, list) else []
    made = (_structured(row, record, None, number, refused) for number, row in enumerate(rows, start=1))
    return [entry for entry in made if entry is not None]


def _repeats(content: bytes, rows: list[Any]) -> bool:
    """Say whether a key may stand twice: more keys came than there are, or some stand inside others."""
    return count_keys(content) != sum(len(row) for row in rows if isinstance(row, dict))


def _parsed(content: bytes, number: int, line: int | None, refused: _Refused, *, quick: bool = False) -> Any:
    try:
        text = content.decode("utf-8-sig")
        return parse_object_once(text) if quick else parse_object(text)
    except (ValueError, RecursionError) as error:
        refused.add(number, line, None, f"this is not JSON that can be read ({error}). Accepted: an object in UTF-8.")
    return None


def _structured(values: Any, record: type[Record], line: int | None, number: int, refused: _Refused) -> Record | None:
    if not isinstance(values, dict):
        refused.add(number, line, None, f"this is a {type(values).__name__}. Accepted: a JSON object.")
        return None
    try:
        return _plain(record.table)(values)
    except REFUSALS:
        return _with_detail(values, record, line, number, refused)


def _with_detail(
    values: dict[str, Any], record: type[Record], line: int | None, number: int, refused: _Refused
) -> Record | None:
    known, structure_one, refusals = _structurer(record.table)
    given = values
    if not values.keys() <= known:
        given = {name: value for name, value in values.items() if name in known}
        given["extra"] = {name: value for name, value in values.items() if name not in known and value is not None}
    try:
        return cast(Record, structure_one(given, record))
    except refusals as error:
        for field, problem in _explained(error, record):
            refused.add(number, line, field, problem)
        return None


def _explained(error: BaseException, record: type[Record]) -> Iterator[tuple[str | None, str]]:
    """Yield the field and the words of every leaf of cattrs' group of errors."""
    import cattrs

    if isinstance(error, cattrs.BaseValidationError):
        for inner in error.exceptions:
            notes = getattr(inner, "__notes__", ())
            field = next((note.name for note in notes if isinstance(note, cattrs.AttributeValidationNote)), None)
            for deeper, words in _explained(inner, record):
                yield deeper or field, words
    elif isinstance(error, KeyError):
        field = str(error.args[0])
        spec = next(spec for spec in record.fields() if spec.name == field)
        yield field, f"this field is required. Accepted: {FORMS[spec.type]}."
    else:
        yield None, str(error)


@functools.cache
def _plain(table: str) -> Callable[[Any], Record]:
    return from_objects(RECORDS[table])


@functools.cache
def _structurer(table: str) -> tuple[frozenset[str], Callable[[Any, Any], Any], type[Exception]]:
    """Return the names that a record knows, the function of cattrs that makes it, and what that raises."""
    import cattrs
    from cattrs.gen import make_dict_structure_fn, override

    record = RECORDS[table]
    hooks: dict[str, Any] = {field.name: override(struct_hook=_hook(field)) for field in record.fields()}
    known = frozenset([*hooks, "missing"])
    hooks |= {"missing": override(struct_hook=_missing), "extra": override(struct_hook=lambda value, _: value)}
    made = make_dict_structure_fn(record, cattrs.Converter(), **hooks)
    return known, made, cattrs.BaseValidationError


def _hook(field: FieldSpec) -> Callable[[Any, Any], Any]:
    def hook(value: Any, _: Any) -> Any:
        if value is None:
            if field.required:
                raise ModelError(f"this field is required. Accepted: {FORMS[field.type]}.")
            return None
        try:
            return read_typed(field, value)
        except ValueError as error:
            hint = f" {error}" if str(error).startswith("(") else ""
        shown = "the value given" if field.identifying else repr(value)[:80]
        raise ModelError(f"{shown} is not accepted. Accepted: {FORMS[field.type]}.{hint}")

    return hook


def _missing(value: Any, _: Any) -> dict[str, Missing]:
    if value is None:
        return {}
    try:
        return {name: Missing(reason) for name, reason in value.items()}
    except (AttributeError, ValueError):
        raise ModelError(f"an object of field names and reasons is expected. Accepted: {', '.join(Missing)}.") from None


def _wants_fast(route: Route) -> bool:
    if route not in ("auto", "fast", "detailed"):
        raise UsageError(f"route={route!r} is not one of auto, fast, detailed.")
    if route == "detailed":
        return False
    try:
        import msgspec  # noqa: F401
    except ModuleNotFoundError:
        if route == "fast":
            raise MissingExtraError("fast", needs="msgspec, which reads JSON straight into records,") from None
        return False
    return True


def _fast_decoder(record: type[Record], route: Route) -> FastDecoder | None:
    return fast_decoder(record.table) if _wants_fast(route) else None


def _as_dict(record: Record) -> dict[str, Any]:
    return _dictionary(record.table)(record)


@functools.cache
def _dictionary(table: str) -> Callable[[Any], dict[str, Any]]:
    """Return a function that gives the values of a record that are there, its reasons and its local fields."""
    lines = ["def dictionary(record):", " made = {}"]
    for field in RECORDS[table].fields():
        lines += [f" value = record.{field.name}", f" if value is not None: made[{field.name!r}] = value"]
    lines += [" if record.extra: made.update(record.extra)"]
    lines += [" if record.missing: made['missing'] = dict(record.missing)", " return made"]
    scope: dict[str, Any] = {}
    exec("\n".join(lines), scope)
    made: Callable[[Any], dict[str, Any]] = scope["dictionary"]
    return made
