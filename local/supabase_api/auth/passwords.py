"""Passwords are stored as a salted hash: scrypt, with the usual cost of an interactive sign-in (RFC 7914, 2)."""

import hashlib
import hmac
import secrets

_COST = {"n": 2**14, "r": 8, "p": 1}


def hashed(password: str) -> str:
    """What is stored of a password."""
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_hash(password, salt).hex()}"


def matches(password: str, stored: str) -> bool:
    """Whether this is the password of which `stored` was made."""
    _, salt, digest = stored.split("$")
    return hmac.compare_digest(_hash(password, bytes.fromhex(salt)), bytes.fromhex(digest))


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, dklen=32, **_COST)
