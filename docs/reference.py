"""Writes the reference pages, of the standard from spec/ and of functions from the packages: no hand-written copy."""

from __future__ import annotations

import importlib
import inspect
import shutil
from collections.abc import Iterable
from pathlib import Path

from blended_standard.model import RECORDS
from blended_standard.spec import Standard

SCORING = ("mastery", "irt", "link", "dif", "raters", "reliability", "classification", "standards", "bkt")
OWN = tuple(f"blended_standard.{name}" for name in ("compare", "scoring", "adapters", "privacy", "pseudonyms"))


def write(target: Path, standard: Standard) -> None:
    """Write every page anew."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    pages = {
        "records": _records(),
        "codes": _codes(standard),
        "measures": _measures(standard),
        "rules": _rules(standard),
        "profiles": _profiles(standard),
        "compare": _public("Comparison", "compare"),
        "scoring": _public("Competency scoring", *(f"scoring.{name}" for name in SCORING)),
        "adapters": _public("Neighboring standards", "adapters"),
        "privacy": _public("Privacy", "privacy"),
    }
    for name, lines in pages.items():
        (target / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _records() -> Iterable[str]:
    yield from ("# Records", "", "Every table of a submission, with its fields. Generated from the record classes.", "")
    for name, record in RECORDS.items():
        yield from (f"## {name}", "", inspect.cleandoc(record.__doc__ or ""), "")
        yield from ("| field | type | required | meaning | counterparts |", "|---|---|---|---|---|")
        for field in record.fields():
            kind = field.type + (f" `{field.codes}`" if field.codes else "")
            kind += f" to {field.refers_to}" if field.refers_to else ""
            kind += f", {field.unit}" if field.unit else ""
            required = "key" if field.key else ("yes" if field.required else "")
            others = ", ".join(f"{standard} {place}" for standard, place in field.counterparts.items())
            yield f"| `{field.name}` | {_cell(kind)} | {required} | {_cell(field.meaning)} | {_cell(others)} |"
        yield ""


def _codes(standard: Standard) -> Iterable[str]:
    yield from ("# Code lists", "", "The values that coded fields accept.", "")
    for code_list in standard.codes.values():
        yield from (f"## {code_list.id}", "", code_list.title + ".", "")
        if code_list.note:
            yield from (code_list.note, "")
        yield from ("| code | meaning |", "|---|---|")
        for code in code_list.codes:
            facts = "; ".join(f"{name}: {value}" for name, value in code.facts.items())
            yield f"| `{code.code}` | {_cell(code.meaning)}{_cell(f' ({facts})' if facts else '')} |"
        yield ""


def _measures(standard: Standard) -> Iterable[str]:
    yield from ("# Measures", "", "Every measure with its definition. A star marks the core.", "")
    for measure in standard.measures.values():
        star = " ★" if measure.core else ""
        yield from (f"## {measure.id} {measure.title}{star}", "", f"*{measure.question}*", "")
        facts = {
            "Version": f"{measure.version}, {measure.status}",
            "Population": measure.population,
            "Numerator": measure.numerator,
            "Denominator": measure.denominator,
            "Window": measure.window,
            "Maturity": measure.maturity,
            "Missing data": measure.missing_data,
            "Left out": " ".join(exclusion.reason for exclusion in measure.exclusions),
            "Statistic": f"{measure.combine.statistic}, interval {measure.combine.interval}".replace("_", " "),
            "Partial results": "merge" if measure.combine.mergeable else f"do not merge: {measure.combine.why_not}",
            "Reads": ", ".join(measure.inputs),
            "Attendance": "independent" if measure.attendance_independent else "reads attendance",
            "Limits": " ".join(measure.limits),
            "Source": measure.source,
        }
        yield from (f"{name}\n: {_cell(value)}\n" for name, value in facts.items() if value)
        if measure.parameters:
            yield from ("| parameter | default | accepted | meaning |", "|---|---|---|---|")
            for name, parameter in measure.parameters.items():
                low, high = parameter.minimum, parameter.maximum
                accepted = (
                    ", ".join(parameter.choices)
                    if parameter.choices
                    else f"{low:g} to {high:g}"
                    if (low is not None and high is not None)
                    else parameter.type
                )
                yield f"| `{name}` | {parameter.default} | {accepted} | {_cell(parameter.meaning)} |"
            yield ""


def _rules(standard: Standard) -> Iterable[str]:
    yield from ("# Validation rules", "", "What a finding means and how to mend it.", "")
    for rule in standard.rules.values():
        place = f" ({rule.table}.{rule.field})" if rule.table and rule.field else ""
        leeway = f" (a profile may make it a {rule.lowest_severity})" if rule.lowest_severity else ""
        yield from (f"## {rule.id}", "", f"**{rule.severity}**{leeway}{place}. {rule.what}", "")
        yield from (f"Why: {rule.why}", "", f"Mend: {rule.mend}", "", f"Binds: {', '.join(rule.classes)}.", "")


def _profiles(standard: Standard) -> Iterable[str]:
    yield from ("# Profiles", "", "What a nation, state, program or site asks for, with all that it inherits.", "")
    for profile in standard.profiles.values():
        yield from (f"## {profile.id}", "", f"{profile.title}, {profile.level}. {profile.meaning}", "")
        yield from (f"Measures: {', '.join(profile.measures)}.", "")
        yield from (f"Required tables: {', '.join(profile.required_tables)}.", "")
        if profile.closed_tables:
            yield from (f"Closed tables, where an unknown field is an error: {', '.join(profile.closed_tables)}.", "")
        if profile.missing_values:
            words = ", ".join(
                f"`{word}` ({reason.replace('_', ' ')})" for word, reason in profile.missing_values.items()
            )
            yield from (f"Missing values: {words}.", "")
        if profile.severities:
            yield from (
                f"Severities: {', '.join(f'{code} {level}' for code, level in profile.severities.items())}.",
                "",
            )


def _public(title: str, *modules: str) -> Iterable[str]:
    """Document the functions of some packages, then the classes of what they return."""
    yield from (f"# {title}", "")
    for name in modules:
        module = importlib.import_module(f"blended_standard.{name}")
        doc = inspect.cleandoc(module.__doc__ or "").split("\n\n")[0]
        yield from (f"## {name}", "", doc, "", "```{eval-rst}")
        members = [getattr(module, each) for each in dir(module) if not each.startswith("_")]
        own = [each for each in members if getattr(each, "__module__", "").startswith(OWN)]
        functions = dict.fromkeys(filter(inspect.isfunction, own))
        classes = dict.fromkeys(filter(inspect.isclass, own))
        yield from (f".. autofunction:: {module.__name__}.{each.__name__}" for each in functions)
        yield from (f".. autoclass:: {module.__name__}.{each.__name__}" for each in classes)
        yield from ("```", "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
