"""What every DIF method needs: checked responses, two groups, a matching score, purification, adjusted p-values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row

Places = tuple[int, ...]


@attrs.frozen(kw_only=True, eq=False)
class Grouped:
    """Responses of the reference and the focal group: complete rows, 0/1, with item names."""

    responses: Floats
    focal: npt.NDArray[np.bool_]
    names: tuple[str, ...]
    reference_label: str
    focal_label: str
    n_dropped: int
    matching: Floats | None = None

    def score(self, item: int, left_out: Places) -> Floats:
        """Return the matching score of an item: all items but those left out, the item itself always in."""
        if self.matching is not None:
            return self.matching
        used = [j for j in range(len(self.names)) if j == item or j not in left_out]
        return np.asarray(self.responses[:, used].sum(axis=1), dtype=float)


def item_rows(items: Iterable[Result], flagged: Collection[str]) -> list[Row]:
    """Return one row an item, and whether it is flagged."""
    return [row | {"flagged": row["item"] in flagged} for item in items for row in item.rows()]


def expect_counts(tables: Floats) -> None:
    """Refuse tables of something else than counts of learners."""
    if not np.all(np.isfinite(tables)) or np.any(tables < 0) or tables.sum() > check.EXACT:
        raise UsageError(f"tables must hold counts of 0 or above, none missing, {check.EXACT:g} learners at most.")


def grouped(
    responses: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    focal: object = None,
    item_ids: Sequence[str] | None = None,
    matching: npt.ArrayLike | None = None,
    drop_missing: bool = True,
    polytomous: bool = False,
) -> Grouped:
    """Check responses and groups; rows with a missing response or group are left out (and counted)."""
    answers = _answers(responses, polytomous)
    labels = np.asarray(group)
    if labels.shape != (len(answers),):
        raise UsageError(f"group has shape {labels.shape}; responses has {len(answers)} rows, one a learner.")
    names = item_names(answers.shape[1], item_ids)
    scores = None if matching is None else np.asarray(matching, dtype=float)
    if scores is not None and scores.shape != labels.shape:
        raise UsageError(f"matching has shape {scores.shape}; it must hold one score a learner, {labels.shape}.")
    known = ~absent(labels)
    if drop_missing:
        known &= ~np.isnan(answers).any(axis=1)
    if scores is not None:
        known &= np.isfinite(scores)
    chosen, other = _two_groups(labels[known], focal)
    is_focal = labels[known] == chosen
    if is_focal.sum() < 2 or (~is_focal).sum() < 2:
        raise NotEstimableError(
            f"{int(is_focal.sum())} focal and {int((~is_focal).sum())} reference learners have complete responses; "
            "each group needs at least 2."
        )
    return Grouped(
        responses=answers[known],
        focal=is_focal,
        names=names,
        reference_label=str(other),
        focal_label=str(chosen),
        n_dropped=int((~known).sum()),
        matching=None if scores is None else scores[known],
    )


def strata(data: Grouped, item: int, left_out: Places, codes: Floats) -> Floats:
    """Return the tables of an item, shape (S, 2, C): by matching score, reference and focal group, and code."""
    values, place = np.unique(data.score(item, left_out), return_inverse=True)
    code = np.argmax(data.responses[:, item, None] == codes, axis=1)
    counts = np.zeros((len(values), 2, len(codes)))
    np.add.at(counts, (place, data.focal.astype(int), code), 1.0)
    return counts


def mean_difference(counts: Floats, codes: Floats) -> float | None:
    """Return the mean code, focal minus reference, weighted by the focal group, over strata that hold both."""
    totals = counts.sum(axis=2)
    both = (totals > 0).all(axis=1)
    if not np.any(both):
        return None
    means = counts[both] @ codes / totals[both]
    return float(np.average(means[:, 1] - means[:, 0], weights=totals[both, 1]))


def purified(
    flag: Callable[[Places], Places], *, purify: bool, maximum_cycles: int, start: Places = ()
) -> tuple[Places, int, bool]:
    """Repeat `flag(left out)` until the flagged items no longer change; return what was left out, cycles, stable."""
    if maximum_cycles < 1:
        raise UsageError(f"maximum_cycles={maximum_cycles!r} must be at least 1.")
    left_out = start
    if not purify:
        return left_out, 0, True
    for cycle in range(1, maximum_cycles + 1):
        found = flag(left_out)
        if found == left_out:
            return left_out, cycle - 1, True
        left_out = found
    return left_out, maximum_cycles, flag(left_out) == left_out


def adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """Return Benjamini-Hochberg adjusted p-values, None where there was none."""
    places = [i for i, p in enumerate(p_values) if p is not None]
    values = np.array([p_values[i] for i in places], dtype=float)
    order = np.argsort(values)[::-1]
    ranks = np.arange(len(values), 0, -1)
    made: list[float | None] = [None] * len(p_values)
    if len(values):
        stepped = np.minimum(np.minimum.accumulate(values[order] * len(values) / ranks), 1.0)
        for place, value in zip(order, stepped, strict=True):
            made[places[int(place)]] = float(value)
    return made


def item_names(count: int, item_ids: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names given, or "1", "2", ..."""
    names = tuple(str(i + 1) for i in range(count)) if item_ids is None else tuple(str(name) for name in item_ids)
    if len(names) != count or len(set(names)) != count:
        raise UsageError(f"item_ids must hold {count} different names, one a column, and got {len(names)}.")
    return names


def absent(labels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Say which labels are missing: None or NaN."""
    if labels.dtype.kind == "f":
        return np.asarray(np.isnan(labels), dtype=bool)
    if labels.dtype.kind == "O":
        return np.array([value is None or value != value for value in labels], dtype=bool)
    return np.zeros(labels.shape, dtype=bool)


def _answers(responses: npt.ArrayLike, polytomous: bool) -> Floats:
    try:
        answers = np.asarray(responses, dtype=float)
    except (TypeError, ValueError) as error:
        raise UsageError("responses must hold 0, 1 or missing (NaN).") from error
    if answers.ndim != 2 or answers.shape[1] < 1 or answers.shape[0] < 1:
        raise UsageError(f"responses has shape {answers.shape}; accepted is (learners, items).")
    coded = (answers >= 0) & (answers <= check.EXACT) & (answers == np.rint(answers))
    accepted = coded if polytomous else (answers == 0) | (answers == 1)
    wrong = ~(np.isnan(answers) | accepted)
    if np.any(wrong):
        taken = "whole codes of 0 or more" if polytomous else "0, 1"
        raise UsageError(f"responses holds {answers[wrong][0]:g}; this method takes {taken} or missing (NaN).")
    return answers


def _two_groups(labels: npt.NDArray[Any], focal: object) -> tuple[object, object]:
    present = sorted(set(labels.tolist()), key=str)
    shown = ", ".join(repr(label) for label in present[:5])
    if len(present) != 2:
        raise UsageError(f"group must hold exactly two groups, and holds {len(present)}: {shown}.")
    if focal is None:
        if set(present) <= {0, 1}:
            return 1, 0
        raise UsageError(f"focal is not given and group is not coded 0/1; say which of {shown} is the focal group.")
    if focal not in present:
        raise UsageError(f"focal={focal!r} is not a group; there are {shown}.")
    return focal, next(label for label in present if label != focal)
