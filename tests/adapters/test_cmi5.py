"""Course structures of cmi5: every attribute and text has its fate, and what must not be imported is named by clause."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from blended_standard import adapters
from blended_standard.adapters import Import
from blended_standard.adapters.records import rows_of
from blended_standard.errors import UnreadableInputError
from blended_standard.io import read_submission, write_submission
from blended_standard.io.limits import Limits
from blended_standard.io.read import package_of
from tests.adapters.helpers import FIELD, HERE, codes, in_field, rows

PACKAGE = HERE / "cmi5/package"
COURSE = (PACKAGE / "cmi5.xml").read_text("utf-8")
SPACE = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
AU = "https://program.example/units/"


def _alone(tmp_path: Path, text: str | bytes, name: str = "cmi5.xml") -> Import:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return adapters.read("cmi5", path)


def _zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _files() -> dict[str, str]:
    return {
        file.relative_to(PACKAGE).as_posix(): file.read_text("utf-8") for file in PACKAGE.rglob("*") if file.is_file()
    }


def _errors(made: Import) -> set[str]:
    return {finding.code for finding in made.findings if finding.severity == "error"}


def _leaves(content: str | bytes) -> int:
    """Count attributes and texts by another parser."""
    return sum(
        len(element.attrib) + bool((element.text or "").strip()) for element in ElementTree.fromstring(content).iter()
    )


def _counted(made: Import) -> int:
    return made.losses.mapped + made.losses.kept + made.losses.dropped


def test_courses_objectives_blocks_and_units_become_records() -> None:
    made = adapters.read("cmi5", PACKAGE)
    assert made.findings == ()
    [framework] = rows(made, "framework")
    assert framework["framework_id"] == "https://program.example/courses/algebra-restart"
    assert framework["title"] == "Algebra, a new start"
    assert json.loads(framework["cmi5:title"])[1] == ["es", "Álgebra, otro comienzo"]
    found = {row["competency_id"]: row for row in rows(made, "competency")}
    assert [row["cmi5:kind"] for row in found.values()].count("objective") == 2
    assert {row["framework_id"] for row in found.values()} == {framework["framework_id"]}
    inner = "https://program.example/blocks/fractions/practice"
    assert found[AU + "practice"]["parent_id"] == inner
    assert found[inner]["parent_id"] == "https://program.example/blocks/fractions"
    assert "parent_id" not in found[AU + "check"]
    links = {(row["from_id"], row["to_id"], row["kind"]) for row in rows(made, "competency_association")}
    assert len(links) == 3
    assert (AU + "check", "https://program.example/objectives/equations", "is_related_to") in links


def test_criteria_are_kept_with_the_defaults_of_the_schema() -> None:
    found = {row["competency_id"]: row for row in rows(adapters.read("cmi5", PACKAGE), "competency")}
    names = ("cmi5:move_on", "cmi5:mastery_score", "cmi5:launch_method", "cmi5:activity_type")
    assert [found[AU + "check"].get(name) for name in names] == [
        "CompletedAndPassed",
        0.75,
        "OwnWindow",
        "http://adlnet.gov/expapi/activities/assessment",
    ]
    assert [found[AU + "practice"].get(name) for name in names] == ["NotApplicable", None, "AnyWindow", None]


def test_every_attribute_and_text_has_its_fate_and_no_key_to_content_is_kept() -> None:
    made = adapters.read("cmi5", PACKAGE)
    assert _counted(made) == _leaves(COURSE)
    fates = {entry.field: (entry.fate, entry.count) for entry in made.losses.fields}
    assert fates["au.url"] == ("dropped", 3)
    assert fates["au.entitlementKey"] == ("dropped", 1)
    assert fates["course.q:reviewed.on"] == ("kept", 1)
    assert fates["au.q:weight"] == ("kept", 1)
    assert all(entry.reason for entry in made.losses.fields if entry.fate == "dropped")
    whole = str([rows(made, table) for table in made.submission.tables])
    assert "open-sesame" not in whole
    [framework] = rows(made, "framework")
    assert json.loads(framework["cmi5:more"]) == {"q:reviewed": [{"@on": "2026-01-15", "#text": "by two teachers"}]}
    assert json.loads(framework["cmi5:namespaces"]) == {"q": "https://program.example/ns/quality"}


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_what_was_imported_is_written_and_read_back(format_: Any, tmp_path: Path) -> None:
    made = adapters.read("cmi5", PACKAGE)
    again = read_submission(write_submission(made.submission, tmp_path / "out", format=format_))
    for table in made.submission.tables:
        assert rows_of(again, table) == rows(made, table)


def test_a_folder_an_archive_and_a_file_give_the_same_records(tmp_path: Path) -> None:
    expected = adapters.read("cmi5", PACKAGE)
    inside = {f"My course/{name}": content for name, content in _files().items()}
    for name, files, said in (
        ("course.zip", _files(), set()),
        ("COURSE.ZIP", _files() | {"units/a/index.html": "", "units/b/index.html": ""}, set()),
        ("course.cmi5", _files(), set()),
        ("top.zip", inside | {"__MACOSX/._cmi5.xml": ""}, {"ADP-CMI5-PLACE"}),
    ):
        made = adapters.read("cmi5", _zipped(tmp_path / name, files))
        assert codes(made) == said
        assert made.losses == expected.losses
        assert made.submission.tables == expected.submission.tables
    shouted = {name.replace("cmi5.xml", "CMI5.XML"): content for name, content in _files().items()}
    assert codes(adapters.read("cmi5", _zipped(tmp_path / "upper.zip", shouted))) == {"ADP-CMI5-PLACE"}
    alone = adapters.read("cmi5", PACKAGE / "cmi5.xml")
    assert codes(alone) == {"ADP-CMI5-RELATIVE"}
    assert alone.losses == expected.losses


def _prefixed(text: str) -> str:
    """Give every element of cmi5 a prefix."""
    return re.sub(r"<(/?)(?=[a-zA-Z])(?!q:)", r"<\1c:", text).replace("xmlns=", "xmlns:c=")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + COURSE.encode(),
        COURSE.replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16"),
        COURSE.replace('encoding="utf-8"', 'encoding="iso-8859-1"').encode("latin-1"),
        COURSE.replace("\n", "\r\n").encode(),
        _prefixed(COURSE).encode(),
        COURSE.replace("<title>", "<!-- a comment --><?note here?><title>").encode(),
    ],
    ids=["bom", "utf-16", "latin-1", "crlf", "prefixed", "comments"],
)
def test_the_same_structure_written_otherwise_reads_alike(content: bytes, tmp_path: Path) -> None:
    expected = adapters.read("cmi5", PACKAGE / "cmi5.xml")
    made = _alone(tmp_path, content)
    assert made.submission.tables == expected.submission.tables
    assert made.losses == expected.losses


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('course id="https://', 'course id="', "ADP-CMI5-IRI", "course .*3.0"),
        ('objective id="https://program', 'objective id="program', "ADP-CMI5-IRI", "objective"),
        ("units/parts", "units/check", "ADP-CMI5-DUPLICATE", "13.1.4"),
        ("blocks/fractions/practice", "blocks/fractions", "ADP-CMI5-DUPLICATE", "13.1.2"),
        ("objectives/equations", "objectives/fractions", "ADP-CMI5-DUPLICATE", "13.1.3"),
        ("?form=a", "?form=a&amp;fetch=", "ADP-CMI5-QUERY", "fetch"),
        ("units/parts.html", "units/Parts.html", "ADP-CMI5-FILE", "14.1"),
        ("units/parts.html", "../package/units/parts.html", "ADP-CMI5-FILE", "14.1"),
        ('moveOn="Completed"', 'moveOn="completed"', "ADP-CMI5-SCHEMA", "completed"),
        ('masteryScore="0.75"', 'masteryScore="75"', "ADP-CMI5-SCHEMA", "masteryScore"),
        ('masteryScore="0.75"', 'masteryScore="0,75"', "ADP-CMI5-SCHEMA", "masteryScore"),
        ('masteryScore="0.75"', 'masteryScore=""', "ADP-CMI5-SCHEMA", "masteryScore"),
        ('moveOn="Completed"', 'passIsFinal="true"', "ADP-CMI5-SCHEMA", "passIsFinal"),
        ('lang="es"', 'lang="español"', "ADP-CMI5-SCHEMA", "lang"),
        ("<url>https://tests.example/launch/check?form=a</url>", "", "ADP-CMI5-SCHEMA", "url"),
        ("https://tests.example/launch/check?form=a", "", "ADP-CMI5-SCHEMA", "empty"),
        ("<url>https://tests", "<requires/><url>https://tests", "ADP-CMI5-SCHEMA", "requires"),
        ("https://tests.example/launch", "https://[tests.example/launch", "ADP-CMI5-SCHEMA", "address"),
        ("  </block>\n  <au", "  loose words</block>\n  <au", "ADP-CMI5-SCHEMA", "text"),
        ("</courseStructure>", "", "XML-INVALID", "no element found"),
        ('encoding="utf-8"', 'encoding="shift_jis"', "XML-INVALID", "encoding"),
        ("<!-- A course", "<!DOCTYPE a [<!ENTITY b 'c'>]><!-- A course", "XML-DOCTYPE", "document type"),
        ("<!-- A course", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><!-- A course", "XML-DOCTYPE", "document type"),
        ("<q:reviewed", "<q:a>" * 100 + "</q:a>" * 100 + "<q:reviewed", "XML-LIMIT", "64"),
    ],
)
def test_what_must_not_be_imported_is_named_and_left_out(
    old: str, new: str, code: str, says: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(PACKAGE, tmp_path / "package")
    assert old in COURSE
    (folder / "cmi5.xml").write_text(COURSE.replace(old, new), "utf-8")
    made = adapters.read("cmi5", folder)
    assert code in _errors(made)
    assert any(re.search(says, str(finding)) and finding.line for finding in made.findings if finding.code == code)
    assert made.submission.tables == {}
    assert made.losses.records


def test_a_description_that_is_missing_is_said_and_nothing_is_refused(tmp_path: Path) -> None:
    bare = re.sub(r"<description>.*?</description>", "", COURSE, flags=re.DOTALL)
    made = _alone(tmp_path, bare)
    assert [finding.severity for finding in made.findings if finding.code == "ADP-VALUE"] == ["warning"] * 8
    assert _counted(made) == _leaves(bare)
    assert len(rows(made, "competency")) == 7


def test_of_several_courses_the_sound_ones_are_read(tmp_path: Path) -> None:
    other = tmp_path / "other.xml"
    other.write_text(COURSE.replace("/algebra-restart", "/again"), "utf-8")
    broken = tmp_path / "broken.xml"
    broken.write_text("<courseStructure", "utf-8")
    made = adapters.read("cmi5", [PACKAGE, broken, other])
    assert len(rows(made, "framework")) == 2
    assert len(rows(made, "competency")) == 7  # the other course has the same units: they are added once
    assert ("competency", "the same identifier came before", 7) in {
        (entry.what, entry.reason, entry.count) for entry in made.losses.records
    }


def test_a_course_that_comes_again_counts_once_and_one_that_differs_is_a_conflict(tmp_path: Path) -> None:
    for name, text in (("same.xml", COURSE), ("other.xml", COURSE.replace("Twenty items", "Thirty items"))):
        (tmp_path / name).write_text(text, "utf-8")
        made = adapters.read("cmi5", [PACKAGE, tmp_path / name])
        assert len(rows(made, "framework")) == 1
        assert ("ADP-CONFLICT" in codes(made)) == (name == "other.xml")


def test_an_objective_that_is_not_defined_is_said_and_not_linked(tmp_path: Path) -> None:
    made = _alone(tmp_path, COURSE.replace('objective idref="https://program', 'objective idref="https://other'))
    assert "ADP-REFERENCE" in codes(made)
    assert rows(made, "competency_association") == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<manifest/>", "SCORM"),
        ("<html/>", "html"),
        ("<InterchangeStudent/>", "Ed-Fi interchange. Read it as 'edfi'"),
        (f'<tincan xmlns="{SPACE}"/>', "Tin Can"),
        ("<courseStructure/>", "without a namespace"),
        ('<courseStructure xmlns="http://www.adlnet.gov/cmi5/CourseStructure.xsd"/>', "www.adlnet.gov"),
        ('{"actor": {}, "verb": {}, "object": {}}', "xAPI statements.*'xapi'"),
    ],
)
def test_other_documents_are_refused_by_name(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableInputError, match=says):
        _alone(tmp_path, content)


def test_packages_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableInputError, match=r"no cmi5\.xml"):
        adapters.read("cmi5", tmp_path / "empty")
    with pytest.raises(UnreadableInputError, match=r"imsmanifest\.xml: this is the manifest of a SCORM"):
        adapters.read("cmi5", _zipped(tmp_path / "scorm.zip", {"imsmanifest.xml": "<manifest/>", "a/b.xml": ""}))
    (tmp_path / "several").mkdir()
    _zipped(tmp_path / "several/first.zip", _files())
    with pytest.raises(UnreadableInputError, match=r"first\.zip may be one"):
        adapters.read("cmi5", tmp_path / "several")
    two = _zipped(tmp_path / "two.zip", {"a/cmi5.xml": COURSE, "b/cmi5.xml": COURSE})
    with pytest.raises(UnreadableInputError, match="one package at a time"):
        adapters.read("cmi5", two)
    with pytest.raises(UnreadableInputError, match="leaves the archive"):
        adapters.read("cmi5", _zipped(tmp_path / "out.zip", {"../cmi5.xml": COURSE}))
    (tmp_path / "no.zip").write_text(COURSE)
    with pytest.raises(UnreadableInputError, match="not a zip"):
        adapters.read("cmi5", tmp_path / "no.zip")
    with pytest.raises(UnreadableInputError, match="no such file"):
        adapters.read("cmi5", tmp_path / "nowhere")
    for path in (PACKAGE, _zipped(tmp_path / "many.zip", _files())):
        with pytest.raises(UnreadableInputError, match="holds"):
            package_of(path, limits=Limits(archive_members=2))


def test_damaged_structures_give_findings_or_a_refusal(tmp_path: Path) -> None:
    draw = random.Random(11)
    for number in range(150):
        content = bytearray(COURSE.encode())
        for _ in range(draw.randrange(1, 4)):
            place = draw.randrange(len(content))
            content[place : place + draw.randrange(40)] = draw.randbytes(draw.randrange(3))
        said, made = "", None
        try:
            made = _alone(tmp_path, bytes(content), f"{number}.xml")
        except UnreadableInputError as error:
            said = str(error)
        assert f"{number}.xml" in said or (made and (_errors(made) or rows(made, "framework")))


def test_a_text_with_an_address_is_withheld(tmp_path: Path) -> None:
    made = _alone(tmp_path, COURSE.replace("With hints.", "Ask zanzi@x.example."))
    assert "ADP-WITHHELD" in codes(made)
    assert "zanzi" not in str([rows(made, table) for table in made.submission.tables])


def _published() -> list[Any]:
    if not FIELD.is_dir():
        return []
    with (FIELD / "index.csv").open(encoding="utf-8", newline="") as stream:
        listed = [row for row in csv.reader(stream) if row[0].startswith("cmi5/") and row[0].endswith(".xml")]
    return [pytest.param(*row[:3], row[4], id=Path(row[0]).stem) for row in listed]


# The clause that a published structure breaks, by the reason that the index gives.
REASONS = {
    "iris": "ADP-CMI5-IRI",
    "relative-url-no-zip": "ADP-CMI5-RELATIVE",
    "relative-url-no-reference": "ADP-CMI5-FILE",
    "query-string": "ADP-CMI5-QUERY",
    "duplicated": "ADP-CMI5-DUPLICATE",
    "invalid-courseStructure": "ADP-CMI5-SCHEMA",
}


@in_field
@pytest.mark.parametrize(("file", "expect", "reason", "origin"), _published())
def test_published_structures_are_judged_as_they_are_marked(
    file: str, expect: str, reason: str, origin: str, tmp_path: Path
) -> None:
    """One that its origin names cmi5.xml came in a package; the files that its units name are made for it."""
    content = (FIELD / file).read_bytes()
    path = tmp_path / "cmi5.xml"
    path.write_bytes(content)
    if origin.endswith("/cmi5.xml") and expect == "valid":
        for url in ElementTree.fromstring(content).iter(f"{{{SPACE}}}url"):
            (tmp_path / re.split("[?#]", (url.text or "").strip())[0].rpartition("/")[2]).touch()
    made = adapters.read("cmi5", tmp_path if origin.endswith("/cmi5.xml") else path)
    if expect == "valid":
        assert made.findings == ()
        assert _counted(made) == _leaves(content)
        assert all(entry.reason for entry in made.losses.fields if entry.fate == "dropped")
        assert len(rows(made, "framework")) == 1
        assert len(rows(made, "competency")) == len(re.findall(rb"<(?:au|block|objective)\s+id=", content))
        assert _errors(adapters.read("cmi5", path)) == set()  # alone, its relative addresses are warnings
    else:
        [code] = [code for part, code in REASONS.items() if part in reason]
        assert code in codes(made)
