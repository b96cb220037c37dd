"""Read Ed-Fi resources: XML interchanges, and what the API of data standard 5 gives, one file of JSON a resource.

Memory grows with the records that come out and with the distinct identities in the source, not with the size of its
files of XML; `_edfi_sources` says what is held.

Source: Ed-Fi Data Standard 5.2 (facts of `spec/adapters/edfi.yaml`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from blended_standard.adapters import _edfi_work as work_records
from blended_standard.adapters._edfi_rules import SCHEME, STUDENT, at, code, day
from blended_standard.adapters._edfi_sources import Source
from blended_standard.adapters.documents import members
from blended_standard.adapters.result import Import
from blended_standard.adapters.work import Options, Work
from blended_standard.spec.definitions import Term

Document = Mapping[str, Any]
_NO_EPISODE = {"Invalid enrollment", "No show"}
_NO_EXIT = "End of school year"
# Who has not come back half a year after the end of a school year left with it.
_SUMMER = dt.timedelta(days=183)
_SITES = {
    "studentSchoolAssociations": "schoolReference.schoolId",
    "studentProgramAssociations": "educationOrganizationReference.educationOrganizationId",
}
# A day of an emergency, a strike or the weather is one on which instruction was cancelled or cut, unless it is one of
# these as well.
_OPEN_DAYS = {"instructional day", "make-up day", "student late arrival/early dismissal"}


def read(source: Any, options: Options) -> Import:
    """Read the resources of a directory, archive, file or list of them: XML interchanges, and JSON by its name."""
    work = Work("edfi", options)
    work.needs_key()
    taken = Source(work)
    taken.read(source)
    version = ", ".join(sorted(taken.versions)) or "5.2"
    return Reading(work, taken.found).read(str(source), version)


@attrs.frozen
class _Stay:
    """A dated enrolment; where `year_ends`, its last day is that of a school year and no exit."""

    begin: dt.date
    last: dt.date | None
    reason: str | None
    grade: str | None
    year_ends: bool = False


@attrs.define
class Reading:
    """One import under way, and the episodes of each student so far."""

    work: Work
    found: dict[str, list[Document]]
    episodes: dict[str, list[tuple[dt.date, dt.date | None, str]]] = attrs.field(factory=dict)
    _words: dict[str, dict[str, Term]] = attrs.field(factory=dict, init=False)
    _notes: Counter[tuple[str, str, str | None]] = attrs.field(factory=Counter, init=False)

    def read(self, source: str, version: str) -> Import:
        """Return what the resources hold."""
        self._places()
        self._calendar()
        self._learners()
        self._episodes()
        self._standards()
        work_records.assessments(self)
        work_records.gradebook(self)
        work_records.awards(self)
        work_records.attendance(self)
        for (rule, resource, field), times in self._notes.items():
            self.work.find(rule, resource, field=field, count=times)
        return self.work.finish(version, source)

    def all(self, resource: str) -> list[Document]:
        """Return the documents of a resource."""
        return self.found.get(resource, [])

    def drain(self, resource: str) -> Iterator[Document]:
        """Yield the documents of a resource, each of which is let go."""
        documents = self.found.pop(resource, [])
        documents.reverse()
        while documents:
            yield documents.pop()

    def leave_out(self, resource: str, reason: str, document: Document, path: str = "") -> None:
        """Lose a document, or a part of one at a path, with its values."""
        self.work.leave_out(path.rpartition(".")[2] or resource, reason, document, path or resource)

    def note(self, rule: str, resource: str, field: str | None = None) -> None:
        """Count a finding that many documents share; it is added once, at the end."""
        self._notes[rule, resource, field] += 1

    def _places(self) -> None:
        """Add programs and sites: those of the programs that were named, else each agency with its schools."""
        work = self.work
        schools = {str(each["schoolId"]): each for each in self.all("schools")}
        agencies = {str(each["localEducationAgencyId"]): each for each in self.all("localEducationAgencies")}
        names = {place: each["nameOfInstitution"] for place, each in (schools | agencies).items()}
        programs: dict[str, str] = {}
        sites: dict[str, str] = {}
        if work.options.programs:
            for each in self.all("studentProgramAssociations"):
                if at(each, "programReference.programName") in work.options.programs:
                    program = _program_id(each["programReference"])
                    programs[program] = each["programReference"]["programName"]
                    sites[str(at(each, "educationOrganizationReference.educationOrganizationId"))] = program
        elif self.all("studentSchoolAssociations"):
            detail = "The agency of each school was taken as its program. Pass programs, a list of program names."
            work.found.add("ADP-ASSUMED", table="edfi/schools", field="localEducationAgencyReference", detail=detail)
            for each in self.all("studentSchoolAssociations"):
                site = str(at(each, "schoolReference.schoolId"))
                agency = at(schools.get(site), "localEducationAgencyReference.localEducationAgencyId")
                sites[site] = str(agency or site)
            programs = {program: names.get(program, program) for program in sites.values()}
        for program, name in sorted(programs.items()):
            work.add("program", program_id=program, name=name, time_zone=work.zone.key)
        for site, program in sorted(sites.items()):
            work.add("site", site_id=site, program_id=program, name=names.get(site, site))
        for site in sorted(schools.keys() - sites.keys()):
            self.leave_out("schools", "nobody is enrolled there", schools[site])

    def _calendar(self) -> None:
        """Add the days on which every calendar of a school is closed."""
        open_: dict[tuple[str, dt.date], bool] = {}
        for each in self.all("calendarDates"):
            date = self.day("calendarDates", each, "date")
            if date is None:
                continue
            events = {code(event.get("calendarEventDescriptor")).lower() for event in members(each, "calendarEvents")}
            place = str(at(each, "calendarReference.schoolId")), date
            open_[place] = open_.get(place, False) or bool(events & _OPEN_DAYS)
        closed = sorted(place for place, is_open in open_.items() if not is_open)
        for site, date in closed:
            self.work.add("calendar_day", site_id=site, date=date, open=False, feed_up=True)
        self.work.lose("calendarDates", "an open day: no record is needed", len(open_) - len(closed))
        if closed:
            detail = "Every feed was taken to be up; Ed-Fi does not say."
            self.work.find("ADP-ASSUMED", "calendarDates", field="feed_up", detail=detail)

    def _learners(self) -> None:
        facts: dict[str, Document] = {}
        for resource in ("studentEducationOrganizationAssociations", "studentDemographics"):
            for each in self.all(resource):
                student = str(at(each, STUDENT))
                facts[student] = {**each, **facts.get(student, {})}
        for each in self.all("students"):
            student = str(each["studentUniqueId"])
            known = facts.get(student, {})
            traits = {
                code(trait.get("studentCharacteristicDescriptor")) for trait in members(known, "studentCharacteristics")
            }
            proficiency = code(known.get("limitedEnglishProficiencyDescriptor"))
            self.work.add(
                "learner",
                learner_id=self.work.people.learner(SCHEME, student),
                birth_date=self.day("students", each, "birthDate"),
                gender=self.code("sex", "studentEducationOrganizationAssociations", known, "sexDescriptor"),
                race_ethnicity=self._race(known),
                low_income=True if "Economic Disadvantaged" in traits else None,
                disability=True if members(known, "disabilities") else None,
                english_learner={"Limited": True, "NotLimited": False, "Not Limited": False}.get(proficiency),
                has_connection=_boolean(known.get("internetAccessInResidence")),
            )

    def _race(self, facts: Document) -> str | None:
        if facts.get("hispanicLatinoEthnicity") is True:
            return "hispanic"
        races = {self.code("race", "races", each, "raceDescriptor") for each in members(facts, "races")} - {None}
        return None if not races else "multiple" if len(races) > 1 else races.pop()

    def _episodes(self) -> None:
        """Add an episode a stay; a year that ends and goes on at the same school is one stay."""
        stays: dict[tuple[str, str], list[_Stay]] = {}
        for resource, each in self._associations():
            stay = self._stay(resource, each)
            if stay is not None:
                site = at(each, _SITES[resource])
                stays.setdefault((str(at(each, STUDENT)), str(site)), []).append(stay)
        students = {str(each["studentUniqueId"]) for each in self.all("students")}
        for student in sorted({student for student, _ in stays} - students):
            self.work.add("learner", learner_id=self.work.people.learner(SCHEME, student))
        for (student, site), listed in sorted(stays.items()):
            for stay in _joined(listed, self.work.options.as_of):
                self._episode(student, site, stay)

    def _stay(self, resource: str, document: Document) -> _Stay | None:
        program = resource == "studentProgramAssociations"
        begin = self.day(resource, document, "beginDate" if program else "entryDate")
        last = self.day(resource, document, "endDate" if program else "exitWithdrawDate")
        field = "reasonExitedDescriptor" if program else "exitWithdrawTypeDescriptor"
        why = code(document.get(field)) or None
        if begin is None or why in _NO_EPISODE or (last is not None and last < begin):
            self.leave_out(resource, "never was an enrolment" if why in _NO_EPISODE else "no dates in order", document)
            return None
        grade = code(document.get("entryGradeLevelDescriptor")) or None
        if last is not None and self.work.options.as_of is not None and last >= self.work.options.as_of:
            return _Stay(begin, None, None, grade)
        reason = self.code("exit", resource, document, field) if last else None
        return _Stay(begin, last, reason, grade, year_ends=why == _NO_EXIT)

    def _associations(self) -> Iterator[tuple[str, Document]]:
        """Yield the associations that are episodes: those of the programs that were named, or of schools."""
        named = self.work.options.programs
        for each in self.all("studentSchoolAssociations"):
            if named:
                self.leave_out("studentSchoolAssociations", "episodes are those of the programs that were named", each)
            else:
                yield "studentSchoolAssociations", each
        for each in self.all("studentProgramAssociations"):
            if at(each, "programReference.programName") in named:
                yield "studentProgramAssociations", each
            else:
                self.leave_out("studentProgramAssociations", "of a program that was not named", each)

    def _episode(self, student: str, site: str, stay: _Stay) -> None:
        episode = self.work.people.pseudonym("episode", SCHEME, f"{student}|{site}|{stay.begin}")
        self.episodes.setdefault(student, []).append((stay.begin, stay.last, episode))
        self.work.add(
            "episode",
            episode_id=episode,
            learner_id=self.work.people.learner(SCHEME, student),
            site_id=site,
            entry_date=stay.begin,
            exit_date=stay.last,
            exit_reason=stay.reason,
            entry_grade=_GRADES.get(str(stay.grade).lower()),
            missing={"exit_reason": "not_collected"} if stay.last and not stay.reason else None,
        )

    def _standards(self) -> None:
        titles: dict[str, set[str]] = {}
        for each in self.all("learningStandards"):
            titles.setdefault(str(each["namespace"]), set()).add(str(at(each, "contentStandard.title") or ""))
        for space, found in sorted(titles.items()):
            named = found.pop() if len(found) == 1 else ""
            self.work.add("framework", framework_id=space, title=named or space)
        for each in self.all("learningStandards"):
            self.work.add(
                "competency",
                competency_id=str(each["learningStandardId"]),
                title=str(each["description"]),
                framework_id=str(each["namespace"]),
                parent_id=at(each, "parentLearningStandardReference.learningStandardId"),
            )

    def episode_on(self, resource: str, document: Document, date: dt.date) -> str:
        """Return the learner's episode on a day or the last before it; else the pseudonym, with a finding."""
        student = str(at(document, STUDENT))
        begun = [stay for stay in sorted(self.episodes.get(student, []), key=lambda stay: stay[0]) if stay[0] <= date]
        held = [stay for stay in begun if stay[1] is None or date <= stay[1]]
        if begun:
            return (held or begun)[-1][2]
        self.note("ADP-EPISODE", resource)
        return self.work.people.learner(SCHEME, student)

    def day(self, resource: str, document: Document, field: str) -> dt.date | None:
        """Return the date in a field; what is none is a finding."""
        value = document.get(field)
        found = day(value)
        if value is not None and found is None:
            self.work.find("ADP-VALUE", resource, field=field)
        return found

    def instant(self, resource: str, document: Document, field: str) -> dt.datetime | None:
        """Return the instant of a field; without an offset it is meant at the site, without a time it is noon."""
        text = str(document.get(field) or "")
        date = self.day(resource, document, field)
        if date is None:
            return None
        if len(text) <= 10:
            self.note("ADP-DATE-ONLY", resource, field)
            return self.work.noon(date)
        try:
            made = dt.datetime.fromisoformat(text)
        except ValueError:
            self.work.find("ADP-VALUE", resource, field=field)
            return None
        return (made if made.tzinfo else made.replace(tzinfo=self.work.zone)).astimezone(dt.UTC)

    def code(self, vocabulary: str, resource: str, document: Document, field: str) -> str | None:
        """Return our code for a descriptor; one that the map does not know is a finding."""
        word = code(document.get(field))
        if vocabulary not in self._words:
            self._words[vocabulary] = self.work.vocabulary(vocabulary)
        term = self._words[vocabulary].get(word)
        if word and term is None:
            personal = self.work.people.names_someone(word)
            self.work.find("ADP-VOCABULARY", resource, field=field, value=word, identifying=personal)
        return term.code if term else None


_ORDINALS = "Kindergarten,First,Second,Third,Fourth,Fifth,Sixth,Seventh,Eighth,Ninth,Tenth,Eleventh,Twelfth"
GRADES = {f"{name} grade" if number else name: number for number, name in enumerate(_ORDINALS.split(","))}
_GRADES = {name.lower(): number for name, number in GRADES.items()}


def _joined(listed: list[_Stay], as_of: dt.date | None) -> list[_Stay]:
    """Join a stay that a school year ended to the next one; it is open while the next may come."""
    made: list[_Stay] = []
    for stay in sorted(listed, key=lambda each: each.begin):
        before = made[-1] if made else None
        if before is not None and (before.last is None or (before.year_ends and stay.begin - before.last <= _SUMMER)):
            made[-1] = attrs.evolve(stay, begin=before.begin, grade=before.grade)
        else:
            made.append(stay)
    if made and made[-1].year_ends:
        last = made[-1].last
        waits = last is None or as_of is None or as_of - last <= _SUMMER
        made[-1] = attrs.evolve(made[-1], last=None if waits else last)
    return made


def _program_id(reference: Document) -> str:
    return f"{reference['educationOrganizationId']}/{reference['programName']}"


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
