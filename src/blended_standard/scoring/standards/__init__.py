"""Where to set a cut: Angoff, bookmark, borderline group and regression, contrasting groups, Hofstee.

Every cut has its standard error over judges or learners; `impact` shows what it does to pass rates, overall and by
group.
"""

from blended_standard.scoring.standards._cut import Cut
from blended_standard.scoring.standards.compromise import HofsteeCut, Impact, hofstee, impact
from blended_standard.scoring.standards.judges import AngoffCut, BookmarkCut, angoff, bookmark, item_locations
from blended_standard.scoring.standards.learners import borderline_group, contrasting_groups

__all__ = [
    "AngoffCut",
    "BookmarkCut",
    "Cut",
    "HofsteeCut",
    "Impact",
    "angoff",
    "bookmark",
    "borderline_group",
    "contrasting_groups",
    "hofstee",
    "impact",
    "item_locations",
]
