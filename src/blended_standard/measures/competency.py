"""Competency measures: what was mastered, how fast, and on what evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks
from blended_standard.measures.expressions import flag, one
from blended_standard.measures.registry import Parameters, measure
from blended_standard.numeric.events import CENSORED, COMPETING, EVENT

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


@measure("CMP-05")
def verified_mastery_share(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Mastery decisions that rest on verified evidence, of mastery decisions, one row a decision (CMP-05)."""
    import narwhals.stable.v2 as nw

    prior = nw.when(nw.col("prior_learning").fill_null(False)).then(nw.lit("prior_learning"))
    revoked = nw.when(nw.col("revoked").fill_null(False)).then(nw.lit("revoked"))
    verified = nw.col("evidence_level").fill_null(-1) >= int(parameters["verified_level"])
    return (
        blocks.table("mastery_decision")
        .filter(nw.col("mastered"), nw.col("date") <= blocks.as_of)
        .join(blocks.spans.select("episode_id"), on="episode_id")
        .with_columns(
            x=nw.when(verified).then(1).otherwise(0).cast(nw.Int64),
            y=nw.lit(1, nw.Int64),
            excluded=nw.coalesce(prior, revoked),
            needed=nw.lit(1, nw.Int64),
            covered=nw.when(nw.col("evidence_level").is_null()).then(0).otherwise(1).cast(nw.Int64),
        )
        .select("episode_id", "x", "y", "excluded", "covered", "needed")
    )


@measure("CMP-01")
def attainment(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Share of the plan that is mastered, one row an episode (CMP-01)."""
    import narwhals.stable.v2 as nw

    short = nw.col("last") - nw.col("entry") + 1 < int(parameters["minimum_days"])
    return (
        blocks.episodes.join(_progress(blocks, baseline=False), on="episode_id", how="left")
        .with_columns(x=nw.col("mastered") / nw.col("weight"), x_program=nw.col("program") / nw.col("weight"))
        .with_columns(
            x_median=nw.col("x"),
            x_complete=nw.when(nw.col("open_items") == 0).then(1.0).when(nw.col("open_items") > 0).then(0.0),
            excluded=nw.when(short).then(nw.lit("too_short")),
            covered=flag(~nw.col("x").is_null()),
            needed=one(),
        )
        .select("episode_id", "x", "x_program", "x_median", "x_complete", "excluded", "covered", "needed")
    )


@measure("CMP-02")
def mastery_pace(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Credits mastered for the first time, by observable week, one row an episode (CMP-02)."""
    import narwhals.stable.v2 as nw

    value = nw.col("credit_value")
    worth = blocks.table("competency").select("competency_id", "credit_value")
    mastered = (
        _mastery(blocks)
        .filter(nw.col("program") == 1)
        .join(worth, on="competency_id", how="left")
        .with_columns(value=value.fill_null(0.0), known=flag(~value.is_null()), one=one())
        .group_by("episode_id")
        .agg(credits=nw.col("value").sum(), covered=nw.col("known").sum(), needed=nw.col("one").sum())
    )
    short = nw.col("observable") < int(parameters["minimum_weeks"])
    return (
        blocks.weeks(4)
        .join(mastered, on="episode_id", how="left")
        .with_columns(
            x=nw.col("credits").fill_null(0.0) * 4,
            y=nw.col("observable"),
            excluded=nw.when(short).then(nw.lit("too_short")),
            covered=nw.col("covered").fill_null(0),
            needed=nw.col("needed").fill_null(0),
        )
        .select("episode_id", "x", "y", "excluded", "covered", "needed")
    )


@measure("CMP-03")
def on_pace_share(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Learners whose mastery keeps up with the dates of their first plan, of learners with a plan (CMP-03)."""
    import narwhals.stable.v2 as nw

    first, latest = (
        _pace(blocks, parameters, baseline=baseline).rename({name: f"{name}_{suffix}" for name in ("pace", "planned")})
        for baseline, suffix in ((True, "first"), (False, "latest"))
    )
    limit = float(parameters["on_pace"]) - 1e-12
    early = nw.col("planned_first") < float(parameters["minimum_planned"])
    none = nw.col("planned_first").is_null()
    kept = (
        blocks.episodes.select("episode_id")
        .join(first, on="episode_id", how="left")
        .join(latest, on="episode_id", how="left")
    )
    return kept.with_columns(
        x=nw.when(~none).then(flag(nw.col("pace_first") >= limit)),
        y=one(),
        x_index=nw.when(~none).then(nw.min_horizontal(nw.col("pace_first"), nw.lit(2.0))),
        x_latest=nw.when(nw.col("planned_latest") >= float(parameters["minimum_planned"])).then(
            flag(nw.col("pace_latest") >= limit)
        ),
        excluded=nw.when(early).then(nw.lit("too_early")),
        covered=flag(~none),
        needed=one(),
    ).select("episode_id", "x", "y", "x_index", "x_latest", "excluded", "covered", "needed")


@measure("CMP-04")
def time_to_mastery(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Observable days from the first work on a competency to its mastery, one row for each begun (CMP-04)."""
    import narwhals.stable.v2 as nw

    del parameters
    keys = ["episode_id", "competency_id"]
    begun = _work(blocks).group_by("episode_id", "competency_id").agg(start=nw.col("day").min())
    mastered = _mastery(blocks).filter(nw.col("program") == 1).select("episode_id", "competency_id", "first")
    done = ~nw.col("first").is_null()
    stop = nw.when(done).then(nw.col("first")).otherwise(nw.col("last"))
    left = nw.when(nw.col("exited")).then(nw.lit(COMPETING)).otherwise(nw.lit(CENSORED))
    spells = blocks.engine.materialise(
        begun.join(mastered, on=keys, how="left")
        .join(blocks.episodes.select("episode_id", "last", "exited"), on="episode_id")
        .with_columns(stop=nw.max_horizontal(stop, nw.col("start")))
    )
    sunday = nw.col("week") * 7 + 3
    hidden = (
        spells.select(*keys, "start", "stop")
        .join(blocks.hidden_weeks(1), on="episode_id")
        .with_columns(hidden=nw.min_horizontal(nw.col("stop"), sunday) - nw.max_horizontal(nw.col("start"), sunday - 7))
        .filter(nw.col("hidden") > 0)
        .group_by(*keys)
        .agg(nw.col("hidden").sum())
    )
    return (
        spells.join(hidden, on=keys, how="left")
        .with_columns(
            time=(nw.col("stop") - nw.col("start") - nw.col("hidden").fill_null(0)).cast(nw.Int64),
            event=nw.when(done).then(nw.lit(EVENT)).otherwise(nw.lit(CENSORED)),
            event_mastered=nw.when(done).then(nw.lit(EVENT)).otherwise(left),
        )
        .with_columns(
            time_restricted=nw.col("time"),
            event_restricted=nw.col("event"),
            time_mastered=nw.col("time"),
            excluded=nw.lit(None, nw.String),
        )
        .select(
            "episode_id",
            *("time", "event", "time_restricted", "event_restricted", "time_mastered", "event_mastered"),
            "excluded",
        )
    )


@measure("CMP-06")
def durability(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Competencies shown again in a later check, of those checked, one row for each that could be (CMP-06)."""
    import narwhals.stable.v2 as nw

    low, high = int(parameters["from_days"]), int(parameters["to_days"])
    keys = ["episode_id", "competency_id"]
    decisions = held_decisions(blocks)
    again = nw.col("reassessment").fill_null(False)
    mastered = decisions.filter(nw.col("mastered"), ~again).group_by(*keys).agg(first=nw.col("date").min())
    gap = nw.col("date") - nw.col("first")
    checks = decisions.filter(again).join(mastered, on=keys).filter(gap >= low, gap <= high)
    earliest = checks.group_by(*keys).agg(date=nw.col("date").min())
    shown = (
        checks.join(earliest, on=[*keys, "date"])
        .with_columns(shown=flag(nw.col("mastered")))
        .group_by(*keys)
        .agg(x=nw.col("shown").min())
    )
    return (
        mastered.join(shown, on=keys, how="left")
        .join(blocks.spans.select("episode_id", "last"), on="episode_id")
        .filter((nw.col("last") - nw.col("first") >= low) | ~nw.col("x").is_null())
        .with_columns(y=one(), excluded=nw.lit(None, nw.String), covered=flag(~nw.col("x").is_null()), needed=one())
        .select("episode_id", "x", "y", "excluded", "covered", "needed")
    )


@measure("CMP-08")
def attempts_to_mastery(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Attempts up to the first mastery, one row for each competency mastered in the episode (CMP-08)."""
    import narwhals.stable.v2 as nw

    del parameters
    keys = ["episode_id", "competency_id"]
    mastered = _mastery(blocks).filter(nw.col("program") == 1).select(*keys, "first")
    tries = _work(blocks).join(mastered, on=keys).filter(nw.col("day") <= nw.col("first"))
    forms = tries.filter(~nw.col("form_id").is_null())
    number = _counted(tries, keys, "x")
    on_form = _counted(forms, keys, "on_form")
    distinct = _counted(forms.unique([*keys, "form_id"]), keys, "forms")
    retakes = nw.col("on_form").fill_null(0) - nw.col("forms").fill_null(0)
    return (
        mastered.join(number, on=keys, how="left")
        .join(on_form, on=keys, how="left")
        .join(distinct, on=keys, how="left")
        .with_columns(
            x_first=nw.when(~nw.col("x").is_null()).then(flag(nw.col("x") == 1)),
            x_same_form=nw.when(~nw.col("x").is_null()).then(retakes),
            y_same_form=nw.col("x") - 1,
            excluded=nw.lit(None, nw.String),
            covered=flag(~nw.col("x").is_null()),
            needed=one(),
        )
        .select("episode_id", "x", "x_first", "x_same_form", "y_same_form", "excluded", "covered", "needed")
    )


def _counted(rows: nw.LazyFrame[Any], keys: list[str], name: str) -> nw.LazyFrame[Any]:
    """Count the rows of each key, as a whole number that pandas need not cast where a join leaves it out."""
    import narwhals.stable.v2 as nw

    return rows.group_by(*keys).agg(nw.len().alias(name)).with_columns(nw.col(name).cast(nw.Int64))


def held_decisions(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Mastery decisions of known episodes that hold at the as-of date and were not taken back."""
    import narwhals.stable.v2 as nw

    return (
        blocks.table("mastery_decision")
        .filter(nw.col("date") <= blocks.as_of, ~nw.col("revoked").fill_null(False))
        .join(blocks.spans.select("episode_id", "entry", "last"), on="episode_id")
        .filter(nw.col("date") <= nw.col("last"))
    )


def _mastery(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Competencies mastered: episode_id, competency_id, program (1 when mastered in it), first (day in the program).

    The latest decision rules; of a yes and a no on one day, the yes.
    """
    import narwhals.stable.v2 as nw

    never = nw.lit(-(10**9), nw.Int64)
    prior = nw.col("prior_learning").fill_null(False)
    day = nw.col("date")
    mine = nw.col("mastered") & ~prior
    return (
        held_decisions(blocks)
        .with_columns(
            yes=nw.when(nw.col("mastered")).then(day).otherwise(never),
            no=nw.when(nw.col("mastered")).then(never).otherwise(day),
            program=flag(mine),
            first=nw.when(mine).then(day),
        )
        .group_by("episode_id", "competency_id")
        .agg(nw.col("yes").max(), nw.col("no").max(), nw.col("program").max(), nw.col("first").min())
        .filter(nw.col("yes") >= nw.col("no"))
        .filter(nw.col("yes") > never)
        .select("episode_id", "competency_id", "program", "first")
    )


def plan_items(blocks: Blocks, *, baseline: bool) -> nw.LazyFrame[Any]:
    """The items of each episode's latest plan, or of its first (the one marked as baseline, where there is one).

    The weights are credits where all items of the plan have them, else equal.
    """
    import narwhals.stable.v2 as nw

    made = nw.min_horizontal(nw.lit(blocks.as_of), nw.col("last"))
    plans = (
        blocks.table("plan")
        .join(blocks.spans.select("episode_id", "last"), on="episode_id")
        .filter(nw.col("made_date") <= made)
        .with_columns(rank=nw.col("version") - nw.when(nw.col("baseline").fill_null(False)).then(10**6).otherwise(0))
    )
    chosen = nw.col("rank").min() if baseline else nw.col("version").max()
    key = "rank" if baseline else "version"
    plans = plans.join(plans.group_by("episode_id").agg(chosen.alias(key)), on=["episode_id", key])
    worth = blocks.table("competency").select("competency_id", worth="credit_value")
    value = nw.coalesce(nw.col("credit_value"), nw.col("worth"))
    items = (
        blocks.table("plan_item")
        .join(plans.select("plan_id", "episode_id", "planned_end"), on="plan_id")
        .join(worth, on="competency_id", how="left")
        .with_columns(value=value)
        .group_by("episode_id", "competency_id")
        .agg(nw.col("value").max(), nw.col("planned_date").min(), nw.col("planned_end").max())
    )
    unknown = (
        items.with_columns(unweighted=flag(nw.col("value").is_null()), undated=flag(nw.col("planned_date").is_null()))
        .group_by("episode_id")
        .agg(nw.col("unweighted").sum(), nw.col("undated").sum())
    )
    return items.join(unknown, on="episode_id").with_columns(
        value=nw.when(nw.col("unweighted") == 0).then(nw.col("value")).otherwise(nw.lit(1.0))
    )


def _progress(blocks: Blocks, *, baseline: bool) -> nw.LazyFrame[Any]:
    """Sums of weights by episode: weight (of the plan), mastered, program, scheduled; and open_items, planned_end."""
    import narwhals.stable.v2 as nw

    has, zero = ~nw.col("program_flag").is_null(), nw.lit(0.0)
    marked = (
        plan_items(blocks, baseline=baseline)
        .join(
            _mastery(blocks).select("episode_id", "competency_id", program_flag="program"),
            on=["episode_id", "competency_id"],
            how="left",
        )
        .join(blocks.spans.select("episode_id", "last"), on="episode_id")
        .with_columns(
            mastered=nw.when(has).then(nw.col("value")).otherwise(zero),
            program=nw.when((nw.col("program_flag") == 1).fill_null(False)).then(nw.col("value")).otherwise(zero),
            scheduled=nw.when((nw.col("planned_date") <= nw.col("last")).fill_null(False))
            .then(nw.col("value"))
            .otherwise(zero),
            open_items=flag(~has),
        )
    )
    sums = ("mastered", "program", "scheduled", "open_items")
    return (
        marked.group_by("episode_id")
        .agg(
            nw.col("value").sum().alias("weight"),
            *(nw.col(name).sum() for name in sums),
            nw.col("undated").max(),
            nw.col("planned_end").max(),
        )
        .filter(nw.col("weight") > 0)
    )


def _pace(blocks: Blocks, parameters: Parameters, *, baseline: bool) -> nw.LazyFrame[Any]:
    """The share mastered in the program over the share planned by now: episode_id, pace, planned."""
    import narwhals.stable.v2 as nw

    paused = blocks.paused_days().group_by("episode_id").agg(paused=nw.len())
    elapsed = nw.col("last") - nw.col("entry") - nw.col("paused").fill_null(0)
    length = nw.col("planned_end") - nw.col("entry")
    by_time = nw.when(length > 0).then(nw.min_horizontal(elapsed / length, nw.lit(1.0)))
    dated = nw.col("undated") == 0
    enough = nw.col("planned") >= float(parameters["minimum_planned"])
    return (
        _progress(blocks, baseline=baseline)
        .join(blocks.spans.select("episode_id", "entry", "last"), on="episode_id")
        .join(paused, on="episode_id", how="left")
        .with_columns(planned=nw.when(dated).then(nw.col("scheduled") / nw.col("weight")).otherwise(by_time))
        .with_columns(pace=nw.when(enough).then(nw.col("program") / nw.col("weight") / nw.col("planned")))
        .select("episode_id", "pace", "planned")
    )


def _work(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Work on a competency in its episode: episode_id, competency_id, day, form_id."""
    import narwhals.stable.v2 as nw

    kept = (nw.col("kind") != "carried_over") & ~nw.col("competency_id").is_null()
    return blocks.dated("evidence", "competency_id", "form_id", where=kept)
