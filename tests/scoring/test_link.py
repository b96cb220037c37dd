"""Linking of item parameters: known transforms, an R minimiser, algebraic properties, degenerate input."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.scoring import irt, link

A1, B1, C1 = [0.9, 1.2, 0.7, 1.5, 1.1], [-1.2, -0.4, 0.1, 0.8, 1.6], [0.2, 0.15, 0.25, 0.1, 0.2]
A2, B2, C2 = [0.8, 1.0, 0.65, 1.2, 1.0], [-0.9, 0.1, 0.5, 1.5, 2.3], [0.18, 0.2, 0.22, 0.12, 0.17]
COVARIANCE = np.diag(np.repeat([0.1, 0.12, 0.02], 5) ** 2)
X = link.items(A1, B1, c=C1, covariance=COVARIANCE, scale_id="spring")
Y = link.items(A2, B2, c=C2, covariance=COVARIANCE, scale_id="fall")
METHODS = [link.mean_mean, link.mean_geometric_mean, link.mean_sigma, link.haebara, link.stocking_lord]


# R 4.2.2, reference/linking.R: slope, intercept, loss. optim and nlminb agree to about 1e-6.
@pytest.mark.parametrize(
    ("function", "options", "expected"),
    [
        (link.stocking_lord, {}, (1.15356132, 0.52034525, 0.00014676)),
        (link.stocking_lord, {"direction": "to"}, (1.15477111, 0.52053148, 0.00006438)),
        (link.stocking_lord, {"direction": "from"}, (1.15231703, 0.52014944, 0.00008109)),
        (link.haebara, {}, (1.15832654, 0.51292926, 0.00483643)),
        (link.haebara, {"direction": "to"}, (1.16209699, 0.51052954, 0.00253618)),
        (link.haebara, {"direction": "from"}, (1.15457642, 0.51565992, 0.00229687)),
        (link.stocking_lord, {"quadrature": "normal"}, (1.16558201, 0.51768745, 0.00002959)),
        (link.haebara, {"quadrature": "normal", "direction": "to"}, (1.18992231, 0.49753437, 0.00193521)),
    ],
)
def test_curve_methods_agree_with_r(function, options, expected):
    found = function(X, Y, **options)
    assert (found.slope, found.intercept) == pytest.approx(expected[:2], abs=3e-6)
    assert found.criterion == pytest.approx(expected[2], abs=1e-8)


# R 4.2.2, numDeriv on the minimiser (reference/linking.R): a one-sided difference, good to three digits.
@pytest.mark.parametrize(
    ("function", "expected"),
    [(link.stocking_lord, (0.07552, 0.11259, -0.00292)), (link.haebara, (0.06804, 0.10148, -0.00174))],
)
def test_curve_standard_errors_agree_with_r(function, expected):
    found = function(X, Y)
    assert (found.slope_se, found.intercept_se) == pytest.approx(expected[:2], rel=5e-3)
    assert found.covariance[0, 1] == pytest.approx(expected[2], abs=3e-5)


def test_moment_methods_closed_form():
    assert link.mean_mean(X, Y).slope == pytest.approx(np.mean(A1) / np.mean(A2), rel=1e-14)
    assert link.mean_sigma(X, Y).slope == pytest.approx(np.std(B2) / np.std(B1), rel=1e-14)
    ratio = np.exp(np.mean(np.log(np.array(A1) / np.array(A2))))
    assert link.mean_geometric_mean(X, Y).slope == pytest.approx(ratio, rel=1e-14)
    found = link.mean_sigma(X, Y)
    assert found.intercept == pytest.approx(np.mean(B2) - found.slope * np.mean(B1), rel=1e-14)


def test_mean_mean_standard_error_by_hand():
    # A = mean(a1)/mean(a2): var = (var(a1)/a2^2 + A^2 var(a2)/a2^2), B given A adds the means of b.
    found, m2 = link.mean_mean(X, Y), np.mean(A2)
    slope_variance = (1 + found.slope**2) * 0.1**2 / 5 / m2**2
    assert found.slope_se == pytest.approx(np.sqrt(slope_variance), rel=1e-8)
    intercept_variance = np.mean(B1) ** 2 * slope_variance + (1 + found.slope**2) * 0.12**2 / 5
    assert found.intercept_se == pytest.approx(np.sqrt(intercept_variance), rel=1e-8)


@pytest.mark.parametrize("function", METHODS)
def test_standard_errors_match_simulated_spread(function):
    rng, draws = np.random.default_rng(7), []
    for _ in range(60):
        noise = rng.normal(size=(4, 5))
        first = link.items(np.array(A1) + 0.05 * noise[0], np.array(B1) + 0.05 * noise[1])
        second = link.items(np.array(A2) + 0.05 * noise[2], np.array(B2) + 0.05 * noise[3])
        made = function(first, second)
        draws.append((made.slope, made.intercept))
    known = function(
        link.items(A1, B1, a_se=[0.05] * 5, b_se=[0.05] * 5), link.items(A2, B2, a_se=[0.05] * 5, b_se=[0.05] * 5)
    )
    spread = np.std(draws, axis=0, ddof=1)  # 60 draws: the ratio has standard error 9 %
    assert spread == pytest.approx([known.slope_se, known.intercept_se], rel=0.35)


@pytest.mark.parametrize("function", METHODS)
@settings(max_examples=5, deadline=None)
@given(slope=st.floats(0.4, 2.5), intercept=st.floats(-2, 2))
def test_known_transform_is_recovered(function, slope, intercept):
    moved = link.Link(method="truth", slope=slope, intercept=intercept).transform_items(X)
    found = function(X, moved)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), abs=1e-6)


@pytest.mark.parametrize("family", ["graded", "partial_credit"])
@pytest.mark.parametrize("function", [*METHODS, lambda x, y: link.haebara(x, y, compare="scores")])
def test_polytomous_transform_is_recovered(function, family):
    source = link.items([1.0, 0.8, 1.4], [[-1.0, 0.0, 1.2], [-0.5, 0.7], [0.3]], family=family)
    found = function(source, link.Link(method="truth", slope=0.8, intercept=-0.3).transform_items(source))
    assert (found.slope, found.intercept) == pytest.approx((0.8, -0.3), abs=1e-6)


@pytest.mark.parametrize("function", METHODS)
def test_link_to_itself_is_identity(function):
    found = function(X, X)
    assert (found.slope, found.intercept) == pytest.approx((1.0, 0.0), abs=1e-9)


@pytest.mark.parametrize("function", METHODS)
def test_link_back_is_the_inverse(function):
    forth, back = function(X, Y), function(Y, X)
    assert (back.slope, back.intercept) == pytest.approx((forth.inverse().slope, forth.inverse().intercept), abs=1e-7)
    assert (back.slope_se, back.intercept_se) == pytest.approx(
        (forth.inverse().slope_se, forth.inverse().intercept_se), rel=1e-4
    )


def test_one_sided_inverse_names_the_other_side():
    forth, back = link.haebara(X, Y, direction="to"), link.haebara(Y, X, direction="from")
    assert back.slope == pytest.approx(forth.inverse().slope, abs=1e-7)
    assert forth.inverse().direction == "from"
    assert link.haebara(Y, X, direction="to").slope != pytest.approx(forth.inverse().slope, abs=1e-4)


def test_rescaling_both_scales_rescales_the_link():
    other = link.Link(method="shift", slope=2.0, intercept=1.0)
    for function in METHODS[:3]:
        plain, moved = function(X, Y), function(X, other.transform_items(Y))
        assert moved.slope == pytest.approx(2 * plain.slope, rel=1e-12)
        assert moved.intercept == pytest.approx(2 * plain.intercept + 1, rel=1e-12)


def test_transform_and_its_error():
    found = link.mean_sigma(X, Y)
    assert found.transform([0.0, 1.0]) == pytest.approx([found.intercept, found.slope + found.intercept])
    assert found.transform_se(0.0) == pytest.approx(found.intercept_se)
    both = found.transform_se(0.0, 0.3)
    assert both == pytest.approx(np.hypot(found.intercept_se, 0.3 * found.slope))
    assert (found.scale_from, found.scale_to) == ("spring", "fall")
    assert found.transform_items(X).scale_id == "fall"
    around = found.then(found.inverse())
    assert (around.slope, around.intercept) == pytest.approx((1.0, 0.0), abs=1e-12)


def test_held_slope_is_the_rasch_link():
    first, second = link.items(None, B1, b_se=[0.1] * 5), link.items(None, B2, b_se=[0.1] * 5)
    found = link.mean_mean(first, second)
    assert (found.slope, found.slope_se) == (1.0, 0.0)
    assert found.intercept == pytest.approx(np.mean(B2) - np.mean(B1))
    assert found.intercept_se == pytest.approx(np.sqrt(2 * 0.01 / 5), rel=1e-8)
    curves = link.stocking_lord(first, second, slope=1.0)
    assert curves.slope == 1.0
    assert curves.intercept == pytest.approx(found.intercept, abs=0.01)
    assert curves.intercept_se == pytest.approx(found.intercept_se, rel=0.02)


def test_arrays_are_read_as_items():
    assert link.mean_sigma(np.column_stack([A1, B1, C1]), np.column_stack([A2, B2, C2])).slope == pytest.approx(
        link.mean_sigma(X, Y).slope
    )
    assert link.as_items(B1).a.tolist() == [1.0] * 5


def test_drift_takes_out_the_item_that_moved():
    rng = np.random.default_rng(3)
    b = np.linspace(-2, 2, 12)
    shifted = 1.1 * b + 0.4 + rng.normal(0, 0.03, 12)
    shifted[4] += 0.9
    found = link.anchor_drift(link.items([1.1] * 12, b), link.items([1.0] * 12, shifted), method="mean_sigma")
    assert found.removed == found.flagged == ("5",)
    assert found.displacement[4] == pytest.approx(0.9, abs=0.1)
    assert abs(found.link.intercept - 0.4) < abs(found.link_all.intercept - 0.4)
    assert found.link.n_items == 11
    assert found.reason is None
    kept = np.delete(found.displacement, 4)
    low, middle, high = np.percentile(kept, [25, 50, 75])
    assert found.robust_z[0] == pytest.approx((found.displacement[0] - middle) / (0.74 * (high - low)))


def test_drift_stops_at_the_allowed_share_and_says_so():
    b = np.linspace(-2, 2, 10)
    moved = b + np.array([0, 0, 0, 2, 0, -2, 0, 2, 0.01, 0.02])
    found = link.anchor_drift(link.items(None, b), link.items(None, moved), method="mean_mean", maximum_share=0.1)
    assert len(found.removed) == 1
    assert "still flagged" in found.reason


def test_drift_without_drift_has_no_z():
    found = link.anchor_drift(X, X)
    assert found.flagged == ()
    assert set(found.robust_z) == {None}
    assert found.curve_distance == pytest.approx(np.zeros(5), abs=1e-8)


@pytest.mark.parametrize("made", [X, link.stocking_lord(X, Y), link.mean_sigma(B1, B2), link.anchor_drift(X, Y)])
def test_results_are_picklable_and_round_trip(made):
    assert pickle.loads(pickle.dumps(made)) == made
    assert type(made).from_dict(made.to_dict()) == made
    assert str(made)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: link.mean_mean(X, [0.0, 1.0]), UsageError, "same anchors"),
        (lambda: link.mean_mean(X, link.items(A2, B2, scaling=1.702)), UsageError, "one constant D"),
        (lambda: link.mean_mean([[1.0, 0.0, 0.2, 9.0]], X), UsageError, "columns a, b"),
        (lambda: link.mean_sigma([0.0, 0.0], [1.0, 1.0]), NotEstimableError, "two different locations"),
        (lambda: link.stocking_lord(X, Y, direction="up"), UsageError, "direction='up'"),
        (lambda: link.stocking_lord(X, Y, quadrature="gauss"), UsageError, "quadrature"),
        (lambda: link.stocking_lord(X, Y, quadrature=([0.0, 1.0], [-1.0, 1.0])), UsageError, "quadrature"),
        (lambda: link.haebara(X, Y, compare="items"), UsageError, "compare='items'"),
        (lambda: link.haebara(X, Y, slope=0.0), UsageError, "slope=0.0"),
        (lambda: link.mean_mean(X, Y, slope="one"), UsageError, "slope='one' is text"),
        (lambda: link.mean_mean("X", Y), UsageError, "items_from holds something that is not a number"),
        (lambda: link.haebara(X, Y, quadrature=(["a"], [1])), UsageError, "quadrature holds something"),
        (lambda: link.mean_mean(X, Y).transform("high"), UsageError, "theta holds something that is not a number"),
        (lambda: link.anchor_drift(X, Y, z_limit="high"), UsageError, "z_limit='high' is text"),
        (lambda: link.items([0.0, 1.0], [0.0, 1.0]), UsageError, "above 0"),
        (lambda: link.items([1.0, 1.0], [0.0, np.nan]), UsageError, "missing or infinite"),
        (lambda: link.items([1.0], [0.0, 1.0]), UsageError, "shape (2,)"),
        (lambda: link.items(None, [0.0], c=[1.0]), UsageError, "[0, 1)"),
        (lambda: link.items(None, [[0.0, 1.0]], c=[0.2]), UsageError, "dichotomous"),
        (lambda: link.items(None, [0.0], family="nominal"), UsageError, "graded, partial_credit"),
        (lambda: link.items(None, [0.0], covariance=np.eye(7)), UsageError, "covariance"),
        (lambda: link.items(None, [0.0, 1.0], names=["a", "a"]), UsageError, "different names"),
        (lambda: link.items(None, []), UsageError, "at least one"),
        (lambda: link.anchor_drift([0.0, 1.0], [0.0, 1.0]), UsageError, "at least 3"),
        (lambda: link.anchor_drift(X, Y, method="best"), UsageError, "method='best'"),
        (lambda: link.anchor_drift(X, Y, maximum_share=1.0), UsageError, "maximum_share"),
        (lambda: link.mean_sigma(X, Y).transform_items(Y), UsageError, "link that scale first"),
        (lambda: link.mean_sigma(X, Y).then(link.mean_sigma(X, Y)), UsageError, "starts at 'spring'"),
        (lambda: link.mean_sigma(B1, B2).transform_se(0.0), NotEstimableError, "no standard error"),
    ],
)
def test_misuse_says_what_is_wrong(call, error, says):
    with pytest.raises(error) as caught:
        call()
    assert says in str(caught.value)


def responses(rng, ability, slope, location):
    chance = 1 / (1 + np.exp(-slope * (ability[:, None] - location)))
    return (rng.random(chance.shape) < chance).astype(float)


def test_two_calibrations_link_by_name_with_their_errors():
    rng = np.random.default_rng(12)
    slope, location = rng.uniform(0.8, 1.8, 12), np.linspace(-2, 2, 12)
    names = [f"q{j}" for j in range(12)]
    spring = irt.fit(responses(rng, rng.normal(0, 1, 1500), slope[:8], location[:8]), item_ids=names[:8])
    fall = irt.fit(responses(rng, rng.normal(0.5, 1.2, 1500), slope[3:], location[3:]), item_ids=names[3:])
    for method in METHODS:
        found = method(spring, fall)
        assert found.n_items == 5
        # theta on the fall scale is (theta - 0.5) / 1.2
        assert abs(found.slope - 1 / 1.2) < 4 * found.slope_se
        assert abs(found.intercept + 0.5 / 1.2) < 4 * found.intercept_se
    moved = link.stocking_lord(spring, fall).transform_items(spring.items)
    assert isinstance(moved, irt.ItemParameters)
    assert (moved.scale_id, spring.items.scale_id) == (fall.scale_id, spring.scale_id)
    assert irt.score(responses(rng, rng.normal(size=5), slope[:8], location[:8]), moved) is not None
    assert link.anchor_drift(spring, fall, maximum_share=0.4).names == tuple(names[3:8])


def test_item_parameters_are_read():
    made = irt.item_parameters([1.0, 1.5], [[-1.0, 1.0], [0.0, 0.5]], model="gpcm")
    read = link.as_items(made)
    assert (read.family, read.names) == ("partial_credit", ("item1", "item2"))
    found = link.haebara(made, made.rescaled(slope=1.3, intercept=0.2, scale_id="new"))
    assert (found.slope, found.intercept, found.scale_to) == (pytest.approx(1.3), pytest.approx(0.2), "new")
    with pytest.raises(UsageError, match="mix graded"):
        link.as_items(irt.item_parameters([1, 1], [[-1.0, 1.0], [-1.0, 1.0]], model=["graded", "gpcm"]))
    with pytest.raises(UsageError, match="unused codes"):
        link.as_items(irt.item_parameters([1.0], [[-1.0, 1.0]], model="gpcm", categories=[[0, 2, 3]]))
    with pytest.raises(UsageError, match="no item name in common"):
        link.mean_mean(made, irt.item_parameters([1.0], [0.0], item_ids=["other"]))


def test_common_slope_and_held_parameters_carry_their_covariance():
    rng = np.random.default_rng(13)
    data = responses(rng, rng.normal(size=400), 1.0, np.linspace(-1, 1, 4))
    one = link.as_items(irt.fit(data, "1pl"))
    assert one.covariance[0, 0] == one.covariance[0, 3] > 0
    rasch = link.as_items(irt.fit(data, "rasch"))
    assert rasch.covariance[0, 0] == 0
    assert rasch.covariance[4, 4] > 0
