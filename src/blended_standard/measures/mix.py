"""EQ-04: a measure as it would be if a group had the mix of learners at entry of a reference (direct standardization).

Sources: direct standardization as in Fleiss, Levin and Paik (2003, chapter 19); the interval of a weighted sum from
the intervals of its parts as in Zou and Donner (2008).
"""

from __future__ import annotations

import functools
import math
import operator
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from blended_standard.errors import SpecError, UsageError
from blended_standard.measures.numbers import Numbers, Sums
from blended_standard.measures.report import Group
from blended_standard.measures.resolved import ResolvedMeasure
from blended_standard.numeric.intervals import weighted_sum

if TYPE_CHECKING:
    from blended_standard.measures.finish import Collected
    from blended_standard.measures.summaries import Summary


@attrs.frozen
class MixSummary:
    """The summaries of a group by stratum of learners at entry."""

    strata: Mapping[str, Summary]

    @property
    def n(self) -> int:
        """The number of units."""
        return sum(part.n for part in self.strata.values())

    def __add__(self, other: MixSummary) -> MixSummary:
        found = dict(self.strata)
        for stratum, part in other.strata.items():
            found[stratum] = found[stratum] + part if stratum in found else part
        return MixSummary(found)

    def sums(self) -> Sums:
        """Return the sums of each stratum, named `stratum:name`."""
        parts = sorted(self.strata.items())
        return {f"{stratum}:{name}": value for stratum, part in parts for name, value in part.sums().items()}

    def evaluate(self, measure: ResolvedMeasure) -> Numbers:
        """Compute the weighted sum over the strata, with the raw value and the distance of the mixes beside it."""
        if measure.base is None:
            raise SpecError(f"{measure.definition.id} adjusts a measure and names none.")
        mix = read_mix(str(measure.parameters["mix"]))
        raw = functools.reduce(operator.add, self.strata.values()).evaluate(measure.base)
        found: list[tuple[float, Numbers]] = []
        for weight, part in self._classes(mix, int(measure.parameters["minimum_units"])):
            numbers = part.evaluate(measure.base)
            if numbers.value is None:
                return Numbers(reason=f"A stratum has no value: {numbers.reason}", mature=numbers.mature)
            found.append((weight, numbers))
        values = [(weight, numbers.value or 0.0) for weight, numbers in found]
        errors = [(weight, numbers.se) for weight, numbers in found if numbers.se is not None]
        parts = [(weight, numbers.value or 0.0, numbers.interval) for weight, numbers in found]
        return Numbers(
            value=math.fsum(weight * value for weight, value in values),
            se=math.hypot(*(weight * se for weight, se in errors)) if len(errors) == len(found) else None,
            interval=weighted_sum([(w, value, ends) for w, value, ends in parts if ends])
            if all(ends for _, _, ends in parts)
            else None,
            denominator=self.n,
            parts={"raw": raw, "mix_distance": Numbers(value=self._distance(mix))},
        )

    def _classes(self, mix: Mapping[str, float], minimum: int) -> Iterator[tuple[float, Summary]]:
        """Yield weight and summary of the strata in order; one too small joins the next, what is left the last."""
        made: list[tuple[float, Summary]] = []
        weight, held = 0.0, None
        for stratum in sorted({*mix, *self.strata}):
            weight += mix.get(stratum, 0.0)
            part = self.strata.get(stratum)
            held = part if held is None else held if part is None else held + part
            if held is not None and held.n >= minimum:
                made.append((weight, held))
                weight, held = 0.0, None
        if made and (weight or held is not None):
            last, before = made.pop()
            made.append((last + weight, before if held is None else before + held))
        elif held is not None:
            made.append((weight, held))
        return iter(made)

    def _distance(self, mix: Mapping[str, float]) -> float:
        """Half the sum of the absolute differences of shares, from 0 for one mix to 1 for none in common."""
        strata = sorted({*mix, *self.strata})
        own = {stratum: part.n / self.n for stratum, part in self.strata.items()}
        return math.fsum(abs(own.get(stratum, 0.0) - mix.get(stratum, 0.0)) for stratum in strata) / 2


def standardized(
    measure: ResolvedMeasure, collected: Mapping[Group, Collected]
) -> tuple[ResolvedMeasure, dict[Group, MixSummary]]:
    """Put the strata of each group together, and state the mix of all of them where the measure names none.

    Parameters
    ----------
    measure : ResolvedMeasure
        EQ-04 with its base.
    collected : mapping
        The base measure by the groups asked for and, last, by stratum.
    """
    strata: dict[Group, dict[str, Summary]] = defaultdict(dict)
    size: Counter[str] = Counter()
    for group, part in collected.items():
        if part.summary is not None:
            stratum = group[-1][1]
            strata[group[:-1]][stratum] = part.summary
            size[stratum] += part.summary.n
    if not measure.parameters["mix"] and size:
        stated = {**measure.parameters, "mix": write_mix(size)}
        measure = attrs.evolve(measure, parameters=stated)
    return measure, {group: MixSummary(parts) for group, parts in strata.items()}


def write_mix(size: Mapping[str, float]) -> str:
    """Return shares as the parameter `mix` holds them: `1.2.1=0.25 3.2.1=0.75`.

    Examples
    --------
    >>> write_mix({"1.2.1": 5, "3.2.1": 15})
    '1.2.1=0.25 3.2.1=0.75'
    """
    total = sum(size.values())
    return " ".join(f"{stratum}={count / total!r}" for stratum, count in sorted(size.items()) if count)


def read_mix(text: str) -> dict[str, float]:
    """Read what `write_mix` writes, or a state publishes.

    Raises
    ------
    UsageError
        A part is not `stratum=share`, a share is negative, or they do not add up to 1.
    """
    mix: dict[str, float] = {}
    for entry in text.split():
        stratum, _, share = entry.partition("=")
        try:
            mix[stratum] = float(share)
        except ValueError:
            raise UsageError(f"mix has {entry!r}. Accepted: stratum=share, such as 1.2.1=0.25.") from None
    if min(mix.values(), default=0.0) < 0 or not math.isclose(math.fsum(mix.values()), 1.0, abs_tol=1e-6):
        raise UsageError(f"mix={text!r}: shares must not be negative and must add up to 1.")
    return mix
