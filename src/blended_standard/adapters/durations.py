"""ISO 8601 durations in seconds; years and months have none.

Source: ISO 8601-1:2019, 5.5.2 (durations with designators).
"""

from __future__ import annotations

import re

_DURATION = re.compile(
    r"P(?!$)(?:(?P<weeks>\d+(?:\.\d+)?)W|(?:(?P<years>\d+(?:\.\d+)?)Y)?(?:(?P<months>\d+(?:\.\d+)?)M)?"
    r"(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?)"
)
_SECONDS = {"weeks": 604_800.0, "days": 86_400.0, "hours": 3_600.0, "minutes": 60.0, "seconds": 1.0}


def is_duration(text: str) -> bool:
    """Say whether `text` is a duration.

    Examples
    --------
    >>> is_duration("PT1H0M0.1S"), is_duration("P16559.14S"), is_duration("P4W")
    (True, False, True)
    """
    return _DURATION.fullmatch(text) is not None


def seconds_of(text: str) -> float | None:
    """Return the seconds of a duration, or None where it is none or counts years or months.

    Examples
    --------
    >>> seconds_of("P1DT1M0.5S"), seconds_of("P1M")
    (86460.5, None)
    """
    found = _DURATION.fullmatch(text)
    if found is None or float(found["years"] or 0) or float(found["months"] or 0):
        return None
    return sum(size * float(found[name] or 0) for name, size in _SECONDS.items())
