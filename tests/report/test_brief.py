"""The evidence brief: what it says, what it withholds, and that hostile or endless input leaves it two pages long."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest

import blended_standard as bs
from blended_standard import compare
from blended_standard.cli import main
from blended_standard.errors import UsageError
from blended_standard.measures import MeasureReport
from blended_standard.measures.bridge import ClaimReport, claim
from blended_standard.privacy import Ledger, Policy
from blended_standard.report import brief
from blended_standard.report.brief_words import of_100
from blended_standard.testing import district
from tests.measures.synthetic import join, make
from tests.report.test_figures import submission

SECTIONS = (
    "In short",
    "What was compared",
    "What was found",
    "How sure we are",
    "The rating, and why",
    "What would change this conclusion",
    "What attendance rules would have hidden",
    "What this brief cannot say",
)
RULE = ("2025-01-01", "2025-12-31")


@functools.cache
def measured(by: tuple[str, ...], *sizes: int) -> MeasureReport:
    return bs.score(submission(*sizes), ["OUT-03", "ENG-01"], by=by)


def study_of(scored: MeasureReport, outcome: str = "OUT-03", **options: Any) -> compare.StudyReport:
    return compare.compare_groups(scored, outcome, ["Program A", "Program B"], **options)


def design(**changed: Any) -> compare.Study:
    arm = compare.Arm(n_analyzed=300, n_assigned=305, units=3)
    return compare.Study(**{"name": "Trial", "assignment": "random", "treated": arm, "comparison": arm, **changed})


def longest(**design_of: Any) -> tuple[MeasureReport, compare.StudyReport, list[Any]]:
    """Return everything that a brief has a place for, with names and findings without end."""
    tables = {name: columns for name, columns in join(make("A", 200, 3), make("B", 220, 4)).items() if columns}
    tables["program"]["name"] = ["Word " * 2000 + "A", "W" * 10_000]
    made = bs.Submission.from_tables(tables, manifest={"as_of": "2025-12-31", "synthetic": True})
    scored = bs.score(made, ["OUT-03", "ENG-01"], by="program")
    labels = [entry.label for entry in scored.select("OUT-03")]
    study = compare.compare_groups(scored, "OUT-03", labels, design=design(**design_of))
    further = [
        compare.e_value(3.9, low=1.8, high=8.7),
        compare.robustness_of_inference(2.0, 0.4, n=100, covariates=3),
        compare.oster_delta(0.5, 0.4, uncontrolled_r2=0.1, controlled_r2=0.4),
        *(claim(rule, made, period=RULE) for rule in ("BR-07", "BR-02", "BR-05")),
    ]
    return scored, study, further


@pytest.fixture(scope="module")
def scored() -> MeasureReport:
    return measured(("program",), 200, 220)


def words(text: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.S).split())


def test_it_has_its_sections_in_order_and_says_both_shares_of_100(scored: MeasureReport) -> None:
    text = brief(study_of(scored), scored)
    said = words(text)
    assert re.findall(r"<h2[^>]*>([^<]+)</h2>", text) == list(SECTIONS)
    for label in ("Program A", "Program B"):
        share = scored.one("OUT-03", label).value or 0.0
        assert f"{label}: Of 100 learners, {100 * share:.0f} had finished within 365 days of entry." in said
    assert "<script" not in text
    assert "365 days from entry" in said
    assert said.count("Not rated") == 1
    assert "No attendance rule was applied" in said


def test_the_drawing_fills_as_many_of_100_as_the_words_say(scored: MeasureReport) -> None:
    drawn = re.search(r'<svg[^>]*aria-label="Of 100 learners.*?</svg>', brief(study_of(scored), scored), re.S)
    assert drawn
    for place, label in enumerate(("Program A", "Program B")):
        share = scored.one("OUT-03", label).value or 0.0
        assert drawn[0].count(f"person s{place}") == round(100 * share)
    assert drawn[0].count("<circle") == 200


def test_a_measure_that_is_no_share_is_said_in_its_unit() -> None:
    scored = bs.score(district(200, programs=2, seed=7), "CMP-10", by="program")
    labels = [entry.label for entry in scored]
    text = brief(compare.compare_groups(scored, "CMP-10", labels), scored)
    one, two = (f"{entry.value:.3g} at {entry.label}" for entry in scored)
    assert f"{one} and {two} (credits per school year):" in words(text)
    assert "of 100" not in words(text).partition("What attendance")[0].replace("95 of 100 studies", "")
    assert "person s0" not in text


def test_a_rating_is_given_with_its_reasons_and_open_questions(scored: MeasureReport) -> None:
    said = words(brief(study_of(scored, design=design()), scored))
    assert "Meets WWC standards without reservations" in said
    assert "Is attrition of learners low?" in said
    assert "An open question that the rating hangs on: Does the outcome measure what it names?" in said


def test_the_e_value_is_that_of_the_risk_ratio_and_only_where_the_groups_differ() -> None:
    scored = measured(("program",), 200, 220)
    study = study_of(scored)
    gap = study.effects[0]
    apart = gap.interval is not None and not gap.interval.low <= 0 <= gap.interval.high
    said = words(brief(study, scored))
    assert ("(E-value)" in said) == apart
    assert "Of 100 learners" in said
    given = compare.e_value(3.9, low=1.8, high=8.7)
    assert "7.3 times as likely would explain the difference away (E-value)" in words(brief(study, scored, given))


def test_attendance_stands_beside_learning() -> None:
    made = submission(200, 220)
    scored = bs.score(made, ["OUT-03", "ENG-01"], by="program")
    found = claim("BR-07", made, period=RULE)
    said = words(brief(study_of(scored), scored, found))
    for one in found:
        judged = sum(condition.met for condition in one.conditions)
        share = of_100(one.step("episodes at or over the threshold"), judged, Policy())
        weeks = 100 * (scored.one("ENG-01", one.label).value or 0.0)
        assert f"{one.label}: counted by days, {share} learners would be called chronically absent" in said
        assert f"Yet of 100 of their weeks {weeks:.0f} held learning." in said


def test_a_claim_about_few_is_withheld() -> None:
    made = submission(200, 220)
    scored = bs.score(made, ["OUT-03", "ENG-01"], by="program")
    few = ClaimReport(claims=tuple(_evolve(one, episodes=4) for one in claim("BR-07", made, period=RULE)))
    assert "Program A: withheld, fewer than 10 learners." in words(brief(study_of(scored), scored, few))


def test_a_side_about_few_learners_leaves_no_number() -> None:
    scored = measured(("program",), 150, 8)
    text = brief(study_of(scored, "ENG-01", design=design()), scored, compare.e_value(3.9, low=1.8, high=8.7))
    said = words(text)
    assert "This result is withheld. Withheld: fewer than 10 learners." in said
    assert "<svg" not in text
    assert "(E-value)" not in said
    for entry in scored.select("ENG-01"):
        assert f"{100 * (entry.value or 0):.0f} of 100" not in said
        assert f"{entry.n:,} episodes" not in said


def test_what_a_total_would_give_away_is_withheld_from_the_brief_too() -> None:
    """B has enough learners, and is withheld beside C and the total: a brief of A and B must not show it."""
    parts, total = measured(("program",), 150, 20, 6), measured((), 150, 20, 6)
    both = _evolve(parts, results=(*total.results, *parts.results))
    study = study_of(parts, "ENG-01")
    assert "This result is withheld" not in words(brief(study, parts))
    assert "This result is withheld" in words(brief(study, both))


def test_ends_of_shares_are_coded() -> None:
    policy = Policy()
    assert of_100(59, 100, policy) == "59 of 100"
    assert of_100(60, 60, policy) == "at least 95 of 100"
    assert of_100(1, 60, policy) == "at most 5 of 100"
    assert of_100(5, 100, policy) == "at most 5 of 100"
    assert of_100(3, 9, policy) is None


def test_misuse_says_what_is_accepted(scored: MeasureReport) -> None:
    study = study_of(scored)
    with pytest.raises(UsageError, match=r"no place for a BalanceTable\. It takes: EValue"):
        brief(study, scored, compare.balance_table([1, 1, 0, 0], [1.0, 3.0, 0.0, 2.0]))
    with pytest.raises(UsageError, match="is not in scored"):
        brief(study, measured((), 200, 220))


def test_endless_names_and_findings_are_cut() -> None:
    scored, study, further = longest(confounds=("a confound " * 300,))
    text = brief(study, scored, *further, title="T" * 10_000)
    assert len(text) < 45_000
    assert "…" in text


def test_a_brief_obeys_the_ledger_and_adds_what_it_shows(tmp_path: Path, scored: MeasureReport) -> None:
    book = tmp_path / "releases.json"
    brief(study_of(scored), scored, to=tmp_path / "june.html", ledger=book)
    (release,) = Ledger.read(book).releases
    assert {cell.measure for cell in release.cells} == {"OUT-03", "ENG-01"}
    assert len(release.cells) == 4
    later = measured(("program",), 203, 260)
    later = _evolve(later, as_of=dt.date(2026, 1, 31))
    said = words(brief(study_of(later), later, to=tmp_path / "july.html", ledger=book))
    assert "This result is withheld. Withheld: set against an earlier release" in said


def test_the_command_writes_a_brief(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = bs.write_submission(submission(200, 220), tmp_path / "submission", format="parquet")
    target, plan = tmp_path / "brief.html", tmp_path / "design.json"
    plan.write_text(json.dumps(design().to_dict()), encoding="utf-8")
    arguments = ["brief", str(made), "--measures", "OUT-03,ENG-01", "--out", str(target)]
    assert main([*arguments, "--design", str(plan)]) == 0
    said = words(target.read_text(encoding="utf-8"))
    assert "Meets WWC standards" in said
    assert "chronically absent" in said
    assert "Wrote" in capsys.readouterr().out
    assert main([*arguments, "--rule", "none", "--quiet"]) == 0
    assert "No attendance rule was applied" in words(target.read_text(encoding="utf-8"))
    plan.write_text('{"name": 1}', encoding="utf-8")
    assert main([*arguments, "--design", str(plan)]) == 2
    assert "does not hold a study design" in capsys.readouterr().err


def _evolve(entry: Any, **changed: Any) -> Any:
    import attrs

    return attrs.evolve(entry, **changed)
