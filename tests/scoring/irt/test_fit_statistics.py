"""Item, person and model fit against R mirt and eRm (psychometrics.md 2.6), and their behavior under the model."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.scoring import irt
from tests.scoring.irt.tables import BINARY, LSAT6, LSAT7, SCIENCE, SCIENCE_N, simulate


@pytest.fixture(scope="module")
def lsat6() -> irt.IrtFit:
    return irt.fit(BINARY, weights=LSAT6)


@pytest.fixture(scope="module")
def rasch6() -> irt.IrtFit:
    return irt.fit(BINARY, "rasch", weights=LSAT6)


def test_s_x2_as_mirt(lsat6: irt.IrtFit) -> None:
    made = irt.item_fit(BINARY, lsat6, weights=LSAT6).items
    np.testing.assert_allclose([i.s_x2 for i in made], [0.450, 1.691, 0.666, 0.175, 0.111], atol=6e-4)
    assert [i.df for i in made] == [2, 2, 1, 2, 2]
    lsat7 = irt.item_fit(BINARY, irt.fit(BINARY, weights=LSAT7), weights=LSAT7).items
    np.testing.assert_allclose([i.s_x2 for i in lsat7], [4.751, 14.453, 1.273, 5.236, 0.941], atol=6e-4)
    assert lsat7[1].p_value == pytest.approx(0.001, abs=5e-4)


def test_the_name_of_an_item_that_begins_another_takes_none_of_its_parameters(lsat6: irt.IrtFit) -> None:
    names = ["1", "1.2", "1.2.3", "2", "2.1"]
    made = irt.item_fit(BINARY, irt.fit(BINARY, weights=LSAT6, item_ids=names), weights=LSAT6, item_ids=names)
    assert [i.df for i in made.items] == [i.df for i in irt.item_fit(BINARY, lsat6, weights=LSAT6).items]


def test_s_x2_of_graded_items() -> None:
    fit = irt.fit(SCIENCE, "graded", weights=SCIENCE_N)
    made = irt.item_fit(SCIENCE, fit, weights=SCIENCE_N).items
    assert [i.df for i in made] == [6, 9, 8, 11]  # mirt
    # mirt: 4.787, 8.757, 7.554, 9.925; the first two differ in how mirt moves observed counts of merged cells
    np.testing.assert_allclose([i.s_x2 for i in made[2:]], [7.554, 9.925], atol=6e-4)
    np.testing.assert_allclose([i.s_x2 for i in made[:2]], [4.787, 8.757], atol=0.75)


def test_infit_and_outfit_at_eap_as_mirt(rasch6: irt.IrtFit) -> None:
    made = irt.item_fit(BINARY, rasch6, weights=LSAT6, theta_method="eap", exclude_extreme=False).items
    np.testing.assert_allclose([i.outfit for i in made], [0.819, 0.821, 0.815, 0.823, 0.827], atol=6e-4)
    np.testing.assert_allclose([i.infit for i in made], [1.077, 0.885, 0.827, 0.918, 1.013], atol=6e-4)


def test_infit_and_outfit_at_ml_as_erm() -> None:
    # eRm 1.0.2: conditional ML difficulties, ML abilities, extreme scores excluded
    easiness = np.array([1.25613, -0.47491, -1.23598, -0.16841, 0.62317])
    items = irt.item_parameters(1.0, -easiness, model="rasch")
    fit = irt.fit(BINARY, "rasch", weights=LSAT6, fixed=items)
    made = irt.item_fit(BINARY, fit, weights=LSAT6, theta_method="ml").items
    np.testing.assert_allclose([i.outfit for i in made], [0.801, 0.958, 0.949, 0.944, 0.872], atol=6e-4)
    np.testing.assert_allclose([i.infit for i in made], [0.828, 0.968, 0.973, 0.954, 0.895], atol=6e-4)
    assert [i.n for i in made] == [699] * 5


def test_q3_as_mirt(lsat6: irt.IrtFit) -> None:
    made = irt.local_dependence(BINARY, lsat6, weights=LSAT6)
    assert made.q3[0, 1] == pytest.approx(-0.042, abs=6e-4)
    assert made.q3[1, 2] == pytest.approx(-0.116, abs=6e-4)
    assert made.q3[3, 4] == pytest.approx(-0.004, abs=6e-4)
    assert made.largest == ()
    assert len(made.rows()) == 10


def test_q3_finds_a_pair_that_repeats_itself() -> None:
    rng = np.random.default_rng(4)
    data = simulate(rng, rng.normal(size=3000), np.full(10, 1.2), np.linspace(-1.5, 1.5, 10))
    copied = rng.random(3000) < 0.6
    data[copied, 5] = data[copied, 4]
    made = irt.local_dependence(data, irt.fit(data))
    assert made.largest[0][:2] == ("item5", "item6")


def test_person_fit_as_mirt(lsat6: irt.IrtFit) -> None:
    made = irt.person_fit(BINARY[[31, 27, 4, 14, 17]], lsat6)
    np.testing.assert_allclose(made.l_z, [0.84976, 0.68833, -3.53281, -3.12147, 0.13226], atol=2e-4)
    empty = irt.person_fit([[None] * 5], lsat6)
    assert empty.rows()[0] == {"theta": None, "l_z": None, "infit": None, "outfit": None}


@pytest.mark.parametrize(
    ("weights", "model", "value", "df"),
    [(LSAT6, "2pl", 4.738, 5), (LSAT6, "rasch", 5.291, 9), (LSAT6, "1pl", 5.291, 9), (LSAT7, "2pl", 11.938, 5)],
)
def test_m2_as_mirt(weights: np.ndarray, model: str, value: float, df: int) -> None:
    made = irt.model_fit(BINARY, irt.fit(BINARY, model, weights=weights), weights=weights)
    assert (made.name, made.df) == ("m2", df)
    assert made.statistic == pytest.approx(value, abs=6e-4)


def test_fit_indices_as_mirt() -> None:
    made = irt.model_fit(BINARY, irt.fit(BINARY, weights=LSAT7), weights=LSAT7)
    assert made.interval is not None
    assert (made.rmsea, made.interval.low, made.interval.high) == pytest.approx((0.037, 0.009, 0.065), abs=6e-4)
    assert (made.srmsr, made.tli, made.cfi) == pytest.approx((0.032, 0.937, 0.968), abs=6e-4)
    graded = irt.model_fit(SCIENCE, irt.fit(SCIENCE, "graded", weights=SCIENCE_N), weights=SCIENCE_N)
    assert (graded.name, graded.df) == ("c2", 2)
    assert (graded.statistic, graded.rmsea) == pytest.approx((19.177, 0.148), abs=1e-3)


def test_m2_without_degrees_of_freedom_says_so() -> None:
    patterns = np.array([[i >> (2 - j) & 1 for j in range(3)] for i in range(8)])
    counts = [80, 30, 35, 40, 30, 45, 50, 90]
    made = irt.model_fit(patterns, irt.fit(patterns, weights=counts), weights=counts)
    assert made.p_value is None
    assert "nothing left to test" in (made.reason or "")


def test_m2_keeps_its_size_under_the_model() -> None:
    rng = np.random.default_rng(12)
    values = []
    for _ in range(60):
        data = simulate(rng, rng.normal(size=600), np.full(6, 1.3), np.linspace(-1, 1, 6))
        values.append(irt.model_fit(data, irt.fit(data)).statistic)
    # chi-square with 9 df: the mean of 60 lies within 9 +- 3.9 sd of the mean once in 10,000
    assert abs(np.mean(values) - 9) < 3.9 * np.sqrt(18 / 60)


def test_results_survive_pickling_and_dictionaries(lsat6: irt.IrtFit) -> None:
    for made in (
        irt.item_fit(BINARY, lsat6, weights=LSAT6),
        irt.local_dependence(BINARY, lsat6, weights=LSAT6),
        irt.person_fit(BINARY, lsat6),
        irt.model_fit(BINARY, lsat6, weights=LSAT6),
    ):
        assert pickle.loads(pickle.dumps(made)) == made
        assert type(made).from_dict(made.to_dict()) == made
        assert str(made)


def test_an_item_left_out_of_the_fit_is_left_out_of_its_statistics() -> None:
    data = np.column_stack([np.ones(32), BINARY])
    fit = irt.fit(data, weights=LSAT7)
    made = irt.item_fit(data, fit, weights=LSAT7)
    assert [i.item for i in made.items] == ["item2", "item3", "item4", "item5", "item6"]
    assert made.items[1].s_x2 == pytest.approx(14.453, abs=1e-3)
    assert irt.model_fit(data, fit, weights=LSAT7).statistic == pytest.approx(11.938, abs=1e-3)


def test_misuse_and_nothing_to_judge(lsat6: irt.IrtFit) -> None:
    two = irt.fit(np.vstack([BINARY, BINARY]), groups=np.repeat(["a", "b"], 32), weights=np.tile(LSAT6 + 1, 2))
    with pytest.raises(UsageError, match="groups"):
        irt.item_fit(BINARY, two)
    with pytest.raises(UsageError, match="groups"):
        irt.model_fit(BINARY, two)
    with pytest.raises(UsageError, match="theta_method"):
        irt.item_fit(BINARY, lsat6, theta_method="mle")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="flag"):
        irt.local_dependence(BINARY, lsat6, flag=np.nan)
    holes = np.where(np.eye(32, 5) == 1, np.nan, BINARY)
    holes[5:, 0] = np.nan
    with pytest.raises(NotEstimableError, match="every item"):
        irt.model_fit(holes, lsat6)
    assert irt.item_fit(holes, lsat6).items[0].s_x2 is None
    assert "S-X2 needs" in (irt.item_fit(holes, lsat6).items[0].reason or "")
