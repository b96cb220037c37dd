"""`protect_row` against the general auditor: its argument holds on random rows, and it hides no more than it needs."""

from __future__ import annotations

import numpy as np
import pytest

from blended_standard.errors import UsageError
from blended_standard.privacy import Policy, audit, build_tables, primary_counts, protect_row
from blended_standard.privacy.cells import CellSystem
from blended_standard.privacy.primary import PrimarySuppression

REACH = 10


def system_of(parts: np.ndarray) -> CellSystem:
    groups, kinds = parts.shape
    rows = {
        "group": [f"g{i}" for i in range(groups) for _ in range(kinds)],
        "part": [f"p{j}" for _ in range(groups) for j in range(kinds)],
        "n": parts.ravel().tolist(),
    }
    return build_tables(rows, dimensions=["group", "part"])


def attack(parts: np.ndarray, withheld: np.ndarray, total_withheld: bool, sensitive: np.ndarray) -> bool:
    """Let an outsider with linear programs at a row; every cell of the sensitive groups needs its protection."""
    system = system_of(parts)
    hidden = np.zeros(len(system), bool)
    needed = np.zeros(len(system), bool)
    for i, key in enumerate(system.keys):
        if key[0] == "Total":
            hidden[i] = total_withheld
        else:
            hidden[i], needed[i] = withheld[int(key[0][1:])], sensitive[int(key[0][1:])]
    values = system.values
    needs = PrimarySuppression(
        hidden=needed,
        need_high=np.where(needed, np.maximum(REACH, values), values),
        need_low=values,
        need_length=np.where(needed, float(REACH), 0.0),
        rules=tuple("few" if each else "" for each in needed),
    )
    return audit(system, hidden, primary=needs, method="exact").ok


def random_row(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    parts = rng.integers(0, rng.choice([6, 15, 60]), size=(rng.integers(2, 6), rng.integers(1, 4)))
    return parts, (parts < REACH).any(axis=1) & (parts.sum(axis=1) > 0)


@pytest.mark.parametrize("seed", range(25))
def test_no_sensitive_group_can_be_bounded(seed: int) -> None:
    parts, few = random_row(np.random.default_rng(seed))
    withheld, total = protect_row(parts, few, reach=REACH)
    assert (withheld >= few).all()
    assert attack(parts, withheld, total, few)


@pytest.mark.parametrize("seed", range(15))
def test_what_it_calls_unsafe_the_auditor_breaks(seed: int) -> None:
    parts, few = random_row(np.random.default_rng(100 + seed))
    withheld, total = protect_row(parts, few, reach=REACH)
    more = withheld & ~few
    if few.any() and (more.any() or total):
        assert not attack(parts, few, False, few)


def test_codes_are_no_cover_for_what_is_withheld() -> None:
    parts = [[3, 3], [58, 1], [30, 30]]
    withheld, total = protect_row(parts, [True, False, False], [False, True, False], reach=REACH)
    assert (withheld.tolist(), total) == ([True, False, True], False)


def test_codes_alone_need_one_more() -> None:
    parts = [[58, 1], [30, 30], [40, 40]]
    withheld, _ = protect_row(parts, [False] * 3, [True, False, False], reach=REACH)
    assert withheld.tolist() == [False, True, False]


def test_nothing_withheld_needs_nothing_and_a_single_group_takes_its_total() -> None:
    assert protect_row([[20, 20], [30, 30]], [False, False], reach=REACH)[0].tolist() == [False, False]
    withheld, total = protect_row([[3, 4]], [True], reach=REACH)
    assert (withheld.tolist(), total) == ([True], True)


def test_the_smallest_group_is_taken() -> None:
    withheld, _ = protect_row([[2, 2], [90, 90], [20, 15], [40, 40]], [True, False, False, False], reach=REACH)
    assert withheld.tolist() == [True, False, True, False]


def test_misfits_are_refused() -> None:
    with pytest.raises(UsageError, match="pass one row of parts a group"):
        protect_row([[1, 2]], [True, False], reach=REACH)


def test_the_reach_is_that_of_the_policy() -> None:
    assert Policy().must_reach == REACH
    assert primary_counts([9, 10]).hidden.tolist() == [True, False]
