"""Public keys: as a caller gives them, and as what is signed names or holds them.

Source: RFC 7517, 7518 and 8037 (JWK and algorithms), W3C Controlled Identifiers 1.0 (Multikey, documents of methods),
the methods did:key and did:jwk. The cryptography is that of the package of this name, loaded when it is needed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from blended_standard.errors import MissingExtraError, UsageError

Source = str | Path | Mapping[str, Any]
# Of each algorithm: the type of its keys, and for elliptic curves the size of a number in bytes.
ALGORITHMS: Final[Mapping[str, tuple[str, int]]] = {
    "EdDSA": ("OKP", 0),
    "Ed25519": ("OKP", 0),
    "ES256": ("EC", 32),
    "ES384": ("EC", 48),
    "ES512": ("EC", 66),
} | {f"{kind}{bits}": ("RSA", 0) for kind in ("RS", "PS") for bits in (256, 384, 512)}
_CURVES = {"P-256": ("SECP256R1", 32), "P-384": ("SECP384R1", 48), "P-521": ("SECP521R1", 66)}
# The marks before the keys in a Multikey.
_ED25519, _P256, _P384 = b"\xed\x01", b"\x80\x24", b"\x81\x24"
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LONGEST = 2_000
_LEAST_RSA = 2048
_DID_KEY = re.compile(r"(did:key:(z\w+))(?:#\2)?")
_DID_JWK = re.compile(r"(did:jwk:([\w-]+))(?:#0)?")
_ACCEPTED = "Accepted: a public key as PEM, a JWK, a JWK set, or a document that lists verification methods."


@attrs.frozen
class Key:
    """A public key, and what it is called: the address of a method, a `kid`, or the DID that holds the key itself."""

    public: Any
    id: str | None = None


def multibase(text: object) -> bytes:
    """Return the bytes of a text in base 58 (z) or 64 (u), none where it is neither.

    Examples
    --------
    >>> multibase("z1112"), multibase("uAQI"), multibase("z0"), multibase(7)
    (b'\\x00\\x00\\x00\\x01', b'\\x01\\x02', b'', b'')
    """
    if not isinstance(text, str) or len(text) > _LONGEST:
        return b""
    return _base58(text[1:]) if text[:1] == "z" else unpadded(text[1:]) if text[:1] == "u" else b""


def unpadded(text: str) -> bytes:
    """Return the bytes of a text in base 64 for addresses, without padding; none where it is not."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except ValueError:
        return b""


def _base58(text: str) -> bytes:
    number = 0
    for sign in text:
        place = _ALPHABET.find(sign)
        if place < 0:
            return b""
        number = number * 58 + place
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def holds_ed25519(text: object) -> bool:
    """Say whether a Multikey is one of Ed25519."""
    content = multibase(text)
    return content.startswith(_ED25519) and len(content) == 34


def given(keys: Source | Iterable[Source] | None) -> tuple[Key, ...]:
    """Return the keys that a caller gives.

    Raises
    ------
    UsageError
        Something given is no public key; the message does not repeat it.
    MissingExtraError
        The package that verifies is not installed.
    """
    if keys is None:
        return ()
    if not isinstance(keys, str | Path | Mapping | Iterable):
        raise UsageError(f"keys is of the type {type(keys).__name__}. {_ACCEPTED}")
    listed = [keys] if isinstance(keys, str | Path | Mapping) else list(keys)
    if not usable():
        raise MissingExtraError("signatures", needs="cryptography, which verifies signatures,")
    return tuple(key for number, each in enumerate(listed, start=1) for key in _given(each, number))


def usable() -> bool:
    """Say whether the package that verifies is installed."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        return False
    return True


def _given(source: Source, number: int) -> list[Key]:
    place = f"keys: {source}" if isinstance(source, str | Path) else f"keys: number {number}"
    try:
        found = list(_read(source))
    except OSError:
        raise UsageError(f"{place}: the file cannot be read. {_ACCEPTED}") from None
    except (ValueError, TypeError, RecursionError) as error:
        private = " It holds a private key, which is not for those who verify." if "private" in str(error) else ""
        raise UsageError(f"{place}: holds no public key that is known.{private} {_ACCEPTED}") from None
    if not found:
        raise UsageError(f"{place}: holds no public key that is known. {_ACCEPTED}")
    return found


def _read(source: Source) -> Iterator[Key]:
    if isinstance(source, str | Path):
        content = Path(source).read_bytes()
        if b"-----BEGIN" in content:
            yield Key(_of_pem(content))
            return
        source = json.loads(content.decode("utf-8-sig"))
    if not isinstance(source, Mapping):
        raise TypeError("no object")
    for name in ("keys", "verificationMethod"):
        for each in source.get(name) or ():
            # A set may hold keys for other purposes, and of kinds that are not known.
            if isinstance(each, Mapping) and (key := of_method(each)) is not None:
                yield key
    if "kty" in source:
        yield Key(of_jwk(source), _text(source.get("kid")))
    elif not {"keys", "verificationMethod"} & source.keys() and (key := of_method(source)) is not None:
        yield key


def _of_pem(content: bytes) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if b"PRIVATE KEY" in content:
        raise ValueError("private")
    if b"BEGIN CERTIFICATE" in content:
        return _strong(x509.load_pem_x509_certificate(content).public_key())
    return _strong(load_pem_public_key(content))


def of_method(method: Mapping[str, Any]) -> Key | None:
    """Return the key that a verification method or a member of a set holds, or None where it holds none known."""
    named = _text(method.get("id")) or _text(method.get("kid"))
    jwk = method.get("publicKeyJwk", method)
    try:
        if "publicKeyMultibase" in method:
            return Key(_of_multikey(method["publicKeyMultibase"]), named)
        return Key(of_jwk(jwk), named or _text(jwk.get("kid")))
    except (ValueError, TypeError, AttributeError):
        return None


def of_jwk(jwk: Mapping[str, Any]) -> Any:
    """Return the public key of a JWK.

    Raises
    ------
    ValueError
        It is none, a private one, or of a kind that is not known or too weak.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if "d" in jwk:
        raise ValueError("private")
    kind, curve = jwk.get("kty"), str(jwk.get("crv"))
    if kind == "OKP" and curve == "Ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(unpadded(str(jwk["x"])))
    if kind == "EC" and curve in _CURVES:
        name, size = _CURVES[curve]
        point = b"\x04" + b"".join(unpadded(str(jwk.get(each))).rjust(size, b"\0") for each in ("x", "y"))
        return ec.EllipticCurvePublicKey.from_encoded_point(getattr(ec, name)(), point)
    if kind == "RSA":
        exponent, modulus = (int.from_bytes(unpadded(str(jwk.get(each))), "big") for each in ("e", "n"))
        return _strong(rsa.RSAPublicNumbers(exponent, modulus).public_key())
    raise ValueError("a kind that is not known")


def _strong(public: Any) -> Any:
    """Refuse a key of RSA that is shorter than RFC 7518 wants it, and keys of other kinds than those that verify."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _LEAST_RSA:
        raise ValueError("too short")
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise ValueError("a kind that is not known")
    return public


def _of_multikey(text: object) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    content = multibase(text)
    mark, rest = content[:2], content[2:]
    if mark == _ED25519:
        return ed25519.Ed25519PublicKey.from_public_bytes(rest)
    if mark in (_P256, _P384):
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1() if mark == _P256 else ec.SECP384R1(), rest)
    raise ValueError("a kind that is not known")


def own_key(method: object) -> Key | None:
    """Return the key that stands in the address of a method itself, or in a method that is written out, or None.

    Its `id` is the DID that is made of the key, since whoever bears that name holds it; None for any other address.
    """
    try:
        if isinstance(method, Mapping):
            found = of_method(method)
            return own_key(method.get("id")) or (Key(found.public) if found else None)
        address = str(method)
        if match := _DID_KEY.fullmatch(address):
            return Key(_of_multikey(match[2]), match[1])
        if match := _DID_JWK.fullmatch(address):
            return Key(of_jwk(json.loads(unpadded(match[2]))), match[1])
        fragment = address.rpartition("#")[2]
        return None if address.startswith("did:key:") or fragment == address else Key(_of_multikey(fragment))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def holds(public: Any, algorithm: str, signature: bytes, message: bytes) -> bool | None:
    """Say whether a signature of a message is that of a key; None where the key is not one of the algorithm."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

    kind, size = ALGORITHMS[algorithm]
    try:
        if kind == "OKP" and isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, message)
            return True
        if kind == "OKP":
            return None
        digest = getattr(hashes, f"SHA{algorithm[2:]}")()
        if kind == "EC" and isinstance(public, ec.EllipticCurvePublicKey) and (public.key_size + 7) // 8 == size:
            first, second = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
            public.verify(utils.encode_dss_signature(first, second), message, ec.ECDSA(digest))
            return len(signature) == 2 * size
        if kind == "RSA" and isinstance(public, rsa.RSAPublicKey):
            filled = (
                padding.PKCS1v15() if algorithm[0] == "R" else padding.PSS(padding.MGF1(digest), digest.digest_size)
            )
            public.verify(signature, message, filled, digest)
            return True
    except InvalidSignature:
        return False
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
