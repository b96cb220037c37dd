"""Does each item follow its curve: S-X2, infit and outfit, and Q3 for pairs that share more than ability.

Source: Orlando and Thissen (2000), Kang and Chen (2008) for S-X2; Wright and Masters (1982) for infit and outfit; Yen
(1984) and Christensen, Makransky and Horton (2017) for Q3 and its average-corrected form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from blended_standard.errors import NotEstimableError, UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.irt._responses import Positions, row_weights
from blended_standard.scoring.irt.fits import IrtFit
from blended_standard.scoring.irt.items import ItemParameters, category_probability
from blended_standard.scoring.irt.scores import match_positions, score
from blended_standard.scoring.irt.sum_scores import prior_grid, score_distribution

ThetaMethod = Literal["eap", "map", "ml", "wle"]

_LEAST_EXPECTED = 1.0


@result
class ItemFit(Result):
    """How one item fits; a statistic that cannot be had is None and `reason` says why.

    Attributes
    ----------
    s_x2, df, p_value : float or None
        Orlando-Thissen chi-square on learners who answered every item; `n_complete` of them.
    infit, outfit : float or None
        Mean squares, 1 when the item fits; `n` learners with an ability and an answer, extremes excluded.
    """

    item: str
    s_x2: float | None
    df: int | None
    p_value: float | None
    infit: float | None
    outfit: float | None
    n: float
    n_complete: float
    reason: str | None = None


@result
class ItemFitTable(Result):
    """Fit of every item, with the ability estimate that infit and outfit used."""

    title = "Item fit"

    items: tuple[ItemFit, ...]
    method: str

    def rows(self) -> list[Row]:
        """Return one row an item."""
        return [row for item in self.items for row in item.rows()]


@result
class LocalDependence(Result):
    """Yen's Q3: correlations between the residuals of pairs of items.

    Attributes
    ----------
    q3 : float array, shape (J, J)
        1 on the diagonal, and where a pair has no spread in common NaN.
    mean : float
        Mean over pairs, about -1 / (J - 1) when nothing is wrong.
    largest : tuple of (item, item, q3, q3 - mean)
        Pairs whose q3 lies further than `flag` from the mean, furthest first.
    """

    title = "Local dependence (Q3)"

    item_ids: tuple[str, ...]
    q3: Floats = array()
    mean: float
    flag: float
    largest: tuple[tuple[str, str, float, float], ...]
    n: float
    method: str

    def rows(self) -> list[Row]:
        """Return one row a pair, first item before second: q3 and its distance from the mean."""
        made: list[Row] = []
        for i, first in enumerate(self.item_ids):
            for j in range(i + 1, len(self.item_ids)):
                value = float(self.q3[i, j])
                known = np.isfinite(value)
                made.append(
                    {
                        "first": first,
                        "second": self.item_ids[j],
                        "q3": value if known else None,
                        "q3_star": value - self.mean if known else None,
                    }
                )
        return made


def item_fit(
    responses: npt.ArrayLike,
    fit: IrtFit,
    *,
    weights: npt.ArrayLike | None = None,
    item_ids: Sequence[str] | None = None,
    theta_method: ThetaMethod = "wle",
    exclude_extreme: bool = True,
) -> ItemFitTable:
    """Return S-X2, infit and outfit of every item.

    Parameters
    ----------
    responses : array-like, shape (learners, items)
        As given to `fit`, or the rows to be judged.
    fit : IrtFit
        Of one group.
    weights : float array, shape (learners,), optional
        Frequencies of the rows.
    item_ids : strings, optional
        Names of the columns.
    theta_method : {"eap", "map", "ml", "wle"}
        Ability behind infit and outfit. It decides their level: EAP shrinks and makes them fall below 1.
    exclude_extreme : bool
        Leave learners at the lowest or highest possible score out of infit and outfit (their ability is not known).

    Raises
    ------
    UsageError
        A fit of several groups, columns that are not its items.

    Notes
    -----
    S-X2 uses expected counts of at least 1: sparse categories merge with the next one, sparse scores with the
    neighbor that has fewer learners; df = cells - scores - free parameters of the item. Programs differ here.

    Examples
    --------
    >>> from blended_standard.scoring import irt
    >>> patterns = [[i >> (3 - j) & 1 for j in range(4)] for i in range(16)]
    >>> n = [30, 20, 15, 18, 20, 22, 18, 30, 22, 25, 20, 33, 28, 38, 40, 90]
    >>> made = irt.item_fit(patterns, irt.fit(patterns, "rasch", weights=n), weights=n)
    >>> made.items[0].df
    2
    """
    items, positions, frequency = _one_group(responses, fit, weights, item_ids)
    if theta_method not in ("eap", "map", "ml", "wle"):
        raise UsageError(f"theta_method={theta_method!r} is not one of eap, map, ml, wle.")
    complete = np.all(positions >= 0, axis=1) & (frequency > 0)
    chi = _s_x2(items, positions[complete], frequency[complete], fit) if complete.any() else [None] * len(items)
    codes = _codes(items, positions)
    theta = score(codes, items, method=theta_method, prior=(fit.group().mean, fit.group().sd)).theta
    kept = np.isfinite(theta) & (frequency > 0)
    if exclude_extreme:
        top = np.array([len(own) - 1 for own in items.categories])
        held = positions >= 0
        kept &= ~(np.all(~held | (positions == top), axis=1) | np.all(~held | (positions == 0), axis=1))
    residual, variance = residuals(items, codes[kept], theta[kept])
    used = np.where(np.isnan(residual), 0.0, frequency[kept][:, None])
    whole = float(frequency[complete].sum())
    made = []
    for j, name in enumerate(items.item_ids):
        value, df = chi[j] or (None, None)
        made.append(_describe(name, value, df, residual[:, j], variance[:, j], used[:, j], whole))
    extremes = "extreme scores excluded" if exclude_extreme else "extreme scores included"
    return ItemFitTable(
        items=tuple(made), method=f"S-X2; infit and outfit at {theta_method.upper()} abilities, {extremes}"
    )


def local_dependence(
    responses: npt.ArrayLike,
    fit: IrtFit,
    *,
    weights: npt.ArrayLike | None = None,
    item_ids: Sequence[str] | None = None,
    flag: float = 0.2,
) -> LocalDependence:
    """Return Yen's Q3 for every pair of items, at EAP abilities.

    Parameters
    ----------
    responses, fit, weights, item_ids
        As in `item_fit`; pairs use the learners who answered both.
    flag : float
        Pairs whose Q3 is farther than this from the mean of all pairs are listed.

    Raises
    ------
    UsageError
        A fit of several groups, columns that are not its items.

    Examples
    --------
    >>> from blended_standard.scoring import irt
    >>> patterns = [[i >> (2 - j) & 1 for j in range(3)] for i in range(8)]
    >>> n = [40, 20, 25, 30, 30, 35, 40, 80]
    >>> len(irt.local_dependence(patterns, irt.fit(patterns, "rasch", weights=n), weights=n).rows())
    3
    """
    check.number("flag", flag, low=0.0)
    items, positions, frequency = _one_group(responses, fit, weights, item_ids)
    codes = _codes(items, positions)
    theta = score(codes, items, prior=(fit.group().mean, fit.group().sd)).theta
    kept = np.isfinite(theta) & (frequency > 0)
    residual, _ = residuals(items, codes[kept], theta[kept])
    q3 = _pairwise_correlation(residual, frequency[kept])
    pairs = [(i, j) for i in range(len(items)) for j in range(i + 1, len(items)) if np.isfinite(q3[i, j])]
    if not pairs:
        raise NotEstimableError("No pair of items has answers of the same learners with any spread: Q3 does not exist.")
    mean = float(np.mean([q3[pair] for pair in pairs]))
    far = sorted((pair for pair in pairs if abs(q3[pair] - mean) > flag), key=lambda pair: -abs(q3[pair] - mean))
    names = items.item_ids
    return LocalDependence(
        item_ids=names,
        q3=q3,
        mean=mean,
        flag=flag,
        largest=tuple((names[i], names[j], float(q3[i, j]), float(q3[i, j]) - mean) for i, j in far),
        n=float(frequency[kept].sum()),
        method="correlation of residuals at EAP abilities",
    )


def residuals(items: ItemParameters, codes: Floats, theta: Floats) -> tuple[Floats, Floats]:
    """Return observed minus expected code (NaN where missing) and its variance, both (learners, items)."""
    residual, variance = np.empty(codes.shape), np.empty(codes.shape)
    most = max(len(own) for own in items.categories)
    values = np.zeros((len(items), most))
    for j, own in enumerate(items.categories):
        values[j, : len(own)] = own
    for start in range(0, len(theta), 4096):
        rows = slice(start, start + 4096)
        p = category_probability(items, theta[rows])
        expected = np.einsum("njk,jk->nj", p, values)
        variance[rows] = np.einsum("njk,jk->nj", p, values**2) - expected**2
        residual[rows] = codes[rows] - expected
    return residual, np.maximum(variance, 1e-12)


def _one_group(
    responses: npt.ArrayLike, fit: IrtFit, weights: npt.ArrayLike | None, item_ids: Sequence[str] | None
) -> tuple[ItemParameters, Positions, Floats]:
    """Return the items, the responses by category position, the weights."""
    if len(fit.groups) > 1:
        raise UsageError(
            f"fit has {len(fit.groups)} groups: pass one group's rows with a fit of them, items held by `fixed=`."
        )
    items, positions = match_positions(responses, fit.items, item_ids, fit)
    return items, positions, row_weights(weights, len(positions))


def _codes(items: ItemParameters, positions: Positions) -> Floats:
    made = np.full(positions.shape, np.nan)
    for j, own in enumerate(items.categories):
        held = positions[:, j] >= 0
        made[held, j] = np.array(own, dtype=float)[positions[held, j]]
    return made


def _describe(
    name: str, value: float | None, df: int | None, residual: Floats, variance: Floats, used: Floats, complete: float
) -> ItemFit:
    from scipy.special import chdtrc

    n = float(used.sum())
    square = np.where(used > 0, residual, 0.0) ** 2
    infit = float((used * square).sum() / (used * variance).sum()) if n else None
    outfit = float((used * square / variance).sum() / n) if n else None
    reasons = []
    if value is None or not df:
        reasons.append("S-X2 needs more score groups or learners with all items answered than there are")
    if infit is None:
        reasons.append("no learner with an ability answered it")
    return ItemFit(
        item=name,
        s_x2=value if df else None,
        df=df or None,
        p_value=float(chdtrc(df, value)) if df else None,
        infit=infit,
        outfit=outfit,
        n=n,
        n_complete=complete,
        reason="; ".join(reasons) or None,
    )


def _s_x2(
    items: ItemParameters, positions: Positions, frequency: Floats, fit: IrtFit
) -> list[tuple[float, int] | None]:
    """Return the statistic and its degrees of freedom for every item."""
    theta, weight = prior_grid(items, fit.group().mean, fit.group().sd)
    p = category_probability(items, theta)
    total = (score_distribution(p, items.categories) * weight).sum(axis=1)
    offsets = [np.array(own) - own[0] for own in items.categories]
    sums = np.zeros(len(positions), dtype=int)
    for j, own in enumerate(offsets):
        sums += own[positions[:, j]]
    made = []
    for j, own in enumerate(offsets):
        rest = [i for i in range(len(items)) if i != j]
        without = score_distribution(p[:, rest], tuple(items.categories[i] for i in rest))
        expected, observed = np.zeros((len(total), len(own))), np.zeros((len(total), len(own)))
        counts = np.bincount(sums, weights=frequency, minlength=len(total))
        for k, shift in enumerate(own):
            joint = (without * p[:, j, k] * weight).sum(axis=1)
            expected[shift : shift + len(joint), k] = joint
            observed[:, k] = np.bincount(
                sums[positions[:, j] == k], weights=frequency[positions[:, j] == k], minlength=len(total)
            )
        expected *= (counts / np.maximum(total, 1e-300))[:, None]
        lowest, highest = int(own[-1]), len(total) - 1 - int(own[-1])
        if lowest <= highest:  # scores that leave some category impossible join the nearest one that does not
            for cells in (observed, expected):
                cells[lowest] += cells[1:lowest].sum(axis=0)
                cells[highest] += cells[highest + 1 : -1].sum(axis=0)
                cells[1:lowest], cells[highest + 1 : -1] = 0.0, 0.0
        inner = (np.arange(len(total)) > 0) & (np.arange(len(total)) < len(total) - 1) & (expected.sum(axis=1) > 0)
        free = sum(name.rpartition(".")[0] == items.item_ids[j] for name in fit.parameter_names)
        made.append(_chi_square(observed[inner], expected[inner], free))
    return made


def _chi_square(observed: Floats, expected: Floats, free: int) -> tuple[float, int] | None:
    """Merge sparse cells and compare; None when nothing is left to compare."""
    rows = [_merge_categories(list(o), list(e)) for o, e in zip(observed, expected, strict=True) if e.sum() > 0]
    place = 0
    while len(rows) > 1 and place < len(rows):
        if min((e for _, e in rows[place].values()), default=0.0) >= _LEAST_EXPECTED:
            place += 1
            continue
        below, above = place - 1, place + 1
        if below < 0:
            target = above
        elif above >= len(rows):
            target = below
        else:
            target = below if _count(rows[below]) <= _count(rows[above]) else above
        for k, (o, e) in rows[place].items():
            held = rows[target].get(k, (0.0, 0.0))
            rows[target][k] = held[0] + o, held[1] + e
        del rows[place]
        place = 0
    cells = [cell for row in rows for cell in row.values()]
    df = len(cells) - len(rows) - free
    if len(rows) < 2 or df < 1:
        return None
    return float(sum((o - e) ** 2 / e for o, e in cells)), df


def _merge_categories(observed: list[float], expected: list[float]) -> dict[int, tuple[float, float]]:
    """Merge categories with too few expected upward, and the last one downward; return cells by category."""
    cells = dict(enumerate(zip(map(float, observed), map(float, expected), strict=True)))
    if len(cells) == 2:
        return cells
    last = len(observed) - 1
    for k in range(last):
        if cells[k][1] < _LEAST_EXPECTED:
            o, e = cells.pop(k)
            cells[k + 1] = cells[k + 1][0] + o, cells[k + 1][1] + e
    if cells[last][1] < _LEAST_EXPECTED and len(cells) > 1:
        o, e = cells.pop(last)
        k = max(cells)
        cells[k] = cells[k][0] + o, cells[k][1] + e
    return cells


def _count(row: dict[int, tuple[float, float]]) -> float:
    return sum(o for o, _ in row.values())


def _pairwise_correlation(residual: Floats, frequency: Floats) -> Floats:
    held = (~np.isnan(residual)).astype(float)
    r = np.where(held > 0, residual, 0.0)
    w = frequency[:, None]
    n = (held * w).T @ held
    with np.errstate(invalid="ignore", divide="ignore"):
        first = ((r * w).T @ held) / n
        second = ((r**2 * w).T @ held) / n
        made = ((r * w).T @ r) / n - first * first.T
        spread = second - first**2
        made = made / np.sqrt(spread * spread.T)
    np.fill_diagonal(made, 1.0)
    checked: Floats = np.where(np.isfinite(made), made, np.nan)
    return checked
