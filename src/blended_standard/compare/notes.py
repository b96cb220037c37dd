"""A remark that travels with a result: a stable code and plain words."""

from __future__ import annotations

import numpy as np

from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, result

_DOMINATING = 0.25


@result
class Note(Result):
    """Something a reader of the result should know: `code` is stable, `text` is for people."""

    code: str
    text: str


def dominated(weights: Floats, whole: str) -> tuple[Note, ...]:
    """Return a note where one row has a quarter of all weight, and twice what it would have among equals."""
    share = float(weights.max() / weights.sum())
    if share <= max(_DOMINATING, 2 / np.count_nonzero(weights)):
        return ()
    worth = float(weights.sum() ** 2 / (weights @ weights))
    text = f"One row has {share:.0%} of the weight of {whole}, which is worth {worth:.1f} rows of equal weight."
    return (Note(code="dominating-weight", text=text),)
