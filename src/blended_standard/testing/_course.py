"""How synthetic learners fare, week by week: they enter, act or fall silent, pause, leave, return, finish."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.testing._plan import Draws, Flags, Plan

OPEN, DIPLOMA, PROGRAM, EQUIVALENCY, NOT_PASSED, TRANSFER, MOVED, DIED, WITHDRAWN, DISMISSED, AUTO = range(11)
REASONS = (
    None,
    "completed_diploma",
    "completed_program",
    "completed_equivalency",
    "finished_not_passed",
    "transfer",
    "moved_away",
    "deceased",
    "withdrawn",
    "dismissed",
    "auto_exit",
)
_STAYS = 3


@attrs.frozen(kw_only=True)
class Learners:
    """Facts of the learners of a block at entry, one value each."""

    program: Integers
    low_income: Flags
    disability: Flags
    english_learner: Flags
    has_device: Flags
    has_connection: Flags
    credits_expected: Floats
    credits_at_entry: Floats
    entry_gap_days: Integers
    engagement: Floats
    ability: Floats
    entry_week: Integers

    def __len__(self) -> int:
        return len(self.program)


@attrs.frozen(kw_only=True)
class Course:
    """The enrolled weeks of a block in the order of learners, and the episodes that they make up.

    `cell_*` has one value for an enrolled week, the others one for an episode. Days count from the first of the plan.
    """

    cell_episode: Integers
    cell_week: Integers
    cell_active: Flags
    cell_paused: Flags
    learner: Integers
    stay: Integers
    site: Integers
    entry: Integers
    last: Integers
    ended: Integers


def make_learners(plan: Plan, draws: Draws, count: int) -> Learners:
    """Draw learners; those of low income, far behind or long away are less engaged."""

    def chance(purpose: str, share: Floats | float) -> Flags:
        flags: Flags = draws.stream(purpose).random(count) < share
        return flags

    program = draws.stream("program").integers(0, plan.programs, count)
    low_income = chance("low income", plan.low_income[program])
    disability = chance("disability", 0.17)
    english_learner = chance("english learner", 0.12)
    has_device = chance("device", 0.9)
    expected = np.round(draws.stream("credits expected").uniform(4.0, 20.0, count) * 2) / 2
    held = np.round(expected * draws.stream("credits held").beta(2.5, 2.0, count) * 4) / 4
    gap = np.minimum(draws.stream("gap").gamma(1.2, 110.0, count), 1500.0).astype(np.int64)
    trait = draws.stream("engagement").normal(0.0, 0.7, count)
    engagement = 0.25 + trait - 0.25 * low_income - 0.1 * disability - 0.1 * english_learner + 0.25 * (has_device - 0.9)
    return Learners(
        program=program,
        low_income=low_income,
        disability=disability,
        english_learner=english_learner,
        has_device=has_device,
        has_connection=chance("connection", 0.85),
        credits_expected=expected,
        credits_at_entry=held,
        entry_gap_days=gap,
        engagement=engagement - 0.0008 * (gap - 130),
        ability=0.4 * trait + draws.stream("ability").normal(0.0, 0.9, count) - 0.15 * low_income,
        entry_week=_entry_weeks(plan, draws, count),
    )


def follow(plan: Plan, draws: Draws, learners: Learners) -> Course:
    """Follow the learners of a block through all weeks."""
    walk = _Walk.begin(plan, draws, learners)
    for week in range(plan.weeks):
        walk.step(week)
    return _episodes(plan, draws, walk)


@attrs.define
class _Walk:
    """Where each learner stands in the current week, and what each week was."""

    plan: Plan
    learners: Learners
    chance: dict[str, Floats]
    need: Floats
    enter_in: Integers
    program: Integers
    stay: Integers
    site: Integers
    weeks_in: Integers
    silence: Integers
    pause_left: Integers
    progress: Floats
    enrolled: Flags
    acted: Flags
    cell_stay: npt.NDArray[np.int8]
    cell_site: npt.NDArray[np.int32]
    cell_end: npt.NDArray[np.int8]
    cell_active: Flags
    cell_paused: Flags

    @classmethod
    def begin(cls, plan: Plan, draws: Draws, learners: Learners) -> _Walk:
        """Set everybody outside, waiting to enter."""
        n, shape = len(learners), (len(learners), plan.weeks)
        purposes = ("act", "pause", "pause weeks", "leave", "return", "away", "elsewhere", "site", "credential")
        zero = np.zeros(n, dtype=np.int64)
        behind = learners.credits_expected - learners.credits_at_entry
        return cls(
            plan=plan,
            learners=learners,
            chance={purpose: draws.stream(purpose).random(shape) for purpose in purposes},
            need=12.0 + 1.6 * behind + draws.stream("need").gamma(2.0, 4.0, n),
            enter_in=learners.entry_week.copy(),
            program=learners.program.copy(),
            stay=zero - 1,
            site=zero.copy(),
            weeks_in=zero.copy(),
            silence=zero.copy(),
            pause_left=zero.copy(),
            progress=np.zeros(n),
            enrolled=np.zeros(n, dtype=bool),
            acted=np.zeros(n, dtype=bool),
            cell_stay=np.full(shape, -1, dtype=np.int8),
            cell_site=np.zeros(shape, dtype=np.int32),
            cell_end=np.zeros(shape, dtype=np.int8),
            cell_active=np.zeros(shape, dtype=bool),
            cell_paused=np.zeros(shape, dtype=bool),
        )

    def step(self, week: int) -> None:
        """Pass one week."""
        chance = {purpose: values[:, week] for purpose, values in self.chance.items()}
        entering = ~self.enrolled & (self.enter_in == week) & (week < self.plan.weeks - 1)
        self._enter(entering, chance["site"])
        paused = self._pause(chance)
        engagement = self.learners.engagement + self.plan.engagement[self.program]
        acted = self.enrolled & ~paused & (chance["act"] < _logistic(np.where(self.acted, 1.5, -0.8) + engagement))
        self.progress += np.where(acted, self.plan.pace[self.program], 0.0)
        self.silence = np.where(acted | paused, 0, self.silence + 1)
        self.acted = np.where(paused, self.acted, acted)
        self.cell_stay[:, week] = np.where(self.enrolled, self.stay, -1)
        self.cell_site[:, week] = self.site
        self.cell_active[:, week] = acted
        self.cell_paused[:, week] = paused
        ended = np.where(self.enrolled & ~paused & ~entering, self._ends(engagement, chance), OPEN)
        self.cell_end[:, week] = ended
        self._leave(week, ended, engagement, chance)
        self.weeks_in += 1

    def _enter(self, entering: Flags, chance: Floats) -> None:
        per_program = self.plan.sites_per_program
        site = self.program * per_program + (chance * per_program).astype(np.int64)
        self.site = np.where(entering, site, self.site)
        self.stay = self.stay + entering
        self.weeks_in = np.where(entering, 0, self.weeks_in)
        self.silence = np.where(entering, 0, self.silence)
        self.acted = self.acted | entering
        self.enrolled = self.enrolled | entering

    def _pause(self, chance: dict[str, Floats]) -> Flags:
        begins = self.enrolled & (self.pause_left == 0) & (self.weeks_in >= 2) & (chance["pause"] < 0.006)
        self.pause_left = np.where(begins, 2 + (chance["pause weeks"] * 8).astype(np.int64), self.pause_left)
        paused: Flags = self.enrolled & (self.pause_left > 0)
        self.pause_left = np.where(paused, self.pause_left - 1, 0)
        return paused

    def _ends(self, engagement: Floats, chance: dict[str, Floats]) -> Integers:
        """Say how the week ends for each learner: long silence drives withdrawal, enough work completes."""
        silence = np.minimum(self.silence, 6)
        hazards: dict[int, Floats | float] = {
            DIED: 0.00003,
            MOVED: 0.0008,
            TRANSFER: 0.0025,
            EQUIVALENCY: np.where(self.weeks_in > 12, 0.0008, 0.0),
            DISMISSED: 0.0006,
            WITHDRAWN: _logistic(-4.6 - 0.5 * engagement + 0.45 * silence),
        }
        ended = np.full(len(self.need), OPEN)
        reached = np.zeros(len(self.need))
        for code, hazard in hazards.items():
            ended = np.where((chance["leave"] >= reached) & (chance["leave"] < reached + hazard), code, ended)
            reached = reached + hazard
        ended = np.where((self.silence >= 10) & (ended == OPEN), AUTO, ended)
        kinds = np.select([chance["credential"] < 0.72, chance["credential"] < 0.95], [DIPLOMA, PROGRAM], NOT_PASSED)
        return np.where(self.progress >= self.need, kinds, ended)

    def _leave(self, week: int, ended: Integers, engagement: Floats, chance: dict[str, Floats]) -> None:
        left = ended != OPEN
        lost = np.isin(ended, (WITHDRAWN, AUTO, TRANSFER))
        returns = left & lost & (self.stay < _STAYS - 1) & (chance["return"] < _logistic(-0.9 + 0.5 * engagement))
        away = week + 3 + (chance["away"] ** 2 * 26).astype(np.int64)
        self.enter_in = np.where(left, np.where(returns, away, -1), self.enter_in)
        others = self.plan.programs - 1
        elsewhere = (self.program + 1 + (chance["elsewhere"] * others).astype(np.int64)) % self.plan.programs
        self.program = np.where(returns & (ended == TRANSFER), elsewhere, self.program)
        self.enrolled = self.enrolled & ~left


def _entry_weeks(plan: Plan, draws: Draws, count: int) -> Integers:
    """Rolling entry over the first three quarters, with peaks at the start of school and after the winter."""
    weeks = np.arange(max(1, plan.weeks * 3 // 4))
    months = np.array([(plan.start.month - 1 + int(week * 7 / 30.4)) % 12 + 1 for week in weeks])
    weight = np.where(np.isin(months, (8, 9)), 3.0, np.where(months == 1, 2.0, 1.0))
    reached = np.cumsum(weight) / weight.sum()
    return np.searchsorted(reached, draws.stream("entry").random(count), side="right").astype(np.int64)


def _episodes(plan: Plan, draws: Draws, walk: _Walk) -> Course:
    """Read the episodes off the weeks. Nobody enters and leaves in the same week."""
    learner, week = np.nonzero(walk.cell_stay >= 0)
    stay = walk.cell_stay[learner, week].astype(np.int64)
    begins = np.ones(len(learner), dtype=bool)
    begins[1:] = (learner[1:] != learner[:-1]) | (stay[1:] != stay[:-1])
    first = np.flatnonzero(begins)
    final = np.append(first[1:], len(learner))[: len(first)] - 1
    ended = walk.cell_end[learner[final], week[final]].astype(np.int64)
    days = draws.stream("weekday").integers(0, 7, (len(first), 2))
    leaves = week[final] * 7 + days[:, 1]
    ended = np.where(leaves < plan.days, ended, OPEN)
    leaves = np.where(ended == OPEN, plan.days - 1, leaves)
    return Course(
        cell_episode=np.cumsum(begins) - 1,
        cell_week=week,
        cell_active=walk.cell_active[learner, week],
        cell_paused=walk.cell_paused[learner, week],
        learner=learner[first],
        stay=stay[first],
        site=walk.cell_site[learner[first], week[first]].astype(np.int64),
        entry=week[first] * 7 + days[:, 0],
        last=leaves,
        ended=ended,
    )


def _logistic(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float64)
