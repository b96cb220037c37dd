"""Adds to vectors the numbers of the catalogue that no other script makes: OUT-01, OUT-11 (run by hand)."""

from __future__ import annotations

from statistics import median
from typing import Any

from tests.measures.make_vectors_context import of_stratum
from tests.measures.make_vectors_people import case
from tests.measures.make_vectors_rules import add


def cohort() -> None:
    member = {"cohort_year": 2024, "program_id": "p", "transfer_in": False}
    graduates = {"repeat": 709, "learner_id": "graduate#", **member, "diploma_date": "2024-06-10"}
    others = {"repeat": 1167 - 709, "learner_id": "other#", **member}
    share, _, low, high = of_stratum(709, 1167)
    told = {"value": share, "numerator": 709, "denominator": 1167, "low": low, "high": high}
    asked: dict[str, Any] = {"as_of": "2026-06-30", "parameters": {"cohort_year": 2024}}
    add(
        "OUT-01",
        [case("709 of 1167, with the interval of Wilson", {"cohort_member": [graduates, others]}, told, **asked)],
    )


def earnings() -> None:
    wages = [5200.0, 6100.0, 7000.0, 8200.0, 0.0]
    stay = {"entry_date": "2024-07-01", "exit_date": "2025-03-15", "exit_reason": "withdrawn"}
    found = [
        {
            "follow_up_id": f"f{i}",
            "episode_id": f"e{i}",
            "quarter_start": "2025-07-01",
            "status": "found" if wage else "not_found",
            "employed": wage > 0,
            "wages": wage,
        }
        for i, wage in enumerate(wages)
    ]
    tables = {"episode": [{"repeat": 5, "episode_id": "e#", **stay}], "follow_up": found}
    told = {"value": median(wage for wage in wages if wage), "n": 4}
    wrong = [{"value": median(wages), "why": "the median of all who left, with the zeros of those who did not work"}]
    add("OUT-11", [case("median of the employed, zero left out: 6550", tables, told, "2026-06-30", wrong=wrong)])


if __name__ == "__main__":
    cohort()
    earnings()
