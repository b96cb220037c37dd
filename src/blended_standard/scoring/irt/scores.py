"""Score learners with known item parameters: EAP, MAP, ML and Warm's weighted likelihood, with standard errors.

Source: Bock and Mislevy (1982) for EAP, Samejima (1969) for MAP, Warm (1989) for the weighted likelihood estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.irt._ability import posterior_moments, roots
from blended_standard.scoring.irt._responses import MISSING, Positions, Table, merge_rows, normal, read_table
from blended_standard.scoring.irt.fits import IrtFit
from blended_standard.scoring.irt.items import ItemParameters

ScoreMethod = Literal["eap", "map", "ml", "wle"]

_METHODS = {
    "eap": "posterior mean (EAP); SE is the posterior standard deviation",
    "map": "posterior mode (MAP); SE is 1 / sqrt(information + 1 / prior variance)",
    "ml": "maximum likelihood (ML); SE is 1 / sqrt(information)",
    "wle": "weighted likelihood (Warm); SE is 1 / sqrt(information)",
}
REASONS = (
    "",
    "no answer to any item, so that there is nothing to score",
    "every answer is in the top category: the maximum is at plus infinity; use eap, map or wle",
    "every answer is in the bottom category: the maximum is at minus infinity; use eap, map or wle",
    "the likelihood has no finite maximum for this pattern; use eap or map",
)


@result
class Scores(Result):
    """Abilities, one a learner, in the order of the responses.

    Attributes
    ----------
    theta, se : float arrays, shape (learners,)
        NaN exactly where `reason_code` is not 0 (None in `rows()` and `to_dict()`).
    n_answered : int array, shape (learners,)
    reason_code : int array, shape (learners,)
        0 scored, 1 no answer, 2 all in the top category, 3 all in the bottom category, 4 no finite maximum; `reasons`
        holds the words.
    n, n_scored : int
    method : str
    scale_id : str
        The scale of the items. EAP and MAP shrink toward the prior mean: do not average them to compare groups.
    prior : tuple of (group, mean, sd)
        Empty for ml and wle.
    """

    title = "IRT scores"

    theta: Floats = array()
    se: Floats = array()
    n_answered: npt.NDArray[np.int64] = array()
    reason_code: npt.NDArray[np.int64] = array()
    n: int
    n_scored: int
    method: str
    scale_id: str
    prior: tuple[tuple[str, float, float], ...] = ()
    reasons: tuple[str, ...] = REASONS

    def rows(self) -> list[Row]:
        """Return one row a learner: theta, se, n_answered, reason."""
        return [
            {
                "theta": None if code else float(theta),
                "se": None if code else float(se),
                "n_answered": int(count),
                "reason": self.reasons[code] or None,
            }
            for theta, se, count, code in zip(self.theta, self.se, self.n_answered, self.reason_code, strict=True)
        ]


def score(
    responses: npt.ArrayLike,
    items: ItemParameters | IrtFit,
    *,
    method: ScoreMethod = "eap",
    prior: tuple[float, float] | None = None,
    groups: npt.ArrayLike | None = None,
    item_ids: Sequence[str] | None = None,
) -> Scores:
    """Estimate the ability of each learner.

    Parameters
    ----------
    responses : array-like, shape (learners, items)
        Codes as the items hold them (`items.categories`); NaN, None or masked where there is no response. Columns are
        matched to items by name when there are names, otherwise by place.
    items : ItemParameters or IrtFit
        With a fit, the ability distribution of its group is the prior.
    method : {"eap", "map", "ml", "wle"}
    prior : (mean, sd), optional
        Normal prior for eap and map, overriding that of a fit. Default with bare items: (0, 1).
    groups : array-like, shape (learners,), optional
        With a fit of several groups: the group whose distribution is each learner's prior. Default: the reference
        group for everybody.
    item_ids : strings, optional
        Names of the columns; a subset of the items is fine.

    Returns
    -------
    Scores
        `theta` and `se`, and a reason for each learner who has none.

    Raises
    ------
    UsageError
        Codes or names that the items do not have, an unknown method or group.

    Notes
    -----
    ML is infinite for all-right and all-wrong patterns and says so; WLE is finite there. The standard error of WLE is
    the plain 1 / sqrt(information), as TAM reports; mirt reports the curvature of the weighted likelihood.

    Examples
    --------
    >>> from blended_standard.scoring.irt import item_parameters
    >>> items = item_parameters([1.0, 1.0, 1.0], [-1.0, 0.0, 1.0])
    >>> made = score([[1, 1, 0], [None, None, None]], items)
    >>> round(float(made.theta[0]), 2), made.rows()[1]["reason"]
    (0.32, 'no answer to any item, so that there is nothing to score')
    """
    if method not in _METHODS:
        raise UsageError(f"method={method!r} is not one of {', '.join(_METHODS)}.")
    parameters = items.items if isinstance(items, IrtFit) else items
    used, positions = match_positions(responses, parameters, item_ids, items if isinstance(items, IrtFit) else None)
    group, priors = _priors(items, prior, groups, len(positions))
    theta, se = np.full(len(positions), np.nan), np.full(len(positions), np.nan)
    answered = (positions >= 0).sum(axis=1)
    reason = np.where(answered == 0, 1, 0)
    if method == "ml":
        reason = np.where(reason == 0, _extreme(used, positions), reason)
    rows = np.flatnonzero(reason == 0)
    mean, sd = np.array([p[1] for p in priors]), np.array([p[2] for p in priors])
    if rows.size and method == "eap":
        moments = posterior_moments(
            used, positions if rows.size == len(positions) else positions[rows], group[rows], mean, sd
        )
        theta[rows], se[rows] = moments.mean, moments.sd
    elif rows.size:
        first, back = merge_rows(positions[rows], group[rows])
        chosen = rows[first]
        own = (mean[group[chosen]], sd[group[chosen]]) if method == "map" else None
        found, info, good = roots(used, positions[chosen], prior=own, weighted=method == "wle")
        total = info if own is None else info + own[1] ** -2
        theta[rows], se[rows] = found[back], (1 / np.sqrt(np.maximum(total, 1e-300)))[back]
        reason[rows[~good[back]]] = 4
        theta[reason == 4] = se[reason == 4] = np.nan
    return Scores(
        theta=theta,
        se=se,
        n_answered=answered,
        reason_code=reason,
        n=len(positions),
        n_scored=int((reason == 0).sum()),
        method=_METHODS[method],
        scale_id=parameters.scale_id,
        prior=priors if method in ("eap", "map") else (),
    )


def match_positions(
    responses: npt.ArrayLike, items: ItemParameters, item_ids: Sequence[str] | None, fit: IrtFit | None
) -> tuple[ItemParameters, Positions]:
    """Return the items that the columns are, and the category position of each response.

    Columns of items that `fit` left out (with a reason) are dropped.
    """
    named = item_ids is not None or getattr(responses, "columns", None) is not None
    table = read_table(responses, item_ids, None)
    if fit is not None and len(fit.estimates) > len(items):
        every = tuple(estimate.item for estimate in fit.estimates)
        names = table.item_ids if named else every if len(every) == len(table.item_ids) else table.item_ids
        left_out = {estimate.item for estimate in fit.estimates if estimate.slope is None}
        keep = [j for j, name in enumerate(names) if name not in left_out]
        table = Table(table.codes[:, keep], tuple(names[j] for j in keep), table.weights)
    if named:
        unknown = [name for name in table.item_ids if name not in items.item_ids]
        if unknown:
            raise UsageError(f"column {unknown[0]!r} is not among the items: {', '.join(items.item_ids)}.")
        items = items.select(table.item_ids)
    elif table.codes.shape[1] != len(items):
        raise UsageError(
            f"responses has {table.codes.shape[1]} columns for {len(items)} items: pass one column an item, "
            "or the names of the columns as item_ids."
        )
    if all(codes == (0, 1) for codes in items.categories):
        if table.codes.max() > 1:
            raise UsageError(f"responses holds the code {int(table.codes.max())}, and the items take 0 and 1.")
        return items, table.codes.astype(np.int8)
    made = np.full(table.codes.shape, MISSING, dtype=np.int8)
    for j, codes in enumerate(items.categories):
        column = table.codes[:, j]
        lookup = np.full(max(int(column.max()), codes[-1]) + 2, MISSING, dtype=np.int8)
        lookup[list(codes)] = np.arange(len(codes))
        made[:, j] = lookup[column]
        strange = column[(column >= 0) & (made[:, j] < 0)]
        if strange.size:
            raise UsageError(f"item {items.item_ids[j]}: the code {int(strange[0])} is not one of {list(codes)}.")
    return items, made


def _priors(
    items: ItemParameters | IrtFit, prior: tuple[float, float] | None, groups: npt.ArrayLike | None, count: int
) -> tuple[npt.NDArray[np.intp], tuple[tuple[str, float, float], ...]]:
    if groups is not None and (prior is not None or not isinstance(items, IrtFit)):
        raise UsageError("groups picks the priors of a fit: pass an IrtFit as items, and no prior.")
    nobody = np.zeros(count, dtype=np.intp)
    if prior is not None:
        return nobody, (("all", *normal("prior", prior)),)
    if not isinstance(items, IrtFit):
        return nobody, (("all", 0.0, 1.0),)
    known = tuple((g.group, g.mean, g.sd) for g in items.groups)
    if groups is None:
        return nobody, known[:1]
    labels = np.asarray(groups).astype(str)
    if labels.shape != (count,):
        raise UsageError(f"groups has shape {labels.shape} for {count} learners: pass one label a learner.")
    names = [name for name, _, _ in known]
    unknown = sorted(set(labels.tolist()) - set(names))
    if unknown:
        raise UsageError(f"groups holds {unknown[0]!r}, which is not among: {', '.join(names)}.")
    found, index = np.unique(labels, return_inverse=True)
    return np.array([names.index(str(label)) for label in found], dtype=np.intp)[index], known


def _extreme(items: ItemParameters, positions: Positions) -> npt.NDArray[np.int64]:
    """Return 2 where every answer pulls ability up without end, 3 where down, otherwise 0."""
    last = np.array([len(codes) - 1 for codes in items.categories])
    rising = items.slope > 0
    top, bottom = np.where(rising, last, 0), np.where(rising, 0, last)
    missing = positions < 0
    up, down = np.all(missing | (positions == top), axis=1), np.all(missing | (positions == bottom), axis=1)
    return np.where(up, 2, np.where(down, 3, 0))
