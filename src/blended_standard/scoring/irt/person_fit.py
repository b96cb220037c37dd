"""Does each learner's pattern fit the model: l_z, infit and outfit.

Source: Drasgow, Levine and Williams (1985) for l_z; Wright and Masters (1982) for infit and outfit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.irt.fits import IrtFit
from blended_standard.scoring.irt.item_fit import ThetaMethod, residuals
from blended_standard.scoring.irt.items import ItemParameters, category_probability
from blended_standard.scoring.irt.scores import match_positions, score


@result
class PersonFit(Result):
    """Fit of each learner, in the order of the responses; NaN (None in `rows()`) where there is no ability.

    Attributes
    ----------
    l_z : float array, shape (learners,)
        Standardized log-likelihood of the pattern; large negative values are unlikely patterns. With an estimated
        ability its spread under the model is below 1, so that -1.645 flags fewer than 5 in 100.
    infit, outfit : float arrays, shape (learners,)
    theta : float array, shape (learners,)
    """

    title = "Person fit"

    l_z: Floats = array()
    infit: Floats = array()
    outfit: Floats = array()
    theta: Floats = array()
    n: int
    method: str

    def rows(self) -> list[Row]:
        """Return one row a learner."""
        columns = {"theta": self.theta, "l_z": self.l_z, "infit": self.infit, "outfit": self.outfit}
        return [
            {name: float(values[i]) if np.isfinite(values[i]) else None for name, values in columns.items()}
            for i in range(self.n)
        ]


def person_fit(
    responses: npt.ArrayLike,
    items: ItemParameters | IrtFit,
    *,
    item_ids: Sequence[str] | None = None,
    theta_method: ThetaMethod = "eap",
) -> PersonFit:
    """Return l_z, infit and outfit of each learner.

    Parameters
    ----------
    responses : array-like, shape (learners, items)
    items : ItemParameters or IrtFit
    item_ids : strings, optional
        Names of the columns.
    theta_method : {"eap", "map", "ml", "wle"}
        EAP gives what mirt calls Zh.

    Raises
    ------
    UsageError
        Columns that are not the items.

    Examples
    --------
    >>> from blended_standard.scoring.irt import item_parameters
    >>> items = item_parameters([1.5] * 4, [-1.5, -0.5, 0.5, 1.5])
    >>> made = person_fit([[1, 1, 0, 0], [0, 0, 1, 1]], items)
    >>> bool(made.l_z[0] > 0 > made.l_z[1])
    True
    """
    parameters = items.items if isinstance(items, IrtFit) else items
    parameters, positions = match_positions(
        responses, parameters, item_ids, items if isinstance(items, IrtFit) else None
    )
    codes = np.full(positions.shape, np.nan)
    for j, own in enumerate(parameters.categories):
        held = positions[:, j] >= 0
        codes[held, j] = np.array(own, dtype=float)[positions[held, j]]
    prior = (items.group().mean, items.group().sd) if isinstance(items, IrtFit) else None
    theta = score(codes, parameters, method=theta_method, prior=prior).theta
    made = np.full((3, len(theta)), np.nan)
    known = np.flatnonzero(np.isfinite(theta))
    for start in range(0, len(known), 4096):
        rows = known[start : start + 4096]
        made[:, rows] = _statistics(parameters, codes[rows], positions[rows], theta[rows])
    return PersonFit(
        l_z=made[0],
        infit=made[1],
        outfit=made[2],
        theta=theta,
        n=len(theta),
        method=f"l_z, infit and outfit at {theta_method.upper()} abilities",
    )


def _statistics(items: ItemParameters, codes: Floats, positions: npt.NDArray[np.int8], theta: Floats) -> Floats:
    p = category_probability(items, theta)
    logs = np.log(np.maximum(p, 1e-300))
    held = positions >= 0
    picked = np.take_along_axis(logs, np.maximum(positions, 0).astype(np.intp)[:, :, None], axis=2)[:, :, 0]
    expected = (p * logs).sum(axis=2)
    variance = (p * logs**2).sum(axis=2) - expected**2
    gap = np.where(held, picked - expected, 0.0).sum(axis=1)
    l_z = gap / np.sqrt(np.maximum(np.where(held, variance, 0.0).sum(axis=1), 1e-300))
    residual, spread = residuals(items, codes, theta)
    square = np.where(held, residual, 0.0) ** 2
    infit = square.sum(axis=1) / np.where(held, spread, 0.0).sum(axis=1)
    return np.stack([l_z, infit, (square / spread).sum(axis=1) / held.sum(axis=1)])
