"""The rules across records, each written once over tables and bound by id to its text in the spec."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blended_standard.io.tables import LINE, ROW
from blended_standard.validate.tables import BoundTables

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

RuleFunction = Callable[[BoundTables], "nw.LazyFrame[Any]"]
RECORD_RULES: dict[str, RuleFunction] = {}
DETAIL = "_detail"
_OPEN = 10**6


def rule(code: str) -> Callable[[RuleFunction], RuleFunction]:
    """Bind the function below to a rule of the spec.

    It returns the rows that break it, with all their columns, and may say more of each in a column `_detail`.
    """

    def bind(function: RuleFunction) -> RuleFunction:
        RECORD_RULES[code] = function
        return function

    return bind


@rule("EPI-OVERLAP")
def overlapping_episodes(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Episodes that begin before an earlier one of the same learner at the same site has ended."""
    import narwhals.stable.v2 as nw

    ends = nw.col("exit_date").fill_null(_OPEN)
    episodes = tables["episode"].drop_nulls(["learner_id", "site_id", "entry_date", "episode_id"])
    return _overlapping(episodes, ends, "entry_date", ("learner_id", "site_id"), ("entry_date", "episode_id"))


@rule("PAU-OVERLAP")
def overlapping_pauses(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Pauses that begin on or before the last day of an earlier one of the same episode."""
    import narwhals.stable.v2 as nw

    pauses = tables["pause"].drop_nulls(["episode_id", "start_date", "end_date", "pause_id"])
    last = nw.col("end_date") + 1
    return _overlapping(pauses, last, "start_date", ("episode_id",), ("start_date", "pause_id"))


@rule("SVC-BEFORE")
def service_before_need(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Services received before their need was found."""
    import narwhals.stable.v2 as nw

    needs = tables["need"].drop_nulls(["need_id"]).group_by("need_id").agg(nw.col("identified_date").min())
    served = tables["service"].join(needs, on="need_id")
    return served.filter((nw.col("received_date") < nw.col("identified_date")).fill_null(False))


@rule("OUT-AFTER-WITHDRAWAL")
def result_after_withdrawal(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Results of a course dated after the learner withdrew from it."""
    import narwhals.stable.v2 as nw

    left = tables["episode"].filter((nw.col("exit_reason") == "withdrawn").fill_null(False))
    left = left.group_by("episode_id").agg(nw.col("exit_date").max())
    results = tables["outcome"].filter(nw.col("kind").is_in(["program_completion", "course_score"]))
    dated = results.join(left, on="episode_id")
    return dated.filter((nw.col("date") > nw.col("exit_date")).fill_null(False))


@rule("PLN-VERSION")
def version_twice(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Versions of a plan that share their number with another of the same episode."""
    return _repeated(tables["plan"], "plan_id", ("episode_id", "version"))


@rule("PLN-ORDER")
def version_out_of_order(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Versions of a plan made before a version with a lower number."""
    import narwhals.stable.v2 as nw

    plans = tables["plan"].drop_nulls(["episode_id", "version", "made_date", "plan_id"])
    order = ["version", "plan_id"]
    latest = nw.col("made_date").cum_max().over("episode_id", order_by=order)
    return plans.with_columns(latest=latest).filter(nw.col("latest") > nw.col("made_date"))


@rule("PLN-BASELINE")
def baseline_twice(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Versions marked as the baseline where another of the same episode is too."""
    import narwhals.stable.v2 as nw

    marked = tables["plan"].filter(nw.col("baseline").fill_null(False))
    return _repeated(marked, "plan_id", ("episode_id",))


@rule("PLI-TWICE")
def competency_twice(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Items of a version of a plan that name the same competency."""
    return _repeated(tables["plan_item"], "plan_item_id", ("plan_id", "competency_id"))


@rule("FUP-TWICE")
def quarter_twice(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Follow-ups of one episode for the same quarter."""
    return _repeated(tables["follow_up"], "follow_up_id", ("episode_id", "quarter_start"))


@rule("HIE-CYCLE")
def wider_than_itself(tables: BoundTables) -> nw.LazyFrame[Any]:
    """Competencies from which the way up comes back; the path is told."""
    import narwhals.stable.v2 as nw

    links = tables["competency"].drop_nulls(["competency_id", "parent_id"])
    found = tables.engine.collect(
        links.select("competency_id", "parent_id").unique().sort("competency_id", "parent_id")
    )
    paths = _cycles(dict(zip(found["competency_id"], found["parent_id"], strict=True)))
    if not paths:
        return links.head(0)
    told = {"competency_id": list(paths), DETAIL: list(paths.values())}
    return links.join(
        tables.engine.frame(told, {"competency_id": str, DETAIL: str}).select(nw.all()), on="competency_id"
    )


def _cycles(parents: dict[str, str]) -> dict[str, str]:
    """Return, for the first identifier of each cycle, the path as text."""
    state: dict[str, int] = {}
    paths: dict[str, str] = {}
    for number, start in enumerate(sorted(parents), start=1):
        way: list[str] = []
        node: str | None = start
        while node is not None and node not in state:
            state[node] = number
            way.append(node)
            node = parents.get(node)
        if node is not None and state[node] == number:
            ring = way[way.index(node) :]
            least = ring.index(min(ring))
            ring = ring[least:] + ring[:least]
            shown = [*ring[:6], "..."] if len(ring) > 6 else ring
            paths[ring[0]] = f"The path is {' -> '.join([*shown, ring[0]])}."
    return paths


def _repeated(frame: nw.LazyFrame[Any], key: str, same: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """Return the records that agree in the columns `same` with another that has another key."""
    import narwhals.stable.v2 as nw

    frame = frame.drop_nulls([key, *same])
    several = frame.select(key, *same).unique().group_by(*same).agg(records=nw.len()).filter(nw.col("records") > 1)
    return frame.join(several, on=list(same))


def _overlapping(
    frame: nw.LazyFrame[Any], ends: nw.Expr, start: str, by: tuple[str, ...], order: tuple[str, ...]
) -> nw.LazyFrame[Any]:
    """Return the spans that begin before the end of an earlier one; `ends` is the first moment after a span."""
    import narwhals.stable.v2 as nw

    by_order = [*order, ROW, LINE]
    reached = ends.cum_max().over(*by, order_by=by_order)
    earlier = nw.col("reached").shift(1).over(*by, order_by=by_order)
    return (
        frame.with_columns(reached=reached)
        .with_columns(earlier=earlier)
        .filter((nw.col("earlier") > nw.col(start)).fill_null(False))
    )
