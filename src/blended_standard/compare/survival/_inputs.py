"""Checks and conversions shared by the survival functions; every refusal names the argument and what is accepted."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats

Ints = npt.NDArray[np.intp]

# Times closer than this (absolute, or relative to the mean time) are one time: 0.1 + 0.2 and 0.3 are a tie.
TIE_TOLERANCE = 1.5e-8


@attrs.frozen(kw_only=True)
class Records:
    """One row a record, checked: exit time, index of the cause (-1 = censored), entry, weight and group index."""

    times: Floats
    cause: Ints
    entry: Floats | None
    weights: Floats
    group: Ints
    group_labels: tuple[str | None, ...]
    cause_labels: tuple[str, ...]


def read_records(
    times: npt.ArrayLike,
    events: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
    censored: object = 0,
    competing: bool = False,
) -> Records:
    """Check raw records and number their causes and groups."""
    end = check.vector("times", times)
    if end.size == 0:
        raise NotEstimableError("times is empty: there is no record to follow. Pass at least one record.")
    start = None if entry is None else check.vector("entry", entry, size=end.size)
    end, start = _join_ties(end, start)
    if start is not None and (start >= end).any():
        row = int(np.flatnonzero(start >= end)[0])
        raise UsageError(
            f"entry[{row}]={start[row]:g} is not before times[{row}]={end[row]:g}: a record must be followed for "
            "some time. Drop such records, or correct their times."
        )
    cause, labels = _causes(events, end.size, censored) if competing else _single_cause(events, end.size)
    group, names = group_index(groups, end.size)
    weight = _weights(weights, end.size)
    kept = weight > 0
    for index, label in enumerate(names):
        if not kept[group == index].any():
            raise NotEstimableError(f"All weights of group {label!r} are 0. Leave the group out, or weight it.")
    return Records(
        times=end[kept],
        cause=cause[kept],
        entry=None if start is None else start[kept],
        weights=weight[kept],
        group=group[kept],
        group_labels=names,
        cause_labels=labels,
    )


def group_index(groups: npt.ArrayLike | None, size: int, name: str = "groups") -> tuple[Ints, tuple[str | None, ...]]:
    """Return the index of each record's group, and the labels in sorted order (`(None,)` without groups)."""
    if groups is None:
        return np.zeros(size, dtype=np.intp), (None,)
    labels, index = _unique_labels(groups, name, size)
    return index, tuple(labels)


def whole_numbers(weights: Floats) -> bool:
    """Tell whether weights can be counts of records."""
    return bool((weights == np.rint(weights)).all())


def chosen_times(at: npt.ArrayLike | None) -> Floats:
    """Return the times asked for, or none."""
    return np.empty(0) if at is None else check.vector("at", np.atleast_1d(np.asarray(at, dtype=np.float64)))


def _join_ties(end: Floats, start: Floats | None) -> tuple[Floats, Floats | None]:
    """Give times that differ by rounding only the same value."""
    everything = end if start is None else np.concatenate([end, start])
    values, index = np.unique(everything, return_inverse=True)
    scale = float(np.mean(np.abs(values))) or 1.0
    new = np.diff(values, prepend=values[0] - 1) > TIE_TOLERANCE * max(1.0, scale)
    new[0] = True
    if new.all():
        return end, start
    joined = values[np.maximum.accumulate(np.where(new, np.arange(values.size), 0))][index]
    return joined[: end.size], None if start is None else joined[end.size :]


def _single_cause(events: npt.ArrayLike, size: int) -> tuple[Ints, tuple[str, ...]]:
    happened = check.vector("events", np.asarray(events), size=size)
    if not np.isin(happened, (0.0, 1.0)).all():
        wrong = happened[~np.isin(happened, (0.0, 1.0))][0]
        raise UsageError(
            f"events holds {wrong:g}. Pass 1 or True where the event was seen and 0 or False where it was not: "
            "a status coded 1 and 2 becomes `status == 2`; several kinds of event go to cumulative_incidence."
        )
    return np.where(happened == 1, 0, -1).astype(np.intp), ("event",)


def _causes(events: npt.ArrayLike, size: int, censored: object) -> tuple[Ints, tuple[str, ...]]:
    labels, index = _unique_labels(events, "events", size)
    none = _label(np.asarray(censored)[()])
    causes = tuple(label for label in labels if label != none)
    position = np.array([-1 if label == none else causes.index(label) for label in labels], dtype=np.intp)
    return position[index], causes


def _unique_labels(labels: npt.ArrayLike, name: str, size: int) -> tuple[list[str], Ints]:
    values, index = np.unique(check.labels(name, labels, size=size, unit="record"), return_inverse=True)
    return [_label(value) for value in values], index.astype(np.intp)


def _label(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _weights(weights: npt.ArrayLike | None, size: int) -> Floats:
    if weights is None:
        return np.ones(size)
    made = check.vector("weights", weights, size=size)
    if (made < 0).any():
        row = int(np.flatnonzero(made < 0)[0])
        raise UsageError(f"weights[{row}]={made[row]:g} is negative. Pass weights or counts of 0 or more.")
    if made.sum() == 0:
        raise NotEstimableError("weights are all 0: no record counts. Pass at least one positive weight.")
    return made
