"""Agreement of those who score evidence (CMP-07), and what is kept of a group for kappa."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from blended_standard.measures.blocks import Blocks
from blended_standard.measures.expressions import flag, one
from blended_standard.measures.numbers import Numbers, Sums
from blended_standard.measures.registry import Parameters, measure
from blended_standard.measures.resolved import ResolvedMeasure

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


@measure("CMP-07")
def scorer_agreement(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Whether two raters of one piece gave the same score, one row a pair of raters (CMP-07).

    The first rater of a pair is the one whose pseudonym comes first, so that the same two people always have the same
    place in the table that kappa is computed from.
    """
    import narwhals.stable.v2 as nw

    scale = str(parameters["scale"])
    keys = ["evidence_id", "scale"]
    ratings = blocks.table("rating").with_columns(scale=nw.col("scale_id").fill_null(""))
    if scale:
        ratings = ratings.filter(nw.col("scale") == scale)
    scores = (
        ratings.group_by(*keys, "rater_id")
        .agg(score=nw.col("score").min(), other=nw.col("score").max())
        .filter(nw.col("score") == nw.col("other"))
        .drop("other")
    )
    return (
        scores.join(scores, on=keys, suffix="_second")
        .filter(nw.col("rater_id") < nw.col("rater_id_second"))
        .join(blocks.dated("evidence", "evidence_id"), on="evidence_id")
        .with_columns(x=flag(nw.col("score") == nw.col("score_second")), y=one(), excluded=nw.lit(None, nw.String))
        .with_columns(
            x_kappa=nw.col("score"),
            y_kappa=nw.col("score_second"),
            x_weighted_kappa=nw.col("score"),
            y_weighted_kappa=nw.col("score_second"),
        )
        .select("episode_id", "x", "y", "x_kappa", "y_kappa", "x_weighted_kappa", "y_weighted_kappa", "excluded")
    )


@attrs.frozen
class AgreementSummary:
    """How often two raters gave which pair of scores; weighted by the square of their distance, or not."""

    counts: Mapping[tuple[int, int], int]

    @property
    def n(self) -> int:
        """The number of pairs of ratings."""
        return sum(self.counts.values())

    def __add__(self, other: AgreementSummary) -> AgreementSummary:
        return AgreementSummary(dict(Counter(self.counts) + Counter(other.counts)))

    def sums(self) -> Sums:
        """Return the counts, named `first/second`."""
        return {f"{first}/{second}": count for (first, second), count in sorted(self.counts.items())}

    @classmethod
    def from_sums(cls, sums: Sums) -> AgreementSummary:
        """Rebuild a summary."""
        pairs = {name: tuple(map(int, name.split("/"))) for name in sums}
        return cls({(first, second): int(sums[name]) for name, (first, second) in pairs.items()})

    def evaluate(self, measure: ResolvedMeasure) -> Numbers:
        """Compute Cohen's kappa, or with squared distances as weights."""
        from blended_standard.scoring.raters.pairs import cohen_kappa

        scale = sorted({score for pair in self.counts for score in pair})
        table = [[self.counts.get((first, second), 0) for second in scale] for first in scale]
        weights = "quadratic" if measure.definition.combine.statistic == "weighted_kappa" else None
        found = cohen_kappa(table, weights=weights, categories=scale)
        if found.value is None:
            return Numbers(reason=found.reason, denominator=self.n)
        return Numbers(value=found.value, se=found.se, interval=found.interval, denominator=self.n)
