"""Bridge measures: what policy asks for (hours, days, claims), from evidence. They never feed a scored measure."""

from blended_standard.measures.bridge.claim import claim
from blended_standard.measures.bridge.claims import Claim, ClaimReport, ConditionResult, EvidenceUsed, Step

__all__ = ["Claim", "ClaimReport", "ConditionResult", "EvidenceUsed", "Step", "claim"]
