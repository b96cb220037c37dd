"""Read CASE 1.0 and 1.1: frameworks, competencies, associations, rubrics, from packages or flat tables of items.

Source: 1EdTech CASE 1.0 and 1.1 (facts of `spec/adapters/case.yaml`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import attrs

from blended_standard.adapters import _names as names
from blended_standard.adapters import case_out as out
from blended_standard.adapters._case_forms import Refused, packages
from blended_standard.adapters._case_rules import faults
from blended_standard.adapters._case_table import ENDINGS, package_of
from blended_standard.adapters._hierarchy import in_cycles
from blended_standard.adapters.documents import json_documents, members, number
from blended_standard.adapters.identifiers import reaches_someone
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io.read import files_of
from blended_standard.spec.definitions import FieldFate

Document = dict[str, Any]
_PARTS = ("CFDocument", "CFItems", "CFAssociations", "CFDefinitions", "CFRubrics")
_CRITERIA = "CFRubrics.CFRubricCriteria"
_LEVELS = f"{_CRITERIA}.CFRubricCriterionLevels"
# Where in a package that stands which is kept: of some fields everywhere, else of the records of a table.
_PATHS = {"associations": "CFAssociations", "definitions": "CFDefinitions", "package": "", "rubrics": "CFRubrics"}
_PATHS |= {"rubric": "CFRubrics", "framework": "CFDocument"}
_OF_TABLES = {
    "framework": "CFDocument",
    "competency": "CFItems",
    "competency_association": "CFAssociations",
    "proficiency_scale": _CRITERIA,
    "proficiency_level": _LEVELS,
}


def read(source: Any, options: Options) -> Import:
    """Read the packages and tables of a file, directory or archive."""
    reader = _Reader(Work("case", options))
    work, version, refused = reader.work, "", []
    for package in packages(json_documents(source, work, ENDINGS), lambda rest: work.see_document(rest, "envelope")):
        if isinstance(package, Refused):
            refused.append(package)
            continue
        held = package.document
        if _own_identifier(held["CFDocument"]) is None:
            refused.append(Refused(package.place, "its CFDocument has no identifier, or one that names a person."))
            continue
        version = str(held["CFDocument"].get("caseVersion") or version or "1.0")
        # A link is counted where it stands, in the parts.
        work.see_document({name: held[name] for name in held if not (package.linked and name == "CFDocument")})
        reader.package(held, linked=package.linked)
    for file in files_of(source, limits=work.options.limits):
        if file.name.lower().endswith(ENDINGS):
            table = package_of(work, PurePosixPath(file.name).stem, file.read())
            if isinstance(table, Refused):
                refused.append(attrs.evolve(table, place=file.name))
            else:
                version = version or "table"
                reader.package(table, counted=False)
    if not reader.frameworks:
        why = f" {refused[0].place}: {refused[0].why}" if refused else ""
        raise UnreadableInputError(
            f"{source}: holds no CASE package (a JSON object with a CFDocument) and no table of items.{why}"
        )
    reader.tell_faults()
    for each in refused:
        code = "ADP-HEADER" if each.place.lower().endswith(ENDINGS) else "ADP-INVALID"
        work.find(code, "document", detail=f"{each.place}: {each.why}")
        work.lose("document", "neither a package nor a table of items")
    return work.finish(version, str(source))


@attrs.define
class _Reader:
    """Reads one package after another; what came before, in any of them, is not read again."""

    work: Work
    frameworks: dict[str, Document] = attrs.field(factory=dict, init=False)
    items: dict[str, Document] = attrs.field(factory=dict, init=False)
    links: dict[str, Document] = attrs.field(factory=dict, init=False)
    criteria: dict[str, Document] = attrs.field(factory=dict, init=False)
    levels: dict[str, Document] = attrs.field(factory=dict, init=False)
    _faults: Counter[tuple[str, str, str]] = attrs.field(factory=Counter, init=False)
    _counted: bool = attrs.field(default=True, init=False)

    def package(self, package: Document, *, linked: bool = False, counted: bool = True) -> None:
        """Add the records of a package; of one that was made from a table the cells are `counted` elsewhere."""
        self._counted = counted
        head = package["CFDocument"]
        framework = str(_own_identifier(head))
        if framework in self.frameworks:
            self._again("CFDocument", framework, self.frameworks, package, "")
            return
        self.frameworks[framework] = package
        if not linked:
            self._judge("CFDocument", head)
        self._find_other_identifier("CFDocument", head)
        items: dict[str, Document] = {}
        for item in members(package, "CFItems"):
            if self._has_statement(item) and (identifier := self._new("CFItems", item, self.items)):
                items[identifier] = item
        scales, empty = self._rubrics(package, items, framework)
        others, parents = self._associations(package, items, framework)
        extra = {name: value for name, value in package.items() if name not in _PARTS}
        self.work.declare(FieldFate(field=name, fate="kept", to="case:package") for name in extra)
        creator = _text(head.get("creator"))
        record = {
            "framework_id": framework,
            "title": _text(head.get("title")) or framework,
            "publisher": None if creator == out.UNSTATED else creator,
            "version": _text(head.get("version")),
        }
        self._add(
            "framework",
            record,
            more=_rest(head, out.as_document(record)),
            associations=others,
            definitions=package.get("CFDefinitions"),
            package=extra,
            rubrics=empty,
        )
        for identifier, item in items.items():
            above, own = parents.get(identifier, []), scales.get(identifier, [])
            record = {
                "competency_id": identifier,
                "title": str(item["fullStatement"]),
                "framework_id": framework,
                "parent_id": above[0] if len(above) == 1 else None,
                "scale_id": own[0] if len(own) == 1 else None,
            }
            self._add("competency", record, more=_rest(item, out.as_item(record)))

    def tell_faults(self) -> None:
        """Add a finding for each field that was missing or of another kind, with how often."""
        for (part, field, detail), times in self._faults.items():
            self.work.find("ADP-VALUE", part, field=field, detail=detail, count=times)

    def _judge(self, part: str, document: Document) -> None:
        if self._counted:
            self._faults.update((part, field, detail) for field, detail in faults(part, document))

    def _associations(
        self, package: Mapping[str, Any], items: Mapping[str, Document], framework: str
    ) -> tuple[list[Document], dict[str, list[str]]]:
        """Add what the standard can say; return the rest as it stands, and the parents of each item."""
        kinds = self.work.vocabulary("association")
        titles = {identifier: str(item["fullStatement"]) for identifier, item in items.items()}
        others: list[Document] = []
        parents: dict[str, list[str]] = {}
        said: set[tuple[str, str, str]] = set()
        for link in members(package, "CFAssociations"):
            word = str(link.get("associationType"))
            origin, target = (_end(link.get(name)) for name in out.ENDS)
            if _own_identifier(link) is None and origin and target:
                # Nothing refers to an association, so one without an identifier is as good with any.
                link = link | {"identifier": names.uuid_of(f"{origin} {word} {target}")}
                self._faults["CFAssociations", "identifier", "CASE requires it; one was made from its ends."] += 1
            identifier = self._new("CFAssociations", link, self.links)
            if identifier is None:
                continue
            kind = kinds.get(word)
            if kind is None:
                self.work.find("ADP-VOCABULARY", "CFAssociations", field="associationType", value=word)
            code = kind.code if kind else None
            if code == "is_child_of" and not (origin in items and (target in items or target == framework)):
                detail = "An item or its parent is not in the package."
                self.work.find("ADP-REFERENCE", "CFAssociations", field=word, detail=detail)
            # The same thing said twice counts once; both are written back.
            if code is None or origin not in items or target not in items or (origin, target, code) in said:
                others.append(link)
                continue
            said.add((origin, target, code))
            if code == "is_child_of":
                parents.setdefault(origin, []).append(target)
            record = {"association_id": identifier, "from_id": origin, "to_id": target, "kind": code}
            self._add("competency_association", record, more=_rest(link, out.as_link(record, titles)))
        for identifier in in_cycles(parents):
            detail = "It stands above itself, so it is given no parent."
            self.work.find("ADP-INVALID", "CFAssociations", field="isChildOf", value=identifier, detail=detail)
            del parents[identifier]
        return others, parents

    def _rubrics(
        self, package: Mapping[str, Any], items: Mapping[str, Document], framework: str
    ) -> tuple[dict[str, list[str]], list[Document]]:
        """Add a scale for each criterion of each rubric; return the scales of each item, and rubrics without any."""
        scales: dict[str, list[str]] = {}
        empty: list[Document] = []
        for rubric in members(package, "CFRubrics"):
            self._judge("CFRubrics", rubric)
            if not isinstance(rubric.get("identifier", ""), str):
                self.work.take_back({"identifier": rubric["identifier"]}, "CFRubrics", "no identifier is of this kind")
                rubric = {name: value for name, value in rubric.items() if name != "identifier"}
            if not members(rubric, "CFRubricCriteria"):
                empty.append(rubric)
            for criterion in members(rubric, "CFRubricCriteria"):
                identifier = self._new(_CRITERIA, criterion, self.criteria)
                if identifier is None:
                    continue
                item = _end(criterion.get("CFItemURI"))
                scales.setdefault(item, []).append(identifier)
                title = ": ".join(filter(None, (_text(rubric.get("title")), _text(criterion.get("category")))))
                record = {"scale_id": identifier, "title": title or identifier}
                judged = items.get(item)
                about_item = {"competency_id": item, "title": str(judged["fullStatement"])} if judged else None
                about = {name: value for name, value in rubric.items() if name != "CFRubricCriteria"}
                own = {name: value for name, value in criterion.items() if name != "CFRubricCriterionLevels"}
                self._add(
                    "proficiency_scale",
                    record,
                    rubric=_rest(about, out.as_rubric(record, about.get("identifier"))),
                    more=_rest(own, out.as_criterion(record, about_item)),
                    framework=None if judged else framework,
                )
                self._levels(identifier, members(criterion, "CFRubricCriterionLevels"))
        return scales, empty

    def _levels(self, scale: str, levels: list[Document]) -> None:
        cut = self.work.options.mastery_from
        if levels and cut is None:
            detail = "No level is taken to show mastery. Pass mastery_from, the rank of the lowest that does."
            self.work.find("ADP-ASSUMED", "CFRubrics", field="score", detail=detail)
        ordered = sorted(levels, key=lambda level: number(level.get("position")) or 0)
        marks = [mark for level in ordered if (mark := number(level.get("score"))) is not None]
        if marks != sorted(marks):
            self.work.find("ADP-VALUE", "CFRubrics", field="score", detail="Scores do not rise with position.")
        for rank, level in enumerate(ordered):
            stated = _own_identifier(level)
            if stated is None:
                self._judge(_LEVELS, level)
            elif self._new(_LEVELS, level, self.levels) is None:
                continue
            record = {
                "level_id": stated or names.uuid_of(f"{scale}/{rank}"),
                "scale_id": scale,
                "rank": rank,
                "title": _text(level.get("quality")) or _text(level.get("description")) or str(rank),
                "mastery": cut is not None and rank >= cut,
                "cut_score": number(level.get("score")),
            }
            self._add("proficiency_level", record, more=_rest(level, out.as_level(record)))

    def _add(self, table: str, record: Mapping[str, Any], **kept: Any) -> None:
        local: dict[str, str] = {}
        for name, value in kept.items():
            if value:
                local |= self.work.kept(table, f"case:{name}", value, _PATHS.get(name, _OF_TABLES[table]))
        self.work.add(table, **record, **local)

    def _new(self, part: str, document: Document, known: dict[str, Document]) -> str | None:
        """Return the identifier of what did not come before, and remember it."""
        identifier = _own_identifier(document)
        if identifier is None:
            self.work.find("ADP-INVALID", part, field="identifier", detail="It is missing.")
            self._leave_out(part, "no identifier", document, part)
            return None
        if identifier in known:
            self._again(part, identifier, known, document, part)
            return None
        self._judge(part, document)
        self._find_other_identifier(part, document)
        known[identifier] = document
        return identifier

    def _find_other_identifier(self, part: str, document: Document) -> None:
        stated = document["identifier"].strip()
        if not names.UUID.fullmatch(stated):
            self.work.find("ADP-VALUE", part, field="identifier", value=stated, detail="It is no UUID.")

    def _again(self, part: str, identifier: str, known: dict[str, Document], document: Document, path: str) -> None:
        """Leave out what came before; that it differs from what came is a finding."""
        if known[identifier] != document:
            self.work.find("ADP-CONFLICT", part, field="identifier", value=identifier)
        self._leave_out(part, "its identifier came before", document, path)

    def _has_statement(self, item: Document) -> bool:
        if _text(item.get("fullStatement")):
            return True
        self.work.find("ADP-INVALID", "CFItems", field="fullStatement", detail="It is missing.")
        self._leave_out("CFItems", "no fullStatement", item, "CFItems")
        return False

    def _leave_out(self, part: str, reason: str, document: Document, path: str) -> None:
        if self._counted:
            self.work.leave_out(part, reason, document, path)
        else:
            self.work.lose(part, reason)


def _own_identifier(document: Mapping[str, Any]) -> str | None:
    """Return an identifier: what we wrote it as, or a UUID in lower case, or as it stands."""
    stated = document.get("identifier")
    if not isinstance(stated, str) or not stated.strip() or reaches_someone(stated):
        return None
    own = names.own_part(document.get("uri"))
    return own or (stated.strip().lower() if names.UUID.fullmatch(stated.strip()) else stated.strip())


def _end(node: Any) -> str:
    """Return the identifier at an end of a link; where that has an address alone, the UUID in it."""
    if isinstance(node, Mapping):
        return _own_identifier(node) or _end(node.get("uri"))
    found = list(names.UUID.finditer(node)) if isinstance(node, str) else []
    return found[-1][0].lower() if found else ""


def _rest(document: Mapping[str, Any], written: Mapping[str, Any]) -> Document:
    """Return what writing the record would not say by itself."""
    return {name: value for name, value in document.items() if name not in written or written[name] != value}


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int | float) and str(value).strip() else None
