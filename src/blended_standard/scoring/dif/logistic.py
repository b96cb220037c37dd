"""Logistic-regression DIF: uniform and non-uniform, likelihood-ratio tests and Nagelkerke effect size.

Sources: Swaminathan & Rogers (1990); Zumbo (1999), who takes cumulative logits for graded items; Zumbo & Thomas (1997)
and Jodoin & Gierl (2001) for the classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.dif._cumulative import cumulative_logit
from blended_standard.scoring.dif.matching import Grouped, Places, adjusted, grouped, item_rows, purified

Test = Literal["both", "uniform", "nonuniform"]
Rule = Literal["jodoin_gierl", "zumbo_thomas"]
_LIMITS = {"jodoin_gierl": (0.035, 0.07), "zumbo_thomas": (0.13, 0.26)}
_TESTS = ("both", "uniform", "nonuniform")


@result
class LogisticItem(Result):
    """One item: models with score (0), score and group (1), score, group and their product (2).

    `log_likelihood` and `r_squared` (Nagelkerke) hold the three models; `coefficients` intercept, score, group and
    product of the model that the chosen test ends at (focal group coded 1; below 0 is against it), and
    `uniform_coefficients` those of model 1. A graded item has an intercept for each code above its lowest: the log odds
    of that code or a higher one. `r_squared_change` goes with the test that flags.
    """

    title = "Logistic-regression DIF of one item"
    item: str
    chi_square: float | None
    df: int
    p_value: float | None = None
    adjusted_p_value: float | None = None
    uniform_chi_square: float | None = None
    uniform_p_value: float | None = None
    nonuniform_chi_square: float | None = None
    nonuniform_p_value: float | None = None
    r_squared_change: float | None = None
    effect_class: str | None = None
    log_likelihood: Floats | None = array(default=None)
    r_squared: Floats | None = array(default=None)
    coefficients: Floats | None = array(default=None)
    se: Floats | None = array(default=None)
    uniform_coefficients: Floats | None = array(default=None)
    uniform_se: Floats | None = array(default=None)
    reason: str | None = None


@result
class LogisticDif(Result):
    """Logistic-regression DIF of every item. `left_out` are the items not in the matching score after purification."""

    title = "Logistic-regression DIF"
    items: tuple[LogisticItem, ...]
    test: str
    rule: str
    reference: str
    focal: str
    n_reference: int
    n_focal: int
    n_dropped: int
    flagged: tuple[str, ...]
    alpha: float
    left_out: tuple[str, ...]
    cycles: int
    stable: bool

    def rows(self) -> list[Row]:
        """Return one row an item."""
        return item_rows(self.items, self.flagged)


def logistic_regression(
    responses: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    focal: object = None,
    item_ids: Sequence[str] | None = None,
    matching: npt.ArrayLike | None = None,
    test: Test = "both",
    rule: Rule = "jodoin_gierl",
    graded: bool = False,
    purify: bool = False,
    alpha: float = 0.05,
    maximum_cycles: int = 20,
) -> LogisticDif:
    """Test every item for DIF by the likelihood ratio of nested logistic regressions on the total score.

    Parameters
    ----------
    responses : float array, shape (n, J)
        0, 1 or NaN, or with `graded` scores 0, 1, 2, ... Learners with a missing response are left out and counted.
    group : array, shape (n,)
        Two labels.
    focal : label, optional
        Which group is the focal one. Default: 1, where the groups are coded 0 and 1.
    item_ids : sequence of str, optional
        Names of the items. Default "1", "2", ...
    matching : float array, shape (n,), optional
        A matching score from outside; purification then has nothing to do.
    test : {"both", "uniform", "nonuniform"}
        Which test flags: group and product (2 df), group (1 df), or product given group (1 df).
    rule : {"jodoin_gierl", "zumbo_thomas"}
        Limits of the R-squared change for classes A, B, C: .035 and .07, or .13 and .26. They disagree: name the rule.
    graded : bool
        Items have graded scores: fit cumulative logits, which take score and group to act alike at every step.
    purify : bool
        Leave flagged items out of the matching score (the item under study always counts) and repeat until stable.
    alpha : float
        Level of the test that flags.
    maximum_cycles : int
        Cap on purification.

    Returns
    -------
    LogisticDif
        An item with separated answers has `chi_square` None and a reason.

    Raises
    ------
    UsageError
        Values other than 0, 1 (whole scores with `graded`) and missing; not exactly two groups; an unknown test or
        rule.
    NotEstimableError
        Fewer than 2 complete learners in a group.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ability, group = rng.normal(size=400), np.repeat([0, 1], 200)
    >>> right = rng.random((400, 6)) < 1 / (1 + np.exp(-ability[:, None] + np.outer(group, [2, 0, 0, 0, 0, 0])))
    >>> "1" in logistic_regression(right, group).flagged
    True
    """
    check.share("alpha", alpha)
    if test not in _TESTS:
        raise UsageError(f"test={test!r} is not one of {', '.join(_TESTS)}.")
    if rule not in _LIMITS:
        raise UsageError(f"rule={rule!r} is not one of {', '.join(_LIMITS)}.")
    data = grouped(responses, group, focal=focal, item_ids=item_ids, matching=matching, polytomous=graded)

    def study(left_out: Places) -> list[LogisticItem]:
        return [_item(data, j, left_out, test, rule) for j in range(len(data.names))]

    def flag(left_out: Places) -> Places:
        return _flagged(study(left_out), alpha)

    left_out, cycles, stable = purified(flag, purify=purify and matching is None, maximum_cycles=maximum_cycles)
    found = study(left_out)
    return LogisticDif(
        items=tuple(
            cast(LogisticItem, attrs.evolve(cast(Any, item), adjusted_p_value=p))
            for item, p in zip(found, adjusted([item.p_value for item in found]), strict=True)
        ),
        test=test,
        rule=rule,
        reference=data.reference_label,
        focal=data.focal_label,
        n_reference=int((~data.focal).sum()),
        n_focal=int(data.focal.sum()),
        n_dropped=data.n_dropped,
        flagged=tuple(data.names[j] for j in _flagged(found, alpha)),
        alpha=alpha,
        left_out=tuple(data.names[j] for j in left_out),
        cycles=cycles,
        stable=stable,
    )


def _item(data: Grouped, j: int, left_out: Places, test: str, rule: str) -> LogisticItem:
    from scipy.stats import chi2

    score, focal = data.score(j, left_out), data.focal.astype(float)
    rows = np.column_stack([score, focal, score * focal, data.responses[:, j]])
    cells, counts = np.unique(rows, axis=0, return_counts=True)
    codes, answers = np.unique(cells[:, 3], return_inverse=True)
    df = 2 if test == "both" else 1
    if codes.size < 2:
        return LogisticItem(item=data.names[j], chi_square=None, df=df, reason="every learner gave the same answer")
    weights = counts.astype(float)
    fits = [cumulative_logit(cells[:, :k], answers, weights) for k in (1, 2, 3)]
    if any(fit is None for fit in fits):
        reason = "the matching score or the group separates the answers: no finite estimate "
        reason += "(of right and wrong answers compare.firth_logistic on score and group has one)"
        return LogisticItem(item=data.names[j], chi_square=None, df=df, reason=reason)
    done = [fit for fit in fits if fit is not None]
    likelihood = np.array([fit.log_likelihood for fit in done])
    total, frequency = weights.sum(), np.bincount(answers, weights=weights)
    null = float(frequency @ np.log(frequency / total))
    r_squared = -np.expm1(2 / total * (null - likelihood)) / -np.expm1(2 / total * null)
    uniform, nonuniform = np.maximum(2 * np.diff(likelihood), 0.0)
    statistic = {"both": uniform + nonuniform, "uniform": uniform, "nonuniform": nonuniform}[test]
    first, last = {"both": (0, 2), "uniform": (0, 1), "nonuniform": (1, 2)}[test]
    change = float(r_squared[last] - r_squared[first])
    return LogisticItem(
        item=data.names[j],
        chi_square=float(statistic),
        df=df,
        p_value=float(chi2.sf(statistic, df)),
        uniform_chi_square=float(uniform),
        uniform_p_value=float(chi2.sf(uniform, 1)),
        nonuniform_chi_square=float(nonuniform),
        nonuniform_p_value=float(chi2.sf(nonuniform, 1)),
        r_squared_change=change,
        effect_class=_effect_class(change, rule),
        log_likelihood=likelihood,
        r_squared=r_squared,
        coefficients=done[last].coefficients,
        se=done[last].se,
        uniform_coefficients=done[1].coefficients,
        uniform_se=done[1].se,
    )


def _effect_class(change: float, rule: str) -> str:
    low, high = _LIMITS[rule]
    return "A" if change < low else "B" if change < high else "C"


def _flagged(found: Sequence[LogisticItem], alpha: float) -> Places:
    return tuple(j for j, item in enumerate(found) if item.p_value is not None and item.p_value < alpha)
