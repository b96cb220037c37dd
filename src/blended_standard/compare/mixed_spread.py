"""How uncertain a mixed model is: its variances, the degrees of freedom that follow, and the effects of groups.

Sources: Satterthwaite degrees of freedom as in Kuznetsova et al. (2017); conditional modes as in Bates et al. (2015).
"""

from __future__ import annotations

import attrs
import numpy as np

from blended_standard.compare.mixed_sums import GroupSums, Solution
from blended_standard.numeric.arguments import Floats


@attrs.frozen
class Spread:
    """How uncertain the variances are: the inverse information of (factor, sigma2), and its use for degrees of freedom.

    The factor F of G = F F' may be of lower rank than G (a variance of zero): the directions that are left count.
    """

    sums: GroupSums
    best: Solution
    factor: Floats
    sigma2: float
    covariance: Floats  # of the lower triangle of F by rows, then sigma2

    @classmethod
    def of(cls, sums: GroupSums, best: Solution, factor: Floats, sigma2: float) -> Spread:
        """Return it from the derivatives of the criterion at its minimum, taken by differences."""
        triangle = np.tril_indices(sums.q)
        k = triangle[0].size
        rows = np.maximum(np.sqrt((factor**2).sum(axis=1)), 1e-3)
        hessian = np.zeros((k + 1, k + 1))
        for a, (i, j) in enumerate(zip(*triangle, strict=True)):
            step = np.zeros_like(factor)
            step[i, j] = 1e-4 * rows[i]
            up, down = (
                _along(sums.gradient(sums.solve(moved), sigma2), moved) for moved in (factor + step, factor - step)
            )
            hessian[a, :k] = (up - down) / (2 * step[i, j])
        hessian[k, k] = sums.degrees / sigma2**2
        hessian[k, :k] = hessian[:k, k] = _along(best.zvr.T @ best.zvr, factor) / sigma2**2
        # Scaled to a unit diagonal, since the unit of the outcome must not decide what counts as singular.
        diagonal = np.diag(hessian)
        size = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        values, vectors = np.linalg.eigh(size[:, None] * (hessian + hessian.T) / 2 * size)
        # A direction without information (variances that are zero, or lost to rounding) adds nothing, as in lmerTest.
        root = size[:, None] * vectors * np.sqrt(np.where(values > 1e-10, 2 / np.maximum(values, 1e-10), 0.0))
        return cls(sums, best, factor, sigma2, root @ root.T)

    def satterthwaite(self, contrast: Floats) -> float:
        """Return 2 v^2 / Var(v), v the variance of a combination of the fixed coefficients."""
        row = self.best.inverse @ contrast
        moved = self.best.zvx @ row  # (m, q)
        gradient = np.append(_along(self.sigma2 * moved.T @ moved, self.factor), float(contrast @ row))
        v = self.sigma2 * float(contrast @ row)
        spread = float(gradient @ self.covariance @ gradient)
        return 2 * v**2 / spread if spread > 0 else float(self.sums.degrees)

    def between_se(self) -> float:
        """Return the large-sample SE of the variance between groups (one random coefficient)."""
        theta = float(self.factor[0, 0])
        gradient = np.array([2 * theta * self.sigma2, theta**2])
        return float(np.sqrt(gradient @ self.covariance @ gradient))

    def within_se(self) -> float:
        """Return the large-sample SE of the residual variance."""
        return float(np.sqrt(self.covariance[-1, -1]))


def _along(matrix: Floats, factor: Floats) -> Floats:
    """Turn a derivative with respect to G = F F' into that with respect to the lower triangle of F."""
    return np.asarray((2 * matrix @ factor)[np.tril_indices(factor.shape[0])], dtype=np.float64)


def effect_covariances(
    sums: GroupSums, best: Solution, relative: Floats, sigma2: float, back: Floats
) -> tuple[Floats, Floats]:
    """Return the covariance of effects given the fixed coefficients, and with their uncertainty added."""
    conditional = sigma2 * (relative - relative @ best.zvz @ relative)
    moved = relative @ best.zvx
    added = sigma2 * moved @ best.inverse @ np.swapaxes(moved, 1, 2)
    return back @ conditional @ back.T, back @ (conditional + added) @ back.T
