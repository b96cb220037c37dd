"""Which checks of a table are made together, and on which rows."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.engine import Suspects
from blended_standard.engine.missing_values import listed_values
from blended_standard.io.missing_values import told
from blended_standard.model import RECORDS, FieldSpec
from blended_standard.spec import Standard
from blended_standard.validate.fields import Context, FieldCheck, field_checks, there
from blended_standard.validate.row_rules import ROW_RULES
from blended_standard.validate.rules import DETAIL
from blended_standard.validate.tables import BoundTables

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

FOLDED = "_folded_"


@attrs.frozen
class Survey:
    """The first look at a table: the checks of each pass, rows broken in passes that were made, and suspect keys."""

    passes: dict[str, list[FieldCheck]]
    counts: dict[str, int]
    alike: Suspects


def missing_values(tables: BoundTables, name: str) -> Iterator[tuple[FieldSpec, nw.LazyFrame[Any], int]]:
    """Yield each field of a table with words for missing values, the rows that hold one, and their number."""
    import narwhals.stable.v2 as nw

    given, listed = tables.bound[name].frame, list(listed_values(RECORDS[name], tables.submission.missing_values))
    if not listed:
        return
    details: dict[str, nw.Expr] = {}
    for field, reasons in listed:
        detail = nw.lit(None).cast(nw.String)
        for reason, values in reasons.items():
            detail = nw.when(nw.col(field.name).is_in(values)).then(nw.lit(told(reason))).otherwise(detail)
        details[f"_missing_{field.name}"] = detail
    counts = tables.engine.collect(given.select(**details).select(nw.all().count()))
    for field, _ in listed:
        column = f"_missing_{field.name}"
        if count := int(counts[column][0]):
            yield field, given.with_columns(details[column].alias(DETAIL)).filter(~nw.col(DETAIL).is_null()), count


def place_of(standard: Standard, code: str) -> tuple[str, FieldSpec]:
    """Return the table and the field that a rule of the spec speaks of."""
    rule = standard.rules[code]
    table = rule.table or ""
    return table, next(field for field in RECORDS[table].fields() if field.name == rule.field)


def row_checks(name: str, context: Context, absent: set[str]) -> list[FieldCheck]:
    """Return the checks of a table that one row decides, alone or with the records that it refers to.

    Those that need a column which is `absent` are left out.
    """
    checks = [check for check in field_checks(RECORDS[name], context) if check.field.name not in absent]
    for code, rule in ROW_RULES.items():
        table, field = place_of(context.standard, code)
        if table == name and not (rule.needs & absent) and not (rule.episode and "episode" in context.unjudged):
            checks.append(FieldCheck(code, field, rule.broken(), joined="episode_id" if rule.episode else ""))
    return checks


def by_column(checks: Iterable[FieldCheck]) -> dict[str, list[FieldCheck]]:
    """Group checks into passes of one column, or of one rule across columns, each.

    So the statistics of Parquet row groups answer most of them. What needs another table is judged in one pass.
    """
    passes: dict[str, list[FieldCheck]] = {}
    for check in checks:
        alone = check.code if check.code in ROW_RULES else check.field.name
        passes.setdefault(f"to {check.joined}" if check.joined else alone, []).append(check)
    return passes


def any_broken(checks: Iterable[FieldCheck]) -> nw.Expr:
    """Return a condition that is true for the rows that break any of the checks."""
    return functools.reduce(operator.or_, (check.broken for check in checks))


def with_targets(tables: BoundTables, name: str, checks: Iterable[FieldCheck]) -> nw.LazyFrame[Any]:
    """Join to a table what the checks look at: whether the target of a reference is there, the span of the episode."""
    import narwhals.stable.v2 as nw

    references = {check.joined for check in checks}
    frame = tables[name]
    for field in RECORDS[name].fields():
        if field.refers_to is None or field.name not in references:
            continue
        target = RECORDS[field.refers_to].key_fields()[0]
        if field.refers_to == "episode":
            targets = tables.spans
        else:
            targets = tables[field.refers_to].select(target).drop_nulls().unique()
        marked = targets.rename({target: "_target"}).with_columns(nw.lit(1).alias(there(field)))
        frame = frame.join(marked, left_on=field.name, right_on="_target", how="left")
    return frame


def with_folded(
    name: str, frame: nw.LazyFrame[Any], *, spaced: bool = False, plain: bool = False
) -> tuple[nw.LazyFrame[Any], list[str]]:
    """Add to a table its key without what people do not see: case and, where `spaced`, outer space.

    Returns the table and the names of the columns added. A `plain` key has none of it.
    """
    import narwhals.stable.v2 as nw

    folded: dict[str, nw.Expr] = {}
    for field in RECORDS[name].fields():
        if field.key:
            column = nw.col(field.name)
            if field.type == "text" and not plain:
                column = (column.str.strip_chars() if spaced else column).str.to_lowercase()
            folded[FOLDED + field.name] = column
    return frame.with_columns(**folded), list(folded)
