"""Random-intercept and random-slope models of learners within programs, by REML or ML.

Sources: Bates, Maechler, Bolker & Walker (2015); Satterthwaite degrees of freedom as in Kuznetsova et al. (2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.columns import (
    Columns,
    as_codes,
    as_columns,
    as_vector,
    require_clusters_beyond,
    require_full_rank,
    with_intercept,
)
from blended_standard.compare.mixed_spread import Spread, effect_covariances
from blended_standard.compare.mixed_sums import GroupSums, Solution, best_factor
from blended_standard.compare.notes import Note
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Result, Row, array, result


@result
class MixedModel(Result):
    """A fitted mixed model: fixed coefficients, variances between and within groups, and the effect of each group."""

    title = "Mixed model"
    names: tuple[str, ...]
    coefficients: npt.NDArray[np.float64] = array()
    se: npt.NDArray[np.float64] = array()
    df: npt.NDArray[np.float64] = array()
    p_values: npt.NDArray[np.float64] = array()
    covariance: npt.NDArray[np.float64] = array()
    random_names: tuple[str, ...]
    random_covariance: npt.NDArray[np.float64] = array()
    variance_between: float
    variance_between_se: float | None
    variance_between_interval: Interval | None
    variance_within: float
    variance_within_se: float
    icc: float | None
    log_likelihood: float
    criterion: float
    p_no_variance: float | None
    n: int
    n_groups: int
    method: str
    level: float
    singular: bool
    groups: tuple[str, ...]
    group_sizes: npt.NDArray[np.int64] = array()
    effects: npt.NDArray[np.float64] = array()
    effect_covariances: npt.NDArray[np.float64] = array()
    prediction_covariances: npt.NDArray[np.float64] = array()
    notes: tuple[Note, ...] = ()

    @property
    def deviance(self) -> float:
        """-2 log likelihood (ML) or the REML criterion."""
        return self.criterion

    def rows(self) -> list[Row]:
        """Return one row a fixed coefficient."""
        return [self.coefficient(name).rows()[0] for name in self.names]

    def coefficient(self, name: str) -> Estimate:
        """Return one fixed coefficient as an estimate with its interval."""
        from scipy.special import stdtrit

        if name not in self.names:
            raise UsageError(f"{name!r} is not a coefficient; there are {', '.join(self.names)}.")
        i = self.names.index(name)
        value, se, df = float(self.coefficients[i]), float(self.se[i]), float(self.df[i])
        reach = float(stdtrit(df, (1 + self.level) / 2)) * se
        return Estimate(
            name=name,
            value=value,
            se=se,
            df=df,
            p_value=float(self.p_values[i]),
            interval=Interval(low=value - reach, high=value + reach, level=self.level, method="t, Satterthwaite df"),
            n=self.n,
            method=self.method,
        )


def random_intercept(
    outcome: npt.ArrayLike,
    groups: object,
    *,
    covariates: object | None = None,
    method: str = "REML",
    names: Sequence[str] | None = None,
    level: float = 0.95,
) -> MixedModel:
    """Fit outcome = covariates + group effect + residual, group effects normal around zero.

    One pass takes sums within groups; the variance ratio is then found to 12 digits from those alone.

    Parameters
    ----------
    outcome : array, shape (n,)
    groups : array of labels, shape (n,)
        Program, site or school of each row.
    covariates : array (n, p), mapping of columns or frame, optional
        Of learners or of groups. Text columns become 0/1 columns. An intercept is added.
    method : {"REML", "ML"}
    names : sequence of str, optional
    level : float

    Returns
    -------
    MixedModel
        `singular` is True, with a note, when the best variance between groups is zero: a legal answer.

    Raises
    ------
    NotEstimableError
        One group, one row a group, no variation within groups, dependent covariates, or as many covariates of groups
        as there are groups.

    Example
    -------
    >>> fit = random_intercept([1.0, 2.0, 3.0, 6.0, 7.0, 8.0], ["a", "a", "a", "b", "b", "b"])
    >>> round(fit.variance_between, 6), round(fit.variance_within, 6)
    (12.166667, 1.0)
    """
    y, codes, labels, design = _read(outcome, groups, covariates, method, names, level)
    random = Columns(matrix=np.ones((y.size, 1)), names=("intercept",))
    return _fit(y, codes, labels, design, random, method=method, level=level)


def random_slope(
    outcome: npt.ArrayLike,
    groups: object,
    *,
    covariates: object,
    slopes: Sequence[str],
    method: str = "REML",
    names: Sequence[str] | None = None,
    level: float = 0.95,
) -> MixedModel:
    """Fit a model in which the intercept and some slopes differ from group to group, with free covariances.

    Parameters
    ----------
    outcome : array, shape (n,)
    groups : array of labels, shape (n,)
    covariates : array (n, p), mapping of columns or frame
        Put products of columns in for cross-level interactions.
    slopes : sequence of str
        Names of the covariates whose slope varies between groups.
    method : {"REML", "ML"}
    names : sequence of str, optional
    level : float

    Raises
    ------
    NotEstimableError
        As for `random_intercept`; also fewer groups than random coefficients, or no more rows than those of all groups.

    Example
    -------
    >>> weeks = [0.0, 1, 2, 3] * 4
    >>> score = [1.0, 2, 3.1, 4, 2, 4.2, 6, 8, 0, 1.1, 1, 2, 1, 4, 7, 10.2]
    >>> fit = random_slope(score, list("aaaabbbbccccdddd"), covariates={"weeks": weeks}, slopes=["weeks"])
    >>> fit.random_names
    ('intercept', 'weeks')
    """
    y, codes, labels, design = _read(outcome, groups, covariates, method, names, level)
    slopes = list(slopes)
    unknown = [name for name in slopes if name not in design.names[1:]]
    if unknown or not slopes:
        raise UsageError(f"slopes={slopes!r} must name covariates; there are {', '.join(design.names[1:])}.")
    if len(labels) <= len(slopes) + 1:
        raise NotEstimableError(f"{len(labels)} groups cannot show how {len(slopes) + 1} coefficients vary together.")
    if y.size <= len(labels) * (len(slopes) + 1):
        raise NotEstimableError(
            f"{y.size} rows are not more than the {len(labels) * (len(slopes) + 1)} random coefficients of the "
            f"{len(labels)} groups: nothing is left for the residual. Name fewer slopes."
        )
    index = [0, *(design.names.index(name) for name in slopes)]
    random = Columns(matrix=design.matrix[:, index], names=("intercept", *slopes))
    return _fit(y, codes, labels, design, random, method=method, level=level)


def _read(
    outcome: npt.ArrayLike,
    groups: object,
    covariates: object | None,
    method: str,
    names: Sequence[str] | None,
    level: float,
) -> tuple[Floats, npt.NDArray[np.int64], tuple[str, ...], Columns]:
    y = as_vector(outcome, name="outcome")
    if method not in ("REML", "ML"):
        raise UsageError(f'method={method!r} is not "REML" or "ML".')
    check.level(level)
    codes, labels = as_codes(groups, name="groups", n=y.size)
    if len(labels) < 2:
        raise NotEstimableError(f"All rows belong to one group ({labels[0]}): variation between groups cannot be seen.")
    if len(labels) == y.size:
        raise NotEstimableError("Every group has one row, so variation between and within groups cannot be told apart.")
    if covariates is None:
        design = Columns(matrix=np.ones((y.size, 1)), names=("intercept",))
    else:
        design = with_intercept(as_columns(covariates, n=y.size, names=names))
        require_full_rank(design)
        require_clusters_beyond(design, codes)
    if y.size <= len(design.names):
        raise NotEstimableError(f"{y.size} rows cannot determine {len(design.names)} coefficients and two variances.")
    return y, codes, labels, design


def _fit(
    y: Floats,
    codes: npt.NDArray[np.int64],
    labels: tuple[str, ...],
    design: Columns,
    random: Columns,
    *,
    method: str,
    level: float,
) -> MixedModel:
    fixed, varying = _Scale.of(design.matrix), _Scale.of(random.matrix)
    middle = float(y.mean())
    sums = GroupSums.of(
        y - middle, fixed.within(design.matrix), varying.within(random.matrix), codes, reml=method == "REML"
    )
    if sums.rr <= 1e-24 * max(float(y @ y), 1e-300):
        raise NotEstimableError("The outcome is constant, or the covariates explain it wholly: nothing is left.")
    factor = best_factor(sums)
    best = sums.solve(factor)
    sigma2 = best.rss / sums.degrees
    if sigma2 <= 1e-13 * sums.rr / sums.n:
        raise NotEstimableError(
            "The outcome does not vary within groups (beyond the covariates), so the residual variance is zero and the "
            "model has no maximum. Compare the group means instead."
        )
    relative = factor @ factor.T
    singular = bool(np.linalg.eigvalsh(relative)[0] < 1e-8)
    spread = Spread.of(sums, best, factor, sigma2)
    back = fixed.back()
    beta = back @ (sums.ordinary + best.beta)
    beta[0] += middle
    covariance = back @ (sigma2 * best.inverse) @ back.T
    df = np.maximum([spread.satterthwaite(row) for row in back], 1.0)
    random_back = varying.back()
    between = random_back @ (sigma2 * relative) @ random_back.T
    effects = best.zvr @ relative @ random_back.T
    conditional, prediction = effect_covariances(sums, best, relative, sigma2, random_back)
    one = sums.q == 1
    criterion = sums.criterion(best) - 2 * fixed.log_volume * (1 if method == "REML" else 0)
    return MixedModel(
        names=design.names,
        coefficients=beta,
        se=np.sqrt(np.diag(covariance)),
        df=df,
        p_values=_p_values(beta, covariance, df),
        covariance=covariance,
        random_names=random.names,
        random_covariance=between,
        variance_between=float(between[0, 0]),
        variance_between_se=spread.between_se() if one and not singular else None,
        variance_between_interval=_profile_interval(sums, level) if one else None,
        variance_within=sigma2,
        variance_within_se=spread.within_se(),
        icc=float(between[0, 0] / (between[0, 0] + sigma2)) if one else None,
        log_likelihood=-criterion / 2,
        criterion=criterion,
        p_no_variance=_no_variance(sums, best) if one else None,
        n=y.size,
        n_groups=len(labels),
        method=f"{method}, {'random intercept' if one else 'random slopes: ' + ', '.join(random.names[1:])}",
        level=level,
        singular=singular,
        groups=labels,
        group_sizes=np.bincount(codes),
        effects=effects,
        effect_covariances=conditional,
        prediction_covariances=prediction,
        notes=_notes(singular, one, len(labels)),
    )


@attrs.frozen
class _Scale:
    """The mean and spread of the columns but the first, the intercept; the model is fitted to them in those units."""

    center: Floats
    spread: Floats

    @classmethod
    def of(cls, matrix: Floats) -> _Scale:
        center, spread = np.zeros(matrix.shape[1]), np.ones(matrix.shape[1])
        for i in range(1, matrix.shape[1]):
            center[i], spread[i] = matrix[:, i].mean(), matrix[:, i].std()
        return cls(center, spread)

    def within(self, matrix: Floats) -> Floats:
        return np.asarray((matrix - self.center) / self.spread) if matrix.shape[1] > 1 else matrix

    def back(self) -> Floats:
        """Return the matrix that takes coefficients of the scaled columns to those of the columns."""
        back = np.diag(1 / self.spread)
        back[0, 1:] = -self.center[1:] / self.spread[1:]
        return back

    @property
    def log_volume(self) -> float:
        return -float(np.log(self.spread).sum())


def _p_values(beta: Floats, covariance: Floats, df: Floats) -> Floats:
    from scipy.special import stdtr

    return np.asarray(2 * stdtr(df, -np.abs(beta) / np.sqrt(np.diag(covariance))))


def _no_variance(sums: GroupSums, best: Solution) -> float:
    """Return the p-value of the likelihood ratio against no variance between groups (half chi-square 1, half 0)."""
    from scipy.special import chdtrc

    gain = sums.criterion(sums.solve(np.zeros((1, 1)))) - sums.criterion(best)
    return float(0.5 * chdtrc(1, gain)) if gain > 1e-9 else 1.0


def _profile_interval(sums: GroupSums, level: float) -> Interval:
    """Profile the ML deviance in the variance between groups, as lme4 does whatever the fit."""
    from scipy.optimize import brentq, minimize_scalar
    from scipy.special import chdtri

    ml = attrs.evolve(sums, reml=False)
    factor = best_factor(ml)
    best = ml.solve(factor)
    sigma2 = best.rss / ml.degrees
    top = float(factor[0, 0]) ** 2 * sigma2
    goal = ml.criterion(best) + float(chdtri(1, 1 - level))

    def excess(between: float) -> float:
        def height(log_sigma2: float) -> float:
            s2 = float(np.exp(log_sigma2))
            return ml.criterion(ml.solve(np.array([[np.sqrt(between / s2)]])), s2)

        around = float(np.log(sigma2))
        found = minimize_scalar(height, bounds=(around - 4, around + 4), method="bounded", options={"xatol": 1e-6})
        return float(found.fun) - goal

    low = 0.0 if top == 0 or excess(0.0) <= 0 else float(brentq(excess, 0.0, top, xtol=1e-12 * sigma2, rtol=1e-10))
    high = max(2 * top, 0.01 * sigma2)
    while excess(high) < 0 and high < 1e12 * sigma2:
        high *= 2
    high = float(brentq(excess, top, high, xtol=1e-12 * sigma2, rtol=1e-10))
    return Interval(low=low, high=high, level=level, method="profile likelihood (ML)")


def _notes(singular: bool, one: bool, groups: int) -> tuple[Note, ...]:
    notes = []
    if singular and one:
        text = (
            "The best variance between groups is zero: group means differ no more than chance within groups makes "
            "them. All group effects are 0; read the interval of the variance."
        )
        notes.append(Note(code="singular", text=text))
    elif singular:
        text = "A variance is zero or a correlation is 1: the data do not support this many random coefficients."
        notes.append(Note(code="singular", text=text))
    if groups < 10:
        notes.append(Note(code="few-groups", text=f"{groups} groups say little about the variance between groups."))
    return tuple(notes)
