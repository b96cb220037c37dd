"""Many small tables at once: one row of groups beside its total, each group shown whole or not at all.

Such a row needs no program to protect. Say that each group consists of parts (those who have it, those who have not),
that `hidden` groups show nothing and that the total shows all parts. An outsider knows of the hidden groups what their
parts add up to, and that none is negative. These are all the solutions there are: any way to spread the sum of a part
over the hidden groups, part by part. So a part of a hidden group lies, for all an outsider can say, anywhere from 0 to
the sum of that part over the hidden groups; with one group hidden it is known. The row is safe exactly when two groups
are hidden and each part adds up to what the policy wants an interval to reach. `audit` finds the same, by programs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats

Flags = npt.NDArray[np.bool_]


def protect_row(
    parts: npt.ArrayLike, withheld: npt.ArrayLike, coded: npt.ArrayLike | None = None, *, reach: int
) -> tuple[Flags, bool]:
    """Choose which further groups of a row to withhold, so that its total gives none of the withheld ones away.

    Parameters
    ----------
    parts : int array, shape (groups, parts)
        Learners by group and part, each in one group and one part.
    withheld : bool array, shape (groups,)
        Groups that show nothing.
    coded : bool array, shape (groups,), optional
        Groups that show an end ("≤5%") in place of counts. It bounds their parts, so that they are no cover for those
        that are withheld, unless they are withheld too.
    reach : int
        What an outsider's interval for a withheld part has to reach: `Policy.must_reach`.

    Returns
    -------
    withheld : bool array, shape (groups,)
        With the further ones; the smallest that do. It marks coded groups whose code has to go.
    total_withheld : bool
        No choice of groups is enough: the total has to be withheld in their place, and then needs no further ones.

    Raises
    ------
    UsageError
        The arrays do not fit, or a count is none.

    Examples
    --------
    >>> protect_row([[3, 4], [20, 30], [15, 12]], [True, False, False], reach=10)
    (array([ True, False,  True]), False)
    """
    counts = check.floats("parts", parts)
    if not np.all((counts >= 0) & (counts == np.floor(counts))):
        raise UsageError("parts holds something that is not a whole number of 0 or more.")
    reach = check.whole("reach", reach, minimum=1)
    first = np.asarray(withheld, bool)
    bounded = np.zeros(first.shape, bool) if coded is None else np.asarray(coded, bool) & ~first
    if counts.ndim != 2 or first.shape != bounded.shape or first.shape != counts.shape[:1]:
        raise UsageError(f"parts has shape {counts.shape}, withheld {first.shape}: pass one row of parts a group.")
    hidden = first.copy()
    sizes = counts.sum(axis=1)
    while not ((_safe(counts, hidden, reach) or not first.any()) and _safe(counts, hidden | bounded, reach)):
        left = np.flatnonzero(~hidden & (sizes > 0))
        if not left.size:
            return first, True
        hidden[_next(counts, hidden, left, reach)] = True
    return hidden, False


def _safe(counts: Floats, hidden: Flags, reach: int) -> bool:
    if not hidden.any():
        return True
    return bool((counts[hidden].sum(axis=1) > 0).sum() > 1 and (counts[hidden].sum(axis=0) >= reach).all())


def _next(counts: Floats, hidden: Flags, left: npt.NDArray[np.int64], reach: int) -> int:
    """Return the smallest group that makes the hidden ones safe; where none does, the one that adds most to it."""
    sums = counts[hidden].sum(axis=0)
    short = np.maximum(reach - sums - counts[left], 0).sum(axis=1)
    order = np.lexsort((left, counts[left].sum(axis=1), short))
    return int(left[order[0]])
