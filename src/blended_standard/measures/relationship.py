"""Relationship measures: contact between learners and the adults of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import SECONDS_A_DAY, Blocks, week_of, whole
from blended_standard.measures.engagement import week_rate
from blended_standard.measures.registry import Parameters, measure
from blended_standard.numeric.events import CENSORED, EVENT

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_ABOUT_LEARNING = ("learning", "progress", "support", "career")


@measure("REL-02")
def two_way_contact_week_rate(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Observable weeks with a two-way contact, of observable weeks (REL-02).

    A turn is answered when the other side speaks within the reply window after it; the exchange counts in the week
    of the answer.
    """
    import narwhals.stable.v2 as nw

    window = int(parameters["reply_days"])
    person = ~nw.col("automated").fill_null(False)
    about = nw.col("topic").is_in(list(_ABOUT_LEARNING)).fill_null(True)
    turns = blocks.dated("contact", "direction", "automated", "topic").filter(person, about)
    turns = blocks.engine.materialise(turns.select("episode_id", "day", "second", "direction"))
    both = turns.filter(nw.col("direction") == "both").select("episode_id", "day")
    one_way = turns.filter(nw.col("direction") != "both")
    adult = nw.when(nw.col("direction") == "adult_to_learner").then(nw.col("day")).otherwise(nw.lit(-(10**9)))
    learner = nw.when(nw.col("direction") == "learner_to_adult").then(nw.col("day")).otherwise(nw.lit(-(10**9)))
    latest = one_way.with_columns(
        adult_day=adult.cum_max().over("episode_id", order_by=["second", "direction"]),
        learner_day=learner.cum_max().over("episode_id", order_by=["second", "direction"]),
    )
    other = nw.min_horizontal(nw.col("adult_day"), nw.col("learner_day"))
    answered = latest.filter(nw.col("day") - other <= window).select("episode_id", "day")
    return week_rate(blocks, nw.concat([both, answered]), parameters)


@measure("REL-05")
def response_latency(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Minutes of open days from a learner's request for help to the first answer of a person, by request (REL-05)."""
    import narwhals.stable.v2 as nw

    person = ~nw.col("automated").fill_null(False)
    turns = blocks.dated("contact", "contact_id", "direction", "asks_for_help", where=person)
    learner = nw.col("direction") == "learner_to_adult"
    ordered = turns.with_columns(
        backward=-nw.col("second"),
        adult=nw.when(learner).then(0).otherwise(1),
        reply=nw.when(learner).then(nw.lit(_NEVER)).otherwise(nw.col("second")),
    ).with_columns(answer=nw.col("reply").cum_min().over("episode_id", order_by=["backward", "adult", "contact_id"]))
    requests = ordered.filter(learner, nw.col("asks_for_help").fill_null(False)).join(
        blocks.spans.select("episode_id", "site_id", "last"), on="episode_id"
    )
    answered = nw.col("answer") < _NEVER
    until = nw.when(answered).then(nw.col("answer")).otherwise((nw.col("last") + 1) * SECONDS_A_DAY)
    spans = requests.with_columns(answered=answered, until=until).with_columns(
        until_day=whole(nw.col("until"), SECONDS_A_DAY)
    )
    days = blocks.site_days
    clocked = (
        spans.join(days, on=["site_id", "day"])
        .with_columns(start=_clock(nw.col("second"), nw.col("day")))
        .drop("day", "closed", "closed_before")
        .join(days, left_on=["site_id", "until_day"], right_on=["site_id", "day"])
        .with_columns(open_seconds=_clock(nw.col("until"), nw.col("until_day")) - nw.col("start"))
    )
    in_a_day = nw.col("open_seconds") <= SECONDS_A_DAY
    prompt = nw.when(nw.col("answered") & in_a_day).then(1)
    return clocked.with_columns(
        time=whole(nw.col("open_seconds"), 60),
        event=nw.when(nw.col("answered")).then(nw.lit(EVENT)).otherwise(nw.lit(CENSORED)),
        x_within_a_day=prompt.otherwise(nw.when(~in_a_day).then(0)),
        y_within_a_day=nw.lit(1, nw.Int64),
        excluded=nw.lit(None, nw.String),
    ).select("episode_id", "time", "event", "x_within_a_day", "y_within_a_day", "excluded")


@measure("REL-06")
def adult_continuity(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Observable weeks after the fourth in which the learner has contact with the same primary adult (REL-06)."""
    import narwhals.stable.v2 as nw

    edge, opening = int(parameters["minimum_edge_days"]), int(parameters["opening_weeks"])
    person = ~nw.col("automated").fill_null(False) & ~nw.col("adult_id").is_null()
    contacts = blocks.dated("contact", "adult_id", where=person)
    weekly = blocks.observable(contacts.with_columns(week=week_of(nw.col("day"))), edge)
    counts = (
        weekly.join(blocks.weeks(edge), on="episode_id")
        .with_columns(since=nw.col("week") - nw.col("first_week"))
        .group_by("episode_id", "week", "since", "adult_id")
        .agg(contacts=nw.len(), latest=nw.col("second").max())
        .with_columns(nw.col("contacts").cast(nw.Int64))
    )
    counts = blocks.engine.materialise(counts)
    primary = blocks.engine.materialise(_primary(counts.filter(nw.col("since") < opening)))
    later = counts.filter(nw.col("since") >= opening)
    most = later.group_by("episode_id", "week").agg(most=nw.col("contacts").max())
    same = (
        later.join(primary, on=["episode_id", "adult_id"])
        .join(most, on=["episode_id", "week"])
        .filter(nw.col("contacts") == nw.col("most"))
        .group_by("episode_id")
        .agg(same=nw.len())
        .with_columns(nw.col("same").cast(nw.Int64))
    )
    seen = most.group_by("episode_id").agg(seen=nw.len()).with_columns(nw.col("seen").cast(nw.Int64))
    known = primary.select("episode_id", known=nw.lit(1, nw.Int64))
    observed = nw.when(nw.col("seen") > 0).then(nw.col("seen")).otherwise(1)
    return (
        blocks.weeks(edge)
        .join(known, on="episode_id", how="left")
        .join(seen, on="episode_id", how="left")
        .join(same, on="episode_id", how="left")
        .with_columns(seen=nw.col("seen").fill_null(0), same=nw.col("same").fill_null(0))
        .with_columns(
            x=nw.col("same") / observed,
            x_pooled=nw.col("same"),
            y_pooled=nw.col("seen"),
            covered=nw.col("seen"),
            needed=nw.max_horizontal(nw.col("observable") - opening, nw.col("seen")),
            excluded=nw.when(nw.col("known").is_null())
            .then(nw.lit("no_adult"))
            .otherwise(nw.when(nw.col("seen") == 0).then(nw.lit("no_later_contact"))),
        )
        .select("episode_id", "x", "x_pooled", "y_pooled", "covered", "needed", "excluded")
    )


def _primary(counts: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The adult with the most contacts; of equals the one of the latest contact, then of the first identifier."""
    import narwhals.stable.v2 as nw

    adults = counts.group_by("episode_id", "adult_id").agg(nw.col("contacts").sum(), nw.col("latest").max())
    ordered = adults.with_columns(
        few=-nw.col("contacts").cast(nw.Int64), old=-nw.col("latest"), one=nw.lit(1, nw.Int64)
    )
    rank = nw.col("one").cum_sum().over("episode_id", order_by=["few", "old", "adult_id"])
    return ordered.with_columns(rank=rank).filter(nw.col("rank") == 1).select("episode_id", "adult_id")


_NEVER = 2**62


def _clock(second: nw.Expr, day: nw.Expr) -> nw.Expr:
    """Return the seconds of open days before an instant, from the columns closed and closed_before of its day."""
    import narwhals.stable.v2 as nw

    into = nw.when(nw.col("closed") == 1).then(0).otherwise(second - day * SECONDS_A_DAY)
    return (day - nw.col("closed_before")) * SECONDS_A_DAY + into
