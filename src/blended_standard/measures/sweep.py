"""`sweep`: one measure over a range of one of its parameters, to see how far the choice matters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from blended_standard.engine import Engine, using
from blended_standard.errors import UsageError, expect
from blended_standard.io import Submission
from blended_standard.io.submission import expect_submission
from blended_standard.measures.report import MeasureReport, Value
from blended_standard.measures.resolved import Overrides
from blended_standard.measures.score import score
from blended_standard.results import Result, Row, result


@result
class SweepPoint(Result):
    """The results at one value of the parameter."""

    value: Value
    report: MeasureReport


@result
class Sweep(Result):
    """One measure at each value of a parameter. Its points do not compare where the parameter is in the key."""

    measure: str
    parameter: str
    points: tuple[SweepPoint, ...]

    def rows(self) -> list[Row]:
        """Return one row a value and group."""
        return [
            {"parameter": self.parameter, "setting": point.value, **row}
            for point in self.points
            for row in point.report.rows()
        ]

    def spread(self) -> dict[str, float]:
        """Return the largest less the smallest value of each group; groups without a value are left out."""
        found: dict[str, list[float]] = {}
        for point in self.points:
            for entry in point.report:
                if entry.value is not None:
                    found.setdefault(entry.label, []).append(entry.value)
        return {label: max(values) - min(values) for label, values in found.items()}


def sweep(
    submission: Submission,
    measure: str,
    parameter: str,
    *,
    values: Sequence[Value],
    by: Sequence[str] = ("program",),
    as_of: dt.date | str | None = None,
    engine: str | Engine | None = None,
    profile: str | None = None,
    parameters: Overrides | None = None,
) -> Sweep:
    """Compute one measure at several values of one parameter, all else alike.

    Parameters
    ----------
    submission, by, as_of, engine, profile, parameters
        As in `score`.
    measure : str
        The id of a measure.
    parameter : str
        One of its parameters.
    values : list
        The values to try, each inside the range of the definition.

    Returns
    -------
    Sweep

    Raises
    ------
    UsageError
        An unknown measure or parameter, or a value outside its range; nothing is computed then.

    Examples
    --------
    >>> from blended_standard.measures.score import example
    >>> found = sweep(example(), "ENG-01", "minimum_weeks", values=[2, 4, 6], as_of="2026-01-31")
    >>> [row["value"] for row in found.rows()]
    [0.75, 0.75, None]
    """
    expect_submission(submission)
    expect("values", values, Iterable, "the values of the parameter to try, such as [2, 4, 6]")
    tried = tuple(values)
    if not tried:
        raise UsageError("values is empty. Pass the values of the parameter to try.")
    definition = submission.standard.measures[submission.standard.measure_ids([measure])[0]]
    fixed = dict((parameters or {}).get(measure, {}))
    for value in tried:
        definition.resolve({**fixed, parameter: value})
    with using(engine) as opened:
        points = tuple(
            SweepPoint(
                value=value,
                report=score(
                    submission,
                    measure,
                    by=by,
                    as_of=as_of,
                    engine=opened,
                    profile=profile,
                    parameters={**(parameters or {}), measure: {**fixed, parameter: value}},
                ),
            )
            for value in tried
        )
    return Sweep(measure=measure, parameter=parameter, points=points)
