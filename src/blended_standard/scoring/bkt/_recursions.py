"""Forward and backward passes over many learners at once: the only loop is over opportunities.

Sequences are packed by time: longest first, so that those still running at opportunity t are the first `active[t]`.
Equal sequences are one, with a weight.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.numeric.arguments import Floats, Integers

_LONGEST_CODED = 60


@attrs.frozen
class Packed:
    """Distinct response sequences, flat by time: opportunity t holds places `offsets[t]` to `offsets[t + 1]`.

    `weights` has one entry a sequence, `flat_weights` one a response; `previous` is the place of the response before,
    for each place from `offsets[1]` on. `row` gives, for each original sequence, its place among the packed ones.
    """

    right: npt.NDArray[np.bool_]
    offsets: tuple[int, ...]
    weights: Floats
    flat_weights: Floats
    previous: Integers
    row: Integers

    @property
    def n_responses(self) -> float:
        """Responses of all original sequences."""
        return float(self.flat_weights.sum())

    @property
    def n_opportunities(self) -> int:
        """Length of the longest sequence."""
        return len(self.offsets) - 1


@attrs.frozen
class Passes:
    """At each response, for K sets of parameters, shape (K, responses): chance of knowing before and after it.

    `chance` is that of the response itself, `if_known` and `if_not` those given each state.
    """

    before: Floats
    after: Floats
    chance: Floats
    if_known: Floats
    if_not: Floats
    log_likelihood: Floats


def pack(responses: npt.NDArray[np.bool_], starts: Integers, lengths: Integers) -> Packed:
    """Pack flat responses, one segment a sequence, merging equal sequences."""
    first, inverse, counts = _distinct(responses, starts, lengths)
    order = np.argsort(-lengths[first], kind="stable")
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    chosen = first[order]
    begin, length = starts[chosen], lengths[chosen]
    weights = counts[order].astype(float)
    active = [int(np.searchsorted(-length, -t, side="left")) for t in range(int(length[0]))]
    right = np.concatenate([responses[begin[:running] + t] for t, running in enumerate(active)])
    return _packed(right, active, weights, place[inverse])


def sample(packed: Packed, size: int, rng: np.random.Generator) -> Packed:
    """Return about `size` responses of whole sequences drawn at random, or everything where there are no more."""
    if packed.right.size <= size:
        return packed
    count = max(2, packed.weights.size * size // packed.right.size)
    rows = np.sort(rng.choice(packed.weights.size, min(count, packed.weights.size), replace=False))
    running = np.searchsorted(rows, np.diff(packed.offsets), side="left")
    active = [int(number) for number in running if number]
    right = np.concatenate([packed.right[packed.offsets[t] + rows[:number]] for t, number in enumerate(active)])
    return _packed(right, active, packed.weights[rows], np.arange(rows.size))


def forward(packed: Packed, at: Floats) -> Passes:
    """Filter all sequences for K sets of parameters at once, `at` having shape (K, 4 or 5)."""
    prior, learn, slip, guess, forget = _columns(at)
    if_known = np.where(packed.right, 1.0 - slip, slip)
    if_not = np.where(packed.right, guess, 1.0 - guess)
    before, chance, after = np.empty_like(if_known), np.empty_like(if_known), np.empty_like(if_known)
    kept = 1.0 - forget - learn
    known = np.broadcast_to(prior, (len(at), packed.weights.size))
    for t in range(packed.n_opportunities):
        here = slice(packed.offsets[t], packed.offsets[t + 1])
        known = known[:, : packed.offsets[t + 1] - packed.offsets[t]]
        before[:, here] = known
        taught = known * if_known[:, here]
        total = taught + (1.0 - known) * if_not[:, here]
        filtered = np.divide(taught, total, out=after[:, here])
        chance[:, here] = total
        known = filtered * kept + learn
    return Passes(before, after, chance, if_known, if_not, _summed(np.log(chance), packed.flat_weights))


def backward(packed: Packed, at: Floats, passes: Passes) -> tuple[Floats, Floats]:
    """Smoothed chances of knowing, and expected counts for the M step: `yes` and `no` for each parameter.

    Returns shape (K, responses), and (K, 5, 2) in the order of the parameters.
    """
    _, learn, _, _, forget = _columns(at)
    known_ahead, not_ahead = passes.if_known / passes.chance, passes.if_not / passes.chance
    ahead = np.ones_like(known_ahead)
    for t in range(packed.n_opportunities - 1, 0, -1):
        here = slice(packed.offsets[t], packed.offsets[t + 1])
        earlier = slice(packed.offsets[t - 1], packed.offsets[t - 1] + packed.offsets[t + 1] - packed.offsets[t])
        known, unknown = known_ahead[:, here], not_ahead[:, here]
        if_known = known + forget * (unknown - known)
        ahead[:, earlier] = if_known
        known_ahead[:, earlier] *= if_known
        not_ahead[:, earlier] *= unknown + learn * (known - unknown)
    smoothed = passes.after * ahead
    return smoothed, _counts(packed, learn, forget, passes, smoothed, (known_ahead, not_ahead))


def _packed(right: npt.NDArray[np.bool_], active: list[int], weights: Floats, row: Integers) -> Packed:
    """Lay out flat responses of which the first `active[t]` sequences answer at opportunity t."""
    offsets = np.concatenate(([0], np.cumsum(active)))
    before = [offsets[t] + np.arange(running) for t, running in enumerate(active[1:])]
    return Packed(
        right=right,
        offsets=tuple(offsets.tolist()),
        weights=weights,
        flat_weights=np.concatenate([weights[:running] for running in active]),
        previous=np.concatenate([np.zeros(0, np.int64), *before]),
        row=row,
    )


def _counts(
    packed: Packed, learn: Floats, forget: Floats, passes: Passes, smoothed: Floats, messages: tuple[Floats, Floats]
) -> Floats:
    counts = np.empty((len(smoothed), 5, 2))
    first = packed.weights.size
    counts[:, 0, 0] = _summed(smoothed[:, :first], packed.weights)
    counts[:, 0, 1] = packed.weights.sum() - counts[:, 0, 0]
    weight = packed.flat_weights[first:]
    known, unknown = messages[0][:, first:], messages[1][:, first:]
    was = passes.after[:, packed.previous]
    counts[:, 1, 0] = learn[:, 0] * _summed((1.0 - was) * known, weight)
    counts[:, 1, 1] = (1.0 - learn[:, 0]) * _summed((1.0 - was) * unknown, weight)
    counts[:, 4, 0] = forget[:, 0] * _summed(was * unknown, weight)
    counts[:, 4, 1] = (1.0 - forget[:, 0]) * _summed(was * known, weight)
    rights = packed.flat_weights * packed.right
    wrongs = packed.flat_weights - rights
    counts[:, 2, 0], counts[:, 2, 1] = _summed(smoothed, wrongs), _summed(smoothed, rights)
    counts[:, 3, 0], counts[:, 3, 1] = rights.sum() - counts[:, 2, 1], wrongs.sum() - counts[:, 2, 0]
    return counts


def _summed(values: Floats, weights: Floats) -> Floats:
    """Weighted sums along rows. Not by matrix product: its threads wait for each other for longer than they work."""
    sums: Floats = np.einsum("kr,r->k", values, weights)
    return sums


def _columns(at: Floats) -> tuple[Floats, ...]:
    """Each parameter as a column over the K sets; forgetting is 0 where it is not given."""
    whole = at if at.shape[1] == 5 else np.column_stack([at, np.zeros(len(at))])
    return tuple(whole[:, i : i + 1] for i in range(5))


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
