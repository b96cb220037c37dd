"""`import`, `export` and `stream`: documents of neighboring standards in and out."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import attrs

import blended_standard as bs
from blended_standard import adapters
from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.pseudonyms import PseudonymKey

_LOSSES = "losses.json"


def add_commands(commands: Any) -> None:
    """Add the three commands to the parser."""
    purpose = "Read documents of a neighboring standard into a submission."
    taken = commands.add_parser(
        "import",
        help=purpose,
        description=f"{purpose} Example: blended-standard import oneroster set.zip --out submission --key-file key.txt",
    )
    taken.add_argument(
        "standard", choices=tuple(adapters.READERS), metavar="STANDARD", help=", ".join(adapters.READERS)
    )
    taken.add_argument("path", nargs="+", type=Path, metavar="PATH", help="directory, .zip or files, in order")
    taken.add_argument("--out", type=Path, required=True, help="new directory of the submission")
    _add_key(taken)
    taken.add_argument("--profile", default="core", help="profile of the submission (default: core)")
    taken.add_argument("--time-zone", help="IANA zone of bare dates, such as America/Chicago")
    taken.add_argument("--program", action="append", default=[], help="an organization or program to report; repeat it")
    taken.add_argument("--mastery-from", type=int, help="lowest rank of an imported scale that shows mastery")
    taken.add_argument("--as-of", help="an end after this day is a plan, not an exit")
    taken.add_argument("--format", choices=("csv", "jsonl", "parquet"), default="jsonl")
    taken.add_argument("--quiet", action="store_true", help="no summary")
    taken.set_defaults(run=_import)
    purpose = "Write what a neighboring standard can say of a submission."
    given = commands.add_parser(
        "export", help=purpose, description=f"{purpose} Example: blended-standard export clr submission/ --out records"
    )
    given.add_argument(
        "standard", choices=tuple(adapters.WRITERS), metavar="STANDARD", help=", ".join(adapters.WRITERS)
    )
    given.add_argument("path", type=Path, metavar="SUBMISSION", help="directory or .zip")
    given.add_argument("--out", type=Path, required=True, help="new directory")
    given.add_argument("--quiet", action="store_true", help="no summary")
    given.set_defaults(run=_export)
    _add_stream(commands)


def _add_key(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--key-file", type=Path, help="file that holds a name and, after a space, 64 hexadecimal digits"
    )


def _add_stream(commands: Any) -> None:
    purpose = "Stream an event log of any size into Parquet."
    taken = commands.add_parser(
        "stream",
        help=purpose,
        description=f"{purpose} Example: blended-standard stream xapi log.jsonl --out events --key-file key.txt",
    )
    taken.add_argument("standard", choices=adapters.STREAMS, metavar="STANDARD", help=", ".join(adapters.STREAMS))
    taken.add_argument("path", type=Path, metavar="PATH", help="a file of JSON Lines")
    taken.add_argument("--out", type=Path, required=True, help="new directory, or new .parquet file for the acts alone")
    _add_key(taken)
    taken.add_argument("--processes", type=int, help="default: one a core")
    taken.add_argument("--quiet", action="store_true", help="no summary")
    taken.set_defaults(run=_stream)


def _stream(options: argparse.Namespace, _: object) -> int:
    made = adapters.stream(
        options.standard,
        options.path,
        options.out,
        key=_key(options.key_file),
        processes=options.processes,
    )
    if not options.quiet:
        print(f"{made.events:,} events; {made.records:,} records in {', '.join(made.files)}")
        print(made.losses)
        for finding in made.findings:
            print(finding)
    return 1 if any(finding.severity == "error" for finding in made.findings) else 0


def _import(options: argparse.Namespace, _: object) -> int:
    made = adapters.read(
        options.standard,
        options.path[0] if len(options.path) == 1 else options.path,
        profile=options.profile,
        key=_key(options.key_file),
        time_zone=options.time_zone,
        as_of=options.as_of,
        programs=options.program,
        mastery_from=options.mastery_from,
    )
    manifest = attrs.evolve(made.submission.manifest, local_files=(_LOSSES,))
    directory = bs.write_submission(
        attrs.evolve(made.submission, manifest=manifest), options.out, format=options.format
    )
    text = json.dumps(made.to_dict(), indent=1, ensure_ascii=False) + "\n"
    (directory / _LOSSES).write_text(text, encoding="utf-8")
    if not options.quiet:
        print(made)
        losses = made.losses
        print(f"\nvalues: {losses.mapped:,} mapped, {losses.kept:,} kept as local fields, {losses.dropped:,} dropped")
        for finding in made.findings:
            print(finding)
        print(f"Wrote {directory}; {_LOSSES} there says what became of every field.")
    return 1 if any(finding.severity == "error" for finding in made.findings) else 0


def _export(options: argparse.Namespace, _: object) -> int:
    made = adapters.write(options.standard, bs.read_submission(options.path), options.out)
    if not options.quiet:
        print(f"{made.documents:,} documents in {len(made.files):,} files in {options.out}")
        print(made.losses)
    return 0


def _key(file: Path | None) -> PseudonymKey | None:
    """Read a key where one is given; what is wrong with it is said without repeating it."""
    if file is None:
        return None
    try:
        name, secret = file.read_text(encoding="utf-8").split()
        content = bytes.fromhex(secret)
    except OSError:
        raise UnreadableInputError(f"{file}: the key file cannot be read.") from None
    except ValueError:
        raise UsageError(f"{file}: expected a name and, after a space, 64 hexadecimal digits.") from None
    return PseudonymKey(name, content)
