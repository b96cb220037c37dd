"""Gates on the evidence behind a mastery decision: its strength, its age, and revocation.

Levels of strength: 0 presence, 1 platform action, 2 work product submitted, 3 judged by a person or proctored,
4 double-scored or certified from outside. A decision needs level 2; *verified* mastery needs level 3.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Estimate, Result, Row, array, result
from blended_standard.scoring.mastery import rules
from blended_standard.scoring.mastery._uncertainty import MasteryEstimate

HIGHEST_LEVEL = 4

Rule = Literal["highest", "latest", "mean", "median", "mode", "decaying_average", "weighted_average", "power_law"]


class Standing(StrEnum):
    """Where a learner stands on a competency."""

    VERIFIED = "verified mastery"
    MASTERED = "mastery"
    NOT_MASTERED = "not mastered"
    NO_EVIDENCE = "no evidence in force"


_STATES = ("counts", "level too low", "level unknown", "expired", "revoked", "after as_of")


@result
class EvidenceGate(Result):
    """Which pieces of evidence count, which are verified, and why the others do not.

    `state` holds, for each piece, an index into `states`; `counts` and `verified` are masks.
    """

    n: int
    n_counting: int
    n_verified: int
    highest_level: int | None
    states: tuple[str, ...] = _STATES
    counts: npt.NDArray[np.bool_] = array()
    verified: npt.NDArray[np.bool_] = array()
    state: npt.NDArray[np.int64] = array()

    def rows(self) -> list[Row]:
        """One row a state, with the number of pieces in it."""
        numbers = np.bincount(self.state, minlength=len(self.states))
        return [{"state": name, "n": int(number)} for name, number in zip(self.states, numbers, strict=True)]


@result
class MasteryDecision(Estimate):
    """A decision with the uncertainty of the score behind it and the strength of its evidence."""

    standing: Standing
    cut: float
    probability: float | None = None
    n_verified: int = 0
    n_set_aside: int = 0
    note: str = ""


def evidence_gate(
    levels: npt.ArrayLike,
    *,
    counts_from: int = 2,
    verified_from: int = 3,
    dates: npt.ArrayLike | None = None,
    as_of: object = None,
    valid_days: float | None = None,
    revoked: npt.ArrayLike | None = None,
) -> EvidenceGate:
    """Tell which pieces of evidence count toward a decision on a given day.

    Parameters
    ----------
    levels : array-like of int, shape (n,)
        Strength of each piece, 0 to 4; None or NaN where unknown (it does not count).
    counts_from, verified_from : int
        Lowest level that counts, and lowest that verifies.
    dates : array-like, shape (n,), optional
        Day of each piece: ISO text, dates, datetime64, or plain day numbers. Needed with `as_of` or `valid_days`.
    as_of : date, optional
        Day of the decision, of the kind of `dates`: later pieces do not count. Default: the newest date.
    valid_days : float, optional
        A piece counts up to and including this many days after its date; after that it has expired.
    revoked : array-like, shape (n,), optional
        Either booleans, or the day from which each piece is revoked (None, NaN or NaT for never).

    Returns
    -------
    EvidenceGate
        Masks of what counts and what is verified, and the state of each piece.

    Raises
    ------
    UsageError
        A level outside 0 to 4, lengths that differ, `as_of` or `valid_days` without `dates`.

    Examples
    --------
    >>> gate = evidence_gate([1, 2, 3, 4], dates=[0, 0, 10, 95], as_of=100, valid_days=95)
    >>> gate.n_counting, gate.n_verified
    (2, 2)
    """
    strength = _levels(levels)
    check.whole("counts_from", counts_from, minimum=0)
    if not counts_from <= check.whole("verified_from", verified_from, minimum=0) <= HIGHEST_LEVEL:
        raise UsageError(f"verified_from={verified_from} must be from counts_from={counts_from} to {HIGHEST_LEVEL}.")
    if dates is None and (as_of is not None or valid_days is not None):
        raise UsageError("as_of and valid_days need the dates of the evidence: pass dates=.")
    days = np.zeros(strength.size) if dates is None else _days("dates", dates)
    check.same_length(levels=strength, dates=days)
    if np.isnan(days).any():
        raise UsageError("dates holds missing values; evidence without a date can't be placed in time.")
    today = float(days.max(initial=0.0)) if as_of is None else float(_days("as_of", np.array([as_of]))[0])
    if np.isnan(today):
        raise UsageError(f"as_of={as_of!r} is a missing date. Pass the day of the decision, or leave it out.")
    state = np.where(np.isnan(strength), 2, np.where(strength < counts_from, 1, 0))
    if valid_days is not None:
        state[today - days > check.positive("valid_days", valid_days)] = 3
    state[_revoked(revoked, strength.size, today)] = 4
    state[days > today] = 5
    counts = state == 0
    verified = counts & (strength >= verified_from)
    return EvidenceGate(
        n=strength.size,
        n_counting=int(counts.sum()),
        n_verified=int(verified.sum()),
        highest_level=int(strength[counts].max()) if counts.any() else None,
        counts=counts,
        verified=verified,
        state=state.astype(np.int64),
    )


def decide(
    scores: npt.ArrayLike,
    levels: npt.ArrayLike,
    *,
    cut: float,
    rule: Rule = "decaying_average",
    weight: float = 0.65,
    scale: tuple[float, float] | None = None,
    counts_from: int = 2,
    verified_from: int = 3,
    dates: npt.ArrayLike | None = None,
    as_of: object = None,
    valid_days: float | None = None,
    revoked: npt.ArrayLike | None = None,
) -> MasteryDecision:
    """Decide on mastery from the scores whose evidence is in force, and say how strong and how sure it is.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Scores of one learner on one competency, in time order (put in the order of `dates` where those are given;
        equal dates keep their order); missing scores are dropped.
    levels : array-like of int, shape (n,)
        Strength of the evidence behind each score, 0 to 4.
    cut : float
        The score from which the competency counts as mastered.
    rule : str
        Name of the score rule of this module.
    weight : float
        For the decaying and the weighted average.
    scale : (low, high), optional
        Ends of the score scale, for the averages: gives a Beta interval.
    counts_from, verified_from, dates, as_of, valid_days, revoked
        As in `evidence_gate`.

    Returns
    -------
    MasteryDecision
        `standing` is verified when the rule reaches the cut and a verified piece itself reaches it. With no evidence
        in force `value` is None and the reason says what set the evidence aside.

    Examples
    --------
    >>> decide([2, 3, 4], [2, 2, 3], cut=3).standing.value
    'verified mastery'
    """
    given = check.vector("scores", scores, missing=True)
    check.number("cut", cut)
    gate = evidence_gate(
        levels,
        counts_from=counts_from,
        verified_from=verified_from,
        dates=dates,
        as_of=as_of,
        valid_days=valid_days,
        revoked=revoked,
    )
    check.same_length(scores=given, levels=gate.counts)
    order = np.arange(given.size) if dates is None else np.argsort(_days("dates", dates), kind="stable")
    used = order[gate.counts[order] & ~np.isnan(given[order])]
    if not used.size:
        found = ", ".join(f"{row['state']}: {row['n']}" for row in gate.rows() if row["n"])
        reason = f"No scored evidence is in force ({found or 'none was given'})."
        return MasteryDecision(
            name=rule, value=None, n=0, reason=reason, standing=Standing.NO_EVIDENCE, cut=cut, n_set_aside=gate.n
        )
    estimate = _apply(rule, given[used], cut, weight, scale)
    proven = bool((gate.verified[used] & (given[used] >= cut)).any())
    reached = Standing.VERIFIED if proven else Standing.MASTERED
    return MasteryDecision(
        name=rule,
        value=estimate.value,
        se=estimate.se,
        interval=estimate.interval,
        df=estimate.df,
        n=estimate.n,
        method=estimate.method,
        reason=estimate.reason,
        standing=reached if estimate.mastered else Standing.NOT_MASTERED,
        cut=cut,
        probability=estimate.probability,
        n_verified=int(gate.verified[used].sum()),
        n_set_aside=gate.n - used.size,
        note=estimate.note,
    )


def _apply(rule: str, scores: Floats, cut: float, weight: float, scale: tuple[float, float] | None) -> MasteryEstimate:
    if rule == "decaying_average":
        return rules.decaying_average(scores, weight=weight, cut=cut, scale=scale)
    if rule == "weighted_average":
        return rules.weighted_average(scores, weight=weight, cut=cut, scale=scale)
    if rule in ("mean", "latest"):
        average = rules.mean if rule == "mean" else rules.latest
        return average(scores, cut=cut, scale=scale)
    if rule == "power_law":
        return rules.power_law(scores, cut=cut)
    others = {"highest": rules.highest, "median": rules.median, "mode": rules.mode}
    check.one_of("rule", rule, [*others, "mean", "latest", "decaying_average", "weighted_average", "power_law"])
    return others[rule](scores, cut=cut)


def _levels(levels: npt.ArrayLike) -> Floats:
    given = check.vector("levels", levels, missing=True)
    known = given[~np.isnan(given)]
    wrong = known[(known < 0) | (known > HIGHEST_LEVEL) | (known != np.floor(known))]
    if wrong.size:
        raise UsageError(f"levels holds {wrong[0]:g}; evidence levels are the whole numbers 0 to {HIGHEST_LEVEL}.")
    return given


def _days(name: str, values: npt.ArrayLike) -> Floats:
    """Days as numbers: plain numbers stay, everything else is read as a date."""
    made = np.atleast_1d(np.asarray(values))
    if made.dtype.kind in "iuf":
        return made.astype(float)
    try:
        dates = made.astype("datetime64[D]")
    except (TypeError, ValueError) as problem:
        raise UsageError(f"{name} holds something that is neither a date nor a number of days.") from problem
    days: Floats = np.where(np.isnat(dates), np.nan, dates.astype(np.int64).astype(float))
    return days


def _revoked(revoked: npt.ArrayLike | None, count: int, today: float) -> npt.NDArray[np.bool_]:
    if revoked is None:
        return np.zeros(count, dtype=bool)
    given = np.atleast_1d(np.asarray(revoked))
    if len(given) != count:
        raise UsageError(f"revoked has {len(given)} entries and levels {count}; pass one each.")
    if given.dtype.kind == "b":
        return given.astype(bool)
    if given.dtype.kind == "O" and all(value is None or isinstance(value, int | float) for value in given):
        given = given.astype(float)
    since = _days("revoked", given)
    mask: npt.NDArray[np.bool_] = since <= today
    return mask
