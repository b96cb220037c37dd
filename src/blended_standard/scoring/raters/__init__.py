"""Agreement between raters, and ability freed from the severity of whoever rated.

Tables have units in rows and raters in columns (`raters="rows"` turns them); a missing rating is None or NaN.
"""

from blended_standard.scoring.raters.chance import (
    ChanceCorrected,
    brennan_prediger,
    fleiss_kappa,
    gwet_ac1,
    gwet_ac2,
)
from blended_standard.scoring.raters.facets import ManyFacetRasch, many_facet_rasch
from blended_standard.scoring.raters.intraclass import IntraclassCorrelations, icc, intraclass_correlation
from blended_standard.scoring.raters.krippendorff import KrippendorffAlpha, krippendorff_alpha
from blended_standard.scoring.raters.pairs import (
    Agreement,
    CohenKappa,
    adjacent_agreement,
    cohen_kappa,
    exact_agreement,
)

__all__ = [
    "Agreement",
    "ChanceCorrected",
    "CohenKappa",
    "IntraclassCorrelations",
    "KrippendorffAlpha",
    "ManyFacetRasch",
    "adjacent_agreement",
    "brennan_prediger",
    "cohen_kappa",
    "exact_agreement",
    "fleiss_kappa",
    "gwet_ac1",
    "gwet_ac2",
    "icc",
    "intraclass_correlation",
    "krippendorff_alpha",
    "many_facet_rasch",
]
