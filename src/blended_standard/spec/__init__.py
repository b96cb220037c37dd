"""Load, check and query the standard."""

from blended_standard.spec.changes import Change, SpecDiff, diff, read_version
from blended_standard.spec.definitions import Code, CodeList, MeasureDefinition, Parameter, Rule, Severity
from blended_standard.spec.profiles import Profile
from blended_standard.spec.standard import Standard, load_standard, spec_directory

__all__ = [
    "Change",
    "Code",
    "CodeList",
    "MeasureDefinition",
    "Parameter",
    "Profile",
    "Rule",
    "Severity",
    "SpecDiff",
    "Standard",
    "diff",
    "load_standard",
    "read_version",
    "spec_directory",
]
