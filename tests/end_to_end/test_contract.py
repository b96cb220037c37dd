"""The public API contract of the design, line by line, on a synthetic district."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import blended_standard as bs
from blended_standard import compare, scoring
from blended_standard.testing import district


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> bs.Submission:
    target = tmp_path_factory.mktemp("contract") / "submission"
    return bs.read_submission(bs.write_submission(district(400, programs=2, seed=11), target, format="parquet"))


def test_the_standard() -> None:
    std = bs.load_standard()
    assert std.version
    assert std.measures["ENG-01"].title == "Active-week rate"
    assert std.profile("core").measures
    assert "withdrawn" in std.codes["exit_reason"]


def test_frames_in_memory_stay_lazy(submission: bs.Submission) -> None:
    episodes = pl.LazyFrame({"episode_id": ["e"], "learner_id": ["l"], "site_id": ["s"], "entry_date": ["2025-01-01"]})
    made = bs.Submission.from_tables({"episode": episodes}, manifest={"as_of": "2026-06-30"})
    assert made.tables["episode"] is episodes


def test_read_validate_score_compare_report(submission: bs.Submission, tmp_path: Path) -> None:
    report = bs.validate(submission, profile="core")
    assert report.ok
    scored = bs.score(submission, measures="core", by=("program",), as_of="2025-12-22", engine="duckdb")
    first, second = (entry.label for entry in scored.select("OUT-03"))
    study = bs.compare(scored, outcome="OUT-03", groups=(first, second))
    assert bs.comparable(study.first, study.second)
    page = bs.report(scored, study, to=tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page
    assert len(page.encode()) < 1_500_000


def test_reports_merge_to_the_pooled_numbers() -> None:
    parts = [bs.score(district(200, programs=1, seed=seed), "ENG-01", by=()) for seed in (1, 2)]
    merged = bs.merge(parts).one("ENG-01")
    sums = [(part.one("ENG-01").numerator or 0, part.one("ENG-01").denominator or 1) for part in parts]
    assert merged.value == pytest.approx(sum(x for x, _ in sums) / sum(y for _, y in sums), rel=1e-12)


def test_results_print_and_travel(submission: bs.Submission) -> None:
    scored = bs.score(submission, "ENG-01", as_of="2025-12-22")
    assert "ENG-01" in str(scored)
    assert scored._repr_html_().startswith("<table>")
    assert "Synthetic data" in scored._repr_html_()
    assert len(scored.to_frame("polars")) == len(scored)
    assert type(scored).from_dict(scored.to_dict()) == scored


def test_a_notebook_shows_what_the_terminal_does(submission: bs.Submission) -> None:
    scored = bs.score(submission, "OUT-03", by=("program",))
    study = bs.compare(scored, outcome="OUT-03", groups=[entry.label for entry in scored])
    rating = compare.evidence_rating(
        compare.Study(
            name="two sites",
            assignment="quasi_experimental",
            treated=compare.Arm(n_analyzed=90),
            comparison=compare.Arm(n_analyzed=80),
        )
    )
    few = compare.least_squares([1.0, 2, 4, 3, 6, 5, 9, 7], [0, 0, 0, 0, 1, 1, 1, 1], clusters=[1, 1, 2, 2, 3, 3, 4, 4])
    must_see = {
        few: "note: 4 clusters are few",
        study: study.sentences[-1],
        rating: rating.label,
        bs.validate(submission): "conformant: 0 errors",
    }
    for shown, words in must_see.items():
        assert words in " ".join(str(shown).split())
        assert words in shown._repr_html_()


def test_a_result_that_is_not_there_is_answered_with_those_that_are(submission: bs.Submission) -> None:
    scored = bs.score(submission, "OUT-03", by=("program",))
    with pytest.raises(bs.BlendedStandardError, match=r"OUT-03 has no group 'Harbor'.*'Synthetic program 1'"):
        bs.compare(scored, outcome="OUT-03", groups=("Harbor", "Mill"))
    with pytest.raises(bs.BlendedStandardError, match=r"holds OUT-03\. Pass OUT-01 to score"):
        scored.one("OUT-01")
    with pytest.raises(bs.BlendedStandardError, match="2 results where one is expected"):
        scored.one("OUT-03")


def test_scoring_on_plain_arrays() -> None:
    rng = np.random.default_rng(3)
    ability, difficulty = rng.normal(size=(400, 1)), np.linspace(-1, 1, 12)
    responses = (rng.random((400, 12)) < 1 / (1 + np.exp(difficulty - ability))).astype(float)
    assert scoring.mastery.decaying_average([1, 2, 3, 4, 5], weight=0.65).value == pytest.approx(4.469619, abs=1e-6)
    fit = scoring.irt.fit(responses, model="2pl")
    assert len(scoring.irt.score(responses, fit).rows()) == 400
    assert scoring.raters.krippendorff_alpha(np.array([[1, 2, 3, 3], [1, 2, 3, 4.0]])).value is not None
    assert scoring.reliability.omega(responses).value is not None
    assert scoring.dif.mantel_haenszel(responses, rng.random(400) < 0.5).rows()
    assert callable(scoring.link.stocking_lord)
    assert callable(scoring.bkt.fit)
    assert callable(scoring.classification.rudner)
    assert callable(scoring.standards.angoff)


def test_comparison_on_plain_arrays() -> None:
    assert compare.hedges_g([2.0, 4.0, 6.0], [1.0, 3.0, 5.0]).n == 6
    assert compare.cox_index(0.8, 0.7, n_treated=200, n_comparison=180).value == pytest.approx(0.3266645, abs=1e-7)
    assert compare.improvement_index(0.25).value == pytest.approx(9.870633, abs=1e-6)
    for name in [
        "attrition",
        "baseline_equivalence",
        "benjamini_hochberg",
        "entropy_balance",
        "match",
        "ipw",
        "random_intercept",
        "kaplan_meier",
        "cumulative_incidence",
        "meta_analysis",
        "power",
        "e_value",
        "evidence_rating",
        "essa_tier",
    ]:
        assert callable(getattr(compare, name)), name
    assert math.isfinite(compare.e_value(2.0).value)
