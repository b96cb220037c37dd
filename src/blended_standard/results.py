"""What every computation returns: a frozen object that says what it is and prints as a short table.

`@result` makes the class; `Result` gives it `to_dict()`, `from_dict()`, `to_frame()`, text and HTML. A number that
cannot be had is `None` with a `reason`, never NaN.
"""

from __future__ import annotations

import enum
import functools
import html
import importlib
import importlib.util
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar, dataclass_transform

import attrs

from blended_standard._files import csv_text, write_whole
from blended_standard.errors import MissingExtraError, UsageError, expect

if TYPE_CHECKING:
    from cattrs import Converter
    from narwhals.typing import IntoDataFrame

T = TypeVar("T")
Row = dict[str, object]
FrameLibrary = Literal["polars", "pandas", "pyarrow"]

_PRINTED_ROWS = 20
_PRINTED_WIDTH = 100


def array(*, default: Any = attrs.NOTHING) -> Any:
    """Declare a field that holds a numpy array: read-only, compared by value, left out of the hash."""
    return attrs.field(default=default, eq=_as_bytes, hash=False, converter=_read_only)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field, array))
def result(cls: type[T]) -> type[T]:
    """Turn a class into a result: frozen, slotted, keyword-only attrs, printed by `Result`."""
    return attrs.frozen(kw_only=True, repr=False)(cls)


class Result:
    """Base of all results. Subclasses override `rows()` when they hold more than one line."""

    __slots__ = ()
    title: ClassVar[str] = ""

    def rows(self) -> list[Row]:
        """Return the tidy table behind this result, one dictionary a row."""
        return [{key: value for key, value in _flat(self) if _is_scalar(value)}]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values (JSON types only): dates as ISO text, arrays as lists, absent numbers as None."""
        return {"kind": type(self).__name__, **converter().unstructure(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild the result that `to_dict` wrote.

        Raises
        ------
        UsageError
            It is not what `to_dict` of this class writes; the message names the place.
        """
        from cattrs import transform_error

        written = f"what {cls.__name__}.to_dict() gives"
        expect("data", data, Mapping, written)
        fields = dict(data)
        if (kind := fields.pop("kind", cls.__name__)) != cls.__name__:
            raise UsageError(f"data is of the kind {kind!r}. Pass {written}.")
        try:
            return converter().structure(fields, cls)
        except ExceptionGroup as error:
            raise UsageError(f"data is not {written}: {transform_error(error)[0]}.") from error

    def to_frame(self, backend: FrameLibrary | None = None) -> IntoDataFrame:
        """Return `rows()` as a dataframe.

        Parameters
        ----------
        backend : {"polars", "pandas", "pyarrow"}, optional
            The library of the frame. Default: the first of these that is installed.
        """
        return rows_to_frame(self.rows(), backend=backend)

    def csv_rows(self) -> list[Row]:
        """Return the rows that `to_csv` writes: those of `rows()`, with the context that each needs to stand alone."""
        return self.rows()

    def to_csv(self, to: str | Path | None = None) -> str:
        """Return the table as CSV (UTF-8, RFC 4180), and write it to `to` where that is given.

        Every row says what it is about, so that it survives sorting and filtering; text that a spreadsheet would run as
        a formula is made harmless; a file starts with the mark by which spreadsheets know UTF-8. Nothing is withheld
        here: of a measure report take `report.for_publication` first.
        """
        text = csv_text(self.csv_rows())
        if to is not None:
            write_whole(Path(to), "\ufeff" + text)
        return text

    def plot_data(self, kind: str | None = None, **options: str) -> list[Row]:
        """Return the tidy table that `plot(kind, **options)` draws.

        Raises
        ------
        UsageError
            Results of this class have no plot, or not of this kind; the message lists the kinds.
        """
        made: list[Row] = _plots().plot_of(self, kind, **options).rows
        return made

    def plot(self, kind: str | None = None, *, ax: Any = None, **options: str) -> Any:
        """Draw the result with matplotlib (the extra `plot`).

        Parameters
        ----------
        kind : str, optional
            Measure reports: "groups", "trend", "curve"; comparisons: "forest"; balance tables: "love"; meta-analyses:
            "forest", "funnel"; program effects: "groups"; mastery maps: "map"; engagement calendars: "active",
            "productive". Default: the first of these.
        ax : matplotlib Axes, optional
            Where to draw. Default: a new figure.
        **options
            Of a measure report `measure`, which of several measures to draw. Nothing is withheld here.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        UsageError
            There is no such plot; the message lists the kinds.
        """
        plots = _plots()
        return plots.draw(plots.plot_of(self, kind, **options), ax)

    def _summary(self) -> list[str]:
        """Return what is read with the table, in text as in a notebook: a heading, then what nobody must miss.

        That is, unless a class says otherwise, each single value which the table leaves out, and every note.
        """
        notes = getattr(self, "notes", ())
        remarks = [f"note: {getattr(note, 'text', note)}" for note in notes] if isinstance(notes, tuple) else []
        return [self.title or type(self).__name__, *_untold(self), *remarks]

    def _table(self) -> list[Row]:
        """Return the rows that are printed."""
        return self.rows()

    def to_text(self) -> str:
        """Return what `print` shows, with every row of the table."""
        return _over_table(self._summary(), text_table(self._table(), most=None))

    def __str__(self) -> str:
        return _over_table(self._summary(), text_table(self._table()))

    def __repr__(self) -> str:
        pairs = ", ".join(f"{key}={shown(value)}" for key, value in _flat(self) if _is_scalar(value))
        text = f"{type(self).__name__}({pairs})"
        return text if len(text) <= 100 else text[:96] + "...)"

    def _repr_html_(self) -> str:
        return html_table(self._table(), caption=self._summary())


@result
class Interval(Result):
    """An interval for an estimate: `low` and `high` in the unit of the estimate, and the method by name."""

    low: float
    high: float
    level: float = 0.95
    method: str = ""


def ends(interval: Interval | None) -> tuple[float | None, float | None]:
    """Return the two ends of an interval, or two absent values."""
    return (interval.low, interval.high) if interval else (None, None)


@result
class Estimate(Result):
    """One number with its uncertainty; `value` is None exactly when `reason` says why."""

    name: str
    value: float | None
    se: float | None = None
    interval: Interval | None = None
    df: float | None = None
    p_value: float | None = None
    n: int | None = None
    method: str = ""
    reason: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise UsageError(
                f"{self.name}: an estimate has a value or a reason why not, and got value={self.value!r}, "
                f"reason={self.reason!r}. Pass exactly one."
            )


def _plots() -> Any:
    """Return the module of plots, which knows every result and so is above all of them."""
    return importlib.import_module("blended_standard.report.plots")


def rows_to_frame(rows: Sequence[Row], *, backend: FrameLibrary | None = None) -> IntoDataFrame:
    """Make a dataframe of `rows` with the library named, or with the first one installed."""
    import narwhals.stable.v2 as nw

    accepted: tuple[FrameLibrary, ...] = ("polars", "pandas", "pyarrow")
    if backend is not None and backend not in accepted:
        raise UsageError(f"backend={backend!r} is not one of {', '.join(accepted)}.")
    chosen = backend or next((name for name in accepted if importlib.util.find_spec(name)), None)
    if chosen is None or not importlib.util.find_spec(chosen):
        extra = "parquet" if chosen == "pyarrow" else chosen or "polars"
        raise MissingExtraError(extra, needs=chosen or "A dataframe library (polars, pandas or pyarrow)")
    columns: dict[str, list[object]] = {key: [row.get(key) for row in rows] for key in _all_keys(rows)}
    frame: IntoDataFrame = nw.from_dict(columns, backend=chosen).to_native()
    return frame


def text_table(rows: Sequence[Row], *, most: int | None = _PRINTED_ROWS) -> str:
    """Lay `rows` out in columns for a terminal: numbers to the right, empty columns left out, cut after `most` rows.

    One row that is too wide is laid out downward.
    """
    if not rows:
        return "(no rows)"
    keys = _told_keys(rows)
    cells = [[shown(row.get(key)) for key in keys] for row in rows[:most]]
    widths = [max(len(line[i]) for line in [keys, *cells]) for i in range(len(keys))]
    if len(rows) == 1 and sum(widths) + 2 * len(widths) > _PRINTED_WIDTH:
        width = max(map(len, keys))
        return "\n".join(f"{key.ljust(width)}  {cell}" for key, cell in zip(keys, cells[0], strict=True))
    right = [all(isinstance(row.get(key), int | float | None) for row in rows) for key in keys]
    lines = ["  ".join(_pad(*cell) for cell in zip(line, widths, right, strict=True)) for line in [keys, *cells]]
    lines.insert(1, "  ".join("-" * width for width in widths))
    if len(cells) < len(rows):
        lines.append(_more(rows))
    return "\n".join(line.rstrip() for line in lines)


def html_table(rows: Sequence[Row], *, caption: Sequence[str]) -> str:
    """Lay `rows` out as an HTML table under the lines of its caption, all escaped; one row is laid out downward."""
    keys = _told_keys(rows)
    if len(rows) == 1:
        head = ""
        lines = [f'<th scope="row">{html.escape(key)}</th>{_html_cell(rows[0].get(key))}' for key in keys]
    else:
        head = "".join(f'<th scope="col">{html.escape(key)}</th>' for key in keys)
        head = f"<thead><tr>{head}</tr></thead>"
        lines = ["".join(_html_cell(row.get(key)) for key in keys) for row in rows[:_PRINTED_ROWS]]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    more = f"<p>{_more(rows)}</p>" if len(rows) > _PRINTED_ROWS else ""
    told = "<br>".join(map(html.escape, caption))
    return f'<table><caption style="text-align:left">{told}</caption>{head}<tbody>{body}</tbody></table>{more}'


@functools.cache
def converter() -> Converter:
    """Return the one converter between results and JSON types."""
    from cattrs.preconf import json as preconf

    made: Converter = preconf.make_converter()
    made.register_unstructure_hook_func(_is_array_type, _array_to_list)
    made.register_structure_hook_func(_is_array_type, _list_to_array)
    made.register_unstructure_hook(enum.Enum, lambda value: value.value)
    made.register_structure_hook(bool | int | float | str, lambda value, _: value)
    return made


def finite(value: float) -> float | None:
    """Return `value` as a float, or None where it is NaN or infinite."""
    number = float(value)
    return number if math.isfinite(number) else None


def _flat(instance: Any) -> Iterable[tuple[str, object]]:
    """Yield the fields of a result, those of a nested `Interval` as `ci_low`, `ci_high`, `ci_level`."""
    for field in attrs.fields(type(instance)):
        value = getattr(instance, field.name)
        if isinstance(value, Interval):
            prefix = "ci" if field.name == "interval" else field.name
            yield from ((f"{prefix}_{part}", getattr(value, part)) for part in ("low", "high", "level"))
        else:
            yield field.name, value


def _untold(instance: Result) -> list[str]:
    """Return the single values that the table of a result leaves out, as one line or none."""
    rows = instance.rows()
    if type(instance).rows is Result.rows or not rows:
        return []
    told = [
        f"{key}={shown(value)}"
        for key, value in _flat(instance)
        if _is_scalar(value) and value not in (None, "") and key not in rows[0]
    ]
    return ["; ".join(told)] if told else []


def _over_table(summary: Sequence[str], table: str) -> str:
    """Put a heading and the lines below it, folded, over a table."""
    heading, *more = summary
    folded = [
        textwrap.fill(line, 116, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False) for line in more
    ]
    return "\n".join([heading, *folded, table])


def _is_scalar(value: object) -> bool:
    return not (isinstance(value, Mapping | list | tuple | set | frozenset | Result) or hasattr(value, "shape"))


def _all_keys(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _told_keys(rows: Sequence[Row]) -> list[str]:
    """Return the columns in which any row says something."""
    return [key for key in _all_keys(rows) if any(row.get(key) not in (None, "") for row in rows)]


def _more(rows: Sequence[Row]) -> str:
    return (
        f"... and {counted(len(rows) - _PRINTED_ROWS, 'more row')}; all of them: .to_text(), .to_frame() or .to_csv()"
    )


def _html_cell(value: object) -> str:
    side = "right" if isinstance(value, int | float) else "left"
    return f'<td style="text-align:{side}">{html.escape(shown(value))}</td>'


def counted(count: int, noun: str) -> str:
    """Return a count with its noun in the number it needs: "1 error", "2 errors"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def shown(value: object) -> str:
    """Return a value as tables print it: numbers short, absent values as a dash."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return rounded(value, 4)
    if isinstance(value, int):
        return f"{value:,}"
    return str(getattr(value, "value", value))


def rounded(value: float, figures: int) -> str:
    """Return a number to so many figures, or to the unit where it has more: 7,250 dollars are not 7.25e+03."""
    whole = abs(value) >= 10**figures - 0.5
    return f"{value:,.0f}" if whole else f"{value:,.{figures}g}"


def _pad(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)


def _read_only(value: Any) -> Any:
    if value is None:
        return None
    import numpy as np

    fixed = np.array(value)
    fixed.setflags(write=False)
    return fixed


def _as_bytes(value: Any) -> object:
    # An empty table travels as an empty list, which has no shape.
    return None if value is None else (value.shape if value.size else 0, value.dtype.str, value.tobytes())


def _is_array_type(kind: Any) -> bool:
    module = getattr(getattr(kind, "__origin__", kind), "__module__", "")
    name = getattr(getattr(kind, "__origin__", kind), "__name__", "")
    return module == "numpy" and name == "ndarray"


def _array_to_list(values: Any) -> list[Any]:
    listed: list[Any] = values.tolist()
    return _nan_to_none(listed) if values.dtype.kind == "f" else listed


def _nan_to_none(values: list[Any]) -> list[Any]:
    return [
        _nan_to_none(item) if isinstance(item, list) else (item if math.isfinite(item) else None) for item in values
    ]


def _list_to_array(values: list[Any], _: object) -> Any:
    import numpy as np

    made = np.array(values)
    return made.astype(float) if made.dtype == object else made
