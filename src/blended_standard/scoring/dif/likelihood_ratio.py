"""IRT likelihood-ratio DIF: is the fit better when an item has its own parameters in the focal group?

Sources: Thissen, Steinberg & Wainer (1993); marginal maximum likelihood after Bock & Aitkin (1981), maximised by
L-BFGS with the analytic gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.results import Result, Row, result
from blended_standard.scoring.dif.matching import Floats, Places, adjusted, check_alpha, grouped, item_names

Model = Literal["1pl", "2pl"]
_RUNAWAY = 40.0  # a slope or intercept past this is on its way to infinity
_NODES = np.linspace(-6.0, 6.0, 61)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()


@result
class LikelihoodRatioItem(Result):
    """One item: the test, its parameters in each group on the reference scale, and the area between the curves.

    `signed_difference` is the expected P(focal) - P(reference) over the focal group's ability, `unsigned_difference`
    the mean of its size: effects on the item score.
    """

    title = "Likelihood-ratio DIF of one item"
    item: str
    chi_square: float | None
    df: int
    p_value: float | None = None
    adjusted_p_value: float | None = None
    reference_slope: float | None = None
    reference_location: float | None = None
    focal_slope: float | None = None
    focal_location: float | None = None
    signed_difference: float | None = None
    unsigned_difference: float | None = None
    reason: str | None = None


@result
class LikelihoodRatioDif(Result):
    """Likelihood-ratio DIF of every item; focal mean and standard deviation are those of the last baseline model.

    The reference group has mean 0 and standard deviation 1. `left_out` are items that were not anchors at the end.
    """

    title = "IRT likelihood-ratio DIF"
    items: tuple[LikelihoodRatioItem, ...]
    model: str
    reference: str
    focal: str
    n_reference: int
    n_focal: int
    n_dropped: int
    focal_mean: float
    focal_sd: float
    log_likelihood: float
    flagged: tuple[str, ...]
    alpha: float
    left_out: tuple[str, ...]
    cycles: int
    stable: bool

    def rows(self) -> list[Row]:
        """Return one row an item."""
        return [row | {"flagged": row["item"] in self.flagged} for item in self.items for row in item.rows()]


def likelihood_ratio(
    responses: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    focal: object = None,
    item_ids: Sequence[str] | None = None,
    model: Model = "2pl",
    anchors: Sequence[str] | None = None,
    purify: bool = False,
    alpha: float = 0.05,
    maximum_cycles: int = 10,
) -> LikelihoodRatioDif:
    """Test every item for DIF by the likelihood ratio of two-group item response models.

    Parameters
    ----------
    responses : float array, shape (n, J)
        0, 1 or NaN. A missing response adds nothing to the likelihood; the learner stays.
    group : array, shape (n,)
        Two labels.
    focal : label, optional
        Which group is the focal one. Default: 1, where the groups are coded 0 and 1.
    item_ids : sequence of str, optional
        Names of the items. Default "1", "2", ...
    model : {"2pl", "1pl"}
        Slope and location free by item (test on 2 df), or one common slope (1 df, location alone).
    anchors : sequence of str, optional
        Items held equal in both groups. Default: all items but the one under study.
    purify : bool
        Free the flagged items in both models and test again until stable (without `anchors`).
    alpha : float
        Level of the test that flags.
    maximum_cycles : int
        Cap on purification.

    Returns
    -------
    LikelihoodRatioDif

    Raises
    ------
    UsageError
        Values other than 0, 1 and missing; not exactly two groups; unknown anchors or model.
    NotEstimableError
        Fewer than 3 items, no anchor left, or a model that does not converge.

    Notes
    -----
    Statistic -2 log(item held equal / item free), anchors equal, focal mean and variance free; 61 points on -6 to 6.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ability, group = rng.normal(size=600), np.repeat([0, 1], 300)
    >>> right = rng.random((600, 5)) < 1 / (1 + np.exp(-ability[:, None] + np.outer(group, [1.5, 0, 0, 0, 0])))
    >>> likelihood_ratio(right, group, purify=True).flagged
    ('1',)
    """
    check_alpha(alpha)
    if model not in ("1pl", "2pl"):
        raise UsageError(f"model={model!r} is not one of 1pl, 2pl.")
    if maximum_cycles < 1:
        raise UsageError(f"maximum_cycles={maximum_cycles!r} must be at least 1.")
    data = grouped(responses, group, focal=focal, item_ids=item_ids, drop_missing=False)
    _check_items(data.responses, data.focal, data.names)
    problem = _Problem.build(data.responses, data.focal, model)
    freed = _freed(data.names, anchors)
    found, base, flags = _round(problem, data.names, freed, alpha)
    cycles, stable = 0, True
    while purify and anchors is None:
        if flags == freed or cycles == maximum_cycles:
            stable = flags == freed
            break
        freed, cycles = flags, cycles + 1
        found, base, flags = _round(problem, data.names, freed, alpha)
    tests = adjusted([item.p_value for item in found])
    return LikelihoodRatioDif(
        items=tuple(_evolved(item, p) for item, p in zip(found, tests, strict=True)),
        model=model,
        reference=data.reference_label,
        focal=data.focal_label,
        n_reference=int((~data.focal).sum()),
        n_focal=int(data.focal.sum()),
        n_dropped=data.n_dropped,
        focal_mean=base.mean,
        focal_sd=base.sd,
        log_likelihood=base.log_likelihood,
        flagged=tuple(data.names[j] for j in flags),
        alpha=alpha,
        left_out=tuple(data.names[j] for j in freed),
        cycles=cycles,
        stable=stable,
    )


@attrs.frozen(kw_only=True, eq=False)
class _Fit:
    slope: Floats  # (2, J): reference, focal
    intercept: Floats
    mean: float
    sd: float
    log_likelihood: float


@attrs.frozen(kw_only=True, eq=False)
class _Problem:
    """Distinct response patterns of the two groups with their frequencies, as right and answered indicators."""

    right: tuple[Floats, Floats]
    answered: tuple[Floats, Floats]
    frequency: tuple[Floats, Floats]
    common_slope: bool

    @classmethod
    def build(cls, responses: Floats, focal: npt.NDArray[np.bool_], model: str) -> _Problem:
        rights, answered, frequencies = [], [], []
        for members in (~focal, focal):
            coded = np.where(np.isnan(responses[members]), 2.0, responses[members])
            patterns, counts = np.unique(coded, axis=0, return_counts=True)
            rights.append((patterns == 1).astype(float))
            answered.append((patterns < 2).astype(float))
            frequencies.append(counts.astype(float))
        return cls(
            right=(rights[0], rights[1]),
            answered=(answered[0], answered[1]),
            frequency=(frequencies[0], frequencies[1]),
            common_slope=model == "1pl",
        )

    @property
    def count(self) -> int:
        return int(self.right[0].shape[1])

    def unpack(self, vector: Floats, freed: Places) -> tuple[Floats, Floats, float, float]:
        """Return slopes and intercepts by group (2, J), focal mean and log standard deviation."""
        slopes = 1 if self.common_slope else self.count
        extra = list(freed)
        a = np.broadcast_to(vector[:slopes], (self.count,))
        d = vector[slopes : slopes + self.count]
        rest = vector[slopes + self.count : -2]
        slope, intercept = np.stack([a, a]), np.stack([d, d])
        if extra and self.common_slope:
            intercept[1, extra] = rest
        elif extra:
            slope[1, extra], intercept[1, extra] = rest[: len(extra)], rest[len(extra) :]
        return slope, intercept, float(vector[-2]), float(vector[-1])

    def pack(self, slope: Floats, intercept: Floats, freed: Places, tail: Floats) -> Floats:
        """Sum a gradient by group into the free parameters (the inverse layout of `unpack`)."""
        shared = np.ones(self.count)
        shared[list(freed)] = 0.0
        own_slope, own_intercept = slope[0] + shared * slope[1], intercept[0] + shared * intercept[1]
        parts = [np.array([slope.sum()]) if self.common_slope else own_slope, own_intercept]
        if freed:
            parts += [] if self.common_slope else [slope[1, list(freed)]]
            parts.append(intercept[1, list(freed)])
        return np.concatenate([*parts, tail])

    def start(self, freed: Places, near: _Fit | None) -> Floats:
        if near is not None:
            slope, intercept, tail = near.slope, near.intercept, np.array([near.mean, np.log(near.sd)])
        else:
            totals = sum(f @ r for f, r in zip(self.frequency, self.right, strict=True))
            sizes = sum(f @ m for f, m in zip(self.frequency, self.answered, strict=True))
            share = (totals + 0.5) / (sizes + 1.0)
            slope, tail = np.ones((2, self.count)), np.zeros(2)
            intercept = np.stack([np.log(share / (1 - share))] * 2)
        parts = [slope[0, :1] if self.common_slope else slope[0], intercept[0]]
        if freed:
            parts += [] if self.common_slope else [slope[1, list(freed)]]
            parts.append(intercept[1, list(freed)])
        return np.concatenate([*parts, tail])

    def loss(self, vector: Floats, freed: Places) -> tuple[float, Floats]:
        """Return minus the log-likelihood and its gradient."""
        slope, intercept, mean, log_sd = self.unpack(vector, freed)
        total, tail = 0.0, np.zeros(2)
        gradients = np.zeros((2, 2, self.count))
        for g in (0, 1):
            theta = _NODES if g == 0 else mean + np.exp(log_sd) * _NODES
            eta = np.outer(theta, slope[g]) + intercept[g]
            log_right, log_wrong = -np.logaddexp(0.0, -eta), -np.logaddexp(0.0, eta)
            wrong = self.answered[g] - self.right[g]
            joint = self.right[g] @ log_right.T + wrong @ log_wrong.T + np.log(_WEIGHTS)
            top = joint.max(axis=1, keepdims=True)
            scaled = np.exp(joint - top)
            size = scaled.sum(axis=1, keepdims=True)
            total += float(self.frequency[g] @ (np.log(size) + top)[:, 0])
            posterior = scaled / size * self.frequency[g][:, None]
            residual = posterior.T @ self.right[g] - (posterior.T @ self.answered[g]) * np.exp(log_right)
            gradients[0, g], gradients[1, g] = theta @ residual, residual.sum(axis=0)
            if g == 1:
                push = residual @ slope[g]
                tail = np.array([push.sum(), np.exp(log_sd) * (push @ _NODES)])
        return -total, -self.pack(gradients[0], gradients[1], freed, tail)

    def fit(self, freed: Places, near: _Fit | None = None) -> _Fit:
        """Maximise the marginal likelihood with the items `freed` on parameters of their own in the focal group."""
        from scipy.optimize import minimize

        for begin in (self.start(freed, near), self.start(freed, None)):
            found = minimize(
                self.loss,
                begin,
                args=(freed,),
                jac=True,
                method="L-BFGS-B",
                callback=_stop_runaway,
                options={"maxiter": 2000, "maxfun": 4000, "ftol": 1e-13, "gtol": 1e-5, "maxcor": 30},
            )
            if np.isfinite(found.fun) and np.max(np.abs(found.x)) <= _RUNAWAY:
                break
        else:
            raise NotEstimableError(
                "The two-group model has no finite maximum: an item separates learners, or a group has too few answers."
            )
        slope, intercept, mean, log_sd = self.unpack(np.asarray(found.x, dtype=float), freed)
        return _Fit(
            slope=slope,
            intercept=intercept,
            mean=mean,
            sd=float(np.exp(log_sd)),
            log_likelihood=-float(found.fun),
        )


def _stop_runaway(vector: Floats) -> None:
    if np.max(np.abs(vector)) > _RUNAWAY:
        raise StopIteration


def _round(
    problem: _Problem, names: tuple[str, ...], freed: Places, alpha: float
) -> tuple[list[LikelihoodRatioItem], _Fit, Places]:
    if len(freed) >= problem.count - 1:
        raise NotEstimableError("Fewer than two anchors are left: nothing puts the groups on one scale.")
    base = problem.fit(freed)
    found = []
    for j, name in enumerate(names):
        others = tuple(k for k in freed if k != j)
        try:
            held = base if j not in freed else problem.fit(others, base)
            free = problem.fit(tuple(sorted((*others, j))), base)
        except NotEstimableError as problem_found:
            df = 1 if problem.common_slope else 2
            found.append(LikelihoodRatioItem(item=name, chi_square=None, df=df, reason=str(problem_found)))
            continue
        found.append(_tested(problem, name, j, held, free))
    flags = tuple(j for j, item in enumerate(found) if item.p_value is not None and item.p_value < alpha)
    return found, base, flags


def _tested(problem: _Problem, name: str, j: int, held: _Fit, free: _Fit) -> LikelihoodRatioItem:
    from scipy.stats import chi2

    df = 1 if problem.common_slope else 2
    statistic = max(2 * (free.log_likelihood - held.log_likelihood), 0.0)
    a, d = free.slope[:, j], free.intercept[:, j]
    curves = 0.5 * (1 + np.tanh((np.outer(a, free.mean + free.sd * _NODES) + d[:, None]) / 2))
    gap = curves[1] - curves[0]
    location = [None if abs(slope) < 1e-8 else float(-shift / slope) for slope, shift in zip(a, d, strict=True)]
    return LikelihoodRatioItem(
        item=name,
        chi_square=statistic,
        df=df,
        p_value=float(chi2.sf(statistic, df)),
        reference_slope=float(a[0]),
        reference_location=location[0],
        focal_slope=float(a[1]),
        focal_location=location[1],
        signed_difference=float(_WEIGHTS @ gap),
        unsigned_difference=float(_WEIGHTS @ np.abs(gap)),
    )


def _check_items(responses: Floats, focal: npt.NDArray[np.bool_], names: tuple[str, ...]) -> None:
    if len(names) < 3:
        raise NotEstimableError(f"{len(names)} items: a two-group model needs at least 3, one studied and two anchors.")
    for label, members in (("reference", ~focal), ("focal", focal)):
        for j, name in enumerate(names):
            given = responses[members, j]
            given = given[~np.isnan(given)]
            if not given.size or given.min() == given.max():
                raise NotEstimableError(
                    f"item {name}: the {label} group has no answers or only one kind of answer; leave the item out."
                )


def _freed(names: tuple[str, ...], anchors: Sequence[str] | None) -> Places:
    if anchors is None:
        return ()
    chosen = {str(name) for name in anchors}
    unknown = sorted(chosen - set(names))
    if unknown or not chosen:
        raise UsageError(f"anchors={list(anchors)!r}: they must be items, of which there are {', '.join(names[:8])}.")
    return tuple(j for j, name in enumerate(item_names(len(names), names)) if name not in chosen)


def _evolved(item: LikelihoodRatioItem, p_value: float | None) -> LikelihoodRatioItem:
    return cast(LikelihoodRatioItem, attrs.evolve(cast(Any, item), adjusted_p_value=p_value))
