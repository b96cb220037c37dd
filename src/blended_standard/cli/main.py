"""`blended-standard`: arguments in, exit code out (see `exits`); all work is done by the public API."""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import blended_standard as bs
from blended_standard._files import temporary_directory, write_whole
from blended_standard._version import __version__
from blended_standard.cli import conformance, exchange, generate, standard
from blended_standard.cli.command import Command, add_command, add_limits, limits_of, one_of
from blended_standard.cli.exits import EXIT_CODES, check_output, ended
from blended_standard.cli.progress import Progress
from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.io import Submission
from blended_standard.measures import MeasureReport
from blended_standard.measures.bridge import claim
from blended_standard.measures.mastery_map import GROUPS
from blended_standard.model import RECORDS
from blended_standard.report import brief
from blended_standard.results import Result
from blended_standard.validate import ValidationReport, explain, render
from blended_standard.validate.formats import FORMATS

_RULE_DAYS = 365  # an attendance rule of `brief` is applied to the year that ends on the as-of day

_EXAMPLES = """examples:
  blended-standard validate submission/
  blended-standard score submission/ --by program --as-of 2026-06-30 --format json
  blended-standard report north/ south/ --groups "North" "South" --outcome OUT-03 --out report.html
  blended-standard brief north/ south/ --outcome OUT-03 --out brief.html
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # the same bytes in any locale
    progress = Progress(quiet=getattr(options, "quiet", True))
    try:
        return ended(lambda: _run(options, progress), stage=lambda: progress.step, debug=options.debug)
    finally:
        progress.close()


def _run(options: argparse.Namespace, progress: Progress) -> int:
    """See that what is to be written can be, then run the command."""
    given = getattr(options, "submission", [])
    inputs = given if isinstance(given, list) else [given]
    if getattr(options, "follow", False) and options.out is not None:
        options.out = options.out.resolve()
    for name in ("out", "page"):
        if getattr(options, name, None) is not None:
            check_output(getattr(options, name), inputs)
    code: int = options.run(options, progress)
    return code


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="blended-standard",
        description="Validate, score, compare and report outcomes of blended-learning programs.",
        epilog=f"{_EXAMPLES}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"blended-standard {__version__}")
    parser.add_argument("--debug", action="store_true", help="show where the program itself failed")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_validate(commands)
    explained = add_command(
        commands, "explain", "Say what a rule means and how to mend what breaks it.", _explain, "FLD-CODE"
    )
    explained.source.add_argument("code", metavar="CODE", help="code of a rule, such as FLD-CODE")
    conformance.add_commands(commands)
    _add_score(commands)
    _add_compare(commands)
    _add_report(commands)
    _add_brief(commands)
    exchange.add_commands(commands)
    standard.add_commands(commands)
    generate.add_commands(commands)
    return parser


def _add_validate(commands: Any) -> None:
    made = _of_submissions(
        commands,
        "validate",
        "Say what is wrong with a submission.",
        _validate,
        "submission/",
        "submission.zip --profile wioa --format html --out findings.html",
        "episode.csv --table episode --fix-suggestions",
    )
    made.source.add_argument(
        "--table", type=one_of(tuple(RECORDS)), metavar="TABLE", help="judge this table alone, from a file or from -"
    )
    made.source.add_argument("--input-format", choices=("csv", "jsonl"), default="csv", help="of - (default: csv)")
    made.work.add_argument("--strict", action="store_true", help="warnings too make the exit code 1")
    made.output.add_argument("--format", choices=tuple(FORMATS), default="text", help="default: text")
    made.output.add_argument("--fix-suggestions", action="store_true", help="name the nearest code in text")


def _add_score(commands: Any) -> None:
    made = _of_submissions(
        commands,
        "score",
        "Compute measures.",
        _score,
        "submission/",
        "submission/ --measures ENG-01,OUT-03 --by program,low_income --as-of 2026-06-30",
        "north/ south/ --by site --format csv --out measures.csv",
    )
    _add_scoring(made)
    made.output.add_argument("--format", choices=("text", "json", "csv"), default="text", help="default: text")


def _add_compare(commands: Any) -> None:
    made = _of_submissions(
        commands,
        "compare",
        "Compare two groups on one measure.",
        _compare,
        'submission/ --groups "Harbor" "Mill"',
        'north/ south/ --groups "North" "South" --outcome OUT-01',
        'submission/ --by site --groups "East" "West" --format json --out study.json',
    )
    _add_scoring(made)
    _add_grouping(made, required=True)
    made.output.add_argument("--format", choices=("text", "json", "csv"), default="text", help="default: text")


def _add_report(commands: Any) -> None:
    made = _of_submissions(
        commands,
        "report",
        "Read, validate, score, compare and write a page for people.",
        _report,
        "submission/ --out report.html",
        'north/ south/ --groups "North" "South" --outcome OUT-03 --out report.html',
        "submission/ --ledger releases.json --out report.json",
    )
    _add_scoring(made)
    _add_grouping(made, required=False)
    made.output.add_argument("--title", help="title of the page")
    made.output.add_argument(
        "--map-by", choices=GROUPS, default="site", help="columns of the mastery map (default: site)"
    )
    made.output.add_argument(
        "--ledger", type=Path, help="file of the releases so far; this one is checked against it and added"
    )
    made.output.add_argument("--format", choices=("html", "json"), help="default: by the ending of --out, else html")


def _add_brief(commands: Any) -> None:
    made = _of_submissions(
        commands,
        "brief",
        "Compare two groups on two printed pages for people who decide.",
        _brief,
        "submission/ --out brief.html",
        'north/ south/ --groups "North" "South" --outcome OUT-03 --out brief.html',
        "submission/ --design study.json --rule none --out brief.html",
    )
    _add_scoring(made)
    _add_grouping(made, required=False)
    made.work.add_argument("--design", type=Path, help="JSON of how the study was done (compare.Study), for the rating")
    made.work.add_argument(
        "--rule", default="BR-07", help="bridge measure of the attendance rule, or none (default: BR-07)"
    )
    made.output.add_argument("--title", help="title of the brief")
    made.output.add_argument("--ledger", type=Path, help="file of the releases so far, to which this one is added")


def _of_submissions(commands: Any, name: str, purpose: str, run: Any, *examples: str) -> Command:
    """Add a command that reads submissions."""
    made = add_command(commands, name, purpose, run, *examples)
    made.source.add_argument("submission", nargs="+", type=Path, metavar="SUBMISSION", help="directory, .zip or files")
    made.source.add_argument("--encoding", default="utf-8", help="of files of text, such as utf-16 (default: utf-8)")
    add_limits(made.source)
    made.work.add_argument("--profile", help="profile to use (default: that of the manifest)")
    made.work.add_argument("--engine", help="duckdb, polars or pandas (default: the first installed)")
    made.output.add_argument("--out", type=Path, help="write to this file")
    made.output.add_argument(
        "--follow", action="store_true", help="where --out is a symbolic link, write to its target"
    )
    made.output.add_argument("--quiet", action="store_true", help="no progress, no summary")
    return made


def _add_scoring(made: Command) -> None:
    made.work.add_argument("--measures", default="core", help="a profile's name or ids with commas (default: core)")
    made.work.add_argument(
        "--by", default="program", help="groups with commas: program, site, low_income, ... (default: program)"
    )
    made.work.add_argument("--as-of", metavar="DATE", help="nothing after it counts (default: that of the manifest)")


def _add_grouping(made: Command, *, required: bool) -> None:
    made.work.add_argument("--outcome", default="OUT-03", help="measure to compare on (default: OUT-03)")
    made.work.add_argument("--groups", nargs=2, required=required, metavar=("FIRST", "SECOND"), help="the two groups")


def _validate(options: argparse.Namespace, progress: Progress) -> int:
    with temporary_directory() as directory:
        if options.table or Path("-") in options.submission:
            submissions = [_read_one(_one_table(options, Path(directory)), options, progress)]
        else:
            submissions = _read(options, progress)
        checks = [_check(submission, options, progress) for submission in submissions]
    progress.close()
    _emit(options, render(checks, options.format, suggest=options.fix_suggestions))
    if any(map(_nothing_judged, checks)):
        return 3
    fine = all(check.ok and not (options.strict and check.warnings) for check in checks)
    return 0 if fine else 1


def _nothing_judged(check: ValidationReport) -> bool:
    """Say whether files could not be read and no row was left to judge."""
    unread = any(f.severity == "error" and f.code != "TAB-MISSING" for f in check.findings)
    return unread and not any(table.read for table in check.tables)


def _one_table(options: argparse.Namespace, directory: Path) -> Path:
    """Return one file, or standard input, under the name of its table."""
    source = options.submission[0]
    if len(options.submission) > 1:
        raise UsageError("--table and - take one file. Leave them out to judge several files together.")
    if options.table is None:
        raise UsageError("- needs --table, the name of the table that standard input holds.")
    if source == Path("-"):
        target = directory / f"{options.table}.{options.input_format}"
        with target.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        return target
    if not source.is_file():
        what = "not a file; --table judges one. Leave it out to judge all tables" if source.exists() else "no such file"
        raise UnreadableInputError(f"{source}: {what}.")
    target = directory / f"{options.table}{source.suffix}"
    target.symlink_to(source.resolve())
    return target


def _explain(options: argparse.Namespace, progress: Progress) -> int:
    print(explain(options.code))
    return 0


def _score(options: argparse.Namespace, progress: Progress) -> int:
    scored = _measure(_read(options, progress), options, progress)
    progress.close()
    _emit(options, _formatted(scored, options.format))
    return 0


def _compare(options: argparse.Namespace, progress: Progress) -> int:
    scored = _measure(_read(options, progress), options, progress)
    study = bs.compare.compare_groups(scored, outcome=options.outcome, groups=options.groups)
    progress.close()
    _emit(options, _formatted(study, options.format))
    return 0


def _report(options: argparse.Namespace, progress: Progress) -> int:
    submissions = _read(options, progress)
    checks = [_check(submission, options, progress) for submission in submissions]
    scored = _measure(submissions, options, progress)
    groups = options.groups or _two_groups(scored, options.outcome)
    study = [bs.compare.compare_groups(scored, outcome=options.outcome, groups=groups)] if groups else []
    pictures = [picture for each in submissions for picture in _pictures(each, options, progress)]
    text = bs.report(
        scored,
        *study,
        *pictures,
        *checks,
        to=options.out,
        format=options.format,
        title=options.title,
        ledger=options.ledger,
    )
    progress.close()
    if options.out is None:
        print(text)
    elif not options.quiet:
        print("\n\n".join([render(checks), scored.to_text(), *map(str, study)]))
        print(f"\nWrote {options.out} ({len(text.encode()) / 1024:,.0f} KiB).")
    return 0 if all(check.ok for check in checks) else 1


def _brief(options: argparse.Namespace, progress: Progress) -> int:
    submissions = _read(options, progress)
    scored = _measure(submissions, options, progress)
    groups = options.groups or _two_groups(scored, options.outcome)
    if groups is None:
        raise UsageError(f"--groups is needed: {options.outcome} does not have a value in exactly two groups.")
    study = bs.compare.compare_groups(scored, outcome=options.outcome, groups=groups, design=_design(options.design))
    period = (scored.as_of - dt.timedelta(days=_RULE_DAYS - 1), scored.as_of)
    rules = (
        []
        if options.rule == "none"
        else [claim(options.rule, each, period=period, by=scored.by) for each in submissions]
    )
    text = brief(study, scored, *rules, to=options.out, title=options.title, ledger=options.ledger)
    progress.close()
    if options.out is None:
        print(text)
    elif not options.quiet:
        print(f"{study}\n\nWrote {options.out} ({len(text.encode()) / 1024:,.0f} KiB).")
    return 0


def _design(path: Path | None) -> bs.compare.Study | None:
    if path is None:
        return None
    try:
        return bs.compare.Study.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise UsageError(f"{path} does not hold a study design as compare.Study.to_dict() writes it.") from error


def _read(options: argparse.Namespace, progress: Progress) -> list[Submission]:
    """Read each directory or archive as a submission of its own, and loose files as one together."""
    whole = [path for path in options.submission if path.is_dir() or path.suffix == ".zip"]
    loose = [path for path in options.submission if path not in whole]
    sources: list[Any] = [*whole, *([loose] if loose else [])]
    return [_read_one(source, options, progress) for source in sources]


def _read_one(source: Any, options: argparse.Namespace, progress: Progress) -> Submission:
    choices = {"encoding": options.encoding, "limits": limits_of(options), "progress": progress}
    return bs.read_submission(source, profile=options.profile, **choices)


def _check(submission: Submission, options: argparse.Namespace, progress: Progress) -> ValidationReport:
    partial = getattr(options, "table", None) is not None
    return bs.validate(submission, profile=options.profile, engine=options.engine, partial=partial, progress=progress)


def _measure(submissions: list[Submission], options: argparse.Namespace, progress: Progress) -> MeasureReport:
    measures = options.measures.split(",") if "," in options.measures else options.measures
    by = tuple(name for name in options.by.split(",") if name)
    parts = [
        bs.score(
            submission,
            measures,
            by=by,
            as_of=options.as_of,
            engine=options.engine,
            profile=options.profile,
            progress=progress,
        )
        for submission in submissions
    ]
    return parts[0] if len(parts) == 1 else bs.merge(parts)


def _pictures(submission: Submission, options: argparse.Namespace, progress: Progress) -> list[Result]:
    """Return the mastery map and the engagement calendar, where the submission has what they show."""
    choices = {"as_of": options.as_of, "engine": options.engine, "profile": options.profile}
    progress("pictures")
    mastered = bs.mastery_map(submission, options.map_by, **choices)
    engaged = bs.engagement_calendar(submission, **choices)
    shown: list[tuple[Result, bool]] = [
        (mastered, bool(mastered.lines)),
        (engaged, any(day.active for day in engaged.days)),
    ]
    return [picture for picture, there in shown if there]


def _two_groups(scored: MeasureReport, outcome: str) -> tuple[str, str] | None:
    """Return the two groups when there are exactly two with a value."""
    found = [entry.label for entry in scored.select(outcome) if entry.value is not None]
    return (found[0], found[1]) if len(found) == 2 else None


def _formatted(found: Result, kind: str) -> str:
    if kind == "csv":
        return found.to_csv().rstrip("\r\n")
    if kind == "json":
        return json.dumps(found.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    return found.to_text()


def _emit(options: argparse.Namespace, text: str) -> None:
    if options.out is None:
        print(text)
    else:
        write_whole(options.out, text + "\n")
