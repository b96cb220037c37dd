"""The groups that results are given for: levels of the hierarchy, strata of learners, periods of entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.errors import UsageError
from blended_standard.measures.blocks import EPOCH, Blocks
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
        asked = (by,) if isinstance(by, str) else tuple(by)
        accepted = (*LEVELS, *STRATA, *PERIODS)
        for name in asked:
            if name not in accepted:
                raise UsageError(f"by={name!r} is not a way to group. Accepted: {', '.join(accepted)}.")
        return cls(asked)

    def attach(self, units: nw.LazyFrame[Any], blocks: Blocks) -> nw.LazyFrame[Any]:
        """Add learner_id and, as text, one column for each grouping to the units."""
        import narwhals.stable.v2 as nw

        labels = {column: _text(name) for column, name in zip(self.columns, self.by, strict=True)}
        people = blocks.episodes.select("episode_id", "learner_id", **labels)
        return units.join(people, on="episode_id").select(
            *(nw.col(name) for name in units.collect_schema().names()),
            "learner_id",
            *labels,
        )


def _text(name: str) -> nw.Expr:
    import narwhals.stable.v2 as nw

    if name == "entry_year":
        return _year(nw.col("entry")).cast(nw.String)
    column = nw.col(LEVELS.get(name, name))
    if name in ("low_income", "disability", "english_learner"):
        return (
            nw.when(column.is_null())
            .then(nw.lit(NOT_RECORDED))
            .otherwise(nw.when(column).then(nw.lit("yes")).otherwise(nw.lit("no")))
        )
    return column.cast(nw.String).fill_null(NOT_RECORDED)


def _year(day: nw.Expr) -> nw.Expr:
    """Return the calendar year of a day number, by integer arithmetic (proleptic Gregorian)."""
    import narwhals.stable.v2 as nw

    shifted = day + EPOCH.toordinal() - 1 + 306
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year_of_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    return year_of_era + era * 400 + nw.when(of_year >= 306).then(1).otherwise(0)
