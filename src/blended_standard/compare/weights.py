"""Weights that make two arms alike: inverse probability (ATE, ATT, ATC, overlap, matching), entropy balancing.

Sources: Robins, Hernan & Brumback (2000); Li, Morgan & Zaslavsky (2018) for overlap weights; Li & Greene (2013) for
matching weights; Hainmueller (2012) for entropy balancing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from blended_standard.compare.adjusted_effects import weighted_difference
from blended_standard.compare.balance import BalanceTable, balance_table
from blended_standard.compare.columns import Booleans, Columns, as_columns, as_treatment, as_weights
from blended_standard.compare.notes import Note, dominated
from blended_standard.compare.propensity import scores_from
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Result, Row, array, result

Estimand = Literal["ATE", "ATT", "ATC", "ATO", "ATM"]


@result
class Weighting(Result):
    """Weights for each row, how much information they leave, and the effect when an outcome was given."""

    title = "Weights"
    estimand: str
    method: str
    n: int
    n_treated: int
    n_comparison: int
    ess_treated: float
    ess_comparison: float
    largest_share: float
    n_trimmed: int = 0
    trimming: str = "none"
    weights: npt.NDArray[np.float64] = array()
    scores: npt.NDArray[np.float64] | None = array(default=None)
    balance: BalanceTable | None = None
    effect: Estimate | None = None
    notes: tuple[Note, ...] = ()

    def rows(self) -> list[Row]:
        """Return one row an arm."""
        return [
            {"arm": "treated", "n": self.n_treated, "effective_n": self.ess_treated, "estimand": self.estimand},
            {
                "arm": "comparison",
                "n": self.n_comparison,
                "effective_n": self.ess_comparison,
                "estimand": self.estimand,
            },
        ]


def ipw(
    treatment: npt.ArrayLike,
    covariates: object | None = None,
    *,
    scores: npt.ArrayLike | None = None,
    outcome: npt.ArrayLike | None = None,
    estimand: str = "ATE",
    stabilize: bool = False,
    trim: tuple[float, float] | None = None,
    truncate: float | None = None,
    names: Sequence[str] | None = None,
) -> Weighting:
    """Weight by the inverse of the probability of the treatment received.

    With e the propensity score: ATE 1/e and 1/(1-e); ATT 1 and e/(1-e); ATC (1-e)/e and 1; ATO (overlap) 1-e and e;
    ATM (matching weights) min(e, 1-e) over the probability of the arm. The effect is a difference of weighted means.

    Parameters
    ----------
    treatment : array of 0 and 1, shape (n,)
    covariates : array (n, p), mapping of columns or frame, optional
        Modeled by `propensity_score` unless `scores` is given; also the rows of the balance table.
    scores : array, shape (n,), optional
        Propensity scores you have already.
    outcome : array, shape (n,), optional
        Gives `effect`, with an HC0 standard error that treats the score as known.
    estimand : {"ATE", "ATT", "ATC", "ATO", "overlap", "ATM"}
    stabilize : bool
        Multiply by the share of the arm (ATE): sizes of the weights change, the effect does not.
    trim : (low, high), optional
        Rows with a score outside get weight 0; their number is in `n_trimmed`.
    truncate : float, optional
        Weights above this quantile of their arm (for example .99) are set to it.
    names : sequence of str, optional

    Raises
    ------
    UsageError
        Unknown estimand, limits out of order, or input with missing values.
    NotEstimableError
        The propensity model has no maximum, or trimming leaves an arm without weight.

    Example
    -------
    >>> found = ipw([1, 1, 0, 0], scores=[0.5, 0.6, 0.4, 0.5], outcome=[3.0, 4.0, 1.0, 2.0], estimand="ATT")
    >>> round(found.effect.value, 6)
    1.9
    """
    chosen = _estimand(estimand)
    treated, e = scores_from(treatment, covariates, scores=scores, names=names)
    weights = _from_scores(treated, e, chosen)
    if stabilize:
        if chosen != "ATE":
            raise UsageError(f'stabilize=True changes ATE weights only, and estimand="{chosen}".')
        weights = weights * np.where(treated, treated.mean(), 1 - treated.mean())
    trimming, dropped = "none", np.zeros(e.size, dtype=bool)
    if trim is not None:
        low, high = _limits(trim)
        dropped = (e < low) | (e > high)
        weights = np.where(dropped, 0.0, weights)
        trimming = f"scores outside {low:g} to {high:g} dropped"
    if truncate is not None:
        weights = _truncate(weights, treated, truncate)
        trimming = f"weights truncated at quantile {truncate:g} of their arm"
    return _weighting(
        treated,
        weights,
        estimand=chosen,
        method="inverse probability" + (", stabilized" if stabilize else ""),
        covariates=covariates,
        outcome=outcome,
        names=names,
        scores=e,
        n_trimmed=int(dropped.sum()),
        trimming=trimming,
    )


def entropy_balance(
    treatment: npt.ArrayLike,
    covariates: object,
    *,
    outcome: npt.ArrayLike | None = None,
    estimand: str = "ATT",
    moments: int = 1,
    base_weights: npt.ArrayLike | None = None,
    names: Sequence[str] | None = None,
    tolerance: float = 1e-10,
) -> Weighting:
    """Find the weights nearest to the base weights under which the covariate moments of the arms are equal.

    Parameters
    ----------
    treatment : array of 0 and 1, shape (n,)
    covariates : array (n, p), mapping of columns or frame
    outcome : array, shape (n,), optional
        Gives `effect`: difference of weighted means, HC0 standard error that treats the weights as known.
    estimand : {"ATT", "ATC", "ATE"}
        ATT: comparison rows are weighted to the treated; ATC: the reverse; ATE: both to the whole sample.
    moments : int, 1 to 4
        Powers of each covariate that are balanced (0/1 columns: the first only).
    base_weights : array, shape (n,), optional
        Sampling weights to stay near to; also used for the target moments.
    names : sequence of str, optional
    tolerance : float
        Largest standardized difference of a moment that counts as balanced.

    Raises
    ------
    NotEstimableError
        No weights can do it: the target lies outside the convex hull of the arm; the moment is named.

    Example
    -------
    >>> fit = entropy_balance([1, 1, 0, 0, 0], [2.0, 3.0, 1.0, 2.0, 4.0], names=["pretest"])
    >>> round(float(fit.weights[2:] @ [1.0, 2.0, 4.0]) / 3, 6)
    2.5
    """
    chosen = _estimand(estimand)
    if chosen not in ("ATT", "ATC", "ATE"):
        raise UsageError(f'estimand="{estimand}" is not one of ATT, ATC, ATE for entropy balancing.')
    if moments not in (1, 2, 3, 4):
        raise UsageError(f"moments={moments!r} must be 1, 2, 3 or 4.")
    treated = as_treatment(treatment)
    columns = as_columns(covariates, n=treated.size, names=names)
    base = as_weights(base_weights, n=treated.size, name="base_weights")
    target_rows = {"ATT": treated, "ATC": ~treated, "ATE": np.ones_like(treated)}[chosen]
    terms = _moments(columns, moments, target_rows)
    weights = base.copy()
    for arm in (treated, ~treated):
        if chosen == "ATE" or not np.array_equal(arm, target_rows):
            target = np.average(terms.matrix[target_rows], axis=0, weights=base[target_rows])
            weights[arm] = _balance_arm(terms, arm, target=target, base=base, tolerance=tolerance)
    return _weighting(
        treated,
        weights,
        estimand=chosen,
        method=f"entropy balancing, {moments} moment{'s' if moments > 1 else ''}",
        covariates=covariates,
        outcome=outcome,
        names=names,
    )


def effective_sample_size(weights: npt.ArrayLike) -> float:
    """Return (sum w)^2 / sum w^2 (Kish): the equal-weight rows that would carry the same information.

    Example
    -------
    >>> effective_sample_size([1.0, 1.0, 2.0])
    2.6666666666666665
    """
    values = as_weights(check.vector("weights", weights), n=np.size(weights))
    return _ess(values / values.max())


def _estimand(name: str) -> Estimand:
    wanted = {"OVERLAP": "ATO", "MATCHING": "ATM"}.get(str(name).upper(), str(name).upper())
    for accepted in get_args(Estimand):
        if wanted == accepted:
            found: Estimand = accepted
            return found
    raise UsageError(f'estimand="{name}" is not one of ATE, ATT, ATC, ATO (or "overlap"), ATM.')


def _from_scores(treated: Booleans, e: Floats, estimand: Estimand) -> Floats:
    own = np.where(treated, e, 1 - e)
    tilt = {
        "ATE": np.ones_like(e),
        "ATT": e,
        "ATC": 1 - e,
        "ATO": e * (1 - e),
        "ATM": np.minimum(e, 1 - e),
    }[estimand]
    return np.asarray(tilt / own)


def _limits(trim: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = (float(limit) for limit in trim)
    except (TypeError, ValueError) as error:
        raise UsageError(f"trim={trim!r} must be a pair (low, high) of scores.") from error
    if not 0 <= low < high <= 1:
        raise UsageError(f"trim={trim!r} must satisfy 0 <= low < high <= 1.")
    return low, high


def _truncate(weights: Floats, treated: Booleans, quantile: float) -> Floats:
    if not 0.5 < quantile < 1:
        raise UsageError(f"truncate={quantile!r} must lie between 0.5 and 1, for example 0.99.")
    cut = weights.copy()
    for arm in (treated, ~treated):
        cut[arm] = np.minimum(cut[arm], np.quantile(cut[arm], quantile))
    return cut


def _moments(columns: Columns, moments: int, target_rows: Booleans) -> Columns:
    """Standardize the columns, raise them to the powers asked, and drop those that are constant."""
    parts, labels = [], []
    for label, column in zip(columns.names, columns.matrix.T, strict=True):
        spread = column.std()
        if spread == 0:
            continue
        unit = (column - column[target_rows].mean()) / spread
        powers = 1 if np.unique(column).size == 2 else moments
        for power in range(1, powers + 1):
            parts.append(unit**power)
            labels.append(label if power == 1 else f"{label}^{power}")
    if not parts:
        raise NotEstimableError("Every covariate is constant: there is nothing to balance.")
    return Columns(matrix=np.column_stack(parts), names=tuple(labels))


def _balance_arm(terms: Columns, arm: Booleans, *, target: Floats, base: Floats, tolerance: float) -> Floats:
    """Minimize log sum b exp(z'l), z = terms - target, by damped Newton; return weights with the sum of the base."""
    z = terms.matrix[arm] - target
    log_base = np.log(np.where(base[arm] > 0, base[arm], 1.0)) + np.where(base[arm] > 0, 0.0, -np.inf)
    unreachable = [
        label
        for label, column in zip(terms.names, z.T, strict=True)
        if column.min() > tolerance or column.max() < -tolerance
    ]
    if unreachable:
        raise _infeasible(unreachable, int(arm.sum()))
    multipliers = np.zeros(z.shape[1])
    value, share = _dual(z, log_base, multipliers)
    for _ in range(500):
        gradient = z.T @ share
        if np.abs(gradient).max() < min(tolerance, 1e-12) * 0.1:
            break
        centered = z - gradient
        hessian = centered.T @ (share[:, None] * centered)
        step = -np.linalg.lstsq(hessian, gradient, rcond=1e-13)[0]
        scale, slope = 1.0, float(gradient @ step)
        while scale > 1e-12:
            reached, new_share = _dual(z, log_base, multipliers + scale * step)
            if reached <= value + 1e-4 * scale * slope + 1e-15:
                break
            scale /= 2
        if scale <= 1e-12:
            break
        multipliers, value, share = multipliers + scale * step, reached, new_share
    gradient = np.abs(z.T @ share)
    if gradient.max() > tolerance:
        worst = [
            label for label, gap in zip(terms.names, gradient, strict=True) if gap > max(tolerance, gradient.max() / 2)
        ]
        raise _infeasible(worst, int(arm.sum()))
    return np.asarray(share * base[arm].sum())


def _dual(z: Floats, log_base: Floats, multipliers: Floats) -> tuple[float, Floats]:
    exponent = z @ multipliers + log_base
    top = exponent.max()
    raw = np.exp(exponent - top)
    total = raw.sum()
    return float(top + np.log(total)), np.asarray(raw / total)


def _infeasible(labels: Sequence[str], n: int) -> NotEstimableError:
    return NotEstimableError(
        f"No weights on the {n} rows of the other arm can reach the target for {', '.join(labels)}: the target lies "
        "outside their convex hull. Drop rows without a counterpart, balance fewer moments, or leave the covariate out."
    )


def _ess(weights: Floats) -> float:
    return float(weights.sum() ** 2 / (weights @ weights))


def _weighting(
    treated: Booleans,
    weights: Floats,
    *,
    estimand: str,
    method: str,
    covariates: object | None,
    outcome: npt.ArrayLike | None,
    names: Sequence[str] | None,
    scores: Floats | None = None,
    n_trimmed: int = 0,
    trimming: str = "none",
) -> Weighting:
    for arm, label in ((treated, "treated"), (~treated, "comparison")):
        if not weights[arm].any():
            raise NotEstimableError(f"No {label} row keeps a positive weight; widen the trimming limits.")
    shares = [weights[arm].max() / weights[arm].sum() for arm in (treated, ~treated)]
    table = None if covariates is None else balance_table(treated, covariates, weights=weights, names=names)
    effect = (
        None if outcome is None else weighted_difference(outcome, treated, weights=weights, name=f"{estimand} effect")
    )
    return Weighting(
        estimand=estimand,
        method=method,
        n=treated.size,
        n_treated=int(treated.sum()),
        n_comparison=int((~treated).sum()),
        ess_treated=_ess(weights[treated]),
        ess_comparison=_ess(weights[~treated]),
        largest_share=float(max(shares)),
        n_trimmed=n_trimmed,
        trimming=trimming,
        weights=weights,
        scores=scores,
        balance=table,
        effect=effect,
        notes=(*dominated(weights[treated], "the treated arm"), *dominated(weights[~treated], "the comparison arm")),
    )
