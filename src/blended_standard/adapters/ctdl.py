"""Read CTDL and CTDL-ASN in JSON-LD: competency frameworks, schemes of levels, pathways, in envelopes or not.

Source: Credential Engine CTDL and CTDL-ASN terms (facts of `spec/adapters/ctdl.yaml`). Nothing is fetched: what a
document only points to is not in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from blended_standard.adapters._hierarchy import in_cycles
from blended_standard.adapters._names import UUID, uuid_of
from blended_standard.adapters.documents import json_documents, listed, members, signed_claims
from blended_standard.adapters.identifiers import reaches_someone
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import UnreadableInputError

Node = dict[str, Any]
_CTID = re.compile(r"ce-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_KINDS = {
    "CompetencyFramework": "framework",
    "Competency": "competency",
    "ConceptScheme": "scheme",
    "ProgressionModel": "scheme",
    "Concept": "level",
    "ProgressionLevel": "level",
    "Pathway": "pathway",
}
# What each kind of node belongs to.
_HOMES = {"competency": "framework", "component": "pathway", "level": "scheme"}
_NAMES = {
    "framework": ("name",),
    "pathway": ("name",),
    "competency": ("competencyText", "competencyLabel", "name"),
    "component": ("name", "description"),
    "scheme": ("name", "prefLabel"),
    "level": ("prefLabel", "name"),
}
_BELOW = {"hasChild", "hasTopChild", "hasTopConcept", "hasPart"}
_ABOVE = ("isPartOf", "isTopChildOf", "inScheme", "topConceptOf", "isDestinationComponentFor")
_KEYWORDS = {"id": "@id", "type": "@type"}
_NO_NODE = "no object, where a node belongs"
# What each kind must state, one of several.
_REQUIRED = {
    "framework": (("@id", "ctid"), ("name",)),
    "pathway": (("@id", "ctid"), ("name",)),
    "competency": (("@id", "ctid"),),
    "scheme": (("@id", "ctid"), ("name", "prefLabel", "title", "label")),
    "level": (("@id", "ctid"), ("prefLabel", "name")),
}
_MAPPED = {"@id", "ctid", "isChildOf", "hasChild", "isTopChildOf", "hasTopChild"}


def read(source: Any, options: Options) -> Import:
    """Read the graphs of a file, directory or archive."""
    work = Work("ctdl", options)
    graph = _Graph(work)
    for _, document in json_documents(source, work):
        for node in _nodes(document, work):
            graph.take(node)
    if graph.add():
        return work.finish("CTDL", str(source))
    if graph.nodes:
        held = ", ".join(sorted({str(kind) for node in graph.nodes.values() for kind in listed(node.get("@type"))}))
        raise UnreadableInputError(f"{source}: holds no framework, scheme of levels or pathway, only {held[:200]}.")
    if not work.lost:
        raise UnreadableInputError(f"{source}: holds no CTDL (JSON-LD with a @graph, or an envelope of the registry).")
    return work.finish("CTDL", str(source))


def _nodes(document: Any, work: Work) -> Iterator[Node]:
    """Yield the nodes of a document: of its graph, of the envelope around it, of the answer of a search, or itself."""
    if not isinstance(document, dict):
        work.lose("document", "no object")
        work.drop("other", _NO_NODE)
        return
    graphs = [name for name, value in document.items() if isinstance(value, dict) and "@graph" in value]
    answers = next((name for name in ("data", "envelopes") if members(document, name)), None)
    if answers:
        for each in listed(document[answers]):
            yield from _nodes(each, work)
    elif "decoded_resource" in document or "resource" in document:
        inside = document.get("decoded_resource")
        held = inside if isinstance(inside, dict) else signed_claims(str(document.get("resource")))
        work.see_document({name: value for name, value in document.items() if value is not inside}, "envelope")
        if held is None:
            work.find("ADP-INVALID", "envelope", field="resource", detail="It is no signed text (JWT) with an object.")
            work.lose("envelope", "holds no resource that can be opened")
        else:
            yield from _nodes(held, work)
    elif "@graph" in document:
        work.see_document({name: value for name, value in document.items() if name != "@graph"}, "graph")
        for node in listed(document["@graph"]):
            if isinstance(node, dict):
                yield node
            elif node is not None:
                work.drop("other", _NO_NODE)
    elif "@type" in document or "type" in document:
        work.see_document({"@context": document.get("@context")}, "graph")
        yield {name: value for name, value in document.items() if name != "@context"}
    elif graphs:
        # A request to publish: a graph, and on whose behalf.
        work.see_document({name: value for name, value in document.items() if name not in graphs}, "envelope")
        for name in graphs:
            yield from _nodes(document[name], work)
    else:
        work.find("ADP-INVALID", "document", field="@type", detail="It has no @graph and no @type.")
        work.lose("document", "no graph and no typed node")
        work.see_document(document, "other")


@attrs.define
class _Graph:
    """The nodes of every document by their identifiers, and the records that they become."""

    work: Work
    nodes: dict[str, Node] = attrs.field(factory=dict, init=False)
    kinds: dict[str, str] = attrs.field(factory=dict, init=False)
    _inside: dict[str, Counter[str]] = attrs.field(factory=dict, init=False)
    _faults: Counter[tuple[str, str, str, str]] = attrs.field(factory=Counter, init=False)

    def take(self, node: Node) -> str:
        """Remember a node and those that stand in it; one whose identifier came before is left out."""
        own: Node = {}
        for name, value in node.items():
            # Of two names that are one without their prefixes, the second keeps its own.
            plain = _KEYWORDS.get(name, _local(name))
            own[name if plain in own or (plain != name and plain in node) else plain] = value
        inside: Counter[str] = Counter()
        for name in own.keys() & _BELOW:
            inside[name] = sum(map(_is_node, listed(own[name])))
            own[name] = [self.take(each) if _is_node(each) else each for each in listed(own[name])]
        identifier = self._identifier(own)
        self._inside.setdefault(identifier, inside)
        if identifier not in self.nodes:
            self.nodes[identifier] = own
            self.kinds[identifier] = next((_KINDS[each] for each in _types(own) if each in _KINDS), "other")
            return identifier
        if self.nodes[identifier] != own:
            self.work.find("ADP-CONFLICT", "node", field="@id", value=identifier)
        self._see(own, "other", inside)
        self.work.lose("node", "its identifier came before")
        return identifier

    def _identifier(self, node: Node) -> str:
        stated, ctid = str(node.get("@id") or ""), str(node.get("ctid") or "")
        identifier = None if reaches_someone(stated) else _key(stated) or _key(ctid)
        if ctid and (not _CTID.fullmatch(ctid) or _key(ctid) != identifier):
            detail = "It is not ce- and the UUID of its node."
            self.work.find("ADP-VALUE", "node", field="ceterms:ctid", value=ctid, detail=detail)
        # A node without a name of its own, or with one that holds in its document alone.
        blank = identifier is None or (identifier.startswith("_:") and identifier in self.nodes)
        return f"_:{len(self.nodes)}" if identifier is None or blank else identifier

    def add(self) -> bool:
        """Add the records; return whether there was anything to add."""
        self._find_components()
        for identifier, node in self.nodes.items():
            kind = self.kinds[identifier]
            self._see(node, kind, self._inside[identifier])
            self._judge(node, kind)
            if kind == "other":
                named = ", ".join(_types(node)) or "node"
                self.work.lose(named, "defines something else than a competency, a level or a pathway")
            elif kind in ("framework", "pathway"):
                self._framework(identifier, node, kind)
        homes = self._homes()
        self._competencies(homes)
        self._scales(homes)
        for (code, kind, field, detail), times in self._faults.items():
            self.work.find(code, kind, field=field, detail=detail, count=times)
        return any(kind != "other" for kind in self.kinds.values())

    def _see(self, node: Node, kind: str, inside: Counter[str]) -> None:
        """Count the values of a node; the reference to one that stood inside is none of the source's."""
        self.work.see_document(node, kind)
        for name, times in inside.items():
            self.work.see(f"{kind}.{name}", -times)

    def _judge(self, node: Node, kind: str) -> None:
        """Count what a node must state and does not, and the children that a framework names and nobody sent."""
        for names in _REQUIRED.get(kind, ()):
            if not any(_stated(node.get(name)) for name in names):
                self._faults["ADP-VALUE", kind, names[0], "It is missing."] += 1
        if kind == "framework":
            absent = {each for name in ("hasTopChild", "hasChild") for each in _references(node.get(name))}
            for _ in absent - self.nodes.keys():
                self._faults["ADP-REFERENCE", kind, "hasTopChild", "A competency that it names is not in the set."] += 1

    def _find_components(self) -> None:
        """Tell the parts of a pathway, whatever they are elsewhere, from other nodes."""
        for identifier, node in self.nodes.items():
            if self.kinds[identifier] == "other":
                named = any(each.endswith("Component") for each in _types(node))
                if named or self._home(node, "pathway"):
                    self.kinds[identifier] = "component"

    def _homes(self) -> dict[str, str | None]:
        """Return where each node belongs: what it says, or the only framework, pathway or scheme of the set."""
        held: dict[str, list[str]] = {}
        for identifier, kind in self.kinds.items():
            held.setdefault(kind, []).append(identifier)
        homes: dict[str, str | None] = {}
        for kind, home in _HOMES.items():
            only = held[home][0] if len(held.get(home, ())) == 1 else None
            for identifier in held.get(kind, ()):
                node = self.nodes[identifier]
                silent = not any(name in node for name in _ABOVE)
                homes[identifier] = self._home(node, home) or (only if silent else None)
        return homes

    def _home(self, node: Node, kind: str) -> str | None:
        """Return the framework, scheme or pathway that a node says it belongs to."""
        for name in _ABOVE:
            for target in _references(node.get(name)):
                if self.kinds.get(target) == kind:
                    return target
        return None

    def _framework(self, identifier: str, node: Node, kind: str) -> None:
        publisher = _text(node.get("publisherName")) or self._named(node, "publisher", "creator", "ownedBy")
        self._record(
            "framework",
            {"framework_id": identifier, "title": self._title(node, kind) or identifier, "publisher": publisher},
            node,
            kind,
        )

    def _named(self, node: Node, *names: str) -> str | None:
        """Return the name of what a node refers to, or where it is."""
        for name in names:
            for value in listed(node.get(name)):
                place = value.get("@id") if isinstance(value, dict) else value
                about = self.nodes.get(_key(str(place)) or "", value if isinstance(value, dict) else {})
                return _text(about.get("name") or about.get("ceterms:name")) or str(place)
        return None

    def _competencies(self, homes: Mapping[str, str | None]) -> None:
        """Add the competencies and the components of pathways, and how they relate."""
        titles: dict[str, str] = {}
        for identifier, kind in self.kinds.items():
            if kind not in ("competency", "component"):
                continue
            title = self._title(self.nodes[identifier], kind)
            if title is None:
                self.work.find("ADP-INVALID", kind, field=_NAMES[kind][0], detail="It is missing.")
                self.work.leave_out(kind, "no text", self.nodes[identifier], kind)
            else:
                titles[identifier] = title
        parents = self._parents(titles)
        related = {name: term.code for name, term in self.work.vocabulary("association").items() if term.code}
        for identifier, title in titles.items():
            node, above = self.nodes[identifier], parents.get(identifier, [])
            if homes[identifier] is None:
                detail = "Its framework is not in the set."
                self.work.find("ADP-REFERENCE", self.kinds[identifier], field="isPartOf", detail=detail)
            record = {
                "competency_id": identifier,
                "title": title,
                "framework_id": homes[identifier],
                "parent_id": above[0] if len(above) == 1 else None,
            }
            self._record("competency", record, node, self.kinds[identifier])
            for name, code in related.items():
                for target in _references(node.get(name)):
                    if target in titles:
                        self._association(identifier, code, target)

    def _association(self, origin: str, code: str, target: str) -> None:
        own = uuid_of(f"{origin} {code} {target}")
        self.work.add("competency_association", association_id=own, from_id=origin, to_id=target, kind=code)

    def _parents(self, titles: Mapping[str, str]) -> dict[str, list[str]]:
        """Return the parents of each item, stated from above or below, and add them as associations."""
        links: dict[tuple[str, str], None] = {}
        for identifier in titles:
            node = self.nodes[identifier]
            links |= {(identifier, above): None for above in _references(node.get("isChildOf"))}
            links |= {(below, identifier): None for below in _references(node.get("hasChild"))}
        parents: dict[str, list[str]] = {}
        for below, above in links:
            if below in titles and above in titles:
                parents.setdefault(below, []).append(above)
                self._association(below, "is_child_of", above)
            elif self.kinds.get(above) not in ("framework", "pathway"):
                detail = "An item or its parent is not in the set."
                self.work.find("ADP-REFERENCE", "competency", field="isChildOf", detail=detail)
        for identifier in in_cycles(parents):
            detail = "It stands above itself, so it is given no parent."
            self.work.find("ADP-INVALID", "competency", field="isChildOf", value=identifier, detail=detail)
            del parents[identifier]
        return parents

    def _scales(self, homes: Mapping[str, str | None]) -> None:
        """Add each scheme as a scale with its levels, in the order in which it names them."""
        levels: dict[str, dict[str, None]] = {}
        for identifier, kind in self.kinds.items():
            if kind == "scheme":
                listed = _references(self.nodes[identifier].get("hasTopConcept"))
                levels[identifier] = {each: None for each in listed if self.kinds.get(each) == "level"}
        for identifier, home in homes.items():
            if self.kinds[identifier] == "level":
                if home is None:
                    self.work.leave_out("level", "belongs to no scheme of the set", self.nodes[identifier], "level")
                else:
                    levels[home].setdefault(identifier)
        for scheme, own in levels.items():
            self._scale(scheme, list(own))

    def _scale(self, scheme: str, levels: list[str]) -> None:
        cut = self.work.options.mastery_from
        detail = "Its levels were taken to rise in the order in which it names them."
        self.work.find("ADP-ASSUMED", "scheme", field="hasTopConcept", detail=detail)
        if levels and cut is None:
            detail = "No level is taken to show mastery. Pass mastery_from, the rank of the lowest that does."
            self.work.find("ADP-ASSUMED", "level", field="prefLabel", detail=detail)
        node = self.nodes[scheme]
        self._record(
            "proficiency_scale", {"scale_id": scheme, "title": self._title(node, "scheme") or scheme}, node, "scheme"
        )
        for rank, each in enumerate(levels):
            record = {
                "level_id": each,
                "scale_id": scheme,
                "rank": rank,
                "title": self._title(self.nodes[each], "level") or str(rank),
                "mastery": cut is not None and rank >= cut,
            }
            self._record("proficiency_level", record, self.nodes[each], "level")

    def _title(self, node: Node, kind: str) -> str | None:
        return next((text for name in _NAMES[kind] if (text := _text(node.get(name)))), None)

    def _record(self, table: str, record: Mapping[str, Any], node: Node, kind: str) -> None:
        """Add a record with the rest of its node, as it stands."""
        rest = {name: value for name, value in node.items() if name not in _MAPPED}
        self.work.add(table, **record, **{"ctdl:kind": kind}, **self.work.kept(table, "ctdl:more", rest, kind))


def _local(name: str) -> str:
    """Return a term without its prefix or address; `@id` and the like stay."""
    return name if name.startswith("@") else re.split(r"[:/#]", name)[-1]


def _types(node: Node) -> list[str]:
    return [_local(str(each)) for each in listed(node.get("@type"))]


def _key(address: str) -> str | None:
    """Return the UUID of an identifier of the registry, or another identifier as it stands."""
    found = list(UUID.finditer(address))
    return found[-1][0].lower() if found else address or None


def _references(value: Any) -> list[str]:
    """Return the identifiers that a value refers to."""
    places = (each.get("@id") if isinstance(each, dict) else each for each in listed(value))
    return [key for place in places if isinstance(place, str) and (key := _key(place))]


def _is_node(value: Any) -> bool:
    return isinstance(value, dict) and ("@type" in value or "type" in value)


def _stated(value: Any) -> bool:
    return isinstance(value, int | float) or bool(value)


def _text(value: Any) -> str | None:
    """Return a text in English, else in the first language that there is."""
    if isinstance(value, dict):
        if "@value" in value:
            return _text(value["@value"])
        english = next((name for name in value if name.lower().split("-")[0] == "en"), None)
        return _text(value[english or next(iter(value))]) if value else None
    if isinstance(value, list):
        tagged = {str(each["@language"]): each for each in value if isinstance(each, dict) and "@language" in each}
        maps = [each for each in value if isinstance(each, dict) and "@value" not in each]
        # The same name in several languages, each in a map of its own, is one name.
        joined = {name: each for one in reversed(maps) for name, each in one.items()}
        if tagged or joined:
            return _text(tagged or joined)
        return "; ".join(filter(None, map(_text, value))) or None
    return str(value).strip() or None if isinstance(value, str | int | float) else None
