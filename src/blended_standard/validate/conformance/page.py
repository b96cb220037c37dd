"""A statement of conformance as text, as JSON for machines, and as a page for people."""

from __future__ import annotations

import html
import json
from collections import Counter
from typing import Literal

from blended_standard.validate.conformance.statement import CaseOutcome, Statement
from blended_standard.validate.html_page import html_page


def statement_text(statement: Statement, format: Literal["text", "json", "html"]) -> str:  # noqa: A002
    """Return a statement in one of three formats."""
    if format == "json":
        return json.dumps(statement.as_document(), indent=1, ensure_ascii=False)
    return _page(statement) if format == "html" else str(statement)


def _page(statement: Statement) -> str:
    verdict = "conforms" if statement.conforms else "does not conform"
    title = f"{statement.implementation} {statement.implementation_version} {verdict} as {statement.scope}"
    signed = "Nobody has signed it off."
    if statement.signed_off_by:
        day = f" on {statement.signed_off_on}" if statement.signed_off_on else ""
        signed = f"Signed off by {statement.signed_off_by}{day}."
    broken = "".join(map(_case, (case for case in statement.cases if case.outcome in ("fail", "crash"))))
    return html_page(
        title,
        f"<h1>{html.escape(title)}</h1><p>{html.escape(signed)}</p>"
        f"<p>Standard {html.escape(statement.standard_version)}, kit {html.escape(statement.kit_version)}.</p>"
        + (f"<h2>What failed</h2><ul>{broken}</ul>" if broken else "")
        + f"<h2>What was asked</h2>{_table(statement)}<h2>SHA-256</h2><dl>"
        f"<dt>standard</dt><dd>{statement.standard_sha256}</dd><dt>vectors</dt><dd>{statement.vectors_sha256}</dd>"
        f"<dt>this statement</dt><dd>{statement.as_document()['statement_sha256']}</dd></dl>",
    )


def _case(case: CaseOutcome) -> str:
    return f'<li><b class="{case.outcome}">{case.outcome}</b> {html.escape(f"{case.id}: {case.detail}")}</li>'


def _table(statement: Statement) -> str:
    """Count the outcomes of each thing that was asked; what was skipped whole is one sentence."""
    counts: dict[str, Counter[str]] = {}
    for case in statement.cases:
        counts.setdefault(case.pins, Counter())[case.outcome] += 1
    outcomes = tuple(statement.counts)
    skipped = [pins for pins, found in counts.items() if set(found) == {"skip"}]
    rows = "".join(
        f"<tr><th scope=row>{html.escape(pins)}</th>{''.join(f'<td>{found[name]}</td>' for name in outcomes)}</tr>"
        for pins, found in counts.items()
        if pins not in skipped
    )
    heads = "".join(f"<th scope=col>{name}</th>" for name in ("rule or measure", *outcomes))
    left = f"<p>Not claimed (skipped): {html.escape(', '.join(skipped))}.</p>" if skipped else ""
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{left}"
