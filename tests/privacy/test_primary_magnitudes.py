"""Dominance rules against the published data sets of two R packages (fixtures P1 and P2)."""

from blended_standard.privacy import Policy, primary_magnitudes

# Sums by company, data set `magnitude1` of SSBtools; the flags are those of GaussSuppression 1.2.3.
P1 = {
    "Ent Por": [7.1, 2.3],
    "Ent Spa": [77.4, 11.5, 16.4],
    "Gov Por": [21.6, 2.0],
    "Gov Spa": [6.5, 2.7],
    "Ind Ice": [9.6, 8.8, 1.9],
    "Ind Por": [25.7, 3.4],
    "Ind Spa": [8.4],
    "Ent Ice": [16.8],
    "Agr Por": [75.9, 24.5],
    "Agr Spa": [96.6, 43.2],
}
DOMINATED = {"Ent Ice", "Gov Por", "Ind Por", "Ind Spa"}


def flagged(**rules):
    plain = {"minimum_n": 1, "p_percent": None} | rules
    found = primary_magnitudes(list(P1.values()), Policy(**plain))
    return {name for name, hidden in zip(P1, found.hidden, strict=True) if hidden}


def test_p1_dominance_1_80():
    assert flagged(dominance_nk=(1, 80)) == DOMINATED


def test_p1_p_percent_10():
    assert flagged(p_percent=10.0) == DOMINATED | {"Agr Por", "Agr Spa", "Ent Por", "Gov Spa"}


def test_p2_three_rules_agree_on_a_cell_of_eleven():
    # sdcTable `microdata1`, cell D x male: 11 values, sum 366, top two 291 (79.51 %), (T - x1 - x2) / x1 = 26.79 %.
    first = 75 / 0.2679
    values = [first, 291 - first, *[75 / 9] * 9]
    two = [12.0, 8.0]
    spread = [10.0] * 8
    for rules in (
        {"dominance_nk": (2, 75)},
        {"p_percent": 70.0},
        {"dominance_pq": (60, 80)},
    ):
        found = primary_magnitudes([values, two, spread], Policy(**({"minimum_n": 1, "p_percent": None} | rules)))
        assert found.hidden.tolist() == [True, True, False]


def test_margins_are_what_the_rule_misses():
    found = primary_magnitudes([[100.0, 20.0, 4.0]], Policy(minimum_n=1))
    # p % asks for 10 beside the two largest; there are 4, so 6 are missing.
    assert (found.need_high[0], found.need_low[0]) == (130.0, 118.0)
    assert found.rules == ("p_percent",)
    few = primary_magnitudes([[5.0] * 9, []], Policy())
    assert few.rules == ("minimum_n", "minimum_n")
    assert primary_magnitudes([[]], Policy(zero="show")).rules == ("",)
