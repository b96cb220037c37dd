"""Effects in plain words: the counts add up, and no sentence claims more than the design allows."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard import compare
from blended_standard.errors import UsageError

CAUSAL = re.compile(r"put down to|caused?|because|led to|improve|raise|boost|effect|impact|thanks|due to|worked", re.I)
ARM = compare.Arm(n_assigned=100, n_analyzed=97, units=4)
TRIAL = compare.evidence_rating(compare.Study(name="T", assignment="random", treated=ARM, comparison=ARM))
WEAK = compare.evidence_rating(compare.Study(name="Q", assignment="quasi_experimental", treated=ARM, comparison=ARM))
NAMES = {"outcome": "earn a diploma", "treated": "A", "comparison": "B"}


def test_a_difference_that_is_clear():
    words = compare.in_words(compare.risk_difference(80, 100, 50, 100), **NAMES)
    assert words.sentences == (
        "Of 100 learners, 80 in A and 50 in B earn a diploma: 30 more.",
        "With 95 percent confidence the difference lies between 17 and 42 more of 100.",
        "The two groups differ; this comparison does not show why.",
    )
    assert words.told_apart is True
    fewer = compare.in_words(compare.risk_difference(50, 100, 80, 100), **NAMES)
    assert "30 fewer" in fewer.sentences[0]
    assert "between 17 and 42 fewer" in fewer.sentences[1]


def test_rare_outcomes_are_counted_in_a_thousand():
    words = compare.in_words(compare.risk_difference(3, 1000, 9, 1000), **NAMES)
    assert words.sentences[0] == "Of 1,000 learners, 3 in A and 9 in B earn a diploma: 6 fewer."
    same = compare.in_words(compare.risk_difference(5, 10, 5, 10), **NAMES)
    assert same.sentences[0].endswith(": no difference.")


def test_the_design_decides_what_may_be_said():
    effect = compare.risk_difference(80, 100, 50, 100)
    assert compare.in_words(effect, rating=TRIAL).causal
    assert "put down to the program" in str(compare.in_words(effect, rating=TRIAL))
    assert not CAUSAL.search(str(compare.in_words(effect, rating=WEAK)))
    unclear = compare.in_words(compare.risk_difference(51, 100, 50, 100), rating=TRIAL)
    assert not unclear.causal
    assert unclear.sentences[-1] == "The two groups cannot be told apart on this outcome."


def test_reservations_and_clusters_are_said():
    arm = compare.Arm(n_analyzed=90, n_joined=5, n_reference=100, clusters_assigned=9, clusters_analyzed=9)
    rating = compare.evidence_rating(
        compare.Study(
            name="C", assignment="random", unit="cluster", treated=arm, comparison=arm, clusters_representative=True,
            cluster_baseline=compare.baseline_equivalence_from_effects({"x": 0.0}),
        )
    )  # fmt: skip
    last = compare.in_words(compare.risk_difference(80, 100, 50, 100), rating=rating).sentences[-1]
    assert "not to single learners" in last
    assert "with reservations" in last


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        (
            compare.hedges_g_from_t(4.0, n_treated=80, n_comparison=80),
            "lies 0.63 standard deviations above that of B: it is higher than 74 of 100",
        ),
        (compare.hedges_g_from_t(-4.0, n_treated=80, n_comparison=80), "below that of B: it is higher than 26 of 100"),
        (compare.risk_ratio(30, 60, 80, 100), "is 0.62 times the share in B. With 95 percent confidence it is between"),
        (compare.odds_ratio(30, 60, 80, 100), "is 0.25 times the odds in B"),
        (compare.cox_index_from_counts(80, 100, 50, 100), "A stands 0.84 above B"),
        (compare.hedges_g([1], [2, 3]), "This comparison cannot be made: A group has fewer than 2"),
    ],
)
def test_each_kind_has_its_words(effect, says):
    assert says in str(compare.in_words(effect, **NAMES))


@given(st.integers(0, 200), st.integers(0, 150))
def test_counts_add_up_and_nothing_is_claimed(events, others):
    effect = compare.risk_difference(events, 200, others, 150)
    words = compare.in_words(effect, **NAMES)
    counts = re.match(r"Of ([\d,]+) learners, (\d+) in A and (\d+) in B earn a diploma: (.*)\.", words.sentences[0])
    difference = int(counts[2]) - int(counts[3])
    expected = "no difference" if difference == 0 else f"{abs(difference)} {'more' if difference > 0 else 'fewer'}"
    assert counts[4] == expected
    assert words.told_apart is not (effect.interval.low <= 0 <= effect.interval.high)
    assert not CAUSAL.search(str(words))


def test_what_has_no_words_is_refused():
    with pytest.raises(UsageError, match="is not an Effect"):
        compare.in_words(0.4)
    other = compare.Effect(name="Hazard ratio", value=1.0, interval=compare.hedges_g([1, 2], [2, 4]).interval)
    with pytest.raises(UsageError, match="Hazard ratio"):
        compare.in_words(other)


def test_words_travel():
    words = compare.in_words(compare.risk_difference(60, 100, 52, 100))
    assert compare.Wording.from_dict(words.to_dict()) == words
