"""Policies narrow and never widen; shares come out shown, coded, banded or withheld."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blended_standard import privacy
from blended_standard.errors import SpecError, UsageError
from blended_standard.privacy import NCES_END_CODES, NCES_RANGE_CODES, Policy, PublishedShare, SuppressedValue

publish_share = privacy.publish_share


@pytest.mark.parametrize(
    ("numerator", "n", "policy", "status", "text"),
    [
        (30, 60, Policy(), "shown", "50.0%"),
        (10, 60, Policy(), "shown", "16.7%"),
        (9, 60, Policy(), "suppressed", "withheld"),  # numerator below 10, and 15 % is no coded end
        (51, 60, Policy(), "suppressed", "withheld"),  # complement 9
        (3, 60, Policy(), "coded", "≤5%"),
        (57, 60, Policy(), "coded", "≥95%"),
        (60, 60, Policy(), "coded", "≥95%"),
        (0, 60, Policy(), "coded", "≤5%"),
        (10, 1000, Policy(), "coded", "≤1%"),
        (11, 1000, Policy(), "shown", "1.1%"),
        (4, 9, Policy(), "suppressed", "withheld"),
        (0, 0, Policy(minimum_n=1), "suppressed", "withheld"),
        (0, 60, Policy(code_ends=()), "suppressed", "withheld"),
        (0, 60, Policy(code_ends=(), zero="show"), "shown", "0.0%"),
        (5, 60, Policy(ranges=NCES_RANGE_CODES), "range", "6-9%"),
        (3, 60, Policy(ranges=NCES_RANGE_CODES), "coded", "≤5%"),
        (30, 60, Policy(ranges=NCES_RANGE_CODES), "range", "50-54%"),
        (56, 60, Policy(ranges=NCES_RANGE_CODES), "range", "90-94%"),
        (7, 30, Policy(ranges=NCES_RANGE_CODES), "range", "20-29%"),
        (3, 12, Policy(ranges=NCES_RANGE_CODES), "range", "21-29%"),
        (50, 150, Policy(ranges=NCES_RANGE_CODES), "shown", "33.3%"),
        (1, 16, Policy(minimum_n=6, ranges=(), code_ends=((privacy.EndCode(16, 20.0)),)), "coded", "≤20%"),
    ],
)
def test_a_share_is_published_in_the_form_the_policy_allows(numerator, n, policy, status, text):
    shown = publish_share(numerator, n, policy)
    assert (shown.status, shown.text) == (status, text)


def test_counts_stand_only_beside_a_shown_share():
    assert publish_share(30, 60).numerator == 30
    hidden = publish_share(30, 60, Policy(show_counts=False))
    assert (hidden.numerator, hidden.n, hidden.text) == (None, None, "50.0%")
    coded = publish_share(3, 60)
    assert (coded.percent, coded.numerator, coded.n) == (None, None, None)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_what_is_published_is_true_and_symmetric(pair):
    numerator, n = pair
    for policy in (Policy(), Policy(ranges=NCES_RANGE_CODES), Policy(zero="show", code_ends=())):
        shown, mirrored = publish_share(numerator, n, policy), publish_share(n - numerator, n, policy)
        assert shown.status == mirrored.status or policy.ranges  # whole percentages round half up, so bands may differ
        percent = 100 * numerator / n
        if isinstance(shown, SuppressedValue):
            assert shown == SuppressedValue()
        elif shown.status == "shown":
            assert n >= 10
            assert all(k >= 10 or (k == 0 and policy.zero == "show") for k in (numerator, n - numerator))
            assert abs(shown.percent - percent) <= 0.05 + 1e-9
        else:
            assert shown.low - 0.5 <= percent <= shown.high + 0.5


def test_a_withheld_value_holds_no_number_and_is_always_the_same():
    blobs = {pickle.dumps(publish_share(k, n)) for k, n in ((4, 9), (8, 80), (72, 80), (9, 60))}
    assert len(blobs) == 1
    assert not any(character.isdigit() for character in str(SuppressedValue().to_dict()) + repr(SuppressedValue()))


@pytest.mark.parametrize(
    ("child", "says"),
    [
        ({"minimum_n": 5}, "minimum_n=5 is wider than 10"),
        ({"minimum_numerator": 3}, "minimum_numerator=3 is wider than 10"),
        ({"interval_must_reach": 5}, "interval_must_reach=5 is wider than 10"),
        ({"decimals": 2}, "decimals=2 is wider than 1"),
        ({"code_ends": []}, "code_ends at n=10 codes shares up to nothing, which is wider than 20 %"),
        ({"code_ends": [[10, 20], [21, 4]]}, "code_ends at n=21 codes shares up to 4 %, which is wider than 10 %"),
        ({"p_percent": 5}, "p_percent=5 is wider than 10"),
        ({"p_percent": None}, "p_percent=None is wider than 10"),
        ({"dominance_nk": [2, 90]}, "dominance_nk=(2, 90) is wider than (2, 85)"),
        ({"dominance_pq": [10, 100]}, "dominance_pq=(10, 100) is wider than (20, 80)"),
        ({"ranges": [[10, [0, 7, 50]]]}, "ranges at n=10 are finer"),
        ({"structural_zeros": "show"}, 'structural_zeros="show" is wider than "hide"'),
        ({"zero": "show"}, 'zero="show" is wider than "hide"'),
        ({"show_counts": True}, "show_counts=True is wider than False"),
    ],
)
def test_a_child_that_widens_is_refused_by_name(child, says):
    parent = Policy(
        name="nation",
        show_counts=False,
        structural_zeros="hide",
        dominance_nk=(2, 85),
        dominance_pq=(20, 80),
        ranges=NCES_RANGE_CODES,
    )
    with pytest.raises(SpecError) as raised:
        parent.narrow(child)
    assert says in str(raised.value)
    assert '"nation"' in str(raised.value)


def test_a_child_may_tighten_everything():
    child = Policy().narrow(
        {
            "name": "state",
            "minimum_n": 20,
            "minimum_numerator": 15,
            "structural_zeros": "hide",
            "show_counts": False,
            "decimals": 0,
            "code_ends": [{"minimum_n": 10, "percent": 20}],
            "ranges": [[20, [0, 21, 50, 80]]],
            "p_percent": 20,
            "dominance_nk": [2, 75],
            "complementary": "heuristic",
            "interval_must_reach": 25,
        }
    )
    assert (child.name, child.must_reach, child.end_code(1000)) == ("state", 25, 20.0)
    assert child.narrow(Policy.from_mapping({"name": "site"} | _plain(child))).name == "site"
    assert Policy(ranges=NCES_RANGE_CODES).narrow({"ranges": [[10, [0, 21, 80]], [21, [0, 20, 80]], [41, [0, 20, 80]]]})


def _plain(policy: Policy) -> dict:
    return {key: value for key, value in policy.to_dict().items() if key not in ("kind", "name")}


def test_a_policy_is_plain_data():
    for policy in (Policy(), Policy(ranges=NCES_RANGE_CODES, dominance_nk=(2, 85))):
        assert Policy.from_dict(policy.to_dict()) == policy
        assert Policy.from_mapping(_plain(policy)) == policy
        assert pickle.loads(pickle.dumps(policy)) == policy
    assert Policy().code_ends == NCES_END_CODES


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Policy(minimum_n=0), "minimum_n=0 is not a whole number of 1 or more"),
        (lambda: Policy(minimum_n=2.5), "minimum_n=2.5 is not a whole number"),
        (lambda: Policy(zero="maybe"), "zero='maybe' is not one of hide, show"),
        (lambda: Policy(complementary="best"), "complementary='best' is not one of optimal, heuristic"),
        (lambda: Policy(p_percent=0), "p_percent=0 is outside 0 to 100"),
        (lambda: Policy(dominance_nk=(0, 80)), "dominance_nk=(0, 80)"),
        (lambda: Policy(dominance_pq=(80, 20)), "0 < p < q"),
        (lambda: Policy.from_mapping({"minimun_n": 5}), "Did you mean 'minimum_n'?"),
        (lambda: Policy.from_mapping({"zzz": 5}), "Known fields: name, minimum_n"),
        (lambda: Policy.from_mapping({"code_ends": 5}), "code_ends=5 is not a list of pairs"),
        (lambda: Policy.from_mapping({"code_ends": [5]}), "code_ends holds 5"),
        (lambda: Policy.from_mapping({"code_ends": [["ten", 5]]}), "minimum_n='ten' is text"),
        (lambda: Policy.from_mapping({"code_ends": [[10, None]]}), "percent=None is not a number"),
        (lambda: Policy.from_mapping({"ranges": [[10, ["low"]]]}), "starts holds something that is not a number"),
        (lambda: Policy.from_mapping({"p_percent": "ten"}), "p_percent='ten' is text"),
        (lambda: Policy.from_mapping({"dominance_pq": [1, "b"]}), "dominance_pq holds something that is not a number"),
        (lambda: Policy.from_mapping([("minimum_n", 15)]), "the policy is of the type list"),
        (lambda: Policy.from_mapping({"code_ends": [[20, 5], [10, 20]]}), "rising order"),
        (lambda: Policy.from_mapping({"code_ends": [[10, 60]]}), "outside 0 to 50"),
        (lambda: Policy.from_mapping({"ranges": [[10, [5, 50]]]}), "do not rise from 0"),
        (lambda: Policy.from_mapping({"dominance_nk": 3}), "dominance_nk=3 is not a pair"),
        (lambda: publish_share(5, 3), "0 <= numerator <= n"),
        (lambda: publish_share(-1, 3), "not a whole number of 0 or more"),
        (lambda: publish_share(1.5, 3), "not a whole number"),
        (lambda: publish_share("many", 3), "not a whole number"),
        (lambda: publish_share(float("nan"), 3), "not a whole number"),
        (lambda: privacy.publish_count(-3), "0 or more"),
        (lambda: privacy.primary_counts([1, -2]), "counts is not a one-dimensional array"),
        (lambda: privacy.primary_counts(["many"]), "counts holds something that is not a number"),
        (lambda: privacy.protect_row([[1.5, 2]], [True], reach=10), "parts holds something that is not a whole number"),
        (lambda: privacy.primary_counts([1, 2], structural=[True]), "structural has shape"),
        (lambda: privacy.primary_counts([1, 2], structural=[True, False]), "not zero"),
        (lambda: privacy.primary_magnitudes([[1.0], [-2.0]]), "contributions[1]"),
    ],
)
def test_misuse_is_explained(call, says):
    with pytest.raises(UsageError) as raised:
        call()
    assert says in str(raised.value)


def test_the_message_of_a_bad_share_does_not_repeat_it():
    with pytest.raises(UsageError) as raised:
        publish_share(8731, 8642)
    assert "8731" not in str(raised.value)
    assert "8642" not in str(raised.value)


def test_counts_by_themselves():
    assert privacy.publish_count(10) == 10
    assert privacy.publish_count(0, structural=True) == 0
    assert privacy.publish_count(0, Policy(zero="show")) == 0
    assert privacy.publish_count(0) == SuppressedValue()
    found = privacy.primary_counts([0, 0, 9, 10], Policy(), structural=[True, False, False, False])
    assert found.hidden.tolist() == [False, True, True, False]
    assert found.need_high.tolist()[1:3] == [10.0, 10.0]
    assert [row["cell"] for row in found.rows()] == [1, 2]


def test_published_classes_are_results():
    for each in (publish_share(30, 60), publish_share(1, 60), SuppressedValue(), privacy.primary_counts([3, 40])):
        assert type(each).from_dict(each.to_dict()) == each
        assert pickle.loads(pickle.dumps(each)) == each
    assert isinstance(publish_share(30, 60), PublishedShare)
