"""Files of text as bytes, sound and not: name, what it pins, input, expected; every count was made by hand."""

from __future__ import annotations

import base64
from typing import Any

HEAD = "site_id,program_id,name\ns,p,North\n"
LINE = '{"site_id": "s", "program_id": "p", "name": "North"}\n'
Case = tuple[str, str, dict[str, Any], dict[str, Any]]


def csv(pins: str, name: str, content: str | bytes, records: int, *, valid: bool = False, table: str = "site") -> Case:
    return _case("csv", pins, name, content, records, valid, table)


def jsonl(pins: str, name: str, content: str | bytes, records: int, *, valid: bool = False) -> Case:
    return _case("jsonl", pins, f"JSON Lines: {name}", content, records, valid, "site")


def _case(format_: str, pins: str, name: str, content: str | bytes, records: int, valid: bool, table: str) -> Case:
    raw = content.encode() if isinstance(content, str) else content
    given = {"table": table, "format": format_, "base64": base64.b64encode(raw).decode()}
    return name, pins, given, {"valid": valid, "records": records}


FILES: list[Case] = [
    csv("valid", "two columns more than are needed", "site_id,program_id,name,latitude\ns,p,North,\n", 1, valid=True),
    csv("ENC-BOM", "a byte-order mark", "\ufeff" + HEAD, 1, valid=True),
    csv("ENC-NOT-UTF8", "UTF-16 with a mark", HEAD.encode("utf-16"), 0),
    csv("ENC-NOT-UTF8", "UTF-16 without a mark", HEAD.encode("utf-16-le"), 0),
    csv("ENC-NOT-UTF8", "a letter of Latin-1 costs its row alone", HEAD.encode() + b"t,p,Orl\xe9ans\nu,p,East\n", 2),
    csv("ENC-NOT-UTF8", "an overlong sequence", HEAD.encode() + b"t,p,\xc0\xaf\n", 1),
    csv("ENC-NOT-UTF8", "a surrogate", HEAD.encode() + b"t,p,\xed\xa0\x80\n", 1),
    csv("ENC-NUL", "a NUL", HEAD + "t,p,So\0uth\n", 1),
    csv("ENC-CONTROL", "a control character", HEAD + "t,p,So\x1buth\n", 1),
    csv("ENC-BIDI", "a change of direction is kept", HEAD + "t,p,abc\u202ecba\n", 2, valid=True),
    csv("ENC-EOL", "three kinds of line ends", HEAD + "t,p,South\r\nu,p,East\rv,p,West\n", 4, valid=True),
    csv("valid", "CR LF throughout", HEAD.replace("\n", "\r\n"), 1, valid=True),
    csv("valid", "the last line does not end", HEAD + "t,p,South", 2, valid=True),
    csv("valid", "a line separator of Unicode ends nothing", HEAD + "t,p,South\u2028wing\u0085\n", 2, valid=True),
    csv("valid", "a line break in quotes ends nothing", HEAD + 't,p,"South\nwing"\n', 2, valid=True),
    csv("valid", "a comma in quotes", HEAD + 't,p,"South, wing"\n', 2, valid=True),
    csv("valid", "quotes in quotes", HEAD + 't,p,"The ""South"" wing"\n', 2, valid=True),
    csv("CSV-WIDTH", "a row too short", HEAD + "t,p\nu,p,East\n", 2),
    csv("CSV-WIDTH", "a row too long", HEAD + "t,p,South,more\nu,p,East\n", 2),
    csv("CSV-WIDTH", "a comma at the end", HEAD + "t,p,South,\nu,p,East\n", 2),
    csv("CSV-CUT", "a quote that is not closed", HEAD + 't,p,"South\nu,p,East\n', 1),
    csv("CSV-QUOTE", "quotes in a field that is not quoted", HEAD + 't,p,The "South" wing\nu,p,East\n', 2),
    csv("CSV-QUOTE", "text after a closing quote", HEAD + 't,p,"South" wing\nu,p,East\n', 2),
    csv("CSV-HEADER-TWICE", "a column twice", "site_id,name,name\ns,p,North\n", 0),
    csv("CSV-HEADER-AGAIN", "the header again", HEAD + "site_id,program_id,name\nt,p,South\n", 2),
    csv("CSV-NO-HEADER", "no header", "s,p,North\nt,p,South\n", 0),
    csv("CSV-DELIMITER", "semicolons", HEAD.replace(",", ";"), 0),
    csv("CSV-DELIMITER", "tabs", HEAD.replace(",", "\t"), 0),
    csv("FIL-EMPTY", "nothing", "", 0),
    csv("FIL-EMPTY", "blank lines alone", "\n\n", 0),
    csv("FIL-NO-ROWS", "a header alone", "site_id,program_id,name\n", 0, valid=True),
    csv("FIL-BLANK", "a blank line between rows", HEAD + "\nt,p,South\n", 2, valid=True),
    csv("FLD-MISSING-COLUMN", "a required column is not there", "site_id,name\ns,North\n", 1),
    csv("FLD-TYPE", "a whole number with an exponent", "learner_id,entry_gap_days\nl,1e2\n", 1, table="learner"),
    csv("IDS-TWICE-SAME", "a row twice is warned of", HEAD + "s,p,North\n", 2, valid=True),
    csv("IDS-TWICE", "one key, two rows", HEAD + "s,p,South\n", 2),
    jsonl("valid", "one record", LINE, 1, valid=True),
    jsonl("ENC-BOM", "a byte-order mark", "\ufeff" + LINE, 1, valid=True),
    jsonl("FIL-BLANK", "a blank line", LINE + "\n" + LINE.replace('"s"', '"t"'), 2, valid=True),
    jsonl("JSN-CUT", "cut in the last line", LINE + LINE[:30], 1),
    jsonl("JSN-INVALID", "two objects on a line", LINE + LINE[:-1] + " {}\n", 1),
    jsonl("JSN-INVALID", "an array", LINE + "[1]\n", 1),
    jsonl("JSN-INVALID", "a mark in the middle", LINE + "\ufeff" + LINE.replace('"s"', '"t"'), 1),
    jsonl("JSN-INVALID", "half a character", LINE + LINE.replace("North", "\\ud800").replace('"s"', '"t"'), 1),
    jsonl("JSN-KEY-TWICE", "a key twice", LINE + '{"site_id": "t", "site_id": "t", "program_id": "p", "name": "x"}\n', 1),
    jsonl("NUM-NOT-FINITE", "NaN", LINE + '{"site_id": "t", "program_id": "p", "name": "x", "x:y": NaN}\n', 1),
    jsonl("NUM-NOT-FINITE", "1e400", LINE + '{"site_id": "t", "program_id": "p", "name": "x", "x:y": 1e400}\n', 1),
    jsonl("ENC-NUL", "an escaped NUL", LINE + LINE.replace("North", "a\\u0000").replace('"s"', '"t"'), 1),
    jsonl("valid", "names that other languages act on", LINE[:-2] + ', "__proto__": {"a": 1}}\n', 1, valid=True),
]  # fmt: skip
