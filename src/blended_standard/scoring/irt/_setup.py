"""From a table of responses and a model to the problem that `_estimate.maximize` solves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric.arguments import Floats
from blended_standard.scoring.irt._estimate import Problem
from blended_standard.scoring.irt._kernels import KIND_OF_MODEL
from blended_standard.scoring.irt._marginal import ItemBlock, State
from blended_standard.scoring.irt._responses import Indexes, Patterns, Table, to_patterns, used_categories
from blended_standard.scoring.irt.items import MODELS, ItemParameters, blocks

Prior = tuple[float, float]


class Plan(NamedTuple):
    """The items that enter, their models and codes, what is left out and why, and what a reader should know."""

    columns: tuple[int, ...]
    models: tuple[str, ...]
    categories: tuple[tuple[int, ...], ...]
    fixed: tuple[bool, ...]
    excluded: dict[int, str]
    notices: tuple[str, ...]


def plan_items(table: Table, model: str | Sequence[str], fixed: ItemParameters | None) -> Plan:
    """Decide item by item whether it can be estimated, with which categories."""
    models = _models(table, model)
    anchors = {} if fixed is None else {name: place for place, name in enumerate(fixed.item_ids)}
    if fixed is not None and not set(anchors) & set(table.item_ids):
        raise UsageError(f"fixed holds none of the items of the responses ({', '.join(table.item_ids[:5])} ...).")
    columns, chosen, categories, is_fixed = [], [], [], []
    excluded: dict[int, str] = {}
    notices: list[str] = []
    for column, (name, used) in enumerate(zip(table.item_ids, used_categories(table), strict=True)):
        if fixed is not None and name in anchors:
            codes, own = fixed.categories[anchors[name]], fixed.model[anchors[name]]
            if not set(used) <= set(codes):
                raise UsageError(f"item {name}: the responses hold codes {used} and the fixed item has {codes}.")
        else:
            own, codes = models[column], used
            reason = _why_not(name, own, used)
            if reason:
                excluded[column] = reason
                continue
            notices += _unused(name, used)
        columns.append(column)
        chosen.append(own)
        categories.append(codes)
        is_fixed.append(name in anchors)
    notices += list(excluded.values())
    _check_identified(chosen, is_fixed, excluded)
    return Plan(tuple(columns), tuple(chosen), tuple(categories), tuple(is_fixed), excluded, tuple(notices))


def read_patterns(table: Table, plan: Plan, group: Indexes) -> Patterns:
    """Return the distinct rows of the items that enter."""
    return to_patterns(table, plan.columns, plan.categories, group)


def build(
    table: Table,
    plan: Plan,
    fixed: ItemParameters | None,
    n_groups: int,
    guessing_prior: Prior | None,
    slope_prior: Prior | None,
) -> tuple[Problem, State]:
    """Return the problem and where to start."""
    keys = [(KIND_OF_MODEL[m], len(codes)) for m, codes in zip(plan.models, plan.categories, strict=True)]
    made_blocks: list[ItemBlock] = []
    values: list[Floats] = []
    free: list[Any] = []
    mean: list[Any] = []
    precision: list[Any] = []
    logs: list[Any] = []
    for kind, count in dict.fromkeys(keys):
        places = np.array([j for j, key in enumerate(keys) if key == (kind, count)], dtype=np.intp)
        codes = np.array([plan.categories[j] for j in places], dtype=float)
        width = count + (1 if kind == "guessing" else 0)
        block = ItemBlock(kind, places, codes - codes[:, :1], width)
        start, open_ = np.ones((len(places), width)), np.ones((len(places), width), dtype=bool)
        center, tight = np.zeros((len(places), width)), np.zeros((len(places), width))
        slope_on_log = np.zeros((len(places), width), dtype=bool)
        for row, j in enumerate(places):
            start[row, 1:count] = _start(table, plan.columns[j], plan.categories[j], kind)
            open_[row, 0] = plan.models[j] not in ("rasch", "1pl", "pcm")
            if slope_prior is not None and open_[row, 0]:
                center[row, 0], tight[row, 0], slope_on_log[row, 0] = slope_prior[0], slope_prior[1] ** -2, True
            if kind == "guessing":
                start[row, 2] = -1.4 if guessing_prior is None else guessing_prior[0] - 0.3
                if guessing_prior is not None:
                    center[row, 2], tight[row, 2] = guessing_prior[0], guessing_prior[1] ** -2
            if plan.fixed[j] and fixed is not None:
                start[row] = _fixed_values(fixed, table.item_ids[plan.columns[j]])
                open_[row], tight[row], slope_on_log[row] = False, 0.0, False
        made_blocks.append(block)
        for held, part in zip((free, mean, precision, logs), (open_, center, tight, slope_on_log), strict=True):
            held.append(part.ravel())
        values.append(start)
    groups = _free_groups(plan, n_groups)
    nothing = np.zeros(2 * n_groups)
    problem = Problem(
        tuple(made_blocks),
        np.concatenate([*free, groups]),
        np.concatenate([*mean, nothing]),
        np.concatenate([*precision, nothing]),
        np.concatenate([*logs, nothing.astype(bool)]),
    )
    return problem, State(tuple(values), np.zeros(n_groups), np.ones(n_groups))


def _models(table: Table, model: str | Sequence[str]) -> tuple[str, ...]:
    count = len(table.item_ids)
    models = (model,) * count if isinstance(model, str) else tuple(model or ())
    unknown = [name for name in models if name not in MODELS]
    if unknown:
        raise UsageError(f"model={unknown[0]!r} is not one of {', '.join(MODELS)}.")
    if len(models) != count:
        raise UsageError(f"model has {len(models)} entries for {count} items: pass one name, or one an item.")
    if "1pl" in models and set(models) != {"1pl"}:
        raise UsageError("model '1pl' has one common slope for all items and does not mix with others: use 'rasch'.")
    return models


def _why_not(name: str, model: str, used: tuple[int, ...]) -> str | None:
    """Say why an item cannot be estimated, or None; refuse codes that its model does not take."""
    dichotomous = KIND_OF_MODEL[model] in ("logistic", "guessing")
    if dichotomous and not set(used) <= {0, 1}:
        raise UsageError(
            f"item {name}: model {model} takes the codes 0 and 1, and the responses hold {list(used)}. "
            "Use graded, pcm or gpcm, or recode."
        )
    if not used:
        return f"item {name} is left out: nobody answered it."
    if len(used) == 1:
        what = {0: "wrong", 1: "right"}[used[0]] if dichotomous else f"in category {used[0]}"
        return f"item {name} is left out: every answer is {what}, so that its difficulty has no finite estimate."
    return None


def _unused(name: str, used: tuple[int, ...]) -> list[str]:
    gaps = sorted(set(range(used[0], used[-1] + 1)) - set(used))
    if not gaps:
        return []
    listed = ", ".join(map(str, gaps))
    return [f"item {name}: nobody used category {listed}; its probability is 0 and the other codes keep their values."]


def _check_identified(models: list[str], fixed: list[bool], excluded: dict[int, str]) -> None:
    if any(fixed):
        return
    needed = 2 if all(model in ("rasch", "1pl", "pcm") for model in models) else 3
    if len(models) < needed:
        why = " ".join(excluded.values())
        raise NotEstimableError(
            f"{len(models)} items can be estimated and the model needs at least {needed}: with fewer, the answers do "
            f"not tell item from ability. {why}".strip()
        )


def _start(table: Table, column: int, codes: tuple[int, ...], kind: str) -> Floats:
    """Return intercepts that give the observed shares at the mean ability, stretched a little for its spread."""
    answers = table.codes[:, column]
    held = answers >= 0
    counts = np.bincount(answers[held], weights=table.weights[held], minlength=codes[-1] + 1)[list(codes)] + 0.5
    if kind == "partial":
        made: Floats = np.log(counts[1:] / counts[0])
        return made
    above = np.cumsum(counts[::-1])[::-1][1:] / counts.sum()
    stretched: Floats = 1.1 * np.log(above / (1 - above))
    return stretched


def _fixed_values(fixed: ItemParameters, name: str) -> Floats:
    (block,) = blocks(fixed.select([name]))
    made: Floats = block.parameters[0]
    return made


def _free_groups(plan: Plan, n_groups: int) -> np.ndarray:
    """Mean and variance are free except where they set the scale."""
    made = np.ones((n_groups, 2), dtype=bool)
    if not any(plan.fixed):
        made[0] = False, all(model in ("rasch", "1pl", "pcm") for model in plan.models)
    return made.ravel()
