"""The calls by which a neighboring standard is read, streamed and written."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blended_standard._files import whole_directory
from blended_standard.adapters.kinds import package
from blended_standard.adapters.records import whole_records
from blended_standard.adapters.result import Export, Import, LossReport
from blended_standard.adapters.work import Options, zone_named
from blended_standard.errors import UnreadableInputError, UsageError
from blended_standard.io import LIMITS, Limits, Submission
from blended_standard.pseudonyms import PseudonymKey

if TYPE_CHECKING:
    from blended_standard.adapters.streams import Streamed

READERS: Mapping[str, str] = {
    name: name for name in ("oneroster", "case", "ctdl", "xapi", "caliper", "cmi5", "open_badges", "edfi", "ceds")
} | {"clr": "open_badges"}
STREAMS = ("xapi", "caliper")
WRITERS: Mapping[str, tuple[str, str]] = {
    "case": ("case_out", "write"),
    "clr": ("credentials_out", "write_records"),
    "open_badges": ("credentials_out", "write_badges"),
    "pirl": ("pirl", "write"),
    "ceds": ("ceds", "write"),
    "edfi": ("edfi_out", "write"),
}
Source = str | Path | Iterable[str | Path]
KeySource = str | Path | Mapping[str, Any]


def read(
    standard: str,
    source: Source,
    *,
    profile: str = "core",
    key: PseudonymKey | None = None,
    time_zone: str | None = None,
    as_of: dt.date | str | None = None,
    schemes: Mapping[str, str] | None = None,
    programs: Iterable[str] = (),
    keep: Iterable[str] = (),
    gap_days: int = 30,
    staff_fte: float | None = None,
    mastery_from: int | None = None,
    keys: KeySource | Iterable[KeySource] | None = None,
    contexts: Mapping[str, str | Path | Mapping[str, Any]] | None = None,
    limits: Limits = LIMITS,
) -> Import:
    """Read documents of a neighboring standard.

    Parameters
    ----------
    standard : str
        One of `READERS`.
    source : path, or several
        A directory, a zip archive, a file, or a list of them in the order in which they apply.
    profile : str
        Profile of the submission that is made.
    key : PseudonymKey, optional
        Key of the pseudonyms. Without one, a key is drawn that nobody keeps, and a finding says so.
    time_zone : str, optional
        IANA zone in which bare dates of the source are meant, where it states none.
    as_of : date, optional
        An end after this day is a plan, not an exit.
    schemes : mapping, optional
        New names of identifier schemes. Two sources whose identifiers are the same people's join when their schemes
        have one name: `{"https://lms.example": "oneroster"}`.
    programs : iterable of str
        Identifiers of the organizations that are programs.
    keep : iterable of str
        Unknown fields, named as the loss report names them, that were seen to hold nothing about a person.
    gap_days : int
        Enrolments of a learner at a site with a gap of at most this many days are one episode.
    staff_fte : float, optional
        Full-time equivalent of a role of staff, where the source states none.
    mastery_from : int, optional
        Lowest rank of an imported scale that shows mastery.
    keys : path, JWK, or several, optional
        Public keys of issuers whose signatures on credentials are checked: files or mappings that hold a JWK, a JWK
        set, PEM, or a document that lists verification methods. Needs the extra `signatures`.
    contexts : mapping, optional
        JSON-LD contexts by their address, as files or mappings, beside those that the library holds.
    limits : Limits
        How much is read of files, of archives and, in CSV, of columns and values.

    Returns
    -------
    Import
        With `.submission`, `.losses` and `.findings`.

    Raises
    ------
    UsageError
        The standard, profile, zone or an option is not known, or `keys` holds no public key.
    MissingExtraError
        `keys` were given, and the package that verifies is not installed.
    UnreadableInputError
        Nothing is there, or it is another format or version; the message names which.

    Examples
    --------
    >>> read("oneroster", "nowhere")
    Traceback (most recent call last):
    blended_standard.errors.UnreadableInputError: nowhere: no such file or directory. ...
    """
    if standard not in READERS:
        raise UsageError(f"standard={standard!r} is not read. Accepted: {', '.join(READERS)}.")
    if (keys is not None or contexts) and READERS[standard] != "open_badges":
        raise UsageError(f"keys and contexts check signatures of 'open_badges' and 'clr', not of {standard!r}.")
    options = make_options(
        profile=profile,
        key=key,
        time_zone=time_zone,
        as_of=as_of,
        schemes=schemes,
        programs=programs,
        keep=keep,
        gap_days=gap_days,
        staff_fte=staff_fte,
        mastery_from=mastery_from,
        keys=keys,
        contexts=contexts,
        limits=limits,
    )
    source = source if isinstance(source, str | Path) else list(source)
    for each in [source] if isinstance(source, str | Path) else source:
        other = None if standard == "cmi5" else package(standard, each, limits)
        if other:
            raise UnreadableInputError(f"{each}: {other}")
    found: Import = _module(READERS[standard]).read(source, options)
    return found


def stream(
    standard: str,
    source: str | Path,
    target: str | Path,
    *,
    key: PseudonymKey | None = None,
    schemes: Mapping[str, str] | None = None,
    keep: Iterable[str] = (),
    time_zone: str | None = None,
    processes: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Streamed:
    """Stream an event log of any size into Parquet, with bounded memory.

    Parameters
    ----------
    standard : {"xapi", "caliper"}
        The standard of the events.
    source : path
        A file of JSON Lines: one statement, event or envelope a line.
    target : path
        A new `.parquet` file for the acts alone, or a new directory for acts, evidence and what else a log says:
        contacts, answers to surveys and items, and attendance as it was noted.
    key, schemes, keep, time_zone
        As for `read`.
    processes : int, optional
        Default: one a core. More need a system that can fork.
    progress : callable, optional
        Called with the number of events so far.

    Returns
    -------
    Streamed
        Each record holds its learner's pseudonym as `episode_id`, until it is joined with a roster.

    Raises
    ------
    UsageError
        The standard holds no events, or the target is there already.
    UnreadableInputError
        The source is not there, or of a version that is not read.

    Examples
    --------
    >>> stream("case", "events.jsonl", "activity.parquet")
    Traceback (most recent call last):
    blended_standard.errors.UsageError: standard='case' holds no events. Accepted: xapi, caliper.
    """
    if standard not in STREAMS:
        raise UsageError(f"standard={standard!r} holds no events. Accepted: {', '.join(STREAMS)}.")
    from blended_standard.adapters.streams import stream_log

    options = make_options(key=key, schemes=schemes, keep=keep, time_zone=time_zone)
    return stream_log(standard, source, target, options, processes=processes, progress=progress)


def write(standard: str, submission: Submission | Import, target: str | Path) -> Export:
    """Write what a neighboring standard can say of a submission into a new directory.

    Parameters
    ----------
    standard : str
        One of `WRITERS`.
    submission : Submission or Import
        Tables in memory.
    target : path
        A directory; it must not exist, or be empty.

    Returns
    -------
    Export
        The files, and what the standard could not say.

    Raises
    ------
    UsageError
        The standard is not written, or the target holds something.

    Examples
    --------
    >>> write("xapi", Submission.from_tables({}), "out")
    Traceback (most recent call last):
    blended_standard.errors.UsageError: standard='xapi' is not written. Accepted: ...
    """
    if standard not in WRITERS:
        raise UsageError(f"standard={standard!r} is not written. Accepted: {', '.join(WRITERS)}.")
    directory = Path(target)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is there already and not an empty directory. Name a new one.")
    taken = submission.submission if isinstance(submission, Import) else submission
    module, function = WRITERS[standard]
    tables, left = whole_records(taken)
    with whole_directory(directory) as working:
        made: Export = getattr(_module(module), function)(tables, working)
    files = tuple(str(directory / Path(file).relative_to(working)) for file in made.files)
    losses = LossReport(
        standard=standard, fields=(*made.losses.fields, *left.fields), records=(*made.losses.records, *left.records)
    )
    return Export(standard=standard, files=files, documents=made.documents, losses=losses, findings=made.findings)


def make_options(
    *,
    profile: str = "core",
    key: PseudonymKey | None = None,
    time_zone: str | None = None,
    as_of: dt.date | str | None = None,
    schemes: Mapping[str, str] | None = None,
    programs: Iterable[str] = (),
    keep: Iterable[str] = (),
    gap_days: int = 30,
    staff_fte: float | None = None,
    mastery_from: int | None = None,
    keys: KeySource | Iterable[KeySource] | None = None,
    contexts: Mapping[str, str | Path | Mapping[str, Any]] | None = None,
    limits: Limits = LIMITS,
) -> Options:
    """Check what the caller says."""
    if key is not None and not isinstance(key, PseudonymKey):
        raise UsageError("key is not a PseudonymKey. Pass blended_standard.privacy.PseudonymKey(key_id, secret).")
    if isinstance(as_of, str):
        try:
            as_of = dt.date.fromisoformat(as_of)
        except ValueError:
            raise UsageError(f"as_of={as_of!r} is not a date such as 2026-06-30.") from None
    if time_zone is not None:
        zone_named(time_zone)
    if gap_days < 0:
        raise UsageError(f"gap_days={gap_days} is negative. Accepted: 0 or more.")
    if staff_fte is not None and not 0 <= staff_fte <= 2:
        raise UsageError(f"staff_fte={staff_fte} is outside 0 to 2.")
    return Options(
        profile=profile,
        key=key,
        time_zone=time_zone,
        as_of=as_of,
        schemes=dict(schemes or {}),
        programs=tuple(programs),
        keep=tuple(keep),
        gap_days=gap_days,
        staff_fte=staff_fte,
        mastery_from=mastery_from,
        keys=keys,
        contexts=contexts,
        limits=limits,
    )


def _module(name: str) -> Any:
    return importlib.import_module(f"blended_standard.adapters.{name}")
