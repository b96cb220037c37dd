"""What `fit` returns: item and group estimates with standard errors, and how well and how the search ended."""

from __future__ import annotations

from blended_standard.errors import NotEstimableError
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.irt.items import ItemParameters


@result
class ItemEstimate(Result):
    """The estimates of one item, in both forms; `reason` says why there are none, or no standard errors.

    Attributes
    ----------
    n : float
        Learners (or their weights) who answered the item.
    slope, slope_se : float or None
        Discrimination a; no standard error where it is fixed.
    intercepts, intercept_se : tuples
        d of `a theta + d`, as mirt reports.
    thresholds, threshold_se : tuples
        On the ability scale (`ItemParameters.thresholds`), standard errors by the delta method.
    guessing, guessing_se : float or None
        Lower asymptote c, for 3pl.
    """

    item: str
    model: str
    n: float
    slope: float | None = None
    slope_se: float | None = None
    intercepts: tuple[float, ...] = ()
    intercept_se: tuple[float | None, ...] = ()
    thresholds: tuple[float, ...] = ()
    threshold_se: tuple[float | None, ...] = ()
    guessing: float | None = None
    guessing_se: float | None = None
    fixed: bool = False
    reason: str | None = None

    def rows(self) -> list[Row]:
        """Return one row: item, model, n, slope, d, b and guessing, each beside its standard error."""
        row: Row = {"item": self.item, "model": self.model, "n": self.n, "slope": self.slope, "slope_se": self.slope_se}
        for name, values, errors in (
            ("d", self.intercepts, self.intercept_se),
            ("b", self.thresholds, self.threshold_se),
        ):
            for k, (value, error) in enumerate(zip(values, errors, strict=True), start=1):
                label = name if len(values) == 1 else f"{name}{k}"
                row[label], row[f"{label}_se"] = value, error
        row["guessing"], row["guessing_se"] = self.guessing, self.guessing_se
        return [row | {"fixed": self.fixed, "reason": self.reason}]


@result
class GroupEstimate(Result):
    """The ability distribution of one group: normal, with standard errors where the mean or variance is free."""

    group: str
    n: float
    mean: float
    mean_se: float | None
    variance: float
    variance_se: float | None
    sd: float
    sd_se: float | None


@result
class IrtFit(Result):
    """A calibration by marginal maximum likelihood.

    Attributes
    ----------
    items : ItemParameters
        The items that could be estimated, ready for `score`, `probability`, linking and DIF.
    estimates : tuple of ItemEstimate
        One an item of the data, those left out included with the reason.
    groups : tuple of GroupEstimate
        The reference group first.
    log_likelihood, log_prior : float
        The marginal log-likelihood, and the log density of the priors (0 without); their sum is what was maximized.
    n_parameters : int
        Free parameters, which AIC and BIC count.
    n : float
        Learners with an answer (sum of weights); `n_patterns` distinct rows; `n_unanswered` learners left out.
    converged : bool
        Whether the Newton decrement fell below the tolerance.
    parameter_names : tuple of str
        Free parameters, as `item.slope`, `item.intercept1`, `item.logit_guessing`, `group.mean`, `group.variance`.
    covariance : float array, shape (p, p), or None
        Of the parameters as named; None with a notice where the information matrix is singular.
    threshold_covariance : float array, shape (p, p), or None
        The same parameters on the ability scale: thresholds for intercepts, guessing for its logit. For linking.
    """

    title = "IRT calibration"

    model: str
    items: ItemParameters
    estimates: tuple[ItemEstimate, ...]
    groups: tuple[GroupEstimate, ...]
    log_likelihood: float
    log_prior: float
    n_parameters: int
    aic: float
    bic: float
    n: float
    n_patterns: int
    n_unanswered: int
    iterations: int
    converged: bool
    method: str
    se_method: str
    scale_id: str
    quadrature: tuple[int, float, float]
    parameter_names: tuple[str, ...]
    covariance: Floats | None = array(default=None)
    threshold_covariance: Floats | None = array(default=None)
    notices: tuple[str, ...] = ()

    def rows(self) -> list[Row]:
        """Return one row an item, as `ItemEstimate.rows`."""
        return [row for estimate in self.estimates for row in estimate.rows()]

    def group(self, name: str = "") -> GroupEstimate:
        """Return the ability distribution of a group, by default the reference group."""
        for candidate in self.groups:
            if name in ("", candidate.group):
                return candidate
        raise NotEstimableError(f"group {name!r} is not among: {', '.join(g.group for g in self.groups)}.")

    def _summary(self) -> list[str]:
        fit = (
            f"{self.model}, n = {self.n:g}, log-likelihood {self.log_likelihood:.4f}, AIC {self.aic:.2f}, "
            f"BIC {self.bic:.2f}, {'converged' if self.converged else 'NOT converged'} ({self.method})"
        )
        return [self.title, fit, *(f"note: {notice}" for notice in self.notices)]
