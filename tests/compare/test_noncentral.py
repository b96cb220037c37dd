"""The noncentral t distribution against R's pt and against adaptive quadrature."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from blended_standard.compare._noncentral import noncentral_t_cdf


@pytest.mark.parametrize(
    ("t", "df", "noncentrality", "expected"),  # pt(t, df, ncp), R 4.2.2, whose own error is about 1e-12
    [
        (2.3, 11, 2.9, 0.27811936399914),
        (1.97, 126, 2.83, 0.19562668232112),
        (-1.5, 3, 0.4, 0.06002174862481),
        (8, 5, 7, 0.57227884033811),
        (12.7, 1, 1, 0.93220413599698),
        (30, 20, 28, 0.6231714238295),
        (1.96, 1e6, 2.8, 0.20045428205524),
    ],
)
def test_r(t, df, noncentrality, expected):
    assert noncentral_t_cdf(t, df, noncentrality) == pytest.approx(expected, abs=5e-12)


@pytest.mark.parametrize("df", [1.5, 2, 4.7, 30, 500])
def test_adaptive_quadrature(df):
    for t, shift in ((2.0, 2.8), (-1.0, 0.5), (6.0, 4.0)):

        def part(s, t=t, shift=shift):
            return special.ndtr(t * s - shift) * 2 * df * s * stats.chi2.pdf(df * s * s, df)

        top = 1 + 12 / np.sqrt(2 * df)
        expected = integrate.quad(part, 0, top, points=[1, abs(shift / t)], limit=500, epsabs=1e-13)[0]
        assert noncentral_t_cdf(t, df, shift) == pytest.approx(expected, abs=1e-10 if df >= 2 else 1e-5)


def test_the_central_case_is_student():
    for df in (1, 3, 40, 4000):
        assert noncentral_t_cdf(1.7, df, 0.0) == pytest.approx(special.stdtr(df, 1.7), abs=1e-12)
