"""Read course structures of cmi5: what a plan can be made of, since a course names its units but no learner.

Source: the cmi5 specification, sections 13 and 14 (facts of `spec/adapters/cmi5.yaml`).
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import attrs

from blended_standard.adapters import _cmi5_course as rules
from blended_standard.adapters._cmi5_course import SPACE, UNITS, Fault
from blended_standard.adapters._names import uuid_of
from blended_standard.adapters._xml import Element, XmlProblemError, parse
from blended_standard.adapters.kinds import foreign, hint, kind_of_content
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io.read import SourceFile, files_of, package_of

_NAME = "cmi5.xml"
# Parts whose paths begin anew, so that units count alike wherever they stand.
_OWNERS = {"courseStructure": {"course", "objectives", *UNITS}, "block": set(UNITS)}
_DROPPED = {"url", "launchParameters", "entitlementKey"}


@attrs.frozen
class _Source:
    """A course structure, and the files of its package, None where it came alone."""

    name: str
    content: bytes
    files: frozenset[str] | None


def read(source: Any, options: Options) -> Import:
    """Read a course structure, a folder or a package that holds one, or several of them."""
    work = Work("cmi5", options)
    courses = _Courses(work)
    for path in [source] if isinstance(source, str | Path) else source:
        courses.add(_structure(Path(path), work))
    return work.finish("1.0", str(source))


def _structure(path: Path, work: Work) -> _Source:
    package = package_of(path, limits=work.options.limits)
    if package is None:
        [file] = files_of(path, limits=work.options.limits)
        return _Source(path.name, file.read(), None)
    found = sorted((name for name in package.names if _base(name).lower() == _NAME), key=lambda name: name.count("/"))
    if not found:
        top = [name for name in sorted(package.names) if "/" not in name]
        zipped = [f" {name} may be one." for name in top if name.lower().endswith(".zip")]
        there = zipped[0] if zipped else hint("cmi5", (SourceFile(n, partial(package.read, n), None) for n in top))
        raise UnreadableInputError(f"{path}: holds no {_NAME}. Pass a package of cmi5 or its course structure.{there}")
    place = _NAME if _NAME in found else found[0]
    if place != _NAME:
        if len(found) > 1 and found[1].count("/") == place.count("/"):
            raise UnreadableInputError(f"{path}: holds {found[0]} and {found[1]}. Pass one package at a time.")
        detail = f"It stands at {place}, not as {_NAME} at the root (clause 14.1)."
        work.find("ADP-CMI5-PLACE", "courseStructure", detail=detail)
    above = place.removesuffix(_base(place))
    files = frozenset(name.removeprefix(above) for name in package.names if name.startswith(above))
    return _Source(f"{path.name}/{place}", package.read(place), files)


def _base(name: str) -> str:
    return PurePosixPath(name).name


@attrs.define
class _Courses:
    """One import under way, with the courses and competencies so far by their identifiers."""

    work: Work
    _read: dict[str, bytes] = attrs.field(factory=dict)
    _known: dict[str, dict[str, Any]] = attrs.field(factory=dict)

    def add(self, source: _Source) -> None:
        """Add the records of a course, or what is wrong with it."""
        try:
            document = parse(source.content, SPACE)
        except XmlProblemError as problem:
            other = _foreign(source)
            if other and b"<" not in source.content[:100]:
                raise UnreadableInputError(f"{source.name}: {other}") from None
            self._refuse([Fault(problem.code, "courseStructure", problem.line, problem.detail)])
            return
        _check_root(source, document.root)
        if self._refuse(list(rules.faults(document.root, source.files))):
            return
        course = document.root.all("course")[0].attributes["id"]
        known = self._read.setdefault(course, source.content)
        if known is not source.content:
            self.work.lose("course", "the same identifier came before")
            if known != source.content:
                self.work.find("ADP-CONFLICT", "course", field="course.id", detail=source.name)
            return
        _see(self.work, document.root, "courseStructure", "courseStructure")
        self._course(document.root, document.spaces)

    def _refuse(self, faults: list[Fault]) -> bool:
        """Add findings; say whether one forbids to read on."""
        known = self.work.found.standard.rules
        for code, field, line, detail in faults:
            self.work.find(code, field.partition(".")[0], field=field, line=line, detail=detail)
        refused = any(known[fault.code].severity == "error" for fault in faults)
        self.work.lose("course", "a fault for which cmi5 forbids to import it; the findings say which", refused)
        return refused

    def _course(self, root: Element, spaces: dict[str, str]) -> None:
        course = root.all("course")[0]
        framework = course.attributes["id"]
        more = _extensions(root) | _extensions(course)
        named = {prefix: space for prefix, space in spaces.items() if space != SPACE}
        self.work.add(
            "framework",
            framework_id=framework,
            **_texts(course),
            **{"cmi5:more": _json(more), "cmi5:namespaces": _json(named)},
        )
        objectives = rules.objectives_of(root)
        for objective in objectives:
            self._competency(objective, framework, None)
        self._units(root, framework, {each.attributes["id"] for each in objectives}, None)

    def _units(self, element: Element, framework: str, objectives: set[str], parent: str | None) -> None:
        """Add the units and blocks of an element, each below the block that it stands in."""
        for unit in element.parts:
            if unit.name not in UNITS:
                continue
            identifier = unit.attributes["id"]
            self._competency(unit, framework, parent)
            for reference in dict.fromkeys(each.attributes.get("idref", "") for each in rules.objectives_of(unit)):
                self._association(unit, reference, objectives)
            self._units(unit, framework, objectives, identifier)

    def _competency(self, element: Element, framework: str, parent: str | None) -> None:
        facts = {
            "competency_id": element.attributes["id"],
            "parent_id": parent,
            **_texts(element),
            "cmi5:kind": element.name,
            **(_criteria(element) if element.name == "au" else {}),
            "cmi5:more": _json(_extensions(element)),
        }
        known = self._known.setdefault(facts["competency_id"], facts)
        if known is facts:
            self.work.add("competency", framework_id=framework, **facts)
            return
        self.work.lose("competency", "the same identifier came before")
        if known != facts:
            self.work.find("ADP-CONFLICT", element.name, line=element.line, field=f"{element.name}.id")

    def _association(self, unit: Element, reference: str, objectives: set[str]) -> None:
        if reference not in objectives:
            self.work.lose("competency_association", "the course does not define the objective")
            self.work.find("ADP-REFERENCE", unit.name, line=unit.line, field="objective.idref", value=reference)
            return
        origin = unit.attributes["id"]
        self.work.add(
            "competency_association",
            association_id=uuid_of(f"{origin} {reference}"),
            from_id=origin,
            to_id=reference,
            kind="is_related_to",
        )


def _foreign(source: _Source) -> str | None:
    return foreign("cmi5", kind_of_content(source.content))


def _check_root(source: _Source, root: Element) -> None:
    if root.name == "courseStructure":
        return
    if root.name.endswith(":courseStructure"):
        stated = f"in the namespace {root.space!r}" if root.space else "without a namespace"
        raise UnreadableInputError(f"{source.name}: a course structure {stated}. Accepted: {SPACE} (cmi5 1.0).")
    raise UnreadableInputError(f"{source.name}: {_foreign(source) or 'this is no course structure.'}")


def _see(work: Work, element: Element, path: str, owner: str) -> None:
    """Count every attribute and every text; those of other namespaces count as parts of the nearest that has an id."""
    own = ":" not in element.name
    for name in element.attributes:
        work.see(f"{owner if own and ':' in name else path}.{name}")
    if element.text:
        work.see(path)
    for part in element.parts:
        if part.name in _OWNERS.get(element.name, ()):
            _see(work, part, part.name, part.name)
        else:
            _see(work, part, f"{owner if own and ':' in part.name else path}.{part.name}", owner)


def _texts(element: Element) -> dict[str, Any]:
    """Return the title, and titles and descriptions in every language."""
    facts: dict[str, Any] = {}
    for name in ("title", "description"):
        part = element.first(name)
        listed = part.all("langstring") if part else []
        facts[f"cmi5:{name}"] = _json([[each.attributes.get("lang"), each.text] for each in listed if each.text])
        if name == "title":
            shown = next((each.text for each in listed if each.text), element.attributes["id"])
            facts["title"] = " ".join(shown.split())
    return facts


def _criteria(unit: Element) -> dict[str, Any]:
    """Return when a unit is finished and how it opens, by the defaults of the schema where nothing is said."""
    given = unit.attributes
    return {
        "cmi5:move_on": given.get("moveOn", "NotApplicable"),
        "cmi5:mastery_score": float(given["masteryScore"]) if "masteryScore" in given else None,
        "cmi5:launch_method": given.get("launchMethod", "AnyWindow"),
        "cmi5:activity_type": given.get("activityType"),
    }


def _extensions(element: Element) -> dict[str, list[Any]]:
    """Return what an element holds in other namespaces, wherever in it, but for parts that are records themselves."""
    found: dict[str, list[Any]] = {}
    for name, value in element.attributes.items():
        if ":" in name:
            found.setdefault(f"@{name}", []).append(value)
    for part in element.parts:
        if ":" in part.name:
            found.setdefault(part.name, []).append(_plain(part))
        elif part.name not in {"course", *UNITS, *_DROPPED} and "id" not in part.attributes:
            for name, values in _extensions(part).items():
                found.setdefault(f"{part.name}.{name}", []).extend(values)
    return found


def _plain(element: Element) -> Any:
    """Return an element as a value of JSON."""
    made: dict[str, Any] = {f"@{name}": value for name, value in element.attributes.items()}
    for part in element.parts:
        made.setdefault(part.name, []).append(_plain(part))
    if not made:
        return element.text
    return made | ({"#text": element.text} if element.text else {})


def _json(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None
