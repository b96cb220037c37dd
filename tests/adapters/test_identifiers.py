"""What of free text looks as if it identified a person, and what only looks a little like it."""

from __future__ import annotations

import pytest

from blended_standard.adapters.identifiers import looks_identifying


@pytest.mark.parametrize(
    "text",
    [
        "write to a.b@example.org",
        "meet @home, call 555-123-4567",
        "(555)123-4567",
        "+44 20 7946 0958",
        "from 192.0.2.7",
        "fe80::1",
        "12:34:56:78:9a:bc",
        "123-45-6789",
    ],
)
def test_addresses_and_numbers_of_people_are_seen(text: str) -> None:
    assert looks_identifying(text)


@pytest.mark.parametrize("text", ["10:30:45", "@home", "3 + 4 = 7", "2026-11-28", "978-0-306-40615-7", "version 1.2.3"])
def test_times_sums_and_versions_are_not(text: str) -> None:
    assert not looks_identifying(text)
