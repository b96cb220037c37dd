"""A statement of conformance as text, as JSON for machines, and as a page for people."""

from __future__ import annotations

import html
import json
from collections import Counter
from typing import Literal

from blended_standard.validate.conformance.statement import Statement

_STYLE = "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto}td,th{text-align:left;padding:.2rem .8rem}"


def statement_text(statement: Statement, format: Literal["text", "json", "html"]) -> str:  # noqa: A002
    """Return a statement in one of three formats."""
    if format == "json":
        return json.dumps(statement.as_document(), indent=1, ensure_ascii=False)
    return _page(statement) if format == "html" else str(statement)


def _page(statement: Statement) -> str:
    verdict = "conforms" if statement.conforms else "does not conform"
    title = html.escape(f"{statement.implementation} {statement.implementation_version} {verdict} as {statement.scope}")
    counts = Counter((case.pins, case.outcome) for case in statement.cases)
    pinned = dict.fromkeys(case.pins for case in statement.cases)
    outcomes = tuple(statement.counts)
    cells = {pins: "".join(f"<td>{counts[pins, name]}</td>" for name in outcomes) for pins in pinned}
    table = "".join(f"<tr><th scope=row>{html.escape(pins)}</th>{row}</tr>" for pins, row in cells.items())
    broken = "".join(
        f"<li>{html.escape(case.outcome)} {html.escape(case.id)}: {html.escape(case.detail)}</li>"
        for case in statement.cases
        if case.outcome in ("fail", "crash")
    )
    heads = "".join(f"<th scope=col>{name}</th>" for name in ("rule or measure", *outcomes))
    signed = "Nobody has signed it off."
    if statement.signed_off_by:
        day = f" on {statement.signed_off_on}" if statement.signed_off_on else ""
        signed = f"Signed off by {html.escape(statement.signed_off_by)}{day}."
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><body><main><h1>{title}</h1><p>{signed}</p>"
        f"<p>Standard {html.escape(statement.standard_version)}, kit {html.escape(statement.kit_version)}. SHA-256 of "
        f"the standard {statement.standard_sha256}, of the vectors {statement.vectors_sha256}, "
        f"of this statement {statement.as_document()['statement_sha256']}.</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{table}</tbody></table><ul>{broken}</ul></main></body></html>"
    )
