"""Attrition: who of those assigned is missing from the analysis, and whether that is low or high.

Source: WWC Standards Handbook 4.1, Table II.1, as transcribed in the R package baselinr; the bias model is that of
Deke and Chiang (2017) with parameters fitted to the table.
"""

from __future__ import annotations

import math
from typing import Literal

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Result, result

Boundary = Literal["cautious", "optimistic"]

# Highest differential attrition (percentage points) that is still low, by overall attrition of 0, 1, 2, ... percent.
_TABLE: dict[str, tuple[float, ...]] = {
    "cautious": (
        5.7, 5.8, 5.9, 5.9, 6.0, 6.1, 6.2, 6.3, 6.3, 6.3, 6.3, 6.2, 6.2, 6.1, 6.0, 5.9, 5.9, 5.8, 5.7, 5.5,
        5.4, 5.3, 5.2, 5.1, 4.9, 4.8, 4.7, 4.5, 4.4, 4.3, 4.1, 4.0, 3.8, 3.6, 3.5, 3.3, 3.2, 3.1, 2.9, 2.8,
        2.6, 2.5, 2.3, 2.1, 2.0, 1.8, 1.6, 1.5, 1.3, 1.2, 1.0, 0.9, 0.7, 0.6, 0.4, 0.3, 0.2, 0.0,
    ),
    "optimistic": (
        10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 10.7, 10.8, 10.9, 10.9, 10.9, 10.9, 10.9, 10.8, 10.8, 10.7, 10.6, 10.5,
        10.3, 10.2, 10.0, 9.9, 9.7, 9.5, 9.4, 9.2, 9.0, 8.8, 8.6, 8.4, 8.2, 8.0, 7.8, 7.6, 7.4, 7.2, 7.0, 6.7, 6.5,
        6.3, 6.0, 5.8, 5.6, 5.3, 5.1, 4.9, 4.6, 4.4, 4.2, 3.9, 3.7, 3.5, 3.2, 3.0, 2.8, 2.6, 2.3, 2.1, 1.9, 1.6,
        1.4, 1.1, 0.9, 0.7, 0.5, 0.3,
    ),
}  # fmt: skip
# Squared correlation of the propensity to stay with the outcome, in the treated and the comparison group.
_ALPHA = {"cautious": (0.20, 0.15), "optimistic": (0.075, 0.050)}
_SLACK = 1e-9


@result
class Attrition(Result):
    """Overall and differential attrition against a boundary.

    `overall` and `differential` are shares. `highest_low_differential` is the most that counts as low at this overall
    attrition, None where any differential is high. `bias` is what the model expects, in standard deviations.
    """

    title = "Attrition (WWC)"

    overall: float
    differential: float
    boundary: Boundary
    highest_low_differential: float | None
    level: Literal["low", "high"]
    bias: float | None
    treated: float | None = None
    comparison: float | None = None
    unit: Literal["learners", "clusters"] = "learners"
    method: str = "WWC Standards Handbook 4.1, Table II.1"


def attrition(
    *,
    assigned_treated: int,
    analyzed_treated: int,
    assigned_comparison: int,
    analyzed_comparison: int,
    boundary: Boundary = "cautious",
    unit: Literal["learners", "clusters"] = "learners",
) -> Attrition:
    """Judge the attrition of a randomized comparison from the numbers assigned and analyzed.

    Parameters
    ----------
    assigned_treated, assigned_comparison : int
        Numbers at random assignment.
    analyzed_treated, analyzed_comparison : int
        Numbers of those assigned that are in the analysis of this outcome.
    boundary : {"cautious", "optimistic"}
        Cautious where the program may itself change who stays, as a program against dropout does; chosen in the
        protocol, never after the result is known.
    unit : {"learners", "clusters"}
        What was counted.

    Returns
    -------
    Attrition
        With `level` "low" or "high".

    Raises
    ------
    UsageError
        More analyzed than assigned, or nobody assigned to a group.

    Examples
    --------
    >>> found = attrition(assigned_treated=100, analyzed_treated=90, assigned_comparison=100, analyzed_comparison=94)
    >>> f"{found.overall:.2f} {found.differential:.2f} {found.level}"
    '0.08 0.04 low'
    """
    check.one_of("unit", unit, ("learners", "clusters"))
    one = _lost("treated", assigned_treated, analyzed_treated)
    two = _lost("comparison", assigned_comparison, analyzed_comparison)
    kept, assigned = analyzed_treated + analyzed_comparison, assigned_treated + assigned_comparison
    return _judge(1.0 - kept / assigned, abs(one - two), boundary, arms=(one, two), unit=unit)


def attrition_from_rates(overall: float, differential: float, *, boundary: Boundary = "cautious") -> Attrition:
    """Judge attrition from the two rates that a study reports, as shares.

    Parameters
    ----------
    overall, differential : float
        Shares from 0 to 1 (0.08 for 8 percent).
    boundary : {"cautious", "optimistic"}
        As in `attrition`.

    Examples
    --------
    >>> attrition_from_rates(0.30, 0.06).level, attrition_from_rates(0.30, 0.06, boundary="optimistic").level
    ('high', 'low')
    """
    share = check.number("overall", overall, low=0.0, high=1.0)
    apart = check.number("differential", differential, low=0.0, high=1.0)
    return _judge(share, apart, boundary, arms=(None, None), unit="learners")


def attrition_bias(overall: float, differential: float, *, boundary: Boundary = "cautious") -> float | None:
    """Bias in standard deviations that the attrition model expects, None where a group would have nobody left.

    The worse direction is taken: the treated group loses more. The boundary was drawn where this bias stays at 0.05
    when rounded; look verdicts up with `attrition_from_rates` and use this number to show how large the risk is.

    Examples
    --------
    >>> round(attrition_bias(0.30, 0.041), 3)
    0.055
    """
    check.one_of("boundary", boundary, tuple(_TABLE))
    overall = check.share("overall", overall, closed=True)
    differential = check.number("differential", differential, low=-1.0, high=1.0)
    alpha = _ALPHA[boundary]
    stay = 1.0 - overall - differential / 2.0, 1.0 - overall + differential / 2.0
    if stay[0] <= 0.0 or overall >= 1.0:
        return None
    return math.sqrt(alpha[0]) * _selection(stay[0]) - math.sqrt(alpha[1]) * _selection(stay[1])


def _judge(
    overall: float,
    differential: float,
    boundary: Boundary,
    *,
    arms: tuple[float | None, float | None],
    unit: Literal["learners", "clusters"],
) -> Attrition:
    check.one_of("boundary", boundary, tuple(_TABLE))
    percent = math.floor(100.0 * overall + 0.5 + _SLACK)
    table = _TABLE[boundary]
    most = table[percent] / 100.0 if percent < len(table) else None
    return Attrition(
        overall=overall,
        differential=differential,
        boundary=boundary,
        highest_low_differential=most,
        level="low" if most is not None and differential <= most + _SLACK else "high",
        bias=attrition_bias(overall, differential, boundary=boundary),
        treated=arms[0],
        comparison=arms[1],
        unit=unit,
    )


def _lost(name: str, assigned: int, analyzed: int) -> float:
    start = check.whole(f"assigned_{name}", assigned, minimum=1)
    end = check.whole(f"analyzed_{name}", analyzed)
    if end > start:
        raise UsageError(
            f"analyzed_{name}={analyzed} is more than assigned_{name}={assigned}. Count only those who were assigned; "
            "give later joiners to the study design instead."
        )
    return 1.0 - end / start


def _selection(stay: float) -> float:
    """Return the mean of a standard normal above the cut that lets the share `stay` pass."""
    from scipy import special

    if stay >= 1.0:
        return 0.0
    cut = float(special.ndtri(1.0 - stay))
    return math.exp(-cut * cut / 2.0) / math.sqrt(2.0 * math.pi) / stay
