"""Link scales: item response calibrations through anchors, and observed scores of two forms (equating).

Item parameters: `items`, `mean_mean`, `mean_geometric_mean`, `mean_sigma`, `haebara`, `stocking_lord`, `anchor_drift`.
"""

from blended_standard.scoring.link.curves import haebara, stocking_lord
from blended_standard.scoring.link.drift import AnchorDrift, anchor_drift
from blended_standard.scoring.link.items import ItemSet, as_items, items
from blended_standard.scoring.link.moments import mean_geometric_mean, mean_mean, mean_sigma
from blended_standard.scoring.link.scale import Link

__all__ = [
    "AnchorDrift",
    "ItemSet",
    "Link",
    "anchor_drift",
    "as_items",
    "haebara",
    "items",
    "mean_geometric_mean",
    "mean_mean",
    "mean_sigma",
    "stocking_lord",
]
