"""What holds for every result of this area: it travels, prints short, and holds no number that is not one."""

import json
import math
import pickle
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard import compare

ARM = compare.Arm(n_assigned=100, n_analyzed=90, units=3)
STUDY = compare.Study(name="S", assignment="random", treated=ARM, comparison=ARM)
PLAN = compare.cluster_design(20, 30)
EFFECT = compare.risk_difference(30, 60, 80, 100)
RESULTS = [
    EFFECT,
    compare.hedges_g([1, 2, 3], [2, 3, 5]),
    compare.hedges_g([1], [2]),
    compare.glass_delta([1, 2, 3], [2, 3, 5]),
    compare.cox_index(0, 0.5, n_treated=5, n_comparison=5),
    compare.proportion(0, 10),
    compare.cluster_adjusted_g(0.3, n_treated=50, n_comparison=50, n_clusters=10),
    compare.cluster_adjusted_g(0.3, n_treated=50, n_comparison=50, n_clusters=10).correction,
    compare.benjamini_hochberg([0.01, 0.2]),
    compare.improvement_index(0.2),
    compare.attrition_from_rates(0.95, 0.2),
    compare.baseline_equivalence({"x": [1, 2]}, {"x": [1, 3]}),
    STUDY,
    compare.evidence_rating(STUDY),
    compare.essa_tier(None, value=0.1, p_value=0.2, n_learners=10, n_sites=1),
    compare.domain_conclusion([]),
    PLAN,
    compare.power(0.3, PLAN),
    compare.mdes(PLAN),
    compare.mdes_proportions(0.99, n_treated=5, n_comparison=5),
    compare.in_words(EFFECT),
]


@pytest.mark.parametrize("found", RESULTS, ids=lambda found: type(found).__name__)
def test_results_travel_and_print_short(found):
    assert pickle.loads(pickle.dumps(found)) == found
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert type(found).from_dict(json.loads(text)) == found
    assert hash(found) == hash(type(found).from_dict(json.loads(text)))
    assert len(repr(found)) <= 100
    assert str(found)
    assert "<table>" in found._repr_html_()
    assert all("\n" not in line for line in str(found).splitlines())
    found.to_frame()


def numbers_of(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers_of(item)
    elif isinstance(value, float):
        yield value


any_floats = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=12)


@given(any_floats, any_floats, st.sampled_from(["normal", "t", "noncentral_t"]))
def test_any_finite_data_gives_numbers_or_a_reason(one, two, interval):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for effect in (compare.hedges_g(one, two, interval=interval), compare.glass_delta(one, two)):
            assert (effect.value is None) == (effect.reason is not None)
            assert all(math.isfinite(number) for number in numbers_of(effect.to_dict()))
