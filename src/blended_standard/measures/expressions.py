"""Small expressions that unit functions share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


def flag(condition: nw.Expr) -> nw.Expr:
    """Return 1 where the condition is true, and 0 where it is false or unknown."""
    import narwhals.stable.v2 as nw

    return nw.when(condition).then(1).otherwise(0).cast(nw.Int64)


def unknown() -> nw.Expr:
    """Return a null of an integer on every row; pandas has no integer literal that is null."""
    import narwhals.stable.v2 as nw

    return nw.when(nw.lit(False)).then(nw.lit(1, nw.Int64))


def one() -> nw.Expr:
    """Return 1 on every row."""
    import narwhals.stable.v2 as nw

    return nw.lit(1, nw.Int64)
