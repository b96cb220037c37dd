"""Programs and sites: where learning happens, when it can be seen, who works there, what it costs."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import attrs

from blended_standard.model import fields as f
from blended_standard.model.records.base import Record, in_order


@attrs.frozen(kw_only=True)
class Program(Record):
    """An organization's offer of blended learning, under one set of rules."""

    table: ClassVar[str] = "program"
    program_id: str = f.key("Identifier of the program.", counterparts={"CEDS": "P000625"})
    name: str = f.text("Public name.", required=True, counterparts={"CEDS": "P000626", "Ed-Fi": "Program.programName"})
    time_zone: str = f.text("IANA time zone in which its days and weeks are counted.", required=True)
    jurisdiction: str | None = f.text("State, district or network that the program answers to.")
    blended_model: str | None = f.code("blended_model", "Type of blended model.", counterparts={"CEDS": "C001287"})


@attrs.frozen(kw_only=True)
class Site(Record):
    """A supervised physical place, or a virtual one, where a program meets its learners."""

    table: ClassVar[str] = "site"
    site_id: str = f.key("Identifier of the site.", counterparts={"OneRoster": "orgs.sourcedId", "CEDS": "P000826"})
    program_id: str = f.reference("program", "The program that runs it.")
    name: str = f.text("Public name.", required=True, counterparts={"CEDS": "P000204", "OneRoster": "orgs.name"})
    time_zone: str | None = f.text("IANA time zone, where it differs from the program's.")


@attrs.frozen(kw_only=True)
class CalendarDay(Record):
    """A day on which a site was closed or its evidence feed was down.

    A day without a record is open, with its feed up.
    """

    table: ClassVar[str] = "calendar_day"
    site_id: str = f.reference("site", "The site.", key=True)
    date: dt.date = f.date(
        "The day.", required=True, key=True, counterparts={"Ed-Fi": "CalendarDate.date", "CEDS": "P001275"}
    )
    open: bool = f.boolean(
        "Was the program open?", required=True, counterparts={"CEDS": "P000603", "Ed-Fi": "CalendarDate.calendarEvents"}
    )
    feed_up: bool = f.boolean("Could evidence be recorded?", required=True)


@attrs.frozen(kw_only=True)
class StaffRole(Record):
    """What one adult does at one site, for how long and how much."""

    table: ClassVar[str] = "staff_role"
    staff_role_id: str = f.key("Identifier.")
    site_id: str = f.reference("site", "The site.", counterparts={"OneRoster": "roles.orgSourcedId"})
    adult_id: str = f.text(
        "Pseudonym of the adult.", required=True, identifying=True, counterparts={"OneRoster": "roles.userSourcedId"}
    )
    role: str = f.code(
        "adult_role",
        "Role.",
        required=True,
        counterparts={
            "OneRoster": "roles.role",
            "CEDS": "P000087",
            "Ed-Fi": "staffClassificationDescriptor",
            "Caliper": "Membership.roles",
        },
    )
    fte: float = f.number(
        "Full-time equivalents.", required=True, minimum=0, maximum=2, unit="FTE", counterparts={"CEDS": "P000118"}
    )
    start_date: dt.date = f.date("First day in the role.", required=True, counterparts={"OneRoster": "roles.beginDate"})
    end_date: dt.date | None = f.date(
        "Last day in the role; absent while it lasts.", counterparts={"OneRoster": "roles.endDate"}
    )
    credentialed: bool | None = f.boolean("Holds a teaching certificate?")

    def __attrs_post_init__(self) -> None:
        in_order(self, "start_date", "end_date")


@attrs.frozen(kw_only=True)
class Practice(Record):
    """A practice that a site follows, and how faithfully."""

    table: ClassVar[str] = "practice"
    practice_id: str = f.key("Identifier.")
    site_id: str = f.reference("site", "The site.")
    kind: str = f.code("practice_kind", "Which practice.", required=True)
    start_date: dt.date = f.date("First day.", required=True)
    end_date: dt.date | None = f.date("Last day; absent while it lasts.")
    fidelity: float | None = f.number("Share of its elements that are in place.", minimum=0, maximum=1, unit="share")
    source: str | None = f.text("How fidelity was judged.")

    def __attrs_post_init__(self) -> None:
        in_order(self, "start_date", "end_date")


@attrs.frozen(kw_only=True)
class Cost(Record):
    """What a program spent in a period."""

    table: ClassVar[str] = "cost"
    cost_id: str = f.key("Identifier.")
    program_id: str = f.reference("program", "The program.")
    start_date: dt.date = f.date("First day of the period.", required=True)
    end_date: dt.date = f.date("Last day of the period.", required=True)
    category: str = f.code("cost_category", "What it was spent on.", required=True)
    amount: float = f.number("Amount.", required=True, minimum=0, unit="US dollars")

    def __attrs_post_init__(self) -> None:
        in_order(self, "start_date", "end_date")
