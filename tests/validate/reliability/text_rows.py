"""Rows 1 to 45: encoding, CSV, JSON, JSON Lines, YAML."""

from __future__ import annotations

import datetime as dt
import json
import time
import tracemalloc
from typing import Any

import pyarrow as pa
import pytest

from blended_standard.adapters.records import rows_of
from blended_standard.cli import main
from blended_standard.cli.exits import ended
from blended_standard.engine import open_engine
from blended_standard.errors import SpecError, UsageError
from blended_standard.io import Limits, RefusedRecordsError, read_records, read_submission, write_submission
from blended_standard.measures.blocks import Blocks
from blended_standard.model import Missing
from blended_standard.spec.standard import read_yaml
from blended_standard.validate import render, validate_record
from blended_standard.validate.formats import FORMATS
from tests.validate.reliability import Box, parquet, records, row, sites
from tests.validate.test_bad_input import write

OUTCOME = '{"outcome_id": "o", "episode_id": "e1", "kind": "diploma", "date": "2026-01-05"'


@row(1)
def bom(box: Box) -> None:
    box.finds("ENC-BOM", "note", site_csv="\ufeff" + sites())
    assert "FLD-" not in box.exits("site", "\ufeff" + sites(), 0)


@row(2, 3)
def utf_16(box: Box) -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert "UTF-16" in box.exits("site", sites().encode(encoding), 3)
        assert "UTF-16" in box.finds("ENC-NOT-UTF8", site_csv=sites().encode(encoding)).detail
        box.exits("site", sites().encode(encoding), 0, "--encoding", encoding)


@row(4, 5)
def other_code_pages(box: Box) -> None:
    for byte in (b"\xe9", b"\x93", b"\x94"):
        content = sites("Orl?ans", "South").encode().replace(b"?", byte)
        found = box.finds("ENC-NOT-UTF8", site_csv=content)
        assert (found.row, found.line, found.detail) == (2, 3, "(byte 9 of the line)")
        box.exits("site", content, 1)
        assert [site.name for site in records(box, "site", site_csv=content)] == ["North", "South"]
    box.exits("site", sites("Orléans").encode("cp1252"), 0, "--encoding", "cp1252")
    within = sites('"Orl\n?\nans"', "South").encode().replace(b"?", b"\xe9")  # in the second line of a field of three
    found = box.finds("ENC-NOT-UTF8", site_csv=within)
    assert (found.row, found.line, found.detail) == (2, 4, "(byte 1 of the line)")
    assert [site.name for site in records(box, "site", site_csv=within)] == ["North", "South"]
    header = box.finds("ENC-NOT-UTF8", site_csv=sites().encode().replace(b"name", b"n\xe9me"))
    assert (header.row, header.line) == (None, 1)
    box.exits("site", sites().encode().replace(b"name", b"n\xe9me"), 3)
    lines = (OUTCOME + "}\n").encode().replace(b"diploma", b"dipl\xf4ma") + OUTCOME.encode() + b"}\n"
    assert box.finds("ENC-NOT-UTF8", outcome_jsonl=lines).row == 1


@row(6)
def nul(box: Box) -> None:
    assert box.finds("ENC-NUL", site_csv=sites("So\x00uth", "East")).row == 2
    assert [site.name for site in records(box, "site", site_csv=sites("So\x00uth", "East"))] == ["North", "East"]
    box.exits("site", sites("So\x00uth"), 1)
    box.finds("ENC-NUL", outcome_jsonl=OUTCOME + ', "destination": "a\\u0000b"}\n')


@row(7)
def mixed_line_ends(box: Box) -> None:
    for mixed in ("s,p,North\r\nt,p,South\nu,p,East\rv,p,West\n", "s,p,North\nt,p,South\nu,p,East\nv,p,West\r\n"):
        content = "site_id,program_id,name\n" + mixed
        box.finds("ENC-EOL", "warning", site_csv=content)
        assert [site.name for site in records(box, "site", site_csv=content)] == ["North", "South", "East", "West"]
    box.quiet(site_csv=sites('"East\nwing"').replace("\n", "\r\n").replace("East\r\n", "East\n"))
    lines = '{"site_id":"s","program_id":"p","name":"N"}\r{"site_id":"t","program_id":"p","name":"S"}\n'
    box.finds("ENC-EOL", "warning", site_csv=None, site_jsonl=lines)
    assert len(records(box, "site", site_csv=None, site_jsonl=lines)) == 2


@row(8)
def unicode_line_ends_are_data(box: Box) -> None:
    name = "North\u2028South\u0085East\u2029"
    box.quiet(site_csv=sites(name))
    assert records(box, "site", site_csv=sites(name))[1].name == name
    line = json.dumps({"site_id": "s", "program_id": "p", "name": name}, ensure_ascii=False)
    assert records(box, "site", site_csv=None, site_jsonl=line)[0].name == name


@row(9)
def overlong_and_surrogates(box: Box) -> None:
    for sequence in (b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xf4\x90\x80\x80"):
        content = sites("?", "East").encode().replace(b"?", sequence)
        assert box.finds("ENC-NOT-UTF8", site_csv=content).line == 3
        assert len(records(box, "site", site_csv=content)) == 2


@row(10)
def control_characters(box: Box) -> None:
    found = box.finds("ENC-CONTROL", site_csv=sites("So\x1b[31muth"))
    assert (found.row, found.field) == (2, "name")
    box.finds("ENC-CONTROL", site_csv=None, site_jsonl='{"site_id":"s","program_id":"p","name":"a\\u0007b"}\n')
    assert "\x1b" not in box.exits("site", sites("So\x1b[31muth"), 1)
    report = box.judged(site_csv=sites().replace("name", "name,na\x1b[31mme").replace("North", "North,x"))
    assert "na\\x1b[31mme" in str(report)
    for format_ in FORMATS:
        assert "\x1b" not in render([report], format_)


@row(11, 12, 26)
def row_of_another_width(box: Box) -> None:
    for broken, width in (("t,p", 2), ("t,p,South,more", 4), ("t,p,South,", 4)):
        found = box.finds("CSV-WIDTH", site_csv=sites() + broken + "\nu,p,East\n")
        assert (found.row, found.line) == (2, 3)
        assert f"3 columns, the row {width}" in found.detail
        box.exits("site", sites() + broken + "\nu,p,East\n", 1)
        assert [site.site_id for site in records(box, "site", site_csv=sites() + broken + "\nu,p,East\n")] == ["s", "u"]


@row(13)
def unclosed_quote(box: Box) -> None:
    found = box.finds("CSV-CUT", site_csv=sites() + 't,p,"South\nu,p,East\n')
    assert (found.row, found.line) == (2, 3)
    found = box.finds("CSV-CUT", site_csv=sites() + 't,"p\nq","South\nu,p,East\n')
    assert (found.row, found.line) == (2, 4)  # the line of the quote that is not closed, not that of its row
    swallowed = box.finds("LIM-FIELD", site_csv=sites() + 't,p,"South\n' + "u,p,East\n" * 120_000)
    assert (swallowed.row, swallowed.line) == (2, 3)
    assert "A quote opens in line 3, and 111,1" in swallowed.detail
    box.exits("site", 'site_id,program_id,name\ns,p,North\nt,p,"South\n', 1)
    box.exits("site", 'site_id,program_id,name\ns,p,"North\nt,p,South\n', 3)  # it swallows every row
    box.exits("site", '"site_id,program_id,name\ns,p,North\nt,p,South\n', 3)


@row(14)
def quote_in_an_unquoted_field(box: Box) -> None:
    for name in ('The "South" site', 'South"', '"South" site'):
        found = box.finds("CSV-QUOTE", site_csv=sites(name, "East"))
        assert (found.row, found.line) == (2, 3)
        assert [site.name for site in records(box, "site", site_csv=sites(name, "East"))] == ["North", "East"]
    assert records(box, "site", site_csv=sites('"The ""South"" site"'))[1].name == 'The "South" site'


@row(15)
def newline_in_a_quoted_field(box: Box) -> None:
    assert records(box, "site", site_csv=sites('"South\nwing"'))[1].name == "South\nwing"
    found = box.finds("CSV-WIDTH", site_csv=sites('"South\nwing"') + "x\n")
    assert (found.row, found.line) == (3, 5)


@row(16)
def header_twice(box: Box) -> None:
    box.exits("site", "site_id,name,name\ns,p,N\n", 3)
    assert box.finds("CSV-HEADER-TWICE", site_csv="site_id,name,name\ns,p,N\n").field == "name"


@row(17)
def header_nearly(box: Box) -> None:
    report = box.judged(site_csv="Site_ID, program_id,name\ns,p,North\n")
    likes = [finding for finding in report.findings if finding.code == "CSV-HEADER-LIKE"]
    assert {finding.severity for finding in likes} == {"warning"}
    assert [finding.detail for finding in likes] == ["Did you mean program_id?", "Did you mean site_id?"]
    assert {"site_id", "program_id"} <= {f.field for f in report.findings if f.code == "FLD-MISSING-COLUMN"}


@row(18)
def no_header(box: Box) -> None:
    assert "program_id" in box.finds("CSV-NO-HEADER", site_csv="s,p,North\nt,p,South\n").detail
    box.exits("site", "s,p,North\n", 3)


@row(19)
def empty_file(box: Box) -> None:
    for content in ("", "\n\n", "\ufeff"):
        box.finds("FIL-EMPTY", site_csv=content)
        box.exits("site", content, 3)


@row(20)
def header_only(box: Box) -> None:
    box.finds("FIL-NO-ROWS", "note", outcome_csv="outcome_id,episode_id,kind,date\n")
    report = box.judged(outcome_csv="outcome_id,episode_id,kind,date\n")
    assert [table.read for table in report.tables if table.table == "outcome"] == [0]
    box.exits("outcome", "outcome_id,episode_id,kind,date\n", 0)


@row(21)
def other_delimiters(box: Box) -> None:
    for mark in (";", "\t", "|"):
        assert repr(mark) in box.finds("CSV-DELIMITER", site_csv=sites().replace(",", mark)).detail
        box.exits("site", sites().replace(",", mark), 3)


@row(22)
def grouped_numbers(box: Box) -> None:
    for number in ('"1,234"', '"1.234,5"', "1 234"):
        rows = "cost_id,program_id,category,amount,start_date,end_date\n"
        found = box.finds("FLD-TYPE", cost_csv=f"{rows}c,p,staff,{number},2025-09-01,2026-06-30\n")
        assert (found.field, found.value) == ("amount", number.strip('"'))
        assert ("thousands are not grouped" in found.detail) is ("," in number)


@row(23)
def text_stays_text(box: Box) -> None:
    for name in ("007", "1E5", "TRUE", "2025-01-02", "0x1F", "1_000", " x"):
        assert records(box, "site", site_csv=sites(name))[1].name == name
    assert records(box, "learner", learner_csv="learner_id\n007\n")[0].learner_id == "007"


@row(24)
def formulas(box: Box) -> None:
    names = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''", "'", "＝1", "-", "plain", "don't"]
    submission = read_submission(write(box.path, {"site.csv": sites(*(f'"{name}"' for name in names))}))
    assert [site.name for site in submission.records("site")][1:] == names  # data on reading
    out = write_submission(submission, box.path / "out", format="csv")
    cells = [line.split(",")[2].strip('"') for line in (out / "site.csv").read_bytes().decode().split("\n")[1:-1]]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for cell in cells)
    again = read_submission(out)
    assert [site.name for site in again.records("site")][1:] == names
    assert "CSV-FORMULA" in {finding.code for finding in again.found.findings()}
    assert not again.manifest.csv_escaped  # what is in memory is not escaped


@row(25)
def words_for_nothing(box: Box) -> None:
    for word in ("NA", "null", "-", "#N/A", "NaN", "None"):
        assert records(box, "site", site_csv=sites(word))[1].name == word
    assert box.finds("FLD-CODE", learner_csv="learner_id,gender\nl1,NA\nl2,male\n").value == "NA"


HARBOR = '{"profile": "harbor-program", "as_of": "2026-06-30"}'


@row(25)
def words_for_nothing_that_the_profile_lists(box: Box) -> None:
    """N/A and -99 are read as absent in every form, with the reason that the profile gives, and a note each."""
    rows = [("l1", "N/A", 12, None), ("l2", "male", -99, "lost"), ("l3", "female", None, None)]
    as_csv = "learner_id,gender,entry_gap_days,missing\n" + "".join(
        f"{name},{gender},{'' if gap is None else gap},{f'gender={given}' if given else ''}\n"
        for name, gender, gap, given in rows
    )
    as_json = "".join(
        json.dumps(
            {"learner_id": name, "gender": gender, "entry_gap_days": gap, "missing": given and {"gender": given}}
        )
        + "\n"
        for name, gender, gap, given in rows
    )
    names, genders, gaps, _ = zip(*rows, strict=True)
    frame = pa.table({"learner_id": names, "gender": genders, "entry_gap_days": gaps})
    forms: tuple[dict[str, Any], ...] = (
        {"learner_csv": as_csv},
        {"learner_csv": None, "learner_jsonl": as_json},
        {"learner_csv": None, "learner.parquet": parquet(frame)},
    )
    for files in forms:
        for engine in ("duckdb", "polars", "pandas"):
            found = box.judged(engine, manifest_json=HARBOR, **files).findings
            assert [
                (f.row, f.field, f.value, f.severity, f.detail) for f in found if f.code == "FLD-MISSING-VALUE"
            ] == [
                (1, "gender", "N/A", "note", "It was read as absent: not applicable."),
                (2, "entry_gap_days", "-99", "note", "It was read as absent: not collected."),
            ]
            assert not {"FLD-CODE", "FLD-RANGE"} & {f.code for f in found}
        read = records(box, "learner", manifest_json=HARBOR, **files)
        assert [(one.gender, one.entry_gap_days) for one in read] == [(None, 12), ("male", None), ("female", None)]
        assert read[0].missing == {"gender": Missing.NOT_APPLICABLE}
        submission = read_submission(max(box.path.glob("records*"), key=lambda path: path.stat().st_ctime_ns))
        for engine in map(open_engine, ("duckdb", "polars", "pandas")):
            scored = Blocks(submission, engine, dt.date(2026, 6, 30)).table("learner").sort("learner_id")
            assert engine.collect(scored.select("entry_gap_days"))["entry_gap_days"] == [12, None, None]
        assert [row.get("gender") for row in rows_of(submission, "learner")] == [None, "male", "female"]
        assert read[1].missing["entry_gap_days"] == Missing.NOT_COLLECTED
        report = box.judged(**files)  # under another profile they are what they are
        assert {f.code for f in report.findings} >= {"FLD-CODE", "FLD-RANGE"}
    assert box.judged(manifest_json=HARBOR, learner_csv="learner_id,gender\nN/A,male\n").errors > 0  # a key is required
    folder = box.path / "named"
    folder.mkdir()
    write(folder, {"learner.csv": as_csv})
    assert next(read_submission(folder, profile="harbor-program").records("learner")).gender is None
    with pytest.raises(UsageError, match="no profile"):
        read_submission(folder, profile="moon")


@row(27)
def blank_lines(box: Box) -> None:
    assert box.finds("FIL-BLANK", "note", site_csv=sites().replace("s,", "\n\ns,") + "\n").detail == "(2)"
    assert len(records(box, "site", site_csv=sites() + "\n\nt,p,South\n\n")) == 2


@row(28)
def huge_field(box: Box) -> None:
    """A hundred million characters cost their row, a few times the file in memory, and no more."""
    content = (sites() + "t,p," + "x" * 100_000_000 + "\nu,p,East\n").encode()
    folder = box.path / "large"
    folder.mkdir()
    write(folder, {"site.csv": content})
    tracemalloc.start()
    submission = read_submission(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(f.code, f.row, f.severity) for f in submission.found.findings()] == [("LIM-FIELD", 2, "error")]
    assert [site.name for site in submission.records("site")] == ["North", "East"]
    assert peak < 4 * len(content)
    folder = box.path / "small"
    folder.mkdir()
    submission = read_submission(write(folder, {"site.csv": sites("x" * 50)}), limits=Limits(field_length=49))
    assert [finding.code for finding in submission.found.findings()] == ["LIM-FIELD"]
    box.exits("site", sites("x" * 50), 1, "--limit", "field_length=49")


@row(29)
def many_columns(box: Box) -> None:
    header = "site_id,program_id,name," + ",".join(f"local:{n}" for n in range(100_000))
    assert "100,003" in box.finds("LIM-COLUMNS", site_csv=header + "\n").detail
    box.exits("site", header + "\n", 3)


@row(30)
def totals_row(box: Box) -> None:
    rows = "episode_id,learner_id,site_id,entry_date\ne1,l1,s,2025-09-01\n%s,,,1\n"
    for word in ("Total", "Grand total", "totals:", " SUM "):
        report = box.judged(episode_csv=rows % word)
        found = {finding.code: finding for finding in report.findings if finding.row == 2}
        assert {"FLD-TYPE", "FLD-REQUIRED"} <= set(found)
        assert "looks like a row of totals" in found["FLD-TYPE"].detail
    other = box.finds("FLD-TYPE", episode_csv=rows % "total-1")
    assert "totals" not in other.detail


@row(31)
def files_joined_with_their_headers(box: Box) -> None:
    found = box.finds("CSV-HEADER-AGAIN", site_csv=sites() + "site_id,program_id,name\nt,p,South\n")
    assert (found.row, found.line) == (2, 3)


@row(32)
def keys_twice(box: Box) -> None:
    found = box.finds("JSN-KEY-TWICE", outcome_jsonl=OUTCOME + ', "kind": "diploma"}\n')
    assert found.field == "kind"
    twice = OUTCOME + ', "kind": "diploma"}\n' + OUTCOME + "}\n"
    assert len(records(box, "outcome", outcome_jsonl=twice)) == 1
    box.exits("outcome", twice, 1, suffix="jsonl")
    box.finds("JSN-KEY-TWICE", outcome_jsonl=OUTCOME + ', "local:x": {"a": 1, "a": 1}}\n')


@row(33)
def not_finite(box: Box) -> None:
    for number in ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 400 + ".5"):
        box.finds("NUM-NOT-FINITE", outcome_jsonl=OUTCOME + f', "local:x": {number}}}\n')


@row(34)
def large_integers(box: Box) -> None:
    line = '{"learner_id": "l", "entry_gap_days": 9007199254740993, "local:x": 123456789012345678901234567890}\n'
    found = read_records(line.encode(), "learner", route="detailed")[0]
    assert found.entry_gap_days == 9007199254740993  # type: ignore[attr-defined]
    assert found.extra["local:x"] == 123456789012345678901234567890
    assert records(box, "learner", learner_csv=None, learner_jsonl=line)[0].entry_gap_days == 9007199254740993
    cost = {
        "cost_id": "c",
        "program_id": "p",
        "category": "staff",
        "start_date": "2025-09-01",
        "end_date": "2026-06-30",
    }
    for number, held in ((2**53 + 1, False), (2**53, True), (10**22, True), (10**400, False)):
        line = json.dumps(cost | {"amount": "?"}).replace('"?"', str(number)) + "\n"
        text = "{}\n{}\n".format(",".join([*cost, "amount"]), ",".join([*cost.values(), str(number)]))
        for files in ({"cost_jsonl": line}, {"cost_csv": text}):
            refused = [f for f in box.judged(**files).findings if (f.code, f.field) == ("FLD-TYPE", "amount")]
            assert bool(refused) is not held
            assert all("would be rounded" in finding.detail for finding in refused)
        for route in ("fast", "detailed"):
            if held:
                assert read_records(line.encode(), "cost", route=route)[0].amount == number  # type: ignore[attr-defined, arg-type]
            else:
                with pytest.raises(RefusedRecordsError, match="would be rounded"):
                    read_records(line.encode(), "cost", route=route)  # type: ignore[arg-type]
    beyond = '{"learner_id": "l1", "entry_gap_days": 9223372036854775808}\n{"learner_id": "l2"}\n'
    assert "too large" in box.finds("FLD-TYPE", learner_csv=None, learner_jsonl=beyond).detail


@row(35)
def many_digits(box: Box) -> None:
    began = time.process_time()
    box.finds("JSN-INVALID", outcome_jsonl=OUTCOME + f', "local:x": {"1" * 5000}}}\n')
    text = "cost_id,program_id,category,amount,start_date,end_date\nc,p,other,%s,2025-09-01,2026-06-30\n"
    box.finds("FLD-TYPE", cost_csv=text % ("1" * 5000))
    assert time.process_time() - began < 3


@row(36)
def deep(box: Box) -> None:
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        nested = opened * 100_000 + "1" + closed * 100_000
        box.finds("LIM-DEPTH", outcome_jsonl=OUTCOME + f', "local:x": {nested}}}\n')
    box.finds("LIM-DEPTH", outcome_jsonl=OUTCOME + f', "local:x": {"[" * 64}{"]" * 64}}}\n')
    at_limit = OUTCOME + f', "local:x": {"[" * 63}{"]" * 63}}}\n'
    assert "LIM-DEPTH" not in {finding.code for finding in box.judged(outcome_jsonl=at_limit).findings}
    in_text = OUTCOME + ', "local:x": "' + "[" * 500 + '"}\n'
    assert "LIM-DEPTH" not in {finding.code for finding in box.judged(outcome_jsonl=in_text).findings}


@row(36, 40)
def manifest_that_is_none(box: Box) -> None:
    """A manifest that is nested without end, or says something else than it should, is a finding, and rows are judged."""
    odd = (
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"profile": []}',
        '{"title": 7}',
        '{"synthetic": "no"}',
        '{"title": 1, "title": 2}',
    )
    for text in (*odd, '{"local_files": "x"}', '{"as_of": 5}', "7", '{"as_of": "%s"}' % ("9" * 5000)):
        found = box.finds("MAN-INVALID", manifest_json=text)
        assert len(found.detail) < 400


@row(37)
def lone_surrogate(box: Box) -> None:
    box.finds("JSN-INVALID", outcome_jsonl=OUTCOME + ', "local:x": "\\ud800"}\n')
    box.finds("JSN-INVALID", outcome_jsonl=OUTCOME + ', "local:x": {"\\udfff": [1]}}\n')
    assert box.judged(outcome_jsonl=OUTCOME + ', "local:x": "\\ud83e\\udded"}\n').ok


@row(38)
def truncated(box: Box) -> None:
    found = box.finds("JSN-CUT", outcome_jsonl=OUTCOME + "}\n" + OUTCOME[:30])
    assert (found.row, found.line) == (2, 2)
    assert "character" in found.detail
    assert len(records(box, "outcome", outcome_jsonl=OUTCOME + "}\n" + OUTCOME[:30])) == 1
    box.exits("outcome", OUTCOME + "}\n" + OUTCOME[:30], 1, suffix="jsonl")


@row(39, 40)
def not_one_object(box: Box) -> None:
    for line in (OUTCOME + "} {}", "[1, 2]", "7", '"text"', "null"):
        box.finds("JSN-INVALID", outcome_jsonl=line + "\n")
        box.exits("outcome", line + "\n", 3, suffix="jsonl")
    box.exits("outcome", OUTCOME + "}\n[1, 2]\n", 1, suffix="jsonl")


@row(41)
def whole_number_with_a_point(box: Box) -> None:
    line = '{"learner_id": "l1", "entry_gap_days": 12.0}\n{"learner_id": "l2"}\n'
    found = box.finds("TYP-CAST", "note", learner_csv=None, learner_jsonl=line)
    assert (found.row, found.field, found.detail) == (1, "entry_gap_days", "It was read as 12.")
    assert records(box, "learner", learner_csv=None, learner_jsonl=line)[0].entry_gap_days == 12
    assert read_records(line.encode(), "learner")[0].entry_gap_days == 12  # type: ignore[attr-defined]
    (alone,) = validate_record("learner", {"learner_id": "l1", "entry_gap_days": 12.0})
    assert (alone.code, alone.detail) == (found.code, found.detail)
    box.finds("FLD-TYPE", learner_csv=None, learner_jsonl=line.replace("12.0", "12.5"))
    box.finds("FLD-TYPE", learner_csv="learner_id,entry_gap_days\nl1,12.0\nl2,\n")  # text is not JSON
    box.exits("learner", line, 0, suffix="jsonl")


@row(42)
def unknown_property(box: Box) -> None:
    box.finds("FLD-UNKNOWN", "note", outcome_jsonl=OUTCOME + ', "surprise": 1}\n')
    assert records(box, "outcome", outcome_jsonl=OUTCOME + ', "surprise": 1}\n')[0].extra == {"surprise": 1}


@row(42)
def unknown_property_of_a_closed_record(box: Box) -> None:
    """The profile closes `learner`: there, and nowhere else, an unknown field is an error; a local one is not."""
    text = "learner_id,surprise,wa:local\nl1,x,y\nl2,,\n"
    line = '{"learner_id": "l1", "surprise": "x", "wa:local": "y"}\n{"learner_id": "l2"}\n'
    frame = pa.table({"learner_id": ["l1", "l2"], "surprise": ["x", None], "wa:local": ["y", None]})
    forms: tuple[dict[str, Any], ...] = (
        {"learner_csv": text},
        {"learner_csv": None, "learner_jsonl": line},
        {"learner_csv": None, "learner.parquet": parquet(frame)},
    )
    for files in forms:
        assert box.finds("FLD-UNKNOWN", "error", manifest_json=HARBOR, **files).field == "surprise"
        assert box.finds("FLD-UNKNOWN", "note", **files).field == "surprise"
        kept = records(box, "learner", manifest_json=HARBOR, **files)
        assert kept[0].extra == {"surprise": "x", "wa:local": "y"}
    box.finds("FLD-UNKNOWN", "note", manifest_json=HARBOR, outcome_jsonl=OUTCOME + ', "surprise": 1}\n')
    file = box.path / "learner.csv"
    file.write_text(text)
    for profile, code in (("core", 0), ("harbor-north-site", 1)):
        assert main(["validate", str(file), "--table", "learner", "--profile", profile, "--quiet"]) == code


@row(43)
def names_that_other_languages_act_on(box: Box) -> None:
    given = {"__proto__": {"x": 1}, "constructor": "y", "__class__": "z"}
    line = OUTCOME + ", " + json.dumps(given)[1:] + "\n"
    assert records(box, "outcome", outcome_jsonl=line)[0].extra == given


@row(44)
def yaml(box: Box) -> None:
    file = box.path / "spec.yaml"
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
    for text in (bomb, "a: !!python/object/apply:os.system [x]\n", "a: 1\na: 2\n", "a: !unknown x\n", "a: [\n"):
        file.write_text(text)
        with pytest.raises(SpecError, match=r"spec\.yaml"):
            read_yaml(file)
        assert ended(lambda: len(read_yaml(file))) == 2
    file.write_text("a: no\nb: 12:30:00\nc: 010\n")
    assert read_yaml(file) == {"a": "no", "b": "12:30:00", "c": 10}


@row(45)
def blank_and_marked_lines(box: Box) -> None:
    box.finds("FIL-BLANK", "note", outcome_jsonl=OUTCOME + "}\n\n" + OUTCOME.replace('"o"', '"q"') + "}\n")
    box.finds("ENC-BOM", "note", outcome_jsonl="\ufeff" + OUTCOME + "}\n")
    box.finds("JSN-INVALID", outcome_jsonl=OUTCOME + "}\n\ufeff" + OUTCOME.replace('"o"', '"q"') + "}\n")
