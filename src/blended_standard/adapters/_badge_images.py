"""Credentials that are baked into images: an iTXt or tEXt chunk of PNG, an element of SVG.

Source: 1EdTech Open Badges 3.0, baking; PNG, third edition, section 11.3.3.
"""

from __future__ import annotations

import re
import struct
import zlib
from html import unescape

_PNG = b"\x89PNG\r\n\x1a\n"
_KEYWORDS = (b"openbadgecredential", b"openbadges")
_LARGEST = 16_000_000
_ELEMENT = re.compile(
    r"<(?P<name>[\w-]+:(?:credential|assertion))\b(?P<facts>[^>]*?)(?:/>|>(?P<inside>.*?)</(?P=name)\s*>)", re.DOTALL
)
_VERIFY = re.compile(r"\bverify\s*=\s*[\"']([^\"']+)[\"']")
_LITERAL = re.compile(r"\s*<!\[CDATA\[(.*?)\]\]>\s*", re.DOTALL)


def baked(content: bytes) -> str | None:
    """Return the text of the credential in an image, or None where there is none.

    Examples
    --------
    >>> baked(b'<svg><openbadges:credential verify="e30.e30.c2ln"/></svg>')
    'e30.e30.c2ln'
    >>> baked(b"GIF89a") is None
    True
    """
    return _in_png(content) if content.startswith(_PNG) else _in_svg(content)


def _in_png(content: bytes) -> str | None:
    place = len(_PNG)
    while place + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        data = content[place + 8 : place + 8 + length]
        keyword, _, rest = data.partition(b"\0")
        if kind in (b"iTXt", b"tEXt") and keyword in _KEYWORDS:
            return (_international(rest) if kind == b"iTXt" else rest).decode("utf-8", errors="replace")
        place += 12 + length
    return None


def _international(rest: bytes) -> bytes:
    """Return the text of an iTXt chunk, after its flags, language and translated keyword."""
    text = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    if rest[:1] != b"\1":
        return text
    try:
        return zlib.decompressobj().decompress(text, _LARGEST)
    except zlib.error:
        return b""


def _in_svg(content: bytes) -> str | None:
    found = _ELEMENT.search(content.decode("utf-8", errors="replace"))
    if found is None:
        return None
    stated = _VERIFY.search(found["facts"])
    inside = found["inside"] or ""
    literal = _LITERAL.fullmatch(inside)
    text = (literal[1] if literal else unescape(inside)).strip()
    return text or (stated[1] if stated else None)
