"""A remark that travels with a result: a stable code and plain words."""

from __future__ import annotations

from blended_standard.results import Result, result


@result
class Note(Result):
    """Something a reader of the result should know: `code` is stable, `text` is for people."""

    code: str
    text: str
