"""The numbers of one result, as a summary computes them."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from blended_standard.measures.report import Bounds
from blended_standard.results import Interval

Sums = Mapping[str, float | int]


@attrs.frozen(kw_only=True)
class Numbers:
    """The numbers of one result, before small-n and coverage rules; `reason` says why there is no value.

    `parts` are the components that are computed together with the headline, by id.
    """

    value: float | None = None
    se: float | None = None
    interval: Interval | None = None
    numerator: float | None = None
    denominator: float | None = None
    bounds: Bounds | None = None
    reason: str | None = None
    mature: bool = True
    parts: Mapping[str, Numbers] = attrs.field(factory=dict)
