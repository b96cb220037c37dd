"""Identifiers are plain where each character is visible ASCII, no capital letter and no "@", and none is odd whole."""

from __future__ import annotations

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given, settings

from blended_standard.engine.plain import is_plain

PLAIN = {chr(code) for code in range(33, 127)} - set("ABCDEFGHIJKLMNOPQRSTUVWXYZ@")
WHOLE = ["123-45-6789", "123-4567890", "a23-b5-c789", "x" * 11, "x" * 256, "x" * 257, "learner-1"]


def is_sound(text: str | None) -> bool:
    dashed = text is not None and len(text) == 11 and text[3] == text[6] == "-"
    return text is not None and 1 <= len(text) <= 256 and set(text) <= PLAIN and not dashed


@pytest.mark.parametrize("code", range(300))
def test_each_character_is_judged(code: int) -> None:
    assert is_plain(pa.array(["a", f"b{chr(code)}"])) == (chr(code) in PLAIN)


@settings(derandomize=True, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.sampled_from(WHOLE), st.text(st.sampled_from("a1~!A@ \u00e9"), max_size=3)), max_size=8
    ),
    st.integers(0, 4),
    st.sampled_from([pa.string(), pa.large_string()]),
)
def test_a_part_of_an_array_is_judged_alone(texts: list[str | None], first: int, kind: pa.DataType) -> None:
    part = pa.array(texts, kind).slice(first, 3)
    assert is_plain(part) == all(is_sound(text) for text in part.to_pylist())
