"""What came after exit: credentials, work, wages, postsecondary study (WIOA indicators and their cousins)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blended_standard.measures.blocks import Blocks
from blended_standard.measures.calendar import quarter_of
from blended_standard.measures.expressions import flag, one
from blended_standard.measures.registry import Parameters, measure

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

_SECONDARY = ("diploma", "equivalency")


@measure("OUT-08")
def credential_attainment(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Exiters with a credential, or with a diploma and then work or study, of exiters (OUT-08)."""
    import narwhals.stable.v2 as nw

    window = int(parameters["window_days"])
    exits = _exits(blocks).select("episode_id", "entry", "exit_date", "exempt")
    limit = nw.col("exit_date") + window
    inside = (nw.col("date") >= nw.col("entry")) & (nw.col("date") <= limit)
    awards = blocks.table("credential").select("episode_id", "kind", "recognized", date="awarded_date")
    secondary = nw.col("kind").is_in(list(_SECONDARY))
    credential = awards.filter(~secondary, nw.col("recognized").fill_null(False))
    outcomes = blocks.table("outcome").filter(nw.col("achieved").fill_null(False))
    credential = nw.concat(
        [
            credential.select("episode_id", "date"),
            outcomes.filter(nw.col("kind") == "credential").select("episode_id", "date"),
        ]
    )
    diploma = nw.concat(
        [awards.filter(secondary).select("episode_id", "date"), outcomes.filter(secondary).select("episode_id", "date")]
    )
    busy = (nw.col("employed").fill_null(False)) | (nw.col("in_education").fill_null(False))
    later = nw.concat(
        [
            blocks.table("follow_up")
            .filter(nw.col("status") == "found", busy)
            .select("episode_id", date="quarter_start"),
            blocks.table("postsecondary_enrollment").select("episode_id", date="start_date"),
        ]
    )
    after = (nw.col("date") > nw.col("exit_date")) & (nw.col("date") <= limit)
    sides = {
        name: rows.filter(nw.col("date") <= blocks.as_of)
        .join(exits, on="episode_id")
        .filter(keep)
        .select("episode_id")
        .unique("episode_id")
        .with_columns(one().alias(name))
        for name, rows, keep in (
            ("credential", credential, inside),
            ("diploma", diploma, inside),
            ("busy", later, after),
        )
    }
    units = exits
    for side in sides.values():
        units = units.join(side, on="episode_id", how="left")
    done = (nw.col("credential") == 1).fill_null(False) | (
        (nw.col("diploma") == 1).fill_null(False) & (nw.col("busy") == 1).fill_null(False)
    )
    immature = limit > blocks.as_of
    return units.with_columns(
        x=flag(done),
        y=one(),
        excluded=nw.coalesce(nw.when(immature).then(nw.lit("not_mature")), nw.col("exempt")),
    ).select("episode_id", "x", "y", "excluded")


@measure("OUT-09")
def second_quarter_rate(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Exiters at work or in education in the second quarter after exit, of exiters (OUT-09)."""
    return _quarter_rate(blocks, parameters, 2)


@measure("OUT-10")
def fourth_quarter_rate(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Exiters at work or in education in the fourth quarter after exit, of exiters (OUT-10)."""
    return _quarter_rate(blocks, parameters, 4)


@measure("OUT-11")
def median_earnings(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Wages of those employed in the second quarter after exit (OUT-11)."""
    import narwhals.stable.v2 as nw

    del parameters
    known = _quarter(blocks, 2).filter(nw.col("employed") == 1)
    immature = nw.col("quarter") >= nw.col("now")
    return (
        _exits(blocks)
        .join(known.select("episode_id", "employed", "wages"), on="episode_id")
        .with_columns(quarter=quarter_of(nw.col("exit_date")) + 2, now=_now(blocks))
        .with_columns(
            x=nw.when(nw.col("wages") > 0).then(nw.col("wages")),
            excluded=nw.coalesce(nw.when(immature).then(nw.lit("not_mature")), nw.col("exempt")),
            covered=flag(nw.col("wages") > 0),
            needed=one(),
        )
        .select("episode_id", "x", "excluded", "covered", "needed")
    )


@measure("OUT-12")
def same_employer(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Employed by the same employer in the fourth quarter after exit as in the second, of those employed (OUT-12)."""
    import narwhals.stable.v2 as nw

    del parameters
    employed = nw.col("employed").fill_null(False) & nw.col("unsubsidized").fill_null(True)
    jobs = _rows(blocks).filter(nw.col("status") == "found", employed)
    second = jobs.filter(nw.col("after") == 2)
    named = (
        second.with_columns(known=flag(~nw.col("employer_id").is_null()))
        .group_by("episode_id")
        .agg(nw.col("known").max())
    )
    fourth = jobs.filter(nw.col("after") == 4, ~nw.col("employer_id").is_null()).select("episode_id", "employer_id")
    same = second.join(fourth, on=["episode_id", "employer_id"]).select("episode_id").unique("episode_id")
    immature = quarter_of(nw.col("exit_date")) + 4 >= nw.col("now")
    return (
        _exits(blocks)
        .join(named, on="episode_id")
        .join(same.with_columns(same=one()), on="episode_id", how="left")
        .with_columns(now=_now(blocks))
        .with_columns(
            x=nw.when(nw.col("known") == 1).then(flag(nw.col("same") == 1)),
            y=one(),
            excluded=nw.coalesce(nw.when(immature).then(nw.lit("not_mature")), nw.col("exempt")),
            covered=nw.col("known"),
            needed=one(),
        )
        .select("episode_id", "x", "y", "excluded", "covered", "needed")
    )


@measure("OUT-13")
def postsecondary_enrollment(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """Graduates enrolled after high school within the window, of graduates (OUT-13)."""
    import narwhals.stable.v2 as nw

    window = int(parameters["within_days"])
    study = _study(blocks)
    entered = (
        study.filter(nw.col("start_date") <= nw.col("graduated") + window)
        .select("episode_id")
        .unique("episode_id")
        .with_columns(entered=one())
    )
    immature = nw.col("graduated") + window > blocks.as_of
    return (
        _graduates(blocks)
        .join(entered, on="episode_id", how="left")
        .with_columns(
            x=nw.col("entered").fill_null(0).cast(nw.Int64),
            y=one(),
            excluded=nw.when(immature).then(nw.lit("not_mature")),
        )
        .select("episode_id", "x", "y", "excluded")
    )


@measure("OUT-14")
def postsecondary_persistence(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """First-year enrollees enrolled anywhere in the second year, of first-year enrollees (OUT-14)."""
    import narwhals.stable.v2 as nw

    years = int(parameters["completion_years"])
    graduated = nw.col("graduated")
    study = _study(blocks)
    end = nw.col("end_date").fill_null(10**6)
    first = study.filter(nw.col("start_date") <= graduated + 365).select("episode_id", "graduated").unique("episode_id")
    second = study.filter(nw.col("start_date") <= graduated + 730, end > graduated + 365)
    done = study.filter(nw.col("completed").fill_null(False), nw.col("end_date") <= graduated + 365 * years)
    marks = {"second": second, "done": done}
    units = first
    for name, rows in marks.items():
        found = rows.select("episode_id").unique("episode_id").with_columns(one().alias(name))
        units = units.join(found, on="episode_id", how="left")
    kept = (nw.col("second").fill_null(0) == 1) | (nw.col("done").fill_null(0) == 1)
    mature = graduated + 365 * years <= blocks.as_of
    return units.with_columns(
        x=flag(kept),
        y=one(),
        x_completion=nw.when(mature).then(flag(nw.col("done") == 1)),
        excluded=nw.when(graduated + 730 > blocks.as_of).then(nw.lit("not_mature")),
    ).select("episode_id", "x", "y", "x_completion", "excluded")


@measure("OUT-15")
def developmental_courses(blocks: Blocks, parameters: Parameters) -> nw.LazyFrame[Any]:
    """First-year enrollees in a developmental course, of first-year enrollees (OUT-15)."""
    import narwhals.stable.v2 as nw

    del parameters
    known = (
        _study(blocks)
        .filter(nw.col("start_date") <= nw.col("graduated") + 365)
        .with_columns(
            x=nw.when(~nw.col("remedial").is_null()).then(flag(nw.col("remedial"))),
            mature=flag(nw.col("graduated") + 365 <= blocks.as_of),
        )
        .group_by("episode_id")
        .agg(nw.col("x").max(), nw.col("mature").min())
    )
    return known.with_columns(
        y=one(),
        excluded=nw.when(nw.col("mature") == 0).then(nw.lit("not_mature")),
        covered=flag(~nw.col("x").is_null()),
        needed=one(),
    ).select("episode_id", "x", "y", "excluded", "covered", "needed")


def _quarter_rate(blocks: Blocks, parameters: Parameters, after: int) -> nw.LazyFrame[Any]:
    import narwhals.stable.v2 as nw

    education = nw.col("studies") == 1 if parameters["education"] else nw.lit(False)
    busy = ((nw.col("employed") == 1) | education).fill_null(False)
    unknown = nw.col("found").fill_null(0) == 0
    immature = quarter_of(nw.col("exit_date")) + after >= nw.col("now")
    exempt = nw.when((nw.col("let_off") == 1).fill_null(False)).then(nw.lit("exempt"))
    return (
        _exits(blocks)
        .join(_quarter(blocks, after), on="episode_id", how="left")
        .with_columns(now=_now(blocks))
        .with_columns(
            x=flag(busy),
            y=one(),
            lost=flag(unknown & ~busy),
            excluded=nw.coalesce(nw.when(immature).then(nw.lit("not_mature")), nw.col("exempt"), exempt),
            covered=flag(~unknown),
            needed=one(),
        )
        .select("episode_id", "x", "y", "lost", "excluded", "covered", "needed")
    )


def _now(blocks: Blocks) -> nw.Expr:
    """The quarter in which the as-of date lies; only quarters before it are whole."""
    import narwhals.stable.v2 as nw

    return quarter_of(nw.lit(blocks.as_of, nw.Int64))


def _exits(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Episodes that have ended, with `exempt` for those who died."""
    import narwhals.stable.v2 as nw

    died = nw.col("exit_reason").is_in(list(blocks.standard.codes["exit_reason"].names(role="death")))
    exempt = nw.when(died.fill_null(False)).then(nw.lit("exempt"))
    return blocks.episodes.filter(nw.col("exited")).with_columns(exempt=exempt)


def _rows(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Follow-ups of exiters with `after`, the calendar quarters since that of the exit."""
    import narwhals.stable.v2 as nw

    exits = _exits(blocks).select("episode_id", "exit_date")
    return (
        blocks.table("follow_up")
        .filter(nw.col("quarter_start") <= blocks.as_of)
        .join(exits, on="episode_id")
        .with_columns(after=quarter_of(nw.col("quarter_start")) - quarter_of(nw.col("exit_date")))
    )


def _quarter(blocks: Blocks, after: int) -> nw.LazyFrame[Any]:
    """What is known of one quarter after exit: employed, studies, found, let_off (0 or 1), wages."""
    import narwhals.stable.v2 as nw

    seen = nw.col("status") == "found"
    return (
        _rows(blocks)
        .filter(nw.col("after") == after)
        .with_columns(
            employed=flag(seen & nw.col("employed").fill_null(False)),
            studies=flag(seen & nw.col("in_education").fill_null(False)),
            found=flag(nw.col("status").is_in(["found", "not_found"])),
            let_off=flag(nw.col("status") == "exempt"),
            wages=nw.when(seen).then(nw.col("wages")),
        )
        .group_by("episode_id")
        .agg(
            nw.col("employed").max(),
            nw.col("studies").max(),
            nw.col("found").max(),
            nw.col("let_off").max(),
            nw.col("wages").max(),
        )
    )


def _graduates(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Episodes in which a regular diploma was earned: episode_id, graduated (the first day)."""
    import narwhals.stable.v2 as nw

    days = nw.concat(
        [
            blocks.table("outcome")
            .filter(nw.col("kind") == "diploma", nw.col("achieved").fill_null(False))
            .select("episode_id", "date"),
            blocks.episodes.filter(nw.col("exit_reason") == "completed_diploma").select(
                "episode_id", date=nw.col("exit_date")
            ),
        ]
    )
    return (
        days.filter(nw.col("date") <= blocks.as_of)
        .join(blocks.spans.select("episode_id"), on="episode_id")
        .group_by("episode_id")
        .agg(graduated=nw.col("date").min())
    )


def _study(blocks: Blocks) -> nw.LazyFrame[Any]:
    """Enrolments after graduation, begun by the as-of date."""
    import narwhals.stable.v2 as nw

    return (
        blocks.table("postsecondary_enrollment")
        .filter(nw.col("start_date") <= blocks.as_of)
        .join(_graduates(blocks), on="episode_id")
        .filter(nw.col("start_date") >= nw.col("graduated"))
    )
