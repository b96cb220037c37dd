"""Fit knowledge tracing for every skill (or learner), and trace learners with known parameters."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.bkt._estimation import LEAST, maximize
from blended_standard.scoring.bkt._recursions import Packed, backward, forward, pack
from blended_standard.scoring.mastery.bulk import whole_order

NAMES = ("prior", "learn", "slip", "guess", "forget")


@result
class Trace(Result):
    """One learner's path: at each opportunity the chance of knowing before, after, and in the light of all responses.

    `predicted` is the chance of a right response; `next_known` the chance of knowing at the next opportunity.
    """

    log_likelihood: float
    n: int
    degenerate: bool
    responses: npt.NDArray[np.int64] = array()
    before: npt.NDArray[np.float64] = array()
    predicted: npt.NDArray[np.float64] = array()
    known: npt.NDArray[np.float64] = array()
    next_known: npt.NDArray[np.float64] = array()
    smoothed: npt.NDArray[np.float64] = array()

    def rows(self) -> list[Row]:
        """One row an opportunity."""
        names = ("before", "predicted", "known", "next_known", "smoothed")
        return [
            {"opportunity": t + 1, "response": int(right), **{name: float(getattr(self, name)[t]) for name in names}}
            for t, right in enumerate(self.responses)
        ]


@result
class KnowledgeTracing(Result):
    """Fitted parameters of each group (skill or learner), and each learner's chance of knowing after each response.

    `estimates` and `errors` have shape (groups, 5) in the order of `names`. A gap (NaN in memory, None outside) is a
    parameter at a bound, or one that the data do not tell from another, or a group that could not be fitted; `notes`
    says which. `converged` is false where the search of a group did not end at a maximum, which leaves it a gap.
    `before`, `predicted` and `known` follow the order of the input. In `degenerate` groups a wrong answer would raise
    the chance of knowing; they are never mastered.
    """

    by: str
    groups: tuple[str, ...]
    notes: tuple[str, ...]
    names: tuple[str, ...] = NAMES
    threshold: float
    log_likelihood: float
    converged: bool
    n: int
    estimates: npt.NDArray[np.float64] = array()
    errors: npt.NDArray[np.float64] = array()
    n_sequences: npt.NDArray[np.int64] = array()
    n_responses: npt.NDArray[np.int64] = array()
    degenerate: npt.NDArray[np.bool_] = array()
    before: npt.NDArray[np.float64] = array()
    predicted: npt.NDArray[np.float64] = array()
    known: npt.NDArray[np.float64] = array()
    mastered: npt.NDArray[np.bool_] = array()
    method: str = "maximum likelihood, EM and L-BFGS-B within bounds"

    def rows(self) -> list[Row]:
        """One row a group."""
        return [
            {
                self.by: group,
                **{name: _or_none(self.estimates[i, j]) for j, name in enumerate(self.names)},
                **{f"{name}_se": _or_none(self.errors[i, j]) for j, name in enumerate(self.names)},
                "n_sequences": int(self.n_sequences[i]),
                "n_responses": int(self.n_responses[i]),
                "note": self.notes[i],
            }
            for i, group in enumerate(self.groups)
        ]


def fit(
    responses: npt.ArrayLike,
    *,
    learners: npt.ArrayLike | None = None,
    skills: npt.ArrayLike | None = None,
    order: npt.ArrayLike | None = None,
    by: Literal["skill", "learner"] = "skill",
    forget: bool = False,
    slip_limit: float = 0.3,
    guess_limit: float = 0.5,
    threshold: float = 0.95,
    starts: int = 5,
    max_iterations: int = 500,
    seed: int = 0,
) -> KnowledgeTracing:
    """Fit knowledge tracing and follow every learner.

    Parameters
    ----------
    responses : array-like
        Right (1) or wrong (0). Either flat, shape (N,), with `learners`; or a table with learners in rows and
        opportunities in columns, None or NaN after a learner's last response.
    learners, skills : array-like, shape (N,)
        Whose response, and on which skill (default: one skill). Multi-skill items must have been split by a rule.
    order : array-like, shape (N,), optional
        Time of each response; ties keep the order of the rows. Default: rows are in time order.
    by : {"skill", "learner"}
        One set of parameters a skill, shared by its learners; or a learner, shared by that learner's skills.
    forget : bool
        Estimate a chance of forgetting; otherwise it is 0.
    slip_limit, guess_limit : float
        Upper bounds. Their sum must stay at or below 1, or else knowing could lower the chance of a right answer.
    threshold : float
        Chance of knowing from which a skill counts as mastered; 0.95 is a convention.
    starts : int
        Starting points (the first is fixed).
    max_iterations : int
        Steps of the search from the best of them.
    seed : int
        Seed of the others; results do not depend on threads.

    Returns
    -------
    KnowledgeTracing
        Estimates, standard errors (observed information), and the chance of knowing after each response.

    Raises
    ------
    NotEstimableError
        No group can be fitted: none has two or more responses in a sequence and both right and wrong answers, or the
        search did not converge, of which the message gives the steps and the largest gradient.
    UsageError
        Responses other than 0 and 1, gaps inside a learner's row, limits out of range.

    Notes
    -----
    Prior, learn, slip and guess are only weakly told apart by short sequences: very different sets can predict alike.
    Read the standard errors; a group with fewer than 3 responses a sequence gets a note.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> known = np.cumsum(rng.random((500, 8)) < 0.2, axis=1) > 0
    >>> table = np.where(known, rng.random((500, 8)) < 0.9, rng.random((500, 8)) < 0.2).astype(int)
    >>> found = fit(table)
    >>> bool(abs(found.estimates[0, 1] - 0.2) < 0.05)
    True
    """
    _check_options(by, slip_limit, guess_limit, threshold, starts)
    check.whole("max_iterations", max_iterations, minimum=1)
    flat, who, what, places, shape = _flat(responses, learners, skills, order)
    names, group, starts_at, lengths = _sequences(who, what, by)
    upper = np.array([1 - LEAST, 1 - LEAST, slip_limit, guess_limit, *([1 - LEAST] if forget else [])])
    estimates, errors = np.full((len(names), 5), np.nan), np.full((len(names), 5), np.nan)
    before, predicted, known = (np.full(flat.size, np.nan) for _ in range(3))
    notes: list[str] = []
    total, converged = 0.0, True
    for i in range(len(names)):
        chosen = np.flatnonzero(group == i)
        packed, rows = _subset(flat, starts_at[chosen], lengths[chosen])
        note = _refusal(packed)
        found = None if note else maximize(packed, upper, starts=starts, seed=seed, iterations=max_iterations)
        if found and not found.converged:
            converged = False
            note = (
                f"The search stopped after {found.iterations:,} steps without converging; the largest gradient is "
                f"{found.gradient:.2g} a response. Raise max_iterations, or try other starts."
            )
        elif found:
            estimates[i, : upper.size], errors[i, : upper.size] = found.parameters, found.errors
            if not forget:
                estimates[i, 4] = 0.0
            total += found.log_likelihood
            note = _note(found.at_bound, lengths[chosen])
            passes = forward(packed, estimates[i : i + 1])
            for target, source in ((before, passes.before), (known, passes.after)):
                target[rows] = _unpacked(source[0], packed, lengths[chosen])
            predicted[rows] = before[rows] * (1 - estimates[i, 2]) + (1 - before[rows]) * estimates[i, 3]
        notes.append(note)
    if np.isnan(estimates).all():
        raise NotEstimableError(f"No {by} can be fitted. The first: {notes[0]}")
    degenerate = estimates[:, 2] + estimates[:, 3] >= 1.0
    trusted = np.repeat(~degenerate[group], lengths)
    return KnowledgeTracing(
        by=by,
        groups=names,
        notes=tuple(notes),
        threshold=threshold,
        log_likelihood=total,
        converged=converged,
        n=flat.size,
        estimates=estimates,
        errors=errors,
        n_sequences=np.bincount(group, minlength=len(names)),
        n_responses=np.bincount(group, weights=lengths, minlength=len(names)).astype(np.int64),
        degenerate=degenerate,
        before=_in_input_order(before, places, shape),
        predicted=_in_input_order(predicted, places, shape),
        known=_in_input_order(known, places, shape),
        mastered=_in_input_order(np.where(trusted, known, 0.0), places, shape) >= threshold,
    )


def trace(
    responses: npt.ArrayLike, *, prior: float, learn: float, slip: float, guess: float, forget: float = 0.0
) -> Trace:
    """Follow one learner with given parameters.

    Parameters
    ----------
    responses : array-like of 0 and 1, shape (n,)
        In time order.
    prior, learn, slip, guess, forget : float
        Chances from 0 to 1: of knowing at first, of learning and of forgetting between opportunities, of a wrong answer
        although known, of a right one although not.

    Returns
    -------
    Trace
        Filtered and smoothed chances of knowing, and the log-likelihood. `degenerate` when a right answer would not
        raise the chance (slip + guess of 1 or more).

    Raises
    ------
    NotEstimableError
        A response that is impossible under these parameters.

    Examples
    --------
    >>> trace([1, 1, 1], prior=0.3, learn=0.1, slip=0.1, guess=0.2).known.round(6).tolist()
    [0.658537, 0.910256, 0.980848]
    """
    given_values = zip(NAMES, (prior, learn, slip, guess, forget), strict=True)
    at = np.array([[check.share(name, value, closed=True) for name, value in given_values]])
    given = _binary(check.vector("responses", responses))
    if not given.size:
        raise UsageError("responses is empty; pass at least one response.")
    packed = pack(given, np.array([0]), np.array([given.size]))
    with np.errstate(divide="ignore", invalid="ignore"):
        passes = forward(packed, at)
    if not np.isfinite(passes.log_likelihood).all():
        raise NotEstimableError("A response has no chance at all under these parameters; move them off 0 and 1.")
    smoothed, _ = backward(packed, at, passes)
    before, known = passes.before[0], passes.after[0]
    return Trace(
        log_likelihood=float(passes.log_likelihood[0]),
        n=given.size,
        degenerate=slip + guess >= 1.0,
        responses=given.astype(np.int64),
        before=before,
        predicted=before * (1 - slip) + (1 - before) * guess,
        known=known,
        next_known=known * (1 - forget) + (1 - known) * learn,
        smoothed=smoothed[0],
    )


def _check_options(by: str, slip_limit: float, guess_limit: float, threshold: float, starts: int) -> None:
    check.one_of("by", by, ("skill", "learner"))
    check.share("slip_limit", slip_limit)
    check.share("guess_limit", guess_limit)
    check.share("threshold", threshold)
    check.whole("starts", starts, minimum=1)
    if slip_limit + guess_limit > 1.0:
        raise UsageError(
            f"slip_limit={slip_limit} + guess_limit={guess_limit} exceeds 1: knowing could mean more errors."
        )


def _binary(values: Floats) -> npt.NDArray[np.bool_]:
    if not np.isin(values, (0.0, 1.0)).all():
        raise UsageError("responses must be 0 (wrong) or 1 (right).")
    return values.astype(bool)


def _flat(
    responses: npt.ArrayLike, learners: npt.ArrayLike | None, skills: npt.ArrayLike | None, order: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.generic], npt.NDArray[np.generic], Integers, tuple[int, ...]]:
    """Responses sorted by skill, learner and time, whose they are, on what, and the places they came from."""
    given = check.floats("responses", responses)
    if given.ndim == 2:
        if learners is not None or skills is not None or order is not None:
            raise UsageError("With a table of responses leave out learners, skills and order; or pass flat responses.")
        present = ~np.isnan(given)
        if (present[:, 1:] & ~present[:, :-1]).any():
            raise UsageError("responses has a gap inside a row; only the end of a row may be missing.")
        places = np.flatnonzero(present.ravel())
        row = np.repeat(np.arange(len(given)), present.sum(axis=1))
        return _binary(given.ravel()[places]), row, np.zeros(row.size, int), places, given.shape
    values = _binary(check.vector("responses", responses))
    if learners is None:
        raise UsageError("Flat responses need learners=, one entry a response.")
    who = check.labels("learners", learners, unit="response")
    what = check.labels("skills", np.zeros(values.size, int) if skills is None else skills, unit="response")
    check.same_length(responses=values, learners=who, skills=what)
    codes = [np.unique(column, return_inverse=True)[1] for column in (who, what)]
    moments = [] if order is None else [whole_order(np.asarray(order), values.size)]
    places = np.lexsort((*moments, *codes))
    return values[places], who[places], what[places], places, given.shape


def _sequences(
    who: npt.NDArray[np.generic], what: npt.NDArray[np.generic], by: str
) -> tuple[tuple[str, ...], Integers, Integers, Integers]:
    """Names of the groups, the group of each sequence, and where each sequence starts and how long it is."""
    if not who.size:
        raise UsageError("responses is empty; pass at least one response.")
    change = np.flatnonzero((who[1:] != who[:-1]) | (what[1:] != what[:-1])) + 1
    starts = np.concatenate(([0], change)).astype(np.int64)
    lengths = np.diff(np.concatenate((starts, [who.size])))
    names, group = np.unique((what if by == "skill" else who)[starts], return_inverse=True)
    return tuple(str(name) for name in names), group.astype(np.int64), starts, lengths


def _subset(flat: npt.NDArray[np.bool_], starts: Integers, lengths: Integers) -> tuple[Packed, Integers]:
    """Packed sequences of one group, and the places of their responses in `flat`."""
    local = np.concatenate(([0], np.cumsum(lengths)[:-1])).astype(np.int64)
    rows = np.repeat(starts - local, lengths) + np.arange(int(lengths.sum()))
    return pack(flat[rows], local, lengths), rows


def _unpacked(values: Floats, packed: Packed, lengths: Integers) -> Floats:
    """Values by time, back in the order of the flat responses."""
    begin = np.repeat(np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths)
    step = np.arange(begin.size) - begin
    chosen: Floats = values[np.asarray(packed.offsets)[step] + np.repeat(packed.row, lengths)]
    return chosen


def _refusal(packed: Packed) -> str:
    if packed.n_opportunities < 2:
        return "Every sequence has one response: learning can't be seen."
    right = float(packed.flat_weights @ packed.right)
    if right in (0.0, packed.n_responses):
        return f"All responses are {'right' if right else 'wrong'}: parameters can't be told apart."
    return ""


def _note(at_bound: tuple[bool, ...], lengths: Integers) -> str:
    parts = []
    stuck = [name for name, at in zip(NAMES, at_bound, strict=False) if at]
    if stuck:
        parts.append(f"At a bound: {', '.join(stuck)}.")
    if float(np.mean(lengths)) < 3:
        parts.append("Fewer than 3 responses a sequence: parameters are weakly identified.")
    return " ".join(parts)


def _in_input_order(values: Floats, places: Integers, shape: tuple[int, ...]) -> Floats:
    made = np.full(int(np.prod(shape)), np.nan)
    made[places] = values
    return made.reshape(shape)


def _or_none(value: float) -> float | None:
    return None if value != value else float(value)
