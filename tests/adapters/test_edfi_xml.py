"""Ed-Fi interchanges in XML: the records are those of the JSON binding, nothing is lost, nothing hostile gets through."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path
from typing import Any

import pytest

from blended_standard import adapters
from blended_standard.adapters._edfi_shape import shape
from blended_standard.adapters._edfi_xml import Interchange, XmlProblemError
from blended_standard.errors import UnreadableInputError
from blended_standard.io.limits import Limits
from tests.adapters.helpers import FIELD, HERE, KEY, assert_holds_none, codes, in_field, rows

JSON, XML = HERE / "edfi", HERE / "edfi/xml"
PLANTED = ["zanzi", "quillf", "mossbottom", "554433", "9871", "10.77.1.9", "987-65-4329", "4329"]
FILES = sorted(XML.glob("*.xml"))
PUBLISHED = sorted(FIELD.glob("edfi/*/*.xml"))
STUDENT = (
    "<StudentReference><StudentIdentity><StudentUniqueId>s1</StudentUniqueId></StudentIdentity></StudentReference>"
)
SCHOOL = "<SchoolReference><SchoolIdentity><SchoolId>1</SchoolId></SchoolIdentity></SchoolReference>"
GRADE = "<EntryGradeLevel>uri://ed-fi.org/GradeLevelDescriptor#Ninth grade</EntryGradeLevel>"
ENROLMENT = (
    f"<StudentSchoolAssociation>{STUDENT}{SCHOOL}<EntryDate>2025-09-01</EntryDate>{GRADE}</StudentSchoolAssociation>"
)


def _read(source: Any, **options: Any) -> adapters.Import:
    return adapters.read("edfi", source, **{"key": KEY, "time_zone": "America/New_York", **options})


def _file(folder: Path, body: str, space: str = "http://ed-fi.org/5.2.0", root: str = "InterchangeStudent") -> Path:
    path = folder / "set.xml"
    path.write_text(f'<?xml version="1.0"?>\n<{root} xmlns="{space}" xmlns:xsi="{XSI}">{body}</{root}>', "utf-8")
    return path


XSI = "http://www.w3.org/2001/XMLSchema-instance"


def _values(file: Path) -> int:
    """Count the texts and attributes of all records, by another parser than the adapter's."""
    return sum(
        len(element.attrib) + bool((element.text or "").strip())
        for record in ElementTree.parse(file).getroot()
        for element in record.iter()
    )


@pytest.mark.parametrize("programs", [(), ("Second Chance",)])
def test_both_bindings_of_one_set_give_the_same_records(programs: tuple[str, ...]) -> None:
    of_json, of_xml = _read(JSON, programs=programs), _read(XML, programs=programs)
    assert of_json.submission.tables.keys() == of_xml.submission.tables.keys()
    for table in of_json.submission.tables:
        assert rows(of_json, table) == rows(of_xml, table), table
    assert len(rows(of_xml, "legacy_attendance")) == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_value_of_a_file_is_accounted_for(file: Path) -> None:
    made = _read(file)
    assert sum(loss.count for loss in made.losses.fields) == _values(file)
    assert all(loss.reason or loss.fate != "dropped" for loss in made.losses.fields)


@in_field
@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.stem)
def test_published_files_are_read_whole_and_without_an_error(file: Path) -> None:
    made = _read(file)
    assert sum(loss.count for loss in made.losses.fields) == _values(file)
    assert [str(finding) for finding in made.findings if finding.severity == "error"] == []
    assert not [loss for loss in made.losses.fields if "does not know" in loss.reason]
    assert made.rows() or made.losses.records or file.parent.name == "descriptors"


@in_field
def test_published_files_together_give_what_each_holds() -> None:
    made = _read([FIELD / "edfi/xml", FIELD / "edfi/descriptors"])
    counts = {row["table"]: row["records"] for row in made.rows()}
    assert counts["legacy_attendance"] == 60
    assert counts["item_response"] == 125
    assert counts["learner"] == 25
    assert counts["competency"] == 40
    assert not {finding.severity for finding in made.findings} & {"error"}
    assert "ADP-VALUE" not in codes(made)


def test_nothing_that_names_a_person_is_written(tmp_path: Path) -> None:
    made = _read(XML)
    assert_holds_none(made, tmp_path, PLANTED)
    text = "".join(str(finding) for finding in made.findings).lower()
    assert not [word for word in PLANTED if word in text]


def test_a_number_of_social_security_in_a_title_is_withheld(tmp_path: Path) -> None:
    title = "<AssessmentTitle>Test of 987-65-4329</AssessmentTitle><Namespace>uri://a.example</Namespace>"
    file = _file(tmp_path, f"<Assessment><AssessmentIdentifier>t</AssessmentIdentifier>{title}</Assessment>")
    made = _read(file)
    assert "ADP-WITHHELD" in codes(made)
    assert "987" not in str(rows(made, "instrument"))


@pytest.mark.parametrize(
    "named",
    [
        "<Student><StudentUniqueId>9</StudentUniqueId><Name><FirstName>Ana</FirstName><LastSurname>Quillfeather"
        "</LastSurname></Name><BirthData><BirthDate>2008-05-01</BirthDate></BirthData></Student>",
        "<Student><Name><LastSurname>Quillfeather</LastSurname></Name></Student>",  # invalid, and a person all the same
        "<Staff><StaffUniqueId>9</StaffUniqueId><Name><LastSurname>Quillfeather</LastSurname></Name></Staff>",
        "<Contact><ElectronicMail><ElectronicMailAddress>Quillfeather</ElectronicMailAddress></ElectronicMail></Contact>",
    ],
)
def test_a_name_of_a_person_of_the_set_is_withheld_from_free_text(named: str, tmp_path: Path) -> None:
    title = "<AssessmentTitle>Test by Quillfeather</AssessmentTitle><Namespace>uri://a.example</Namespace>"
    test = f"<Assessment><AssessmentIdentifier>t</AssessmentIdentifier>{title}</Assessment>"
    made = _read(_file(tmp_path, test + named))
    assert [row["title"] for row in rows(made, "instrument")] == [f"withheld-{len('Test by Quillfeather')}"]


def test_the_outer_part_of_a_reference_goes_before_one_of_the_same_name_inside(tmp_path: Path) -> None:
    inner = (
        "<AssessmentReference><AssessmentIdentity><AssessmentIdentifier>t</AssessmentIdentifier>"
        "<Namespace>inner</Namespace></AssessmentIdentity></AssessmentReference>"
    )
    text = (
        f'<Interchange xmlns="http://ed-fi.org/5.2.0"><X><ItemReference><ItemIdentity>{inner}'
        "<Namespace>outer</Namespace></ItemIdentity></ItemReference></X></Interchange>"
    )
    (element,) = Interchange(io.BytesIO(text.encode()), Limits()).records()
    assert shape(element, ()).document == {"itemReference": {"namespace": "outer", "assessmentIdentifier": "t"}}


def test_a_zip_and_a_mixture_with_json_are_read_alike(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in FILES:
            archive.write(file, file.name)
    assert _read(tmp_path / "set.zip").losses == _read(XML).losses
    (tmp_path / "set.zip").unlink()
    for file in FILES:
        if file.stem != "StudentAttendance":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    name = "studentSchoolAttendanceEvents.jsonl"
    (tmp_path / name).write_bytes((JSON / name).read_bytes())
    (tmp_path / "notes.txt").write_text("not of the set")
    made = _read(tmp_path)
    assert rows(made, "legacy_attendance") == rows(_read(XML), "legacy_attendance")
    assert "neither XML nor JSON" in {loss.reason for loss in made.losses.records}


def test_an_association_with_a_special_program_is_an_episode_where_the_program_is_named(tmp_path: Path) -> None:
    place = (
        "<EducationOrganizationReference><EducationOrganizationIdentity><EducationOrganizationId>1"
        "</EducationOrganizationId></EducationOrganizationIdentity></EducationOrganizationReference>"
    )
    program = (
        f"<ProgramReference><ProgramIdentity>{place}<ProgramName>Trades</ProgramName>"
        "<ProgramType>uri://ed-fi.org/ProgramTypeDescriptor#Other</ProgramType></ProgramIdentity></ProgramReference>"
    )
    inside = f"{STUDENT}{program}<BeginDate>2025-09-01</BeginDate>{place}"
    named = f"<StudentCTEProgramAssociation>{inside}</StudentCTEProgramAssociation>"
    typed = (
        f'<GeneralStudentProgramAssociation xsi:type="StudentCTEProgramAssociation">{inside}'
        "</GeneralStudentProgramAssociation>"
    )
    for body in (named, typed):
        (episode,) = rows(_read(_file(tmp_path, body), programs=["Trades"]), "episode")
        assert (str(episode["entry_date"]), episode["site_id"]) == ("2025-09-01", "1")


@pytest.mark.parametrize(
    ("space", "version", "warned"),
    [
        ("http://ed-fi.org/0310", "3.1", True),
        ("http://ed-fi.org/3.3.1-b", "3.3.1-b", True),
        ("http://ed-fi.org/4.0.0", "4.0.0", True),
        ("http://ed-fi.org/5.0.0", "5.0.0", False),
        ("http://ed-fi.org/6.1.0", "6.1.0", True),
        ("http://ed-fi.org/99", "99", True),
        ("", "5.2", True),
    ],
)
def test_other_versions_are_read_and_named(space: str, version: str, warned: bool, tmp_path: Path) -> None:
    made = _read(_file(tmp_path, ENROLMENT, space))
    assert made.version == version
    assert len(rows(made, "episode")) == 1
    assert ("ADP-VERSION" in codes(made)) == warned


@pytest.mark.parametrize(
    ("space", "root", "named"),
    [
        ("http://ed-fi.org/0200", "InterchangeStudent", r"Ed-Fi 2\.0 is not read"),
        ("http://ed-fi.org/0100RFC062811", "InterchangeStudent", r"Ed-Fi 1\.0 is not read"),
        ("http://www.w3.org/1999/xhtml", "html", "no Ed-Fi interchange.*root 'html'"),
        ("https://w3id.org/x", "courseStructure", "cmi5 course structure. Read it as 'cmi5'"),
        ("http://ed-fi.org/5.2.0", "Student", "no Ed-Fi interchange"),
        ("http://other.example", "InterchangeStudent", "no Ed-Fi interchange"),
    ],
)
def test_what_is_not_read_is_refused_by_name(space: str, root: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableInputError, match=named):
        _read(_file(tmp_path, ENROLMENT, space, root))


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
    '<InterchangeStudent xmlns="http://ed-fi.org/5.2.0"><Student><StudentUniqueId>&c;</StudentUniqueId></Student>'
    "</InterchangeStudent>"
)
OUTSIDE = (
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    '<InterchangeStudent xmlns="http://ed-fi.org/5.2.0"><Student><StudentUniqueId>&a;</StudentUniqueId></Student>'
    "</InterchangeStudent>"
)
NOT_XML = {
    "bomb": (BOMB, "document type"),
    "outside": (OUTSIDE, "document type"),
    "type alone": ('<!DOCTYPE x SYSTEM "http://a.example/x.dtd"><InterchangeStudent/>', "document type"),
    "UTF-16 that is not": ('<?xml version="1.0" encoding="UTF-16"?><InterchangeStudent/>', "well-formed"),
    "encoding": ('<?xml version="1.0" encoding="klingon"?><InterchangeStudent/>', "well-formed"),
    "empty": ("", "well-formed"),
    "text": ("zanzi", "well-formed"),
}


@pytest.mark.parametrize("name", NOT_XML)
def test_hostile_and_broken_files_are_refused_with_a_reason(name: str, tmp_path: Path) -> None:
    content, named = NOT_XML[name]
    (tmp_path / "set.xml").write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableInputError, match=named) as caught:
        _read(tmp_path)
    assert "zanzi" not in str(caught.value)
    (tmp_path / "good.xml").write_bytes((XML / "Standards.xml").read_bytes())
    made = _read(tmp_path)
    assert len(rows(made, "competency")) == 2
    assert codes(made) & {"XML-INVALID", "XML-DOCTYPE"}


def test_utf_16_is_read(tmp_path: Path) -> None:
    text = f'<?xml version="1.0" encoding="UTF-16"?><InterchangeStudent xmlns="http://ed-fi.org/5.2.0">{ENROLMENT}'
    (tmp_path / "set.xml").write_bytes(f"{text}</InterchangeStudent>".encode("utf-16"))
    assert len(rows(_read(tmp_path), "episode")) == 1


def test_a_file_that_is_larger_than_the_caller_allows_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInputError, match="larger than the limit"):
        _read(_file(tmp_path, ENROLMENT), limits=Limits(file_bytes=200))


def test_grade_books_of_version_3_are_left_out_with_the_reason(tmp_path: Path) -> None:
    entry = "<GradebookEntry><GradebookEntryTitle>Essay</GradebookEntryTitle></GradebookEntry>"
    made = _read(_file(tmp_path, entry, "http://ed-fi.org/3.2.0-c"))
    assert [loss.reason for loss in made.losses.records] == ["version 3 gives grade-book entries no identifier"]
    assert "ADP-INVALID" not in codes(made)


def test_what_stands_before_a_cut_is_read(tmp_path: Path) -> None:
    whole = _file(tmp_path, ENROLMENT + ENROLMENT.replace("s1", "s2")).read_text("utf-8")
    for length in range(whole.index("<StudentSchool") + 20, len(whole) - 1, 97):
        (tmp_path / "set.xml").write_text(whole[:length], "utf-8")
        made = _read(tmp_path)
        assert codes(made) >= {"XML-INVALID"}
        assert len(rows(made, "episode")) == whole[:length].count("</StudentSchoolAssociation>")


def test_an_entity_that_nobody_declared_ends_the_file(tmp_path: Path) -> None:
    made = _read(_file(tmp_path, ENROLMENT + ENROLMENT.replace("s1", "&secret;")))
    assert len(rows(made, "episode")) == 1
    assert "XML-INVALID" in codes(made)


def test_limits_end_a_file_with_a_finding() -> None:
    deep = "<A>" * 9 + "</A>" * 9
    for body, limits, code in (
        ("<Student>" + "x" * 101 + "</Student>", Limits(field_length=100), "LIM-FIELD"),
        (deep, Limits(depth=8), "XML-LIMIT"),
        ("<A>" + "<B/>" * 100_000 + "</A>", Limits(), "XML-LIMIT"),
        (f'<A id="{"x" * 5_000_000}"/>', Limits(), "XML-LIMIT"),
    ):
        text = f'<InterchangeStudent xmlns="http://ed-fi.org/5.2.0">{body}</InterchangeStudent>'
        with pytest.raises(XmlProblemError) as caught:
            list(Interchange(io.BytesIO(text.encode()), limits).records())
        assert caught.value.code == code


def test_long_values_unknown_elements_and_text_between_are_counted(tmp_path: Path) -> None:
    standard = (
        f"<LearningStandard><LearningStandardId>a</LearningStandardId><Description>{'x' * 10_000}</Description>"
        "<Namespace>uri://a.example</Namespace>between<Unheard>of</Unheard><Deep><Deeper>1</Deeper></Deep>"
        "</LearningStandard>stray<Unheard><Of>2</Of><Of>3</Of></Unheard>"
    )
    file = _file(tmp_path, standard)
    made = _read(file)
    assert len(rows(made, "competency")[0]["title"]) == 10_000
    # The text between elements is counted once more than ElementTree's `text` shows it.
    assert sum(loss.count for loss in made.losses.fields) == _values(file) + 1
    assert ("text between records", 1) in {(loss.what, loss.count) for loss in made.losses.records}
    assert ("unheards", 1) in {(loss.what, loss.count) for loss in made.losses.records}


def test_values_of_another_kind_are_findings(tmp_path: Path) -> None:
    event = (
        "<StudentSchoolAttendanceEvent><AttendanceEvent><EventDate>2025-09-09</EventDate><AttendanceEventCategory>"
        "uri://ed-fi.org/AttendanceEventCategoryDescriptor#Tardy</AttendanceEventCategory></AttendanceEvent>"
        f"{STUDENT}{SCHOOL}<SchoolAttendanceDuration>long</SchoolAttendanceDuration></StudentSchoolAttendanceEvent>"
    )
    made = _read(_file(tmp_path, ENROLMENT + event))
    (attended,) = rows(made, "legacy_attendance")
    assert "present_minutes" not in attended
    assert ("edfi/studentSchoolAttendanceEvents", "schoolAttendanceDuration") in {
        (finding.table, finding.field) for finding in made.findings if finding.code == "ADP-VALUE"
    }


def test_what_many_documents_share_is_one_finding(tmp_path: Path) -> None:
    event = (
        "<StudentSchoolAttendanceEvent><AttendanceEvent><EventDate>2025-09-{day}</EventDate><AttendanceEventCategory>"
        "uri://ed-fi.org/AttendanceEventCategoryDescriptor#Tardy</AttendanceEventCategory></AttendanceEvent>"
        f"{STUDENT}{SCHOOL}</StudentSchoolAttendanceEvent>"
    )
    made = _read(_file(tmp_path, "".join(event.replace("{day}", str(day)) for day in range(10, 30))))
    assert [each.count for each in made.findings if each.code == "ADP-EPISODE"] == [20]
    assert len(rows(made, "legacy_attendance")) == 20


def test_handles_and_lookups_name_what_they_refer_to(tmp_path: Path) -> None:
    student = (
        '<Student id="P"><StudentUniqueId>s1</StudentUniqueId><Name><FirstName>Zanzi</FirstName><LastSurname>Quillf'
        "</LastSurname></Name><BirthData><BirthDate>2008-05-01</BirthDate></BirthData></Student>"
    )
    named = '<SchoolReference id="R"><SchoolIdentity><SchoolId>1</SchoolId></SchoolIdentity></SchoolReference>'
    again = ENROLMENT.replace(SCHOOL, '<SchoolReference ref="R"/>').replace("s1", "s2")
    made = _read(_file(tmp_path, ENROLMENT.replace(SCHOOL, named) + again))
    assert {row["site_id"] for row in rows(made, "episode")} == {"1"}
    for reference, episodes, code in (
        ('<StudentReference ref="P"/>', 1, None),
        ('<StudentReference ref="Q"/>', 0, "ADP-INVALID"),
        ("<StudentReference><StudentLookup><StudentUniqueId>s1</StudentUniqueId></StudentLookup></StudentReference>", 1, None),
        (
            "<StudentReference><StudentLookup><Name><FirstName>Zanzi</FirstName></Name></StudentLookup>"
            "</StudentReference>",
            0,
            "ADP-REFERENCE",
        ),
    ):  # fmt: skip
        made = _read(_file(tmp_path, ENROLMENT.replace(STUDENT, reference) + student))
        assert len(rows(made, "episode")) == episodes, reference
        assert code is None or code in codes(made)
        assert ("ADP-INVALID" in codes(made)) == (code == "ADP-INVALID")


def test_lists_of_descriptors_judge_the_words_of_their_namespace_alone(tmp_path: Path) -> None:
    space = "uri://ed-fi.org/ExitWithdrawTypeDescriptor"
    words = "".join(
        f"<ExitWithdrawTypeDescriptor><CodeValue>{word}</CodeValue><ShortDescription>{word}</ShortDescription>"
        f"<Namespace>{space}</Namespace></ExitWithdrawTypeDescriptor>"
        for word in ("Withdrawn", "No show")
    )
    (tmp_path / "words.xml").write_text(
        f'<InterchangeDescriptors xmlns="http://ed-fi.org/5.2.0">{words}</InterchangeDescriptors>', "utf-8"
    )
    made = _read([XML, tmp_path])
    found = {(each.field, each.value) for each in made.findings if each.code == "ADP-VALUE"}
    assert found == {("exitWithdrawTypeDescriptor", "End of school year")}  # not the state's own word
    assert rows(made, "episode") == rows(_read(XML), "episode")


def test_references_by_handle_to_what_no_rule_reads_are_no_repetition(tmp_path: Path) -> None:
    """Two handles name two grading periods, before and after them in the file."""
    periods = "".join(
        f'<GradingPeriod id="G{n}"><GradingPeriodName>{n}</GradingPeriodName></GradingPeriod>' for n in "12"
    )
    session = '<Session><GradingPeriodReference ref="G1"/><GradingPeriodReference ref="G2"/></Session>'
    for body in (periods + session, session + periods):
        made = _read(_file(tmp_path, body))
        assert codes(made) <= {"ADP-REFERENCE", "ADP-VERSION"}
        assert not [each for each in made.findings if "ref names nothing" in each.detail]
    made = _read(_file(tmp_path, session))
    (finding,) = [each for each in made.findings if "ref names nothing" in each.detail]
    assert (finding.table, finding.count) == ("edfi/sessions", 2)


def test_a_record_of_another_namespace_is_an_extension_whatever_its_name(tmp_path: Path) -> None:
    other = ENROLMENT.replace("<StudentSchoolAssociation>", '<StudentSchoolAssociation xmlns="http://state.example">')
    made = _read(_file(tmp_path, ENROLMENT + other.replace("s1", "s2")))
    assert len(rows(made, "learner")) == 1
    assert ("_ext", 1) in {(loss.what, loss.count) for loss in made.losses.records}
