"""Relationship measures: contact between learners and the adults of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks
from blended_standard.measures.engagement import week_rate
from blended_standard.measures.registry import Parameters, measure

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
