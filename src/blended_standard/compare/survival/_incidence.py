"""Aalen-Johansen steps of one group and the three variances of a cumulative incidence."""

from __future__ import annotations

import numpy as np

from blended_standard.compare.survival._inputs import Ints, Records
from blended_standard.compare.survival._jackknife import jackknife_variance
from blended_standard.compare.survival.curves import Steps
from blended_standard.compare.survival.tables import RiskSets
from blended_standard.errors import UsageError
from blended_standard.numeric.arguments import Floats


class IncidenceSteps:
    """The rows with an event of any cause, and what the estimates are made of."""

    def __init__(self, part: RiskSets) -> None:
        everything = part.events.sum(axis=1)
        keep = everything > 0
        steps = Steps(part, everything)
        at = np.searchsorted(steps.time, part.time[keep])
        self.time = part.time[keep]
        self.at_risk = part.at_risk[keep]
        self.events = part.events[keep]
        self.deaths = everything[keep]
        self.survival = steps.survival[at]
        self.before: Floats = np.concatenate([[1.0], self.survival[:-1]])[: self.time.size]
        self.terms = steps.terms[at]

    def increments(self, k: int) -> Floats:
        """Return the steps of the incidence of cause `k`."""
        made: Floats = self.before * self.events[:, k] / self.at_risk
        return made

    def incidence(self, k: int) -> Floats:
        """Return the incidence of cause `k` after each step."""
        return np.cumsum(self.increments(k))


def aalen_variance(steps: IncidenceSteps, k: int) -> Floats:
    """Aalen's variance with the tie factor (n-d)/(n-1) a cause, as `cmprsk::cuminc` reports it.

    With G the incidence and S the curve free of events after a step, an event of the cause at a step moves the
    incidence at t by 1 - (F(t) - G)/S and another event by -(F(t) - G)/S, in units of S(t-) / n.
    """
    incidence = steps.incidence(k)
    inverse = np.divide(1.0, steps.survival, out=np.zeros_like(incidence), where=steps.survival > 0)
    total = np.zeros((3, incidence.size))
    others = steps.deaths - steps.events[:, k]
    for count, own in ((others, False), (steps.events[:, k], True)):
        ties = np.where(count > 1, 1 - (count - 1) / np.maximum(steps.at_risk - 1, 1), 1.0)
        unit = steps.before**2 * ties * count / steps.at_risk**2
        if not own:
            unit = unit * (steps.survival > 0)
        constant = incidence * inverse + (1.0 if own else 0.0)
        total += np.vstack([constant**2 * unit, inverse * constant * unit, inverse**2 * unit])
    first, cross, second = np.cumsum(total, axis=1)
    made: Floats = first + incidence**2 * second - 2 * incidence * cross
    # Between events of the cause the curve is flat, and so is its reported variance.
    last = np.maximum.accumulate(np.where(steps.events[:, k] > 0, np.arange(incidence.size), -1))
    flat: Floats = np.where(last >= 0, made[last], 0.0)
    return flat


def delta_variance(steps: IncidenceSteps, k: int) -> Floats:
    """Delta-method variance (Dinse and Larson 1986; Marubini and Valsecchi 1995)."""
    incidence = steps.incidence(k)
    count, n = steps.events[:, k], steps.at_risk
    direct = np.cumsum(steps.before**2 * count * (n - count) / n**3)
    cross = steps.before * count / n**2
    made: Floats = (
        incidence**2 * np.cumsum(steps.terms)
        - 2 * incidence * np.cumsum(incidence * steps.terms + cross)
        + np.cumsum(incidence**2 * steps.terms + 2 * incidence * cross)
        + direct
    )
    return made


def jackknife_incidence_variance(steps: IncidenceSteps, k: int, records: Records) -> Floats:
    """Infinitesimal-jackknife variance, as `survival::survfit` reports it."""
    size = steps.time.size
    if size == 0:
        return np.zeros(0)
    hazard = np.cumsum(steps.terms)
    incidence, increments = steps.incidence(k), steps.increments(k)
    lagged: Floats = np.concatenate([[0.0], hazard[:-1]])[:size]
    path = np.cumsum(increments * lagged - increments / steps.at_risk)
    edge_hazard, edge_path, edge_incidence = (np.concatenate([[0.0], values]) for values in (hazard, path, incidence))
    count = records.times.size
    first: Ints = np.zeros(count, dtype=np.intp)
    if records.entry is not None:
        first = np.searchsorted(steps.time, records.entry, side="right")
    start, path_start, incidence_start = edge_hazard[first], edge_path[first], edge_incidence[first]
    # Steps at or before the exit have run for a record; an event is itself such a step.
    last = np.searchsorted(steps.time, records.times, side="right")
    constant = -path_start + start * incidence_start
    during = np.column_stack([constant, np.ones(count), -start])
    happened = records.cause >= 0
    row = np.maximum(last - 1, 0)
    left = steps.at_risk[row] - steps.deaths[row]
    drop = np.divide(1.0, left, out=np.zeros(count), where=happened & (left > 1e-12 * steps.at_risk[row]))
    jump = np.where(records.cause == k, steps.before[row] / steps.at_risk[row], 0.0)
    slope = edge_hazard[last] - start - drop
    value = constant + edge_path[last] - start * edge_incidence[last] + jump
    after = np.column_stack([value - slope * edge_incidence[last], np.zeros(count), slope])
    at = np.where(happened, last - 1, last)
    basis = np.vstack([np.ones(size), path, incidence])
    return jackknife_variance(basis, first, at, during, after, records.weights)


def records_of_table(part: RiskSets) -> Records:
    """Return one record a count for the jackknife, which needs to know who is who."""
    if part.entered.any():
        raise UsageError(
            'variance="infinitesimal_jackknife" needs records when entry is delayed: a table does not say who entered '
            'when. Pass records, or variance="aalen" or "delta".'
        )
    counts = np.column_stack([part.censored, part.events])
    whole = np.rint(counts)
    if not np.allclose(counts, whole, atol=1e-9):
        raise UsageError(
            'variance="infinitesimal_jackknife" needs records when counts are weighted. Pass records, or '
            'variance="aalen" or "delta".'
        )
    row, cause = np.nonzero(whole)
    # A cell of c equal records adds c equal squares: weight sqrt(c) in a sum of squared weights.
    return Records(
        times=part.time[row],
        cause=cause.astype(np.intp) - 1,
        entry=None,
        weights=np.sqrt(whole[row, cause]),
        group=np.zeros(row.size, dtype=np.intp),
        group_labels=(part.group,),
        cause_labels=(),
    )
