"""Join imports of one program: a roster, event logs and frameworks make one submission."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from blended_standard.adapters.records import distinct, rows_of
from blended_standard.adapters.result import FieldLoss, Import, LossReport, RowLoss
from blended_standard.adapters.work import absent_tables, as_columns
from blended_standard.errors import UsageError
from blended_standard.findings import FindingCollector
from blended_standard.io import Submission

_WITH_TIME = ("at", "date", "awarded_date", "quarter_start")


def combine(*imports: Import) -> Import:
    """Join imports into one.

    A record of an event log holds its learner's pseudonym until it meets a roster; here it gets the episode of that
    learner that covers its day. Learners join where their schemes and keys were the same.

    Parameters
    ----------
    *imports : Import
        The roster first; of two records with one identifier the first is used.

    Returns
    -------
    Import
        Losses and findings of all; a record without an episode for its day is a finding.

    Raises
    ------
    UsageError
        Nothing was given.
    """
    if not imports:
        raise UsageError("combine() was given nothing. Pass one import or more.")
    found = FindingCollector(imports[0].submission.standard)
    tables: dict[str, list[dict[str, Any]]] = {}
    for each in imports:
        found.extend(each.submission.found)
        for name in each.submission.tables:
            tables.setdefault(name, []).extend(rows_of(each.submission, name))
    tables = {name: distinct(name, rows) for name, rows in tables.items()}
    _give_episodes(tables, found)
    made = Submission.from_tables(
        {name: as_columns(rows) for name, rows in tables.items()}, manifest=imports[0].submission.manifest
    )
    found.extend(made.found)
    name = " + ".join(each.standard for each in imports)
    return Import(
        standard=name,
        version=" + ".join(each.version for each in imports),
        submission=attrs.evolve(made, found=found, source=", ".join(each.submission.source for each in imports)),
        losses=_losses(name, imports, absent_tables(made.manifest.profile, made.tables)),
        findings=found.findings(),
        voided=tuple(each for one in imports for each in one.voided),
    )


def _give_episodes(tables: dict[str, list[dict[str, Any]]], found: FindingCollector) -> None:
    by_learner: dict[str, list[dict[str, Any]]] = {}
    zones = _zones(tables)
    for episode in tables.get("episode", ()):
        by_learner.setdefault(str(episode.get("learner_id")), []).append(episode)
    known = {episode.get("episode_id") for episode in tables.get("episode", ())}
    for name, rows in tables.items():
        if name == "episode" or not by_learner:
            continue
        for row in rows:
            learner = row.get("episode_id")
            if learner is None or learner in known:
                continue
            when = next((row[field] for field in _WITH_TIME if row.get(field) is not None), None)
            episode_id = _episode_on(by_learner.get(str(learner), []), when, zones)
            if episode_id is None:
                found.add("ADP-EPISODE", table=name, field="episode_id")
            else:
                row["episode_id"] = episode_id


def _episode_on(listed: list[dict[str, Any]], when: Any, zones: dict[str, str]) -> str | None:
    for episode in listed:
        day = when
        if isinstance(when, dt.datetime):
            day = when.astimezone(ZoneInfo(zones.get(str(episode.get("site_id")), "UTC"))).date()
        if day is None or not isinstance(episode.get("entry_date"), dt.date):
            continue
        end = episode.get("exit_date")
        if episode["entry_date"] <= day and (end is None or day <= end):
            return str(episode["episode_id"])
    return None


def _zones(tables: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    programs = {row.get("program_id"): row.get("time_zone") for row in tables.get("program", ())}
    return {
        str(row.get("site_id")): str(row.get("time_zone") or programs.get(row.get("program_id")) or "UTC")
        for row in tables.get("site", ())
    }


def _losses(name: str, imports: tuple[Import, ...], absent: tuple[str, ...]) -> LossReport:
    fields: list[FieldLoss] = []
    records: list[RowLoss] = []
    for each in imports:
        for field in each.losses.fields:
            fields.append(FieldLoss.from_dict(field.to_dict() | {"field": f"{each.standard}: {field.field}"}))
        for record in each.losses.records:
            records.append(RowLoss.from_dict(record.to_dict() | {"what": f"{each.standard}: {record.what}"}))
    return LossReport(standard=name, fields=tuple(fields), records=tuple(records), absent=absent)
