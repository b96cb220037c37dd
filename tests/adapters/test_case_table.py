"""Flat tables of items: the dialects that spreadsheets write, hierarchy and order, and rows that cannot be right."""

from __future__ import annotations

import csv
import json
import time
import uuid
from pathlib import Path

import pytest

from blended_standard import adapters
from blended_standard.errors import UnreadableInputError
from tests.adapters.helpers import FIELD, HERE, codes, in_field, rows

TABLE = HERE / "case/number_sense.csv"
FIRST, SECOND, THIRD = (f"6f1a0e3c-0a5b-4c1e-9c57-1d2f3a4b5c{n}" for n in (10, 11, 12))


def _records(made: adapters.Import) -> dict[str, list[str]]:
    return {
        name: sorted(json.dumps(row, sort_keys=True, default=str) for row in rows(made, name))
        for name in made.submission.tables
    }


def _read(tmp_path: Path, text: str, name: str = "items.csv") -> adapters.Import:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return adapters.read("case", tmp_path / name)


def _parents(made: adapters.Import) -> dict[str, str | None]:
    """Return the code of each item's parent by its code."""
    code = {row["competency_id"]: json.loads(row["case:more"])["humanCodingScheme"] for row in rows(made, "competency")}
    return {code[row["competency_id"]]: code.get(row.get("parent_id")) for row in rows(made, "competency")}


def test_a_table_becomes_a_framework_with_hierarchy_order_and_codes() -> None:
    made = adapters.read("case", TABLE)
    assert rows(made, "framework")[0]["title"] == "number_sense"
    assert _parents(made) == {"NS": None, "NS.1": "NS", "NS.2": "NS", "NS.3": "NS"}
    order = {
        row["from_id"]: json.loads(row["case:more"])["sequenceNumber"]
        for row in rows(made, "competency_association")
        if row["kind"] == "is_child_of"
    }
    assert [order[each] for each in (SECOND, THIRD)] == [1, 2]
    links = {
        (row["from_id"], row["to_id"]) for row in rows(made, "competency_association") if row["kind"] == "precedes"
    }
    assert (SECOND, THIRD) in links
    assert len(links) == 3
    titles = {row["competency_id"]: row["title"] for row in rows(made, "competency")}
    assert titles[SECOND] == r"Compare fractions, such as $\frac{2}{3}$ and $\frac{3}{4}$"
    assert "Estimate a sum\nbefore it is computed" in titles.values()


def test_every_cell_is_accounted_for_and_an_unknown_column_is_left_out() -> None:
    made = adapters.read("case", TABLE)
    with TABLE.open(encoding="utf-8", newline="") as file:
        cells = sum(bool(cell) for row in csv.DictReader(file) for cell in row.values())
    assert sum(loss.count for loss in made.losses.fields) == cells
    assert [loss.field for loss in made.losses.fields if loss.fate == "dropped"] == ["table.Reviewed By"]
    # A ratio is no address.
    assert "ADP-WITHHELD" not in codes(made)


def test_a_table_goes_out_as_a_package_and_comes_back_the_same(tmp_path: Path) -> None:
    made = adapters.read("case", TABLE)
    adapters.write("case", made, tmp_path / "out")
    again = adapters.read("case", tmp_path / "out")
    assert _records(again) == _records(made)
    assert _records(adapters.read("case", TABLE)) == _records(made)


@pytest.mark.parametrize(
    ("delimiter", "encoding", "first"),
    [
        (";", "utf-8-sig", ""),
        ("\t", "utf-16", ""),
        ("|", "utf-8", ""),
        (";", "utf-8", "sep=;\r\n"),
        (",", "utf-8-sig", ""),
    ],
)
def test_dialects_of_spreadsheets_give_the_same_records(
    delimiter: str, encoding: str, first: str, tmp_path: Path
) -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        listed = list(csv.reader(file))
    with (tmp_path / TABLE.name).open("w", encoding=encoding, newline="") as file:
        file.write(first)
        csv.writer(file, delimiter=delimiter, lineterminator="\r\n").writerows(listed)
    made = adapters.read("case", tmp_path / TABLE.name)
    assert _records(made) == _records(adapters.read("case", TABLE))
    assert ("ADP-HEADER" in codes(made)) == (delimiter != ",")


def test_dotted_codes_tell_the_parents_only_where_the_row_does_not(tmp_path: Path) -> None:
    text = "fullStatement,humanCodingScheme,parent\nA,A,\nB,A.B,\nC,A.B.C,{}\n"
    by_code = _read(tmp_path, text.format(""))
    assert _parents(by_code) == {"A": None, "A.B": "A", "A.B.C": "A.B"}
    (found,) = (each for each in by_code.findings if each.field == "isChildOf")
    assert (found.code, found.count) == ("ADP-ASSUMED", 2)
    stated = _read(tmp_path, text.format("A"))
    assert _parents(stated) == {"A": None, "A.B": "A", "A.B.C": "A"}


def test_what_spreadsheets_leave_out_or_name_elsewhere_is_read_with_a_finding(tmp_path: Path) -> None:
    """Labels for statements, identifiers that are no UUIDs, short rows, codes and addresses of other frameworks."""
    text = """Identifier,FullStatement,Label,Human Coding Scheme,IsRelatedTo,Exemplar,,
Math,,Mathematics,M,,,,
Math.F,Fractions,,M.F,"CCSS.HSF-IF.8a, CCSS.HSF-IF.8b",https://video.example/801,,
Math.E,Exponents
"""
    made = _read(tmp_path, text)
    assert {row["competency_id"]: row["title"] for row in rows(made, "competency")} == {
        "Math": "Mathematics",
        "Math.F": "Fractions",
        "Math.E": "Exponents",
    }
    kept = json.loads(rows(made, "framework")[0]["case:associations"])
    ends = {(each["associationType"], each["destinationNodeURI"]["title"]) for each in kept}
    assert {
        ("isRelatedTo", "CCSS.HSF-IF.8a"),
        ("isRelatedTo", "CCSS.HSF-IF.8b"),
        ("exemplar", "https://video.example/801"),
    } <= ends
    assert not made.losses.records
    assert {each.field for each in made.findings if each.code == "ADP-VALUE"} == {"fullStatement", "identifier", None}
    adapters.write("case", made, tmp_path / "out")
    assert _records(adapters.read("case", tmp_path / "out")) == _records(made)


def test_another_table_beside_one_of_items_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("Standards of 2026")
    made = _read(tmp_path, TABLE.read_text("utf-8"))
    assert "ADP-HEADER" not in codes(made)
    both = adapters.read("case", tmp_path)
    assert "ADP-HEADER" in codes(both)
    assert "error" not in {each.severity for each in both.findings}


def test_rows_that_cannot_be_right_are_findings(tmp_path: Path) -> None:
    text = f"""identifier,fullStatement,humanCodingScheme,Is Child Of
{FIRST},One,1,2
{SECOND},Two,2,1
{THIRD},Three,3,{uuid.UUID(int=1)}
,Four,4,9
,,5,
{FIRST},Another one,6,
{SECOND},Two,2,1
,Seven,4,
,Eight,8,4
,Nine,9,,more
,"Ten"s,10,
"""
    made = _read(tmp_path, text)
    # One and Two are above each other; the parents of Three and Four are not there; code 4 is two items'.
    assert _parents(made) == {"1": None, "2": None, "3": None, "4": None, "8": None}
    assert len(rows(made, "competency")) == 6
    found = {(each.code, each.field) for each in made.findings}
    assert {
        ("ADP-INVALID", "isChildOf"),
        ("ADP-INVALID", "fullStatement"),
        ("ADP-CONFLICT", "identifier"),
        ("ADP-REFERENCE", "isChildOf"),
        ("CSV-WIDTH", None),
        ("CSV-QUOTE", None),
    } <= found
    lost = {loss.reason: loss.count for loss in made.losses.records}
    assert lost["its identifier came before"] == 2
    assert lost["no fullStatement"] == 1


def test_a_table_without_statements_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInputError, match="no column fullStatement"):
        _read(tmp_path, "learner_id,name\n1,x\n")
    with pytest.raises(UnreadableInputError, match="lists associations"):
        _read(tmp_path, "originNodeURI,Association Type,destinationNodeURI\na,isChildOf,b\n")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(UnreadableInputError, match="empty"):
        adapters.read("case", tmp_path / "empty.csv")
    with pytest.raises(UnreadableInputError, match="no column fullStatement"):
        _read(tmp_path, 'identifier,"fullStatement\n1,x\n')
    assert "FIL-NO-ROWS" in codes(_read(tmp_path, "fullStatement\n"))


def test_twenty_thousand_items_take_seconds(tmp_path: Path) -> None:
    listed = ["identifier,fullStatement,smartLevel"]
    listed += [f"{uuid.UUID(int=n + 1)},State {n},{n // 100 + 1}.{n % 100 + 1}" for n in range(20_000)]
    began = time.process_time()
    made = _read(tmp_path, "\n".join(listed))
    assert time.process_time() - began < 20
    assert len(rows(made, "competency")) == 20_000


@in_field
@pytest.mark.parametrize("file", sorted((FIELD / "case/opensalt_csv").glob("*.csv")), ids=lambda file: file.stem)
def test_published_tables_are_read_cell_by_cell_and_come_back(file: Path, tmp_path: Path) -> None:
    made = adapters.read("case", file)
    with file.open(encoding="utf-8-sig", newline="") as source:
        listed = list(csv.DictReader(source))
    assert len(rows(made, "competency")) == len(listed)
    assert sum(loss.count for loss in made.losses.fields) == sum(bool(cell) for row in listed for cell in row.values())
    assert not any(loss.fate == "dropped" for loss in made.losses.fields)
    adapters.write("case", made, tmp_path / "out")
    assert _records(adapters.read("case", tmp_path / "out")) == _records(made)


@in_field
def test_the_published_standards_keep_their_tree() -> None:
    made = adapters.read("case", FIELD / "case/opensalt_csv/ccsso_ela_item.csv")
    assert sum("parent_id" not in row for row in rows(made, "competency")) == 12
    assert "ADP-REFERENCE" not in codes(made)
