"""Program effects from a mixed model: intervals, reliability, ranks with their uncertainty, programs that are alike.

Sources: Goldstein & Spiegelhalter (1996) and Goldstein & Healy (1995) for league tables and comparison intervals;
Laird & Louis (1989) for expected ranks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blended_standard.compare.columns import as_vector
from blended_standard.compare.multilevel import MixedModel, random_intercept
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.results import Estimate, Interval, Result, Row, result

_RELIABLE = 0.7


@result
class ProgramEffect(Result):
    """One program: its shrunken effect, its intervals, and where it stands among the others (rank 1 = lowest)."""

    group: str
    n: int
    value: float
    se: float
    interval: Interval
    comparison: Interval
    prediction: Interval
    reliability: float
    expected_rank: float
    rank_low: int
    rank_high: int
    surely_below: int
    surely_above: int
    band: int


@result
class ProgramEffects(Result):
    """All programs, from the lowest effect to the highest."""

    title = "Program effects"
    programs: tuple[ProgramEffect, ...]
    level: float
    draws: int
    seed: int
    n_bands: int
    reason: str | None = None

    def rows(self) -> list[Row]:
        """Return one row a program."""
        return [program.rows()[0] for program in self.programs]

    def program(self, group: str) -> ProgramEffect:
        """Return the program with this label."""
        for program in self.programs:
            if program.group == group:
                return program
        raise UsageError(f"group={group!r} is not in the model.")


@result
class PracticeHeterogeneity(Result):
    """How much of the variation between programs goes with a practice of the programs."""

    effect: Estimate
    variance_without: float
    variance_with: float
    share_explained: float | None
    n_groups: int
    reason: str | None = None


def program_effects(
    model: MixedModel, *, level: float = 0.95, draws: int = 10_000, seed: int = 20_260_101
) -> ProgramEffects:
    """Report the effect of each group with what can and cannot be said about its place.

    - `interval`: the effect given the fixed coefficients (value and SE as lme4's conditional mode and variance).
    - `prediction`: adds the uncertainty of the fixed coefficients.
    - `comparison`: drawn so that two programs differ at about the level when theirs do not overlap (z / sqrt(2)).
    - `expected_rank`, and `rank_low` to `rank_high` from seeded draws of all effects together.
    - `surely_below`, `surely_above`: programs that differ at the level, Bonferroni over the others.
    - `band`: runs of programs that cannot be told apart from the first of their run.

    Parameters
    ----------
    model : MixedModel
        From `random_intercept`, or `random_slope` (the intercepts are used).
    level : float
    draws : int
        Draws behind the rank intervals; at least 100.
    seed : int

    Example
    -------
    >>> from blended_standard.compare.multilevel import random_intercept
    >>> fit = random_intercept([1.0, 2.0, 3.0, 6.0, 7.0, 8.0, 1.0, 2.0, 2.0], list("aaabbbccc"))
    >>> [program.group for program in program_effects(fit).programs]
    ['c', 'a', 'b']
    """
    from scipy.special import ndtri

    check.level(level)
    if draws < 100:
        raise UsageError(f"draws={draws!r} must be at least 100.")
    effects = np.asarray(model.effects[:, 0])
    se = np.sqrt(np.maximum(model.effect_covariances[:, 0, 0], 0.0))
    wide = np.sqrt(np.maximum(model.prediction_covariances[:, 0, 0], 0.0))
    reliability = np.zeros_like(se) if model.variance_between == 0 else 1 - se**2 / model.variance_between
    z = float(ndtri((1 + level) / 2))
    order = np.argsort(effects, kind="stable")
    low, high = _rank_interval(effects, se, level, draws, seed)
    below, above = _surely(effects, se, level)
    expected = _expected_ranks(effects, se)
    band = _bands(effects[order], se[order], z)

    def around(i: int, half: float, method: str) -> Interval:
        return Interval(low=float(effects[i]) - half, high=float(effects[i]) + half, level=level, method=method)

    programs = tuple(
        ProgramEffect(
            group=model.groups[i],
            n=int(model.group_sizes[i]),
            value=float(effects[i]),
            se=float(se[i]),
            interval=around(i, z * float(se[i]), "empirical Bayes"),
            comparison=around(i, z / np.sqrt(2) * float(se[i]), "comparison of two"),
            prediction=around(i, z * float(wide[i]), "prediction"),
            reliability=float(reliability[i]),
            expected_rank=float(expected[i]),
            rank_low=int(low[i]),
            rank_high=int(high[i]),
            surely_below=int(below[i]),
            surely_above=int(above[i]),
            band=int(band[place]),
        )
        for place, i in enumerate(order.tolist())
    )
    reason = None
    if model.singular and model.variance_between < 1e-12 * model.variance_within:
        reason = "The variance between programs is estimated as zero: no program can be told from another."
    elif float(np.median(reliability)) < _RELIABLE:
        reason = f"Half of the programs have a reliability below {_RELIABLE}: show bands, not ranks."
    return ProgramEffects(
        programs=programs, level=level, draws=draws, seed=seed, n_bands=int(band.max()), reason=reason
    )


def practice_heterogeneity(
    outcome: npt.ArrayLike,
    groups: object,
    *,
    practice: npt.ArrayLike,
    covariates: object | None = None,
    level: float = 0.95,
) -> PracticeHeterogeneity:
    """Ask whether outcomes of programs vary with how they implement: the slope, and the variance it accounts for.

    Parameters
    ----------
    outcome : array, shape (n,)
    groups : array of labels, shape (n,)
    practice : array, shape (n,)
        A number that is the same for all rows of a group.
    covariates : array (n, p), mapping of columns or frame, optional
        In both models.
    level : float

    Example
    -------
    >>> y = [1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 5.0, 6.0, 8.0, 7.0, 8.0, 8.0]
    >>> found = practice_heterogeneity(y, list("aaabbbcccddd"), practice=[1] * 3 + [2] * 3 + [3] * 3 + [4] * 3)
    >>> round(found.effect.value, 4)
    1.9333
    """
    from blended_standard.compare.columns import Columns, as_codes, as_columns

    y = as_vector(outcome, name="outcome")
    level_of = as_vector(practice, name="practice", n=y.size)
    codes, labels = as_codes(groups, name="groups", n=y.size)
    first = np.zeros(len(labels))
    first[codes] = level_of
    if not np.array_equal(first[codes], level_of):
        raise UsageError("practice differs within a group; it must be one number a group (average it first).")
    columns = Columns(matrix=level_of[:, None], names=("practice",))
    base = None
    if covariates is not None:
        base = as_columns(covariates, n=y.size)
        columns = Columns(matrix=np.hstack([base.matrix, columns.matrix]), names=(*base.names, "practice"))
    without = (
        random_intercept(y, groups)
        if base is None
        else random_intercept(y, groups, covariates=base.matrix, names=base.names)
    )
    fit = random_intercept(y, groups, covariates=columns.matrix, names=columns.names, level=level)
    before, after = without.variance_between, fit.variance_between
    none = "Without the practice the variance between programs is zero already: there is nothing to account for."
    return PracticeHeterogeneity(
        effect=fit.coefficient("practice"),
        variance_without=before,
        variance_with=after,
        share_explained=(before - after) / before if before > 0 else None,
        n_groups=len(labels),
        reason=None if before > 0 else none,
    )


def _expected_ranks(effects: Floats, se: Floats) -> Floats:
    """Return 1 + the sum of the probabilities of lying above each other program."""
    from scipy.special import ndtr

    ranks = np.empty_like(effects)
    for start in range(0, effects.size, 500):
        part = slice(start, start + 500)
        gap = effects[part, None] - effects[None, :]
        noise = np.sqrt(se[part, None] ** 2 + se[None, :] ** 2)
        ranks[part] = ndtr(gap / np.where(noise > 0, noise, 1.0)).sum(axis=1) + 0.5
    return ranks


def _rank_interval(effects: Floats, se: Floats, level: float, draws: int, seed: int) -> tuple[Integers, Integers]:
    """Return the central interval of the ranks in seeded draws of all effects; memory stays at groups x draws bytes."""
    rng = np.random.default_rng(seed)
    m = effects.size
    if not se.any():
        return np.ones(m, dtype=np.int64), np.full(m, m, dtype=np.int64)
    ranks = np.empty((draws, m), dtype=np.int32)
    for start in range(0, draws, 1000):
        size = min(1000, draws - start)
        drawn = effects + se * rng.standard_normal((size, m))
        np.put_along_axis(
            ranks[start : start + size],
            np.argsort(drawn, axis=1),
            np.arange(1, m + 1, dtype=np.int32)[None, :].repeat(size, axis=0),
            axis=1,
        )
    tail = int(np.floor((1 - level) / 2 * draws))
    ranks.partition((tail, draws - 1 - tail), axis=0)
    return ranks[tail].astype(np.int64), ranks[draws - 1 - tail].astype(np.int64)


def _surely(effects: Floats, se: Floats, level: float) -> tuple[Integers, Integers]:
    """Count the programs surely below and surely above each, Bonferroni over its m - 1 comparisons."""
    from scipy.special import ndtri

    m = effects.size
    z = float(ndtri(1 - (1 - level) / (2 * max(m - 1, 1))))
    below, above = np.zeros(m, dtype=np.int64), np.zeros(m, dtype=np.int64)
    for start in range(0, m, 500):
        part = slice(start, start + 500)
        gap = effects[part, None] - effects[None, :]
        reach = z * np.sqrt(se[part, None] ** 2 + se[None, :] ** 2)
        below[part] = ((gap > reach) & (gap > 0)).sum(axis=1)
        above[part] = ((-gap > reach) & (gap < 0)).sum(axis=1)
    return below, above


def _bands(effects: Floats, se: Floats, z: float) -> Integers:
    """Number runs of programs in order: a new one starts at the first that differs from the first of the run."""
    band = np.ones(effects.size, dtype=np.int64)
    first = 0
    for i in range(1, effects.size):
        band[i] = band[i - 1]
        if effects[i] - effects[first] > z * np.hypot(se[i], se[first]):
            band[i] += 1
            first = i
    return band
