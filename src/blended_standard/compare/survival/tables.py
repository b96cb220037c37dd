"""At-risk tables: the sufficient statistics of every survival estimate here, so that aggregates merge exactly.

A program that cannot share records shares, for each time, how many entered, had each kind of event and were censored.
Adding these counts over programs gives the table of the pooled records (Klein and Moeschberger 2003, chapter 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from blended_standard.compare.survival._inputs import Records, read_records
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result


@result
class RiskSets(Result):
    """The at-risk table of one group.

    `events` has shape (times, causes); `at_risk` counts those followed just before each time; `entered` counts those
    who come under observation at that time (at risk only after it); `initial` were followed from the start.
    """

    group: str | None
    initial: float
    time: npt.NDArray[np.float64] = array()
    at_risk: npt.NDArray[np.float64] = array()
    events: npt.NDArray[np.float64] = array()
    censored: npt.NDArray[np.float64] = array()
    entered: npt.NDArray[np.float64] = array()

    @property
    def n(self) -> float:
        """All who were ever followed (the sum of their weights)."""
        return float(self.initial + self.entered.sum())


@result
class AtRiskTable(Result):
    """At-risk tables of one or more groups, with the labels of the causes in the order of the event columns."""

    title: ClassVar[str] = "At-risk table"
    causes: tuple[str, ...]
    groups: tuple[RiskSets, ...]

    def rows(self) -> list[Row]:
        """Return one row a group and time."""
        return [
            {
                "group": part.group,
                "time": float(part.time[i]),
                "at_risk": float(part.at_risk[i]),
                **{f"events_{cause}": float(part.events[i, k]) for k, cause in enumerate(self.causes)},
                "censored": float(part.censored[i]),
                "entered": float(part.entered[i]),
            }
            for part in self.groups
            for i in range(part.time.size)
        ]

    def merge(self, *others: AtRiskTable) -> AtRiskTable:
        """Return the table of the records of all these tables taken together."""
        return merge_at_risk_tables([self, *others])

    def pooled(self) -> AtRiskTable:
        """Return the table with the groups taken together."""
        parts = [_relabel(part, None) for part in self.groups]
        return AtRiskTable(causes=self.causes, groups=(_add(parts, None),))


def at_risk_table(
    times: npt.ArrayLike,
    events: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
    censored: int | str = 0,
) -> AtRiskTable:
    """Count, at each time, who is at risk, who has the event and who is censored.

    Parameters
    ----------
    times : float array, shape (n,)
        Time from the start to the event or to the end of observation. No missing values.
    events : array, shape (n,)
        What ended the observation: the value `censored`, or the code (number or text) of an event.
    groups : array, shape (n,), optional
        Label of each record's group; a table is made for each.
    weights : float array, shape (n,), optional
        Counts or weights of 0 or more.
    entry : float array, shape (n,), optional
        Time at which observation began (left truncation); before each record's time.
    censored : int or str
        The code that means that no event was seen.

    Returns
    -------
    AtRiskTable
        Accepted as `table=` by the survival functions; `merge` adds tables of several programs.

    Raises
    ------
    UsageError
        Missing values, lengths that differ, negative weights, an entry that is not before the exit.

    Notes
    -----
    Times that differ by floating-point rounding only (relative 1.5e-8) count as one time.

    Examples
    --------
    >>> table = at_risk_table([2, 3, 4, 4], [1, 0, 1, 1])
    >>> [(row["time"], row["at_risk"], row["events_1"]) for row in table.rows()]
    [(2.0, 4.0, 1.0), (3.0, 3.0, 0.0), (4.0, 2.0, 2.0)]
    """
    return tabulate(
        read_records(times, events, groups=groups, weights=weights, entry=entry, censored=censored, competing=True)
    )


def at_risk_table_from_counts(
    time: npt.ArrayLike,
    events: npt.ArrayLike,
    *,
    censored: npt.ArrayLike | None = None,
    entered: npt.ArrayLike | None = None,
    initial: float | None = None,
    causes: Sequence[str] | None = None,
    group: str | None = None,
) -> AtRiskTable:
    """Make the at-risk table of one group from counts a time, such as a database groups them.

    Parameters
    ----------
    time : float array, shape (t,)
        Distinct times, in any order.
    events : float array, shape (t,) or (t, causes)
        Number of events at each time, a column a cause.
    censored, entered : float array, shape (t,), optional
        Number censored at each time (after its events), and number who came under observation at it.
    initial : float, optional
        Number followed from the start. Default: all who leave, less all who enter late.
    causes : sequence of str, optional
        Names of the event columns. Default: "1", "2", ...
    group : str, optional
        Label of the group.

    Returns
    -------
    AtRiskTable
        With one group.

    Raises
    ------
    UsageError
        Negative counts, repeated times, lengths that differ, or more leaving than were ever followed.

    Examples
    --------
    >>> at_risk_table_from_counts([2, 4], [1, 2], censored=[1, 0]).groups[0].at_risk.tolist()
    [4.0, 2.0]
    """
    when = check.vector("time", time)
    counts = np.asarray(events, dtype=np.float64)
    counts = counts[:, None] if counts.ndim == 1 else counts
    gone = np.zeros(when.size) if censored is None else check.vector("censored", censored, size=when.size)
    late = np.zeros(when.size) if entered is None else check.vector("entered", entered, size=when.size)
    if counts.ndim != 2 or counts.shape[0] != when.size:
        raise UsageError(f"events has shape {counts.shape} and there are {when.size} times. Pass one row a time.")
    names = tuple(causes) if causes is not None else tuple(str(k + 1) for k in range(counts.shape[1]))
    if len(names) != counts.shape[1]:
        raise UsageError(f"causes names {len(names)} events and events has {counts.shape[1]} columns.")
    if np.unique(when).size != when.size:
        raise UsageError("time holds a value twice. Add up the counts of equal times first.")
    for name, values in (("events", counts), ("censored", gone), ("entered", late)):
        if not np.isfinite(values).all() or (values < 0).any():
            raise UsageError(f"{name} holds a negative or missing count. Pass counts of 0 or more.")
    order = np.argsort(when)
    leaving = float(counts.sum() + gone.sum())
    start = leaving - float(late.sum()) if initial is None else float(initial)
    part = _risk_sets(group, start, when[order], counts[order], gone[order], late[order])
    if (part.at_risk < part.events.sum(axis=1) + part.censored - 1e-9 * max(1.0, leaving)).any():
        raise UsageError("More leave than are at risk at some time. Check initial, entered, events and censored.")
    return AtRiskTable(causes=names, groups=(part,))


def merge_at_risk_tables(tables: Sequence[AtRiskTable]) -> AtRiskTable:
    """Add at-risk tables up: groups of the same name are pooled, other groups stand side by side.

    Parameters
    ----------
    tables : sequence of AtRiskTable
        At least one.

    Returns
    -------
    AtRiskTable
        Equal to the table of the pooled records.

    Examples
    --------
    >>> a = at_risk_table([1, 3], [1, 0])
    >>> b = at_risk_table([2, 3], [1, 1])
    >>> merge_at_risk_tables([a, b]) == at_risk_table([1, 2, 3, 3], [1, 1, 0, 1])
    True
    """
    if not tables:
        raise UsageError("tables is empty. Pass at least one at-risk table.")
    causes = tuple(sorted({cause for table in tables for cause in table.causes}))
    labels = list(dict.fromkeys(part.group for table in tables for part in table.groups))
    aligned = [_with_causes(part, table.causes, causes) for table in tables for part in table.groups]
    ordered = sorted(labels, key=lambda label: (label is not None, label or ""))
    parts = tuple(_add([part for part in aligned if part.group == label], label) for label in ordered)
    return AtRiskTable(causes=causes, groups=parts)


def tabulate(records: Records) -> AtRiskTable:
    """Count checked records into an at-risk table."""
    parts = []
    for index, label in enumerate(records.group_labels):
        own = records.group == index
        exits, where = np.unique(records.times[own], return_inverse=True)
        cause, weight = records.cause[own], records.weights[own]
        causes = len(records.cause_labels)
        counts = np.bincount(where * (causes + 1) + cause + 1, weights=weight, minlength=exits.size * (causes + 1))
        left: Floats = counts.astype(np.float64).reshape(exits.size, causes + 1)
        if records.entry is None:
            parts.append(_risk_sets(label, float(weight.sum()), exits, left[:, 1:], left[:, 0], np.zeros(exits.size)))
            continue
        begin = records.entry[own]
        grid = np.union1d(exits, begin)
        spread = np.zeros((grid.size, causes + 1))
        spread[np.searchsorted(grid, exits)] = left
        late = np.bincount(np.searchsorted(grid, begin), weights=weight, minlength=grid.size).astype(np.float64)
        parts.append(_risk_sets(label, 0.0, grid, spread[:, 1:], spread[:, 0], late))
    return AtRiskTable(causes=records.cause_labels, groups=tuple(parts))


def _risk_sets(
    group: str | None, initial: float, time: Floats, events: Floats, censored: Floats, entered: Floats
) -> RiskSets:
    # Counted from the end, so that the last set is exactly what leaves, whatever the weights. Those never seen to
    # leave (`initial` larger than the rest) stay at risk throughout.
    leaving = events.sum(axis=1) + censored
    staying = initial + entered.sum() - leaving.sum()
    staying = 0.0 if abs(staying) <= 1e-9 * max(1.0, leaving.sum()) else staying
    later_entries = np.cumsum(entered[::-1])[::-1]
    at_risk = np.cumsum(leaving[::-1])[::-1] - later_entries + staying
    return RiskSets(
        group=group, initial=initial, time=time, at_risk=at_risk, events=events, censored=censored, entered=entered
    )


def _with_causes(part: RiskSets, old: tuple[str, ...], new: tuple[str, ...]) -> RiskSets:
    counts = np.zeros((part.time.size, len(new)))
    counts[:, [new.index(cause) for cause in old]] = part.events
    return _risk_sets(part.group, part.initial, part.time, counts, part.censored, part.entered)


def _relabel(part: RiskSets, label: str | None) -> RiskSets:
    return _risk_sets(label, part.initial, part.time, part.events, part.censored, part.entered)


def _add(parts: Sequence[RiskSets], label: str | None) -> RiskSets:
    grid = np.unique(np.concatenate([part.time for part in parts]))
    events = np.zeros((grid.size, parts[0].events.shape[1]))
    censored, entered = np.zeros(grid.size), np.zeros(grid.size)
    for part in parts:
        rows = np.searchsorted(grid, part.time)
        events[rows] += part.events
        censored[rows] += part.censored
        entered[rows] += part.entered
    return _risk_sets(label, float(sum(part.initial for part in parts)), grid, events, censored, entered)
