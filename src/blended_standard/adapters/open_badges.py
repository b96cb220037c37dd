"""Open Badges 3.0 and CLR 2.0 in and out, unsigned: credentials, and mastery decisions by their CASE alignment.

Source: 1EdTech Open Badges 3.0 and CLR 2.0, W3C Verifiable Credentials 2.0 (facts of `spec/adapters/open_badges.yaml`).
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from blended_standard.adapters.combine import rows_of
from blended_standard.adapters.documents import json_documents
from blended_standard.adapters.events import instant
from blended_standard.adapters.identifiers import PSEUDONYM
from blended_standard.adapters.result import Export, FieldLoss, Import, LossReport, RowLoss
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io import Submission

Document = dict[str, Any]
_OWN = "urn:blended-standard:learner:"
_LEVEL = "urn:blended-standard:result:evidence-level"
_DECISION = "urn:blended-standard:decision:"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
_CLR_CONTEXT = [*_CONTEXT, "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"]
_AWARDS = {"AchievementCredential", "OpenBadgeCredential"}


def read(source: Any, options: Options) -> Import:
    """Read badges and comprehensive learner records; those inside a record are read one by one."""
    work = Work("open_badges", options)
    work.needs_key()
    version, count = "3.0", 0
    for place, document in json_documents(source, work):
        if not isinstance(document, Mapping):
            continue
        context = json.dumps(document.get("@context", ""))
        if "openbadges/v2" in context:
            raise UnreadableInputError(f"{place}: this is Open Badges 2.0. Accepted: Open Badges 3.0 and CLR 2.0.")
        if "ClrCredential" in _types(document):
            version = "CLR 2.0"
        count += 1
        for credential in _credentials(work, document):
            work.see_document(credential)
            _credential(work, credential)
    if not count:
        raise UnreadableInputError(f"{source}: holds no credential (a JSON object).")
    return work.finish(version, str(source))


def _types(document: Mapping[str, Any]) -> set[str]:
    kinds = document.get("type") or []
    return {str(kind) for kind in (kinds if isinstance(kinds, list) else [kinds])}


def _credentials(work: Work, document: Mapping[str, Any]) -> Iterator[Document]:
    kinds = _types(document)
    if kinds & _AWARDS:
        yield dict(document)
        return
    subject = document.get("credentialSubject")
    inside = subject.get("verifiableCredential") if isinstance(subject, Mapping) else None
    if "ClrCredential" in kinds and isinstance(inside, list):
        for each in inside:
            if isinstance(each, Mapping):
                yield from _credentials(work, each)
            else:
                work.lose("credential", "signed as text (JWT), which is not read")
        return
    work.find("ADP-INVALID", "credential", field="type", detail="It is neither an achievement nor a learner record.")
    work.lose("credential", "neither an achievement nor a learner record")


def _credential(work: Work, credential: Document) -> None:
    subject = credential.get("credentialSubject")
    subject = subject if isinstance(subject, Mapping) else {}
    achievement = subject.get("achievement")
    learner = _learner(work, subject)
    at = next((when for name in _DATES if (when := instant(credential.get(name)))), None)
    for name, value in (("achievement", isinstance(achievement, Mapping)), ("subject", learner), ("validFrom", at)):
        if not value:
            work.find("ADP-INVALID", "credential", field=name, detail="It is missing or malformed.")
            work.lose("credential", f"no {name} that can be read")
            return
    if not isinstance(achievement, Mapping) or at is None:
        return
    identifier = str(credential.get("id") or "")
    facts = {
        "open_badges:proof": "not_checked" if credential.get("proof") else "none",
        "open_badges:status": "not_checked" if credential.get("credentialStatus") else "none",
        "open_badges:valid_until": credential.get("validUntil") or credential.get("expirationDate"),
    }
    work.find("ADP-NOT-CHECKED", "credential", field="proof")
    day = at.date()
    target = _case_item(achievement)
    if target is not None and achievement.get("achievementType") == "Competency":
        claimed = _claimed_level(subject)
        own = identifier.removeprefix(_DECISION)
        known = identifier.startswith(_DECISION) and str(subject.get("id")).startswith(_OWN)
        work.add(
            "mastery_decision",
            decision_id=own if known else work.people.pseudonym("decision", "open_badges", identifier),
            episode_id=learner,
            competency_id=target,
            date=day,
            mastered=True,
            evidence_level=min(2, claimed) if claimed is not None else None,
            **facts,
            **{"open_badges:claimed_evidence_level": claimed},
        )
        return
    kind = work.vocabulary("achievement_type").get(str(achievement.get("achievementType")))
    issuer = credential.get("issuer")
    work.add(
        "credential",
        credential_id=work.people.pseudonym("credential", "open_badges", identifier),
        episode_id=learner,
        kind=kind.code if kind else "other",
        awarded_date=day,
        title=str(achievement.get("name") or "") or None,
        issuer=str(issuer.get("name") or issuer.get("id")) if isinstance(issuer, Mapping) else issuer,
        **facts,
        **{"open_badges:credits_earned": subject.get("creditsEarned")},
    )


_DATES = ("awardedDate", "validFrom", "issuanceDate")


def _learner(work: Work, subject: Mapping[str, Any]) -> str | None:
    own = str(subject.get("id") or "")
    if own.startswith(_OWN) and PSEUDONYM.fullmatch(own.removeprefix(_OWN)):
        return own.removeprefix(_OWN)
    if own:
        work.people.remember(own)
        return work.people.learner("open_badges", own)
    listed = subject.get("identifier") or []
    for each in listed if isinstance(listed, list) else [listed]:
        if isinstance(each, Mapping) and each.get("identityHash"):
            work.people.remember(each["identityHash"])
            return work.people.learner(str(each.get("identityType")), str(each["identityHash"]))
    return None


def _case_item(achievement: Mapping[str, Any]) -> str | None:
    """Return the one CASE item of an achievement; of several, nobody can say which was met."""
    found = set()
    for each in achievement.get("alignment") or ():
        if isinstance(each, Mapping) and each.get("targetType") in ("CFItem", "ceasn:Competency"):
            places = (str(each.get("targetCode") or ""), str(each.get("targetUrl") or ""))
            found |= {match[0].lower() for place in places if (match := _UUID.search(place))}
    return found.pop() if len(found) == 1 else None


def _claimed_level(subject: Mapping[str, Any]) -> int | None:
    for each in subject.get("result") or ():
        if isinstance(each, Mapping) and each.get("resultDescription") == _LEVEL:
            value = str(each.get("value", ""))
            return int(value) if value in ("0", "1", "2", "3", "4") else None
    return None


def write(submission: Submission, target: Path) -> Export:
    """Write one unsigned achievement credential a mastery decision, bundled in a CLR for each learner."""
    tables = {name: rows_of(data) for name, data in submission.tables.items() if name in _TABLES}
    learners = {row["episode_id"]: row["learner_id"] for row in tables.get("episode", ())}
    titles = {row["competency_id"]: row["title"] for row in tables.get("competency", ())}
    program = next(iter(tables.get("program", ())), {"program_id": "unknown", "name": "not stated"})
    issuer = {
        "id": f"urn:blended-standard:program:{program['program_id']}",
        "type": ["Profile"],
        "name": program["name"],
    }
    made: dict[str, list[Document]] = {}
    left: list[RowLoss] = []
    for row in tables.get("mastery_decision", ()):
        if row.get("mastered") and not row.get("revoked"):
            learner = learners.get(row["episode_id"], row["episode_id"])
            made.setdefault(learner, []).append(_as_badge(row, learner, titles, issuer))
        else:
            left.append(RowLoss(what="mastery_decision", reason="not mastered, or taken back", count=1))
    target.mkdir(parents=True, exist_ok=True)
    files = []
    for number, (learner, badges) in enumerate(sorted(made.items()), start=1):
        path = target / f"clr-{number:06d}.json"
        path.write_text(json.dumps(_as_record(learner, badges, issuer), indent=1, ensure_ascii=False) + "\n", "utf-8")
        files.append(str(path))
    fields = [
        FieldLoss(
            field=name, fate="dropped", count=len(rows_of(data)), reason="a learner record holds achievements alone"
        )
        for name, data in submission.tables.items()
        if name not in _TABLES
    ]
    written = FieldLoss(
        field="mastery_decision", fate="mapped", count=sum(map(len, made.values())), to="AchievementCredential"
    )
    return Export(
        standard="clr",
        files=tuple(files),
        documents=sum(map(len, made.values())),
        losses=LossReport(standard="clr", fields=(written, *fields), records=tuple(left)),
    )


_TABLES = ("mastery_decision", "episode", "competency", "program")


def _as_badge(row: Document, learner: str, titles: Mapping[str, str], issuer: Document) -> Document:
    title = titles.get(row["competency_id"], row["competency_id"])
    target = row["competency_id"]
    achievement = {
        "id": f"urn:uuid:{target}" if _UUID.fullmatch(target) else f"urn:blended-standard:competency:{target}",
        "type": ["Achievement"],
        "achievementType": "Competency",
        "name": title,
        "description": title,
        "criteria": {"narrative": "A mastery decision under the rules of the program."},
        "alignment": [
            {
                "type": ["Alignment"],
                "targetName": title,
                "targetUrl": f"urn:uuid:{target}",
                "targetCode": target,
                "targetType": "CFItem",
            }
        ],
    }
    subject: Document = {"id": _OWN + learner, "type": ["AchievementSubject"], "achievement": achievement}
    level = row.get("open_badges:claimed_evidence_level", row.get("evidence_level"))
    if level is not None:
        achievement["resultDescription"] = [
            {
                "id": _LEVEL,
                "type": ["ResultDescription"],
                "name": "Level of the evidence, 0 (presence) to 4 (double-scored)",
                "resultType": "RawScore",
                "valueMin": "0",
                "valueMax": "4",
            }
        ]
        subject["result"] = [{"type": ["Result"], "resultDescription": _LEVEL, "value": str(level)}]
    return {
        "@context": _CONTEXT,
        "id": _DECISION + row["decision_id"],
        "type": ["VerifiableCredential", "AchievementCredential"],
        "issuer": issuer,
        "validFrom": _start(row["date"]),
        "awardedDate": _start(row["date"]),
        "name": title,
        "credentialSubject": subject,
    }


def _as_record(learner: str, badges: list[Document], issuer: Document) -> Document:
    name = uuid.uuid5(uuid.NAMESPACE_URL, _OWN + learner)
    return {
        "@context": _CLR_CONTEXT,
        "id": f"urn:uuid:{name}",
        "type": ["VerifiableCredential", "ClrCredential"],
        "issuer": issuer,
        "validFrom": max(badge["validFrom"] for badge in badges),
        "name": "Competencies mastered",
        "partial": True,
        "credentialSubject": {"id": _OWN + learner, "type": ["ClrSubject"], "verifiableCredential": badges},
    }


def _start(day: dt.date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
