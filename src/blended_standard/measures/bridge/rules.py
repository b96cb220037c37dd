"""The rules of the bridge measures, one function each: the records of one episode in, a finding out."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Callable

from blended_standard.measures.blocks import EPOCH
from blended_standard.measures.bridge.file import EpisodeFile, Finding, Record, iso, two_way, week

Rule = Callable[[EpisodeFile], Finding]


def carnegie_hours(file: EpisodeFile) -> Finding:
    """Hours that mastery stands for: by competency, only for whole courses, or in competency units (BR-01)."""
    found = Finding()
    mastered = _mastered(file)
    fresh = [row for row in mastered.values() if row["day"] >= file.start]
    found.use("mastery_decision", fresh, "evidence_level")
    courses: dict[str, list[str]] = defaultdict(list)
    for name, competency in file.competencies.items():
        courses[competency["parent_id"] or name].append(name)
    parents = {name for name in courses if courses[name] != [name]}
    earned = {name: _value(file, name) for name in mastered if name not in parents}
    new = {row["competency_id"] for row in fresh} - parents
    whole = [members for name, members in courses.items() if set(members) - parents <= set(earned) and new & {*members}]
    found.met["course_complete"] = bool(whole) and new <= {name for members in whole for name in members}
    accrued = math.fsum(earned[name] for name in new)
    awarded = math.fsum(earned[name] for members in whole for name in members if name not in parents)
    found.step("credit value mastered in the period", accrued, "credits")
    found.step("credit value of courses completed in the period", awarded, "credits")
    mode = file.parameters["mode"]
    if mode == "units":
        found.numerator = math.floor(file.number("unit_factor") * accrued + 0.5)
    else:
        found.numerator = file.number("hours_per_credit") * (awarded if mode == "award" else accrued)
    return found


def contact_weeks(file: EpisodeFile) -> Finding:
    """Whether every week of the count period has a two-way interaction with a teacher or mentor (BR-02)."""
    found = Finding()
    rows = [row for row in file.rows("contact") if two_way(row) and row["adult_role"] in ("teacher", "mentor")]
    found.use("contact", rows)
    weeks = range(week(file.start), week(file.end) + 1)
    held = {week(row["day"]) for row in rows}
    found.met["every_week"] = set(weeks) <= held
    found.detail["every_week"] = [f"no interaction in the week of {iso(w * 7 - 3)}" for w in weeks if w not in held]
    found.step("weeks met", len(held & set(weeks)), "weeks")
    found.step("weeks required", len(weeks), "weeks")
    found.numerator = float(found.met["every_week"])
    return found


def time_value(file: EpisodeFile) -> Finding:
    """Days of independent study by the judged time value of work, or of continuation school by hours (BR-03)."""
    found = Finding()
    by_week: dict[int, float] = defaultdict(float)
    if file.parameters["mode"] == "continuation":
        rows = file.rows("legacy_attendance")
        for row in rows:
            by_week[week(row["day"])] += (row["present_minutes"] or 0) / 60
        found.use("legacy_attendance", rows)
        cap = file.number("hours_per_week")
        hours = math.fsum(min(value, cap) for value in by_week.values())
        found.step("hours, no more than the cap in any week", hours, "hours")
        found.numerator = hours / file.number("hours_per_day")
        return found
    judged = [row for row in file.rows("evidence") if row["time_value_days"] and row["accepted"]]
    sound = [row for row in judged if row["judge_certificated"] and (row["level"] or 0) >= 2]
    for row in sound:
        due = row["due_date"]
        on_time = due is not None and due >= row["day"] and due <= file.end
        by_week[week(due if on_time else row["day"])] += row["time_value_days"]
    found.use("evidence", sound, "level")
    found.met["certificated_judgment"] = len(sound) == len(judged)
    found.step("weeks with judged work", len(by_week), "weeks")
    found.step("days judged, before the limit of each week", math.fsum(by_week.values()), "days")
    found.numerator = math.fsum(min(value, file.number("days_per_week")) for value in by_week.values())
    return found


def flexible_day(file: EpisodeFile) -> Finding:
    """Average daily attendance from eligible minutes (BR-04)."""
    found = Finding()
    rows = file.rows("legacy_attendance")
    by_day: dict[int, float] = defaultdict(float)
    for row in rows:
        by_day[row["day"]] += row["present_minutes"] or 0
    least, most = file.number("minimum_minutes"), file.number("maximum_minutes_per_day")
    if file.parameters["minimum_applies_to"] == "day":
        minutes = math.floor(math.fsum(min(value, most) for value in by_day.values() if value >= least))
    else:
        minutes = math.floor(math.fsum(min(value, most) for value in by_day.values()))
        minutes = minutes if minutes >= least else 0
    days = minutes / file.number("minutes_per_day")
    found.use("legacy_attendance", rows)
    found.step("eligible minutes", minutes, "minutes")
    found.step("eligible days", days, "days")
    found.met["eligible_minutes"] = minutes > 0
    found.numerator = days / file.number("days_taught")
    return found


def monthly_claim(file: EpisodeFile) -> Finding:
    """The sum of monthly full-time equivalents that may be claimed, month by month (BR-05)."""
    found = Finding(met=dict.fromkeys(("enrolled", "contact_hours", "status_checks", "progress"), True))
    first, last = ((EPOCH + dt.timedelta(days=day)).replace(day=1) for day in (file.start, file.end))
    months, month = 0, first
    while month <= last:
        months += _claimable(file, month, found)
        month = _shift(month, 1)
    before, final = (_shift(first, -1) - EPOCH).days, (last - EPOCH).days - 1
    found.use("contact", _by_hand(file, before, final))
    found.use("legacy_attendance", file.rows("legacy_attendance", start=before, end=final))
    progress = file.rows("progress_indicator", start=_progress_since(file, first), end=_count_day(file, last))
    found.use("progress_indicator", progress, "evidence_level")
    full = min(1.0, file.number("full_time_equivalent"))
    found.numerator = months * full
    found.step("months claimable", months, "months")
    found.step("annual average FTE", min(1.0, months * full / file.number("months_per_year")), "FTE")
    return found


def instructional_hours(file: EpisodeFile) -> Finding:
    """Full-time equivalent of instructional hours over the hours of the grade (BR-06)."""
    found = Finding()
    rows = file.rows("legacy_attendance")
    hours = math.fsum(row["present_minutes"] or 0 for row in rows) / 60
    found.use("legacy_attendance", rows)
    found.met["grade_known"] = file.grade is not None
    grade = 12 if file.grade is None else file.grade
    bands = ((9, "hours_high_school"), (7, "hours_grades_7_8"), (4, "hours_grades_4_6"), (1, "hours_grades_1_3"))
    needed = file.number(next((name for least, name in bands if grade >= least), "hours_kindergarten"))
    share = min(1.0, hours / needed)
    found.numerator = share if file.grade is not None else 0.0
    funded = file.number("full_time_share" if share >= 1 else "part_time_share") * found.numerator
    found.step("instructional hours", hours, "hours")
    found.step("hours of a full-time learner", needed, "hours")
    found.step("funded FTE", funded, "FTE")
    return found


def absence_equivalent(file: EpisodeFile) -> Finding:
    """Scheduled days on which nothing was done, of scheduled days (BR-07)."""
    found = Finding()
    legacy = [row for row in file.rows("legacy_attendance") if (row["scheduled_minutes"] or 0) > 0]
    found.use("legacy_attendance", legacy)
    scheduled = {row["day"] for row in legacy}
    if file.parameters["mode"] == "absences":
        absent = {row["day"] for row in legacy if row["status"] in ("excused", "unexcused", "suspended")}
    else:
        scheduled = scheduled or set(file.open_days(file.start, file.end))
        acts, work = file.rows("activity"), [row for row in file.rows("evidence") if row["accepted"]]
        talk = [row for row in file.rows("contact") if two_way(row)]
        found.use("activity", acts)
        found.use("evidence", work, "level")
        found.use("contact", talk)
        done = {row["day"] for row in [*acts, *work, *talk]}
        absent = scheduled - done
    found.met["enough_days"] = len(scheduled) > file.number("minimum_days")
    if found.met["enough_days"]:
        found.numerator, found.denominator = float(len(absent)), float(len(scheduled))
        over = len(absent) >= file.number("threshold") * len(scheduled)
        found.step("episodes at or over the threshold", float(over), "episodes")
    else:
        found.denominator = 0.0
    return found


def contact_lapse(file: EpisodeFile) -> Finding:
    """School days since the last two-way contact (BR-08)."""
    found = Finding()
    rows = [row for row in file.rows("contact", start=file.entry) if two_way(row)]
    found.use("contact", rows)
    latest = max((row["day"] for row in rows), default=file.entry - 1)
    silent = len(file.open_days(latest + 1, file.end))
    found.numerator = float(silent)
    for name in ("warn_days", "lapse_days"):
        found.met[name] = silent < file.number(name)
    left = max(0.0, file.number("lapse_days") - silent)
    found.detail["warn_days"] = (
        [] if found.met["warn_days"] else [f"{silent} school days silent; {left:g} to the lapse"]
    )
    return found


def competency_credit(file: EpisodeFile) -> Finding:
    """Credits by demonstrated mastery in the period (BR-09)."""
    found = Finding()
    rows = [row for row in _mastered(file).values() if row["day"] >= file.start]
    strong = [row for row in rows if (row["evidence_level"] or 0) >= file.number("minimum_level")]
    found.met["evidence_level"] = len(strong) == len(rows)
    found.use("mastery_decision", strong, "evidence_level")
    found.numerator = math.fsum(_value(file, row["competency_id"]) for row in strong)
    found.step("competencies credited", len(strong), "competencies")
    return found


def federal_counts(file: EpisodeFile) -> Finding:
    """Participants with a documented measurable skill gain, and counts of each kind of gain and outcome (BR-10)."""
    found = Finding()
    gains = [row for row in file.rows("skill_gain") if row["documented"]]
    outcomes = [row for row in file.rows("outcome") if row["achieved"] and row["documented"]]
    found.use("skill_gain", gains)
    found.use("outcome", outcomes)
    found.met["documented"] = len(gains) == len(file.rows("skill_gain"))
    for kind in ("functioning_level", "diploma", "transcript", "milestone", "exam"):
        found.step(f"episodes with a gain: {kind}", any(row["kind"] == kind for row in gains), "episodes")
    for kind in ("diploma", "equivalency", "credential"):
        found.step(f"episodes with an outcome: {kind}", any(row["kind"] == kind for row in outcomes), "episodes")
    found.numerator = float(bool(gains))
    return found


RULES: dict[str, Rule] = {
    "BR-01": carnegie_hours,
    "BR-02": contact_weeks,
    "BR-03": time_value,
    "BR-04": flexible_day,
    "BR-05": monthly_claim,
    "BR-06": instructional_hours,
    "BR-07": absence_equivalent,
    "BR-08": contact_lapse,
    "BR-09": competency_credit,
    "BR-10": federal_counts,
}


def _mastered(file: EpisodeFile) -> dict[str, Record]:
    """Return the first decision that stands for each competency mastered by the end of the period.

    Of several on one day it is the one on the highest level of evidence.
    """
    revoked = {row["competency_id"] for row in file.rows("mastery_decision", start=file.entry) if row["revoked"]}
    rows = [row for row in file.rows("mastery_decision", start=file.entry) if row["mastered"]]
    kept = [row for row in rows if row["competency_id"] not in revoked]
    latest_first = sorted(kept, key=lambda row: (-row["day"], row["evidence_level"] or 0))
    return {row["competency_id"]: row for row in latest_first}


def _value(file: EpisodeFile, competency: str) -> float:
    known = file.competencies.get(competency)
    return float(known["credit_value"] or 0.0) if known else 0.0


def _claimable(file: EpisodeFile, month: dt.date, found: Finding) -> bool:
    """Judge one month; a condition once unmet stays unmet in the finding."""
    counted, before = _count_day(file, month), _count_day(file, _shift(month, -1))
    first, final = (_shift(month, -1) - EPOCH).days, (month - EPOCH).days - 1
    enrolled = file.entry <= counted <= file.last
    gap = None if file.earlier_exit is None else _count_days_between(file, file.earlier_exit, file.entry)
    new = file.entry > before and (gap is None or gap == 0 or gap > file.number("returning_gap_months"))
    minutes = math.fsum(row["present_minutes"] or 0 for row in file.rows("legacy_attendance", start=first, end=final))
    contacts = _by_hand(file, first, final)
    minutes += file.number("minutes_per_contact") * sum(map(two_way, contacts))
    checked = {week(row["day"]) for row in contacts}
    weeks = {week(day) for day in file.open_days(first, final)}
    since = _progress_since(file, month)
    progress = file.rows("progress_indicator", start=since, end=counted)
    judged = {
        "enrolled": enrolled,
        "contact_hours": new or minutes >= 60 * file.number("contact_hours"),
        "status_checks": new or weeks <= checked,
        "progress": bool(progress) or file.entry >= since,
    }
    for name, met in judged.items():
        if not met:
            found.met[name] = False
            found.detail.setdefault(name, []).append(f"{month:%Y-%m}")
    return all(judged.values())


def _by_hand(file: EpisodeFile, first: int, final: int) -> list[Record]:
    return [row for row in file.rows("contact", start=first, end=final) if not row["automated"]]


def _progress_since(file: EpisodeFile, month: dt.date) -> int:
    return (_shift(month, -int(file.number("progress_months"))) - EPOCH).days


def _count_day(file: EpisodeFile, month: dt.date) -> int:
    """Return the first day of a month on which the site was open."""
    first, after = (month - EPOCH).days, (_shift(month, 1) - EPOCH).days
    return next((day for day in range(first, after) if day not in file.closed and (day + 3) % 7 < 5), first)


def _count_days_between(file: EpisodeFile, left: int, entry: int) -> int:
    month, count = (EPOCH + dt.timedelta(days=left)).replace(day=1), 0
    while (month - EPOCH).days <= entry:
        count += left < _count_day(file, month) < entry
        month = _shift(month, 1)
    return count


def _shift(month: dt.date, by: int) -> dt.date:
    year, index = divmod(month.year * 12 + month.month - 1 + by, 12)
    return dt.date(year, index + 1, 1)
