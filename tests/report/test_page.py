"""The page obeys the policy in its further results and charts, and gathers what could not be computed."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from typing import Any

import attrs
import pytest

import blended_standard as bs
from blended_standard import compare
from blended_standard.measures import MeasureReport, Status, score
from blended_standard.measures.bridge import claim
from blended_standard.privacy import Policy
from blended_standard.report import for_publication, report
from blended_standard.report.figures import of_measures
from blended_standard.report.further import why_withheld
from blended_standard.results import Estimate
from tests.report.test_figures import submission

RANDOM = random.Random(1)


@pytest.fixture(scope="module")
def scored() -> MeasureReport:
    return score(submission(150, 120), ["OUT-03", "ENG-01", "CMP-01", "OUT-09"], by="program")


def test_a_reason_has_the_whole_row_and_a_card_says_what_is_in_force(scored: MeasureReport) -> None:
    held = attrs.evolve(
        scored,
        results=tuple(
            attrs.evolve(r, value=None, se=None, interval=None, status=Status.SUPPRESSED, reason="Why not.")
            for r in scored.select("OUT-03")[:1]
        )
        + scored.select("OUT-03")[1:],
    )
    page = report(held)
    assert re.search(r'<td colspan="5" data-label="No value">[^<]+</td>\s*</tr>', page)
    assert "n counts each episode, horizon_days = 365" in page


def test_large_numbers_are_written_out() -> None:
    scored = score(submission(150), ["ENG-03"], by="program")
    page = report(attrs.evolve(scored, results=(attrs.evolve(scored.results[0], value=7250.4, interval=None),)))
    assert "7,250" in page
    assert "e+0" not in page
    assert "43,200" in str(Estimate(name="eligible minutes", value=43200.0))


def balance(treated: int, held: int) -> compare.BalanceTable:
    """Two arms, and a trait that `held` of the treated have."""
    trait = [1] * held + [0] * (treated - held) + [i % 2 for i in range(60)]
    return compare.balance_table([1] * treated + [0] * 60, {"age": range(treated + 60), "trait": trait})


def validity(group: int) -> compare.IncrementalValidity:
    x = [[RANDOM.gauss(0, 1), RANDOM.gauss(0, 1)] for _ in range(120)]
    y = [int(row[1] + RANDOM.gauss(0, 1) > 0) for row in x]
    groups = ["small"] * group + ["large"] * (120 - group)
    legacy, engagement = [row[0] for row in x], [row[1] for row in x]
    return compare.incremental_validity(y, legacy, engagement, groups=groups, folds=2, repeats=1)


@pytest.mark.parametrize(
    ("few", "enough"),
    [
        (compare.risk_difference(3, 9, 20, 40), compare.risk_difference(15, 40, 20, 40)),
        (compare.risk_difference(3, 40, 20, 40), compare.risk_difference(12, 40, 20, 40)),
        (balance(8, 4), balance(40, 20)),
        (balance(40, 3), balance(40, 12)),
        (validity(6), validity(60)),
    ],
)
def test_a_further_result_about_few_is_withheld_whole(few: Any, enough: Any) -> None:
    assert "Withheld" in (why_withheld(few, Policy()) or "")
    assert why_withheld(enough, Policy()) is None


def test_the_studies_of_a_meta_analysis_are_not_learners() -> None:
    assert why_withheld(compare.meta_analysis([0.2, 0.5, -0.1], [0.1, 0.2, 0.15]), Policy()) is None


def test_a_claim_is_withheld_by_its_episodes_and_by_its_conditions() -> None:
    found = claim("BR-07", submission(150), period=("2025-01-01", "2025-12-31")).claims[0]
    condition = found.conditions[0]
    for changed in ({"episodes": 4}, {"conditions": (attrs.evolve(condition, met=3),)}):
        assert why_withheld(attrs.evolve(found, **changed), Policy()) is not None  # type: ignore[misc]


def test_neither_page_nor_twin_holds_a_number_of_what_is_withheld(scored: MeasureReport) -> None:
    table = balance(40, 3)
    hidden = table.covariates[1]
    page, twin = report(scored, table), report(scored, table, format="json")
    assert "fewer than 10 learners share a trait" in page
    assert "Love plot" not in page
    further = json.loads(twin)["further"]
    assert further == [{"kind": "BalanceTable", "reason": why_withheld(table, Policy())}]
    for number in (hidden.mean_treated, hidden.smd_before):
        assert f"{number:.4g}" not in page
        assert repr(number) not in twin
    assert "Love plot" in report(scored, balance(40, 12))


def test_what_could_not_be_computed_is_one_list_at_the_end_with_reasons(scored: MeasureReport) -> None:
    text = report(scored)
    measures, missing = text.index('id="measures"'), text.index('id="missing"')
    assert measures < missing < text.index('id="definitions"')
    listed = text[missing : text.index('id="definitions"')]
    assert re.findall(r'href="#def-([A-Z0-9-]+)"', listed) == ["CMP-01", "OUT-09"]
    assert listed.count("The submission has no table plan or plan_item.") == 1
    assert "has no table" not in text[measures:missing]
    assert 'id="def-CMP-01"' in text
    assert 'id="missing"' not in report(attrs.evolve(scored, results=scored.select("ENG-01")))  # type: ignore[misc]


def test_a_trend_is_drawn_from_published_years_alone() -> None:
    scored = score(submission(150, 20), "ENG-01", by=("program", "entry_year"))
    public = for_publication(scored)
    withheld = [entry for entry in public if entry.status is Status.SUPPRESSED]
    assert [entry.label for entry in withheld] == ["Program B, 2025"]
    chart = next(chart for chart in charts(scored, public, "ENG-01") if "year of entry" in chart.title)
    drawn = {(f"{row['group']}, {row['year of entry']}", row["value"]) for row in chart.table}
    assert drawn == {(entry.label, entry.value) for entry in public if entry.label.startswith("Program A")}
    assert chart.svg.count("<circle") == 2
    assert "Program B" not in chart.svg


def sites(shares: Sequence[float], sizes: Sequence[int]) -> MeasureReport:
    """Return a report of sites with these shares and sizes."""
    scored = score(submission(150), "OUT-03", by=("program", "site"))
    entry = scored.results[0]
    results = [
        attrs.evolve(  # type: ignore[misc]
            entry, label=f"S{i}", group=(("program", "A"), ("site", f"S{i}")), value=share, n=size, learners=size
        )
        for i, (share, size) in enumerate(zip(shares, sizes, strict=True))
    ]
    return attrs.evolve(scored, results=tuple(results))  # type: ignore[misc]


def test_a_funnel_judges_sites_by_chance_around_the_share_of_those_shown() -> None:
    """Outside where |p - p0| exceeds 3.09 sqrt(p0 (1 - p0) / n); the withheld site moves nothing and is not drawn."""
    shares, sizes = [0.5, 0.45, 0.52, 0.9, 0.55, 0.2, 0.48], [100, 80, 120, 150, 60, 90, 6]
    scored = sites(shares, sizes)
    public = for_publication(scored)
    chart = next(chart for chart in charts(scored, public, "OUT-03") if chart.title.endswith("sites"))
    assert [row["site"] for row in chart.table] == [f"S{i}" for i in range(6)]
    events = [round(share * size) for share, size in zip(shares[:6], sizes[:6], strict=True)]
    p0 = sum(events) / sum(sizes[:6])
    for row, size, count in zip(chart.table, sizes[:6], events, strict=True):
        beyond = abs(count / size - p0) > 3.0902 * (p0 * (1 - p0) / size) ** 0.5
        assert row["outside 99.8%"] == beyond
    assert {row["site"] for row in chart.table if row["outside 99.8%"]} == {"S3", "S5"}
    assert "2 of 6 lie outside" in chart.words
    assert chart.svg.count("<circle") == 6
    assert chart.svg.count('class="guide"') == 4


def test_few_sites_have_no_funnel() -> None:
    scored = sites([0.5, 0.4, 0.3, 0.6], [100] * 4)
    assert [chart for chart in charts(scored, for_publication(scored), "OUT-03") if "sites" in chart.title] == []


def charts(scored: MeasureReport, public: MeasureReport, measure: str) -> Sequence[Any]:
    return of_measures(scored, public, Policy(), bs.load_standard())[measure]
