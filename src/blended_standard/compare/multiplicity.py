"""Many findings at once, and an effect as percentile points.

Source: Benjamini and Hochberg (1995); WWC Procedures Handbook 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.compare._effect import Effect, Numbers
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Estimate, Interval, Result, Row, array, result


@result
class MultipleComparisons(Result):
    """P values with their Benjamini-Hochberg adjustment, each domain by itself, in the order given."""

    title = "Multiple comparisons (Benjamini-Hochberg)"

    labels: tuple[str, ...]
    domains: tuple[str, ...]
    p_value: npt.NDArray[np.float64] = array()
    adjusted: npt.NDArray[np.float64] = array()
    critical: npt.NDArray[np.float64] = array()
    significant: tuple[bool, ...]
    alpha: float

    def rows(self) -> list[Row]:
        """Return one row a finding."""
        columns = zip(
            self.labels, self.domains, self.p_value, self.adjusted, self.critical, self.significant, strict=True
        )
        return [
            {
                "finding": label,
                "domain": domain,
                "p_value": float(p),
                "adjusted": float(adjusted),
                "critical": float(critical),
                "significant": significant,
            }
            for label, domain, p, adjusted, critical, significant in columns
        ]


def benjamini_hochberg(
    p_values: Numbers,
    *,
    domains: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    alpha: float = 0.05,
) -> MultipleComparisons:
    """Control the share of false discoveries among the findings of each outcome domain.

    Parameters
    ----------
    p_values : float array, shape (findings,)
        Two-sided p values, already corrected for clusters; no missing values.
    domains : sequence of str, optional
        Outcome domain of each finding. Default: one domain.
    labels : sequence of str, optional
        Name of each finding. Default: "1", "2", ...
    alpha : float
        Accepted share of false discoveries.

    Returns
    -------
    MultipleComparisons
        `critical` is `alpha k / M` of the finding's rank k among M; `adjusted` equals `p.adjust(method="BH")` of R.

    Examples
    --------
    >>> findings = benjamini_hochberg([0.012, 0.03, 0.2], domains=["credits", "credits", "attendance"])
    >>> findings.adjusted.tolist(), findings.significant
    ([0.024, 0.03, 0.2], (True, True, False))
    """
    p = check.vector("p_values", p_values)
    if p.size and (p.min() < 0.0 or p.max() > 1.0):
        raise UsageError("p_values holds a number outside 0 to 1.")
    share = check.share("alpha", alpha)
    groups = _texts("domains", domains, p.size, ["all"] * p.size)
    names = _texts("labels", labels, p.size, [str(i + 1) for i in range(p.size)])
    adjusted, critical = np.zeros(p.size), np.zeros(p.size)
    significant = np.zeros(p.size, dtype=bool)
    for domain in dict.fromkeys(groups):
        chosen = np.array([group == domain for group in groups])
        adjusted[chosen], critical[chosen], significant[chosen] = _one_domain(p[chosen], share)
    return MultipleComparisons(
        labels=names,
        domains=groups,
        p_value=p,
        adjusted=adjusted,
        critical=critical,
        significant=tuple(bool(value) for value in significant),
        alpha=share,
    )


def improvement_index(effect: float | Effect) -> Estimate:
    """Percentile points by which an average learner of the comparison group would move, `100 (Phi(g) - 0.5)`.

    Parameters
    ----------
    effect : float or Effect
        A standardized effect (Hedges g or Cox index). With an `Effect` the interval is carried over.

    Examples
    --------
    >>> round(improvement_index(0.25).value, 6)
    9.870633
    """
    if not isinstance(effect, Effect):
        return Estimate(
            name="Improvement index", value=_points(check.number("effect", effect)), method="100 (Phi(g) - 0.5)"
        )
    if effect.value is None:
        return Estimate(name="Improvement index", value=None, reason=effect.reason, n=effect.n)
    if effect.name not in _STANDARDIZED:
        raise UsageError(f"effect is a {effect.name!r}. Pass a standardized effect: {', '.join(_STANDARDIZED)}.")
    interval = effect.interval
    return Estimate(
        name="Improvement index",
        value=_points(effect.value),
        interval=None
        if interval is None
        else Interval(
            low=_points(interval.low), high=_points(interval.high), level=interval.level, method=interval.method
        ),
        n=effect.n,
        method="100 (Phi(g) - 0.5)",
    )


_STANDARDIZED = (
    "Hedges g",
    "Cohen d",
    "Glass delta",
    "Cox index",
    "Difference in differences",
    "Difference of gains",
)


def _one_domain(
    p: npt.NDArray[np.float64], alpha: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    order = np.argsort(p, kind="stable")
    rank = np.empty(p.size)
    rank[order] = np.arange(1, p.size + 1)
    stepped = np.minimum.accumulate((p[order] * p.size / np.arange(1, p.size + 1))[::-1])[::-1]
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(stepped, 1.0)
    critical = alpha * rank / p.size
    passing = rank[p <= critical * (1.0 + 1e-12)]
    return adjusted, critical, rank <= (passing.max() if passing.size else 0)


def _points(g: float) -> float:
    from scipy import special

    return 100.0 * (float(special.ndtr(g)) - 0.5)


def _texts(name: str, values: Sequence[str] | None, size: int, default: Sequence[str]) -> tuple[str, ...]:
    if values is None:
        return tuple(default)
    if len(values) != size:
        raise UsageError(f"{name} has {len(values)} entries for {size} p values. Pass one a finding.")
    return tuple(str(value) for value in values)
