"""The searches behind `match`: greedy nearest neighbors on one score (near-linear time) or on several coordinates."""

from __future__ import annotations

import numpy as np

from blended_standard.numeric.arguments import Floats, Integers


def nearest_by_score(
    position: Floats, seekers: Integers, pool: Integers, *, ratio: int, replace: bool, width: float | None
) -> Integers:
    """Return (seeker, taken) row pairs for one score; `seekers` choose in the order given, ties to the earlier row."""
    if replace:
        return _with_replacement(position, seekers, pool, ratio, width)
    return _without_replacement(position, seekers, pool, ratio, width)


def nearest_by_matrix(
    matrix: Floats,
    seekers: Integers,
    pool: Integers,
    *,
    ratio: int,
    replace: bool,
    width: float | None,
    position: Floats | None,
) -> Integers:
    """Return (seeker, taken) row pairs by Euclidean distance of rows of `matrix`; a caliper bounds `position`."""
    coordinates = matrix[pool]
    free = np.ones(pool.size, dtype=bool)
    pairs: list[tuple[int, int]] = []
    for _ in range(1 if replace else ratio):
        for seeker in seekers.tolist():
            squares = ((coordinates - matrix[seeker]) ** 2).sum(axis=1)
            eligible = free if replace else free.copy()
            if width is not None and position is not None:
                eligible = eligible & (np.abs(position[pool] - position[seeker]) <= width)
            squares = np.where(eligible, squares, np.inf)
            if replace:
                best = np.argsort(squares, kind="stable")[:ratio] if ratio > 1 else [int(np.argmin(squares))]
                pairs.extend((seeker, int(pool[i])) for i in best if np.isfinite(squares[i]))
                continue
            choice = int(np.argmin(squares))
            if np.isfinite(squares[choice]):
                free[choice] = False
                pairs.append((seeker, int(pool[choice])))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _without_replacement(
    position: Floats, seekers: Integers, pool: Integers, ratio: int, width: float | None
) -> Integers:
    """Greedy search over groups of equal scores, each a queue of rows; emptied groups are skipped by path halving."""
    order = pool[np.lexsort((pool, position[pool]))]
    values, first = np.unique(position[order], return_index=True)
    groups = values.size
    head = first.tolist()
    tail = np.append(first[1:], order.size).tolist()
    value, rows = values.tolist(), order.tolist()
    right = list(range(groups + 1))  # right[g]: nearest group at or after g that may still have rows
    left = list(range(groups + 1))  # the same to the left, shifted by one so that 0 means none
    start = np.searchsorted(values, position[seekers]).tolist()
    where = position[seekers].tolist()
    limit = np.inf if width is None else width
    taken: list[tuple[int, int]] = []
    for _ in range(ratio):
        for seeker, here, begin in zip(seekers.tolist(), where, start, strict=True):
            after = begin
            while right[after] != after:
                right[after] = right[right[after]]
                after = right[after]
            before = begin
            while left[before] != before:
                left[before] = left[left[before]]
                before = left[before]
            gap_after = abs(value[after] - here) if after < groups else np.inf
            gap_before = abs(here - value[before - 1]) if before > 0 else np.inf
            if gap_before < gap_after or (
                gap_before == gap_after and before > 0 and rows[head[before - 1]] < rows[head[after]]
            ):
                group, gap = before - 1, gap_before
            else:
                group, gap = after, gap_after
            if gap > limit or gap == np.inf:
                continue
            taken.append((seeker, rows[head[group]]))
            head[group] += 1
            if head[group] == tail[group]:
                right[group] = group + 1
                left[group + 1] = group
    return np.array(taken, dtype=np.int64).reshape(-1, 2)


def _with_replacement(position: Floats, seekers: Integers, pool: Integers, ratio: int, width: float | None) -> Integers:
    """Look at the `ratio` next rows on either side of each score, and keep the nearest."""
    up = pool[np.lexsort((pool, position[pool]))]
    down = pool[np.lexsort((pool, -position[pool]))]
    here = position[seekers]
    reach = np.arange(ratio)
    sides, gaps = [], []
    for order, begin in (
        (up, np.searchsorted(position[up], here, side="left")),
        (down, np.searchsorted(-position[down], -here, side="right")),
    ):
        place = begin[:, None] + reach
        inside = place < order.size
        candidate = order[np.minimum(place, order.size - 1)]
        gaps.append(np.where(inside, np.abs(position[candidate] - here[:, None]), np.inf))
        sides.append(candidate)
    candidates, gap = np.hstack(sides), np.hstack(gaps)
    ranked = np.lexsort((candidates, gap), axis=1)[:, :ratio]
    gap = np.take_along_axis(gap, ranked, axis=1)
    chosen = np.take_along_axis(candidates, ranked, axis=1)
    keep = np.isfinite(gap) if width is None else gap <= width
    return np.column_stack([np.repeat(seekers, keep.sum(axis=1)), chosen[keep]])
