"""Hypothesis strategies for values, records and whole small submissions, derived from the declared fields.

Values are sound: no finding at error level comes of them. Text has no NUL and is never empty, since CSV holds neither;
local fields are text, which is all that CSV brings back.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping
from typing import Any

from blended_standard.errors import MissingExtraError, ModelError, UsageError
from blended_standard.io import Manifest, Submission
from blended_standard.io.text import hides
from blended_standard.model import RECORDS, FieldSpec, Missing, Record
from blended_standard.spec import load_standard
from blended_standard.testing.faults import Corrupted, fault_codes, plant

try:
    from hypothesis import reject
    from hypothesis import strategies as st
    from hypothesis.strategies import DrawFn, SearchStrategy
except ModuleNotFoundError:
    raise MissingExtraError("testing", needs="Hypothesis, which makes up the examples,") from None

_ZONES = ("America/New_York", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
_FIRST, _FINAL = dt.date(1900, 1, 1), dt.date(2200, 12, 31)
_PAIRS = (("entry_date", "exit_date"), ("start_date", "end_date"))
_OPENS, _CLOSES = dt.date(2024, 1, 1), dt.date(2025, 12, 31)
_ROWS = 3
_LARGEST = 1e15


_HIDDEN = "".join(character for character in map(chr, range(0x3000)) if hides(character))
"""Characters that do not show or that turn the direction of text, of which reading a file warns."""


def values(field: FieldSpec) -> SearchStrategy[Any]:
    """Return a strategy for sound values of a field.

    Parameters
    ----------
    field : FieldSpec
        From `Record.fields()`.

    Examples
    --------
    >>> from blended_standard.model import Episode
    >>> from blended_standard.testing import values
    >>> entry_date = Episode.fields()[3]
    >>> values(entry_date)
    dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2200, 12, 31))
    """
    if field.codes:
        return st.sampled_from(load_standard().codes[field.codes].names())
    if field.name == "time_zone":
        return st.sampled_from(_ZONES)
    if field.key or field.refers_to:
        return _identifiers() if field.type == "text" else _plain(field)
    return _plain(field)


def records(table: str, **fixed: Any) -> SearchStrategy[Any]:
    """Return a strategy for sound records of a table, with reasons for missing values and with local fields.

    Parameters
    ----------
    table : str
        A table of the standard.
    **fixed
        Values, or strategies for the values, of some fields; all others are drawn.

    Raises
    ------
    UsageError
        The table or a field is not known.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from blended_standard.testing import records
    >>> @settings(max_examples=5)
    ... @given(records("site", program_id="p"))
    ... def belongs(site):
    ...     assert site.program_id == "p"
    >>> belongs()
    """
    if table not in RECORDS:
        raise UsageError(f"table={table!r} is not a table of the standard. There are: {', '.join(RECORDS)}.")
    record = RECORDS[table]
    unknown = sorted(set(fixed) - {field.name for field in record.fields()})
    if unknown:
        raise UsageError(f"{table} has no field {unknown[0]!r}.")
    return _RECORD(record, fixed)


def submissions(*, learners: int = 3) -> SearchStrategy[Submission]:
    """Return a strategy for small whole submissions in which every reference holds and no rule is broken.

    Parameters
    ----------
    learners : int
        The largest number of learners.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from blended_standard.testing import submissions
    >>> @settings(max_examples=2, deadline=None)
    ... @given(submissions(learners=1))
    ... def says_so(made):
    ...     assert made.manifest.synthetic
    >>> says_so()
    """
    if not 1 <= learners <= 100:
        raise UsageError(f"learners={learners!r} is not a whole number from 1 to 100.")
    return _SUBMISSION(learners)


def corrupted(submission: Submission, *, code: str | None = None) -> SearchStrategy[Corrupted]:
    """Return a strategy for copies of a sound submission with one fault, and the rule that must find it.

    Parameters
    ----------
    submission : Submission
        A sound one, small.
    code : str, optional
        The rule to break. Default: any of `fault_codes()` that the submission has the rows for.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from blended_standard.testing import corrupted, district
    >>> @settings(max_examples=2, deadline=None)
    ... @given(corrupted(district(2, days=60), code="FLD-ZONE"))
    ... def names_the_field(made):
    ...     assert made.field == "time_zone"
    >>> names_the_field()
    """
    codes = fault_codes() if code is None else (code,)
    return (
        st.tuples(st.sampled_from(codes), st.integers(0, 10_000))
        .map(lambda chosen: plant(submission, chosen[0], place=chosen[1]))
        .filter(lambda made: made is not None)
    )


def to_tables(rows: Mapping[str, list[Record]]) -> dict[str, dict[str, list[Any]]]:
    """Return records by table as columns, as `Submission.from_tables` takes them.

    Examples
    --------
    >>> from blended_standard.model import Program
    >>> from blended_standard.testing import to_tables
    >>> to_tables({"program": [Program(program_id="p", name="P", time_zone="UTC")]})["program"]["name"]
    ['P']
    """
    return {table: _columns(RECORDS[table], made) for table, made in rows.items()}


def _plain(field: FieldSpec) -> SearchStrategy[Any]:
    low, high = field.minimum, field.maximum
    strategies: dict[str, Callable[[], SearchStrategy[Any]]] = {
        "text": _texts,
        "integer": lambda: st.integers(-(2**53) if low is None else int(low), 2**53 if high is None else int(high)),
        "number": lambda: st.floats(
            -_LARGEST if low is None else low, _LARGEST if high is None else high, allow_nan=False, allow_infinity=False
        ),
        "boolean": st.booleans,
        "date": lambda: st.dates(_FIRST, _FINAL),
        "instant": lambda: st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 12, 31), timezones=st.just(dt.UTC)),
    }
    return strategies[field.type]()


@functools.cache
def _texts() -> SearchStrategy[str]:
    letters = st.characters(exclude_categories=("Cs",), exclude_characters=_HIDDEN)
    return st.text(letters, min_size=1, max_size=12)


@functools.cache
def _identifiers() -> SearchStrategy[str]:
    letters = st.characters(exclude_categories=("Cs", "Zs", "Zl", "Zp", "Cc"), exclude_characters=_HIDDEN)
    return st.text(letters, min_size=1, max_size=12)


@functools.cache
def _sound(table: str) -> Mapping[str, SearchStrategy[Any]]:
    return {field.name: values(field) for field in RECORDS[table].fields()}


def _draw_record(draw: DrawFn, record: type[Record], fixed: Mapping[str, Any]) -> Record:
    sound, drawn = _sound(record.table), dict[str, Any]()
    for field in record.fields():
        if field.name in fixed:
            given = fixed[field.name]
            drawn[field.name] = draw(given) if isinstance(given, SearchStrategy) else given
        elif field.required or draw(st.booleans()):
            drawn[field.name] = draw(sound[field.name])
    for first, second in _PAIRS:
        if drawn.get(first) and drawn.get(second) and not {first, second} & set(fixed):
            drawn[first], drawn[second] = sorted((drawn[first], drawn[second]))
    absent = [field.name for field in record.fields() if drawn.get(field.name) is None]
    reasons = st.dictionaries(st.sampled_from(absent), st.sampled_from(Missing), max_size=2) if absent else st.just({})
    local = st.dictionaries(st.sampled_from(("local:note", "wa:district")), _texts(), max_size=2)
    try:
        return record(**drawn, missing=draw(reasons), extra=draw(local))
    except ModelError:
        return reject()  # type: ignore[no-any-return]


def _draw_submission(draw: DrawFn, learners: int) -> Submission:
    made: dict[str, list[Record]] = {}
    for table in RECORDS:
        most, least = (learners, 1) if table == "learner" else (_ROWS, int(table in ("program", "site", "episode")))
        drawn: list[Record] = []
        for _ in range(draw(st.integers(least, most))):
            fixed = _fixed(draw, table, made, drawn)
            if fixed is not None:
                drawn.append(draw(records(table, **fixed)))
        made[table] = _once(drawn)
    kept = {table: rows for table, rows in made.items() if rows}
    manifest = Manifest(title="Synthetic example", synthetic=True, as_of=_CLOSES)
    return Submission.from_tables(to_tables(kept), manifest=manifest)


def _fixed(draw: DrawFn, table: str, made: Mapping[str, list[Record]], drawn: list[Record]) -> dict[str, Any] | None:
    """Choose what the rules tie to other records; None when what is referred to is not there."""
    fixed: dict[str, Any] = {}
    for field in RECORDS[table].fields():
        if field.refers_to is None:
            continue
        there = drawn if field.refers_to == table else made.get(field.refers_to, [])
        if there and (field.required or draw(st.booleans())):
            target = draw(st.sampled_from(there))
            fixed[field.name] = getattr(target, target.key_fields()[0])
        elif field.required:
            return None
        else:
            fixed[field.name] = None
    if table == "episode":
        fixed |= _stay(draw, fixed, drawn)
    elif "episode_id" in fixed:
        episodes = {episode.episode_id: episode for episode in made["episode"]}  # type: ignore[attr-defined]
        fixed |= _inside(draw, table, episodes[fixed["episode_id"]])
    return fixed


def _stay(draw: DrawFn, fixed: Mapping[str, Any], drawn: list[Record]) -> dict[str, Any]:
    """Choose the days of an episode, after all earlier ones: each has a hundred days of its own."""
    entry = _OPENS + dt.timedelta(days=100 * len(drawn) + draw(st.integers(0, 20)))
    if draw(st.booleans()):
        reason = draw(st.sampled_from(load_standard().codes["exit_reason"].names()))
        return {
            "entry_date": entry,
            "exit_date": entry + dt.timedelta(days=draw(st.integers(3, 70))),
            "exit_reason": reason,
        }
    same = [episode for episode in drawn if episode.learner_id == fixed["learner_id"]]  # type: ignore[attr-defined]
    if same or len(drawn) < _ROWS - 1:  # a later episode may be of the same learner
        return {"entry_date": entry, "exit_date": entry + dt.timedelta(days=70), "exit_reason": "withdrawn"}
    return {"entry_date": entry, "exit_date": None, "exit_reason": None}


def _inside(draw: DrawFn, table: str, episode: Any) -> dict[str, Any]:
    """Choose days inside an episode, away from its ends in any time zone."""
    last = episode.exit_date or _CLOSES

    def day() -> dt.date:
        return draw(st.dates(episode.entry_date + dt.timedelta(days=1), last - dt.timedelta(days=1)))  # type: ignore[no-any-return]

    names = {field.name: field for field in RECORDS[table].fields()}
    fixed: dict[str, Any] = {}
    if "at" in names:
        fixed["at"] = dt.datetime.combine(day(), draw(st.times()), tzinfo=dt.UTC)
    if "date" in names:
        fixed["date"] = day()
    if "start_date" in names:
        fixed["start_date"], fixed["end_date"] = sorted((day(), day()))
    if table == "evidence":
        fixed["score"] = draw(st.floats(0, 1))
    if table == "mastery_decision":
        fixed["evidence_level"] = draw(st.none() | st.integers(2, 4))
    return fixed


def _once(rows: list[Record]) -> list[Record]:
    """Keep the first record of each key."""
    if not rows or not rows[0].key_fields():
        return rows
    first: dict[tuple[Any, ...], Record] = {}
    for row in rows:
        first.setdefault(tuple(getattr(row, name) for name in row.key_fields()), row)
    return list(first.values())


def _columns(record: type[Record], rows: list[Record]) -> dict[str, list[Any]]:
    local = sorted({name for row in rows for name in row.extra})
    columns: dict[str, list[Any]] = {
        field.name: [getattr(row, field.name) for row in rows] for field in record.fields()
    }
    columns["missing"] = [{name: str(why) for name, why in row.missing.items()} or None for row in rows]
    return columns | {name: [row.extra.get(name) for row in rows] for name in local}


_RECORD, _SUBMISSION = st.composite(_draw_record), st.composite(_draw_submission)

__all__ = ["Corrupted", "corrupted", "records", "submissions", "to_tables", "values"]
