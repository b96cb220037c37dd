"""From the solution of the search to the result that a user reads: names, both parametrizations, standard errors."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from blended_standard.numeric.arguments import Floats
from blended_standard.scoring.irt._estimate import Problem, Solution
from blended_standard.scoring.irt._kernels import expit
from blended_standard.scoring.irt._marginal import State
from blended_standard.scoring.irt._responses import Patterns, Table
from blended_standard.scoring.irt._setup import Plan
from blended_standard.scoring.irt.fits import GroupEstimate, IrtFit, ItemEstimate
from blended_standard.scoring.irt.items import ItemParameters, thresholds_of

_STEEP = 6.0


class Errors(NamedTuple):
    """Covariance over all parameters (0 where fixed), or None where it does not exist, with its method."""

    covariance: Floats | None
    method: str


def errors_of(problem: Problem, solution: Solution, se_method: str) -> Errors:
    """Invert the information named; None when it is not positive definite."""
    free = np.flatnonzero(problem.free)
    cell = np.ix_(free, free)
    chosen = solution.cross_product if se_method == "cross_product" else solution.information
    method = {
        "louis": "observed information (Louis)",
        "cross_product": "cross-product of scores",
        "sandwich": "sandwich (Louis and cross-product)",
    }[se_method]
    scale = np.sqrt(np.maximum(np.abs(np.diag(chosen[cell])), 1e-300))
    standard = chosen[cell] / np.outer(scale, scale)
    if not free.size or np.linalg.eigvalsh(standard)[0] < 1e-9:
        return Errors(np.zeros((0, 0)) if not free.size else None, method)
    inverse = np.linalg.inv(standard) / np.outer(scale, scale)
    if se_method == "sandwich":
        inverse = inverse @ solution.cross_product[cell] @ inverse
    made = np.zeros_like(chosen)
    made[cell] = inverse
    return Errors(made, method)


def parameters_of(
    plan: Plan, problem: Problem, state: State, item_ids: tuple[str, ...], scale_id: str
) -> ItemParameters:
    """Return the items in the order of the data."""
    count = len(plan.columns)
    slope, guessing = np.ones(count), np.zeros(count)
    steps: list[tuple[float, ...]] = [()] * count
    for block, values in zip(problem.blocks, state.blocks, strict=True):
        last = block.weights.shape[1]
        for row, j in enumerate(block.places):
            slope[j] = values[row, 0] if values[row, 0] != 0 else 1e-12
            steps[j] = thresholds_of(block.kind, float(slope[j]), values[row, 1:last], plan.categories[j])
            if block.kind == "guessing":
                guessing[j] = float(expit(values[row, 2:])[0])
    return ItemParameters(
        item_ids=item_ids,
        model=plan.models,
        slope=slope,
        thresholds=tuple(steps),
        guessing=guessing,
        categories=plan.categories,
        scale_id=scale_id,
    )


def describe(
    table: Table,
    plan: Plan,
    problem: Problem,
    solution: Solution,
    errors: Errors,
    patterns: Patterns,
    groups: tuple[str, ...],
    theta: Floats,
    scale_id: str,
) -> IrtFit:
    """Write the result."""
    ids = tuple(table.item_ids[column] for column in plan.columns)
    state, covariance = solution.state, errors.covariance
    if plan.models and plan.models[0] == "1pl":
        state, covariance = _common_slope(problem, state, covariance)
    items = parameters_of(plan, problem, state, ids, scale_id)
    jacobian = _threshold_jacobian(problem, state)
    on_scale = None if covariance is None else jacobian @ covariance @ jacobian.T
    estimates = _item_estimates(table, plan, problem, items, covariance, on_scale)
    n = float(patterns.frequency.sum())
    count = int(problem.free.sum())
    order, names = _free_names(plan, problem, ids, groups)
    cell = np.ix_(order, order)
    return IrtFit(
        model="+".join(dict.fromkeys(plan.models)),
        items=items,
        estimates=estimates,
        groups=_group_estimates(groups, patterns, state, covariance),
        log_likelihood=solution.log_likelihood,
        log_prior=solution.log_prior,
        n_parameters=count,
        aic=2 * count - 2 * solution.log_likelihood,
        bic=count * math.log(n) - 2 * solution.log_likelihood,
        n=n,
        n_patterns=len(patterns.frequency),
        n_unanswered=_unanswered(table, patterns),
        iterations=solution.iterations,
        converged=solution.converged,
        method="marginal maximum likelihood, EM then Newton",
        se_method=errors.method,
        scale_id=scale_id,
        quadrature=(len(theta), float(theta[0]), float(theta[-1])),
        parameter_names=names,
        covariance=None if covariance is None else covariance[cell],
        threshold_covariance=None if on_scale is None else on_scale[cell],
        notices=_notices(plan, solution, items, covariance, _unanswered(table, patterns)),
    )


def _common_slope(problem: Problem, state: State, covariance: Floats | None) -> tuple[State, Floats | None]:
    """Turn slope 1 with a free variance into a common slope with variance 1 in the reference group (delta method)."""
    a = math.sqrt(float(state.variance[0]))
    values = State(
        tuple(np.hstack([np.full((len(b), 1), a), b[:, 1:]]) for b in state.blocks),
        state.mean / a,
        state.variance / a**2,
    )
    if covariance is None:
        return values, None
    size, groups = len(covariance), len(state.mean)
    jacobian = np.eye(size)
    first = size - 2 * groups
    place = 0
    for block in state.blocks:
        for _ in range(len(block)):
            jacobian[place, first + 1] = 1 / (2 * a)
            place += block.shape[1]
    for g in range(groups):
        mean, variance = first + 2 * g, first + 2 * g + 1
        jacobian[mean, mean], jacobian[variance, variance] = 1 / a, 1 / a**2
        jacobian[mean, first + 1] -= float(state.mean[g]) / (2 * a**3)
        jacobian[variance, first + 1] -= float(state.variance[g]) / a**4
    jacobian[first + 1] = 0.0
    made: Floats = jacobian @ covariance @ jacobian.T
    return values, made


def _threshold_jacobian(problem: Problem, state: State) -> Floats:
    """Return d (slope, thresholds, guessing, groups) / d (slope, intercepts, logit guessing, groups)."""
    size = state.vector().size
    made = np.eye(size)
    start = 0
    for block, values in zip(problem.blocks, state.blocks, strict=True):
        last = block.weights.shape[1]
        for row in range(len(values)):
            a, d = values[row, 0], values[row, 1:last]
            if a != 0:
                width = np.diff(block.weights[row]) if block.kind == "partial" else np.ones(len(d))
                jump = np.diff(np.concatenate([[0.0], d])) if block.kind == "partial" else d
                for k in range(last - 1):
                    here = start + 1 + k
                    made[here, start], made[here, here] = jump[k] / (width[k] * a**2), -1 / (width[k] * a)
                    if block.kind == "partial" and k:
                        made[here, here - 1] = 1 / (width[k] * a)
            if block.kind == "guessing":
                c = float(expit(values[row, 2:])[0])
                made[start + 2, start + 2] = c * (1 - c)
            start += block.columns
    return made


def _item_places(problem: Problem) -> dict[int, int]:
    """Return where each item starts in the vector of parameters."""
    made, start = {}, 0
    for block in problem.blocks:
        for j in block.places:
            made[int(j)] = start
            start += block.columns
    return made


def _item_estimates(
    table: Table,
    plan: Plan,
    problem: Problem,
    items: ItemParameters,
    covariance: Floats | None,
    on_scale: Floats | None,
) -> tuple[ItemEstimate, ...]:
    answered = (table.codes >= 0).T @ table.weights
    places, made = _item_places(problem), []
    inside = {column: j for j, column in enumerate(plan.columns)}
    for column, name in enumerate(table.item_ids):
        if column not in inside:
            made.append(ItemEstimate(item=name, model="-", n=float(answered[column]), reason=plan.excluded[column]))
            continue
        j = inside[column]
        start, steps = places[j], len(items.thresholds[j])
        own = range(start + 1, start + 1 + steps)
        guess = plan.models[j] == "3pl"
        made.append(
            ItemEstimate(
                item=name,
                model=plan.models[j],
                n=float(answered[column]),
                slope=float(items.slope[j]),
                slope_se=_error(covariance, start),
                intercepts=items.intercepts[j],
                intercept_se=tuple(_error(covariance, k) for k in own),
                thresholds=items.thresholds[j],
                threshold_se=tuple(_error(on_scale, k) for k in own),
                guessing=float(items.guessing[j]) if guess else None,
                guessing_se=_error(on_scale, start + 1 + steps) if guess else None,
                fixed=plan.fixed[j],
                reason=_SINGULAR if covariance is None else None,
            )
        )
    return tuple(made)


def _group_estimates(
    groups: tuple[str, ...], patterns: Patterns, state: State, covariance: Floats | None
) -> tuple[GroupEstimate, ...]:
    used = np.bincount(patterns.group, weights=patterns.frequency, minlength=len(groups))
    start = state.vector().size - 2 * len(groups)
    made = []
    for g, name in enumerate(groups):
        variance_se = _error(covariance, start + 2 * g + 1)
        sd = math.sqrt(float(state.variance[g]))
        made.append(
            GroupEstimate(
                group=name,
                n=float(used[g]),
                mean=float(state.mean[g]),
                mean_se=_error(covariance, start + 2 * g),
                variance=float(state.variance[g]),
                variance_se=variance_se,
                sd=sd,
                sd_se=None if variance_se is None else variance_se / (2 * sd),
            )
        )
    return tuple(made)


def _free_names(
    plan: Plan, problem: Problem, ids: tuple[str, ...], groups: tuple[str, ...]
) -> tuple[list[int], tuple[str, ...]]:
    """Return the free parameters item by item, then group by group: their places and names."""
    places = _item_places(problem)
    order: list[int] = []
    names: list[str] = []
    for j, name in enumerate(ids):
        steps = len(plan.categories[j]) - 1
        labels = ["slope", *(f"intercept{k + 1}" for k in range(steps))]
        labels += ["logit_guessing"] if plan.models[j] == "3pl" else []
        for offset, label in enumerate(labels):
            if problem.free[places[j] + offset]:
                order.append(places[j] + offset)
                names.append(f"{name}.{label}")
    start = len(problem.free) - 2 * len(groups)
    common = plan.models[0] == "1pl"
    if common:
        order, names = [places[0], *order], ["common.slope", *names]
    for g, name in enumerate(groups):
        for offset, label in enumerate(("mean", "variance")):
            if problem.free[start + 2 * g + offset] and not (common and g == 0):
                order.append(start + 2 * g + offset)
                names.append(f"{name}.{label}")
    return order, tuple(names)


_SINGULAR = (
    "no standard errors: the information matrix is singular, so that the data do not settle all parameters. "
    "Use a simpler model, a prior (slope_prior), or more learners."
)


def _notices(
    plan: Plan, solution: Solution, items: ItemParameters, covariance: Floats | None, unanswered: int
) -> tuple[str, ...]:
    made = list(plan.notices)
    if unanswered:
        made.append(f"{unanswered} rows have no answer and are left out.")
    if covariance is None:
        made.append(_SINGULAR)
    for j, slope in enumerate(items.slope):
        if slope < 0:
            made.append(f"item {items.item_ids[j]} has a negative slope ({slope:.3g}): check its key.")
        if abs(slope) > _STEEP:
            made.append(
                f"item {items.item_ids[j]} has slope {slope:.3g}, near no finite estimate: consider slope_prior."
            )
    return tuple(made)


def _unanswered(table: Table, patterns: Patterns) -> int:
    return int(((patterns.pattern_of < 0) & (table.weights > 0)).sum())


def _error(covariance: Floats | None, place: int) -> float | None:
    if covariance is None or place >= len(covariance) or covariance[place, place] <= 0:
        return None
    return math.sqrt(float(covariance[place, place]))
