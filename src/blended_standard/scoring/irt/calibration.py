"""Calibrate items by marginal maximum likelihood: Rasch, 1PL, 2PL, 3PL, graded, partial credit, several groups.

Source: Bock and Aitkin (1981), Louis (1982); Samejima (1969), Masters (1982), Muraki (1992) for the models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.scoring.irt._estimate import Problem, Solution, maximize
from blended_standard.scoring.irt._marginal import State
from blended_standard.scoring.irt._report import describe, errors_of, parameters_of
from blended_standard.scoring.irt._responses import Patterns, normal, read_groups, read_table
from blended_standard.scoring.irt._setup import Plan, Prior, build, plan_items, read_patterns
from blended_standard.scoring.irt.fits import IrtFit
from blended_standard.scoring.irt.items import ItemParameters, Model, information

SeMethod = Literal["louis", "cross_product", "sandwich"]

_SE_METHODS = ("louis", "cross_product", "sandwich")


def fit(
    responses: npt.ArrayLike,
    model: Model | Sequence[str] = "2pl",
    *,
    groups: npt.ArrayLike | None = None,
    reference_group: str | None = None,
    weights: npt.ArrayLike | None = None,
    item_ids: Sequence[str] | None = None,
    fixed: ItemParameters | None = None,
    guessing_prior: Prior | None = (-1.1, 0.5),
    slope_prior: Prior | None = None,
    se_method: SeMethod = "louis",
    quadrature_points: int | None = None,
    tolerance: float = 1e-9,
    max_iterations: int = 100,
) -> IrtFit:
    """Estimate item parameters and the ability distribution of each group.

    Parameters
    ----------
    responses : array-like, shape (learners, items)
        Whole codes of 0 or more; NaN, None or masked where there is no response (not reached, not in the form),
        which then counts as missing at random. Dichotomous models take 0 and 1. Column names of a frame name the
        items.
    model : str, or one a column
        rasch (slope 1, variance free), 1pl (common slope, variance 1; the same likelihood), 2pl, 3pl, graded, pcm
        (slope 1, variance free), gpcm. A test may mix models; the variance is free only when no slope is.
    groups : array-like, shape (learners,), optional
        Group labels. Item parameters are equal in all groups; the reference group has mean 0 (and variance 1 when
        slopes are free), the others a free mean and variance. With forms that share items this is concurrent
        calibration.
    reference_group : str, optional
        Default: the first label in sorted order.
    weights : float array, shape (learners,), optional
        Frequencies of the rows: a table of patterns with counts gives the same result as the rows themselves.
    item_ids : strings, optional
        Default: the column names, or item1, item2 ...
    fixed : ItemParameters, optional
        Items (matched by name) held at these values; all groups then have a free mean and variance, and the result
        is on the scale of the fixed items. Items there that are not in the data are ignored.
    guessing_prior : (mean, sd) or None
        Normal prior on logit c for 3pl; (-1.1, 0.5) centers c on 0.25. None is unpenalized, and rarely converges.
    slope_prior : (mean, sd) or None
        Normal prior on log a for free slopes, for small samples; slopes are then positive.
    se_method : {"louis", "cross_product", "sandwich"}
        Observed information by Louis' formula; the cross-product of the learners' scores; or both combined, which
        holds under some misspecification.
    quadrature_points : int, optional
        Equally spaced abilities. Default: 61 on -6 to 6, widened or refined when the estimates ask for it.
    tolerance : float
        Stop when the Newton decrement (in units of twice the log-likelihood) is below it.
    max_iterations : int
        Newton steps at most.

    Returns
    -------
    IrtFit
        Estimates with standard errors, log-likelihood, AIC, BIC, convergence, and `items` for use elsewhere. Items
        that all answered alike are left out, with the reason.

    Raises
    ------
    UsageError
        Codes the model does not take, lengths that do not fit, unknown names.
    NotEstimableError
        Nobody answered, or too few items are left: 2 for rasch, 1pl and pcm, 3 otherwise. Or the search did not
        converge; the message gives the steps and the largest gradient.

    Notes
    -----
    Logistic metric, D = 1. AIC and BIC use the log-likelihood without priors and the number of learners.

    Examples
    --------
    >>> patterns = [[i >> (2 - j) & 1 for j in range(3)] for i in range(8)]
    >>> made = fit(patterns, "rasch", weights=[40, 20, 25, 30, 30, 35, 40, 80])
    >>> made.converged, round(made.group().variance, 2)
    (True, 1.07)
    """
    _check_options(se_method, quadrature_points, guessing_prior, slope_prior, tolerance, max_iterations)
    table = read_table(responses, item_ids, weights)
    group, names = read_groups(groups, reference_group, len(table.codes))
    plan = plan_items(table, model, fixed)
    if fixed is not None and "1pl" in plan.models:
        raise UsageError("model '1pl' re-estimates the common slope and cannot keep `fixed` items: use 'rasch'.")
    patterns = read_patterns(table, plan, group)
    used = np.bincount(patterns.group, weights=patterns.frequency, minlength=len(names))
    if np.any(used == 0):
        raise UsageError(f"group {names[int(np.argmin(used))]!r} has no learner with an answer: leave it out.")
    problem, start = build(table, plan, fixed, len(names), guessing_prior, slope_prior)
    solution, theta = _solve(patterns, problem, start, plan, quadrature_points, tolerance, max_iterations)
    if not solution.converged:
        raise NotEstimableError(
            f"The search stopped after {solution.iterations} steps without converging; the largest gradient "
            f"is {solution.gradient:.2g}. Raise max_iterations, set slope_prior, or leave out items that separate "
            "learners."
        )
    errors = errors_of(problem, solution, se_method)
    scale_id = fixed.scale_id if fixed is not None else _scale_id(plan, solution.state, names[0])
    return describe(table, plan, problem, solution, errors, patterns, names, theta, scale_id)


def _solve(
    patterns: Patterns,
    problem: Problem,
    start: State,
    plan: Plan,
    points: int | None,
    tolerance: float,
    max_iterations: int,
) -> tuple[Solution, Floats]:
    """Maximize on a grid, and again on a better one when the estimates show that the first was too narrow or coarse."""
    theta = np.linspace(-6.0, 6.0, points or 61)
    for _ in range(4):
        solution = maximize(patterns, problem, start, theta, tolerance=tolerance, max_iterations=max_iterations)
        better = _better_grid(theta, solution.state, problem, plan, points) if solution.converged else None
        if better is None:
            break
        theta, start = better, solution.state
    return solution, theta


def _better_grid(theta: Floats, state: State, problem: Problem, plan: Plan, points: int | None) -> Floats | None:
    spread = np.sqrt(state.variance)
    low, high = float((state.mean - 5 * spread).min()), float((state.mean + 5 * spread).max())
    step = float(theta[1] - theta[0])
    items = parameters_of(plan, problem, state, tuple(map(str, plan.columns)), "")
    inside = theta[np.abs(theta) <= 4]
    sharpest = float(information(items, inside if inside.size else theta).test.max())
    needed = 1.0 / np.sqrt(sharpest + 1.0 / float(state.variance.max()))
    if low >= theta[0] and high <= theta[-1] and (points is not None or step <= max(1.05 * needed, 0.031)):
        return None
    low, high = min(low, float(theta[0])), min(max(high, float(theta[-1])), 60.0)
    low = max(low, -60.0)
    if points is not None:
        return None if (low, high) == (theta[0], theta[-1]) else np.linspace(low, high, points)
    count = min(int(np.ceil((high - low) / min(step, max(needed, 0.03)))) + 1, 601)
    return None if count <= len(theta) and (low, high) == (theta[0], theta[-1]) else np.linspace(low, high, count)


def _scale_id(plan: Plan, state: State, reference: str) -> str:
    """Name the scale by its metric, what fixes it, and a digest of the estimates."""
    rounded = ";".join(f"{value:.5g}" for value in state.vector())
    digest = hashlib.sha256(rounded.encode()).hexdigest()[:8]
    kinds = "+".join(dict.fromkeys(plan.models))
    return f"irt:{kinds}:logistic:reference={reference}:{digest}"


def _check_options(
    se_method: str,
    points: int | None,
    guessing_prior: Prior | None,
    slope_prior: Prior | None,
    tolerance: float,
    max_iterations: int,
) -> None:
    if se_method not in _SE_METHODS:
        raise UsageError(f"se_method={se_method!r} is not one of {', '.join(_SE_METHODS)}.")
    if points is not None and not 11 <= check.whole("quadrature_points", points) <= 2001:
        raise UsageError(f"quadrature_points={points!r} is outside 11 to 2001.")
    for name, prior in (("guessing_prior", guessing_prior), ("slope_prior", slope_prior)):
        if prior is not None:
            normal(name, prior)
    check.number("tolerance", tolerance, low=0.0, open_low=True)
    check.whole("max_iterations", max_iterations, minimum=1)
