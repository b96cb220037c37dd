"""Rows 89 to 102: numbers and statistics. Each method has tests of its own; here is what the list asks of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from fractions import Fraction

import attrs
import numpy as np
import pyarrow as pa
import pytest

from blended_standard import compare, scoring
from blended_standard.engine import open_engine
from blended_standard.errors import NotComparableError, NotEstimableError, UsageError
from blended_standard.io import read_records
from blended_standard.measures import ComparabilityKey, comparable, score
from blended_standard.model import RECORDS
from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.results import Estimate
from tests.measures.make_vectors_core import act, stay
from tests.measures.vectors import submission
from tests.validate.reliability import Box, records, row

WORK = '{"evidence_id": "w", "episode_id": "e1", "at": "2025-09-03T15:04:05Z", "kind": "assignment", "score": %s}\n'
EVEN = np.arange(20) % 2


@row(89)
def minus_zero(box: Box) -> None:
    minus, plus = (read_records((WORK % text).encode(), "evidence", route="detailed")[0] for text in ("-0.0", "0"))
    assert math.copysign(1, minus.score) == 1  # type: ignore[attr-defined]
    assert minus == plus
    assert hash(minus.score) == hash(plus.score)  # type: ignore[attr-defined]
    read = records(box, "evidence", evidence_jsonl=WORK % "-0.0")[0]
    assert math.copysign(1, read.score) == 1


@row(90)
def denormal(box: Box) -> None:
    assert records(box, "evidence", evidence_jsonl=WORK % "5e-324")[0].score == 5e-324
    rows = {"evidence_id": ["w"], "episode_id": ["e1"], "score": [5e-324]}
    for name in ("duckdb", "polars", "pandas"):
        with open_engine(name) as engine:
            bound = engine.bind(pa.table(rows), RECORDS["evidence"]).frame
            assert engine.collect(bound.select("score"))["score"] == [5e-324]


@row(90)
def division_by_what_is_nearly_nothing(box: Box) -> None:
    """Every function of `compare` and `scoring` gets denormal numbers in `tests/properties/test_any_argument.py`."""
    tiny = compare.hedges_g([5e-324, 0.0, 5e-324], [0.0, 0.0, 5e-324])
    assert tiny.value == pytest.approx(hedges([1, 0, 1], [0, 0, 1]), rel=1e-12)
    y, weights = np.arange(20.0), np.ones(20)
    weights[0] = 5e-324
    calls: tuple[Callable[[], object], ...] = (
        lambda: compare.least_squares(y, {"x": y**2}, weights=weights),
        lambda: compare.least_squares(y, {"x": np.where(EVEN, 5e-324, 0.0)}),
        lambda: compare.risk_ratio(5e-324, 10, 5, 10),
        lambda: compare.meta.meta_analysis([0.1, 0.2], [0.1, 5e-324]),
    )
    for call in calls:
        with pytest.raises(UsageError, match=r"too near 0|of which the square|is not positive"):
            call()


@row(91)
def cancellation(box: Box) -> None:
    """Values of 1e9 that differ by thousandths: the mean and the spread of what the doubles really hold."""
    first, second = [1e9 + 5e-3, 1e9 + 6e-3, 1e9 + 4e-3, 1e9 + 9e-3], [1e9, 1e9 + 1e-3, 1e9 + 2e-3]
    exact = hedges(first, second)
    assert compare.hedges_g(first, second).value == pytest.approx(exact, rel=1e-12)
    large = [1e16, 1.0, -1e16]
    vast = compare.hedges_g([1e308, 1.5e308, 1.2e308], [0.9e308, 1e308, 1.1e308])
    assert vast.value is None or math.isfinite(vast.value)
    assert compare.hedges_g(large, [0.0, 1.0, 2.0]).value == pytest.approx(hedges(large, [0.0, 1.0, 2.0]), rel=1e-12)


@row(91)
def values_far_from_zero(box: Box) -> None:
    """Whole multiples of 2**-10 around 2**30 differ exactly as those around 0: so must what depends on differences."""
    rng, far = np.random.default_rng(3), 2.0**30
    y, x = rng.integers(-2000, 2000, (2, 40)) / 1024
    items = rng.integers(0, 4000, (40, 1)) / 1024 + rng.integers(0, 900, (40, 5)) / 1024
    arm, eight, half = np.arange(40) % 2, np.arange(40) // 5, np.full(40, 0.5)

    def found(out: float, beside: float) -> list[Estimate]:
        covariates = {"x": x + beside}
        calls: tuple[Callable[[], Estimate], ...] = (
            lambda: compare.least_squares(y + out, covariates).coefficient("x"),
            lambda: compare.least_squares(y + out, covariates, clusters=eight).coefficient("x"),
            lambda: compare.least_squares(y + out, covariates, se="classical").coefficient("x"),
            lambda: compare.weighted_difference(y + out, arm),
            lambda: compare.doubly_robust(y + out, arm, covariates=covariates, scores=half),
            lambda: compare.random_intercept(y + out, eight, covariates=covariates).coefficient("x"),
            lambda: compare.random_slope(y + out, eight, covariates=covariates, slopes=["x"]).coefficient("x"),
            lambda: compare.discrete_time_hazard(eight + 1, arm, covariates=x + beside).coefficients[0],
        )
        return [call() for call in calls]

    for out, beside in ((far, 0.0), (0.0, far), (far, far)):
        for near, away in zip(found(0.0, 0.0), found(out, beside), strict=True):
            assert (away.value, away.se) == (
                pytest.approx(near.value, rel=1e-12), pytest.approx(near.se, rel=1e-12))  # fmt: skip
    near, away = (compare.balance_table(arm, {"x": x + out}).covariates[0].smd_before for out in (0.0, far))
    assert away == pytest.approx(near, rel=1e-12)
    near, away = (scoring.reliability.alpha(items + out).value for out in (0.0, far))
    assert away == pytest.approx(near, rel=1e-12)


@row(91)
def sums_that_overflow(box: Box) -> None:
    """A measure whose sums go beyond what a number can hold has a reason, and not a ratio of 0."""
    costs = [
        {"cost_id": name, "program_id": "p", "category": "staff", "amount": 1.7e308}
        | {"start_date": "2025-09-01", "end_date": "2026-06-30"}
        for name in "abc"
    ]
    tables = {"episode": [stay()], "activity": [act(0)], "cost": costs}
    for engine in ("duckdb", "polars"):
        found = score(submission(tables), "OUT-17", by=(), as_of="2026-12-31", engine=engine).one("OUT-17")
        assert found.value is None
        assert "beyond what a number can hold" in (found.reason or "")


def hedges(first: list[float], second: list[float]) -> float:
    a, b = ([Fraction(x) for x in values] for values in (first, second))
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    squares = sum((x - mean_a) ** 2 for x in a) + sum((x - mean_b) ** 2 for x in b)
    df = len(a) + len(b) - 2
    size = abs(float((mean_a - mean_b) ** 2 / (squares / df))) ** 0.5
    return (1 - 3 / (4 * df - 1)) * (size if mean_a > mean_b else -size)


@row(92)
def what_cannot_be(box: Box) -> None:
    found = box.finds("FLD-RANGE", evidence_jsonl=WORK % "85")
    assert (found.field, found.value) == ("score", "85.0")
    assert "0 to 1" in found.detail
    box.finds("FLD-RANGE", evidence_jsonl=WORK % "-0.01")
    for gap, code in ((-1, "FLD-RANGE"), (1.5, "FLD-TYPE")):
        box.finds(code, learner_csv=None, learner_jsonl=(
            json.dumps({"learner_id": "l1", "entry_gap_days": gap}) + '\n{"learner_id": "l2"}\n'))  # fmt: skip
    with pytest.raises(UsageError, match="from 0 up to 1"):
        compare.cox_index(85, 0.5, n_treated=10, n_comparison=10)


@row(93, 94)
def nothing_to_divide_by(box: Box) -> None:
    for first, second in (([1, 1, 1], [1, 1, 1]), ([2, 2], [1, 1]), ([1], [1, 2]), ([], [1, 2]), ([], [])):
        found = compare.hedges_g(first, second)
        assert found.value is None
        assert found.reason
    one = score(submission({"episode": [stay()], "activity": [act(0)]}), "ENG-01", by=(), as_of="2026-12-31")
    assert one.one("ENG-01").se is None
    assert one.one("ENG-01").interval is None
    with pytest.raises(UsageError, match="missing or infinite"):
        compare.hedges_g([1.0, float("nan")], [1.0, 2.0])


@row(95)
def few_clusters(box: Box) -> None:
    rng = np.random.default_rng(1)
    y, x = rng.normal(size=20), {"x": rng.normal(size=20)}
    with pytest.raises(NotEstimableError, match="one cluster"):
        compare.least_squares(y, x, clusters=np.zeros(20))
    four = np.arange(20) % 4
    few = compare.least_squares(y, x, clusters=four)
    assert {note.code for note in few.notes} >= {"few-clusters", "few-df"}
    assert "small-sample" in few.notes[0].text
    assert "4 clusters, which are few" in few.coefficient("x").method
    twice = compare.doubly_robust(y, EVEN, covariates=x, scores=np.full(20, 0.5), clusters=four)
    assert (twice.df, "4 clusters, which are few" in twice.method) == (3, True)


@row(95)
def fewer_clusters_than_coefficients(box: Box) -> None:
    """Refused, but for fixed effects of the clusters; so are as many covariates of clusters as there are clusters."""
    rng = np.random.default_rng(1)
    y, four, people = rng.normal(size=24), np.arange(24) % 4, rng.normal(size=(24, 4))
    few = "4 clusters are fewer than the 5 coefficients"
    with pytest.raises(NotEstimableError, match=few):
        compare.least_squares(y, people, clusters=four)
    with pytest.raises(NotEstimableError, match=few):
        compare.doubly_robust(y, np.arange(24) // 4 % 2, covariates=people, scores=np.full(24, 0.5), clusters=four)
    with pytest.raises(NotEstimableError, match=few):
        compare.meta.robust_meta_analysis(y, np.full(24, 0.1), clusters=four, moderators=people)
    own = np.column_stack([people[:, 0], *((four == place).astype(float) for place in (1, 2, 3))])
    fixed = compare.least_squares(y, own, clusters=four)
    assert "cluster-effects" in {note.code for note in fixed.notes}
    assert fixed.coefficient("x1").se == pytest.approx(clustered_by_hand(y, people[:, 0], four), rel=1e-9)
    of_clusters = rng.normal(size=(4, 3))[four]
    calls: tuple[Callable[[], object], ...] = (
        lambda: compare.least_squares(y, of_clusters, clusters=four),
        lambda: compare.random_intercept(y, four, covariates=of_clusters),
        lambda: compare.meta.robust_meta_analysis(y, np.full(24, 0.1), clusters=four, moderators=of_clusters),
        lambda: compare.meta.three_level_meta_analysis(y, np.full(24, 0.1), clusters=four, moderators=of_clusters),
    )
    for call in calls:
        with pytest.raises(NotEstimableError, match="every difference between the 4 clusters"):
            call()


def clustered_by_hand(y: Floats, x: Floats, clusters: Integers) -> float:
    """CR2 of one slope within clusters (Pustejovsky & Tipton 2018): each cluster's sum over the root of what it leaves."""
    gap, away = (values - np.array([values[clusters == c].mean() for c in clusters]) for values in (x, y))
    slope = gap @ away / (gap @ gap)
    sums = np.array([gap[clusters == c] @ (away - slope * gap)[clusters == c] for c in np.unique(clusters)])
    left = np.array([1 - gap[clusters == c] @ gap[clusters == c] / (gap @ gap) for c in np.unique(clusters)])
    return float(np.sqrt((sums**2 / left).sum()) / (gap @ gap))


@row(96)
def separation(box: Box) -> None:
    with pytest.raises(NotEstimableError, match="Column age separates"):
        compare.ipw((np.arange(20) > 9).astype(int), {"age": np.arange(20.0)})
    early = (np.arange(20) < 10).astype(int)
    both = np.column_stack([np.arange(20) % 3, early])
    with pytest.raises(NotEstimableError, match="Covariate given separates"):
        compare.proportional_hazards(np.arange(1, 21), early, covariates=both, covariate_names=["age", "given"])
    with pytest.raises(NotEstimableError, match=r"The predictors \(.*given\) separate"):
        compare.discrete_time_hazard(np.arange(20) % 4 + 1, early, covariates=both, covariate_names=["age", "given"])


@row(97)
def collinear(box: Box) -> None:
    x = np.arange(20.0)
    with pytest.raises(NotEstimableError, match="Column b is a linear combination"):
        compare.least_squares(x**2, {"a": x, "b": 2 * x})
    three = np.column_stack([x % 3, x % 5, 2 * (x % 3)])
    with pytest.raises(NotEstimableError, match=r"Covariate a, c .*repeats another"):
        compare.proportional_hazards(x + 1, np.ones(20), covariates=three, covariate_names=["a", "b", "c"])


@row(98)
def nothing_seen(box: Box) -> None:
    with pytest.raises(NotEstimableError, match="Every record is censored"):
        compare.cumulative_incidence([1, 2, 3], [0, 0, 0])
    with pytest.raises(NotEstimableError, match="times is empty"):
        compare.kaplan_meier([], [])
    with pytest.raises((NotEstimableError, UsageError), match="answer"):
        scoring.irt.fit(np.full((20, 4), np.nan), model="1pl")
    nobody = score(submission({"episode": [stay(last=None)]}), "OUT-03", by=(), as_of="2026-02-01").one("OUT-03")
    assert (nobody.value, nobody.status.value) == (None, "not_mature")
    assert nobody.reason


@row(99)
def not_converged(box: Box) -> None:
    """A search that stopped early is refused with its steps and its gradient; so are weights that cannot balance."""
    answers = (np.random.default_rng(1).random((200, 6)) < 0.5).astype(float)
    with pytest.raises(NotEstimableError, match=r"after 1 steps without converging; the largest gradient is \d"):
        scoring.irt.fit(answers, model="2pl", max_iterations=1)
    with pytest.raises(NotEstimableError, match=r"after 1 steps without converging; the largest gradient is \d"):
        scoring.bkt.fit(answers, max_iterations=1)
    with pytest.raises(NotEstimableError, match=r"lies outside their convex hull"):
        compare.entropy_balance((np.arange(20) > 9).astype(int), {"a": np.arange(20.0)})


@row(100)
def weights(box: Box) -> None:
    y, x = np.arange(20.0), {"x": np.arange(20.0) ** 2}
    for given, says in ((np.r_[-1.0, np.ones(19)], "negative"), (np.zeros(20), "all zero")):
        with pytest.raises(UsageError, match=says):
            compare.least_squares(y, x, weights=given)
    scores = np.full(20, 0.5)
    scores[1] = 0.001  # a treated row that stands for a thousand
    heavy = compare.ipw(EVEN, scores=scores, outcome=y)
    assert heavy.ess_treated < 2
    assert heavy.largest_share > 0.9
    (told,) = heavy.notes
    assert (told.code, "treated arm, which is worth 1.0 rows" in told.text) == ("dominating-weight", True)
    assert compare.ipw(EVEN, scores=np.full(20, 0.5)).notes == ()
    one = np.ones(20)
    one[3] = 1e6
    assert "dominating-weight" in {note.code for note in compare.least_squares(y, x, weights=one).notes}


@row(101)
def nothing_varies(box: Box) -> None:
    answers = np.random.default_rng(1).integers(0, 2, (80, 4)).astype(float)
    answers[:, 2] = 1
    fitted = scoring.irt.fit(answers, model="1pl", item_ids=["a", "b", "c", "d"])
    left_out = [estimate for estimate in fitted.estimates if estimate.reason]
    assert [estimate.item for estimate in left_out] == ["c"]
    assert "every answer is right" in left_out[0].reason
    with pytest.raises(NotEstimableError, match="Item 1 has the same score for everybody"):
        scoring.reliability.alpha(np.ones((10, 3)))
    assert "All ratings are equal" in scoring.raters.krippendorff_alpha(np.ones((3, 10))).reason


@row(101)
def ties_everywhere(box: Box) -> None:
    """Where all values are equal nothing is ranked: each result says so, and none is certain of nothing."""
    same, all_events = np.full(20, 5.0), np.ones(20)
    curve = compare.kaplan_meier(same, all_events).curves[0]
    assert (curve.survival[-1], curve.median.value) == (0.0, 5.0)
    for test in (compare.log_rank(same, all_events, EVEN), compare.gray_test(same, all_events, groups=EVEN).tests[0]):
        assert (test.chi2, test.p_value) == (None, None)
        assert "the event at one time" in (test.reason or "")
    assert "the event at one time" in str(compare.log_rank(same, all_events, EVEN))
    for ties in ("efron", "breslow"):
        cox = compare.proportional_hazards(same, all_events, covariates=EVEN, ties=ties).coefficients[0]
        assert cox.value == pytest.approx(0.0, abs=1e-12)
    area = compare.validity.auc(EVEN, same)
    assert (area.value, area.se, area.interval) == (0.5, None, None)
    assert "all scores equal" in area.method
    assert compare.validity.auc([0, 0, 1, 1], [1, 2, 3, 4]).interval is None
    assert compare.validity.compare_auc(EVEN, same, same).difference.interval is None
    assert "All standard errors are equal" in (compare.meta.rank_test(same, np.full(20, 0.1)).reason or "")
    fit = compare.least_squares(same, {"x": EVEN})
    assert fit.coefficient("x").p_value == 1
    assert {note.code for note in fit.notes} == {"no-noise"}
    assert {note.code for note in compare.bootstrap_contrast(same, EVEN, draws=200).notes} == {"no-noise"}
    refused: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: compare.random_intercept(same, EVEN), "The outcome is constant"),
        (lambda: compare.match(EVEN, {"x": same}), "x is constant"),
        (lambda: compare.validity.calibration(EVEN, np.full(20, 0.5)), "All predictions are equal"),
        (lambda: compare.bootstrap_contrast(same, EVEN, statistic="standardized"), "denominator is zero"),
        (lambda: scoring.raters.icc(np.ones((10, 3))), "All ratings are equal"),
        (lambda: scoring.irt.fit(np.ones((80, 4)), model="rasch"), "item1 is left out: every answer is right"),
        (lambda: scoring.bkt.fit(np.ones((10, 5))), "All responses are right"),
    )
    for call, says in refused:
        with pytest.raises(NotEstimableError, match=says):
            call()


@row(102)
def keys_that_differ(box: Box) -> None:
    """One way out for each of the three kinds of difference."""
    first = ComparabilityKey(measure="CMP-08", version="1.0.0", parameters=(("a", 1),), scale="x")
    second = ComparabilityKey(measure="CMP-08", version="1.1.0", parameters=(("a", 2),), scale="y")
    answer = comparable(first, second)
    assert not answer
    assert answer.differs == ("version", "a", "scale")
    assert [way.split()[0] for way in answer.ways_out] == ["Recompute", "Score", "Link"]
    tables = {"episode": [stay(), stay("f")], "activity": [act(0), act(1), act(0, name="f")]}
    scored = score(submission(tables), "ENG-01", by=("learner",), as_of="2026-12-31")
    one, other = scored.results
    other = attrs.evolve(
        other, key=attrs.evolve(other.key, parameters=(("minimum_weeks", 3), ("minimum_edge_days", 4)))
    )
    mixed = attrs.evolve(scored, results=(one, other))
    with pytest.raises(NotComparableError, match="minimum_weeks is 4 in one and 3 in the other"):
        compare.compare_groups(mixed, outcome="ENG-01", groups=(one.label, other.label))
