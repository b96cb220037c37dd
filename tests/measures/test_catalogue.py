"""The numbers that the catalogue of measures prints, against the vectors, which plain Python computed."""

from __future__ import annotations

import json

import pytest

from tests.measures.vectors import DIRECTORY

PRINTED = [
    ("ENG-03", "catalogue", None, 33.0),
    *(
        ("ENG-03", "catalogue", f"drop_{minutes}", value)
        for minutes, value in zip((10, 15, 60), (21, 33, 68), strict=True)
    ),
    *(
        ("ENG-03", "catalogue", f"cap_{minutes}", value)
        for minutes, value in zip((10, 30, 60), (51, 93, 128), strict=True)
    ),
    ("ENG-03", "catalogue", "mean_10", 32.5),
    ("ENG-03", "catalogue", "mean_15", 47.167),
    ("ENG-03", "catalogue", "mean_60", 84.9),
    ("ENG-04", "catalogue", None, 0.5556),
    ("ENG-05", "catalogue", None, 0.6079),
    ("ENG-06", "catalogue", None, 0.4506),
    ("ENG-07", "catalogue", None, 15.4974),
    ("ENG-07", "catalogue", "weekday", 5.1074),
    ("ENG-07", "catalogue", "weekday_normalized", 0.4548),
    ("ENG-08", "catalogue", None, 0.2849),
    ("ENG-12", "catalogue", None, 0.6190),
    ("ENG-14", "catalogue", None, 0.15),
    ("CMP-07", "catalogue", None, 0.70),
    ("CMP-07", "catalogue", "kappa", 0.5890),
    ("CMP-07", "catalogue", "weighted_kappa", 0.8421),
    ("EQ-04", "catalogue", None, 0.56),
    ("OUT-17", "996 graduates at 209,200, as 83 at twelve times that", None, 2.975),
    ("OUT-17", "996 graduates at 209,200, as 83 at twelve times that", "net", 1.975),
    ("REL-01", "catalogue: 50 with 8 lost", None, 0.440),
    ("REL-01", "catalogue: 50 with 8 lost", "observed", 0.5238),
]


@pytest.mark.parametrize(("measure", "case", "component", "printed"), PRINTED)
def test_vectors_hold_the_printed_numbers(measure: str, case: str, component: str | None, printed: float) -> None:
    cases = json.loads((DIRECTORY / f"{measure}.json").read_text(encoding="utf-8"))["cases"]
    expected = next(entry["expected"] for entry in cases if entry["name"] == case)
    found = expected["components"][component] if component else expected["value"]
    digits = len(str(printed).partition(".")[2])
    assert found == pytest.approx(printed, abs=0.5000001 * 10**-digits)
