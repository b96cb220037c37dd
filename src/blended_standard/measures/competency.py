"""Competency measures: what was mastered, and on what evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks, single
from blended_standard.measures.registry import Parameters, measure

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
        single(blocks.table("mastery_decision"), "decision_id")
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
