"""What an archive may not hold; the number in an identifier is that of the list of bad inputs in the design."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from blended_standard.errors import UnreadableInputError
from blended_standard.io import read_submission

SITE = "site_id,program_id,name\ns,p,North\n"


def link() -> zipfile.ZipInfo:
    made = zipfile.ZipInfo("site.csv")
    made.external_attr = 0o120777 << 16
    return made


MEMBERS: dict[str, tuple[list[tuple[str | zipfile.ZipInfo, str]], str]] = {
    "57 bomb": ([("site.csv", SITE + " " * 50_000_000)], "unpacks to more than"),
    "58 parent": ([("../site.csv", SITE)], "leaves the archive"),
    "58 absolute": ([("/etc/site.csv", SITE)], "leaves the archive"),
    "58 drive": ([("C:\\x\\site.csv", SITE)], "leaves the archive"),
    "59 symbolic link": ([(link(), "/etc/passwd")], "symbolic link"),
    "60 by case": ([("site.csv", SITE), ("SITE.csv", SITE)], "stands twice"),
    "60 by folder": ([("a/site.csv", SITE), ("b/site.csv", SITE)], "stands twice"),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_an_archive_that_is_not_plain_is_refused(name: str, tmp_path: Path) -> None:
    members, says = MEMBERS[name]
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    with pytest.raises(UnreadableInputError, match=says):
        read_submission(tmp_path / "x.zip")


def test_62_a_damaged_member_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("site.csv", SITE)
    file.write_bytes(file.read_bytes().replace(b"North", b"Nurth", 1))
    with pytest.raises(UnreadableInputError, match="damaged"):
        read_submission(file)


def test_a_plain_archive_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/site.csv", SITE)
    assert len(read_submission(tmp_path / "x.zip").tables["site"]) == 1
