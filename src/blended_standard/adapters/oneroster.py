"""Read OneRoster 1.1 and 1.2 CSV sets: rosters to sites, learners and derived episodes; results to evidence.

Source: 1EdTech OneRoster 1.1 and 1.2 CSV bindings (facts of `spec/adapters/oneroster.yaml`).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from blended_standard.adapters import _oneroster_rules as rules
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options, Work
from blended_standard.errors import UnreadableInputError
from blended_standard.io.csv_text import read_csv
from blended_standard.io.read import files_of

Source = str | Path | Iterable[str | Path]
Row = dict[str, Any]
_CODES = {
    "americanIndianOrAlaskaNative": "american_indian",
    "asian": "asian",
    "blackOrAfricanAmerican": "black",
    "nativeHawaiianOrOtherPacificIslander": "pacific_islander",
    "white": "white",
}
_LEVEL = re.compile(r"\{([^{}:]*):([^{}]*)\}")
_SCHEME = "oneroster"


def read(source: Source, options: Options) -> Import:
    """Read a set, or a bulk set followed by its deltas in the order of a list."""
    work = Work("oneroster", options)
    work.needs_key()
    sets = [source] if isinstance(source, str | Path) else list(source)
    tables: dict[str, dict[str, Row]] = {}
    version = ""
    for each in sets:
        version = _read_set(work, each, tables) or version
    for users in tables.get("users", {}).values():
        for name in rules.IDENTIFYING:
            if users.get(name):
                work.people.remember(users[name])
    for name in ("users", "demographics"):
        for identifier in tables.get(name, {}):
            work.people.remember(identifier)
    _places(work, tables)
    stays = _stays(work, tables)
    _learners(work, tables, stays)
    episodes = _episodes(work, tables, stays)
    _staff(work, tables)
    _scales(work, tables)
    _evidence(work, tables, episodes)
    return work.finish(version or "unknown", str(source))


def _read_set(work: Work, source: Any, tables: dict[str, dict[str, Row]]) -> str:
    given = {PurePosixPath(file.name).name: file for file in files_of(source, limits=work.options.limits)}
    files = {rules.file_named(work, name): file for name, file in given.items()}
    rules.refuse_dialects(source, files)
    facts: dict[str, str] = {}
    if "manifest.csv" in files:
        known = ("propertyName", "value")
        for raw in read_csv(
            files["manifest.csv"].read(), "oneroster/manifest", known, work.found, limits=work.options.limits
        ):
            facts[str(raw.values.get("propertyName"))] = str(raw.values.get("value") or "")
    rules.check_manifest(work, facts, files)
    version = rules.version_of(work, source, facts, files)
    for name, file in sorted(files.items()):
        table = name.removesuffix(".csv")
        if name == "manifest.csv" or not name.endswith(".csv"):
            continue
        if table not in rules.HEADERS:
            work.find("TAB-UNKNOWN", table, detail="OneRoster has no file of this name.")
            continue
        stated = facts.get(f"file.{table}", "")
        kept = tables.setdefault(table, {})
        before = set(kept)
        seen = _read_table(work, table, file.read(), stated, version, kept)
        if stated != "delta" and before:
            for gone in before - seen:
                _void(work, table, kept.pop(gone))
    return version


def _read_table(work: Work, table: str, content: bytes, stated: str, version: str, kept: dict[str, Row]) -> set[str]:
    seen: set[str] = set()
    rows = rules.rows_of(work, table, content)
    names = rules.columns(work, table, list(rows[0].values) if rows else rules.header_of(content), version)
    for raw in rows:
        row = {names[name]: value for name, value in raw.values.items() if value is not None}
        row["_row"] = raw.row
        identifier = row.get("sourcedId")
        if not identifier:
            work.find("ADP-INVALID", table, row=raw.row, line=raw.line, field="sourcedId", detail="It is blank.")
            work.lose(table, "no sourcedId")
            continue
        for name in row:
            if name not in ("_row", "status", "dateLastModified"):
                work.see(f"{table}.{name}")
        rules.check_status(work, table, row, stated, raw.line)
        rules.check_booleans(work, table, row, raw.line)
        seen.add(identifier)
        if str(row.get("status", "")).lower() == "tobedeleted":
            _void(work, table, row)
            kept.pop(identifier, None)
        else:
            if identifier in kept and stated != "delta" and kept[identifier].get("_in") == id(rows):
                work.find("ADP-CONFLICT", table, row=raw.row, line=raw.line, field="sourcedId")
                work.lose(table, "the same sourcedId came before")
                continue
            kept[identifier] = row | {"_in": id(rows)}
    return seen


def _void(work: Work, table: str, row: Row) -> None:
    work.voided.append(f"{table}:{work.people.pseudonym('record', _SCHEME, row['sourcedId'])}")
    work.find("ADP-VOIDED", table)
    work.lose(table, "withdrawn by the source (soft delete, or missing from a later bulk set)")


def _places(work: Work, tables: Mapping[str, Mapping[str, Row]]) -> None:
    orgs = tables.get("orgs", {})
    used = {row.get("schoolSourcedId") for name in ("enrollments", "classes") for row in tables.get(name, {}).values()}
    used |= {row.get("orgSourcedId") for row in tables.get("roles", {}).values()}
    sites = [row for row in orgs.values() if row.get("type") == "school" or row["sourcedId"] in used]
    if not work.options.programs and sites:
        detail = "The topmost org above each site was taken as its program. Pass programs, a list of org identifiers."
        work.found.add("ADP-ASSUMED", table="oneroster/orgs", field="type", detail=detail)
    programs: dict[str, Row] = {}
    for row in sites:
        program = _program_of(work, row, orgs)
        programs[program["sourcedId"]] = program
        facts = {"oneroster:identifier": row.get("identifier")}
        name = row.get("name") or row["sourcedId"]
        work.add("site", site_id=row["sourcedId"], program_id=program["sourcedId"], name=name, **facts)
    for identifier, row in programs.items():
        work.add("program", program_id=identifier, name=row.get("name") or identifier, time_zone=work.zone.key)
    work.lose(
        "orgs",
        "neither a school, nor used by an enrolment, nor a program",
        len(set(orgs) - {*programs, *used} - {r["sourcedId"] for r in sites}),
    )


def _program_of(work: Work, row: Row, orgs: Mapping[str, Row]) -> Row:
    """Return the org above a site that is its program, or the topmost."""
    seen = [row]
    while row["sourcedId"] not in work.options.programs:
        parent = row.get("parentSourcedId")
        if parent and parent not in orgs:
            work.find("ADP-REFERENCE", "orgs", field="parentSourcedId", value=parent)
        if not parent or parent not in orgs or orgs[parent] in seen:
            break
        row = orgs[parent]
        seen.append(row)
    return row


def _stays(
    work: Work, tables: Mapping[str, Mapping[str, Row]]
) -> dict[tuple[str, str], list[tuple[dt.date, dt.date | None]]]:
    """Return the dated stays of each learner at each site; the last day is inclusive."""
    found: dict[tuple[str, str], list[tuple[dt.date, dt.date | None]]] = {}
    roles = [row | {"schoolSourcedId": row.get("orgSourcedId")} for row in tables.get("roles", {}).values()]
    users = tables.get("users", {})
    for table, rows in (("enrollments", tables.get("enrollments", {}).values()), ("roles", roles)):
        for row in rows:
            if str(row.get("role", "")).lower() != "student":
                continue
            user, site = row.get("userSourcedId"), row.get("schoolSourcedId")
            site = site or tables.get("classes", {}).get(row.get("classSourcedId", ""), {}).get("schoolSourcedId")
            if user not in users or site not in tables.get("orgs", {}):
                lacking = "userSourcedId" if user not in users else "schoolSourcedId"
                work.find("ADP-REFERENCE", table, row=row["_row"], field=lacking)
                work.lose(table, f"{lacking} is not in the set")
                continue
            dates = _dates(work, table, row, tables)
            if dates is not None:
                found.setdefault((str(user), str(site)), []).append(dates)
    return found


def _dates(
    work: Work, table: str, row: Row, tables: Mapping[str, Mapping[str, Row]]
) -> tuple[dt.date, dt.date | None] | None:
    begin = rules.date(work, table, row, "beginDate")
    end = rules.date(work, table, row, "endDate")
    if begin is None and table == "enrollments":
        terms = tables.get("classes", {}).get(row.get("classSourcedId", ""), {}).get("termSourcedIds", "")
        sessions = [tables.get("academicSessions", {}).get(each.strip(), {}) for each in terms.split(",")]
        starts = [d for s in sessions if s and (d := rules.date(work, "academicSessions", s, "startDate"))]
        ends = [d for s in sessions if s and (d := rules.date(work, "academicSessions", s, "endDate"))]
        begin = min(starts, default=None)
        end = end or max(ends, default=None)
    if begin is None:
        if table == "enrollments":
            work.find(
                "ADP-REFERENCE", table, row=row["_row"], field="beginDate", detail="No date of its own or of a term."
            )
        work.lose(table, "no begin date of its own or of a term")
        return None
    last = None if end is None else end - dt.timedelta(days=1)
    if last is not None and last < begin:
        work.lose(table, "ends on the day it begins: no day at all")
        return None
    if last is not None and work.options.as_of is not None and last >= work.options.as_of:
        last = None
    return begin, last


def _episodes(
    work: Work,
    tables: Mapping[str, Mapping[str, Row]],
    stays: Mapping[tuple[str, str], list[tuple[dt.date, dt.date | None]]],
) -> dict[str, list[tuple[dt.date, dt.date | None, str]]]:
    """Merge stays with short gaps into episodes; return them by learner's source id."""
    gap = dt.timedelta(days=work.options.gap_days)
    by_learner: dict[str, list[tuple[dt.date, dt.date | None, str]]] = {}
    for (user, site), listed in sorted(stays.items()):
        merged: list[tuple[dt.date, dt.date | None]] = []
        for begin, last in sorted(listed, key=lambda stay: (stay[0], stay[1] or dt.date.max)):
            before = merged[-1] if merged else None
            if before is not None and (before[1] is None or begin <= before[1] + gap):
                end = None if before[1] is None or last is None else max(before[1], last)
                merged[-1] = (before[0], end)
            else:
                merged.append((begin, last))
        for begin, last in merged:
            episode = work.people.pseudonym("episode", _SCHEME, f"{user}|{site}|{begin}")
            by_learner.setdefault(user, []).append((begin, last, episode))
            work.add(
                "episode",
                episode_id=episode,
                learner_id=work.people.learner(_SCHEME, user),
                site_id=site,
                entry_date=begin,
                exit_date=last,
                entry_grade=rules.grade(tables["users"][user].get("grades")),
                missing={"exit_reason": "not_collected"} if last else None,
                **{"oneroster:derived_from": f"{len(listed)} enrolments or roles"},
            )
    return by_learner


def _learners(work: Work, tables: Mapping[str, Mapping[str, Row]], stays: Iterable[tuple[str, str]]) -> None:
    enrolled = {user for user, _ in stays}
    genders = work.vocabulary("sex")
    for user, row in tables.get("users", {}).items():
        if user not in enrolled and str(row.get("role", "")).lower() != "student":
            work.lose("users", "no learner: the set has no role and no enrolment of a student")
            continue
        facts = tables.get("demographics", {}).get(user, {})
        sex = genders.get(str(facts.get("sex")).lower())
        if facts.get("sex") and sex is None:
            work.find("ADP-VOCABULARY", "demographics", row=facts["_row"], field="sex", value=facts["sex"])
        work.add(
            "learner",
            learner_id=work.people.learner(_SCHEME, user),
            birth_date=rules.date(work, "demographics", facts, "birthDate"),
            gender=sex.code if sex else None,
            race_ethnicity=_race(facts),
        )


def _race(facts: Row) -> str | None:
    """Return the one code of seven yes-or-no fields; blank is not no."""
    yes = {name for name, value in facts.items() if str(value).lower() == "true"}
    races = [code for name, code in _CODES.items() if name in yes]
    if "hispanicOrLatinoEthnicity" in yes:
        return "hispanic"
    if "demographicRaceTwoOrMoreRaces" in yes or len(races) > 1:
        return "multiple"
    return races[0] if races else None


def _staff(work: Work, tables: Mapping[str, Mapping[str, Row]]) -> None:
    roles = work.vocabulary("role")
    for table in ("roles", "enrollments"):
        for row in tables.get(table, {}).values():
            role = str(row.get("role", ""))
            if role.lower() == "student":
                continue
            known = roles.get(role) or roles.get(role.lower())
            begin = rules.date(work, table, row, "beginDate")
            site = row.get("orgSourcedId") or row.get("schoolSourcedId")
            if known is None:
                work.find("ADP-VOCABULARY", table, row=row["_row"], field="role", value=role)
            reason = _no_staff(work, known, begin, site)
            if reason:
                work.lose(table, reason)
                continue
            last = rules.date(work, table, row, "endDate")
            work.add(
                "staff_role",
                staff_role_id=work.people.pseudonym("staff_role", _SCHEME, row["sourcedId"]),
                site_id=site,
                adult_id=work.people.adult(_SCHEME, row.get("userSourcedId", "")),
                role=known.code if known else None,
                fte=work.options.staff_fte,
                start_date=begin,
                end_date=last - dt.timedelta(days=1) if last and begin and last > begin else None,
            )


def _no_staff(work: Work, known: Any, begin: dt.date | None, site: str | None) -> str:
    if known is None or known.code is None:
        return f"not staff of a site: {known.reason}" if known else "a role that the map does not know"
    if begin is None or site is None:
        return "a role of staff without a begin date or org"
    if work.options.staff_fte is None:
        return "OneRoster states no full-time equivalent; pass staff_fte to import roles of staff"
    return ""


def _scales(work: Work, tables: Mapping[str, Mapping[str, Row]]) -> None:
    for identifier, row in tables.get("scoreScales", {}).items():
        pairs = _LEVEL.findall(row.get("scoreScaleValue", ""))
        work.add("proficiency_scale", scale_id=identifier, title=row.get("title") or identifier)
        ordered = sorted(pairs, key=lambda pair: (rules.number(pair[0]) is None, rules.number(pair[0]) or 0.0))
        if work.options.mastery_from is None and pairs:
            detail = "No level is taken to show mastery. Pass mastery_from, the rank of the lowest that does."
            work.find("ADP-ASSUMED", "scoreScales", field="scoreScaleValue", detail=detail)
        for rank, (low, title) in enumerate(ordered):
            cut = work.options.mastery_from
            work.add(
                "proficiency_level",
                level_id=f"{identifier}/{rank}",
                scale_id=identifier,
                rank=rank,
                title=title.strip() or low,
                mastery=cut is not None and rank >= cut,
                cut_score=rules.number(low),
            )


def _evidence(
    work: Work,
    tables: Mapping[str, Mapping[str, Row]],
    episodes: Mapping[str, list[tuple[dt.date, dt.date | None, str]]],
) -> None:
    statuses = work.vocabulary("score_status")
    goals = rules.objectives(tables.get("lineItemLearningObjectiveIds", {}), "lineItemSourcedId")
    own = rules.objectives(tables.get("resultLearningObjectiveIds", {}), "resultSourcedId")
    scores = rules.objective_scores(tables.get("resultLearningObjectiveIds", {}))
    for identifier, row in tables.get("results", {}).items():
        status = statuses.get(str(row.get("scoreStatus", "")).lower())
        if status is None or status.code is None:
            if status is None:
                value = row.get("scoreStatus")
                work.find("ADP-VOCABULARY", "results", row=row["_row"], field="scoreStatus", value=value)
            work.lose("results", status.reason if status else "a scoreStatus that the map does not know")
            continue
        day = rules.date(work, "results", row, "scoreDate")
        student = row.get("studentSourcedId", "")
        if day is None or student not in tables.get("users", {}):
            work.find(
                "ADP-REFERENCE", "results", row=row["_row"], field="scoreDate" if day is None else "studentSourcedId"
            )
            work.lose("results", "no score date, or no such student")
            continue
        item = tables.get("lineItems", {}).get(row.get("lineItemSourcedId", ""), {})
        share, kept = rules.share(work, row, item)
        linked = goals.get(row.get("lineItemSourcedId", ""), []) or own.get(identifier, [])
        work.find("ADP-DATE-ONLY", "results", field="scoreDate")
        work.add(
            "evidence",
            evidence_id=work.people.pseudonym("evidence", _SCHEME, identifier),
            episode_id=rules.episode_on(work, "results", row, episodes.get(student, []), day, student),
            competency_id=linked[0] if len(linked) == 1 else None,
            at=work.noon(day),
            kind=status.code,
            level=status.level,
            score=share,
            due_date=rules.date(work, "lineItems", item, "dueDate"),
            form_id=row.get("lineItemSourcedId"),
            **{
                "oneroster:score": kept,
                "oneroster:objectives": ",".join(linked) if len(linked) > 1 else None,
                "oneroster:objective_scores": json.dumps(scores[identifier]) if identifier in scores else None,
                **{
                    f"oneroster:{name}": row.get(name)
                    for name in ("late", "missing", "incomplete", "inProgress", "textScore")
                },
            },
        )


__all__ = ["UnreadableInputError", "read"]
