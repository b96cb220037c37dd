"""How a command shows itself: its purpose, its options by task, examples, and the exit codes."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Collection
from typing import Any

import attrs

from blended_standard.cli.exits import EXIT_CODES
from blended_standard.errors import UsageError
from blended_standard.io import LIMITS, Limits


@attrs.frozen
class Command:
    """A parser whose options stand in three groups, by what they are about."""

    parser: argparse.ArgumentParser
    source: Any
    work: Any
    output: Any


def add_command(commands: Any, name: str, purpose: str, run: Callable[..., int], *examples: str) -> Command:
    """Add a command; `examples` are what follows its name on lines that work.

    `run` gets the options and the progress, and returns the exit code.
    """
    parser = commands.add_parser(
        name, help=purpose, description=purpose, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    lines = "".join(f"  {parser.prog} {rest}".rstrip() + "\n" for rest in examples)
    parser.epilog = f"examples:\n{lines}\n{EXIT_CODES}"
    parser.set_defaults(run=run)
    source, work, output = map(parser.add_argument_group, ("what is read", "what is done", "what is written"))
    return Command(parser, source, work, output)


def one_of(names: Collection[str]) -> Callable[[str], str]:
    """Return a type of argument that takes one of many names, and answers another with the nearest."""

    def known(given: str) -> str:
        if given in names:
            return given
        near = difflib.get_close_matches(given, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"accepted: {', '.join(names)}"
        raise argparse.ArgumentTypeError(f"{given!r} is not known; {hint}")

    return known


def add_limits(group: Any) -> None:
    """Add the option that changes how much is read."""
    defaults = ", ".join(f"{name}={value}" for name, value in attrs.asdict(LIMITS).items())
    group.add_argument(
        "--limit",
        dest="limits",
        type=_limit,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"read more or less before a finding or a refusal; repeat it (defaults: {defaults})",
    )


def limits_of(options: argparse.Namespace) -> Limits:
    """Return the limits that the options ask for."""
    return Limits(**dict(options.limits))


def _limit(given: str) -> tuple[str, int]:
    name, _, value = given.partition("=")
    known = one_of(tuple(attrs.asdict(LIMITS)))(name)
    try:
        Limits(**{known: int(value)})
    except (ValueError, UsageError):
        raise argparse.ArgumentTypeError(f"{given!r}: expected a whole number from 1, as in {known}=100") from None
    return known, int(value)
