"""Read Open Badges 3.0 and CLR 2.0: credentials, and mastery decisions by their CASE alignment.

Source: 1EdTech Open Badges 3.0 and CLR 2.0, W3C Verifiable Credentials 2.0 (facts of `spec/adapters/open_badges.yaml`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from blended_standard.adapters import _contexts, _keys
from blended_standard.adapters import _names as names
from blended_standard.adapters._badge_forms import opened, tell
from blended_standard.adapters._badge_images import baked
from blended_standard.adapters._badge_rules import badge_problem, kinds, other_problem
from blended_standard.adapters._signatures import Checker, Verdict
from blended_standard.adapters.documents import deeper, json_documents, members, signed_claims
from blended_standard.adapters.events import instant
from blended_standard.adapters.identifiers import PSEUDONYM
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io.limits import LIMITS
from blended_standard.io.read import files_of

Document = dict[str, Any]
_AWARDS = {"AchievementCredential", "OpenBadgeCredential"}
_SIGNED, _IMAGES = ".jwt", (".png", ".svg")
_OLDER = {
    "openbadges/v1": "Open Badges 1.1",
    "openbadges/v2": "Open Badges 2.0",
    "spec/ob/v2p1": "Open Badges 2.1",
    "spec/clr/v1p0": "CLR 1.0",
}
_DATES = ("awardedDate", "validFrom", "issuanceDate")
# A claim proves no more: its evidence is not seen, nor its status fetched.
_HIGHEST_LEVEL = 2


def read(source: Any, options: Options) -> Import:
    """Read badges and comprehensive learner records; those inside a record are read one by one."""
    work = Work("open_badges", options)
    work.needs_key()
    checker = Checker(_keys.given(options.keys), _contexts.read(options.contexts))
    version, count, refused = "3.0", 0, ""
    for place, sent in _sent(source, work):
        older = _older(sent)
        if older:
            work.lose("document", f"this is {older}, an older version that is not read")
            refused = refused or f"{place}: this is {older}. Accepted: Open Badges 3.0 and CLR 2.0."
            continue
        if isinstance(sent, dict) and "ClrCredential" in kinds(sent):
            version = "CLR 2.0"
        count += 1
        for credential, verdict in opened(sent, work, checker):
            work.see_document(credential)
            if kinds(credential) & _AWARDS:
                _credential(work, credential, verdict)
            else:
                _other(work, credential, verdict)
    if not count:
        nothing = f"{source}: holds no credential (a JSON object, a signed text, or one in an image)."
        raise UnreadableInputError(refused or nothing)
    return work.finish(version, str(source))


def _sent(source: Any, work: Work) -> Iterator[tuple[Any, Any]]:
    """Yield what each file holds: JSON, a signed text in a file of its own, or what is baked into an image."""
    yield from json_documents(source, work, (_SIGNED, *_IMAGES))
    for file in files_of(source, limits=work.options.limits):
        name = file.name.lower()
        if name.endswith(_SIGNED):
            yield file.name, file.read().decode("utf-8", errors="replace")
        elif name.endswith(_IMAGES):
            text = baked(file.read())
            if text is None:
                work.lose("image", "no credential is baked into it")
            else:
                yield file.name, _parsed(text)


def _parsed(text: str) -> Any:
    """Return the JSON in a text, or the text itself, which may be signed."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if deeper(document, LIMITS.depth) else document


def _older(sent: Any) -> str | None:
    """Return the older version that a document is of, also in a signed text, or None."""
    document = signed_claims(sent) if isinstance(sent, str) else sent
    if not isinstance(document, dict):
        return None
    context = json.dumps(document.get("@context", ""))
    if not context.strip('"') and "badge" in document and {"recipient", "verify"} & document.keys():
        return "Open Badges 1.0"
    return next((name for part, name in _OLDER.items() if part in context), None)


def _other(work: Work, credential: Document, verdict: Verdict) -> None:
    """Leave out what is for no achievement, and say so."""
    problem = other_problem(credential)
    if not problem and verdict.status != "none":
        tell(work, "credential", verdict)
    if problem:
        field, detail = problem
        work.find("ADP-INVALID", "credential", field=field, detail=detail)
        work.lose("credential", f"invalid: {field}")
    elif "EndorsementCredential" in kinds(credential):
        work.lose("credential", "an endorsement, which says something of others")
    else:
        work.lose("credential", "of another kind, for no achievement")


def _credential(work: Work, credential: Document, verdict: Verdict) -> None:
    subject = credential.get("credentialSubject")
    subject = subject if isinstance(subject, dict) else {}
    learner = _learner(work, subject)
    at = next((when for name in _DATES if (when := instant(credential.get(name)))), None)
    problem = badge_problem(credential) or _lacking(work, learner, at)
    if problem or at is None:
        field, detail = problem or ("validFrom", "")
        work.find("ADP-INVALID", "credential", field=field, detail=detail)
        work.lose("credential", f"invalid: {field}")
        return
    if not isinstance(subject.get("achievement"), dict):
        detail = "It is missing, so nothing is awarded."
        work.find("ADP-VALUE", "credential", field="credentialSubject.achievement", detail=detail)
        work.lose("credential", "names no achievement")
        return
    facts = {
        "episode_id": learner,
        "open_badges:proof": verdict.status,
        "open_badges:proof_key": verdict.key or None,
        "open_badges:proof_reason": verdict.why or None,
        "open_badges:status": "not_checked" if credential.get("credentialStatus") else "none",
        "open_badges:valid_until": credential.get("validUntil") or credential.get("expirationDate"),
    }
    until = instant(facts["open_badges:valid_until"])
    if until is not None and until.date() < _today(work):
        detail = "It is past; what was awarded stays awarded."
        work.find("ADP-VALUE", "credential", field="validUntil", detail=detail)
    tell(work, "credential", verdict)
    if credential.get("credentialStatus"):
        work.find("ADP-NOT-CHECKED", "credential", field="credentialStatus", detail="Lists of status are not fetched.")
    competency = _competency(subject["achievement"])
    if competency is not None:
        _decision(work, credential, subject, facts | {"competency_id": competency, "date": at.date()})
    else:
        _award(work, credential, subject, facts | {"awarded_date": at.date()})


def _lacking(work: Work, learner: str | None, at: dt.datetime | None) -> tuple[str, str] | None:
    for name, value in (("subject", learner), ("validFrom", at)):
        if not value:
            return name, f"{name} is missing or malformed."
    return ("validFrom", "It is not valid yet.") if at is not None and at.date() > _today(work) else None


def _today(work: Work) -> dt.date:
    """Return the day as of which the caller reads, or the day of reading."""
    return work.options.as_of or dt.datetime.now(dt.UTC).date()


def _decision(work: Work, credential: Document, subject: Document, facts: Document) -> None:
    identifier = str(credential.get("id") or "")
    own = identifier.startswith(names.DECISION) and str(subject.get("id")).startswith(names.LEARNER)
    results = _own_results(subject)
    level = results.pop("evidence_level", None)
    # What is not as it was signed, or signed by another, is evidence of nothing.
    failed = facts["open_badges:proof"] == "failed"
    work.add(
        "mastery_decision",
        decision_id=names.part(names.DECISION, identifier)
        if own
        else work.people.pseudonym("decision", "open_badges", identifier),
        mastered=True,
        evidence_level=None if level is None or failed else min(_HIGHEST_LEVEL, level),
        level_id=_level(work, subject),
        **facts,
        **results,
        **{"open_badges:claimed_evidence_level": level},
    )


def _award(work: Work, credential: Document, subject: Document, facts: Document) -> None:
    achievement, issuer = subject["achievement"], credential.get("issuer")
    kind = work.vocabulary("achievement_type").get(str(achievement.get("achievementType")))
    identifier, title = str(credential.get("id") or ""), str(achievement.get("name") or "")
    own = identifier.startswith(names.CREDENTIAL) and str(subject.get("id")).startswith(names.LEARNER)
    if own:
        # Whoever issued the badge of a credential wrote down who awarded that.
        issuer = achievement.get("creator")
        title = "" if title == names.UNSTATED else title
    work.add(
        "credential",
        credential_id=names.part(names.CREDENTIAL, identifier)
        if own
        else work.people.pseudonym("credential", "open_badges", identifier),
        kind=kind.code if kind else "other",
        title=title or None,
        issuer=str(issuer.get("name") or issuer.get("id")) if isinstance(issuer, dict) else issuer,
        **facts,
        **{"open_badges:credits_earned": subject.get("creditsEarned")},
    )


def _learner(work: Work, subject: Document) -> str | None:
    own = str(subject.get("id") or "")
    if own.startswith(names.LEARNER) and PSEUDONYM.fullmatch(own.removeprefix(names.LEARNER)):
        return own.removeprefix(names.LEARNER)
    if own:
        work.people.remember(own)
        return work.people.learner("open_badges", own)
    for each in members(subject, "identifier"):
        if each.get("identityHash"):
            work.people.remember(each["identityHash"])
            return work.people.learner(str(each.get("identityType")), str(each["identityHash"]))
    return None


def _competency(achievement: Document) -> str | None:
    """Return the one CASE item of an award for a competency; of several, nobody can say which was met."""
    if achievement.get("achievementType") != "Competency":
        return None
    own = str(achievement.get("id") or "")
    if own.startswith(names.COMPETENCY):
        return names.part(names.COMPETENCY, own)
    found = set()
    for each in members(achievement, "alignment"):
        if each.get("targetType") in ("CFItem", "ceasn:Competency"):
            places = (str(each.get("targetCode") or ""), str(each.get("targetUrl") or ""))
            found |= {match[0].lower() for place in places if (match := names.UUID.search(place))}
    return found.pop() if len(found) == 1 else None


def _own_results(subject: Document) -> Document:
    """Return the results whose description is ours; no other has a declared meaning."""
    return {
        field: about.value(each.get("value"))
        for each in members(subject, "result")
        for field, about in names.RESULTS.items()
        if each.get("resultDescription") == about.id
    }


def _level(work: Work, subject: Document) -> str | None:
    """Return the level of a rubric that was achieved, and add its scale; order is that of the description."""
    described = {each.get("id"): each for each in members(subject["achievement"], "resultDescription")}
    for each in members(subject, "result"):
        about = described.get(each.get("resultDescription"), {})
        levels = members(about, "rubricCriterionLevel")
        if each.get("achievedLevel") in [level.get("id") for level in levels]:
            _scale(work, about, levels)
            return names.part(names.LEVEL, str(each["achievedLevel"]))
    return None


def _scale(work: Work, about: Document, levels: list[Document]) -> None:
    scale = names.part(names.SCALE, str(about.get("id")))
    if any(row["scale_id"] == scale for row in work.rows.get("proficiency_scale", ())):
        return
    identifiers = [level.get("id") for level in levels]
    least = about.get("requiredLevel")
    cut = identifiers.index(least) if least in identifiers else work.options.mastery_from
    if cut is None:
        detail = "No level is taken to show mastery. Pass mastery_from, the rank of the lowest that does."
        work.find("ADP-ASSUMED", "resultDescription", field="requiredLevel", detail=detail)
    work.add("proficiency_scale", scale_id=scale, title=str(about.get("name") or scale))
    for rank, level in enumerate(levels):
        work.add(
            "proficiency_level",
            level_id=names.part(names.LEVEL, str(level.get("id"))),
            scale_id=scale,
            rank=rank,
            title=str(level.get("name") or rank),
            mastery=cut is not None and rank >= cut,
        )
