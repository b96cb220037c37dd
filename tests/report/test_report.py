"""What is published: few learners withheld, hostile names inert, files whole."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

import blended_standard as bs
from blended_standard._files import write_whole
from blended_standard.errors import UsageError
from blended_standard.measures import MeasureReport, Status, merge, score
from blended_standard.measures.report import Bounds
from blended_standard.report import for_publication
from blended_standard.report.make import report
from blended_standard.testing import district
from tests.measures.synthetic import make

HOSTILE = ["<script>alert(1)</script>", "\u202egnirts", "🎓 Harbor", 'a"onmouseover="x', "x" * 10_000, "{{ 7 * 7 }}"]


def scored(learners: int, name: str = "Harbor") -> MeasureReport:
    tables = {table: columns for table, columns in make("A", learners, seed=3).items() if columns}
    tables["program"]["name"] = [name]
    return score(bs.Submission.from_tables(tables, manifest={"as_of": "2025-12-31", "title": name}))


def test_few_learners_are_withheld_with_every_number() -> None:
    small = scored(6)
    assert any(entry.value is not None for entry in small)
    public = for_publication(small)
    for entry in public:
        if entry.status is Status.SUPPRESSED:
            plain = json.dumps(entry.to_dict() | {"parameters": [], "key": {}, "version": "", "measure": ""})
            assert entry.n is None
            assert not any(f" {number}," in plain for number in range(1, 10_000) if number not in (10,))
    assert all(entry.status is Status.SUPPRESSED for entry in public if entry.measure.startswith("ENG"))


def test_enough_learners_are_shown() -> None:
    public = for_publication(scored(150))
    assert public.one("ENG-01").status is Status.OK
    assert public.one("ENG-01").statistics == ()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_as_text(name: str) -> None:
    text = report(scored(40, name))
    assert "<script>" not in text
    assert 'onmouseover="x"' not in text
    assert "49" not in text.partition("<title>")[2].partition("</title>")[0]


def test_a_policy_without_counts_has_no_report_that_tells_them() -> None:
    standard = bs.load_standard()
    strict = attrs.evolve(standard.profile("core"), disclosure={"show_counts": False})
    strict_standard = attrs.evolve(standard, profiles={**standard.profiles, "core": strict})
    with pytest.raises(UsageError, match="lets no counts stand beside shares"):
        for_publication(scored(150), standard=strict_standard)


def test_a_report_needs_measures() -> None:
    with pytest.raises(UsageError, match="got no MeasureReport"):
        report()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(("unknown", "shown"), [(0, True), (4, False), (10, True)])
def test_bounds_do_not_tell_that_few_outcomes_are_unknown(unknown: int, shown: bool) -> None:
    found = scored(150)
    entry = attrs.evolve(found.one("ENG-01"), n=100, learners=100, bounds=Bounds(low=0.5, high=0.5 + unknown / 100))
    public = for_publication(attrs.evolve(found, results=(entry,)))  # type: ignore[misc]
    assert (public.results[0].bounds is not None) == shown


def ready(size: int, device: int, connection: int) -> MeasureReport:
    """Score the access of `size` learners of whom so many have a device, and a connection."""
    people = [f"l{i}" for i in range(size)]
    tables = {
        "program": {"program_id": ["p"], "name": ["P"], "time_zone": ["UTC"]},
        "site": {"site_id": ["s"], "program_id": ["p"], "name": ["S"]},
        "learner": {
            "learner_id": people,
            "has_device": [i < device for i in range(size)],
            "has_connection": [i < connection for i in range(size)],
            "has_contact_details": [True] * size,
        },
        "episode": {
            "episode_id": people,
            "learner_id": people,
            "site_id": ["s"] * size,
            "entry_date": ["2025-01-06"] * size,
        },
    }
    return score(bs.Submission.from_tables(tables, manifest={"as_of": "2025-12-31"}), "EQ-03")


def test_a_share_of_few_successes_is_withheld_whatever_its_statistic() -> None:
    """Thirty learners of whom three are not ready: a ratio of people, not of weeks, would name the three."""
    found = ready(30, 27, 30)
    assert found.one("EQ-03").value is not None
    assert for_publication(found).results[0].status is Status.SUPPRESSED


def test_a_component_that_is_a_share_of_few_is_withheld_by_itself() -> None:
    found = for_publication(ready(120, 119, 60)).one("EQ-03")
    assert found.value == 0.5
    assert found.component("connection").value == 0.5
    assert found.component("device").reason == "Shown only as ≥97%."
    assert found.component("device").interval is None


def test_a_mean_of_whole_numbers_is_no_share_and_can_be_published() -> None:
    found = score(district(120, seed=7), "REL-04", by=())
    assert for_publication(found).one("REL-04").value == found.one("REL-04").value > 1


def test_what_was_made_ready_for_publication_does_not_merge() -> None:
    with pytest.raises(UsageError, match="Merge what score"):
        merge([scored(150), for_publication(scored(120))])
