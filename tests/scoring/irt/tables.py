"""Public response tables that the IRT literature prints, as patterns with frequencies.

LSAT6 and LSAT7: Bock and Lieberman (1970), as in R mirt and ltm. Science: the 1992 Eurobarometer items Comfort, Work,
Future, Benefit, as in R ltm and mirt.
"""

from __future__ import annotations

import numpy as np

BINARY = np.array([[i >> (4 - j) & 1 for j in range(5)] for i in range(32)])
LSAT6 = np.array(
    [3, 6, 2, 11, 1, 1, 3, 4, 1, 8, 0, 16, 0, 3, 2, 15, 10, 29, 14, 81, 3, 28, 15, 80, 16, 56, 21, 173, 11, 61, 28, 298]
)
_LSAT7 = "12 19 1 7 3 19 3 17 10 5 3 7 7 23 8 28 7 39 11 34 14 51 15 90 6 25 7 35 18 136 32 308"
LSAT7 = np.array([int(n) for n in _LSAT7.split()])
_SCIENCE = """
1111x2 1321 1423 1431 2111 2124 2211 2222x4 2223x2 2231 2232 2233 2243 2313 2322x2 2323 2332x3 2333x3 2334x2
2341 2343x2 2421 2443x2 2444 3111 3113x2 3122x2 3123x4 3132x5 3133x5 3134x3 3143 3144 3212 3214 3221 3222x10
3223x7 3231 3232x16 3233x22 3234x5 3241 3242 3243x3 3244x2 3313x2 3321 3322x13 3323x10 3324x2 3331x5 3332x23
3333x52 3334x8 3342x7 3343x13 3344x12 3413 3423 3432x2 3433x4 3434x4 3441 3442 3443x6 3444x3 4114 4122 4124x2
4134 4221 4223x3 4233x8 4234x2 4242 4244 4323 4332x2 4333x21 4334x3 4342x2 4343x5 4344x8 4432 4433x2 4434x3
4442x2 4443x6 4444x12
"""
SCIENCE = np.array([[int(code) for code in entry[:4]] for entry in _SCIENCE.split()])
SCIENCE_N = np.array([int(entry[5:] or 1) for entry in _SCIENCE.split()])


def people(patterns: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Return one row a learner."""
    return np.repeat(patterns, frequency, axis=0)


def simulate(rng: np.random.Generator, theta: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return 0/1 responses of a two-parameter model."""
    return (rng.random((len(theta), len(a))) < 1 / (1 + np.exp(-a * (theta[:, None] - b)))).astype(np.int8)
