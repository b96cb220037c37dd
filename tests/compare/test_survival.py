"""Survival estimates against R survival 3.5-3 and cmprsk 2.2-11 (script: reference/survival.R), to 1e-8."""

from __future__ import annotations

import math
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard.compare import survival as sv
from blended_standard.errors import NotEstimableError, UsageError

REFERENCE = Path(__file__).parent / "reference"
EXACT = {"rel": 1e-8, "abs": 1e-10}


def read(name):
    return np.genfromtxt(REFERENCE / name, delimiter=",", names=True, dtype=None, encoding="utf8")


SMALL = read("survival_small.csv")
T, CAUSE, ENTRY, W = SMALL["time"], SMALL["cause"], SMALL["entry"], SMALL["w"]
E = CAUSE > 0
G = np.char.strip(SMALL["group"], '"')
LUNG = read("lung.csv")
MGUS = read("mgus2.csv")
SIX_MP = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
SIX_MP_EVENT = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
FREIREICH = (SIX_MP + PLACEBO, SIX_MP_EVENT + [1] * 21, ["6-MP"] * 21 + ["placebo"] * 21)


def values(estimates):
    return [item.value for item in estimates]


def errors(estimates):
    return [item.se for item in estimates]


def test_freireich_curve():
    curve = sv.kaplan_meier(SIX_MP, SIX_MP_EVENT, at=[6, 10, 22]).curve()
    assert values(curve.estimates) == pytest.approx([0.8571428571, 0.7529411765, 0.5378151261], abs=1e-9)
    assert errors(curve.estimates) == pytest.approx([0.0763603548, 0.0963496530, 0.1282337517], abs=1e-9)
    interval = curve.estimates[1].interval
    assert (interval.low, interval.high) == pytest.approx((0.5031995108, 0.8893618352), abs=1e-9)


def test_freireich_log_rank_and_restricted_mean():
    test = sv.log_rank(*FREIREICH)
    assert test.chi2 == pytest.approx(16.79294099, abs=1e-8)
    assert test.observed == (9.0, 21.0)
    assert test.expected == pytest.approx((19.25050095, 10.74949905), abs=1e-8)
    mean = sv.restricted_mean(FREIREICH[0], FREIREICH[1], groups=FREIREICH[2], until=20)
    assert values(mean.means) == pytest.approx([16.116526611, 8.428571429], abs=1e-9)
    assert errors(mean.means) == pytest.approx([1.251560196, 1.268082683], abs=1e-9)
    assert mean.difference.value == pytest.approx(8.428571429 - 16.116526611, abs=1e-8)
    assert mean.difference.se == pytest.approx(math.hypot(1.251560196, 1.268082683), abs=1e-8)


def test_lung():
    dead = LUNG["status"] == 2
    fit = sv.kaplan_meier(LUNG["time"], dead, at=[180, 365])
    assert values(fit.curve().estimates) == pytest.approx([0.7216706534, 0.4092416245], abs=1e-9)
    assert errors(fit.curve().estimates) == pytest.approx([0.0298124195, 0.0358236384], abs=1e-9)
    for kind, low, high in (
        ("log", 0.3447215818, 0.4858376035),
        ("log-log", 0.3387142691, 0.4783807676),
        ("plain", 0.3390285838, 0.4794546651),
    ):
        interval = sv.kaplan_meier(LUNG["time"], dead, interval=kind).survival_at(365).interval
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)
        assert interval.method == kind
    assert (fit.median.value, fit.median.low, fit.median.high) == (310, 284, 361)
    log = sv.kaplan_meier(LUNG["time"], dead, interval="log").median
    assert (log.value, log.low, log.high) == (310, 285, 363)
    test = sv.log_rank(LUNG["time"], dead, LUNG["sex"])
    assert test.chi2 == pytest.approx(10.32674195, abs=1e-8)
    assert test.observed[0] - test.expected[0] == pytest.approx(20.41826097, abs=1e-8)
    assert test.covariance[0, 0] == pytest.approx(40.37143398, abs=1e-8)
    assert sv.log_rank(LUNG["time"], dead, LUNG["sex"], rho=1).chi2 == pytest.approx(12.7141514, abs=1e-7)
    mean = sv.restricted_mean(LUNG["time"], dead, groups=LUNG["sex"], until=365)
    assert values(mean.means) == pytest.approx([241.4950852, 297.4654095], abs=1e-7)
    assert errors(mean.means) == pytest.approx([10.35822649, 10.79132398], abs=1e-8)
    by_sex = sv.kaplan_meier(LUNG["time"], dead, groups=LUNG["sex"])
    assert [curve.median.value for curve in by_sex.curves] == [270, 426]


def test_persistence_fixture():
    # measures.md, ENG-13
    months, left = [2, 3, 4, 4, 6, 8, 10, 12, 12, 12], [1, 0, 1, 1, 0, 1, 0, 0, 0, 0]
    curve = sv.kaplan_meier(months, left, at=[2, 4, 8]).curve()
    assert values(curve.estimates) == pytest.approx([0.9, 0.675, 0.54])
    assert errors(curve.estimates) == pytest.approx([0.0949, 0.1551, 0.1731], abs=5e-5)
    assert sv.restricted_mean(months, left, until=12).value == pytest.approx(8.66, abs=0.005)


@pytest.mark.parametrize(
    ("options", "at", "survival", "se"),
    [
        ({}, [2, 5, 9], [0.975, 0.771428571428572, 0.426666666666667],
         [0.0246855220726644, 0.0669841807180793, 0.0802582545235392]),
        ({"entry": ENTRY}, [5, 7, 9], [0.644711968958313, 0.513900844821843, 0.331945521774875],
         [0.0945839051149463, 0.0916886505646438, 0.0785307102456548]),
        ({"weights": W}, [2, 5, 9], [0.959874863982590, 0.734174432227041, 0.392796853781349],
         [0.0390788969532275, 0.0783260767751301, 0.0837025079795783]),
        ({"weights": W, "variance": "greenwood"}, [2, 5, 9], [0.959874863982590, 0.734174432227041, 0.392796853781349],
         [0.0228882621571152, 0.0518930452076790, 0.0585434301530149]),
        ({"weights": W, "entry": ENTRY}, [5, 7, 9], [0.598954571959571, 0.448033292917703, 0.292063022315257],
         [0.1025222485188561, 0.0948189596633527, 0.0849036611086246]),
    ],
)  # fmt: skip
def test_kaplan_meier_against_survfit(options, at, survival, se):
    estimates = sv.kaplan_meier(T, E, at=at, **options).curve().estimates
    assert values(estimates) == pytest.approx(survival, **EXACT)
    assert errors(estimates) == pytest.approx(se, **EXACT)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("log-log", [0.835485459111506, 0.606534486168418, 0.268985608816917],
         [0.996440183013730, 0.873983466406513, 0.575511202940622]),
        ("log", [0.927798108727978, 0.650705900139286, 0.295102716194783],
         [1.0, 0.914548401495888, 0.616885018178843]),
        ("plain", [0.926617265798009, 0.640141989687214, 0.269363378338481],
         [1.0, 0.902715153169929, 0.583969954994853]),
        ("logit", [0.842722897578193, 0.615816853229855, 0.281201414784488],
         [0.996489549695081, 0.876636855309651, 0.586030993277772]),
        ("arcsine", [0.904761267031593, 0.629111920313112, 0.275679745614579],
         [0.999985320012390, 0.887428127276990, 0.585009171963812]),
    ],
)  # fmt: skip
def test_intervals_against_survfit(kind, low, high):
    estimates = sv.kaplan_meier(T, E, at=[2, 5, 9], interval=kind).curve().estimates
    assert [item.interval.low for item in estimates] == pytest.approx(low, **EXACT)
    assert [item.interval.high for item in estimates] == pytest.approx(high, **EXACT)


def test_quantiles_against_survfit():
    quantiles = sv.kaplan_meier(T, E).curve().quantiles
    assert [(q.value, q.low, q.high) for q in quantiles] == [(5.6, 3.7, 7.3), (8.0, 6.8, 9.9), (18.0, 9.1, None)]
    # A part of the curve flat at one half: its middle, also where observation ends there.
    for events, median in (([1, 1, 0, 0], 3), ([1, 1, 1, 1], 2.5), ([1, 1, 0, 1], 3)):
        assert sv.kaplan_meier([1, 2, 3, 4], events).median.value == median
    eight = sv.kaplan_meier([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 1, 0, 0, 1, 1]).curve().quantiles
    assert [(q.value, q.low, q.high) for q in eight] == [(2.5, 1, 7), (5.5, 1, None), (7.5, 3, None)]


def test_log_rank_against_survdiff():
    test = sv.log_rank(T, E, G)
    assert test.chi2 == pytest.approx(6.80242293491893, **EXACT)
    assert test.expected == pytest.approx((13.79748675727060, 5.95728525383359, 10.24522798889581), **EXACT)
    assert test.covariance[1] == pytest.approx([-2.30391331550043, 3.99701062998153, -1.69309731448110], **EXACT)
    assert sv.log_rank(T, E, G, strata=SMALL["stratum"]).chi2 == pytest.approx(6.37976825842897, **EXACT)
    assert sv.log_rank(T, E, G, rho=1).chi2 == pytest.approx(7.936651909628159, **EXACT)
    assert sv.log_rank(T, E, G, rho=1, strata=SMALL["stratum"]).chi2 == pytest.approx(6.88335344976180, **EXACT)


def test_restricted_mean_against_survfit():
    means = sv.restricted_mean(T, E, groups=G, until=8).means
    assert values(means) == pytest.approx([7.66153846153846, 5.94444444444444, 6.18496732026144], **EXACT)
    assert errors(means) == pytest.approx([0.280645591647295, 0.738552322863913, 0.528647921714978], **EXACT)


def test_competing_events_by_hand():
    fit = sv.cumulative_incidence([1, 2, 3, 4, 5, 6], [0, 1, 1, 2, 2, 0])
    assert fit.incidence_at(6, cause=1).value == pytest.approx(0.4)
    assert fit.incidence_at(6, cause=2).value == pytest.approx(0.4)


def test_mgus2():
    fit = sv.cumulative_incidence(MGUS["etime"], MGUS["event"], at=[60, 120, 240], variance="infinitesimal_jackknife")
    one, two = fit.curve(1).estimates, fit.curve(2).estimates
    assert values(one) == pytest.approx([0.03410371297, 0.06372216801, 0.09981371594], abs=1e-10)
    assert values(two) == pytest.approx([0.3203670103, 0.5318177041, 0.7240279761], abs=1e-9)
    assert errors(one) == pytest.approx([0.004889257908, 0.006796848424, 0.009784846793], abs=1e-11)
    by_sex = sv.cumulative_incidence(MGUS["etime"], MGUS["event"], groups=np.char.strip(MGUS["sex"], '"'))
    women = by_sex.incidence_at(120, cause=1, group="F")
    assert women.value == pytest.approx(0.07388566438, abs=1e-10)
    assert women.se**2 == pytest.approx(1.162397817e-4, rel=1e-8)
    assert by_sex.incidence_at(120, cause=1, group="M").se ** 2 == pytest.approx(7.487352964e-5, rel=1e-8)
    tests = sv.gray_test(MGUS["etime"], MGUS["event"], MGUS["sex"])
    assert tests.cause(1).chi2 == pytest.approx(1.194507825, abs=1e-8)
    assert tests.cause(1).p_value == pytest.approx(0.2744221568, abs=1e-9)
    assert tests.cause(2).chi2 == pytest.approx(11.651259012, abs=1e-8)
    assert tests.cause(2).p_value == pytest.approx(0.0006415909764, abs=1e-12)


def test_cumulative_incidence_against_survfit_and_cmprsk():
    weighted = sv.cumulative_incidence(T, CAUSE, weights=W, at=[2, 5, 9]).curve(1)
    assert weighted.variance == "infinitesimal_jackknife"
    assert values(weighted.estimates) == pytest.approx([0.0, 0.201489332734874, 0.391599500238878], **EXACT)
    assert errors(weighted.estimates) == pytest.approx([0.0, 0.0710903693833568, 0.0853840486001729], **EXACT)
    late = sv.cumulative_incidence(T, CAUSE, weights=W, entry=ENTRY, at=[5, 7, 9]).curve(1).estimates
    assert values(late) == pytest.approx([0.287704601371242, 0.317523581323158, 0.446918777742516], **EXACT)
    assert errors(late) == pytest.approx([0.0961480856947162, 0.0952967481193256, 0.0992301194836780], **EXACT)
    table = sv.at_risk_table(T, CAUSE, groups=G)
    fit = sv.cumulative_incidence(table=table, at=[5, 9])
    expected = {
        ("a", 1): [0.00591715976331361, 0.0200922620503040],
        ("b", 1): [0.02218757873519778, 0.0338700624282635],
        ("b", 2): [0.01234567901234568, 0.0317142577195487],
        ("c", 2): [0.00348910274894271, 0.0122776778323208],
    }
    for (group, cause), variance in expected.items():
        found = [item.se**2 for item in fit.curve(cause, group).estimates]
        assert found == pytest.approx(variance, **EXACT)


def test_gray_against_cmprsk():
    for options, one, two in (
        ({}, 0.04753231258462, 5.14736340889082),
        ({"strata": SMALL["stratum"]}, 0.294807811784242, 4.413026814056206),
        ({"rho": 1}, 0.303046623329259, 5.411457411430300),
    ):
        tests = sv.gray_test(T, CAUSE, G, **options)
        assert (tests.cause(1).chi2, tests.cause(2).chi2) == pytest.approx((one, two), **EXACT)
        assert tests.cause(1).df == 2


def test_one_cause_is_one_minus_survival():
    survival = sv.kaplan_meier(T, E, entry=ENTRY).curve()
    incidence = sv.cumulative_incidence(T, E.astype(int), entry=ENTRY, variance="delta").curve()
    keep = np.isin(survival.time, incidence.time)
    assert incidence.incidence == pytest.approx(1 - survival.survival[keep])
    assert incidence.se == pytest.approx(survival.se[keep], abs=1e-12)


records = st.lists(
    st.tuples(st.integers(1, 8), st.integers(0, 2), st.sampled_from("ab"), st.integers(1, 3)), min_size=2, max_size=30
)


@settings(max_examples=60, deadline=None)
@given(records, records)
def test_merged_tables_equal_pooled_records(first, second):
    def table(rows):
        time, cause, group, weight = zip(*rows, strict=True)
        return sv.at_risk_table(time, cause, groups=group, weights=weight)

    merged = table(first).merge(table(second))
    pooled = table(first + second)
    for left, right in zip(merged.groups, pooled.groups, strict=True):
        assert left.time.tolist() == right.time.tolist()
        assert left.at_risk.tolist() == right.at_risk.tolist()
    ours, theirs = sv.kaplan_meier(table=merged), sv.kaplan_meier(table=pooled)
    assert [curve.survival.tolist() for curve in ours.curves] == [curve.survival.tolist() for curve in theirs.curves]


@settings(max_examples=60, deadline=None)
@given(records)
def test_curves_are_probabilities_and_add_to_one(rows):
    time, cause, group, weight = zip(*rows, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if any(cause):
            for variance in ("aalen", "delta", "infinitesimal_jackknife"):
                fit = sv.cumulative_incidence(time, cause, groups=group, weights=weight, variance=variance)
                for label in fit.groups:
                    curves = [curve for curve in fit.curves if curve.group == label]
                    total = sum(curve.incidence for curve in curves) + curves[0].event_free
                    assert total == pytest.approx(np.ones(total.size))
                    assert all(np.isfinite(curve.se).all() for curve in curves)
        for kind in ("log-log", "log", "plain", "logit", "arcsine"):
            for curve in sv.kaplan_meier(time, np.array(cause) > 0, weights=weight, interval=kind).curves:
                assert (curve.low <= curve.survival + 1e-12).all()
                assert (curve.high >= curve.survival - 1e-12).all()
                assert (np.diff(curve.survival) <= 0).all()


def test_counts_equal_repeated_records():
    once = sv.kaplan_meier(np.repeat([1, 2, 3], [2, 3, 1]), np.repeat([1, 0, 1], [2, 3, 1])).curve()
    counted = sv.kaplan_meier([1, 2, 3], [1, 0, 1], weights=[2, 3, 1]).curve()
    assert once.survival.tolist() == counted.survival.tolist()
    assert once.se == pytest.approx(counted.se)


def test_table_from_counts_and_rounded_ties():
    table = sv.at_risk_table_from_counts([3, 1], [[1, 0], [2, 1]], censored=[1, 0], causes=["left", "done"])
    assert table == sv.at_risk_table([1, 1, 1, 3, 3], ["left", "left", "done", "left", "censored"], censored="censored"
                                     ).__class__(causes=("left", "done"), groups=table.groups)  # fmt: skip
    assert table.groups[0].at_risk.tolist() == [5.0, 2.0]
    tied = sv.kaplan_meier([0.1 + 0.2, 0.3, 0.5], [1, 1, 0]).curve()
    assert tied.time.tolist() == [0.3, 0.5]


def test_degenerate_data_are_explained():
    none = sv.kaplan_meier([1, 2, 3], [0, 0, 0], at=2)
    assert none.survival_at(2).value == 1.0
    assert none.survival_at(2).se == 0.0
    assert "degenerate" in none.survival_at(2).interval.method
    assert none.median.value is None
    assert "not reached" in none.median.reason
    assert "Observation ends at 3" in none.survival_at(9).reason
    everyone = sv.kaplan_meier([1, 1], [1, 1])
    assert everyone.survival_at(5).value == 0.0
    single = sv.kaplan_meier([4], [1])
    assert (single.median.value, single.median.low, single.median.high) == (4.0, None, None)
    nothing = sv.log_rank([1, 2, 3, 4], [0, 0, 0, 0], ["a", "a", "b", "b"])
    assert nothing.chi2 is None
    assert "No event" in nothing.reason
    apart = sv.log_rank([1, 5, 6], [1, 1, 1], ["a", "b", "b"], entry=[0, 3, 3])
    assert apart.chi2 is None
    assert "together" in apart.reason


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: sv.kaplan_meier([1, 2], [1, 2]), UsageError, "events holds 2"),
        (lambda: sv.kaplan_meier([1, math.nan], [1, 0]), UsageError, r"times\[1\]"),
        (lambda: sv.kaplan_meier([1, 2], [1]), UsageError, "events has 1 values"),
        (lambda: sv.kaplan_meier([], []), NotEstimableError, "times is empty"),
        (lambda: sv.kaplan_meier(), UsageError, "Pass times and events"),
        (lambda: sv.kaplan_meier([1, 2], [1, 0], entry=[1, 0]), UsageError, r"entry\[0\]=1 is not before"),
        (lambda: sv.kaplan_meier([1, 2], [1, 0], weights=[1, -1]), UsageError, "negative"),
        (lambda: sv.kaplan_meier([1, 2], [1, 0], groups=["a", "b"], weights=[1, 0]), NotEstimableError, "group 'b'"),
        (lambda: sv.kaplan_meier([1, 2], [1, 0], interval="wald"), UsageError, "interval='wald'"),
        (lambda: sv.kaplan_meier([1, 2], [1, 0], level=95), UsageError, "level=95"),
        (lambda: sv.kaplan_meier([1, 2], [1, 0], groups=["a", "b"]).curve("c"), UsageError, "group='c'"),
        (lambda: sv.cumulative_incidence([1, 2], [0, 0]), NotEstimableError, "censored"),
        (lambda: sv.restricted_mean([1, 2], [1, 0], until=3), UsageError, "until=3 is beyond 2"),
        (lambda: sv.restricted_mean([1, 2], [1, 0], until=0), UsageError, "must be positive"),
        (lambda: sv.restricted_mean([1, 2], [1, 0]).difference, UsageError, "one group"),
        (lambda: sv.log_rank([1, 2], [1, 0], ["a", "a"]), NotEstimableError, "one group"),
        (lambda: sv.gray_test([1, 2], [1, 0], ["a", "a"]), NotEstimableError, "one group"),
        (lambda: sv.gray_test([1, 2], [0, 0], ["a", "b"]), NotEstimableError, "censored"),
        (lambda: sv.gray_test([1, 2], [1, 2], ["a", "b"], weights=[0.5, 2]), UsageError, "not whole"),
        (lambda: sv.at_risk_table_from_counts([1, 1], [1, 1]), UsageError, "twice"),
        (lambda: sv.at_risk_table_from_counts([1, 2], [1, -1]), UsageError, "negative"),
        (lambda: sv.at_risk_table_from_counts([1, 2], [1, 5], initial=3), UsageError, "More leave"),
        (lambda: sv.merge_at_risk_tables([]), UsageError, "empty"),
    ],
)
def test_misuse_says_what_is_accepted(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_results_travel():
    made = [
        sv.kaplan_meier(T, E, groups=G, at=[5]),
        sv.restricted_mean(T, E, groups=G, until=8),
        sv.log_rank(T, E, G),
        sv.cumulative_incidence(T, CAUSE, groups=G, at=[5]),
        sv.gray_test(T, CAUSE, G),
        sv.at_risk_table(T, CAUSE, groups=G),
    ]
    for item in made:
        assert pickle.loads(pickle.dumps(item)) == item
        assert type(item).from_dict(item.to_dict()) == item
        assert "nan" not in str(item.to_dict()).lower()
        assert len(repr(item)) <= 100
        assert str(item)
