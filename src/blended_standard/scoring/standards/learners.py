"""Cuts from judged learners: borderline group, borderline regression, contrasting groups.

Source: Livingston and Zieky (1982).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Interval
from blended_standard.scoring.standards._cut import Cut, mean_interval


def borderline_group(
    scores: npt.ArrayLike,
    grades: npt.ArrayLike,
    *,
    borderline: float,
    method: Literal["median", "mean", "regression"] = "regression",
    minimum_r_squared: float = 0.1,
    level: float = 0.95,
) -> Cut:
    """Cut from the scores of learners whom examiners judged borderline.

    Parameters
    ----------
    scores, grades : array-like, shape (n,)
        Score and global grade of each learner.
    borderline : float
        The grade that means borderline.
    method : {"regression", "mean", "median"}
        Prediction at the borderline grade from the regression of score on grade; or mean or median of that group.
    minimum_r_squared : float
        Below this the regression is refused: grades then say too little about scores.
    level : float
        Coverage of the t interval.

    Returns
    -------
    Cut
        The standard error of a median is 1.2533 times that of the mean (normal scores).

    Raises
    ------
    NotEstimableError
        Fewer than 2 borderline learners (group methods), fewer than 3 learners, one grade only, too low an R squared.

    Examples
    --------
    >>> borderline_group([40, 50, 52, 60], [1, 2, 2, 3], borderline=2, method="mean").value
    51.0
    """
    check.one_of("method", method, ("median", "mean", "regression"))
    x, g = check.vector("scores", scores), check.vector("grades", grades)
    check.same_length(scores=x, grades=g)
    check.number("borderline", borderline)
    check.share("minimum_r_squared", minimum_r_squared, closed=True)
    if method == "regression":
        return _borderline_regression(x, g, borderline, minimum_r_squared, level)
    group = x[g == borderline]
    if group.size < 2:
        raise NotEstimableError(
            f"{group.size} learner(s) have the borderline grade {borderline:g}; a group cut needs 2. "
            "Use method='regression', which draws on every grade."
        )
    se, interval, sd = mean_interval(group, level)
    middle, mean = float(np.median(group)), float(group.mean())
    if method == "median" and se is not None and interval is not None:
        ratio = math.sqrt(math.pi / 2.0)
        half = (interval.high - mean) * ratio
        se, interval = se * ratio, Interval(low=middle - half, high=middle + half, level=level, method="normal scores")
    return Cut(
        name="borderline cut",
        value=middle if method == "median" else mean,
        se=se,
        interval=interval,
        df=group.size - 1.0,
        n=group.size,
        method=f"borderline group, {method}",
        median=middle,
        sd=sd,
    )


def contrasting_groups(scores: npt.ArrayLike, qualified: npt.ArrayLike, *, level: float = 0.95) -> Cut:
    """Cut where a learner is as likely to be judged qualified as not: logistic regression at one half.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores.
    qualified : array-like of bool, shape (n,)
        Whether judges who know the learner call them qualified.
    level : float
        Coverage of the normal interval.

    Returns
    -------
    Cut
        With a delta-method standard error.

    Raises
    ------
    NotEstimableError
        One group only, groups that do not overlap in score, or scores that do not rise with qualification.

    Examples
    --------
    >>> round(contrasting_groups([1, 2, 3, 4, 5, 6], [0, 0, 1, 0, 1, 1]).value, 3)
    3.5
    """
    from scipy.special import ndtri

    x, y = check.vector("scores", scores), check.vector("qualified", qualified)
    check.same_length(scores=x, qualified=y)
    check.level(level)
    if not np.isin(y, (0.0, 1.0)).all():
        raise UsageError("qualified must be true or false (1 or 0) for each learner.")
    if y.size == 0 or y.min() == y.max():
        raise NotEstimableError("Only one group: judges must call some learners qualified and some not.")
    if x[y == 1].min() > x[y == 0].max():
        raise NotEstimableError("The groups do not overlap: any cut between them fits; choose it by another method.")
    center, spread = float(x.mean()), float(x.std())
    if spread == 0:
        raise NotEstimableError("All scores are equal, so they cannot tell the groups apart.")
    coefficients, covariance = _logistic((x - center) / spread, y)
    if coefficients[1] <= 0:
        raise NotEstimableError("Scores do not rise with qualification, so no cut separates the groups.")
    at = -coefficients[0] / coefficients[1]
    slope = np.array([-1.0, -at]) / coefficients[1]
    se = spread * math.sqrt(float(slope @ covariance @ slope))
    value = center + spread * float(at)
    half = se * float(ndtri(0.5 + level / 2.0))
    return Cut(
        name="contrasting groups cut",
        value=value,
        se=se,
        interval=Interval(low=value - half, high=value + half, level=level, method="delta, normal"),
        n=x.size,
        method="logistic regression at 1/2",
    )


def _logistic(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Intercept and slope by Newton's method, and their covariance."""
    design = np.column_stack([np.ones(x.size), x])
    found = np.zeros(2)
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ found, -30.0, 30.0)))
        information = (design * (p * (1.0 - p))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(information, design.T @ (y - p))
        found = found + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-10:
            covariance: Floats = np.linalg.inv(information.astype(np.float64))
            return np.asarray(found, dtype=np.float64), covariance
    raise NotEstimableError(
        "The logistic regression has no finite solution: the groups are (almost) separated by score."
    )


def _borderline_regression(x: Floats, g: Floats, borderline: float, least: float, level: float) -> Cut:
    from scipy.special import stdtrit

    n = x.size
    if n < 3 or g.min() == g.max():
        raise NotEstimableError("A regression of score on grade needs 3 learners and 2 grades.")
    centered = g - g.mean()
    variation = float(centered @ centered)
    slope = float(centered @ x) / variation
    residual = x - x.mean() - slope * centered
    total = float(((x - x.mean()) ** 2).sum())
    explained = 1.0 - float(residual @ residual) / total if total > 0 else 0.0
    if explained < least:
        raise NotEstimableError(
            f"Grades explain {explained:.1%} of the scores, less than minimum_r_squared={least:g}: "
            "a cut from this regression would be noise. Check the grading, or use method='median'."
        )
    value = float(x.mean()) + slope * (borderline - float(g.mean()))
    error = math.sqrt(float(residual @ residual) / (n - 2))
    se = error * math.sqrt(1.0 / n + (borderline - float(g.mean())) ** 2 / variation)
    half = se * float(stdtrit(n - 2, 0.5 + level / 2.0))
    intercept = float(x.mean()) - slope * float(g.mean())
    return Cut(
        name="borderline cut",
        value=value,
        se=se,
        interval=Interval(low=value - half, high=value + half, level=level, method="t"),
        df=n - 2.0,
        n=n,
        method="borderline regression",
        sd=error,
        note=f"score = {intercept:.6f} + {slope:.6f} grade, R squared {explained:.6f}",
    )
