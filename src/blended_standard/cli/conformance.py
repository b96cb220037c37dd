"""`conformance`: ask a program the vectors of a class, and check a statement that came of it."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import Any

from blended_standard._files import write_whole
from blended_standard.cli.command import add_command
from blended_standard.cli.progress import Progress
from blended_standard.validate.conformance import CLASSES, check_statement, run_conformance
from blended_standard.validate.conformance.page import statement_text


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    kit = commands.add_parser("conformance", help="Find out whether a program does what the standard says.")
    actions = kit.add_subparsers(required=True, metavar="ACTION")
    run = add_command(
        actions,
        "run",
        "Ask a program every vector of a class.",
        _run,
        "--command 'node calculator.mjs'",
        "--command ./reader --class consumer --format html > statement.html",
        '--command ./calculate --out statement.json --signed-off-by "A. Name"',
    )
    run.source.add_argument("--command", required=True, help="what starts the program; it reads and writes JSON lines")
    run.work.add_argument("--class", dest="conformance_class", choices=tuple(CLASSES), default="calculator")
    run.work.add_argument("--timeout", type=float, default=30.0, help="seconds for one answer (default: 30)")
    run.output.add_argument("--format", choices=("text", "json", "html"), default="text", help="of what is printed")
    run.output.add_argument("--out", type=Path, help="write the statement as JSON to this file")
    run.output.add_argument("--page", type=Path, help="write the statement as an HTML page to this file")
    run.output.add_argument("--signed-off-by", metavar="NAME", help="who answers for the statement; it is dated today")
    check = add_command(
        actions,
        "check",
        "Say whether a statement is whole and made with what is installed here.",
        _check,
        "statement.json",
    )
    check.source.add_argument("statement", type=Path, metavar="STATEMENT", help="statement as JSON")


def _run(options: argparse.Namespace, progress: Progress) -> int:
    statement = run_conformance(
        options.command,
        options.conformance_class,
        timeout=options.timeout,
        signed_off_by=options.signed_off_by,
        signed_off_on=dt.date.today() if options.signed_off_by else None,
    )
    if options.out:
        write_whole(options.out, statement_text(statement, "json") + "\n")
    if options.page:
        write_whole(options.page, statement_text(statement, "html"))
    print(statement_text(statement, options.format))
    return 0 if statement.conforms else 1


def _check(options: argparse.Namespace, progress: Progress) -> int:
    problems = check_statement(options.statement)
    print("\n".join(problems) or "The statement is whole, and of the standard and the vectors installed here.")
    return 1 if problems else 0
