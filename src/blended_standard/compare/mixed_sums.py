"""The likelihood of a linear mixed model with one grouping, from sums within groups: no step after them costs O(n).

With V = I + Z G Z' (G relative to the residual variance) all that is needed of a group is Z'Z, Z'X and Z'y.
Source: Bates, Maechler, Bolker & Walker (2015) for the profiled criteria; Harville (1977) for the derivatives.
"""

from __future__ import annotations

import attrs
import numpy as np

from blended_standard.errors import NotEstimableError
from blended_standard.numeric.arguments import Floats, Integers


@attrs.frozen
class Solution:
    """The generalized least-squares solution for one G, and what its derivatives need."""

    beta: Floats  # (p,)
    inverse: Floats  # (p, p): (X'V^-1 X)^-1
    rss: float
    log_det_v: float
    log_det_x: float
    zvz: Floats  # (m, q, q)
    zvx: Floats  # (m, q, p)
    zvr: Floats  # (m, q)


@attrs.frozen
class GroupSums:
    """Sums within m groups, p fixed and q random coefficients; r is the residual of ordinary regression."""

    n: int
    zz: Floats  # (m, q, q)
    zx: Floats  # (m, q, p)
    zr: Floats  # (m, q)
    xx: Floats  # (p, p)
    rr: float
    ordinary: Floats  # (p,): coefficients of the ordinary regression
    reml: bool

    @classmethod
    def of(cls, y: Floats, x: Floats, z: Floats, codes: Integers, *, reml: bool) -> GroupSums:
        """Take the sums: the only pass over the n rows."""
        m, p, q = int(codes.max()) + 1, x.shape[1], z.shape[1]
        xx = x.T @ x
        ordinary = np.asarray(np.linalg.solve(xx, x.T @ y), dtype=np.float64)
        r = y - x @ ordinary
        correction = np.asarray(np.linalg.solve(xx, x.T @ r), dtype=np.float64)
        ordinary, r = ordinary + correction, r - x @ correction

        def within(values: Floats) -> Floats:
            return np.asarray(np.bincount(codes, weights=values, minlength=m))

        zz, zx, zr = np.empty((m, q, q)), np.empty((m, q, p)), np.empty((m, q))
        for a in range(q):
            left = z[:, a]
            one = bool((left == 1.0).all())
            zr[:, a] = within(r if one else left * r)
            for b in range(p):
                zx[:, a, b] = within(x[:, b] if one else left * x[:, b])
            for b in range(a + 1):
                zz[:, a, b] = zz[:, b, a] = within(z[:, b] if one else left * z[:, b])
        return cls(y.size, zz, zx, zr, xx, float(r @ r), ordinary, reml)

    @property
    def q(self) -> int:
        """The number of random coefficients."""
        return int(self.zz.shape[1])

    @property
    def degrees(self) -> int:
        """The divisor of the residual sum of squares: n - p for REML, n for ML."""
        return self.n - (self.xx.shape[0] if self.reml else 0)

    def solve(self, factor: Floats) -> Solution:
        """Solve for the fixed coefficients with G = factor factor'."""
        if self.q == 1:
            return self._solve_intercept(float(factor[0, 0]) ** 2)
        small = np.eye(self.q) + factor.T @ self.zz @ factor
        spread = factor @ np.linalg.inv(small) @ factor.T
        log_det_v = float(np.linalg.slogdet(small)[1].sum())
        shrunk = spread @ self.zx
        a = self.xx - np.einsum("mqp,mqr->pr", self.zx, shrunk)
        b = -np.einsum("mqp,mq->p", shrunk, self.zr)
        c = self.rr - float(np.einsum("mq,mqr,mr->", self.zr, spread, self.zr))
        inverse = np.asarray(np.linalg.inv((a + a.T) / 2), dtype=np.float64)
        beta = inverse @ b
        keep = np.eye(self.q) - self.zz @ spread
        zvx = keep @ self.zx
        return Solution(
            beta=beta,
            inverse=inverse,
            rss=max(c - float(b @ beta), 0.0),
            log_det_v=log_det_v,
            log_det_x=float(np.linalg.slogdet(a)[1]),
            zvz=keep @ self.zz,
            zvx=zvx,
            zvr=np.einsum("mqr,mr->mq", keep, self.zr) - zvx @ beta,
        )

    def _solve_intercept(self, ratio: float) -> Solution:
        """Do what `solve` does for one random coefficient, where every matrix of a group is a number."""
        sizes, zx, zr = self.zz[:, 0, 0], self.zx[:, 0, :], self.zr[:, 0]
        keep = 1 / (1 + ratio * sizes)
        spread = ratio * keep
        weighted = spread[:, None] * zx
        a = self.xx - zx.T @ weighted
        b = -weighted.T @ zr
        inverse = np.asarray(np.linalg.inv((a + a.T) / 2), dtype=np.float64)
        beta = inverse @ b
        zvx = keep[:, None] * zx
        return Solution(
            beta=beta,
            inverse=inverse,
            rss=max(self.rr - float(spread @ zr**2) - float(b @ beta), 0.0),
            log_det_v=-float(np.log(keep).sum()),
            log_det_x=float(np.linalg.slogdet(a)[1]),
            zvz=(keep * sizes)[:, None, None],
            zvx=zvx[:, None, :],
            zvr=(keep * zr - zvx @ beta)[:, None],
        )

    def criterion(self, solution: Solution, sigma2: float | None = None) -> float:
        """Return -2 log (restricted) likelihood, at the best residual variance or at the one given."""
        s2 = solution.rss / self.degrees if sigma2 is None else sigma2
        if s2 <= 0:
            return -np.inf
        fixed = solution.log_det_x if self.reml else 0.0
        return float(solution.log_det_v + fixed + self.degrees * np.log(2 * np.pi * s2) + solution.rss / s2)

    def gradient(self, solution: Solution, sigma2: float | None = None) -> Floats:
        """Return the derivative of the criterion with respect to G, shape (q, q); 0 where nothing is left to fit."""
        s2 = solution.rss / self.degrees if sigma2 is None else sigma2
        if s2 <= 0:
            return np.zeros((self.q, self.q))
        total = solution.zvz.sum(axis=0) - solution.zvr.T @ solution.zvr / s2
        if self.reml:
            for a in range(self.q):
                for b in range(self.q):
                    total[a, b] -= (solution.zvx[:, a, :].T @ solution.zvx[:, b, :] * solution.inverse).sum()
        return np.asarray((total + total.T) / 2)


def best_factor(sums: GroupSums) -> Floats:
    """Return the lower-triangular relative factor that minimizes the criterion."""
    return _best_scalar(sums) if sums.q == 1 else _best_matrix(sums)


def lower(theta: Floats, q: int) -> Floats:
    """Return the lower-triangular matrix that `theta` fills by rows."""
    factor = np.zeros((q, q))
    factor[np.tril_indices(q)] = theta
    return factor


def _best_scalar(sums: GroupSums) -> Floats:
    from scipy.optimize import brentq

    def slope(ratio: float) -> float:
        return float(sums.gradient(sums.solve(np.array([[np.sqrt(ratio)]])))[0, 0])

    grid = np.concatenate([[0.0], np.logspace(-7, 7, 43)])
    heights = [sums.criterion(sums.solve(np.array([[np.sqrt(ratio)]]))) for ratio in grid.tolist()]
    place = int(np.argmin(heights))
    if place == grid.size - 1:
        raise NotEstimableError(
            "The outcome does not vary within groups (beyond the covariates), so the residual variance is zero and the "
            "model has no maximum. Compare the group means instead."
        )
    low, high = float(grid[max(place - 1, 0)]), float(grid[place + 1])
    if slope(low) >= 0:
        return np.array([[np.sqrt(low)]])
    return np.array([[np.sqrt(brentq(slope, low, high, xtol=1e-15, rtol=1e-13))]])


def _best_matrix(sums: GroupSums) -> Floats:
    from scipy.optimize import minimize

    q = sums.q
    triangle = np.tril_indices(q)
    bounds = [(0.0, None) if i == j else (None, None) for i, j in zip(*triangle, strict=True)]

    def value_and_slope(theta: Floats) -> tuple[float, Floats]:
        factor = lower(theta, q)
        solution = sums.solve(factor)
        return sums.criterion(solution), (2 * sums.gradient(solution) @ factor)[triangle]

    starts = [np.eye(q)[triangle] * size for size in (1.0, 0.2)]
    fits = [
        minimize(
            value_and_slope,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-15, "gtol": 1e-8},
        )
        for start in starts
    ]
    theta = np.asarray(min(fits, key=lambda fit: float(fit.fun)).x)
    inside = all(value > 1e-5 for value, (least, _) in zip(theta, bounds, strict=True) if least is not None)
    return lower(_polish(theta, value_and_slope) if inside else theta, q)


def _polish(theta: Floats, value_and_slope: object) -> Floats:
    """Take Newton steps on the slope: the height alone cannot place a minimum to better than half its digits."""
    if not callable(value_and_slope):
        return theta
    for _ in range(6):
        slope = value_and_slope(theta)[1]
        hessian = np.empty((theta.size, theta.size))
        for k in range(theta.size):
            step = np.zeros(theta.size)
            step[k] = 1e-5 * max(1.0, abs(theta[k]))
            hessian[k] = (value_and_slope(theta + step)[1] - value_and_slope(theta - step)[1]) / (2 * step[k])
        hessian = (hessian + hessian.T) / 2
        if np.linalg.eigvalsh(hessian)[0] <= 0:
            return theta
        move = np.linalg.solve(hessian, slope)
        if np.abs(move).max() > 0.1:
            return theta
        theta = theta - move
        if np.abs(move).max() < 1e-12:
            break
    return theta
