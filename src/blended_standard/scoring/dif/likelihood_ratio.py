"""IRT likelihood-ratio DIF: is the fit better when an item has its own parameters in the focal group?

Source: Thissen, Steinberg & Wainer (1993). An item is freed by giving each group a column of its own, the other group
missing there, so that every model of `scoring.irt` can be tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, result
from blended_standard.scoring import irt
from blended_standard.scoring.dif.matching import Grouped, Places, adjusted, grouped, item_rows
from blended_standard.scoring.irt.items import MODELS, Model

_NOT_FITTED = (
    "the two-group model did not converge: an item separates learners, or the anchors fit badly. "
    "Leave misfitting items out, or set slope_prior."
)
_NODES = np.linspace(-6.0, 6.0, 61)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()


@result
class LikelihoodRatioItem(Result):
    """One item: the test, its parameters in each group on one scale, and the area between the curves.

    `signed_difference` is the expected score, focal minus reference, over the focal group's ability;
    `unsigned_difference` the mean of its size.
    """

    title = "Likelihood-ratio DIF of one item"
    item: str
    chi_square: float | None
    df: int | None = None
    p_value: float | None = None
    adjusted_p_value: float | None = None
    reference_slope: float | None = None
    reference_thresholds: tuple[float, ...] = ()
    focal_slope: float | None = None
    focal_thresholds: tuple[float, ...] = ()
    signed_difference: float | None = None
    unsigned_difference: float | None = None
    reason: str | None = None

    def rows(self) -> list[Row]:
        """Return one row, with a column for each threshold of a group."""
        row: Row = {"item": self.item, "chi_square": self.chi_square, "df": self.df, "p_value": self.p_value}
        row["adjusted_p_value"] = self.adjusted_p_value
        for label, slope, steps in (
            ("reference", self.reference_slope, self.reference_thresholds),
            ("focal", self.focal_slope, self.focal_thresholds),
        ):
            row[f"{label}_slope"] = slope
            row |= {f"{label}_b{k}" if len(steps) > 1 else f"{label}_b": b for k, b in enumerate(steps, start=1)}
        row |= {"signed_difference": self.signed_difference, "unsigned_difference": self.unsigned_difference}
        return [row | {"reason": self.reason}]


@result
class LikelihoodRatioDif(Result):
    """Likelihood-ratio DIF of every item; focal mean and standard deviation are those of the last baseline model.

    The reference group has mean 0 (and standard deviation 1 unless slopes are fixed). `left_out` are the items
    that were not anchors at the end.
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
        return item_rows(self.items, self.flagged)


def likelihood_ratio(
    responses: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    focal: object = None,
    item_ids: Sequence[str] | None = None,
    model: Model = "2pl",
    slope_prior: tuple[float, float] | None = None,
    anchors: Sequence[str] | None = None,
    purify: bool = False,
    alpha: float = 0.05,
    maximum_cycles: int = 10,
) -> LikelihoodRatioDif:
    """Test every item for DIF by the likelihood ratio of two-group item response models.

    Parameters
    ----------
    responses : float array, shape (n, J)
        Whole codes of 0 or more, or NaN. A missing response adds nothing to the likelihood; the learner stays.
    group : array, shape (n,)
        Two labels.
    focal : label, optional
        Which group is the focal one. Default: 1, where the groups are coded 0 and 1.
    item_ids : sequence of str, optional
        Names of the items. Default "1", "2", ...
    model : str
        A model of `scoring.irt.fit` for all items: rasch, 1pl, 2pl, 3pl, graded, pcm or gpcm.
    slope_prior : (mean, sd) or None
        Normal prior on log slopes, for small samples (see `scoring.irt.fit`).
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
        Codes that the model does not take; not exactly two groups; unknown anchors or model.
    NotEstimableError
        Fewer than 3 items, fewer than two anchors left, or a first model that does not converge.

    Notes
    -----
    Statistic -2 log(item held equal / item free), anchors equal, focal mean and variance free; df is the number of
    parameters of the item. With a prior the statistic uses the log-likelihood alone.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ability, group = rng.normal(size=600), np.repeat([0, 1], 300)
    >>> right = rng.random((600, 5)) < 1 / (1 + np.exp(-ability[:, None] + np.outer(group, [1.5, 0, 0, 0, 0])))
    >>> likelihood_ratio(right, group, purify=True).flagged
    ('1',)
    """
    check.share("alpha", alpha)
    if model not in MODELS:
        raise UsageError(f"model={model!r} is not one of {', '.join(MODELS)}.")
    if maximum_cycles < 1:
        raise UsageError(f"maximum_cycles={maximum_cycles!r} must be at least 1.")
    data = grouped(responses, group, focal=focal, item_ids=item_ids, drop_missing=False, polytomous=True)
    _check_items(data)
    study = _Study(data=data, model=model, slope_prior=slope_prior)
    freed = _freed(data.names, anchors)
    found, base, flags = _round(study, freed, alpha)
    cycles, stable = 0, True
    while purify and anchors is None:
        if flags == freed or cycles == maximum_cycles:
            stable = flags == freed
            break
        freed, cycles = flags, cycles + 1
        found, base, flags = _round(study, freed, alpha)
    tests = adjusted([item.p_value for item in found])
    return LikelihoodRatioDif(
        items=tuple(_evolved(item, p) for item, p in zip(found, tests, strict=True)),
        model=model,
        reference=data.reference_label,
        focal=data.focal_label,
        n_reference=int((~data.focal).sum()),
        n_focal=int(data.focal.sum()),
        n_dropped=data.n_dropped,
        focal_mean=base.group("focal").mean,
        focal_sd=base.group("focal").sd,
        log_likelihood=base.log_likelihood,
        flagged=tuple(data.names[j] for j in flags),
        alpha=alpha,
        left_out=tuple(data.names[j] for j in freed),
        cycles=cycles,
        stable=stable,
    )


@attrs.frozen(kw_only=True, eq=False)
class _Study:
    data: Grouped
    model: Model
    slope_prior: tuple[float, float] | None

    def fit(self, freed: Places) -> irt.IrtFit:
        """Fit both groups with the items `freed` on parameters of their own: a column for each group."""
        answers, focal = self.data.responses, self.data.focal
        apart = np.where(focal[:, None], answers[:, list(freed)], np.nan)
        together = answers.copy()
        for j in freed:
            together[focal, j] = np.nan
        count = answers.shape[1]
        try:
            made = irt.fit(
                np.column_stack([together, apart]),
                self.model,
                groups=np.where(focal, "focal", "reference"),
                reference_group="reference",
                item_ids=[f"item{j}" for j in range(count)] + [f"focal{j}" for j in freed],
                slope_prior=self.slope_prior,
            )
        except NotEstimableError as error:
            raise NotEstimableError(f"{_NOT_FITTED} {error}") from error
        if any(not estimate.thresholds for estimate in made.estimates):
            raise NotEstimableError(_NOT_FITTED)
        return made


def _round(study: _Study, freed: Places, alpha: float) -> tuple[list[LikelihoodRatioItem], irt.IrtFit, Places]:
    names = study.data.names
    if len(freed) >= len(names) - 1:
        raise NotEstimableError("Fewer than two anchors are left: nothing puts the groups on one scale.")
    base = study.fit(freed)
    found = []
    for j, name in enumerate(names):
        unshared = _unshared(study.data, j)
        if unshared is not None:
            found.append(LikelihoodRatioItem(item=name, chi_square=None, reason=unshared))
            continue
        try:
            if j in freed:
                free, held = base, study.fit(tuple(k for k in freed if k != j))
            else:
                free, held = study.fit(tuple(sorted((*freed, j)))), base
        except NotEstimableError as problem:
            found.append(LikelihoodRatioItem(item=name, chi_square=None, reason=str(problem)))
            continue
        found.append(_tested(name, j, held, free))
    flags = tuple(j for j, item in enumerate(found) if item.p_value is not None and item.p_value < alpha)
    return found, base, flags


def _tested(name: str, j: int, held: irt.IrtFit, free: irt.IrtFit) -> LikelihoodRatioItem:
    from scipy.stats import chi2

    df = free.n_parameters - held.n_parameters
    statistic = max(2 * (free.log_likelihood - held.log_likelihood), 0.0)
    focal = free.group("focal")
    both = free.items.select([f"item{j}", f"focal{j}"])
    expected = irt.probability(both, focal.mean + focal.sd * _NODES).expected_score
    gap = expected[:, 1] - expected[:, 0]
    return LikelihoodRatioItem(
        item=name,
        chi_square=statistic,
        df=df,
        p_value=float(chi2.sf(statistic, df)),
        reference_slope=float(both.slope[0]),
        reference_thresholds=both.thresholds[0],
        focal_slope=float(both.slope[1]),
        focal_thresholds=both.thresholds[1],
        signed_difference=float(_WEIGHTS @ gap),
        unsigned_difference=float(_WEIGHTS @ np.abs(gap)),
    )


def _check_items(data: Grouped) -> None:
    if len(data.names) < 3:
        raise NotEstimableError(
            f"{len(data.names)} items: a two-group model needs at least 3, one studied and two anchors."
        )
    for j, name in enumerate(data.names):
        for label, members in (("reference", ~data.focal), ("focal", data.focal)):
            if len(_codes(data.responses[members, j])) < 2:
                raise NotEstimableError(
                    f"item {name}: the {label} group has no answers or only one kind of answer; leave the item out."
                )


def _unshared(data: Grouped, j: int) -> str | None:
    one, two = (_codes(data.responses[members, j]) for members in (~data.focal, data.focal))
    if one == two:
        return None
    code = min(one ^ two)
    label = data.focal_label if code in one else data.reference_label
    return f"group {label} never uses code {code:g}: the two groups have different categories; merge categories first"


def _codes(answers: Floats) -> set[float]:
    return set(answers[~np.isnan(answers)].tolist())


def _freed(names: tuple[str, ...], anchors: Sequence[str] | None) -> Places:
    if anchors is None:
        return ()
    chosen = {str(name) for name in anchors}
    unknown = sorted(chosen - set(names))
    if unknown or not chosen:
        raise UsageError(f"anchors={list(anchors)!r}: they must be items, of which there are {', '.join(names[:8])}.")
    return tuple(j for j, name in enumerate(names) if name not in chosen)


def _evolved(item: LikelihoodRatioItem, p_value: float | None) -> LikelihoodRatioItem:
    return cast(LikelihoodRatioItem, attrs.evolve(cast(Any, item), adjusted_p_value=p_value))
