"""Small-sample adjustments of cluster-robust covariances, their degrees of freedom, and the joint test.

X is the orthonormal basis of a fit, X'WX = I. Sources: Bell & McCaffrey (2002) and Pustejovsky & Tipton (2018).
"""

from __future__ import annotations

import attrs
import numpy as np

from blended_standard.errors import NotEstimableError
from blended_standard.numeric.arguments import Floats, Integers
from blended_standard.results import Result, result

FEW_CLUSTERS, FEW_DF = 20, 4.0
"""With fewer clusters, or fewer degrees of freedom, a result carries a caution."""


@result
class JointTest(Result):
    """Approximate Hotelling (HTZ) test that several coefficients are all zero."""

    names: tuple[str, ...]
    value: float
    df_numerator: float
    df_denominator: float
    p_value: float
    method: str = "HTZ"


def adjusted_cr2(x: Floats, weighted: Floats, middle: Floats, starts: Integers) -> Floats:
    """Return A_j W_j X_j for each cluster, A_j the inverse square root of the j-th block of (I-H)(I-H)'; X'WX = I.

    That block is I - U K U' with U = [X_j, W_j X_j], so the root is needed only in the span of U: min(n_j, 2p) wide.
    """
    one = np.eye(middle.shape[0])
    kernel = np.block([[-middle, one], [one, np.zeros_like(one)]])
    adjusted = np.empty_like(weighted)
    ends = np.append(starts[1:], x.shape[0])
    for low, high in zip(starts.tolist(), ends.tolist(), strict=True):
        rows = weighted[low:high]
        basis, upper = np.linalg.qr(np.hstack([x[low:high], rows]))
        block = upper @ kernel @ upper.T
        values, vectors = np.linalg.eigh(np.eye(block.shape[0]) - (block + block.T) / 2)
        root = np.where(values > 1e-11, 1 / np.sqrt(np.maximum(values, 1e-11)), 0.0)
        inside = basis.T @ rows
        adjusted[low:high] = rows + basis @ ((vectors * (root - 1)) @ (vectors.T @ inside))
    return adjusted


def adjusted_cr3(x: Floats, weighted: Floats, starts: Integers) -> Floats:
    """Return A_j W_j X_j for each cluster, A_j the inverse of its block of I - H (CR3); X'WX = I."""
    adjusted = np.empty_like(weighted)
    ends = np.append(starts[1:], x.shape[0])
    for low, high in zip(starts.tolist(), ends.tolist(), strict=True):
        rows = weighted[low:high]
        values, vectors = np.linalg.eigh(np.eye(x.shape[1]) - x[low:high].T @ rows)
        if values[0] < 1e-10:
            raise NotEstimableError(
                "A coefficient rests on one cluster alone, so the model cannot be fitted without that cluster and CR3 "
                'does not exist. Use se="CR2" and read its degrees of freedom.'
            )
        adjusted[low:high] = rows @ (vectors / values) @ vectors.T
    return adjusted


def adjusted_cr2_unequal(x: Floats, variances: Floats, starts: Integers) -> Floats:
    """Return A_j X_j of rows scaled by 1/sd, A_j the adjustment when the working variances are `variances`.

    The published matrix is D (D G D')^(-1/2) D, with D the SDs and G the block of (I-H) Phi (I-H)'; it is not
    that of the scaled rows.
    """
    adjusted = np.empty_like(x)
    ends = np.append(starts[1:], x.shape[0])
    for low, high in zip(starts.tolist(), ends.tolist(), strict=True):
        phi, rows = variances[low:high], x[low:high]
        scaled = phi[:, None] * rows
        block = np.diag(phi**2) - scaled @ scaled.T
        values, vectors = np.linalg.eigh(block)
        floor = 1e-11 * max(float(phi.max()) ** 2, 1e-300)
        root = np.where(values > floor, 1 / np.sqrt(np.maximum(values, floor)), 0.0)
        adjusted[low:high] = phi[:, None] * ((vectors * root) @ (vectors.T @ rows))
    return adjusted


@attrs.frozen
class Forms:
    """The quadratic forms p_jk = p_j' p_k of each pair of coefficients, as a diagonal and a low-rank part."""

    diagonal: Floats  # (m, q, q)
    a: Floats  # (m, p, q): X_j' g_j
    b: Floats  # (m, p, q): X_j' W_j g_j
    middle: Floats  # X'WWX, where X'WX = I

    @classmethod
    def of(cls, g: Floats, x: Floats, w: Floats, middle: Floats, starts: Integers) -> Forms:
        """Return the forms of adjusted rows `g`; `starts` are the first rows of the clusters."""
        a = np.add.reduceat(x[:, :, None] * g[:, None, :], starts, axis=0)
        b = np.add.reduceat((w[:, None] * x)[:, :, None] * g[:, None, :], starts, axis=0)
        diagonal = np.add.reduceat(g[:, :, None] * g[:, None, :], starts, axis=0)
        return cls(diagonal, a, b, middle)

    def through(self, contrasts: Floats) -> Forms:
        """Return the forms of linear combinations (columns of `contrasts`) of the coefficients."""
        return attrs.evolve(
            self,
            diagonal=np.einsum("st,mtu,ur->msr", contrasts.T, self.diagonal, contrasts),
            a=self.a @ contrasts,
            b=self.b @ contrasts,
        )

    def factors(self, i: int, j: int) -> tuple[Floats, Floats]:
        """Return left, right with left @ right.T the off-diagonal rule of p_jk for the pair (i, j)."""
        a_i, b_i, a_j, b_j = self.a[:, :, i], self.b[:, :, i], self.a[:, :, j], self.b[:, :, j]
        left = np.hstack([-b_i, a_i @ self.middle, -a_i])
        return left, np.hstack([a_j, a_j, b_j])

    def satterthwaite(self, i: int) -> float:
        """Return 2 E^2 / Var of the variance estimate of coefficient i under the working model."""
        diagonal = self.diagonal[:, i, i]
        left, right = self.factors(i, i)
        own = (left * right).sum(axis=1)
        mean = float((diagonal + own).sum())
        squares = float((diagonal**2).sum() + 2 * (diagonal @ own) + ((left.T @ left) * (right.T @ right)).sum())
        return mean**2 / squares if squares > 0 else 1.0

    def mean(self) -> Floats:
        """Return the expected covariance matrix under the working model."""
        q = self.diagonal.shape[1]
        total = self.diagonal.sum(axis=0)
        for i in range(q):
            for j in range(q):
                left, right = self.factors(i, j)
                total[i, j] += (left * right).sum()
        return np.asarray((total + total.T) / 2)

    def total_variance(self) -> float:
        """Return the sum over entries (s, t) of the variance of the covariance estimate."""
        q = self.diagonal.shape[1]
        pairs = {}
        for s in range(q):
            for t in range(q):
                left, right = self.factors(s, t)
                pairs[s, t] = np.diag(self.diagonal[:, s, t]) + left @ right.T
        return float(
            sum(
                (pairs[s, s] * pairs[t, t]).sum() + (pairs[s, t] * pairs[s, t].T).sum()
                for s in range(q)
                for t in range(q)
            )
        )


def hotelling(beta: Floats, covariance: Floats, forms: Forms, index: list[int], names: tuple[str, ...]) -> JointTest:
    """Test that the coefficients at `index`, which have these `names`, are all zero."""
    from scipy.special import fdtrc

    q = len(index)
    contrasts = np.eye(beta.size)[:, index]
    # In units of the standard errors: coefficients of unlike size would lose the small ones.
    contrasts = contrasts / np.sqrt(np.diag(forms.through(contrasts).mean()))
    chosen = forms.through(contrasts)
    expected = chosen.mean()
    values, vectors = np.linalg.eigh(expected)
    whitened = chosen.through(vectors / np.sqrt(values))
    nu = q * (q + 1) / whitened.total_variance()
    estimate = contrasts.T @ beta
    statistic = float(estimate @ np.linalg.solve(contrasts.T @ covariance @ contrasts, estimate))
    if nu - q + 1 <= 0:
        raise NotEstimableError(f"Too few clusters to test {', '.join(names)} together: test fewer at once.")
    value = (nu - q + 1) / (nu * q) * statistic
    return JointTest(
        names=names,
        value=value,
        df_numerator=float(q),
        df_denominator=nu - q + 1,
        p_value=float(fdtrc(q, nu - q + 1, value)),
    )
