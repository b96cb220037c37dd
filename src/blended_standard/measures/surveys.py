"""Measures of what learners and adults say in surveys: engagement, caring adults, developmental relationships, support.

Of each episode the latest wave of learners' answers counts. A learner who was asked and did not answer is not
observed, or for the caring adult lost, which gives bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks
from blended_standard.measures.registry import Parameters, measure

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_ELEMENTS = ("express_care", "challenge_growth", "provide_support", "share_power", "expand_possibilities")


@measure("ENG-15")
def self_reported_engagement(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Mean answer on 0 to 1 of learners who answered enough items (ENG-15)."""
    import narwhals.stable.v2 as nw

    wanted = ~nw.col("subscale").is_in(list(_ELEMENTS)).fill_null(False)
    if parameters["instrument"] != "any":
        wanted = wanted & (nw.col("instrument_id") == str(parameters["instrument"])).fill_null(False)
    scored = (nw.col("status") == "answered") & ~nw.col("score").is_null()
    answered = nw.when(scored).then(nw.col("items_answered").fill_null(0)).otherwise(0)
    people = (
        _latest(blocks, wanted)
        .with_columns(
            answered=answered,
            weighted=nw.when(scored).then(nw.col("score") * answered).otherwise(0.0),
            asked=nw.col("items_asked").fill_null(0),
            replied=nw.when(nw.col("status") == "answered").then(1).otherwise(0).cast(nw.Int64),
        )
        .group_by("episode")
        .agg(*(nw.col(name).sum() for name in ("answered", "weighted", "asked")), replied=nw.col("replied").max())
    )
    enough = (nw.col("answered") > 0) & (
        nw.col("answered") * 100 >= nw.col("asked") * int(parameters["minimum_answered_percent"])
    )
    size = nw.when(nw.col("answered") > 0).then(nw.col("answered")).otherwise(1)
    incomplete = (nw.col("replied") == 1) & ~enough
    return people.with_columns(
        x=nw.when(enough).then(nw.col("weighted") / size),
        covered=nw.col("replied"),
        needed=nw.lit(1, nw.Int64),
        excluded=nw.when(incomplete).then(nw.lit("too_few_items")),
    ).select("episode", "x", "covered", "needed", "excluded")


@measure("REL-03")
def developmental_relationship(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Mean of the five element means on 0 to 100, for learners with enough items of every element (REL-03)."""
    import narwhals.stable.v2 as nw

    share = int(parameters["minimum_answered_percent"])
    enough = nw.col("items_answered").fill_null(0) * 100 >= nw.col("items_asked").fill_null(1) * share
    kept = enough & (nw.col("status") == "answered") & ~nw.col("score").is_null()
    latest = _latest(blocks, nw.col("subscale").is_in(list(_ELEMENTS)).fill_null(False))
    elements = (
        latest.filter(kept)
        .group_by("episode_id", "subscale")
        .agg(score=nw.col("score").mean())
        .with_columns(**{name: nw.when(nw.col("subscale") == name).then(nw.col("score") * 100) for name in _ELEMENTS})
        .group_by("episode_id")
        .agg(elements=nw.len(), **{name: nw.col(name).max() for name in _ELEMENTS})
    )
    replied = nw.when(nw.col("status") == "answered").then(1).otherwise(0).cast(nw.Int64)
    people = latest.with_columns(replied=replied).group_by("episode_id").agg(covered=nw.col("replied").max())
    complete = nw.col("elements").fill_null(0) == len(_ELEMENTS)
    total = sum((nw.col(name) for name in _ELEMENTS[1:]), nw.col(_ELEMENTS[0]))
    incomplete = (nw.col("covered") == 1) & ~complete
    columns = {f"x_{name}": nw.when(complete).then(nw.col(name)) for name in _ELEMENTS}
    return (
        people.join(elements, on="episode_id", how="left")
        .with_columns(
            x=nw.when(complete).then(total / len(_ELEMENTS)),
            needed=nw.lit(1, nw.Int64),
            excluded=nw.when(incomplete).then(nw.lit("too_few_items")),
            **columns,
        )
        .select("episode_id", "x", *columns, "covered", "needed", "excluded")
    )


@measure("REL-04")
def web_of_support(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Kinds of people whom a learner can rely on, 0 to 5 (REL-04)."""
    import narwhals.stable.v2 as nw

    named = _named(blocks, "learner").select("episode_id", "source_type").unique(["episode_id", "source_type"])
    kinds = named.group_by("episode_id").agg(kinds=nw.len()).with_columns(nw.col("kinds").cast(nw.Int64))
    least = int(parameters["many"])
    return (
        _asked(blocks)
        .join(kinds, on="episode_id", how="left")
        .with_columns(x=nw.when(nw.col("covered") == 1).then(nw.col("kinds").fill_null(0)))
        .with_columns(
            x_many=nw.when(nw.col("x") >= least).then(1).otherwise(nw.when(nw.col("x") < least).then(0)),
            y_many=nw.lit(1, nw.Int64),
            needed=nw.lit(1, nw.Int64),
            excluded=nw.lit(None, nw.String),
        )
        .select("episode_id", "x", "x_many", "y_many", "covered", "needed", "excluded")
    )


@measure("REL-01")
def caring_adult(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Episodes with an adult whom the learner names and who names the learner or meets with them (REL-01)."""
    import narwhals.stable.v2 as nw

    adult = nw.col("source_type") == "program_adult"
    by_learner = (
        _named(blocks, "learner").filter(adult).select("episode_id", "adult_id").unique(["episode_id", "adult_id"])
    )
    by_adult = _named(blocks, "adult").select("episode_id", "adult_id").unique(["episode_id", "adult_id"])
    met = _met(blocks, int(parameters["contact_days"]), int(parameters["contacts"]))
    backed = nw.concat([by_adult, met]).unique(["episode_id", "adult_id"]).drop_nulls()
    pairs = by_learner.drop_nulls().join(backed, on=["episode_id", "adult_id"])

    def flag(frame: nw.LazyFrame[Any], name: str) -> nw.LazyFrame[Any]:
        return frame.select("episode_id", nw.lit(1, nw.Int64).alias(name)).unique(["episode_id", name])

    unknown = 1 - nw.col("covered").fill_null(0)
    short = nw.col("last") - nw.col("entry") + 1 < int(parameters["minimum_days"])
    one = nw.lit(1, nw.Int64)
    return (
        blocks.spans.select("episode_id", "entry", "last")
        .join(_asked(blocks), on="episode_id", how="left")
        .join(flag(pairs, "both"), on="episode_id", how="left")
        .join(flag(by_learner, "named"), on="episode_id", how="left")
        .join(flag(by_adult, "adult"), on="episode_id", how="left")
        .with_columns(
            x=nw.col("both").fill_null(0),
            y=one,
            lost=unknown,
            x_learner_named=nw.col("named").fill_null(0),
            y_learner_named=one,
            lost_learner_named=unknown,
            x_adult_named=nw.col("adult").fill_null(0),
            y_adult_named=one,
            x_observed=nw.when(unknown == 0).then(nw.col("both").fill_null(0)),
            y_observed=one,
            covered=1 - unknown,
            needed=one,
            excluded=nw.when(short).then(nw.lit("too_short")),
        )
        .drop("entry", "last", "both", "named", "adult")
    )


def _latest(blocks: Blocks, wanted: nw.Expr) -> nw.LazyFrame[Any]:
    """Learners' rows of survey_response that are `wanted`, of the latest day of each episode on which there are any."""
    import narwhals.stable.v2 as nw

    rows = _inside(blocks, "survey_response").filter(nw.col("respondent") == "learner", wanted)
    return rows.filter(nw.col("date") == nw.col("date").max().over("episode"))


def _named(blocks: Blocks, side: str) -> nw.LazyFrame[Any]:
    """Rows of relationship by one side that say the other can be relied on."""
    import narwhals.stable.v2 as nw

    reliable = nw.col("relies_on").fill_null(True)
    return _inside(blocks, "relationship").filter(nw.col("named_by") == side, reliable)


def _asked(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Episodes whose learner was asked, covered 1 where there is an answer: episode_id, covered."""
    import narwhals.stable.v2 as nw

    answer = nw.when(nw.col("status") == "answered").then(1).otherwise(0).cast(nw.Int64)
    survey = _inside(blocks, "survey_response").filter(nw.col("respondent") == "learner")
    told = _inside(blocks, "relationship").filter(nw.col("named_by") == "learner")
    both = [
        survey.select("episode_id", covered=answer),
        told.select("episode_id", covered=nw.lit(1, nw.Int64)),
    ]
    return blocks.engine.materialise(nw.concat(both).group_by("episode_id").agg(covered=nw.col("covered").max()))


def _met(blocks: Blocks, days: int, contacts: int) -> nw.LazyFrame[Any]:
    """Adults with enough two-way contacts in the last days of an episode: episode_id, adult_id."""
    import narwhals.stable.v2 as nw

    person = (nw.col("direction") == "both") & ~nw.col("automated").fill_null(False)
    meetings = blocks.dated("contact", "adult_id", where=person)
    recent = meetings.join(blocks.spans.select("episode_id", "last"), on="episode_id").filter(
        nw.col("day") > nw.col("last") - days
    )
    counted = recent.group_by("episode_id", "adult_id").agg(contacts=nw.len())
    return counted.filter(nw.col("contacts") >= contacts).select("episode_id", "adult_id")


def _inside(blocks: Blocks, name: str) -> nw.LazyFrame[Any]:
    """Rows of a table with a local date, inside their episode."""
    import narwhals.stable.v2 as nw

    rows = blocks.table(name).join(blocks.spans.select("episode_id", "episode", "entry", "last"), on="episode_id")
    return rows.filter(nw.col("date") >= nw.col("entry"), nw.col("date") <= nw.col("last"))
