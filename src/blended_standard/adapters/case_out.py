"""Write CASE packages: what the records say, and what was kept of a package that they came from.

Source: 1EdTech CASE 1.0 and 1.1. An identifier that is no UUID becomes one, and its `uri` says what it was.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from blended_standard.adapters import _names as names
from blended_standard.adapters.records import Tables
from blended_standard.adapters.result import Export, FieldLoss, LossReport

Document = dict[str, Any]
UNSTATED = "not stated"
ENDS = ("originNodeURI", "destinationNodeURI")
_UNKNOWN_TIME = "1970-01-01T00:00:00+00:00"
_TABLES = ("framework", "competency", "competency_association", "proficiency_scale", "proficiency_level")
_TITLE = 80
_NAME = 80
_TYPES = {
    "is_child_of": "isChildOf",
    "precedes": "precedes",
    "is_related_to": "isRelatedTo",
    "exact_match": "exactMatchOf",
    "is_peer_of": "isPeerOf",
}


def write(tables: Tables, target: Path) -> Export:
    """Write one package a framework into the directory `target`."""
    packages = _Packages({name: rows for name, rows in tables.items() if name in _TABLES})
    target.mkdir(parents=True, exist_ok=True)
    files: list[str] = []
    for framework in tables.get("framework", ()):
        path = target / f"{_file_name(framework['framework_id'])}.json"
        text = json.dumps(packages.package(framework), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
        files.append(str(path))
    fields = [*packages.losses()]
    for name, rows in tables.items():
        if name not in _TABLES:
            reason = "CASE holds frameworks alone"
            fields.append(FieldLoss(field=name, fate="dropped", count=len(rows), reason=reason))
    losses = LossReport(standard="case", fields=tuple(fields))
    return Export(standard="case", files=tuple(files), documents=len(files), losses=losses)


def _file_name(identifier: str) -> str:
    """Return a name that no other identifier has, on systems too that do not tell capitals, and that is not hidden."""
    plain = re.sub(r"[^a-z0-9._-]|^\.|^$", "_", identifier.lower())[:_NAME]
    return plain if plain == identifier else f"{plain}-{uuid.uuid5(uuid.NAMESPACE_URL, identifier).hex[:12]}"


def link_to(prefix: str, identifier: str, title: str) -> Document:
    """Return a link to something by its identifier."""
    return {"title": title[:_TITLE], **_key(prefix, identifier)}


def as_document(row: Mapping[str, Any]) -> Document:
    """Return the CFDocument of a framework."""
    facts = {"creator": row.get("publisher") or UNSTATED, "title": row["title"]}
    if row.get("version"):
        facts["version"] = row["version"]
    return whole(names.FRAMEWORK, row["framework_id"], facts)


def as_item(row: Mapping[str, Any]) -> Document:
    """Return the CFItem of a competency."""
    return whole(names.COMPETENCY, row["competency_id"], {"fullStatement": row["title"]})


def as_link(row: Mapping[str, Any], titles: Mapping[str, str]) -> Document:
    """Return the CFAssociation of an association of competencies with these titles."""
    ends = {
        name: link_to(names.COMPETENCY, row[field], titles.get(row[field], row[field]))
        for name, field in zip(ENDS, ("from_id", "to_id"), strict=True)
    }
    return whole(names.ASSOCIATION, row["association_id"], {"associationType": _TYPES[row["kind"]], **ends})


def as_rubric(scale: Mapping[str, Any], known: str | None = None) -> Document:
    """Return the CFRubric of a scale, without its criterion; one that has an identifier is addressed by it."""
    urn = names.name(names.RUBRIC, scale["scale_id"])
    made = whole(names.RUBRIC, names.uuid_of(urn), {"title": scale["title"]})
    return made | ({"uri": _key(names.RUBRIC, known)["uri"]} if known else {})


def as_criterion(scale: Mapping[str, Any], about: Mapping[str, Any] | None) -> Document:
    """Return the criterion of a scale: how the one competency is judged that it is about."""
    link = {} if about is None else {"CFItemURI": link_to(names.COMPETENCY, about["competency_id"], about["title"])}
    return whole(names.SCALE, scale["scale_id"], link)


def as_level(row: Mapping[str, Any]) -> Document:
    """Return the CFRubricCriterionLevel of a level of a scale."""
    facts = {"quality": row["title"], "position": row["rank"]}
    if row.get("cut_score") is not None:
        facts["score"] = row["cut_score"]
    return whole(names.LEVEL, row["level_id"], facts)


def whole(prefix: str, identifier: str, facts: Mapping[str, Any]) -> Document:
    """Return a document with these facts and what every document of a package must state."""
    return {**_key(prefix, identifier), "lastChangeDateTime": _UNKNOWN_TIME, **facts}


def _key(prefix: str, identifier: str) -> Document:
    if names.UUID.fullmatch(identifier):
        return {"identifier": identifier.lower(), "uri": f"urn:uuid:{identifier.lower()}"}
    urn = names.name(prefix, identifier)
    return {"identifier": names.uuid_of(urn), "uri": urn}


@attrs.define
class _Packages:
    """The tables that packages are made of, and how much of them was written."""

    tables: Mapping[str, list[Document]]
    written: Counter[str] = attrs.field(factory=Counter, init=False)
    judged: dict[str, list[Document]] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        for row in self.tables.get("competency", ()):
            if row.get("scale_id"):
                self.judged.setdefault(row["scale_id"], []).append(row)

    def package(self, framework: Document) -> Document:
        """Return the package of a framework."""
        listed = self.tables.get("competency", ())
        items = {row["competency_id"]: row for row in listed if row.get("framework_id") == framework["framework_id"]}
        made: Document = {
            "CFDocument": as_document(framework) | _kept(framework, "case:more", {}),
            "CFItems": [as_item(row) | _kept(row, "case:more", {}) for row in items.values()],
            "CFAssociations": [*self._links(items), *_kept(framework, "case:associations", [])],
            **_kept(framework, "case:package", {}),
        }
        self.written["framework"] += 1
        self.written["competency"] += len(items)
        if framework.get("case:definitions"):
            made["CFDefinitions"] = _kept(framework, "case:definitions", {})
        rubrics = [*self._rubrics(framework, items), *_kept(framework, "case:rubrics", [])]
        return made | ({"CFRubrics": rubrics} if rubrics else {})

    def _links(self, items: Mapping[str, Document]) -> list[Document]:
        titles = {identifier: str(row["title"]) for identifier, row in items.items()}
        rows = [row for row in self.tables.get("competency_association", ()) if row["from_id"] in items]
        self.written["competency_association"] += len(rows)
        stated = {(row["from_id"], row["to_id"]) for row in rows if row["kind"] == "is_child_of"}
        for identifier, row in items.items():
            above = row.get("parent_id")
            if above and (identifier, above) not in stated:
                own = f"{identifier} is_child_of {above}"
                rows.append({"association_id": own, "from_id": identifier, "to_id": above, "kind": "is_child_of"})
        return [as_link(row, titles) | _kept(row, "case:more", {}) for row in rows]

    def _rubrics(self, framework: Document, items: Collection[str]) -> list[Document]:
        levels: dict[str, list[Document]] = {}
        for row in self.tables.get("proficiency_level", ()):
            levels.setdefault(row["scale_id"], []).append(row)
        rubrics: dict[str, Document] = {}
        for scale in self.tables.get("proficiency_scale", ()):
            judged = [row for row in self.judged.get(scale["scale_id"], ()) if row["competency_id"] in items]
            about = _kept(scale, "case:more", {}).get("CFItemURI") or {}
            home = _kept(scale, "case:framework", None) == framework["framework_id"]
            if not judged and not home and str(about.get("identifier")).lower() not in items:
                continue
            own = levels.get(scale["scale_id"], [])
            self.written["proficiency_scale"] += 1
            self.written["proficiency_level"] += len(own)
            criterion = as_criterion(scale, judged[0] if len(judged) == 1 else None)
            criterion |= _kept(scale, "case:more", {})
            criterion["CFRubricCriterionLevels"] = [as_level(row) | _kept(row, "case:more", {}) for row in own]
            own_rubric = _kept(scale, "case:rubric", {})
            rubric = as_rubric(scale, own_rubric.get("identifier")) | own_rubric
            rubrics.setdefault(rubric["identifier"], rubric | {"CFRubricCriteria": []})
            rubrics[rubric["identifier"]]["CFRubricCriteria"].append(criterion)
        return list(rubrics.values())

    def losses(self) -> Iterable[FieldLoss]:
        """Yield what was written of each table, and what was not."""
        for name, rows in self.tables.items():
            yield FieldLoss(field=name, fate="mapped", count=self.written[name], to="CFPackage")
            left = len(rows) - self.written[name]
            if left:
                yield FieldLoss(
                    field=name, fate="dropped", count=left, reason="belongs to no framework of the submission"
                )
        shared = sum(len(rows) for scale, rows in self.judged.items() if len(rows) > 1)
        for field, count, reason in (
            ("competency.scale_id", shared, "a criterion names one item, and several share the scale"),
            ("competency.credit_value", self._stated("competency", "credit_value"), "CASE has no field for it"),
            ("proficiency_level.mastery", self._stated("proficiency_level", "mastery"), "CASE has no field for it"),
        ):
            if count:
                yield FieldLoss(field=field, fate="dropped", count=count, reason=reason)

    def _stated(self, table: str, field: str) -> int:
        return sum(row.get(field) is not None for row in self.tables.get(table, ()))


def _kept(row: Mapping[str, Any], field: str, default: Any) -> Any:
    return json.loads(row[field]) if row.get(field) else default
