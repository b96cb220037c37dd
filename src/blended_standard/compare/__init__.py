"""Comparison by the field's rules of evidence; the numeric functions take plain arrays and numbers.

The module can be called: `bs.compare(scored, outcome="OUT-03", groups=("Harbor", "Mill"))`.
"""

from blended_standard._modules import make_callable
from blended_standard.compare._effect import Effect as Effect
from blended_standard.compare._rating_steps import Step as Step
from blended_standard.compare._standardized import pooled_sd as pooled_sd
from blended_standard.compare._standardized import small_sample_correction as small_sample_correction
from blended_standard.compare.adjusted_effects import doubly_robust as doubly_robust
from blended_standard.compare.adjusted_effects import weighted_difference as weighted_difference
from blended_standard.compare.attrition import Attrition as Attrition
from blended_standard.compare.attrition import attrition as attrition
from blended_standard.compare.attrition import attrition_bias as attrition_bias
from blended_standard.compare.attrition import attrition_from_rates as attrition_from_rates
from blended_standard.compare.balance import BalanceTable as BalanceTable
from blended_standard.compare.balance import CovariateBalance as CovariateBalance
from blended_standard.compare.balance import balance_table as balance_table
from blended_standard.compare.baseline import BaselineEquivalence as BaselineEquivalence
from blended_standard.compare.baseline import BaselineMeasure as BaselineMeasure
from blended_standard.compare.baseline import baseline_category as baseline_category
from blended_standard.compare.baseline import baseline_equivalence as baseline_equivalence
from blended_standard.compare.baseline import baseline_equivalence_from_effects as baseline_equivalence_from_effects
from blended_standard.compare.clusters import ClusterCorrection as ClusterCorrection
from blended_standard.compare.clusters import ClusterEffect as ClusterEffect
from blended_standard.compare.clusters import cluster_adjusted_g as cluster_adjusted_g
from blended_standard.compare.clusters import cluster_level_g as cluster_level_g
from blended_standard.compare.clusters import upsilon_df as upsilon_df
from blended_standard.compare.design import Arm as Arm
from blended_standard.compare.design import Cutoff as Cutoff
from blended_standard.compare.design import Outcome as Outcome
from blended_standard.compare.design import Study as Study
from blended_standard.compare.effects import glass_delta as glass_delta
from blended_standard.compare.effects import hedges_g as hedges_g
from blended_standard.compare.effects import hedges_g_from_means as hedges_g_from_means
from blended_standard.compare.essa import DomainConclusion as DomainConclusion
from blended_standard.compare.essa import EssaTier as EssaTier
from blended_standard.compare.essa import StudyFinding as StudyFinding
from blended_standard.compare.essa import domain_conclusion as domain_conclusion
from blended_standard.compare.essa import essa_tier as essa_tier
from blended_standard.compare.gains import difference_in_differences as difference_in_differences
from blended_standard.compare.matching import Match as Match
from blended_standard.compare.matching import match as match
from blended_standard.compare.meta import egger_test as egger_test
from blended_standard.compare.meta import leave_one_out as leave_one_out
from blended_standard.compare.meta import meta_analysis as meta_analysis
from blended_standard.compare.meta import rank_test as rank_test
from blended_standard.compare.meta import robust_meta_analysis as robust_meta_analysis
from blended_standard.compare.meta import three_level_meta_analysis as three_level_meta_analysis
from blended_standard.compare.multiplicity import MultipleComparisons as MultipleComparisons
from blended_standard.compare.multiplicity import benjamini_hochberg as benjamini_hochberg
from blended_standard.compare.multiplicity import improvement_index as improvement_index
from blended_standard.compare.notes import Note as Note
from blended_standard.compare.propensity import CommonSupport as CommonSupport
from blended_standard.compare.propensity import PropensityModel as PropensityModel
from blended_standard.compare.propensity import common_support as common_support
from blended_standard.compare.propensity import propensity_score as propensity_score
from blended_standard.compare.published import hedges_g_from_f as hedges_g_from_f
from blended_standard.compare.published import hedges_g_from_regression as hedges_g_from_regression
from blended_standard.compare.published import hedges_g_from_t as hedges_g_from_t
from blended_standard.compare.rates import cox_index as cox_index
from blended_standard.compare.rates import cox_index_from_counts as cox_index_from_counts
from blended_standard.compare.rates import cox_index_from_regression as cox_index_from_regression
from blended_standard.compare.rates import odds_ratio as odds_ratio
from blended_standard.compare.rates import proportion as proportion
from blended_standard.compare.rates import risk_difference as risk_difference
from blended_standard.compare.rates import risk_ratio as risk_ratio
from blended_standard.compare.rating import EvidenceRating as EvidenceRating
from blended_standard.compare.rating import evidence_rating as evidence_rating
from blended_standard.compare.robust import JointTest as JointTest
from blended_standard.compare.robust import Regression as Regression
from blended_standard.compare.robust import least_squares as least_squares
from blended_standard.compare.study import StudyReport as StudyReport
from blended_standard.compare.study import compare_groups as compare_groups
from blended_standard.compare.survival import AtRiskTable as AtRiskTable
from blended_standard.compare.survival import at_risk_table as at_risk_table
from blended_standard.compare.survival import at_risk_table_from_counts as at_risk_table_from_counts
from blended_standard.compare.survival import cumulative_incidence as cumulative_incidence
from blended_standard.compare.survival import gray_test as gray_test
from blended_standard.compare.survival import kaplan_meier as kaplan_meier
from blended_standard.compare.survival import log_rank as log_rank
from blended_standard.compare.survival import merge_at_risk_tables as merge_at_risk_tables
from blended_standard.compare.survival import restricted_mean as restricted_mean
from blended_standard.compare.weights import Weighting as Weighting
from blended_standard.compare.weights import effective_sample_size as effective_sample_size
from blended_standard.compare.weights import entropy_balance as entropy_balance
from blended_standard.compare.weights import ipw as ipw

__entry__ = compare_groups
make_callable(__name__)
