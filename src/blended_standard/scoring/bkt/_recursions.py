"""Forward and backward passes over many learners at once: the only loop is over opportunities.

Sequences are packed by time: longest first, so that those still running at opportunity t are the first `active[t]`.
Equal sequences are one, with a weight.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.scoring._checks import Floats, Integers

_LONGEST_CODED = 60


@attrs.frozen
class Parameters:
    """Chances of knowing at first, of learning, slipping, guessing and forgetting."""

    prior: float
    learn: float
    slip: float
    guess: float
    forget: float = 0.0


@attrs.frozen
class Packed:
    """Distinct response sequences by time: `right[t]` holds the responses at t of the first `active[t]` sequences.

    `row` gives, for each original sequence, its place among the packed ones.
    """

    right: tuple[npt.NDArray[np.bool_], ...]
    weights: Floats
    row: Integers

    @property
    def n_responses(self) -> float:
        """Responses of all original sequences."""
        return float(sum(self.weights[: part.size].sum() for part in self.right))


@attrs.frozen
class Passes:
    """What the passes give at each opportunity: chance of knowing before, after, and given all; chance of right."""

    before: tuple[Floats, ...]
    after: tuple[Floats, ...]
    likelihood: tuple[Floats, ...]
    log_likelihood: float


def pack(responses: npt.NDArray[np.bool_], starts: Integers, lengths: Integers) -> Packed:
    """Pack flat responses, one segment a sequence, merging equal sequences."""
    first, inverse, counts = _distinct(responses, starts, lengths)
    order = np.argsort(-lengths[first], kind="stable")
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    chosen = first[order]
    begin, length = starts[chosen], lengths[chosen]
    right = tuple(responses[begin[: int((length > t).sum())] + t] for t in range(int(length[0]) if length.size else 0))
    return Packed(right, counts[order].astype(float), place[inverse])


def forward(packed: Packed, at: Parameters) -> Passes:
    """Filter all sequences."""
    known = np.full(packed.weights.size, at.prior)
    before, after, likelihood = [], [], []
    total = 0.0
    for right in packed.right:
        known = known[: right.size]
        taught, untaught = (
            known * _emission(right, 1 - at.slip, at.slip),
            (1 - known) * _emission(right, at.guess, 1 - at.guess),
        )
        chance = taught + untaught
        filtered = taught / chance
        before.append(known)
        after.append(filtered)
        likelihood.append(chance)
        total += float(packed.weights[: right.size] @ np.log(chance))
        known = filtered * (1 - at.forget) + (1 - filtered) * at.learn
    return Passes(tuple(before), tuple(after), tuple(likelihood), total)


def backward(packed: Packed, at: Parameters, passes: Passes) -> tuple[tuple[Floats, ...], Floats]:
    """Smoothed chances of knowing, and the expected counts that the M step needs.

    Counts: first known, first not; moves 00, 01, 10, 11; known right, known wrong, unknown right, unknown wrong.
    """
    counts = np.zeros(10)
    steps = len(packed.right)
    smoothed: list[Floats] = [np.zeros(0)] * steps
    later_known, later_not = np.ones(0), np.ones(0)
    for t in range(steps - 1, -1, -1):
        right, filtered = packed.right[t], passes.after[t]
        weight = packed.weights[: right.size]
        ahead_known, ahead_not = np.ones(right.size), np.ones(right.size)
        running = later_known.size
        if running:
            w, f = weight[:running], filtered[:running]
            stay, lose = (1 - at.forget) * later_known, at.forget * later_not
            gain, remain = at.learn * later_known, (1 - at.learn) * later_not
            counts[2] += w @ ((1 - f) * remain)
            counts[3] += w @ ((1 - f) * gain)
            counts[4] += w @ (f * lose)
            counts[5] += w @ (f * stay)
            ahead_known[:running] = stay + lose
            ahead_not[:running] = gain + remain
        known = filtered * ahead_known
        smoothed[t] = known
        seen = weight * known
        counts[6] += seen[right].sum()
        counts[7] += seen[~right].sum()
        counts[8] += weight[right].sum()
        counts[9] += weight[~right].sum()
        chance = passes.likelihood[t]
        later_known = _emission(right, 1 - at.slip, at.slip) * ahead_known / chance
        later_not = _emission(right, at.guess, 1 - at.guess) * ahead_not / chance
    counts[8] -= counts[6]
    counts[9] -= counts[7]
    counts[0] = packed.weights @ smoothed[0]
    counts[1] = packed.weights.sum() - counts[0]
    return tuple(smoothed), counts


def _emission(right: npt.NDArray[np.bool_], if_right: float, if_wrong: float) -> Floats:
    chance: Floats = np.where(right, if_right, if_wrong)
    return chance


def _distinct(
    responses: npt.NDArray[np.bool_], starts: Integers, lengths: Integers
) -> tuple[Integers, Integers, Integers]:
    """First occurrence of each distinct sequence, the distinct one of each, and how often each occurs."""
    if lengths.size == 0 or int(lengths.max()) > _LONGEST_CODED:
        every = np.arange(lengths.size)
        return every, every, np.ones(lengths.size, dtype=np.int64)
    ends = np.repeat(starts + lengths, lengths)
    bits = responses.astype(np.int64) << (ends - 1 - np.arange(responses.size))
    codes = np.add.reduceat(bits, starts) + (np.int64(1) << lengths)
    _, first, inverse, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    return first, inverse, counts
