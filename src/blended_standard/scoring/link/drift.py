"""Anchor items that moved between two calibrations: displacement, robust z and distance of curves.

Sources: Huynh & Meyer (2010) for the robust z; displacement and the root of the weighted squared difference of the
curves as in Kolen & Brennan (3rd ed.), ch. 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.numeric.arguments import Floats
from blended_standard.results import Result, Row, array, result
from blended_standard.scoring.link import curves, moments
from blended_standard.scoring.link.items import ItemSet, category_probabilities
from blended_standard.scoring.link.scale import Link, matched_sets

Method = Literal["stocking_lord", "haebara", "mean_sigma", "mean_mean", "mean_geometric_mean"]
_METHODS = {
    "stocking_lord": curves.stocking_lord,
    "haebara": curves.haebara,
    "mean_sigma": moments.mean_sigma,
    "mean_mean": moments.mean_mean,
    "mean_geometric_mean": moments.mean_geometric_mean,
}


@result
class AnchorDrift(Result):
    """How far each anchor lies from the link that all of them make, and the link without those that drifted.

    `displacement` is location on the new scale minus linked location (mean over the steps of an item), in units of
    `scale_to`; `robust_z` is None where the displacements have no spread; `a_ratio` is a_to over linked a;
    `curve_distance` the root of the mean squared difference of the category curves under standard normal weights.
    All are against `link` (anchors kept). `removed` lists items in the order they were taken out.
    """

    title = "Anchor drift"
    names: tuple[str, ...]
    displacement: Floats = array()
    robust_z: tuple[float | None, ...]
    a_ratio: Floats = array()
    curve_distance: Floats = array()
    flagged: tuple[str, ...]
    removed: tuple[str, ...]
    link_all: Link
    link: Link
    z_limit: float
    minimum_displacement: float
    maximum_share: float
    reason: str | None = None

    def rows(self) -> list[Row]:
        """Return one row an anchor."""
        return [
            {
                "item": name,
                "displacement": float(self.displacement[i]),
                "robust_z": self.robust_z[i],
                "a_ratio": float(self.a_ratio[i]),
                "curve_distance": float(self.curve_distance[i]),
                "flagged": name in self.flagged,
                "removed": name in self.removed,
            }
            for i, name in enumerate(self.names)
        ]


def anchor_drift(
    items_from: object,
    items_to: object,
    *,
    method: Method = "stocking_lord",
    slope: float | None = None,
    z_limit: float = 1.645,
    minimum_displacement: float = 0.3,
    maximum_share: float = 0.2,
) -> AnchorDrift:
    """Find anchors that drifted, take them out one at a time, and link without them.

    Parameters
    ----------
    items_from, items_to : ItemSet or array
        The same anchors in the same order (see `mean_mean`).
    method : {"stocking_lord", "haebara", "mean_sigma", "mean_mean", "mean_geometric_mean"}
        The link that displacement is measured against.
    slope : float, optional
        Hold A at this value (1 for Rasch scales).
    z_limit : float
        An item is flagged when its robust z is beyond this limit and its displacement beyond `minimum_displacement`.
    minimum_displacement : float
        Smallest displacement that matters, in units of `scale_to`.
    maximum_share : float
        At most this share of the anchors is removed, the worst first; what stays flagged is reported.

    Returns
    -------
    AnchorDrift
        The link with all anchors and the link without the removed ones; always compare the two.

    Raises
    ------
    UsageError
        Fewer than 3 anchors, an unknown method, a limit out of range.

    Notes
    -----
    Robust z = (d - median(d)) / (0.74 IQR(d)), quartiles by linear interpolation, over the anchors kept. Where the
    quartiles coincide, z does not exist and displacement alone decides.

    Examples
    --------
    >>> from blended_standard.scoring.link import items
    >>> before = items([1.0] * 6, [-2.0, -1.0, 0.0, 0.5, 1.0, 2.0])
    >>> after = items([1.0] * 6, [-1.5, -0.48, 0.51, 1.02, 1.5, 3.4])
    >>> anchor_drift(before, after, method="mean_mean").removed
    ('6',)
    """
    source, target = matched_sets(items_from, items_to)
    _check(len(source.names), method, z_limit, minimum_displacement, maximum_share)
    link = _METHODS[method]
    kept = list(range(len(source.names)))
    removed: list[int] = []
    everything = current = link(source, target, slope=slope)
    while True:
        displacement, z = _displacements(source, target, current, kept)
        flags = _flags(displacement, z, z_limit, minimum_displacement)
        worst = sorted((i for i in kept if flags[i]), key=lambda i: -_size(displacement, z, i))
        if not worst or len(removed) + 1 > maximum_share * len(source.names) or len(kept) <= 2:
            break
        kept.remove(worst[0])
        removed.append(worst[0])
        current = link(source.subset(kept), target.subset(kept), slope=slope)
    moved = current.transform_items(source)
    return AnchorDrift(
        names=source.names,
        displacement=displacement,
        robust_z=z,
        a_ratio=target.a / moved.a,
        curve_distance=_curve_distance(moved, target),
        flagged=tuple(name for name, flag in zip(source.names, flags, strict=True) if flag),
        removed=tuple(source.names[i] for i in removed),
        link_all=everything,
        link=current,
        z_limit=z_limit,
        minimum_displacement=minimum_displacement,
        maximum_share=maximum_share,
        reason=_reason(worst, source.names),
    )


def _check(count: int, method: str, z_limit: float, minimum: float, share: float) -> None:
    if count < 3:
        raise UsageError(f"anchor_drift needs at least 3 anchors, and got {count}: with fewer none can be singled out.")
    if method not in _METHODS:
        raise UsageError(f"method={method!r} is not one of {', '.join(_METHODS)}.")
    check.positive("z_limit", z_limit)
    check.number("minimum_displacement", minimum, low=0.0)
    check.number("maximum_share", share, low=0.0, high=1.0, open_high=True)


def _displacements(
    source: ItemSet, target: ItemSet, link: Link, kept: Sequence[int]
) -> tuple[Floats, tuple[float | None, ...]]:
    gaps = target.b - (link.slope * source.b + link.intercept)
    present = np.isfinite(gaps)
    displacement = np.where(present, gaps, 0.0).sum(axis=1) / present.sum(axis=1)
    low, middle, high = np.percentile(displacement[list(kept)], [25, 50, 75])
    width = 0.74 * (high - low)
    if width <= 1e-12 * max(1.0, float(np.abs(target.b[np.isfinite(target.b)]).max())):
        return displacement, (None,) * len(displacement)
    return displacement, tuple(float(value) for value in (displacement - middle) / width)


def _flags(displacement: Floats, z: Sequence[float | None], z_limit: float, minimum: float) -> list[bool]:
    return [
        bool(abs(d) > minimum and (value is None or abs(value) > z_limit))
        for d, value in zip(displacement, z, strict=True)
    ]


def _size(displacement: Floats, z: Sequence[float | None], i: int) -> float:
    value = z[i]
    return abs(float(displacement[i])) if value is None else abs(value)


def _curve_distance(moved: ItemSet, target: ItemSet) -> Floats:
    points = np.linspace(-4.0, 4.0, 161)
    weights = np.exp(-0.5 * points**2)
    first, second = (category_probabilities(s, s.a, s.b, s.c, points) for s in (moved, target))
    squared = ((first - second)[:, :, 1:] ** 2).sum(axis=2)
    return np.asarray(np.sqrt(weights @ squared / weights.sum()), dtype=float)


def _reason(left: Sequence[int], names: tuple[str, ...]) -> str | None:
    if not left:
        return None
    return (
        f"still flagged after the allowed share was removed: {', '.join(names[i] for i in left)}; the anchor set is "
        "not stable, look at the items before using the link"
    )
