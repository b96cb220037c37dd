"""Load, check and query the standard."""

from blended_standard.spec.definitions import Code, CodeList, MeasureDefinition, Parameter, Rule, Severity
from blended_standard.spec.profiles import Profile
from blended_standard.spec.standard import Standard, load_standard, spec_directory

__all__ = [
    "Code",
    "CodeList",
    "MeasureDefinition",
    "Parameter",
    "Profile",
    "Rule",
    "Severity",
    "Standard",
    "load_standard",
    "spec_directory",
]
