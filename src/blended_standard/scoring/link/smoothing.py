"""Loglinear presmoothing of score distributions: a Poisson model in powers of the score, fitted by Newton steps.

Sources: Holland & Thayer (1987, 2000); Kolen & Brennan (3rd ed.), ch. 3.
"""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, result
from blended_standard.scoring.link.frequencies import FrequencyTable, as_table

Degree = int | tuple[int, int]
_STEPS = 200


@result
class Smoothed(Result):
    """A smoothed distribution: `table` keeps the first `degree` moments (and cross moments) of the observed one.

    `deviance` on `df` is against the saturated model; `aic` and `bic` use the Poisson likelihood, `bic` with the number
    of score cells.
    """

    title = "Loglinear smoothing"
    table: FrequencyTable
    degree: tuple[int, ...]
    cross: int
    deviance: float
    df: int
    p_value: float | None
    aic: float
    bic: float
    iterations: int


@result
class SmoothingChoice(Result):
    """Fit of each degree from 1 up, and the degree that the criterion picks."""

    title = "Choice of smoothing degree"
    fits: tuple[Smoothed, ...]
    criterion: str
    degree: int

    @property
    def chosen(self) -> Smoothed:
        """The fit of the chosen degree."""
        return next(fit for fit in self.fits if fit.degree == (self.degree,))

    def rows(self) -> list[Row]:
        """Return one row a degree; `difference` is the fall in deviance from the degree below, on 1 df."""
        before: list[float | None] = [None, *(fit.deviance for fit in self.fits)]
        return [
            {
                "degree": fit.degree[0],
                "deviance": fit.deviance,
                "df": fit.df,
                "difference": None if last is None else last - fit.deviance,
                "aic": fit.aic,
                "bic": fit.bic,
                "chosen": fit.degree == (self.degree,),
            }
            for fit, last in zip(self.fits, before, strict=False)
        ]


def loglinear(distribution: object, *, degree: Degree = 4, cross: int = 1) -> Smoothed:
    """Smooth a score distribution so that its first moments stay as they are.

    Parameters
    ----------
    distribution : FrequencyTable or float array
        Counts by score, or raw scores, shape (n,); with an anchor, a joint table or pairs, shape (n, 2).
    degree : int or (int, int)
        Highest power of the score; for a joint distribution of score and anchor (one number serves both).
    cross : int
        Joint distributions: all products of powers up to this one; 1 keeps the covariance, 0 assumes independence.

    Returns
    -------
    Smoothed

    Raises
    ------
    UsageError
        A degree below 1 or with as many terms as score points.
    NotEstimableError
        No maximum of the likelihood: too few different scores for the degree.

    Notes
    -----
    Chebyshev polynomials span the powers, since raw powers of a 40-point scale are singular in double precision.

    Examples
    --------
    >>> from blended_standard.scoring.link import frequency_table
    >>> observed = frequency_table(range(6), counts=[2, 9, 14, 17, 8, 3])
    >>> round(loglinear(observed, degree=2).table.mean - observed.mean, 8)
    0.0
    """
    table = as_table(distribution, name="distribution")
    degrees = _degrees(table, degree, cross)
    design = _design(table, degrees, cross)
    counts = table.counts.ravel()
    if design.shape[1] > counts.size or any(d >= k for d, k in zip(degrees, table.counts.shape, strict=True)):
        raise UsageError(
            f"degree={degree!r} has as many terms as there are score points "
            f"({'x'.join(map(str, table.counts.shape))}); take a lower degree."
        )
    for axis, highest in enumerate(degrees):
        others = tuple(k for k in range(len(degrees)) if k != axis)
        _check_maximum_exists(table.counts.sum(axis=others) > 0, highest)
    fitted, iterations = _newton(design, counts)
    deviance, likelihood = _deviance(counts, fitted), _likelihood(counts, fitted)
    terms, df = design.shape[1], counts.size - design.shape[1]
    return Smoothed(
        table=FrequencyTable(
            scores=table.scores, counts=fitted.reshape(table.counts.shape), anchor_scores=table.anchor_scores
        ),
        degree=degrees,
        cross=cross if len(degrees) > 1 else 0,
        deviance=deviance,
        df=df,
        p_value=_upper_tail(deviance, df),
        aic=-2 * likelihood + 2 * terms,
        bic=-2 * likelihood + float(np.log(counts.size)) * terms,
        iterations=iterations,
    )


def choose_degree(
    distribution: object,
    *,
    maximum: int = 8,
    criterion: Literal["aic", "bic", "likelihood_ratio"] = "aic",
    alpha: float = 0.05,
) -> SmoothingChoice:
    """Fit degrees 1 to `maximum` to one score distribution and pick one.

    Parameters
    ----------
    distribution : FrequencyTable or float array, shape (n,)
        Counts by score, or raw scores.
    maximum : int
        Highest degree tried (less than the number of score points).
    criterion : {"aic", "bic", "likelihood_ratio"}
        Smallest information criterion, or the highest degree whose last term is significant at `alpha`.
    alpha : float
        Level of the likelihood-ratio test.

    Returns
    -------
    SmoothingChoice

    Raises
    ------
    UsageError
        A joint distribution, an unknown criterion, a maximum out of range.

    Examples
    --------
    >>> choose_degree([0] + [1] * 8 + [2] * 12 + [3] * 7 + [4] * 2, maximum=3).degree
    2
    """
    table = as_table(distribution, name="distribution").total
    check.one_of("criterion", criterion, ("aic", "bic", "likelihood_ratio"))
    check.share("alpha", alpha)
    if check.whole("maximum", maximum, minimum=1) >= len(table.scores):
        raise UsageError(f"maximum={maximum!r} must lie between 1 and {len(table.scores) - 1}.")
    fits = tuple(loglinear(table, degree=degree) for degree in range(1, maximum + 1))
    if criterion == "likelihood_ratio":
        falls = [first.deviance - second.deviance for first, second in itertools.pairwise(fits)]
        passed = [i + 2 for i, fall in enumerate(falls) if (_upper_tail(max(fall, 0.0), 1) or 0.0) < alpha]
        degree = max(passed, default=1)
    else:
        degree = min(fits, key=lambda fit: fit.aic if criterion == "aic" else fit.bic).degree[0]
    return SmoothingChoice(fits=fits, criterion=criterion, degree=degree)


def _degrees(table: FrequencyTable, degree: Degree, cross: int) -> tuple[int, ...]:
    ways = table.counts.ndim
    given = tuple(degree) if isinstance(degree, tuple) else (degree,) * ways
    if len(given) != ways:
        raise UsageError(f"degree={degree!r} must be {ways} whole number(s) of at least 1.")
    degrees = tuple(check.whole("degree", each, minimum=1) for each in given)
    if check.whole("cross", cross) > min(degrees):
        raise UsageError(f"cross={cross!r} must lie between 0 and the lowest degree, {min(degrees)}.")
    return degrees


def _design(table: FrequencyTable, degrees: tuple[int, ...], cross: int) -> Floats:
    powers = [
        np.polynomial.chebyshev.chebvander(np.linspace(-1.0, 1.0, size), degree)
        for size, degree in zip(table.counts.shape, degrees, strict=True)
    ]
    if len(powers) == 1:
        return np.asarray(powers[0], dtype=float)
    wide, tall = powers
    pairs = [(i, 0) for i in range(degrees[0] + 1)] + [(0, j) for j in range(1, degrees[1] + 1)]
    pairs += [(i, j) for i in range(1, cross + 1) for j in range(1, cross + 1)]
    return np.stack([np.outer(wide[:, i], tall[:, j]).ravel() for i, j in pairs], axis=1)


def _check_maximum_exists(observed: npt.NDArray[np.bool_], degree: int) -> None:
    """Refuse moments on the boundary of what a distribution can have (Gale's evenness condition)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], observed.astype(int), [0]])))
    covered = 0
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        at_end = start == 0 or stop == observed.size
        covered += int(stop - start) + (0 if at_end else int(stop - start) % 2)
    if covered <= degree:
        raise NotEstimableError(
            f"The loglinear model of degree {degree} has no maximum: {int(observed.sum())} different scores carry "
            "counts. Take a lower degree."
        )


def _newton(design: Floats, counts: Floats) -> tuple[Floats, int]:
    total = counts.sum()
    eta = np.log(counts + 0.1)
    weights = counts + 0.1
    coefficients = _weighted(design, eta + (counts - weights) / weights, weights)
    best = _deviance(counts, _mean(design @ coefficients))
    for iteration in range(1, _STEPS + 1):
        fitted = _mean(design @ coefficients)
        slope = design.T @ (counts - fitted)
        if np.max(np.abs(slope)) < 1e-11 * total:
            return fitted, iteration
        change = _weighted(design, (counts - fitted) / np.maximum(fitted, 1e-300), fitted)
        share = 1.0
        while True:
            trial = coefficients + share * change
            deviance = _deviance(counts, _mean(design @ trial))
            if deviance <= best + 1e-9 * (1 + abs(best)) or share < 1e-6:
                break
            share /= 2
        coefficients, best = trial, deviance
    if np.max(np.abs(slope)) < 1e-8 * total:
        return _mean(design @ coefficients), _STEPS
    raise NotEstimableError(
        "The loglinear model did not converge: the counts are too sparse for this degree. Take a lower degree."
    )


def _mean(eta: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(eta, -700.0, 700.0)), dtype=float)


def _weighted(design: Floats, target: Floats, weights: Floats) -> Floats:
    root = np.sqrt(weights)
    return np.asarray(np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0], dtype=float)


def _deviance(counts: Floats, fitted: Floats) -> float:
    some = counts > 0
    return float(2 * ((counts[some] * np.log(counts[some] / fitted[some])).sum() - counts.sum() + fitted.sum()))


def _likelihood(counts: Floats, fitted: Floats) -> float:
    from scipy.special import gammaln

    return float((counts * np.log(np.maximum(fitted, 1e-300)) - fitted - gammaln(counts + 1)).sum())


def _upper_tail(value: float, df: int) -> float | None:
    from scipy.stats import chi2

    return float(chi2.sf(value, df)) if df > 0 else None
