"""The groups that results are given for: levels of the hierarchy, strata of learners, periods of entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.errors import UsageError, expect
from blended_standard.measures.blocks import Blocks, block, whole
from blended_standard.measures.calendar import month_of, years_have_passed
from blended_standard.measures.expressions import flag, unknown
from blended_standard.measures.report import Group

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

LEVELS = {
    "jurisdiction": "jurisdiction",
    "program": "program_id",
    "site": "site_id",
    "learner": "learner_id",
    "episode": "episode_id",
}
STRATA = ("gender", "race_ethnicity", "low_income", "disability", "english_learner", "entry_grade")
PERIODS = ("entry_year",)
ENTRY_STRATUM = "entry_stratum"
NOT_RECORDED = "not recorded"


@attrs.frozen
class Grouping:
    """The ways in which units are split, and the text columns that do it."""

    by: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """The names of the columns that `attach` adds."""
        return [f"by_{name}" for name in self.by]

    def group(self, values: Iterable[str]) -> Group:
        """Return the group that has `values` in the columns."""
        return tuple(zip(self.by, values, strict=True))

    @classmethod
    def of(cls, by: Sequence[str]) -> Grouping:
        """Check what was asked for."""
        expect("by", by, Iterable, "a way to group such as 'program', or several; () groups by nothing")
        asked = (by,) if isinstance(by, str) else tuple(by)
        accepted = (*LEVELS, *STRATA, *PERIODS, ENTRY_STRATUM)
        for name in asked:
            if name not in accepted:
                raise UsageError(f"by={name!r} is not a way to group. Accepted: {', '.join(accepted)}.")
            if asked.count(name) > 1:
                raise UsageError(f"by names {name!r} twice. Name each way to group once.")
        return cls(asked)

    def attach(self, units: nw.LazyFrame[Any], blocks: Blocks) -> nw.LazyFrame[Any]:
        """Add `learner` and, as text, one column for each grouping to the units.

        Units are known by `episode`, its number, by `episode_id`, or are people of a program (learner_id, program_id).
        """
        names = units.collect_schema().names()
        key = next((name for name in ("episode", "episode_id") if name in names), None)
        if key:
            return units.join(people(blocks, self), on=key)
        return self._attach_people(units, blocks).select(*names, "learner", *self.columns)

    def labels(self) -> dict[str, nw.Expr]:
        """Return the expressions of the columns."""
        return {column: _text(name) for column, name in zip(self.columns, self.by, strict=True)}

    def _attach_people(self, units: nw.LazyFrame[Any], blocks: Blocks) -> nw.LazyFrame[Any]:
        """As `attach`, for units that are people of a program and have no episode."""
        import narwhals.stable.v2 as nw

        absent = {name: nw.lit(None, nw.String) for name in ("site_id", "episode_id")}
        absent |= {name: unknown() for name in ("entry", "entry_grade")}
        programs = blocks.places.select("program_id", "jurisdiction").unique("program_id")
        known = (*STRATA, "birth_date", "credits_at_entry", "credits_expected", "entry_gap_days")
        learners = blocks.learners.select("learner_id", *(name for name in known if name != "entry_grade"))
        return (
            units.join(programs, on="program_id")
            .join(learners, on="learner_id", how="left")
            .with_columns(**absent)
            .with_columns(learner=nw.col("learner_id"), **self.labels())
        )


@block
def people(blocks: Blocks, grouping: Grouping) -> nw.LazyFrame[Any]:
    """The learner and the groups of each episode; a learner goes by the number of the first episode."""
    import narwhals.stable.v2 as nw

    learner = nw.col("episode").min().over("learner_id")
    return blocks.episodes.select("episode", "episode_id", learner=learner, **grouping.labels())


def _text(name: str) -> nw.Expr:
    import narwhals.stable.v2 as nw

    if name == "entry_year":
        return whole(month_of(nw.col("entry")), 12).cast(nw.String)
    if name == ENTRY_STRATUM:
        return _entry_stratum()
    column = nw.col(LEVELS.get(name, name))
    if name in ("low_income", "disability", "english_learner"):
        return (
            nw.when(column.is_null())
            .then(nw.lit(NOT_RECORDED))
            .otherwise(nw.when(column).then(nw.lit("yes")).otherwise(nw.lit("no")))
        )
    return column.cast(nw.String).fill_null(NOT_RECORDED)


def _entry_stratum() -> nw.Expr:
    """The stratum at entry, `credits.age.gap`: the number of each band from 1, or 0 where it is not recorded.

    Credits held by credits expected: below 0.65, 0.70 and 0.75, which are Washington's, and from there. Age: under 18,
    under 21, older. Time out of school: under half a year, under two years, longer.
    """
    import narwhals.stable.v2 as nw

    born = nw.col("birth_date")

    def of_age(years: int) -> nw.Expr:
        return flag(years_have_passed(years, born, nw.col("entry")))

    expected = nw.col("credits_expected")
    credit = nw.when(expected > 0).then(nw.col("credits_at_entry") / expected)
    parts = (
        _band(credit, 0.65, 0.70, 0.75),
        nw.when(born.is_null()).then(nw.lit("0")).otherwise((of_age(18) + of_age(21) + 1).cast(nw.String)),
        _band(nw.col("entry_gap_days"), 183, 731),
    )
    return nw.concat_str(*parts, separator=".")


def _band(value: nw.Expr, *limits: float) -> nw.Expr:
    import narwhals.stable.v2 as nw

    number = nw.when(value.is_null()).then(nw.lit("0")).otherwise(nw.lit(str(len(limits) + 1)))
    for place, limit in reversed(list(enumerate(limits, start=1))):
        number = nw.when((value < limit).fill_null(False)).then(nw.lit(str(place))).otherwise(number)
    return number
