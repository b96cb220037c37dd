"""How much is read: beyond a limit there is a finding or a refusal, never an exhausted machine."""

from __future__ import annotations

import attrs

from blended_standard.errors import UsageError


@attrs.frozen(kw_only=True)
class Limits:
    """What one submission may hold; pass it to `read_submission` to allow more or less.

    Attributes
    ----------
    file_bytes
        Bytes of one file of text, or of one member of an archive when it is unpacked.
    archive_bytes
        Bytes of all members of an archive together.
    archive_ratio
        Unpacked bytes by packed bytes of a member. Members below 1,000,000 bytes may have any.
    archive_members
        Files in an archive.
    field_length
        Characters of one value.
    columns
        Columns of a CSV file.
    depth
        Arrays and objects inside each other in one line of JSON.

    Examples
    --------
    >>> Limits(field_length=10_000).depth
    64
    """

    file_bytes: int = 2_000_000_000
    archive_bytes: int = 8_000_000_000
    archive_ratio: int = 100
    archive_members: int = 10_000
    field_length: int = 1_000_000
    columns: int = 2_000
    depth: int = 64

    def __attrs_post_init__(self) -> None:
        for field in attrs.fields(type(self)):
            if getattr(self, field.name) < 1:
                raise UsageError(
                    f"{field.name}={getattr(self, field.name)} is not a limit. Pass a whole number from 1."
                )


LIMITS = Limits()
