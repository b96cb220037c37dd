"""Uncertainty of equating that no formula gives: the bootstrap, and the spread over methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import attrs
import numpy as np

from blended_standard.errors import BlendedStandardError, NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.link.equating import Equating
from blended_standard.scoring.link.frequencies import FrequencyTable, as_table


@result
class MethodSpread(Result):
    """Equated scores by several methods, and how far they lie apart at each score."""

    title = "Spread over equating methods"
    methods: tuple[str, ...]
    scores: Floats = array()
    equated: Floats = array()
    low: Floats = array()
    high: Floats = array()
    sd: Floats = array()

    def rows(self) -> list[Row]:
        """Return one row a score."""
        return [
            {
                "score": float(s),
                "low": float(self.low[i]),
                "high": float(self.high[i]),
                "spread": float(self.high[i] - self.low[i]),
                "sd": float(self.sd[i]),
            }
            for i, s in enumerate(self.scores)
        ]


def bootstrap_equating(
    method: Callable[..., Equating],
    x: object,
    y: object | None = None,
    *,
    replications: int = 1000,
    seed: int = 0,
    **options: Any,
) -> Equating:
    """Equate, with standard errors by resampling learners.

    Parameters
    ----------
    method : function
        An equating function of this package, such as `link.equipercentile`.
    x, y : as for `method`
        Scores; counts must be whole numbers (observed, not smoothed: smoothing belongs in `options`).
    replications : int
        Number of resamples, at least 2.
    seed : int
        Seed of the generator.
    **options
        Passed to `method` in every resample, such as `degree=6`.

    Returns
    -------
    Equating
        The equating of the data with the standard deviation over resamples as `se`. Resamples that cannot be equated
        are left out and counted in `cautions`.

    Raises
    ------
    UsageError
        Too few replications; counts that are not whole.
    NotEstimableError
        More than a tenth of the resamples cannot be equated.

    Examples
    --------
    >>> from blended_standard.scoring.link import equipercentile
    >>> found = bootstrap_equating(equipercentile, [0, 1, 1, 2, 3], [0, 1, 2, 2, 3], replications=20, seed=1)
    >>> found.se.shape
    (4,)
    """
    replications, seed = check.whole("replications", replications, minimum=2), check.whole("seed", seed)
    tables = [as_table(t, name=n) for t, n in ((x, "x"), (y, "y")) if t is not None]
    if any(np.any(table.counts != np.rint(table.counts)) for table in tables):
        raise UsageError("counts must be whole to be resampled; give observed counts, and smoothing through `degree=`.")
    made = method(*tables, **options)
    rng, drawn, failed = np.random.default_rng(seed), [], 0
    for _ in range(replications):
        try:
            drawn.append(method(*(_resample(table, rng) for table in tables), **options).equated)
        except BlendedStandardError:
            failed += 1
    if failed > replications / 10:
        raise NotEstimableError(f"{failed} of {replications} resamples cannot be equated; the data are too sparse.")
    cautions = made.cautions
    if failed:
        cautions = (*cautions, f"{failed} of {replications} resamples could not be equated and were left out")
    return cast(
        Equating,
        attrs.evolve(
            cast(Any, made),
            se=np.std(drawn, axis=0, ddof=1),
            se_method=f"bootstrap of learners, {len(drawn)} resamples, seed {seed}",
            cautions=cautions,
        ),
    )


def method_spread(*equatings: Equating) -> MethodSpread:
    """Compare several equatings of the same form: the choice of method as a component of uncertainty.

    Parameters
    ----------
    *equatings : Equating
        Two or more, from the same score scale.

    Returns
    -------
    MethodSpread

    Raises
    ------
    UsageError
        Fewer than two, or different score scales.

    Examples
    --------
    >>> from blended_standard.scoring.link import linear_equating, mean_equating
    >>> both = method_spread(mean_equating([0, 1, 2], [1, 2, 5]), linear_equating([0, 1, 2], [1, 2, 5]))
    >>> both.methods
    ('mean', 'linear')
    """
    if len(equatings) < 2:
        raise UsageError("method_spread needs at least two equatings.")
    scores = equatings[0].scores
    if any(not np.array_equal(made.scores, scores) for made in equatings):
        raise UsageError("the equatings start from different score scales; they must equate the same form.")
    together = np.stack([made.equated for made in equatings])
    return MethodSpread(
        methods=tuple(made.method for made in equatings),
        scores=scores,
        equated=together,
        low=together.min(axis=0),
        high=together.max(axis=0),
        sd=together.std(axis=0, ddof=1),
    )


def _resample(table: FrequencyTable, rng: np.random.Generator) -> FrequencyTable:
    drawn = rng.multinomial(round(table.n), (table.counts / table.n).ravel()).reshape(table.counts.shape)
    return FrequencyTable(scores=table.scores, counts=drawn.astype(float), anchor_scores=table.anchor_scores)
