"""Nearest-neighbor matching on a propensity score or a Mahalanobis distance.

Sources: Rosenbaum & Rubin (1985); Ho, Imai, King & Stuart (2007), whose order of matching and weights are followed.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.adjusted_effects import weighted_difference
from blended_standard.compare.balance import BalanceTable, balance_table
from blended_standard.compare.columns import Booleans, Columns, as_codes, as_columns, as_treatment, named_columns
from blended_standard.compare.nearest import nearest_by_matrix, nearest_by_score
from blended_standard.compare.notes import Note
from blended_standard.compare.propensity import scores_from
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.results import Estimate, Result, Row, array, result

_DISTANCES = ("propensity", "mahalanobis", "euclidean")
_ORDERS = ("largest", "smallest", "data", "random")
_UNITS = ("sd", "pooled_sd", "raw")


@result
class Match(Result):
    """Who was matched with whom: row numbers of the pairs, a weight for each row, balance and effect."""

    title = "Matched sample"
    method: str
    estimand: str
    n: int
    n_treated: int
    n_comparison: int
    matched_treated: int
    matched_comparison: int
    n_pairs: int
    ess_comparison: float
    caliper_width: float | None
    treated_rows: npt.NDArray[np.int64] = array()
    comparison_rows: npt.NDArray[np.int64] = array()
    distances: npt.NDArray[np.float64] = array()
    weights: npt.NDArray[np.float64] = array()
    scores: npt.NDArray[np.float64] | None = array(default=None)
    balance: BalanceTable | None = None
    effect: Estimate | None = None
    notes: tuple[Note, ...] = ()

    def rows(self) -> list[Row]:
        """Return one row a pair."""
        return [
            {"treated_row": int(one), "comparison_row": int(zero), "distance": float(gap)}
            for one, zero, gap in zip(self.treated_rows, self.comparison_rows, self.distances, strict=True)
        ]


@attrs.frozen(kw_only=True)
class _Rules:
    distance: str
    link: str
    ratio: int
    replace: bool
    caliper: float | None
    caliper_unit: str
    order: str
    estimand: str
    seed: int | None


def match(
    treatment: npt.ArrayLike,
    covariates: object | None = None,
    *,
    scores: npt.ArrayLike | None = None,
    outcome: npt.ArrayLike | None = None,
    distance: str = "propensity",
    link: str = "probability",
    ratio: int = 1,
    replace: bool = False,
    caliper: float | None = None,
    caliper_unit: str = "sd",
    exact: object | None = None,
    order: str | None = None,
    estimand: str = "ATT",
    seed: int | None = None,
    denominator: str = "treated",
    names: Sequence[str] | None = None,
) -> Match:
    """Match each treated row with its nearest comparison rows.

    Greedy: treated rows take their nearest eligible comparison row in turn; with `ratio` above 1 everyone takes a first
    before anyone takes a second. Equal distances: the earlier row.

    Parameters
    ----------
    treatment : array of 0 and 1, shape (n,)
    covariates : array (n, p), mapping of columns or frame, optional
        Modeled by `propensity_score` unless `scores` is given; the columns of a Mahalanobis match; the balance table.
    scores : array, shape (n,), optional
        Propensity scores you have already.
    outcome : array, shape (n,), optional
        Gives `effect`: weighted difference, standard error by pair (CR1), or HC0 when matched with replacement.
    distance : {"propensity", "mahalanobis", "euclidean"}
        mahalanobis uses the covariance within arms; euclidean scales each column by its SD within arms.
    link : {"probability", "logit"}
        The scale on which scores are matched and a caliper is measured.
    ratio : int
        Comparison rows for each treated row.
    replace : bool
        Comparison rows may be used again.
    caliper : float, optional
        Largest distance of scores in a pair, in `caliper_unit`. With mahalanobis it still bounds the score.
    caliper_unit : {"sd", "pooled_sd", "raw"}
        sd: SD of the score, all rows (MatchIt); pooled_sd: sqrt((v1+v0)/2) (Austin, with link="logit"); raw: as it is.
    exact : array of labels (n,), mapping of columns or frame, optional
        Pairs agree on these.
    order : {"largest", "smallest", "data", "random"}, optional
        Who chooses first. Default largest score (ATC: smallest); data order for mahalanobis without scores.
    estimand : {"ATT", "ATC"}
        ATC matches each comparison row with treated rows.
    seed : int, optional
        For order="random", required there.
    denominator : str
        Of the balance table, see `balance_table`.
    names : sequence of str, optional

    Raises
    ------
    NotEstimableError
        Nobody can be matched (the caliper or the exact strata leave no pair), or the score model has no maximum.

    Example
    -------
    >>> found = match([1, 1, 0, 0, 0], scores=[0.6, 0.5, 0.2, 0.45, 0.58])
    >>> found.rows()[0]["comparison_row"], found.rows()[1]["comparison_row"]
    (4, 3)
    """
    rules = _rules(distance, link, ratio, replace, caliper, caliper_unit, order, estimand, seed)
    treated = as_treatment(treatment)
    needs_scores = distance == "propensity" or scores is not None or caliper is not None
    e: Floats | None = None
    if needs_scores:
        _, e = scores_from(treatment, covariates, scores=scores, names=names)
    position = None if e is None else (np.log(e / (1 - e)) if link == "logit" else e)
    focal = treated if estimand == "ATT" else ~treated
    width = _width(position, treated, rules)
    strata = _strata(exact, treated.size)
    matrix = None
    if distance != "propensity":
        if covariates is None:
            raise UsageError(f'distance="{distance}" needs covariates.')
        matrix = _whiten(as_columns(covariates, n=treated.size, names=names, every_level=True), treated, distance)
    taken = _search(focal, position, matrix, strata, width, rules)
    if taken.size == 0:
        raise NotEstimableError(_nobody(width, exact))
    return _matched(treated, focal, taken, e, position, matrix, width, rules, covariates, outcome, denominator, names)


def _rules(
    distance: str,
    link: str,
    ratio: int,
    replace: bool,
    caliper: float | None,
    caliper_unit: str,
    order: str | None,
    estimand: str,
    seed: int | None,
) -> _Rules:
    for name, value, accepted in (
        ("distance", distance, _DISTANCES),
        ("link", link, ("probability", "logit")),
        ("caliper_unit", caliper_unit, _UNITS),
        ("estimand", estimand, ("ATT", "ATC")),
        ("order", order or "data", _ORDERS),
    ):
        if value not in accepted:
            raise UsageError(f"{name}={value!r} is not one of {', '.join(accepted)}.")
    if isinstance(ratio, bool) or ratio != int(ratio) or ratio < 1:
        raise UsageError(f"ratio={ratio!r} must be a whole number, 1 or more.")
    if caliper is not None and not caliper > 0:
        raise UsageError(f"caliper={caliper!r} must be positive; leave it out for none.")
    if order == "random" and seed is None:
        raise UsageError('order="random" needs seed=, so that the match can be repeated.')
    default = "largest" if estimand == "ATT" else "smallest"
    return _Rules(
        distance=distance,
        link=link,
        ratio=ratio,
        replace=replace,
        caliper=caliper,
        caliper_unit=caliper_unit,
        order=order or default,
        estimand=estimand,
        seed=seed,
    )


def _width(position: Floats | None, treated: Booleans, rules: _Rules) -> float | None:
    if rules.caliper is None or position is None:
        return None
    if rules.caliper_unit == "raw":
        return float(rules.caliper)
    if rules.caliper_unit == "sd":
        spread = float(position.std(ddof=1))
    else:
        arms = [position[arm].var(ddof=1) if arm.sum() > 1 else 0.0 for arm in (treated, ~treated)]
        spread = float(np.sqrt(sum(arms) / 2))
    if spread == 0:
        raise NotEstimableError('The scores do not vary, so a caliper in SDs has no width; use caliper_unit="raw".')
    return rules.caliper * spread


def _strata(exact: object | None, n: int) -> Integers:
    if exact is None:
        return np.zeros(n, dtype=np.int64)
    named = named_columns(exact)
    if named is not None:
        columns = list(named.values())
    else:
        values = np.asarray(exact)
        columns = [values] if values.ndim == 1 else list(values.T)
    combined = np.zeros(n, dtype=np.int64)
    for column in columns:
        codes, levels = as_codes(column, name="exact", n=n)
        combined = np.unique(combined * len(levels) + codes, return_inverse=True)[1].ravel()
    return combined.astype(np.int64)


def _whiten(columns: Columns, treated: Booleans, distance: str) -> Floats:
    """Return coordinates in which the distance asked for is Euclidean."""
    residuals = columns.matrix.copy()
    for arm in (treated, ~treated):
        residuals[arm] -= residuals[arm].mean(axis=0)
    covariance = residuals.T @ residuals / max(treated.size - 2, 1)
    spread = np.sqrt(np.diag(covariance))
    usable = spread > 1e-12 * np.maximum(1.0, np.abs(columns.matrix).max(axis=0))
    if not usable.any():
        raise NotEstimableError("No covariate varies within the arms, so there is no distance to match on.")
    unit = columns.matrix[:, usable] / spread[usable]
    if distance == "euclidean":
        return np.asarray(unit)
    values, vectors = np.linalg.eigh(covariance[np.ix_(usable, usable)] / np.outer(spread[usable], spread[usable]))
    keep = values > 1e-10
    # Not by matrix product, which may round equal rows differently, so that the processor would break ties.
    return np.asarray(np.einsum("ij,jk->ik", unit, vectors[:, keep] / np.sqrt(values[keep])))


def _search(
    focal: Booleans,
    position: Floats | None,
    matrix: Floats | None,
    strata: Integers,
    width: float | None,
    rules: _Rules,
) -> Integers:
    """Return pairs of rows, shape (pairs, 2): the focal row and the row it took."""
    queue = np.flatnonzero(focal)
    if rules.order == "random":
        queue = np.random.default_rng(rules.seed).permutation(queue)
    elif position is not None and rules.order in ("largest", "smallest"):
        sign = -1.0 if rules.order == "largest" else 1.0
        queue = queue[np.argsort(sign * position[queue], kind="stable")]
    pairs = []
    order = np.argsort(strata, kind="stable")
    queue = queue[np.argsort(strata[queue], kind="stable")]
    for stratum in np.unique(strata[queue]).tolist():
        low, high = np.searchsorted(strata[queue], [stratum, stratum + 1])
        first, last = np.searchsorted(strata[order], [stratum, stratum + 1])
        seekers, members = queue[low:high], order[first:last]
        pool = members[~focal[members]]
        if pool.size == 0:
            continue
        if matrix is None and position is not None:
            pairs.append(
                nearest_by_score(position, seekers, pool, ratio=rules.ratio, replace=rules.replace, width=width)
            )
        elif matrix is not None:
            pairs.append(
                nearest_by_matrix(
                    matrix, seekers, pool, ratio=rules.ratio, replace=rules.replace, width=width, position=position
                )
            )
    found = np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)
    return found[np.argsort(found[:, 0], kind="stable")]


def _matched(
    treated: Booleans,
    focal: Booleans,
    taken: Integers,
    e: Floats | None,
    position: Floats | None,
    matrix: Floats | None,
    width: float | None,
    rules: _Rules,
    covariates: object | None,
    outcome: npt.ArrayLike | None,
    denominator: str,
    names: Sequence[str] | None,
) -> Match:
    seekers, chosen = taken[:, 0], taken[:, 1]
    weights = _weights(treated.size, seekers, chosen)
    if matrix is not None:
        gaps = np.sqrt(((matrix[seekers] - matrix[chosen]) ** 2).sum(axis=1))
    else:
        gaps = np.abs(position[seekers] - position[chosen]) if position is not None else np.zeros(seekers.size)
    pool_weights = weights[~focal]
    swap = rules.estimand == "ATC"
    return Match(
        method=_method(rules),
        estimand=rules.estimand,
        n=treated.size,
        n_treated=int(treated.sum()),
        n_comparison=int((~treated).sum()),
        matched_treated=int((weights[treated] > 0).sum()),
        matched_comparison=int((weights[~treated] > 0).sum()),
        n_pairs=seekers.size,
        ess_comparison=float(pool_weights.sum() ** 2 / (pool_weights @ pool_weights)),
        caliper_width=width,
        treated_rows=chosen if swap else seekers,
        comparison_rows=seekers if swap else chosen,
        distances=gaps,
        weights=weights,
        scores=e,
        balance=None
        if covariates is None
        else balance_table(treated, covariates, weights=weights, denominator=denominator, names=names),
        effect=None if outcome is None else _effect(outcome, treated, weights, seekers, chosen, rules),
        notes=_notes(focal, seekers, rules),
    )


def _effect(
    outcome: npt.ArrayLike, treated: Booleans, weights: Floats, seekers: Integers, chosen: Integers, rules: _Rules
) -> Estimate:
    name = f"{rules.estimand} effect"
    if np.unique(seekers).size < 2:
        return Estimate(
            name=name, value=None, reason="One row found a match: a difference of one pair has no standard error."
        )
    if rules.replace:
        return weighted_difference(outcome, treated, weights=weights, name=name)
    pairs = _pair_of(treated.size, seekers, chosen)
    return weighted_difference(outcome, treated, weights=weights, clusters=pairs, se="CR1", name=name)


def _notes(focal: Booleans, seekers: Integers, rules: _Rules) -> tuple[Note, ...]:
    arm = "treated" if rules.estimand == "ATT" else "comparison"
    found = np.bincount(seekers)
    notes = []
    lost = int(focal.sum()) - int((found > 0).sum())
    if lost:
        text = f"{lost} {arm} rows found no match: the effect is that of the matched {arm} rows only."
        notes.append(Note(code="unmatched", text=text))
    short = int(((found > 0) & (found < rules.ratio)).sum())
    if short:
        notes.append(Note(code="fewer-than-ratio", text=f"{short} {arm} rows found fewer than {rules.ratio} matches."))
    return tuple(notes)


def _weights(n: int, seekers: Integers, chosen: Integers) -> Floats:
    """Give each focal row 1, shared equally by its matches, the matches scaled to sum to their number."""
    size = np.bincount(seekers, minlength=n)
    weights = np.bincount(chosen, weights=1.0 / size[seekers], minlength=n).astype(np.float64)
    weights *= np.count_nonzero(weights) / weights.sum()
    weights[size > 0] = 1.0
    return weights


def _pair_of(n: int, seekers: Integers, chosen: Integers) -> Integers:
    pair = np.zeros(n, dtype=np.int64)
    pair[seekers] = seekers
    pair[chosen] = seekers
    return pair


def _method(rules: _Rules) -> str:
    scale = f"{rules.distance} ({rules.link})" if rules.distance == "propensity" else rules.distance
    again = "with" if rules.replace else "without"
    text = f"nearest neighbor {rules.ratio}:1 on {scale}, {again} replacement, order {rules.order}"
    return text if rules.caliper is None else f"{text}, caliper {rules.caliper:g} {rules.caliper_unit}"


def _nobody(width: float | None, exact: object | None) -> str:
    why = []
    if width is not None:
        why.append(f"no comparison row lies within the caliper of {width:.4g}")
    if exact is not None:
        why.append("no exact stratum holds both arms")
    return f"Nobody could be matched: {' or '.join(why) or 'no eligible row'}. Widen the caliper or coarsen the strata."
