"""Read and write CASE 1.0 and 1.1 packages: frameworks, competencies, associations, rubrics.

Source: 1EdTech CASE 1.0 and 1.1 (facts of `spec/adapters/case.yaml`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from blended_standard.adapters.combine import rows_of
from blended_standard.adapters.documents import json_documents
from blended_standard.adapters.result import Export, FieldLoss, Import, LossReport
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io import Submission

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_UNKNOWN_TIME = "1970-01-01T00:00:00+00:00"
Document = dict[str, Any]


def read(source: Any, options: Options) -> Import:
    """Read the packages of a file, directory or archive."""
    work = Work("case", options)
    version = "1.0"
    count = 0
    for _, document in json_documents(source, work):
        if not isinstance(document, Mapping) or not isinstance(document.get("CFDocument"), Mapping):
            continue
        count += 1
        version = str(document["CFDocument"].get("caseVersion") or version)
        work.see_document(document)
        _package(work, document)
    if not count:
        raise UnreadableInputError(f"{source}: holds no CASE package (a JSON object with a CFDocument).")
    return work.finish(version, str(source))


def _package(work: Work, package: Mapping[str, Any]) -> None:
    head = dict(package["CFDocument"])
    framework = _identifier(work, "CFDocument", head)
    if framework is None:
        return
    items = {
        identifier: item
        for item in package.get("CFItems") or ()
        if (identifier := _identifier(work, "CFItems", item)) and _has(work, "CFItems", item, "fullStatement")
    }
    scales = _rubrics(work, package)
    others, parents = _associations(work, package, items)
    known = ("identifier", "title", "creator", "version")
    extra = {name: package[name] for name in package if name not in _PARTS}
    work.add(
        "framework",
        framework_id=framework,
        title=head.get("title") or framework,
        publisher=head.get("creator"),
        version=head.get("version"),
        **{
            "case:more": _text({name: value for name, value in head.items() if name not in known}),
            "case:associations": _text(others),
            "case:definitions": _text(package.get("CFDefinitions")),
            "case:package": _text(extra),
        },
    )
    for identifier, item in items.items():
        above, own = parents.get(identifier, []), scales.get(identifier, [])
        more = {name: value for name, value in item.items() if name not in ("identifier", "fullStatement")}
        work.add(
            "competency",
            competency_id=identifier,
            title=item["fullStatement"],
            framework_id=framework,
            parent_id=above[0] if len(above) == 1 else None,
            scale_id=own[0] if len(own) == 1 else None,
            **{"case:more": _text(more)},
        )


_PARTS = ("CFDocument", "CFItems", "CFAssociations", "CFDefinitions", "CFRubrics")


def _associations(
    work: Work, package: Mapping[str, Any], items: Mapping[str, Document]
) -> tuple[list[Document], dict[str, list[str]]]:
    """Add what the standard can say; return the rest as it stands, and the parents of each item."""
    kinds = work.vocabulary("association")
    others: list[Document] = []
    parents: dict[str, list[str]] = {}
    for link in package.get("CFAssociations") or ():
        identifier = _identifier(work, "CFAssociations", link)
        if identifier is None:
            continue
        kind = kinds.get(str(link.get("associationType")))
        if kind is None:
            work.find("ADP-VOCABULARY", "CFAssociations", field="associationType", value=link.get("associationType"))
        origin, target = (str((link.get(name) or {}).get("identifier")) for name in _ENDS)
        if kind is None or kind.code is None or origin not in items or target not in items:
            others.append(link)
            continue
        if kind.code == "is_child_of":
            parents.setdefault(origin, []).append(target)
        work.add(
            "competency_association",
            association_id=identifier,
            from_id=origin,
            to_id=target,
            kind=kind.code,
            **{"case:more": _text({name: value for name, value in link.items() if name != "identifier"})},
        )
    return others, parents


_ENDS = ("originNodeURI", "destinationNodeURI")


def _rubrics(work: Work, package: Mapping[str, Any]) -> dict[str, list[str]]:
    """Add a scale for each criterion of each rubric; return the scales of each item."""
    scales: dict[str, list[str]] = {}
    cut = work.options.mastery_from
    for rubric in package.get("CFRubrics") or ():
        for criterion in rubric.get("CFRubricCriteria") or ():
            identifier = _identifier(work, "CFRubrics", criterion)
            if identifier is None:
                continue
            item = str((criterion.get("CFItemURI") or {}).get("identifier") or "")
            scales.setdefault(item, []).append(identifier)
            levels = criterion.get("CFRubricCriterionLevels") or []
            work.add(
                "proficiency_scale",
                scale_id=identifier,
                title=": ".join(filter(None, (rubric.get("title"), criterion.get("category")))) or identifier,
                **{
                    "case:rubric": _text({k: v for k, v in rubric.items() if k != "CFRubricCriteria"}),
                    "case:more": _text({k: v for k, v in criterion.items() if k != "CFRubricCriterionLevels"}),
                },
            )
            if levels and cut is None:
                detail = "No level is taken to show mastery. Pass mastery_from, the rank of the lowest that does."
                work.find("ADP-ASSUMED", "CFRubrics", field="score", detail=detail)
            ordered = sorted(levels, key=lambda level: level.get("position") or 0)
            marks = [level["score"] for level in ordered if isinstance(level.get("score"), int | float)]
            if marks != sorted(marks):
                work.find("ADP-VALUE", "CFRubrics", field="score", detail="Scores do not rise with position.")
            for rank, level in enumerate(ordered):
                work.add(
                    "proficiency_level",
                    level_id=level.get("identifier") or f"{identifier}/{rank}",
                    scale_id=identifier,
                    rank=rank,
                    title=level.get("quality") or level.get("description") or str(rank),
                    mastery=cut is not None and rank >= cut,
                    cut_score=level.get("score"),
                    **{"case:more": _text(level)},
                )
    return scales


def _identifier(work: Work, part: str, document: Any) -> str | None:
    identifier = document.get("identifier") if isinstance(document, Mapping) else None
    if not isinstance(identifier, str) or not identifier.strip():
        work.find("ADP-INVALID", part, field="identifier", detail="It is missing.")
        work.lose(part, "no identifier")
        return None
    if not _UUID.fullmatch(identifier):
        work.find("ADP-VALUE", part, field="identifier", value=identifier, detail="It is no UUID.")
    return identifier.strip()


def _has(work: Work, part: str, document: Mapping[str, Any], field: str) -> bool:
    if document.get(field):
        return True
    work.find("ADP-INVALID", part, field=field, detail="It is missing.")
    work.lose(part, f"no {field}")
    return False


def _text(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else None


def write(submission: Submission, target: Path) -> Export:
    """Write one package a framework into the directory `target`."""
    tables = {name: rows_of(data) for name, data in submission.tables.items() if name in _TABLES}
    target.mkdir(parents=True, exist_ok=True)
    files: list[str] = []
    for framework in tables.get("framework", ()):
        package = _as_package(framework, tables)
        path = target / f"{re.sub(r'[^A-Za-z0-9._-]', '_', framework['framework_id'])}.json"
        path.write_text(json.dumps(package, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        files.append(str(path))
    dropped = [
        FieldLoss(field=name, fate="dropped", count=len(rows_of(data)), reason="CASE holds frameworks alone")
        for name, data in submission.tables.items()
        if name not in _TABLES
    ]
    mapped = [FieldLoss(field=name, fate="mapped", count=len(rows), to="CFPackage") for name, rows in tables.items()]
    return Export(
        standard="case",
        files=tuple(files),
        documents=len(files),
        losses=LossReport(standard="case", fields=(*mapped, *dropped)),
    )


_TABLES = ("framework", "competency", "competency_association", "proficiency_scale", "proficiency_level")


def _as_package(framework: Document, tables: Mapping[str, list[Document]]) -> Document:
    head: Document = {"creator": framework.get("publisher") or "not stated", "title": framework["title"]}
    if framework.get("version"):
        head["version"] = framework["version"]
    items = [row for row in tables.get("competency", ()) if row.get("framework_id") == framework["framework_id"]]
    mine = {row["competency_id"]: row for row in items}
    links = [_as_link(row, mine) for row in tables.get("competency_association", ()) if row["from_id"] in mine]
    package = {
        "CFDocument": _whole(framework, "framework_id", head),
        "CFItems": [_whole(row, "competency_id", {"fullStatement": row["title"]}) for row in items],
        "CFAssociations": [*links, *_of(framework, "case:associations", [])],
        **_of(framework, "case:package", {}),
    }
    if framework.get("case:definitions"):
        package["CFDefinitions"] = _of(framework, "case:definitions", {})
    rubrics = _as_rubrics(tables, mine)
    return package | ({"CFRubrics": rubrics} if rubrics else {})


def _whole(row: Document, key: str, facts: Document) -> Document:
    own: Document = {"identifier": row[key], "uri": f"urn:uuid:{row[key]}", "lastChangeDateTime": _UNKNOWN_TIME}
    more: Document = _of(row, "case:more", {})
    return own | facts | more


def _as_link(row: Document, items: Mapping[str, Document]) -> Document:
    names = {code: term for term, code in _KINDS}
    ends = {
        name: {
            "title": str(items.get(row[field], {}).get("title", row[field]))[:80],
            "identifier": row[field],
            "uri": f"urn:uuid:{row[field]}",
        }
        for name, field in zip(_ENDS, ("from_id", "to_id"), strict=True)
    }
    return _whole(row, "association_id", {"associationType": names[row["kind"]], **ends})


_KINDS = (
    ("isChildOf", "is_child_of"),
    ("precedes", "precedes"),
    ("isRelatedTo", "is_related_to"),
    ("exactMatchOf", "exact_match"),
    ("isPeerOf", "is_peer_of"),
)


def _as_rubrics(tables: Mapping[str, list[Document]], items: Iterable[str]) -> list[Document]:
    used = {row.get("scale_id") for row in tables.get("competency", ()) if row["competency_id"] in set(items)}
    rubrics: dict[str, Document] = {}
    for scale in tables.get("proficiency_scale", ()):
        about = _of(scale, "case:more", {}).get("CFItemURI", {}).get("identifier")
        if scale["scale_id"] not in used and about not in items:
            continue
        rubric = _of(scale, "case:rubric", _whole(scale, "scale_id", {"title": scale["title"]}))
        levels = [row for row in tables.get("proficiency_level", ()) if row["scale_id"] == scale["scale_id"]]
        made = [
            _whole(row, "level_id", {"quality": row["title"], "position": row["rank"]} | _score(row)) for row in levels
        ]
        criterion = _whole(scale, "scale_id", {"category": scale["title"]}) | {"CFRubricCriterionLevels": made}
        rubrics.setdefault(rubric["identifier"], rubric | {"CFRubricCriteria": []})
        rubrics[rubric["identifier"]]["CFRubricCriteria"].append(criterion)
    return list(rubrics.values())


def _score(level: Document) -> Document:
    return {"score": level["cut_score"]} if level.get("cut_score") is not None else {}


def _of(row: Document, field: str, default: Any) -> Any:
    return json.loads(row[field]) if row.get(field) else default
