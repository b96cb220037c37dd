"""The release ledger: what two releases would give away together, and numerators as cells in subtraction."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from blended_standard.cli import main
from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.io import Submission, write_submission
from blended_standard.measures import MeasureReport, Status, score
from blended_standard.privacy import Ledger, Policy
from blended_standard.privacy.ledger import FEW_CHANGED, WITHHELD_BEFORE
from blended_standard.report import for_publication, report
from blended_standard.report.publish import BY_SUBTRACTION
from blended_standard.report.totals import Counted, also_withhold

DAY = dt.date(2026, 7, 1)


def submission(**sizes: tuple[int, int]) -> Submission:
    """Programs of so many learners, of whom so many are ready (EQ-03 counts every learner once)."""
    ready = [i < have for n, have in sizes.values() for i in range(n)]
    people = [f"{name}{i}" for name, (n, _) in sizes.items() for i in range(n)]
    place = [name for name, (n, _) in sizes.items() for _ in range(n)]
    tables: dict[str, dict[str, list[Any]]] = {
        "program": {"program_id": list(sizes), "name": list(sizes), "time_zone": ["UTC"] * len(sizes)},
        "site": {"site_id": [f"{name}s" for name in sizes], "program_id": list(sizes), "name": list(sizes)},
        "learner": {
            "learner_id": people,
            "has_device": ready,
            "has_connection": [True] * len(people),
            "has_contact_details": [True] * len(people),
        },
        "episode": {
            "episode_id": people,
            "learner_id": people,
            "site_id": [f"{name}s" for name in place],
            "entry_date": ["2025-01-06"] * len(people),
        },
    }
    return Submission.from_tables(tables, manifest={"as_of": "2025-12-31", "title": "Test"})


def measured(by: str | tuple[str, ...] = "program", **sizes: tuple[int, int]) -> MeasureReport:
    return score(submission(**sizes), "EQ-03", by=by)


def released(*reports: MeasureReport) -> Ledger:
    ledger = Ledger()
    for i, each in enumerate(reports):
        ledger = ledger.add(f"r{i}", for_publication(each, ledger=ledger), published=DAY)
    return ledger


def reasons(public: MeasureReport) -> dict[str, str | None]:
    return {entry.label: entry.reason for entry in public}


def test_counts_that_differ_by_few_learners_do_not_both_go_out() -> None:
    june = measured(A=(120, 60), B=(80, 40))
    ledger = released(june)
    july = for_publication(_later(measured(A=(123, 61), B=(95, 50))), ledger=ledger)
    assert reasons(july) == {"A": FEW_CHANGED, "B": None}
    assert reasons(for_publication(_later(june), ledger=ledger)) == {"A": None, "B": None}


def test_numerators_that_differ_by_few_count_too() -> None:
    ledger = released(measured(A=(120, 60), B=(80, 40)))
    july = for_publication(_later(measured(A=(120, 64), B=(80, 55))), ledger=ledger)
    assert reasons(july) == {"A": FEW_CHANGED, "B": None}


def followed(events: int, n: int = 120, censored: int = 40) -> MeasureReport:
    """OUT-03, an Aalen-Johansen estimate, of learners of whom so many finish, and some are not followed to the end."""
    people = [f"l{i}" for i in range(n)]
    tables: dict[str, dict[str, list[Any]]] = {
        "program": {"program_id": ["p"], "name": ["P"], "time_zone": ["UTC"]},
        "site": {"site_id": ["s"], "program_id": ["p"], "name": ["S"]},
        "learner": {"learner_id": people},
        "episode": {
            "episode_id": people,
            "learner_id": people,
            "site_id": ["s"] * n,
            "entry_date": ["2025-06-02" if i < censored else "2024-06-03" for i in range(n)],
            "exit_date": ["2025-03-20" if censored <= i < censored + events else None for i in range(n)],
            "exit_reason": ["completed_diploma" if censored <= i < censored + events else None for i in range(n)],
        },
    }
    return score(Submission.from_tables(tables, manifest={"as_of": "2025-12-31", "title": "T"}), "OUT-03", by=())


def test_events_that_differ_by_few_count_too_though_the_estimate_is_no_ratio_of_them() -> None:
    june, july = followed(30), followed(33)
    first, later = june.results[0], july.results[0]
    assert (first.numerator, later.numerator, first.n, later.n) == (30, 33, 120, 120)
    assert abs((first.value or 0) * 120 - 30) > 1
    ledger = released(june)
    assert [cell.reached for cell in ledger.releases[0].cells] == [30]
    assert reasons(for_publication(_later(july), ledger=ledger)) == {"all": FEW_CHANGED}
    assert reasons(for_publication(_later(followed(45)), ledger=ledger)) == {"all": None}
    careless = ledger.add("July", for_publication(_later(july)), published=DAY)
    assert [conflict.why for conflict in careless.audit()] == [FEW_CHANGED]


def test_few_events_are_withheld_though_the_estimate_would_make_them_many() -> None:
    found = followed(9, n=120, censored=100).results[0]
    assert (found.value or 0) * 120 > 30
    assert for_publication(followed(9, n=120, censored=100)).results[0].status is Status.SUPPRESSED


def test_what_one_release_withheld_another_does_not_show() -> None:
    one = measured((), A=(100, 50), B=(40, 4))
    by_program = measured(A=(100, 50), B=(40, 4))
    both = attrs.evolve(by_program, results=(*one.results, *by_program.results))  # type: ignore[misc]
    first = for_publication(both)
    assert reasons(first)["A"] == BY_SUBTRACTION or reasons(first)["all"] == BY_SUBTRACTION
    hidden = next(entry for entry in first if entry.reason == BY_SUBTRACTION)
    ledger = Ledger().add("both", first, published=DAY)
    alone = one if not hidden.group else by_program
    again = for_publication(alone, ledger=ledger)
    assert next(entry.reason for entry in again if entry.group == hidden.group) == WITHHELD_BEFORE
    assert next(entry.reason for entry in for_publication(alone) if entry.group == hidden.group) is None


def test_parts_do_not_give_away_what_is_left_of_a_total_that_went_out_before() -> None:
    sizes = {"A": (60, 30), "B": (50, 20), "C": (6, 3)}
    parts = measured(**sizes)
    assert sum(entry.status is Status.SUPPRESSED for entry in for_publication(parts)) == 1
    later = for_publication(parts, ledger=released(measured((), **sizes)))
    assert sorted(filter(None, reasons(later).values())) == [
        "Withheld: fewer than 10 learners.",
        BY_SUBTRACTION,
    ]


def test_a_total_does_not_give_away_a_part_that_was_withheld_before() -> None:
    """The sites of B add up to B, which June withheld: July's sites must not all be shown."""
    group = (("program", "B"),)
    cells = [
        Counted((("program", "B"), ("site", "x")), 30, 15),
        Counted((("program", "B"), ("site", "y")), 40, 20),
        Counted(group, 70, 35),
    ]
    assert also_withhold(cells, [False, False, True], Policy(), fixed=1)
    assert also_withhold(cells, [False, False, False], Policy(), fixed=1) == frozenset()


def test_numerators_are_cells_of_their_own() -> None:
    """What is in no part has ten learners, enough to be shown, and three who were reached, too few."""
    total, a, b = (), (("program", "A"),), (("program", "B"),)
    counts = [Counted(total, 100, 28), Counted(a, 40, 10), Counted(b, 50, 15)]
    assert also_withhold(counts, [False] * 3, Policy())
    enough = [Counted(total, 120, 40), Counted(a, 40, 10), Counted(b, 50, 15)]
    assert also_withhold(enough, [False] * 3, Policy()) == frozenset()
    units = [Counted(cell.group, cell.n) for cell in counts]
    assert also_withhold(units, [False] * 3, Policy()) == frozenset()


def test_what_is_shown_leaves_room_for_every_withheld_numerator() -> None:
    """From all shown shares an outsider can write down sums; none of them may fix a withheld numerator."""
    total, a, b, c = (), (("program", "A"),), (("program", "B"),), (("program", "C"),)
    counts = [Counted(total, 150, 60), Counted(a, 60, 30), Counted(b, 50, 26), Counted(c, 40, 4)]
    more = also_withhold(counts, [False, False, False, True], Policy())
    shown = {0, 1, 2} - more
    assert not {0, 1, 2} <= shown
    assert len(shown) == 2


def test_an_audit_names_the_cells_that_two_releases_give_away() -> None:
    careless = Ledger()
    for name, each in (("June", measured(A=(120, 60))), ("July", _later(measured(A=(123, 61))))):
        careless = careless.add(name, for_publication(each), published=DAY)
    found = careless.audit()
    assert [(one.first, one.second, one.measure, one.group) for one in found] == [
        ("June", "July", "EQ-03", "program=A")
    ]
    assert not any(number in found[0].why for number in ("120", "123", "60", "61"))
    assert released(measured(A=(120, 60)), _later(measured(A=(123, 61)))).audit() == ()


def test_the_ledger_holds_nothing_that_was_withheld(tmp_path: Path) -> None:
    ledger = released(measured(A=(120, 60), B=(40, 4)))
    ledger.write(tmp_path / "releases.json")
    text = (tmp_path / "releases.json").read_text()
    cell = next(cell for cell in json.loads(text)["releases"][0]["cells"] if cell["group"] == [["program", "B"]])
    assert (cell["shown"], cell["n"], cell["learners"], cell["reached"]) == (False, None, None, None)
    assert Ledger.read(tmp_path / "releases.json") == ledger
    assert Ledger.read(tmp_path / "none.json") == Ledger()
    assert ledger.rows()[0]["withheld"] == 1


def test_misuse_is_told(tmp_path: Path) -> None:
    public = for_publication(measured(A=(120, 60)))
    with pytest.raises(UsageError, match="name='r0' is in the ledger already"):
        released(measured(A=(120, 60))).add("r0", public, published=DAY)
    for bad in ('{"releases": 3}', "[]", "null", "{", '{"kind": "Policy"}'):
        (tmp_path / "bad.json").write_text(bad)
        with pytest.raises(UnreadableInputError, match="is not a release ledger"):
            Ledger.read(tmp_path / "bad.json")


def test_report_keeps_the_ledger_and_obeys_it(tmp_path: Path) -> None:
    book = tmp_path / "releases.json"
    report(measured(A=(120, 60)), ledger=book)
    assert not book.exists()
    report(measured(A=(120, 60)), to=tmp_path / "june.html", ledger=book)
    text = report(_later(measured(A=(123, 61))), to=tmp_path / "july.html", ledger=book)
    assert FEW_CHANGED in text
    assert [release.name.split(",")[0] for release in Ledger.read(book).releases] == ["june.html", "july.html"]


def test_the_command_keeps_the_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = write_submission(submission(A=(120, 60), B=(80, 40)), tmp_path / "submission", format="csv")
    book = tmp_path / "releases.json"
    main(["report", str(made), "--measures", "EQ-03", "--outcome", "EQ-03", "--out", str(tmp_path / "r.html"),
          "--ledger", str(book), "--quiet"])  # fmt: skip
    assert len(Ledger.read(book).releases) == 1


def _later(scored: MeasureReport) -> MeasureReport:
    return attrs.evolve(scored, as_of=dt.date(2026, 1, 31))  # type: ignore[misc]
