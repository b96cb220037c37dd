"""OUT-17: what graduates are worth to society by what the program cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks
from blended_standard.measures.expressions import flag
from blended_standard.measures.outcome import completed
from blended_standard.measures.registry import Parameters, measure

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_DAYS_A_YEAR = 365.25


@measure("OUT-17")
def benefit_cost(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Value of recovered graduates by the cost of the program, one row an episode (OUT-17).

    Each episode answers for its share, by days enrolled, of the cost of its program in the periods that cost is known
    for. Both sides are brought to the as-of date, which cancels from the ratio.
    """
    import narwhals.stable.v2 as nw

    rate = math.log1p(float(parameters["discount_rate"])) / _DAYS_A_YEAR
    worth = float(parameters["value_per_graduate"]) * (1 - float(parameters["counterfactual"]))
    cost = _cost(blocks, rate)
    stays = (
        completed(blocks, equivalency=False)
        .join(cost, on="program_id")
        .with_columns(
            days=nw.min_horizontal(nw.col("last"), nw.col("stop"))
            - nw.max_horizontal(nw.col("entry"), nw.col("start"))
            + 1
        )
        .filter(nw.col("days") > 0)
    )
    total = stays.group_by("program_id").agg(total=nw.col("days").sum())
    inside = (nw.col("done") >= nw.col("start")) & (nw.col("done") <= nw.col("stop"))
    grown = ((blocks.as_of - nw.col("done").fill_null(blocks.as_of)) * rate).exp()
    return (
        stays.join(total, on="program_id")
        .with_columns(graduates=flag(inside), share=nw.col("days") / nw.col("total"))
        .with_columns(x=nw.col("graduates") * worth * grown, y=nw.col("cost") * nw.col("share"))
        .with_columns(
            x_net=nw.col("x") - nw.col("y"),
            y_net=nw.col("y"),
            x_cost_per_graduate=nw.col("spent") * nw.col("share"),
            y_cost_per_graduate=nw.col("graduates"),
            excluded=nw.lit(None, nw.String),
        )
        .select("episode_id", "x", "y", "x_net", "y_net", "x_cost_per_graduate", "y_cost_per_graduate", "excluded")
    )


def _cost(blocks: Blocks, rate: float) -> nw.LazyFrame[Any]:
    """Cost of each program in periods that have ended: program_id, spent, cost (at the as-of date), start, stop."""
    import narwhals.stable.v2 as nw

    middle = (nw.col("start_date") + nw.col("end_date")) / 2
    return (
        blocks.table("cost")
        .filter(nw.col("end_date") <= blocks.as_of, nw.col("end_date") >= nw.col("start_date"))
        .with_columns(cost=nw.col("amount") * ((blocks.as_of - middle) * rate).exp())
        .group_by("program_id")
        .agg(
            spent=nw.col("amount").sum(),
            cost=nw.col("cost").sum(),
            start=nw.col("start_date").min(),
            stop=nw.col("end_date").max(),
        )
        .filter(nw.col("cost") > 0)
    )
