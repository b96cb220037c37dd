"""Write mastery decisions and credentials as Open Badges 3.0, or bundled as CLR 2.0: whoever issues them signs them.

Source: 1EdTech Open Badges 3.0 and CLR 2.0, W3C Verifiable Credentials 2.0.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

import attrs

from blended_standard.adapters import _names as names
from blended_standard.adapters.records import Tables
from blended_standard.adapters.result import Export, FieldLoss, LossReport, RowLoss

Document = dict[str, Any]
_CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
_CLR_CONTEXT = [_CONTEXT[0], "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json", *_CONTEXT[1:]]
_TABLES = (
    "mastery_decision",
    "credential",
    "episode",
    "competency",
    "framework",
    "program",
    "proficiency_scale",
    "proficiency_level",
)
_RULE = "A mastery decision under the rules of the program."
_UNSTATED = "Its uncertainty was not estimated."


def write_badges(tables: Tables, target: Path) -> Export:
    """Write one achievement credential a mastery decision or credential."""
    source = _Source(tables)
    made = [badge for _, badges in sorted(source.badges().items()) for badge in badges]
    return source.export("open_badges", target, "badge", made)


def write_records(tables: Tables, target: Path) -> Export:
    """Write one comprehensive learner record a learner: an achievement credential a mastery decision or credential."""
    source = _Source(tables)
    made = [source.record(learner, badges) for learner, badges in sorted(source.badges().items())]
    return source.export("clr", target, "clr", made)


@attrs.define
class _Source:
    """The tables of a submission that credentials are made of."""

    held: Tables
    tables: dict[str, list[Document]] = attrs.field(init=False)
    competencies: dict[str, Document] = attrs.field(init=False)
    issuer: Document = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.tables = {name: self.held.get(name, []) for name in _TABLES}
        self.competencies = {row["competency_id"]: row for row in self.tables["competency"]}
        program = next(iter(self.tables["program"]), {"program_id": "unknown", "name": names.UNSTATED})
        identifier = names.name(names.PROGRAM, str(program["program_id"]))
        self.issuer = {"id": identifier, "type": ["Profile"], "name": program["name"]}

    def badges(self) -> dict[str, list[Document]]:
        """Return the credentials of each learner: what was awarded, or mastered and not taken back."""
        learners = {row["episode_id"]: row["learner_id"] for row in self.tables["episode"]}
        made: dict[str, list[Document]] = {}
        for table, badge in (("mastery_decision", self._badge), ("credential", self._award)):
            for row in self.tables[table]:
                if table == "credential" or _holds(row):
                    learner = str(learners.get(row["episode_id"], row["episode_id"]))
                    made.setdefault(learner, []).append(badge(row, learner))
        return made

    def record(self, learner: str, badges: list[Document]) -> Document:
        """Return the record of one learner; it is partial, since failures are not in it."""
        name = names.uuid_of(names.LEARNER + learner)
        subject = {"id": names.LEARNER + learner, "type": ["ClrSubject"], "verifiableCredential": badges}
        return {
            "@context": _CLR_CONTEXT,
            "id": f"urn:uuid:{name}",
            "type": ["VerifiableCredential", "ClrCredential"],
            "issuer": self.issuer,
            "validFrom": max(badge["validFrom"] for badge in badges),
            "name": "What was mastered and awarded",
            "partial": True,
            "credentialSubject": subject,
        }

    def export(self, standard: str, target: Path, stem: str, documents: list[Document]) -> Export:
        """Write the documents, and say what they could not hold."""
        target.mkdir(parents=True, exist_ok=True)
        files = []
        for number, document in enumerate(documents, start=1):
            path = target / f"{stem}-{number:06d}.json"
            path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
            files.append(str(path))
        decisions, awards = self.tables["mastery_decision"], self.tables["credential"]
        written = {"mastery_decision": sum(map(_holds, decisions)), "credential": len(awards)}
        fields = [
            FieldLoss(field=name, fate="mapped", count=count, to="AchievementCredential")
            for name, count in written.items()
        ]
        judged = sum(row.get("recognized") is not None for row in awards)
        if judged:
            reason = "recognition comes from a list of issuers, not from a credential"
            fields.append(FieldLoss(field="credential.recognized", fate="dropped", count=judged, reason=reason))
        reason = "a credential says what was mastered, and of whom, by whom and on what evidence"
        for name, rows in self.held.items():
            if name not in _TABLES:
                fields.append(FieldLoss(field=name, fate="dropped", count=len(rows), reason=reason))
        left = Counter("taken back" if row.get("mastered") else "not mastered" for row in decisions if not _holds(row))
        records = tuple(RowLoss(what="mastery_decision", reason=why, count=n) for why, n in sorted(left.items()))
        losses = LossReport(standard=standard, fields=tuple(fields), records=records)
        return Export(standard=standard, files=tuple(files), documents=sum(written.values()), losses=losses)

    def _badge(self, row: Document, learner: str) -> Document:
        competency = str(row["competency_id"])
        about = self.competencies.get(competency, {})
        title = str(about.get("title") or competency)
        achievement: Document = {
            "id": names.name(names.COMPETENCY, competency),
            "type": ["Achievement"],
            "achievementType": "Competency",
            "name": title,
            "description": title,
            "criteria": {"narrative": _RULE if "open_badges:probability" in row else f"{_RULE} {_UNSTATED}"},
            "alignment": [self._alignment(competency, title, about.get("framework_id"))],
        }
        subject: Document = {"id": names.LEARNER + learner, "type": ["AchievementSubject"]}
        subject["achievement"] = achievement
        described, results = self._results(row)
        if results:
            achievement["resultDescription"] = described
            subject["result"] = results
        named = names.name(names.DECISION, str(row["decision_id"]))
        return self._credential(named, row["date"], title, subject)

    def _award(self, row: Document, learner: str) -> Document:
        """Return the badge of a credential; who awarded it is the creator, for who issues the badge signs it."""
        title = str(row.get("title") or names.UNSTATED)
        achievement: Document = {
            "id": names.name(names.AWARD, f"{row['kind']}/{title}"),
            "type": ["Achievement"],
            "achievementType": names.AWARDS[row["kind"]],
            "name": title,
            "description": title,
            "criteria": {"narrative": "As its issuer awards it."},
        }
        if row.get("issuer"):
            identifier = names.name(names.ISSUER, row["issuer"])
            achievement["creator"] = {"id": identifier, "type": ["Profile"], "name": row["issuer"]}
        subject: Document = {"id": names.LEARNER + learner, "type": ["AchievementSubject"]}
        subject["achievement"] = achievement
        if row.get("open_badges:credits_earned") is not None:
            subject["creditsEarned"] = row["open_badges:credits_earned"]
        named = names.name(names.CREDENTIAL, str(row["credential_id"]))
        until = {"validUntil": row["open_badges:valid_until"]} if row.get("open_badges:valid_until") else {}
        return self._credential(named, row["awarded_date"], title, subject) | until

    def _credential(self, identifier: str, day: dt.date, title: str, subject: Document) -> Document:
        return {
            "@context": _CONTEXT,
            "id": identifier,
            "type": ["VerifiableCredential", "AchievementCredential"],
            "issuer": self.issuer,
            "validFrom": _start(day),
            "awardedDate": _start(day),
            "name": title,
            "credentialSubject": subject,
        }

    def _alignment(self, competency: str, title: str, framework: str | None) -> Document:
        made: Document = {"type": ["Alignment"], "targetName": title, "targetCode": competency}
        if names.UUID.fullmatch(competency):
            made |= {"targetUrl": f"urn:uuid:{competency}", "targetType": "CFItem"}
        else:
            made["targetUrl"] = names.name(names.COMPETENCY, competency)
        titles = {row["framework_id"]: row["title"] for row in self.tables["framework"]}
        return made | ({"targetFramework": titles[framework]} if framework in titles else {})

    def _results(self, row: Document) -> tuple[list[Document], list[Document]]:
        """Return descriptions and results: the level of evidence, how sure it is, and the level of the scale."""
        described: list[Document] = []
        results: list[Document] = []
        claimed = row.get("open_badges:claimed_evidence_level", row.get("evidence_level"))
        for field, about in names.RESULTS.items():
            value = claimed if field == "evidence_level" else row.get(field)
            if value is not None:
                described.append(_description(about))
                text = str(value).lower() if about.type is bool else str(value)
                results.append({"type": ["Result"], "resultDescription": about.id, "value": text})
        scale = self._scale(row.get("level_id"))
        if scale:
            described.append(scale)
            level = names.name(names.LEVEL, str(row["level_id"]))
            results.append({"type": ["Result"], "resultDescription": scale["id"], "achievedLevel": level})
        return described, results

    def _scale(self, level: str | None) -> Document | None:
        """Return the scale of a level with all its levels, from low to high."""
        listed = self.tables["proficiency_level"]
        own = next((row["scale_id"] for row in listed if row["level_id"] == level), None)
        if own is None:
            return None
        levels = sorted((row for row in listed if row["scale_id"] == own), key=lambda row: row["rank"])
        titles = {row["scale_id"]: row["title"] for row in self.tables["proficiency_scale"]}
        made: Document = {
            "id": names.name(names.SCALE, own),
            "type": ["ResultDescription"],
            "name": titles.get(own, own),
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [_level(row) for row in levels],
        }
        least = next((_level(row)["id"] for row in levels if row["mastery"]), None)
        return made | ({"requiredLevel": least} if least else {})


def _holds(row: Document) -> bool:
    return bool(row.get("mastered")) and not row.get("revoked")


def _description(about: names.Described) -> Document:
    made: Document = {"id": about.id, "type": ["ResultDescription"], "name": about.title}
    if about.type is bool:
        return made | {"resultType": "Result", "allowedValue": ["false", "true"]}
    return made | {"resultType": "RawScore", "valueMin": "0", "valueMax": about.high}


def _level(row: Document) -> Document:
    identifier = names.name(names.LEVEL, row["level_id"])
    return {"id": identifier, "type": ["RubricCriterionLevel"], "name": row["title"], "level": str(row["rank"])}


def _start(day: dt.date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
