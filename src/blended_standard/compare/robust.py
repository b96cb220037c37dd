"""(Weighted) least squares with heteroskedasticity- and cluster-robust standard errors.

Sources: MacKinnon & White (1985), HC0-HC3; Bell & McCaffrey (2002) and Pustejovsky & Tipton (2018), CR2 and CR3
with Satterthwaite degrees of freedom and the approximate Hotelling test.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.compare.cluster_robust import (
    FEW_CLUSTERS,
    FEW_DF,
    Forms,
    JointTest,
    adjusted_cr2,
    adjusted_cr2_unequal,
    adjusted_cr3,
    hotelling,
)
from blended_standard.compare.columns import (
    Columns,
    around_means,
    as_codes,
    as_columns,
    as_vector,
    as_weights,
    require_enough_clusters,
    require_full_rank,
    with_intercept,
)
from blended_standard.compare.notes import Note, dominated
from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.results import Estimate, Interval, Result, Row, array, result

_HC = ("classical", "HC0", "HC1", "HC2", "HC3")
_CR = ("CR0", "CR1", "CR1S", "CR2", "CR3")
_EPSILON = float(np.finfo(np.float64).eps)
_OWN_EFFECTS = (
    Note(
        code="cluster-effects",
        text="Every cluster has a coefficient of its own: only standard errors of what differs within clusters count.",
    ),
)


@result
class Regression(Result):
    """Coefficients of a (weighted) least-squares fit with robust standard errors."""

    names: tuple[str, ...]
    coefficients: npt.NDArray[np.float64] = array()
    se: npt.NDArray[np.float64] = array()
    df: npt.NDArray[np.float64] = array()
    p_values: npt.NDArray[np.float64] = array()
    covariance: npt.NDArray[np.float64] = array()
    level: float
    r_squared: float | None
    residual_sd: float | None
    n: int
    n_clusters: int | None = None
    method: str
    joint: JointTest | None = None
    notes: tuple[Note, ...] = ()

    def rows(self) -> list[Row]:
        """Return one row a coefficient."""
        return [
            {
                "name": name,
                "value": estimate.value,
                "se": estimate.se,
                "df": estimate.df,
                "p_value": estimate.p_value,
                "ci_low": estimate.interval.low if estimate.interval else None,
                "ci_high": estimate.interval.high if estimate.interval else None,
            }
            for name, estimate in ((name, self.coefficient(name)) for name in self.names)
        ]

    def coefficient(self, name: str) -> Estimate:
        """Return one coefficient as an estimate with its interval."""
        from scipy.special import stdtrit

        if name not in self.names:
            raise UsageError(f"{name!r} is not a coefficient; there are {', '.join(self.names)}.")
        i = self.names.index(name)
        value, se, df = (float(part[i]) for part in (self.coefficients, self.se, self.df))
        reach = float(stdtrit(df, (1 + self.level) / 2)) * se
        return Estimate(
            name=name,
            value=value,
            se=se,
            df=df,
            p_value=float(self.p_values[i]),
            interval=Interval(low=value - reach, high=value + reach, level=self.level, method=self.method),
            n=self.n,
            method=self.method,
        )


def least_squares(
    outcome: npt.ArrayLike,
    covariates: object,
    *,
    weights: npt.ArrayLike | None = None,
    clusters: object | None = None,
    se: str | None = None,
    inverse_variance: bool = False,
    intercept: bool = True,
    joint: Sequence[str] = (),
    names: Sequence[str] | None = None,
    level: float = 0.95,
) -> Regression:
    """Fit a linear model by (weighted) least squares.

    Parameters
    ----------
    outcome : array, shape (n,)
    covariates : array (n, p), mapping of columns or frame
        Text columns become 0/1 columns. No missing values.
    weights : array, shape (n,), optional
        Rows with weight 0 are left out.
    clusters : array of labels, shape (n,), optional
        Switches to cluster-robust standard errors with Satterthwaite degrees of freedom.
    se : str, optional
        With clusters CR0, CR1 (m/(m-1)), CR1S (times (n-1)/(n-p)), CR2 (default) or CR3 (jackknife: errs on the wide
        side); without, classical, HC0, HC1, HC2 (default) or HC3 with n - p degrees of freedom.
    inverse_variance : bool
        The working model of CR2: False, equal variances (sampling or matching weights); True, variances 1/weight.
    intercept : bool
        Add a column of ones, named `intercept`.
    joint : sequence of str
        Coefficients to test together (HTZ; needs clusters).
    names : sequence of str, optional
    level : float
        Confidence level of the intervals.

    Raises
    ------
    NotEstimableError
        One cluster only, fewer clusters than coefficients (fixed effects of the clusters do not count), dependent
        columns, or no residual degrees of freedom.

    Example
    -------
    >>> fit = least_squares([1.0, 2.0, 4.0, 3.0], [0, 1, 2, 3], clusters=["a", "a", "b", "c"], names=["weeks"])
    >>> fit.coefficient("weeks").value.__round__(6)
    0.8
    """
    y = as_vector(outcome, name="outcome")
    design = as_columns(covariates, n=y.size, names=names)
    design = with_intercept(design) if intercept else design
    w = as_weights(weights, n=y.size)
    kind = _kind(se, clustered=clusters is not None)
    check.level(level)
    codes = None if clusters is None else as_codes(clusters, name="clusters", n=y.size)[0]
    keep = w > 0
    if not keep.all():
        y, w = y[keep], w[keep]
        design = Columns(matrix=design.matrix[keep], names=design.names)
        codes = None if codes is None else np.unique(codes[keep], return_inverse=True)[1].astype(np.int64).ravel()
    require_full_rank(design, weights=w)
    n, p = design.matrix.shape
    if n <= p:
        raise NotEstimableError(f"{n} rows and {p} coefficients leave no degrees of freedom for a standard error.")
    fit = _Fit.of(design.matrix, y, w)
    if codes is None:
        if joint:
            raise UsageError("joint= needs clusters=; without clusters test one coefficient at a time.")
        covariance, df, notes = _heteroskedastic(fit, kind)
        tested, m = None, None
    else:
        m = int(codes.max()) + 1
        if m < 2:
            raise NotEstimableError(
                "All rows are in one cluster: variation between clusters cannot be seen; add clusters."
            )
        own = require_enough_clusters(design, codes)
        covariance, df, tested, notes = _clustered(fit, codes, kind, inverse_variance, design.names, joint)
        notes += _OWN_EFFECTS if own else ()
    notes += dominated(w, "all rows")
    return _regression(fit, design.names, covariance, df, kind=kind, level=level, clusters=m, joint=tested, notes=notes)


@attrs.frozen
class _Fit:
    """A fit, and an orthonormal basis of its columns: columns far from zero or of unlike units cost no digits there."""

    x: Floats
    y: Floats
    w: Floats
    basis: Floats  # (n, p): X back, with basis' W basis = I
    back: Floats  # (p, p): takes coefficients of the basis to those of X
    beta: Floats
    residuals: Floats

    @classmethod
    def of(cls, x: Floats, y: Floats, w: Floats) -> _Fit:
        root = np.sqrt(w)[:, None]
        near, means = around_means(x, w)
        level = float(np.average(y, weights=w)) if (x[:, 0] == 1.0).all() else 0.0
        scale = np.sqrt(((near * root) ** 2).sum(axis=0))
        q, upper = np.linalg.qr(near * root / scale)
        back = np.linalg.inv(upper) / scale[:, None]
        back[0] -= means @ back  # the intercept is that of columns around 0
        inside = q.T @ (root[:, 0] * (y - level))
        residuals = y - level - q @ inside / root[:, 0]
        slight = max(1e-13 * float(np.abs(y - level).max()), 4 * _EPSILON * float(np.abs(y).max()))
        residuals[np.abs(residuals) <= slight] = 0.0
        beta = back @ inside
        beta[0] += level
        return cls(x, y, w, q / root, back, beta, residuals)

    @property
    def df_residual(self) -> int:
        return int(self.x.shape[0] - self.x.shape[1])


def _kind(se: str | None, *, clustered: bool) -> str:
    accepted = _CR if clustered else _HC
    chosen = se or ("CR2" if clustered else "HC2")
    if chosen not in accepted:
        other = "with" if clustered else "without"
        raise UsageError(f"se={chosen!r} {other} clusters is not one of {', '.join(accepted)}.")
    return chosen


def _heteroskedastic(fit: _Fit, kind: str) -> tuple[Floats, Floats, tuple[Note, ...]]:
    n, p = fit.x.shape
    notes: list[Note] = []
    if kind == "classical":
        covariance = fit.back @ fit.back.T * float(fit.w @ fit.residuals**2) / (n - p)
        return covariance, np.full(p, float(n - p)), ()
    leverage = fit.w * (fit.basis**2).sum(axis=1)
    squares = fit.residuals**2
    if kind in ("HC2", "HC3"):
        alone = leverage > 1 - 1e-10
        if alone.any():
            notes.append(
                Note(
                    code="leverage-one", text=f"{int(alone.sum())} rows are fitted exactly and say nothing about noise."
                )
            )
        room = np.where(alone, 1.0, 1 - leverage)
        squares = np.where(alone, 0.0, squares / (room if kind == "HC2" else room**2))
    elif kind == "HC1":
        squares = squares * n / (n - p)
    meat = fit.basis.T @ ((fit.w**2 * squares)[:, None] * fit.basis)
    covariance = fit.back @ meat @ fit.back.T
    return covariance, np.full(p, float(n - p)), tuple(notes)


def _clustered(
    fit: _Fit, codes: Integers, kind: str, inverse_variance: bool, names: tuple[str, ...], joint: Sequence[str]
) -> tuple[Floats, Floats, JointTest | None, tuple[Note, ...]]:
    m = int(codes.max()) + 1
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(m))
    x, w, e = fit.basis[order], fit.w[order], fit.residuals[order]
    variances = 1 / w
    if inverse_variance:
        root = np.sqrt(w)
        x, e, w = x * root[:, None], e * root, np.ones_like(w)
    n, p = x.shape
    middle = x.T @ ((w**2)[:, None] * x)
    weighted = w[:, None] * x
    adjusted = weighted
    if kind == "CR2" and inverse_variance:
        adjusted = adjusted_cr2_unequal(x, variances, starts)
    elif kind == "CR2":
        adjusted = adjusted_cr2(x, weighted, middle, starts)
    elif kind == "CR3":
        adjusted = adjusted_cr3(x, weighted, starts)
    factor = {"CR1": m / (m - 1), "CR1S": m * (n - 1) / ((m - 1) * (n - p))}.get(kind, 1.0)
    scores = np.add.reduceat(adjusted * e[:, None], starts, axis=0) @ fit.back.T
    covariance = factor * scores.T @ scores
    forms = Forms.of(adjusted, x, w, middle, starts).through(fit.back.T)
    df = np.array([forms.satterthwaite(i) for i in range(p)])
    tested = None
    if joint:
        missing = [name for name in joint if name not in names]
        if missing:
            raise UsageError(f"joint={missing} are not coefficients; there are {', '.join(names)}.")
        tested = hotelling(fit.beta, covariance, forms, [names.index(name) for name in joint], tuple(joint))
    return covariance, df, tested, _cluster_notes(m, df, names)


def few_clusters(m: int) -> str:
    """Return what to add to the name of a method where clusters are few."""
    return f", {m} clusters, which are few" if m < FEW_CLUSTERS else ""


def _cluster_notes(m: int, df: Floats, names: tuple[str, ...]) -> tuple[Note, ...]:
    notes = []
    if m < FEW_CLUSTERS:
        notes.append(
            Note(code="few-clusters", text=f"{m} clusters are few: read the intervals, which use small-sample df.")
        )
    low = [name for name, value in zip(names, df, strict=True) if value < FEW_DF]
    if low:
        notes.append(
            Note(
                code="few-df",
                text=f"Fewer than {FEW_DF:g} degrees of freedom for {', '.join(low)}: p-values are unreliable.",
            )
        )
    return tuple(notes)


def _regression(
    fit: _Fit,
    names: tuple[str, ...],
    covariance: Floats,
    df: Floats,
    *,
    kind: str,
    level: float,
    clusters: int | None,
    joint: JointTest | None,
    notes: tuple[Note, ...],
) -> Regression:
    from scipy.special import stdtr

    se = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    exact = se == 0.0
    # Of an outcome that is fitted exactly a coefficient of 1e-16 is what rounding left, and no effect.
    slight = np.abs(fit.beta) * fit.x.std(axis=0) < 1e-13 * np.abs(fit.y).max()
    slight[0] &= bool(np.abs(fit.beta[0]) < 1e-13 * np.abs(fit.y).max())
    fit = attrs.evolve(fit, beta=np.where(exact & slight, 0.0, fit.beta))
    t = np.where(exact, 0.0, fit.beta / np.where(exact, 1.0, se))
    p_values = np.where(exact, np.where(fit.beta == 0.0, 1.0, 0.0), 2 * stdtr(df, -np.abs(t)))
    center = float(np.average(fit.y, weights=fit.w))
    total = float(fit.w @ (fit.y - center) ** 2)
    residual = float(fit.w @ fit.residuals**2)
    if exact.all():
        notes = (
            *notes,
            Note(code="no-noise", text="The model fits every row exactly (or the outcome is constant): SEs are 0."),
        )
    return Regression(
        names=names,
        coefficients=fit.beta,
        se=se,
        df=df,
        p_values=p_values,
        covariance=covariance,
        level=level,
        r_squared=1 - residual / total if total > 0 else None,
        residual_sd=float(np.sqrt(residual / fit.df_residual)) if fit.df_residual > 0 else None,
        n=fit.y.size,
        n_clusters=clusters,
        method=kind + (f", Satterthwaite df{few_clusters(clusters)}" if clusters else ", n - p df"),
        joint=joint,
        notes=notes,
    )
