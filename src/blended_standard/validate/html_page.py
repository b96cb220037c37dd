"""The frame of the plain pages of validation and conformance: readable at any width, in light and dark."""

from __future__ import annotations

import html

_STYLE = """
:root { color-scheme: light dark; }
:root { --ink: #1c2330; --paper: #ffffff; --error: #a40000; --warning: #7a4b00; --line: #d0d5dd; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf2; --paper: #12161d; --error: #ff9c92; --warning: #ffd591; --line: #444c58; }
}
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 0 auto; padding: 1rem 1.25rem 3rem;
  overflow-wrap: anywhere; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.15rem; } h3 { font-size: 1rem; margin-bottom: .25rem; }
p, ul { margin: .25rem 0; } section { border-top: 1px solid var(--line); margin-top: 1rem; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; font-family: ui-monospace, monospace; font-size: .85rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .75rem .25rem 0; text-align: left; overflow-wrap: normal; }
tr { border-bottom: 1px solid var(--line); } td { text-align: right; font-variant-numeric: tabular-nums; }
.error, .fail, .crash { color: var(--error); } .warning { color: var(--warning); }
"""


def html_page(title: str, body: str) -> str:
    """Return a whole page; `title` is plain text, `body` is HTML."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body><main>{body}</main></body></html>\n"
    )
