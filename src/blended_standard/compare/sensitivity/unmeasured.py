"""How strong an unmeasured confounder would have to be: E-value, impact threshold, proportional selection."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Interval, Result, result

Scale = Literal["risk_ratio", "odds_ratio", "hazard_ratio", "smd"]
SCALES = ("risk_ratio", "odds_ratio", "hazard_ratio", "smd")


@result
class EValue(Result):
    """The E-value of an estimate and of the limit of its interval nearest to no effect (1 when it covers it)."""

    title: ClassVar[str] = "E-value"
    value: float
    limit: float | None
    risk_ratio: float
    interval: Interval | None
    scale: str
    method: str


@result
class RobustnessOfInference(Result):
    """How much of an estimate would have to be bias to change the inference (Frank), and the impact threshold.

    `percent_bias` is the share of the estimate beyond the threshold when it is significant, else the share of the
    threshold that it falls short of; `cases` is the robustness of inference to replacement.
    """

    title: ClassVar[str] = "Robustness of inference"
    significant: bool
    threshold: float
    percent_bias: float
    cases: int
    correlation: float
    critical_correlation: float
    itcv: float
    confounder_correlation: float
    df: int
    n: int
    method: str = "Frank (2000); Frank et al. (2013); two-sided test"


@result
class OsterDelta(Result):
    """How strongly unobserved factors would have to be selected, relative to observed ones, to give `target`."""

    title: ClassVar[str] = "Proportional selection"
    delta: float | None
    adjusted_coefficient: float | None
    target: float
    r_max: float
    method: str
    reason: str | None = None

    @property
    def value(self) -> float | None:
        """The degree of selection at which the effect would be `target`."""
        return self.delta


def e_value(
    estimate: float,
    *,
    low: float | None = None,
    high: float | None = None,
    se: float | None = None,
    scale: Scale = "risk_ratio",
    common: bool = False,
    null: float | None = None,
) -> EValue:
    """How strongly a confounder must go with program and outcome, both, to explain an association away.

    Parameters
    ----------
    estimate : float
        A ratio (positive), or a standardized mean difference.
    low, high : float, optional
        Limits of its confidence interval; both or either.
    se : float, optional
        Standard error of a standardized mean difference, instead of limits.
    scale : {"risk_ratio", "odds_ratio", "hazard_ratio", "smd"}
    common : bool
        Whether the outcome is common (more than 15 percent by the end of follow-up): an odds or hazard ratio is then
        converted to an approximate risk ratio. A rare outcome needs no conversion.
    null : float, optional
        The effect to be explained down to, on the same scale. Default: no effect.

    Returns
    -------
    EValue
        `value`, and `limit` for the limit of the interval that is nearer to no effect.

    Raises
    ------
    UsageError
        A ratio that is not positive, limits that do not enclose the estimate, or an unknown scale.

    Notes
    -----
    E = RR + sqrt(RR (RR - 1)), ratios below 1 inverted. Conversions: sqrt(OR); (1 - .5^sqrt(HR))/(1 - .5^sqrt(1/HR));
    exp(.91 d), with limits exp(.91 d -/+ 1.78 se). Source: VanderWeele and Ding (2017, Annals of Internal Medicine
    167:268-274). Equal to R `EValue`.

    Examples
    --------
    >>> answer = e_value(3.9, low=1.8, high=8.7)
    >>> round(answer.value, 2), round(answer.limit, 2)
    (7.26, 3.0)
    """
    if scale not in SCALES:
        raise UsageError(f"scale={scale!r} is not one of {', '.join(SCALES)}.")
    ratio = _to_ratio(estimate, scale, common, "estimate")
    base = 1.0 if null is None else _to_ratio(null, scale, common, "null")
    bottom, top = _limits(estimate, low, high, se, scale, common)
    if (bottom is not None and bottom > ratio) or (top is not None and top < ratio):
        raise UsageError(f"low={low!r} and high={high!r} do not enclose estimate={estimate!r}.")
    nearest = bottom if ratio >= base else top
    limit = None
    if nearest is not None:
        covered = nearest <= base if ratio >= base else nearest >= base
        limit = 1.0 if covered else _threshold(nearest, base)
    interval = None
    if bottom is not None and top is not None:
        interval = Interval(low=bottom, high=top, method="as given, on the risk-ratio scale")
    return EValue(
        value=_threshold(ratio, base),
        limit=limit,
        risk_ratio=ratio,
        interval=interval,
        scale=scale,
        method=_conversion(scale, common),
    )


def robustness_of_inference(
    estimate: float, se: float, *, n: int, covariates: int = 0, alpha: float = 0.05
) -> RobustnessOfInference:
    """How much bias, or how many cases replaced, would change whether an effect is significant.

    Parameters
    ----------
    estimate, se : float
        Coefficient of the program and its standard error.
    n : int
        Observations.
    covariates : int
        Number of covariates in the model, without the program and the intercept.
    alpha : float
        Two-sided level of significance.

    Returns
    -------
    RobustnessOfInference
        `percent_bias` and `cases` (replacement), `itcv` (impact threshold of a confounding variable) and the
        correlation with both program and outcome that a confounder needs.

    Raises
    ------
    UsageError
        A standard error that is not positive, or too few observations.

    Notes
    -----
    df = n - covariates - 2; r = t/sqrt(t^2 + df). Without other covariates a confounder needs correlations of
    sqrt(abs(itcv)); with them these are partial correlations. Versions of R `konfound` differ in df: ours is kept in
    `df`.

    Examples
    --------
    >>> answer = robustness_of_inference(2.0, 0.4, n=100, covariates=3)
    >>> round(answer.percent_bias, 2), answer.cases, round(answer.itcv, 4)
    (60.29, 60, 0.3209)
    """
    from scipy.special import stdtrit

    value, error = check.number("estimate", estimate), check.positive("se", se)
    df = check.whole("n", n) - check.whole("covariates", covariates) - 2
    if df < 1:
        raise UsageError(f"n={n} observations leave {df} degrees of freedom with covariates={covariates}: too few.")
    critical = float(stdtrit(df, 1 - check.share("alpha", alpha) / 2))
    sign = -1.0 if value < 0 else 1.0
    threshold = sign * critical * error
    ratio = value / error
    correlation = ratio / math.sqrt(ratio**2 + df)
    edge = sign * critical / math.sqrt(critical**2 + df)
    significant = abs(value) > abs(threshold)
    percent = 100 * (1 - threshold / value) if significant else 100 * (1 - value / threshold)
    itcv = (correlation - edge) / (1 - abs(edge) if significant else 1 + abs(edge))
    return RobustnessOfInference(
        significant=significant,
        threshold=threshold,
        percent_bias=percent,
        cases=round(int(n) * percent / 100),
        correlation=correlation,
        critical_correlation=edge,
        itcv=itcv,
        confounder_correlation=math.sqrt(abs(itcv)),
        df=df,
        n=int(n),
    )


def oster_delta(
    uncontrolled: float,
    controlled: float,
    *,
    uncontrolled_r2: float,
    controlled_r2: float,
    r_max: float | None = None,
    target: float = 0.0,
    delta: float = 1.0,
    outcome_variance: float | None = None,
    treatment_variance: float | None = None,
    treatment_residual_variance: float | None = None,
) -> OsterDelta:
    """How much selection on what is unobserved, relative to what is observed, would bring the effect to `target`.

    Parameters
    ----------
    uncontrolled, controlled : float
        Coefficient of the program without and with the observed covariates.
    uncontrolled_r2, controlled_r2 : float
        R2 of these two regressions.
    r_max : float, optional
        R2 with everything observed. Default: 1.3 times `controlled_r2`, at most 1.
    target : float
        The effect to be reached.
    delta : float
        Selection at which `adjusted_coefficient` is computed (linear approximation).
    outcome_variance, treatment_variance, treatment_residual_variance : float, optional
        Variances of the outcome, of the program indicator, and of its residual given the covariates. With all three,
        `delta` is Oster's full estimator; without, the linear approximation. `method` says which.

    Returns
    -------
    OsterDelta

    Raises
    ------
    UsageError
        R2 outside 0 to 1 or falling with controls, `r_max` below `controlled_r2`, or only some of the variances.

    Notes
    -----
    Linear: b* = b1 - delta (b0-b1)(Rmax-R1)/(R1-R0). Source: Oster (2019, Journal of Business and Economic
    Statistics 37:187-204), propositions 1 and 3.

    Examples
    --------
    >>> answer = oster_delta(0.5, 0.4, uncontrolled_r2=0.1, controlled_r2=0.4)
    >>> round(answer.r_max, 2), round(answer.adjusted_coefficient, 2), round(answer.delta, 2)
    (0.52, 0.36, 10.0)
    """
    b0, b1 = check.number("uncontrolled", uncontrolled), check.number("controlled", controlled)
    goal = check.number("target", target)
    r0, r1 = check.number("uncontrolled_r2", uncontrolled_r2), check.number("controlled_r2", controlled_r2)
    if not 0 <= r0 <= r1 <= 1:
        raise UsageError(f"uncontrolled_r2={r0:g} and controlled_r2={r1:g} must lie in 0 to 1, the second not below.")
    top = min(1.0, 1.3 * r1) if r_max is None else check.number("r_max", r_max)
    if not r1 <= top <= 1:
        raise UsageError(f"r_max={top:g} must lie between controlled_r2={r1:g} and 1.")
    variances = (outcome_variance, treatment_variance, treatment_residual_variance)
    given = [value for value in variances if value is not None]
    if len(given) not in (0, 3):
        raise UsageError("Pass all of outcome_variance, treatment_variance and treatment_residual_variance, or none.")
    adjusted = None if r1 == r0 else b1 - delta * (b0 - b1) * (top - r1) / (r1 - r0)
    if given:
        spread = [check.positive("A variance", value) for value in given]
        above, below = _full_selection(b0, b1, goal, r0, r1, top, *spread)
        method = "Oster (2019), full estimator"
    else:
        above, below = (b1 - goal) * (r1 - r0), (b0 - b1) * (top - r1)
        method = "Oster (2019), linear approximation"
    reason = None
    if below == 0:
        reason = "Controls do not move the coefficient, or r_max adds nothing: no selection would reach the target."
    return OsterDelta(
        delta=None if below == 0 else above / below,
        adjusted_coefficient=adjusted,
        target=goal,
        r_max=top,
        method=method,
        reason=reason,
    )


def _threshold(ratio: float, base: float) -> float:
    share = ratio / base if ratio >= base else base / ratio
    return share + math.sqrt(share * (share - 1))


def _to_ratio(value: float, scale: str, common: bool, name: str) -> float:
    if scale == "smd":
        return math.exp(0.91 * check.number(name, value))
    ratio = check.positive(name, value)
    if not common or scale == "risk_ratio":
        return ratio
    if scale == "odds_ratio":
        return math.sqrt(ratio)
    return float((1 - 0.5 ** math.sqrt(ratio)) / (1 - 0.5 ** math.sqrt(1 / ratio)))


def _limits(
    estimate: float, low: float | None, high: float | None, se: float | None, scale: str, common: bool
) -> tuple[float | None, float | None]:
    if se is None:
        bottom = None if low is None else _to_ratio(low, scale, common, "low")
        top = None if high is None else _to_ratio(high, scale, common, "high")
        return bottom, top
    if scale != "smd" or low is not None or high is not None:
        raise UsageError('se= is for scale="smd", without low and high. For a ratio pass its limits.')
    error = check.positive("se", se)
    return math.exp(0.91 * estimate - 1.78 * error), math.exp(0.91 * estimate + 1.78 * error)


def _conversion(scale: str, common: bool) -> str:
    if scale == "smd":
        return "risk ratio exp(.91 d)"
    if scale == "risk_ratio":
        return "risk ratio"
    if not common:
        return f"{scale.replace('_', ' ')} taken as a risk ratio (rare outcome)"
    return f"{scale.replace('_', ' ')} converted (common outcome)"


def _full_selection(
    b0: float, b1: float, goal: float, r0: float, r1: float, top: float, s_y: float, s_x: float, t_x: float
) -> tuple[float, float]:
    """Return numerator and denominator of the full estimator of the degree of selection."""
    move, gap = b0 - b1, b1 - goal
    shared = gap**2 * t_x * move * s_x + gap**3 * (t_x * s_x - t_x**2)
    above = gap * (r1 - r0) * s_y * t_x + gap * s_x * t_x * move**2 + gap**2 * t_x * move * s_x + shared
    below = (top - r1) * s_y * move * s_x + gap * (top - r1) * s_y * (s_x - t_x) + shared
    return above, below
