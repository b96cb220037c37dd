"""Texts are plain where each of their characters is visible ASCII and neither a capital letter nor an "@"."""

from __future__ import annotations

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given, settings

from blended_standard.engine.plain import is_plain

PLAIN = {chr(code) for code in range(33, 127)} - set("ABCDEFGHIJKLMNOPQRSTUVWXYZ@")


@pytest.mark.parametrize("code", range(300))
def test_each_character_is_judged(code: int) -> None:
    assert is_plain(pa.array(["a", f"b{chr(code)}"])) == (chr(code) in PLAIN)


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.none() | st.text(st.sampled_from("a1~!A@ \u00e9"), max_size=3), max_size=8),
    st.integers(0, 4),
    st.sampled_from([pa.string(), pa.large_string()]),
)
def test_a_part_of_an_array_is_judged_alone(texts: list[str | None], first: int, kind: pa.DataType) -> None:
    part = pa.array(texts, kind).slice(first, 3)
    assert is_plain(part) == all(set(text or "") <= PLAIN for text in part.to_pylist())
