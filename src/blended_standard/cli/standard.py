"""`spec` and `migrate`: read the standard, compare its versions, and bring a submission to another one."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import blended_standard as bs
from blended_standard.cli.command import add_command
from blended_standard.cli.progress import Progress
from blended_standard.errors import UsageError, did_you_mean
from blended_standard.io import migrate
from blended_standard.spec import diff, read_version

_PARTS = {
    "measures": "id",
    "records": "record",
    "codes": "id",
    "rules": "id",
    "profiles": "id",
    "bridges": "id",
    "adapters": "id",
}
_WIDTH = 100


def add_commands(commands: Any) -> None:
    """Add both commands to the parser."""
    spec = commands.add_parser("spec", help="Read the standard, and compare two versions of it.")
    actions = spec.add_subparsers(required=True, metavar="ACTION")
    add_command(actions, "list", "Name all entries of the standard.", _list, "")
    shown = add_command(
        actions,
        "show",
        "Show a measure, record, code list, rule, profile, rule pack or adapter.",
        _show,
        "ENG-01",
        "exit_reason --format json",
    )
    shown.source.add_argument("entry", metavar="ENTRY", help="its id, such as ENG-01, episode, exit_reason or FLD-CODE")
    shown.output.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    compared = add_command(
        actions,
        "diff",
        "Say what changed between two versions, and what that breaks.",
        _diff,
        "spec/versions/0.0.9.json",
        "old/spec new/spec --format json",
    )
    compared.source.add_argument("old", metavar="OLD", help="spec/ directory, or a file of spec/versions/")
    compared.source.add_argument("new", metavar="NEW", nargs="?", help="the same (default: the standard installed)")
    compared.output.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    moved = add_command(
        commands,
        "migrate",
        "Bring a submission to another version of the standard.",
        _migrate,
        "old/ --out new/",
        "old.zip --to 0.1.0 --format parquet --out new/",
    )
    moved.source.add_argument("submission", type=Path, metavar="SUBMISSION", help="directory or .zip")
    moved.work.add_argument(
        "--to", metavar="VERSION", help="version to reach (default: that of the standard installed)"
    )
    moved.output.add_argument("--out", type=Path, required=True, help="new directory")
    moved.output.add_argument("--format", choices=("csv", "jsonl", "parquet"), default="jsonl", help="default: jsonl")
    moved.output.add_argument("--quiet", action="store_true", help="no progress, no summary")


def _list(options: argparse.Namespace, progress: Progress) -> int:
    standard = read_version()
    print(f"{standard['title']}, version {standard['version']} ({standard['status']})")
    for part, key in _PARTS.items():
        names = ", ".join(entry[key] for entry in standard[part])
        print(textwrap.fill(f"{part}: {names}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False))
    return 0


def _show(options: argparse.Namespace, progress: Progress) -> int:
    entry = _entry(options.entry)
    text = json.dumps(entry, indent=1, ensure_ascii=False) if options.format == "json" else "\n".join(_lines(entry))
    print(text)
    return 0


def _entry(name: str) -> Mapping[str, Any]:
    standard = read_version()
    found = {entry[key]: entry for part, key in reversed(_PARTS.items()) for entry in standard[part]}
    if name not in found:
        hint = did_you_mean(name, found)
        raise UsageError(f"The standard has no entry {name!r}.{hint} `blended-standard spec list` names all.")
    entry: Mapping[str, Any] = found[name]
    return entry


def _lines(entry: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield plain data as indented lines that read like the source; what is empty is left out."""
    for name, value in entry.items():
        if isinstance(value, Mapping) and value:
            yield f"{indent}{name}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list) and any(isinstance(each, Mapping) or " " in str(each) for each in value):
            yield f"{indent}{name}:"
            for each in value:
                yield from _item(each, indent + "  ")
        elif value not in (None, "", [], {}):
            said = ", ".join(map(str, value)) if isinstance(value, list) else _said(value)
            yield _wrapped(f"{name}: {said}", indent)


def _item(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        first, *rest = _lines(value, indent + "  ")
        yield f"{indent}- {first.strip()}"
        yield from rest
    else:
        yield _wrapped(f"- {value}", indent)


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False)


def _diff(options: argparse.Namespace, progress: Progress) -> int:
    found = diff(options.old, options.new)
    print(json.dumps(found.to_dict(), indent=1, ensure_ascii=False) if options.format == "json" else found)
    return 0


def _migrate(options: argparse.Namespace, progress: Progress) -> int:
    before = bs.read_submission(options.submission, progress=progress)
    made = migrate(before, to=options.to)
    directory = bs.write_submission(made, options.out, format=options.format)
    progress.close()
    if not options.quiet:
        print(f"Wrote {directory}: {len(made.tables):,} tables, standard {made.manifest.standard}.")
    return 0
