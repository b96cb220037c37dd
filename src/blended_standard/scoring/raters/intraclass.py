"""Intraclass correlations of ratings: six forms, each with its F test and exact interval.

Sources: Shrout and Fleiss (1979); McGraw and Wong (1996).
"""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Interval, Result, Row, result
from blended_standard.scoring.raters._tables import Orientation, units_by_raters


@result
class IntraclassForm(Estimate):
    """One form with its F statistic on `df` and `df2` degrees of freedom."""

    f: float | None = None
    df2: float | None = None
    definition: str = ""


@result
class IntraclassCorrelations(Result):
    """The six forms: one-way (1), two-way agreement (2), two-way consistency (3); single and mean of k ratings."""

    icc1: IntraclassForm
    icc2: IntraclassForm
    icc3: IntraclassForm
    icc1k: IntraclassForm
    icc2k: IntraclassForm
    icc3k: IntraclassForm
    n: int
    n_raters: int
    n_dropped: int
    ms_between: float
    ms_within: float
    ms_raters: float
    ms_error: float

    def rows(self) -> list[Row]:
        """One row a form."""
        forms = (self.icc1, self.icc2, self.icc3, self.icc1k, self.icc2k, self.icc3k)
        return [
            {
                "form": form.name,
                "definition": form.definition,
                "value": form.value,
                "ci_low": form.interval.low if form.interval else None,
                "ci_high": form.interval.high if form.interval else None,
                "f": form.f,
                "df1": form.df,
                "df2": form.df2,
                "p_value": form.p_value,
            }
            for form in forms
        ]


@attrs.frozen
class _MeanSquares:
    between: float
    within: float
    raters: float
    error: float
    n: int
    k: int


def intraclass_correlation(
    ratings: npt.ArrayLike,
    *,
    level: float = 0.95,
    average_interval: Literal["spearman_brown", "recomputed"] = "spearman_brown",
    raters: Orientation = "columns",
) -> IntraclassCorrelations:
    """Intraclass correlations of all six forms.

    Parameters
    ----------
    ratings : array-like, shape (units, raters)
        Every unit rated by every rater; units with a missing rating (None, NaN) are dropped and counted.
    level : float
        Coverage of the intervals.
    average_interval : {"spearman_brown", "recomputed"}
        Interval of the agreement of mean ratings (ICC2k): that of ICC2 stepped up (as psych and pingouin do; it is
        also McGraw and Wong's), or with degrees of freedom recomputed from k times ICC2k (as irr does).
    raters : {"columns", "rows"}
        Where the raters are.

    Returns
    -------
    IntraclassCorrelations
        Attributes `icc1` ... `icc3k`. Negative estimates are returned as they are. `p_value` tests that it is 0.
        Raters who agree in full leave no error to compare with: F, `p_value` and the interval are then None. So is the
        interval of ICC2k where few units leave its low end without bound.

    Raises
    ------
    NotEstimableError
        Fewer than 2 complete units or raters, or no variance at all.

    Examples
    --------
    >>> table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(intraclass_correlation(table).icc2.value, 4)
    0.2898
    """
    check.level(level)
    check.one_of("average_interval", average_interval, ("spearman_brown", "recomputed"))
    table = check.matrix("ratings", units_by_raters(ratings, raters), missing=True)
    complete = table[~np.isnan(table).any(axis=1)]
    squares = _mean_squares(complete)
    one_way, mean_one_way = _one_way(squares, level)
    agreement, mean_agreement = _agreement(squares, level, average_interval)
    consistency, mean_consistency = _consistency(squares, level)
    return IntraclassCorrelations(
        icc1=one_way,
        icc2=agreement,
        icc3=consistency,
        icc1k=mean_one_way,
        icc2k=mean_agreement,
        icc3k=mean_consistency,
        n=squares.n,
        n_raters=squares.k,
        n_dropped=len(table) - len(complete),
        ms_between=squares.between,
        ms_within=squares.within,
        ms_raters=squares.raters,
        ms_error=squares.error,
    )


icc = intraclass_correlation


def _mean_squares(table: Floats) -> _MeanSquares:
    n, k = table.shape
    if n < 2 or k < 2:
        raise NotEstimableError(
            f"An intraclass correlation needs 2 complete units and 2 raters, and there are {n} and {k}. "
            "Leave out raters with gaps, or use krippendorff_alpha, which takes missing ratings."
        )
    centered = table - table.mean()
    rows, columns = centered.mean(axis=1), centered.mean(axis=0)
    total = float((centered**2).sum())
    between, judges = k * float(rows @ rows), n * float(columns @ columns)
    if total <= 1e-24 * max(1.0, float(np.abs(table).max()) ** 2):
        raise NotEstimableError("All ratings are equal: there is no variance to divide between units and raters.")
    error = max(0.0, total - between - judges)
    return _MeanSquares(
        between=between / (n - 1),
        within=(total - between) / (n * (k - 1)),
        raters=judges / (k - 1),
        error=0.0 if error < 1e-13 * total else error / ((n - 1) * (k - 1)),
        n=n,
        k=k,
    )


def _form(
    name: str,
    definition: str,
    squares: _MeanSquares,
    value: float | None,
    denominator: float,
    df2: float,
    ends: tuple[float, float] | None,
    level: float,
    method: str = "F",
) -> IntraclassForm:
    from scipy.special import fdtrc

    f = squares.between / denominator if denominator > 0 else None
    df1 = squares.n - 1.0
    reason = None if value is not None else "The variance in the denominator is zero: units and raters do not differ."
    return IntraclassForm(
        name=name,
        definition=definition,
        value=value,
        reason=reason,
        interval=None if ends is None else Interval(low=ends[0], high=ends[1], level=level, method=method),
        df=df1,
        df2=df2,
        f=f,
        p_value=None if f is None else float(fdtrc(df1, df2, f)),
        n=squares.n,
        method="analysis of variance",
    )


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator > 0 else None


def _f_ends(f: float, df1: float, df2: float, level: float) -> tuple[float, float]:
    """F divided and multiplied by its upper quantiles: bounds of the ratio of expected mean squares."""
    from scipy.special import fdtri

    upper = 0.5 + level / 2.0
    return f / float(fdtri(df1, df2, upper)), f * float(fdtri(df2, df1, upper))


def _single_and_mean(
    names: tuple[str, str], definitions: tuple[str, str], squares: _MeanSquares, noise: float, df2: float, level: float
) -> tuple[IntraclassForm, IntraclassForm]:
    """Forms whose only noise is one mean square."""
    k = squares.k
    single = _ratio(squares.between - noise, squares.between + (k - 1) * noise)
    mean = _ratio(squares.between - noise, squares.between)
    first, second = None, None
    if noise > 0 and squares.between > 0:
        low, high = _f_ends(squares.between / noise, squares.n - 1.0, df2, level)
        first = ((low - 1) / (low + k - 1), (high - 1) / (high + k - 1))
        second = (1 - 1 / low, 1 - 1 / high)
    return (
        _form(names[0], definitions[0], squares, single, noise, df2, first, level),
        _form(names[1], definitions[1], squares, mean, noise, df2, second, level),
    )


def _one_way(squares: _MeanSquares, level: float) -> tuple[IntraclassForm, IntraclassForm]:
    df2 = float(squares.n * (squares.k - 1))
    about = ("one-way, single rating", "one-way, mean of k ratings")
    return _single_and_mean(("ICC1", "ICC1k"), about, squares, squares.within, df2, level)


def _consistency(squares: _MeanSquares, level: float) -> tuple[IntraclassForm, IntraclassForm]:
    df2 = float((squares.n - 1) * (squares.k - 1))
    about = ("two-way consistency, single rating", "two-way consistency, mean of k ratings")
    return _single_and_mean(("ICC3", "ICC3k"), about, squares, squares.error, df2, level)


def _agreement(squares: _MeanSquares, level: float, average_interval: str) -> tuple[IntraclassForm, IntraclassForm]:
    n, k, between, raters, error = squares.n, squares.k, squares.between, squares.raters, squares.error
    single = _ratio(between - error, between + (k - 1) * error + k * (raters - error) / n)
    mean = _ratio(between - error, between + (raters - error) / n)
    first, second = None, None
    if single is not None and error > 0 and between > 0:
        low, high = _satterthwaite(squares, single, level, a=k * single, b=n * (1 - single))
        top = n * (between - low * error)
        bottom = low * (k * raters + (k * n - k - n) * error) + n * between
        upper = n * (high * between - error) / (k * raters + (k * n - k - n) * error + n * high * between)
        first = (top / bottom, upper)
        # Low ends beyond what a mean of ratings can be divide by less than nothing: then there is no interval.
        second = (_step_up(first[0], k), _step_up(first[1], k)) if 1 + first[0] * (k - 1) > 0 else None
        if average_interval == "recomputed" and mean is not None:
            low, high = _satterthwaite(squares, mean, level, a=k * mean, b=n * (1 - mean))
            under = low * (raters - error) + n * between
            upper = n * (high * between - error) / (raters - error + n * high * between)
            second = (n * (between - low * error) / under, upper) if under > 0 else None
    df2 = float((n - 1) * (k - 1))
    method = (
        "Spearman-Brown of the single rating"
        if average_interval == "spearman_brown"
        else "Satterthwaite F, df recomputed"
    )
    return (
        _form("ICC2", "two-way agreement, single rating", squares, single, error, df2, first, level, "Satterthwaite F"),
        _form("ICC2k", "two-way agreement, mean of k ratings", squares, mean, error, df2, second, level, method),
    )


def _step_up(value: float, k: int) -> float:
    return value * k / (1 + value * (k - 1))


def _satterthwaite(squares: _MeanSquares, value: float, level: float, *, a: float, b: float) -> tuple[float, float]:
    """F quantiles on the approximate degrees of freedom of the mixture of rater and error mean squares."""
    from scipy.special import fdtri

    n, k = squares.n, squares.k
    c = a / b
    d = 1 + a * (n - 1) / b
    mixed = (c * squares.raters + d * squares.error) ** 2
    df = mixed / ((c * squares.raters) ** 2 / (k - 1) + (d * squares.error) ** 2 / ((n - 1) * (k - 1)))
    upper = 0.5 + level / 2.0
    return float(fdtri(n - 1, df, upper)), float(fdtri(df, n - 1, upper))
