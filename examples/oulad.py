"""The Open University data as a submission: validate it, score it, compare two presentations, write a report.

Data: Open University Learning Analytics Dataset, Kuzilek, Hlosta and Zdrahal (2017), Scientific Data 4,
doi 10.1038/sdata.2017.171, licence CC BY 4.0. It is not part of this repository.

How it maps. A module is a program, a presentation a site, a registration an episode. An episode begins on the later
of the registration and the first day; who left before the first day keeps the days before it. A tutor-marked
assignment or an examination is evidence at level 3, a computer-marked one at level 2. A score of 40 or more is
accepted and decides mastery of that assessment. Days have no clock time in the source: noon stands for all.

Run: python examples/oulad.py ../shared/data/oulad out/oulad
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import polars as pl

import blended_standard as bs

STARTS = {"2013B": dt.date(2013, 2, 1), "2013J": dt.date(2013, 10, 1)}
STARTS |= {"2014B": dt.date(2014, 2, 1), "2014J": dt.date(2014, 10, 1)}
PASS = 40
NOON = dt.time(12, tzinfo=dt.UTC)
POORER = ["0-10%", "10-20%", "10-20"]  # one band is spelt in two ways


def read(source: Path) -> bs.Submission:
    """Turn the five tables of the data set into a submission."""
    info = pl.read_parquet(source / "student_info.parquet")
    registration = pl.read_parquet(source / "student_registration.parquet")
    courses = pl.read_csv(source / "courses.csv")
    works = _works(source)
    stays = _stays(info, registration, courses)
    return bs.Submission.from_tables(
        {
            "program": courses.select(
                program_id="code_module",
                name=pl.format("Module {}", "code_module"),
                time_zone=pl.lit("Europe/London"),
                jurisdiction=pl.lit("Open University"),
            ).unique(maintain_order=True),
            "site": courses.select(
                site_id=pl.format("{}-{}", "code_module", "code_presentation"),
                program_id="code_module",
                name=pl.format("{} {}", "code_module", "code_presentation"),
            ),
            "learner": _learners(info),
            "episode": stays.select(
                "episode_id", "learner_id", "site_id", "entry_date", "exit_date", "exit_reason", "prior_episodes"
            ),
            "outcome": _results(stays),
            "competency": works.select(competency_id="assessment", title=pl.format("Passes {}", "assessment")).unique(),
            "evidence": works.select(
                "evidence_id",
                "episode_id",
                "at",
                "kind",
                "level",
                competency_id="assessment",
                accepted=pl.col("score") >= PASS / 100,
                score="score",
            ),
            "mastery_decision": works.filter(pl.col("score") >= PASS / 100).select(
                "episode_id",
                decision_id="evidence_id",
                competency_id="assessment",
                date=pl.col("at").dt.date(),
                mastered=pl.lit(True),
                evidence_level="level",
                prior_learning="is_banked",
            ),
        },
        manifest={"title": "Open University learning analytics data", "as_of": "2015-12-31", "license": "CC BY 4.0"},
    )


def main(source: Path, target: Path) -> int:
    """Run the whole path and write `report.html` and `report.json`."""
    submission = read(source)
    check = bs.validate(submission)
    print(f"{check.errors:,} errors, {check.warnings:,} warnings")
    scored = bs.score(submission, by=("site",))
    study = bs.compare(scored, outcome="OUT-03", groups=("BBB 2014J", "BBB 2013J"))
    print(study)
    for name in ("report.html", "report.json"):
        bs.report(scored, study, check, to=target / name)
    print(f"Wrote {target / 'report.html'}")
    return 0


def _learners(info: pl.DataFrame) -> pl.DataFrame:
    """One record a person, with what was true at the first registration."""
    return (
        info.sort("code_presentation", "code_module")
        .unique("id_student", keep="first", maintain_order=True)
        .select(
            learner_id=_learner(),
            gender=pl.col("gender").replace_strict({"F": "female", "M": "male"}),
            disability="disability",
            low_income=pl.col("imd_band").is_in(POORER),
        )
    )


def _stays(info: pl.DataFrame, registration: pl.DataFrame, courses: pl.DataFrame) -> pl.DataFrame:
    keys = ["code_module", "code_presentation"]
    left, result = pl.col("date_unregistration"), pl.col("final_result")
    begun = pl.max_horizontal(pl.col("date_registration"), pl.when(left < 0).then(None).otherwise(0))
    known = pl.col("date_registration").is_not_null()
    withdrew = (result == "Withdrawn") | left.is_not_null()
    reason = (
        pl.when(withdrew)
        .then(pl.lit("withdrawn"))
        .otherwise(result.replace_strict({"Fail": "finished_not_passed"}, default="completed_program"))
    )
    end = pl.when(withdrew).then(left).otherwise(pl.col("module_presentation_length"))
    return (
        info.join(registration, on=[*keys, "id_student"], how="left")
        .join(courses, on=keys, how="left")
        .with_columns(start=pl.col("code_presentation").replace_strict(STARTS, return_dtype=pl.Date))
        .select(
            "start",
            "final_result",
            learner_id=_learner(),
            site_id=_site(),
            episode_id=_episode(),
            entry_date=pl.when(known).then(_day(begun)),
            exit_date=_day(end),
            last_day=_day(pl.col("module_presentation_length")),
            exit_reason=reason,
            prior_episodes="num_of_prev_attempts",
        )
    )


def _results(stays: pl.DataFrame) -> pl.DataFrame:
    """The result of the module, on its last day, for all who are not marked as withdrawn."""
    return stays.filter(pl.col("final_result") != "Withdrawn").select(
        "episode_id",
        outcome_id=pl.format("result-{}", "episode_id"),
        kind=pl.lit("program_completion"),
        date="last_day",
        achieved=pl.col("final_result").is_in(["Pass", "Distinction"]),
    )


def _works(source: Path) -> pl.DataFrame:
    assessments = pl.read_csv(source / "assessments.csv").drop("date")
    kind = pl.col("assessment_type").replace_strict({"TMA": "assignment", "CMA": "quiz", "Exam": "exam"})
    return (
        pl.read_parquet(source / "student_assessment.parquet")
        .join(assessments, on="id_assessment", how="left")
        .with_columns(start=pl.col("code_presentation").replace_strict(STARTS, return_dtype=pl.Date))
        .select(
            "is_banked",
            evidence_id=pl.format("{}-{}", "id_assessment", "id_student"),
            assessment=pl.format("{}-{}", "code_module", "id_assessment"),
            episode_id=_episode(),
            at=_day(pl.col("date_submitted")).dt.combine(NOON.replace(tzinfo=None)).dt.replace_time_zone("UTC"),
            kind=pl.when(pl.col("is_banked")).then(pl.lit("carried_over")).otherwise(kind),
            level=pl.col("assessment_type").replace_strict({"TMA": 3, "CMA": 2, "Exam": 3}),
            score=pl.col("score") / 100,
        )
    )


def _learner() -> pl.Expr:
    return pl.format("L{}", "id_student")


def _site() -> pl.Expr:
    return pl.format("{}-{}", "code_module", "code_presentation")


def _episode() -> pl.Expr:
    return pl.format("{}-{}-{}", "code_module", "code_presentation", "id_student")


def _day(number: pl.Expr) -> pl.Expr:
    return pl.col("start") + pl.duration(days=number.cast(pl.Int64))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
