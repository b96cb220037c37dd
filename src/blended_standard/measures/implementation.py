"""Implementation and access: caseload, where work is done, learner control, support, devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks, whole
from blended_standard.measures.expressions import flag, one, unknown
from blended_standard.measures.registry import Parameters, measure

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_INSTRUCTION = ("teacher", "tutor")
_SUPPORT = ("mentor", "counselor", "case_manager")
_MODES = ("in_person", "live_online", "asynchronous", "workplace", "offline")


@measure("IMP-01")
def caseload(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Learner-days by full-time days of staff; each episode answers for its share of its site's staff (IMP-01)."""
    import narwhals.stable.v2 as nw

    begin = blocks.as_of - int(parameters["window_days"]) + 1
    start, stop = nw.max_horizontal(nw.col("entry"), nw.lit(begin)), nw.col("last")
    days = (
        blocks.episodes.filter(nw.col("last") >= begin)
        .with_columns(x=(stop - start + 1).cast(nw.Int64))
        .select("episode_id", "site_id", "x")
    )
    total = days.group_by("site_id").agg(total=nw.col("x").sum())
    units = days.join(total, on="site_id")
    for name, roles in (("y", _INSTRUCTION), ("y_support", _SUPPORT)):
        staff = _staff_days(blocks, begin, roles).rename({"fte_days": f"{name}_days"})
        units = units.join(staff, on="site_id", how="left")
    return units.with_columns(
        y=nw.col("y_days").fill_null(0.0) * nw.col("x") / nw.col("total"),
        y_support=nw.col("y_support_days").fill_null(0.0) * nw.col("x") / nw.col("total"),
        x_support=nw.col("x"),
        excluded=nw.lit(None, nw.String),
    ).select("episode_id", "x", "y", "x_support", "y_support", "excluded")


@measure("IMP-02")
def blend_profile(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Pieces of work done in each mode, of all whose mode is known, one row a piece, and one an episode (IMP-02)."""
    import narwhals.stable.v2 as nw

    least = int(parameters["minimum_level"])
    mode = nw.col("mode")
    kept = (nw.col("kind") != "carried_over") & (nw.col("level").fill_null(0) >= least)
    known = ~mode.is_null()
    work = blocks.engine.materialise(blocks.dated("evidence", "mode", where=kept))
    shares = {f"x_{name}": nw.when(known).then(flag(mode == name)) for name in _MODES[1:]}
    pieces = work.with_columns(
        x=nw.when(known).then(flag(mode == _MODES[0])),
        y=one(),
        covered=flag(known),
        needed=one(),
        x_site_use=unknown(),
        **shares,
    )
    empty = {name: unknown() for name in ("x", "y", *shares)}
    zero = {name: nw.lit(0, nw.Int64) for name in ("covered", "needed")}
    columns = ("episode_id", "x", "y", *shares, "covered", "needed", "x_site_use")
    episodes = _site_use(blocks, work).with_columns(**empty, **zero)
    both = nw.concat([pieces.select(*columns), episodes.select(*columns)])
    return both.with_columns(excluded=nw.lit(None, nw.String))


def _site_use(blocks: Blocks, work: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Whether each episode with work had work in person in every four whole weeks from entry: ..., x_site_use."""
    import narwhals.stable.v2 as nw

    spans = blocks.spans.select("episode_id", "entry", "last")
    number = whole(nw.col("last") - nw.col("entry") + 1, 28)
    episodes = work.select("episode_id").unique("episode_id").join(spans, on="episode_id")
    used = (
        work.filter(nw.col("mode") == _MODES[0])
        .join(spans, on="episode_id")
        .with_columns(part=whole(nw.col("day") - nw.col("entry"), 28))
        .filter(nw.col("part") < number)
        .select("episode_id", "part")
        .unique(["episode_id", "part"])
        .group_by("episode_id")
        .agg(used=nw.len())
    )
    return (
        episodes.with_columns(number=number)
        .join(used, on="episode_id", how="left")
        .with_columns(
            x_site_use=nw.when(nw.col("number") > 0).then(flag(nw.col("used").fill_null(0) == nw.col("number")))
        )
        .select("episode_id", "x_site_use")
    )


@measure("IMP-03")
def learner_control(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """The mean of the parts of control over pace, time, place and path that are known, one row an episode (IMP-03)."""
    import narwhals.stable.v2 as nw

    del parameters
    verbs = list(blocks.standard.codes["verb"].names(qualifying=True))
    acts = blocks.dated("activity", "in_schedule", "on_site", where=nw.col("verb").is_in(verbs))
    mine = nw.col("set_by").is_in(["learner", "together"])
    chosen = (nw.col("routes_offered") >= 2) & nw.col("route_chosen").fill_null(False)
    plans = blocks.table("plan").filter(nw.col("made_date") <= blocks.as_of)
    latest = plans.group_by("episode_id").agg(nw.col("version").max())
    items = blocks.table("plan_item").join(
        plans.join(latest, on=["episode_id", "version"]).select("plan_id", "episode_id"), on="plan_id"
    )
    parts = {
        "pace": items.filter(~nw.col("set_by").is_null()).with_columns(part=flag(mine)),
        "time": acts.filter(~nw.col("in_schedule").is_null()).with_columns(part=flag(~nw.col("in_schedule"))),
        "place": acts.filter(~nw.col("on_site").is_null()).with_columns(part=flag(~nw.col("on_site"))),
        "path": items.filter(~nw.col("routes_offered").is_null()).with_columns(part=flag(chosen)),
    }
    units = blocks.episodes.select("episode_id")
    for name, rows in parts.items():
        share = rows.group_by("episode_id").agg(nw.col("part").sum(), count=nw.len())
        share = share.select("episode_id", (nw.col("part") / nw.col("count")).alias(f"x_{name}"))
        units = units.join(share, on="episode_id", how="left")
    columns = [f"x_{name}" for name in parts]
    number = sum((flag(~nw.col(name).is_null()) for name in columns[1:]), flag(~nw.col(columns[0]).is_null()))
    total = sum((nw.col(name).fill_null(0.0) for name in columns[1:]), nw.col(columns[0]).fill_null(0.0))
    return (
        units.with_columns(covered=number, needed=nw.lit(len(parts), nw.Int64))
        .with_columns(
            x=nw.when(nw.col("covered") > 0).then(total / nw.col("covered")), excluded=nw.lit(None, nw.String)
        )
        .select("episode_id", "x", *columns, "excluded", "covered", "needed")
    )


@measure("IMP-04")
def support_closure(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Needs for which a service was received in time, of needs found, one row a need (IMP-04)."""
    import narwhals.stable.v2 as nw

    window = int(parameters["window_days"])
    received = (
        blocks.table("service")
        .filter(nw.col("received_date") <= blocks.as_of)
        .group_by("need_id")
        .agg(received=nw.col("received_date").min())
    )
    due = nw.col("identified_date") + window
    return (
        blocks.table("need")
        .filter(nw.col("identified_date") <= blocks.as_of)
        .join(blocks.spans.select("episode_id"), on="episode_id")
        .join(received, on="need_id", how="left")
        .with_columns(
            x=flag(nw.col("received") <= due),
            y=one(),
            excluded=nw.when(due > blocks.as_of).then(nw.lit("not_mature")),
        )
        .select("episode_id", "x", "y", "excluded")
    )


@measure("EQ-03")
def access_readiness(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Learners with a device, a connection and right contact details, of learners, one row each (EQ-03)."""
    import narwhals.stable.v2 as nw

    del parameters
    parts = {"device": "has_device", "connection": "has_connection", "contact": "has_contact_details"}
    latest = blocks.episodes.group_by("learner_id", "program_id").agg(nw.col("episode_id").max())
    every = nw.all_horizontal(*(nw.col(name) for name in parts.values()), ignore_nulls=True)
    known = nw.all_horizontal(*(~nw.col(name).is_null() for name in parts.values()), ignore_nulls=True)
    return (
        latest.select("episode_id")
        .join(blocks.episodes.select("episode_id", *parts.values()), on="episode_id")
        .with_columns(
            x=flag(known & every),
            y=one(),
            lost=flag(~known & every),
            excluded=nw.lit(None, nw.String),
            covered=flag(known),
            needed=one(),
            **{f"x_{part}": nw.when(~nw.col(name).is_null()).then(flag(nw.col(name))) for part, name in parts.items()},
        )
        .select("episode_id", "x", "y", "lost", *(f"x_{part}" for part in parts), "excluded", "covered", "needed")
    )


def _staff_days(blocks: Blocks, begin: int, roles: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """Full-time days of the roles from `begin` to the as-of date: site_id, fte_days."""
    import narwhals.stable.v2 as nw

    start = nw.max_horizontal(nw.col("start_date"), nw.lit(begin))
    stop = nw.min_horizontal(nw.col("end_date").fill_null(blocks.as_of), nw.lit(blocks.as_of))
    return (
        blocks.table("staff_role")
        .filter(nw.col("role").is_in(list(roles)))
        .with_columns(days=stop - start + 1)
        .filter(nw.col("days") > 0)
        .with_columns(fte_days=nw.col("fte") * nw.col("days"))
        .group_by("site_id")
        .agg(nw.col("fte_days").sum())
    )
