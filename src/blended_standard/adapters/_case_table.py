"""Flat tables of CASE items, as spreadsheets and servers export them, each turned into a package.

A table names no framework: its file does. Hierarchy comes from a column of parents, from a dotted `smartLevel`, or,
where a row has neither, from dotted codes. Source: the item tables of OpenSALT and the names of CASE 1.1.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import attrs

from blended_standard.adapters import _names as names
from blended_standard.adapters import case_out as out
from blended_standard.adapters._case_forms import Refused
from blended_standard.adapters.work import Work
from blended_standard.io.text import is_whole, text_of

Document = dict[str, Any]
Row = dict[str, str]
ENDINGS = (".csv", ".tsv", ".txt")
_COLUMNS = (
    *("identifier", "fullStatement", "humanCodingScheme", "smartLevel", "sequenceNumber", "listEnumeration"),
    *("abbreviatedStatement", "alternativeLabel", "conceptKeywords", "notes", "language", "educationLevel", "subject"),
    *("CFItemType", "license", "lastChangeDateTime", "statusStartDate", "statusEndDate", "uri"),
    *("CFAssociationGroupIdentifier", "isChildOf", "isPartOf", "replacedBy", "exemplar", "hasSkillLevel"),
    *("isRelatedTo", "exactMatchOf", "precedes", "isPeerOf", "isTranslationOf"),
)
_OTHER_NAMES = {
    "sourcedid": "identifier",
    "guid": "identifier",
    "uuid": "identifier",
    "cfitemidentifier": "identifier",
    "statement": "fullStatement",
    "code": "humanCodingScheme",
    "codednotation": "humanCodingScheme",
    "parent": "isChildOf",
    "parentid": "isChildOf",
    "parentidentifier": "isChildOf",
    "childof": "isChildOf",
    "isexactmatchof": "exactMatchOf",
    "exactmatch": "exactMatchOf",
    "relatedto": "isRelatedTo",
    "itemtype": "CFItemType",
    "listenuminsource": "listEnumeration",
    "sequence": "sequenceNumber",
    "licenseuri": "license",
    "label": "abbreviatedStatement",
    "order": "sequenceNumber",
    "keywords": "conceptKeywords",
}
_KNOWN = {name.lower(): name for name in _COLUMNS} | _OTHER_NAMES
_LINKS = _COLUMNS[_COLUMNS.index("isChildOf") + 1 :]
_PLAIN = (
    *("humanCodingScheme", "listEnumeration", "abbreviatedStatement", "alternativeLabel", "notes", "language"),
    *("CFItemType", "statusStartDate", "statusEndDate", "uri"),
)
_LISTED = ("conceptKeywords", "educationLevel", "subject")
_CODES = ("humanCodingScheme", "smartLevel")
_DELIMITERS = ",;\t|"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def package_of(work: Work, name: str, content: bytes) -> Document | Refused:
    """Return the package of a table, or why it is none; every cell is counted."""
    table = f"case/{name}"
    if content.startswith(_UTF16):
        content = content.decode("utf-16", errors="replace").encode()
    text = text_of(content, table, work.found)
    if text is None:
        return Refused(name, "the table is empty, or no text.")
    if not is_whole(text):
        work.found.add("ENC-NOT-UTF8", table=table)
        return Refused(name, "the table is not UTF-8.")
    if re.match(r"sep=.\r?\n", text):
        text = text.partition("\n")[2]
    delimiter = max(_DELIMITERS, key=lambda mark: sum(_plain(cell) in _KNOWN for cell in _header(text, mark)))
    header = _header(text, delimiter)
    columns = _columns(work, name, header)
    if "fullStatement" not in columns:
        links = " It lists associations; those of a table of items are read from its own columns."
        told = links if "associationtype" in map(_plain, header) else ""
        return Refused(name, f"the table has no column fullStatement.{told}")
    if delimiter != ",":
        detail = f"The columns are separated by {delimiter!r}, not by commas."
        work.find("ADP-HEADER", name, detail=detail)
    read = _Table(work, name)
    for line, cells in _rows(work, name, text, delimiter, len(columns)):
        row = {}
        for own, stated, cell in zip(columns, header, cells, strict=True):
            if cell:
                work.see(f"table.{own or stated}")
                if own:
                    row[own] = cell
        read.add(row, line)
    if not read.rows:
        work.find("FIL-NO-ROWS", name)
    return read.package()


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _header(text: str, delimiter: str) -> list[str]:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [cell.strip() for cell in next(reader, [])]
    except csv.Error:
        return []


def _columns(work: Work, name: str, header: list[str]) -> list[str]:
    """Return what each column is called here; of two that mean the same, the first has the name."""
    columns: list[str] = []
    for stated in header:
        own = _KNOWN.get(_plain(stated), "")
        if own and own in columns:
            work.find("ADP-HEADER", name, field=stated, detail=f"Another column before it is {own}; it is left out.")
            own = ""
        columns.append(own)
    return columns


def _rows(work: Work, name: str, text: str, delimiter: str, width: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with their lines; one that is cut short or cannot be told apart is a finding."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    next(reader)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            work.find("CSV-QUOTE", name, line=line, detail=f"({error})")
            work.lose("row", "its quotes do not match, so its cells are not counted")
            continue
        if not any(cells):
            continue
        if any(cells[width:]):
            work.find("CSV-WIDTH", name, line=line, detail=f"The header has {width} columns, the row {len(cells)}.")
            reason = "more cells than columns"
            work.lose("row", reason)
            work.drop("table", f"of a record that was left out: {reason}", sum(map(bool, cells)))
            continue
        if len(cells) < width:
            work.find("ADP-VALUE", name, line=line, detail="The row is short; the columns that it lacks are blank.")
        yield line, [*cells, *[""] * width][:width]


@attrs.define
class _Table:
    """The items of a table, and the links that its rows state."""

    work: Work
    name: str
    rows: dict[str, Row] = attrs.field(factory=dict, init=False)
    framework: str = attrs.field(init=False)
    links: dict[str, Document] = attrs.field(factory=dict, init=False)
    places: dict[str, str] = attrs.field(factory=dict, init=False)
    shared: set[str] = attrs.field(factory=set, init=False)
    made: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.framework = names.uuid_of(names.name(names.FRAMEWORK, self.name))

    def add(self, row: Row, line: int) -> None:
        """Take a row; one whose identifier came before is left out."""
        if "fullStatement" not in row:
            label = row.get("abbreviatedStatement") or row.get("alternativeLabel")
            if label is None:
                self.work.find("ADP-INVALID", self.name, line=line, field="fullStatement", detail="It is missing.")
                self.work.leave_out("row", "no fullStatement", row, "table")
                return
            detail = "It is missing; the label of the row was taken."
            self.work.find("ADP-VALUE", self.name, line=line, field="fullStatement", detail=detail)
            row = row | {"fullStatement": label}
        stated = row.get("identifier", "")
        found = names.UUID.search(stated)
        if stated and found is None:
            self.work.find("ADP-VALUE", self.name, line=line, field="identifier", value=stated, detail="It is no UUID.")
        identifier = found[0].lower() if found else stated or self._made(row)
        if identifier not in self.rows:
            self.rows[identifier] = row
            self.made += not stated
            return
        if self.rows[identifier] != row:
            self.work.find("ADP-CONFLICT", self.name, line=line, field="identifier", value=identifier)
        self.work.leave_out("row", "its identifier came before", row, "table")

    def _made(self, row: Row) -> str:
        """Return an identifier by code, place or statement: the same again whenever the table is read."""
        base = row.get("humanCodingScheme") or row.get("smartLevel") or row["fullStatement"]
        number, made = 1, self._identifier(base)
        while made in self.rows and self.rows[made] != row:
            number += 1
            made = self._identifier(f"{base}#{number}")
        return made

    def _identifier(self, text: str) -> str:
        return str(uuid.uuid5(uuid.UUID(self.framework), text))

    def package(self) -> Document:
        """Return the package, and say what had to be assumed."""
        detail = "A table names no framework; the name of its file was taken as its title."
        self.work.find("ADP-ASSUMED", self.name, field="title", detail=detail)
        if self.made:
            detail = "An identifier was made from the name of the file and the code, or the statement."
            self.work.find("ADP-ASSUMED", self.name, field="identifier", detail=detail, count=self.made)
        self._find_places()
        self._link_parents()
        for identifier, row in self.rows.items():
            for kind in _LINKS:
                for target in self._named(row.get(kind, ""), kind):
                    self._link(identifier, kind, target, {})
        return {
            "CFDocument": out.as_document({"framework_id": self.framework, "title": self.name}),
            "CFItems": [self._item(identifier, row) for identifier, row in self.rows.items()],
            "CFAssociations": list(self.links.values()),
        }

    def _find_places(self) -> None:
        """Learn which item each code or level means, where one alone has it."""
        words = Counter(row[field] for row in self.rows.values() for field in _CODES if field in row)
        self.shared = {word for word, times in words.items() if times > 1}
        for identifier, row in self.rows.items():
            self.places |= {row[field]: identifier for field in _CODES if words.get(row.get(field, "")) == 1}
        self.places |= {identifier: identifier for identifier in self.rows}

    def _link_parents(self) -> None:
        assumed = 0
        for identifier, row in self.rows.items():
            level = row.get("smartLevel", "").rpartition(".")[0]
            code = row.get("humanCodingScheme", "").rpartition(".")[0]
            if "isChildOf" in row:
                above = self._named(row["isChildOf"], "isChildOf")
            elif level:
                above = self._named(level, "smartLevel")
            else:
                above = [self.places[code]] if "smartLevel" not in row and code in self.places else []
                assumed += len(above)
            for target in above or ([] if "isChildOf" in row or level else [self.framework]):
                self._link(identifier, "isChildOf", target, _order(row))
        if assumed:
            detail = "No parent is named; the item whose code is the part before the last dot was taken."
            self.work.find("ADP-ASSUMED", self.name, field="isChildOf", detail=detail, count=assumed)

    def _named(self, value: str, field: str) -> list[str]:
        """Return the items that a cell names by identifier, code or level; but for a parent, it may name any other."""
        words = [value] if value in self.places else re.split(r"\s*[,;|]\s*", value)
        found = []
        for word in filter(None, words):
            stated = names.UUID.search(word)
            target = self.places.get(word) or (stated[0].lower() if stated else None)
            if target is None and field in _LINKS and word not in self.shared:
                found.append(word)
            elif target is None:
                detail = "No item, or more than one, has this identifier or code."
                self.work.find("ADP-REFERENCE", self.name, field=field, value=word, detail=detail)
                self.work.lose("association", f"{field} names an item that is not in the table")
            else:
                found.append(target)
        return found

    def _link(self, origin: str, kind: str, target: str, more: Document) -> None:
        identifier = self._identifier(f"{origin} {kind} {target}")
        prefix = names.FRAMEWORK if target == self.framework else names.COMPETENCY
        title = self.name if target == self.framework else self.rows.get(target, {}).get("fullStatement", target)
        end = out.link_to(prefix, target, title)
        if "://" in target:
            end["uri"] = target
        ends = out.link_to(names.COMPETENCY, origin, self.rows[origin]["fullStatement"]), end
        facts = {"associationType": kind, **dict(zip(out.ENDS, ends, strict=True)), **more}
        self.links[identifier] = out.whole(names.ASSOCIATION, identifier, facts)

    def _item(self, identifier: str, row: Row) -> Document:
        facts: Document = {name: row[name] for name in ("fullStatement", *_PLAIN) if name in row}
        facts |= {name: re.split(r"\s*[,;|]\s*", row[name]) for name in _LISTED if name in row}
        if "license" in row:
            facts["licenseURI"] = out.link_to(names.LICENSE, row["license"], row["license"])
        changed = row.get("lastChangeDateTime")
        at = self._instant(changed) if changed else None
        return out.whole(names.COMPETENCY, identifier, facts | ({"lastChangeDateTime": at} if at else {}))

    def _instant(self, text: str) -> str | None:
        try:
            at = dt.datetime.fromisoformat(text)
        except ValueError:
            detail = "It is no date and time such as 2026-06-30T12:00:00Z."
            self.work.find("ADP-VALUE", self.name, field="lastChangeDateTime", detail=detail)
            return None
        return (at if at.tzinfo else at.replace(tzinfo=self.work.zone)).isoformat()


def _order(row: Row) -> Document:
    """Return the place of an item among its siblings, and the group that it belongs to."""
    number = row.get("sequenceNumber") or row.get("smartLevel", "").rpartition(".")[2]
    made: Document = {"sequenceNumber": int(number)} if number.isascii() and number.isdigit() else {}
    group = row.get("CFAssociationGroupIdentifier")
    return made | ({"CFAssociationGroupingURI": out.link_to(names.GROUPING, group, group)} if group else {})
