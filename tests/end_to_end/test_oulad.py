"""The whole path on the Open University data: its known facts, its real defects, and a report."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import blended_standard as bs
from examples import oulad


@pytest.fixture(scope="module")
def submission(shared_data: Path) -> bs.Submission:
    return oulad.read(shared_data / "oulad")


def test_real_defects_come_out_as_findings(submission: bs.Submission) -> None:
    report = bs.validate(submission)
    counts: Counter[str] = Counter()
    for finding in report.findings:
        counts[finding.code] += finding.count
    read = {table.table: table.read for table in report.tables}
    assert (read["learner"], read["episode"], read["evidence"]) == (28_785, 32_593, 173_912)
    assert counts["EPI-NO-EXIT"] == 93  # withdrawn without a day
    assert counts["OUT-AFTER-WITHDRAWAL"] == 9  # a day of withdrawal and another result
    assert counts["FLD-REQUIRED"] == 45  # no registration day
    assert counts["EVI-UNSCORED"] == 173  # no score
    assert report.errors == 93 + 45


def test_completion_equals_the_published_counts(submission: bs.Submission) -> None:
    """All have left by the as-of date, so that completion is the plain share of those with a usable episode."""
    found = bs.score(submission, "OUT-03", by=("program",))
    usable = {"completed": 0, "n": 0}
    for entry in found:
        assert entry.value is not None
        assert entry.n is not None
        usable["completed"] += round(entry.value * entry.n)
        usable["n"] += entry.n
    # 12,361 passes and 3,024 distinctions, less those whose registration day is missing.
    assert usable["completed"] == pytest.approx(12_361 + 3_024, abs=45)
    assert usable["n"] == pytest.approx(32_593, abs=93 + 45)


def test_the_path_ends_in_a_report(submission: bs.Submission, shared_data: Path, tmp_path: Path) -> None:
    scored = bs.score(submission, ["OUT-03", "ENG-02", "ENG-13"], by=("site",))
    study = bs.compare(scored, outcome="OUT-03", groups=("BBB 2014J", "BBB 2013J"))
    page = bs.report(scored, study, to=tmp_path / "report.html")
    assert "BBB 2014J against BBB 2013J" in page
    # Everybody has left by the as-of date, so the effect is that of the counts, taken here from the files alone.
    counts = {name: completed(shared_data / "oulad", "BBB", name) for name in ("2014J", "2013J")}
    (done, n), (done_before, n_before) = counts["2014J"], counts["2013J"]
    expected = bs.compare.cox_index(done / n, done_before / n_before, n_treated=n, n_comparison=n_before)
    assert study.effects[1].value == pytest.approx(expected.value, rel=1e-9)
    assert study.effects[1].se == pytest.approx(expected.se, rel=1e-9)


def completed(source: Path, module: str, presentation: str) -> tuple[int, int]:
    """Passes and distinctions, and all registrations of which the length is known, counted in the files."""
    keys = ["code_module", "code_presentation", "id_student"]
    info = pd.read_parquet(source / "student_info.parquet").merge(
        pd.read_parquet(source / "student_registration.parquet"), on=keys
    )
    info = info[(info.code_module == module) & (info.code_presentation == presentation)]
    unknown = info.date_registration.isna() | ((info.final_result == "Withdrawn") & info.date_unregistration.isna())
    known = info[~unknown]
    return int(known.final_result.isin(["Pass", "Distinction"]).sum()), len(known)
