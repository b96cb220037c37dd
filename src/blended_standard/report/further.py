"""Which further results may stand in a report: none that is about few learners, in any of its parts.

A part about few is not cut out of its result, since what is left could give it away by subtraction.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from blended_standard.compare import BalanceTable, Effect
from blended_standard.measures import MeasureReport, MeasureResult
from blended_standard.measures.bridge import Claim
from blended_standard.privacy import Policy
from blended_standard.results import Result

_PEOPLE = frozenset(("n", "n_treated", "n_comparison", "n_learners", "n_analyzed", "learners", "episodes", "pairs"))
_OF_STUDIES = "blended_standard.compare.meta"


def why_withheld(part: Result, policy: Policy) -> str | None:
    """Return why a further result must not be published, or None when it may.

    Parameters
    ----------
    part : Result
        Anything but a measure report or a comparison, which `for_publication` judges.
    policy : Policy

    Examples
    --------
    >>> from blended_standard.compare import risk_difference
    >>> why_withheld(risk_difference(3, 6, 20, 40), Policy())
    'Withheld: it is about fewer than 10 learners. Join small groups and compute it again.'
    >>> why_withheld(risk_difference(20, 40, 15, 40), Policy())
    """
    if type(part).__module__.startswith(_OF_STUDIES):
        return None
    few = policy.minimum_n
    if any(0 < count < few for count in _sizes(part)):
        return f"Withheld: it is about fewer than {few} learners. Join small groups and compute it again."
    if any(0 < count < policy.minimum_numerator for count in _counts(part)):
        return f"Withheld: fewer than {policy.minimum_numerator} learners share a trait in it. Join small traits."
    return None


def _sizes(part: object) -> Iterator[float]:
    """Yield every number of people in a result and in the results inside it."""
    if isinstance(part, tuple | list):
        for each in part:
            yield from _sizes(each)
    elif isinstance(part, Result) and not isinstance(part, MeasureReport | MeasureResult):
        for field in attrs.fields(type(part)):  # type: ignore[arg-type]
            value = getattr(part, field.name)
            if field.name in _PEOPLE and isinstance(value, int | float) and not isinstance(value, bool):
                yield value
            else:
                yield from _sizes(value)


def _counts(part: Result) -> Iterator[float]:
    """Yield how many have a trait, and how many have not, where a result tells it of a group."""
    if isinstance(part, BalanceTable):
        arms = (("mean_treated", part.n_treated), ("mean_comparison", part.n_comparison))
        for line in part.covariates:
            for name, size in arms if line.binary else ():
                count = round(getattr(line, name) * size)
                yield from (count, size - count)
    if isinstance(part, Effect):
        for arm, total in (("p_treated", part.n_treated), ("p_comparison", part.n_comparison)):
            share = part.parameters.get(arm)
            if isinstance(share, float) and total:
                yield from (round(share * total), total - round(share * total))
    if isinstance(part, Claim):
        for condition in part.conditions:
            yield from (condition.met, condition.unmet)
