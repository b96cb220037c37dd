"""What people pass by mistake to the public functions: each answer names the argument and what to pass instead."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import blended_standard as bs
from blended_standard.errors import MissingExtraError, UnreadableInputError, UsageError
from blended_standard.measures.score import example

SUBMISSION = example()
SCORED = bs.score(SUBMISSION, "ENG-01", by=(), as_of="2026-01-31")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bs.validate("submission/"), "submission is of the type str. Pass a Submission, as read_submission"),
        (lambda: bs.score(Path("submission")), "submission is of the type PosixPath"),
        (lambda: bs.score({"episode": []}), "submission is of the type dict"),
        (lambda: bs.score(SUBMISSION, as_of=""), "as_of='' is not a date"),
        (lambda: bs.score(SUBMISSION, as_of=2026), "as_of=2026 is not a date"),
        (lambda: bs.sweep("submission/", "ENG-01", "minimum_weeks", values=[4]), "submission is of the type str"),
        (lambda: bs.write_submission("submission/", "out"), "submission is of the type str"),
        (lambda: bs.merge(1), "reports is of the type int"),
        (lambda: bs.merge([SUBMISSION]), "each of reports is of the type Submission. Pass a list of the reports"),
        (lambda: bs.merge([SCORED, SCORED]), "reports holds one report twice"),
        (lambda: bs.comparable(SCORED, SCORED), "Pass one result"),
        (lambda: bs.compare(SUBMISSION, outcome="OUT-03", groups=("a", "b")), "scored is of the type Submission"),
        (lambda: bs.compare(SCORED, outcome="OUT-03", groups=None), "groups is of the type NoneType"),
        (lambda: type(SCORED).from_dict([]), "data is of the type list. Pass what MeasureReport.to_dict() gives"),
        (lambda: type(SCORED).from_dict({"kind": "Sweep"}), "data is of the kind 'Sweep'"),
        (lambda: type(SCORED).from_dict({}), "is not what MeasureReport.to_dict() gives: required field missing"),
        (lambda: bs.report(SUBMISSION), "each part is of the type Submission"),
        (lambda: bs.report("scored.json"), "each part is of the type str"),
        (lambda: bs.read_submission(None), "source is of the type NoneType. Pass a path"),
        (lambda: bs.Submission.from_tables([]), "tables is of the type list. Pass a mapping"),
        (lambda: bs.Submission.from_tables({"episodes": {}}), "Did you mean 'episode'?"),
        (lambda: bs.Submission.from_tables({}, manifest="2026-06-30"), "manifest is of the type str. Pass a Manifest"),
        (lambda: bs.Submission.from_tables({}, manifest={"asof": "2026-06-30"}), "Did you mean 'as_of'?"),
        (lambda: bs.score(SUBMISSION, "eng-01", as_of="2026-06-30"), "Did you mean 'ENG-01'?"),
        (lambda: bs.score(SUBMISSION, as_of=dt.datetime(2026, 6, 30)), "is not a date such as 2026-06-30"),
        (lambda: bs.validate(SUBMISSION, profile="wiao"), "Did you mean 'wioa'?"),
        (lambda: bs.report(SCORED, to="report.pdf"), "ends in none of .html, .htm and .json"),
    ],
)
def test_a_wrong_kind_of_argument_is_named(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        call()
    assert said in str(refused.value)


def test_a_standard_that_is_not_there_is_unreadable() -> None:
    with pytest.raises(UnreadableInputError, match=r"no such file or directory. Pass a spec/ directory"):
        bs.load_standard("nowhere.json")


def test_no_engine_at_all_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"An engine .one of duckdb, polars, pandas. is not installed"):
        bs.validate(SUBMISSION)


def test_each_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match="pyarrow") as refused:
        bs.write_submission(SUBMISSION, tmp_path / "made", format="parquet")
    assert refused.value.extra == "parquet"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for library, extra in (("pandas", "pandas"), ("pyarrow", "parquet"), (None, "polars")):
        with pytest.raises(MissingExtraError) as refused:
            SCORED.to_frame(library)
        assert refused.value.extra == extra


def test_what_can_be_called_lists_what_is_public() -> None:
    for module in (bs.compare, bs.report, bs.validate):
        names = [name for name in dir(module) if not name.startswith("__")]
        assert not [name for name in names if name.startswith("_") or name in ("make_callable", "columns", "page")]
    assert {"hedges_g", "StudyReport", "compare_groups"} <= set(dir(bs.compare))
    assert [name for name in dir(bs.report) if not name.startswith("_")] == ["brief", "for_publication", "report"]


def test_a_console_is_not_flooded() -> None:
    page = bs.report(SCORED)
    assert len(repr(page)) < 100
    assert page._repr_html_().startswith("<iframe sandbox")
    assert len(repr(bs.load_standard())) < 400
