"""`import`, `export` and `stream`: documents of neighboring standards in and out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import attrs

import blended_standard as bs
from blended_standard import adapters
from blended_standard.cli.command import Command, add_command, add_limits, limits_of, one_of
from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.pseudonyms import PseudonymKey
from blended_standard.results import counted

_LOSSES = "losses.json"


def add_commands(commands: Any) -> None:
    """Add the three commands to the parser."""
    _add_import(commands)
    _add_export(commands)
    _add_stream(commands)


def _add_import(commands: Any) -> None:
    made = add_command(
        commands,
        "import",
        "Read documents of a neighboring standard into a submission.",
        _import,
        "oneroster set.zip --out submission --key-file key.txt",
        "xapi log.jsonl --out submission --key-file key.txt --time-zone America/Chicago",
        "case framework.json --out framework --format csv",
        "cmi5 course.zip --out course",
        "open_badges badges/ --out awards --key-file key.txt --keys issuer.jwk",
    )
    _add_standard(made, tuple(adapters.READERS))
    made.source.add_argument("path", nargs="+", type=Path, metavar="PATH", help="directory, .zip or files, in order")
    add_limits(made.source)
    _add_key(made)
    made.work.add_argument("--profile", default="core", help="profile of the submission (default: core)")
    made.work.add_argument("--time-zone", help="IANA zone of bare dates, such as America/Chicago")
    made.work.add_argument(
        "--program", action="append", default=[], help="an organization or program to report; repeat it"
    )
    made.work.add_argument("--mastery-from", type=int, help="lowest rank of an imported scale that shows mastery")
    made.work.add_argument(
        "--keys",
        action="append",
        type=Path,
        metavar="FILE",
        help="public keys, to check signatures: PEM, JWK, JWK set or a document of verification methods; repeat it",
    )
    made.work.add_argument(
        "--context",
        action="append",
        default=[],
        metavar="ADDRESS=FILE",
        help="a JSON-LD context beside those that are held, to check signatures; repeat it",
    )
    made.work.add_argument("--as-of", metavar="DATE", help="an end after this day is a plan, not an exit")
    made.output.add_argument("--out", type=Path, required=True, help="new directory of the submission")
    made.output.add_argument("--format", choices=("csv", "jsonl", "parquet"), default="jsonl", help="default: jsonl")
    _add_quiet(made)


def _add_export(commands: Any) -> None:
    made = add_command(
        commands,
        "export",
        "Write what a neighboring standard can say of a submission.",
        _export,
        "clr submission/ --out records",
        "case submission.zip --out frameworks",
        "pirl submission/ --out extract",
    )
    _add_standard(made, tuple(adapters.WRITERS))
    made.source.add_argument("path", type=Path, metavar="SUBMISSION", help="directory or .zip")
    made.output.add_argument("--out", type=Path, required=True, help="new directory")
    _add_quiet(made)


def _add_stream(commands: Any) -> None:
    made = add_command(
        commands,
        "stream",
        "Stream an event log of any size into Parquet.",
        _stream,
        "xapi log.jsonl --out events --key-file key.txt",
        "caliper events.jsonl --out acts.parquet --key-file key.txt --processes 2",
    )
    _add_standard(made, tuple(adapters.STREAMS))
    made.source.add_argument("path", type=Path, metavar="PATH", help="a file of JSON Lines")
    _add_key(made)
    made.work.add_argument("--time-zone", help="IANA zone of local days, such as America/Chicago")
    made.work.add_argument("--processes", type=int, help="default: one a core")
    made.output.add_argument(
        "--out", type=Path, required=True, help="new directory, or new .parquet file for the acts alone"
    )
    _add_quiet(made)


def _add_standard(made: Command, names: Collection[str]) -> None:
    made.source.add_argument("standard", type=one_of(names), metavar="STANDARD", help=", ".join(names))


def _add_key(made: Command) -> None:
    made.work.add_argument(
        "--key-file",
        type=Path,
        help="key of the pseudonyms: a file that holds a name and, after a space, 64 hexadecimal digits",
    )


def _add_quiet(made: Command) -> None:
    made.output.add_argument("--quiet", action="store_true", help="no summary")


def _stream(options: argparse.Namespace, _: object) -> int:
    made = adapters.stream(
        options.standard,
        options.path,
        options.out,
        key=_key(options.key_file),
        time_zone=options.time_zone,
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
        keys=options.keys,
        contexts=dict(map(_context, options.context)),
        limits=limits_of(options),
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
        if losses.absent:
            print(f"not there, and required by the profile: {', '.join(losses.absent)}; join it with what holds them")
        for finding in made.findings:
            print(finding)
        print(f"Wrote {directory}; {_LOSSES} there says what became of every field.")
    return 1 if any(finding.severity == "error" for finding in made.findings) else 0


def _export(options: argparse.Namespace, _: object) -> int:
    made = adapters.write(options.standard, bs.read_submission(options.path), options.out)
    if not options.quiet:
        print(f"{counted(made.documents, 'document')} in {counted(len(made.files), 'file')} in {options.out}")
        print(made.losses)
    return 0


def _context(given: str) -> tuple[str, str]:
    """Return the address and the file of a context."""
    address, _, file = given.rpartition("=")
    if not address:
        raise UsageError(f"--context {given!r} is not of the form ADDRESS=FILE.")
    return address, file


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
