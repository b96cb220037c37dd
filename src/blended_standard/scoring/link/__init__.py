"""Link scales: item response calibrations through anchors, and observed scores of two forms (equating).

Item parameters: `items`, then `mean_mean`, `mean_geometric_mean`, `mean_sigma`, `haebara`, `stocking_lord`, and
`anchor_drift`. Scores: `frequency_table`, then `mean_equating`, `linear_equating`, `equipercentile` (random groups, one
group), `tucker`, `levine`, `braun_holland`, `chained_linear`, `frequency_estimation`, `chained_equipercentile`
(nonequivalent groups); `loglinear`, `choose_degree`; `bootstrap_equating`, `method_spread`.
"""

from blended_standard.scoring.link.anchored import (
    braun_holland,
    chained_equipercentile,
    chained_linear,
    frequency_estimation,
    levine,
    tucker,
)
from blended_standard.scoring.link.curves import haebara, stocking_lord
from blended_standard.scoring.link.drift import AnchorDrift, anchor_drift
from blended_standard.scoring.link.equating import Equating, equipercentile, linear_equating, mean_equating
from blended_standard.scoring.link.frequencies import FrequencyTable, frequency_table
from blended_standard.scoring.link.items import ItemSet, as_items, items
from blended_standard.scoring.link.moments import mean_geometric_mean, mean_mean, mean_sigma
from blended_standard.scoring.link.scale import Link
from blended_standard.scoring.link.smoothing import Smoothed, SmoothingChoice, choose_degree, loglinear
from blended_standard.scoring.link.uncertainty import MethodSpread, bootstrap_equating, method_spread

__all__ = [
    "AnchorDrift",
    "Equating",
    "FrequencyTable",
    "ItemSet",
    "Link",
    "MethodSpread",
    "Smoothed",
    "SmoothingChoice",
    "anchor_drift",
    "as_items",
    "bootstrap_equating",
    "braun_holland",
    "chained_equipercentile",
    "chained_linear",
    "choose_degree",
    "equipercentile",
    "frequency_estimation",
    "frequency_table",
    "haebara",
    "items",
    "levine",
    "linear_equating",
    "loglinear",
    "mean_equating",
    "mean_geometric_mean",
    "mean_mean",
    "mean_sigma",
    "method_spread",
    "stocking_lord",
    "tucker",
]
