"""Rows 46 to 65: Parquet and Arrow, archives, paths."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import struct
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from blended_standard._files import write_whole
from blended_standard.cli import main
from blended_standard.engine import open_engine
from blended_standard.engine.polars import PolarsEngine
from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.io import Limits, Submission, read_submission, write_submission
from blended_standard.measures import score
from blended_standard.model import RECORDS
from blended_standard.validate import validate
from tests.validate.reliability import Box, parquet, records, row, sites
from tests.validate.test_bad_input import SOUND, write

EPISODES = {
    "episode_id": ["e1", "e2"],
    "learner_id": ["l1", "l2"],
    "site_id": ["s", "s"],
    "entry_date": [dt.date(2025, 9, 1)] * 2,
}
ENGINES = ("duckdb", "polars", "pandas")


def episodes(**changes: object) -> pa.Table:
    return pa.table({**EPISODES, **changes})


def codes(box: Box, content: bytes, table: str = "episode") -> dict[str, list[tuple[str, str | None]]]:
    """The findings by engine; all must give the same, word for word."""
    found, told = {}, set()
    for engine in ENGINES:
        report = box.judged(engine, **{f"{table}_csv": None, f"{table}.parquet": content})
        found[engine] = [(finding.code, finding.field) for finding in report.findings]
        told.add(str(report))
    assert len(told) == 1
    return found


@row(46)
def columns_of_other_types_without_loss(box: Box) -> None:
    plain = records(box, "episode", episode_csv=None, **{"episode.parquet": parquet(episodes(entry_grade=[9, 10]))})
    lossless = episodes(
        learner_id=pa.array(["l1", "l2"], pa.large_string()),
        site_id=pa.array(["s", "s"]).dictionary_encode(),
        entry_grade=pa.array([9, 10], pa.int32()),
        entry_date=pa.array([dt.datetime(2025, 9, 1)] * 2, pa.timestamp("ms")),
    )
    files = {"episode_csv": None, "episode.parquet": parquet(lossless)}
    for engine in ENGINES:
        (found,) = box.judged(engine, **files).findings
        assert (found.code, found.severity) == ("TYP-CAST", "note")
        for part in ("learner_id from large_string", "site_id from dictionary", "entry_grade from int32"):
            assert part in found.detail
    assert [stay.entry_grade for stay in plain] == [stay.entry_grade for stay in records(box, "episode", **files)]


@row(46, 49)
def columns_of_other_types_with_loss(box: Box) -> None:
    """A value that a cast would change is refused and never changed; the others of its column are kept."""
    day = [dt.datetime(2025, 9, 1), dt.datetime(2025, 9, 1, 12)]
    cases: list[tuple[str, pa.Array]] = [
        ("entry_grade", pa.array([9.0, 9.5])),
        ("entry_grade", pa.array([9, 2**63], pa.uint64())),
        ("entry_date", pa.array(day, pa.timestamp("us"))),
        ("entry_date", pa.array(day, pa.timestamp("ns"))),
        ("entry_date", pa.array(["2025-09-01"] * 2)),
    ]
    for field, column in cases:
        assert ("FLD-TYPE", field) in in_memory("episode", episodes(**{field: column}))
    for bad in (
        pa.array([1.0, float("nan")]),
        pa.array([1.0, float("inf")], pa.float32()),
        pa.array([1, 2**53 + 1]),
        pa.array([Decimal("1"), Decimal("12345678901234567890.1234567891")], pa.decimal128(38, 10)),
    ):
        assert ("FLD-TYPE", "amount") in in_memory("cost", costs(bad))
    kept = pa.array([Decimal("1.1"), Decimal("12345.6789012345")], pa.decimal128(38, 10))
    assert in_memory("cost", costs(kept)) == [("TYP-CAST", None)]
    engine = PolarsEngine()
    bound = engine.bind(pa.table({"amount": kept}), RECORDS["cost"])
    assert engine.collect(bound.frame.select("amount"))["amount"] == [1.1, 12345.6789012345]


def in_memory(table: str, data: pa.Table) -> list[tuple[str, str | None]]:
    """The findings of one table, the same word for word on every engine."""
    reports = [validate(Submission.from_tables({table: data}), engine=engine, partial=True) for engine in ENGINES]
    assert len(set(map(str, reports))) == 1
    return [(finding.code, finding.field) for finding in reports[0].findings]


def costs(amounts: pa.Array) -> pa.Table:
    return pa.table({
        "cost_id": ["a", "b"], "program_id": ["p", "p"], "category": ["support", "other"], "amount": amounts,
        "start_date": [dt.date(2025, 9, 1)] * 2, "end_date": [dt.date(2026, 6, 30)] * 2,
    })  # fmt: skip


@row(47)
def cut_footer(box: Box) -> None:
    whole = parquet(episodes())
    for content in (whole[:-10], whole[:40], b"PAR1", whole[:-60] + b"\0" * 52 + whole[-8:]):
        assert ("PQT-CUT", None) in codes(box, content)["polars"]
        box.exits("episode", content, 3, suffix="parquet")


@row(48)
def corrupt_page(box: Box) -> None:
    many = pa.table({name: list(values[:1]) * 3000 for name, values in EPISODES.items()})
    many = many.set_column(0, "episode_id", pa.array([f"e{n}" for n in range(3000)]))
    content = bytearray(parquet(many, row_group_size=1000, use_dictionary=False, compression="snappy"))
    content[3000:3600] = b"\xff" * 600
    for engine in ENGINES:
        report = box.judged(engine, episode_csv=None, **{"episode.parquet": bytes(content)})
        assert [finding.code for finding in report.findings] == ["PQT-CORRUPT"]
        assert "row group 1 of 3" in report.findings[0].detail
        assert "episode" not in {table.table for table in report.tables}
    for engine in ENGINES:
        damaged = read_submission(box.path / "submission0")
        with pytest.raises(UnreadableInputError, match=r"episode \(episode\.parquet, row group 1 of 3"):
            score(damaged, "ENG-01", as_of="2026-01-31", engine=engine)
    with pytest.raises(UnreadableInputError, match="episode: Parquet that cannot be read"):
        list(read_submission(box.path / "submission0").records("episode"))
    assert main(["score", str(box.path / "submission0"), "--measures", "ENG-01", "--quiet"]) == 3


@row(50)
def timestamps(box: Box) -> None:
    def acts(kind: pa.DataType, value: int) -> bytes:
        return parquet(pa.table({"episode_id": ["e1"], "at": pa.array([value], kind), "verb": ["submit"]}))

    moment = dt.datetime(2025, 9, 2, 15, tzinfo=dt.UTC)
    second = int(moment.timestamp())
    for unit, size in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        for zone in ("UTC", "America/New_York"):
            content = acts(pa.timestamp(unit, zone), second * size)
            assert codes(box, content, "activity")["polars"] == []
            assert [act.at for act in records(box, "activity", **{"activity.parquet": content})] == [moment]
            for engine in map(open_engine, ENGINES):
                bound = engine.bind(pq.read_table(io.BytesIO(content)), RECORDS["activity"]).frame
                assert engine.collect(bound.select("at"))["at"] == [second]
        assert ("FLD-TYPE", "at") in codes(box, acts(pa.timestamp(unit), second * size), "activity")["polars"]
    assert ("FLD-YEAR", "at") in codes(box, acts(pa.timestamp("s", "UTC"), 10**11), "activity")["polars"]


@row(51)
def nested_columns(box: Box) -> None:
    for value in ([["s"], ["s"]], [{"a": "s"}, {"a": "s"}]):
        assert ("FLD-TYPE", "site_id") in codes(box, parquet(episodes(site_id=value)))["polars"]


@row(52)
def nulls_in_a_required_column(box: Box) -> None:
    for engine in ENGINES:
        content = parquet(episodes(site_id=["s", None]))
        report = box.judged(engine, episode_csv=None, **{"episode.parquet": content})
        assert [(finding.code, finding.row) for finding in report.findings] == [("FLD-REQUIRED", 2)]


@row(53)
def no_rows_and_differing_parts(box: Box) -> None:
    outcome = pa.table({"outcome_id": pa.array([], pa.string())})
    report = box.judged(**{"outcome.parquet": parquet(outcome)})
    assert ("FIL-NO-ROWS", "note") in {(finding.code, finding.severity) for finding in report.findings}
    for engine in ENGINES:
        parts = {"episode.1.parquet": parquet(episodes().slice(0, 1)), "episode.2.parquet": parquet(
            episodes(entry_date=pa.array(["x", "y"])).slice(1))}  # fmt: skip
        report = box.judged(engine, episode_csv=None, **parts)
        assert ("FLD-TYPE", "entry_date") in {(finding.code, finding.field) for finding in report.findings}


@row(54)
def encrypted_or_unknown(box: Box) -> None:
    whole = parquet(episodes())
    assert "encrypted" in box.exits("episode", b"PARE" + whole[4:-4] + b"PARE", 3, suffix="parquet")
    unknown = with_footer(parquet(episodes(), compression="lz4"), b"\x15\x0e", b"\x15\x5a")  # codec 45 of 7
    for engine in ENGINES:
        report = box.judged(engine, episode_csv=None, **{"episode.parquet": unknown})
        assert [finding.code for finding in report.findings] == ["PQT-CODEC"]
        assert "codec value: 45" in report.findings[0].detail
    assert "codec value: 45" in box.exits("episode", unknown, 3, suffix="parquet")


def with_footer(content: bytes, old: bytes, new: bytes) -> bytes:
    """A Parquet file in whose footer one thing stands for another."""
    size = struct.unpack("<I", content[-8:-4])[0]
    footer = content[-8 - size : -8]
    changed = footer.replace(old, new)
    assert changed != footer
    return content[: -8 - size] + changed + struct.pack("<I", len(changed)) + b"PAR1"


@row(55)
def more_rows_claimed_than_there_are(box: Box) -> None:
    many = pa.table({name: list(values[:1]) * 3000 for name, values in EPISODES.items()})
    content = parquet(many, row_group_size=1000)
    changed = with_footer(content, b"\x16" + varint(3000), b"\x16" + varint(2**40))
    for engine in ENGINES:
        report = box.judged(engine, episode_csv=None, **{"episode.parquet": changed})
        assert "claims 1,099,511,627,776 rows" in next(f.detail for f in report.findings if f.code == "PQT-CORRUPT")


def varint(number: int) -> bytes:
    """A positive number as Thrift's compact protocol writes it."""
    number, made = number << 1, b""
    while number > 127:
        made += bytes([number & 127 | 128])
        number >>= 7
    return made + bytes([number])


@row(56)
def julian_days(box: Box) -> None:
    at = pa.array([dt.datetime(2025, 9, 2, 15)] * 2, pa.timestamp("ns", "UTC"))
    rows = pa.table({"episode_id": ["e1", "e2"], "at": at, "verb": ["submit"] * 2})
    content = parquet(rows, use_deprecated_int96_timestamps=True)
    assert codes(box, content, "activity")["polars"] == [("FLD-TYPE", "at")]
    box.exits("activity", content, 3, suffix="parquet")


def zipped(box: Box, members: list[tuple[str | zipfile.ZipInfo, str | bytes]], **options: int) -> Path:
    file = box.path / "x.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return file


def refused(box: Box, file: Path, says: str, limits: Limits | None = None) -> None:
    before = set(box.path.rglob("*"))
    with pytest.raises(UnreadableInputError, match=says):
        read_submission(file, **({"limits": limits} if limits else {}))
    assert set(box.path.rglob("*")) == before
    if limits is None:
        assert main(["validate", str(file)]) == 3


@row(57)
def bombs(box: Box) -> None:
    refused(box, zipped(box, [("site.csv", sites() + " " * 50_000_000)]), "unpacks to more than")
    small = [("site.csv", sites(*"abcdefgh")), ("learner.csv", "learner_id\nl\n")]
    refused(box, zipped(box, small), "unpacks to more than", Limits(archive_bytes=100))
    refused(box, zipped(box, small), "unpacks to more than", Limits(file_bytes=50))
    refused(box, zipped(box, small), "holds 2 files", Limits(archive_members=1))
    lying = zipped(box, small)  # it declares fewer bytes than come out
    content = bytearray(lying.read_bytes())
    for place in (content.index(b"PK\x03\x04") + 22, content.index(b"PK\x01\x02") + 24):
        content[place : place + 4] = struct.pack("<I", 10)
    lying.write_bytes(bytes(content))
    refused(box, lying, "damaged")
    inner = zipped(box, [("site.csv", " " * 1_000_000)]).read_bytes()
    outer = read_submission(zipped(box, [("inner.zip", inner), ("site.csv", sites())]))
    assert list(outer.tables) == ["site"]  # an archive in an archive is not opened


@row(58)
def paths_that_leave(box: Box) -> None:
    for name in ("../site.csv", "/etc/site.csv", "C:\\x\\site.csv", "a/../../site.csv", "..\\site.csv"):
        refused(box, zipped(box, [(name, sites())]), "leaves the archive")
    file = zipped(box, [("site.csvxx.txt", sites())])
    file.write_bytes(file.read_bytes().replace(b"site.csvxx", b"site.csv\0x"))
    refused(box, file, "NUL|not a zip archive")


@row(59)
def links(box: Box) -> None:
    for mode in (0o120777, 0o060644, 0o010644):
        member = zipfile.ZipInfo("site.csv")
        member.external_attr = mode << 16
        refused(box, zipped(box, [(member, "/etc/passwd")]), "symbolic link or a device")


@row(60)
def members_twice(box: Box) -> None:
    for other in ("SITE.csv", "b/site.csv"):
        refused(box, zipped(box, [("site.csv", sites()), (other, sites())]), "stands twice")


@row(61)
def encrypted_member(box: Box) -> None:
    file = zipped(box, [("site.csv", sites())])
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(bytes(content))
    refused(box, file, "is encrypted")


@row(62)
def damaged_member(box: Box) -> None:
    file = box.path / "x.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("site.csv", sites())
    file.write_bytes(file.read_bytes().replace(b"North", b"Nurth", 1))
    refused(box, file, "damaged")


@row(62)
def archive_of_which_any_byte_is_wrong(box: Box) -> None:
    """However a byte is changed, an archive is read or refused by name."""
    members = (("site.csv", zipfile.ZIP_DEFLATED), ("learner.csv", zipfile.ZIP_BZIP2), ("pause.csv", zipfile.ZIP_LZMA))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, method in members:
            archive.writestr(name, sites() * 9, method)
    whole, file = stream.getvalue(), box.path / "x.zip"
    for place in range(len(whole)):
        for byte in (0, whole[place] ^ 1):
            file.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            with contextlib.suppress(UnreadableInputError):
                read_submission(file)


@row(63)
def not_a_file(box: Box) -> None:
    fifo = box.path / "site.csv"
    os.mkfifo(fifo)
    for path in (fifo, Path("/dev/null")):
        with pytest.raises(UnreadableInputError, match="not a regular file"):
            read_submission(path)
        assert main(["validate", str(path)]) == 3
    for path in (box.path, fifo, Path("/dev/null")):
        assert main(["validate", str(path), "--table", "site"]) == 3
    (box.path / "learner.parquet").mkdir()
    found = read_submission(box.path).found.findings()  # neither is waited for
    assert {(finding.code, finding.table) for finding in found} == {
        ("FIL-UNREADABLE", "site"),
        ("FIL-UNREADABLE", "learner"),
    }
    (box.path / "empty").mkdir()
    assert main(["validate", str(box.path / "empty")]) == 3


@row(64)
def output_is_a_link(box: Box) -> None:
    target, link = box.path / "target.txt", box.path / "link.txt"
    target.write_text("before")
    link.symlink_to(target)
    source = box.path / "sound"
    source.mkdir()
    write(source, {})
    assert main(["validate", str(source), "--out", str(link)]) == 2
    assert main(["validate", str(source), "--out", str(link), "--follow", "--format", "json", "--quiet"]) == 0
    assert link.is_symlink()
    assert target.read_text().startswith("[")
    target.write_text("before")
    with pytest.raises(UsageError, match="symbolic link"):
        write_whole(link, "after")
    assert target.read_text() == "before"
    folder = box.path / "folder"
    folder.mkdir()
    (box.path / "other").symlink_to(folder)
    with pytest.raises(UsageError, match="symbolic link"):
        write_submission(read_submission(source), box.path / "other")
    assert list(folder.iterdir()) == []


@row(65)
def output_is_the_input(box: Box) -> None:
    file = box.path / "site.csv"
    file.write_text(SOUND["site.csv"])
    run: Callable[[Path], int] = lambda out: main(["validate", str(file), "--table", "site", "--out", str(out)])  # noqa: E731
    assert run(file) == run(box.path / "." / "site.csv") == 2
    assert file.read_text() == SOUND["site.csv"]
    with pytest.raises(UsageError, match="not an empty directory"):
        write_submission(read_submission(box.path), box.path)
