"""Sealing: a token is kept so that only the operator's secret opens it, and only where it was put.

Pure. A seal is `format byte | secret id (8) | nonce (12) | AES-256-GCM ciphertext and tag`.
The place is authenticated with it: moved to another row it does not open.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stargazer.errors import SettingError

SECRET_BYTES = 32
"""How long a secret is that was drawn at random."""

PASSPHRASE_LENGTH = 32
"""The shortest passphrase. It is derived from without stretching, so it has to be long and random."""

MUST_BE = "32 random bytes as base64 or hex (`openssl rand -base64 32`), or at least 32 characters"

_FORMAT = b"\x01"
_ID_BYTES = 8
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = len(_FORMAT) + _ID_BYTES + _NONCE_BYTES

_HEX = re.compile(rf"[0-9A-Fa-f]{{{2 * SECRET_BYTES}}}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{43}=?")


class SealBroken(Exception):
    """A seal does not open: it was changed, moved, or made with a secret that we do not have."""


class Secret(msgspec.Struct, frozen=True, eq=False):
    """One secret of the operator's, made ready; `id` tells it from others and gives nothing away."""

    id: bytes
    key: bytes

    @classmethod
    def read(cls, text: str, *, parameter: str = "STARGAZER_SECRET_KEY") -> Secret:
        """Make a secret of what a variable holds.

        Raises:
            SettingError: it is too short. The message does not show it.
        """
        material = _material(text.strip())
        if material is None:
            raise SettingError(parameter, MUST_BE)
        return cls(
            id=_derive(material, b"stargazer secret id 1", _ID_BYTES),
            key=_derive(material, b"stargazer github token 1", SECRET_BYTES),
        )

    def __repr__(self) -> str:
        """Show which secret it is, and not the secret."""
        return f"Secret({self.id.hex()})"


class Sealer:
    """Seals with the first of its secrets, and opens what any of them sealed.

    Args:
        secrets: the present secret, then those that were in use before.
    """

    def __init__(self, secrets: Sequence[Secret]) -> None:
        self._present = secrets[0]
        self._secrets = {secret.id: secret for secret in reversed(secrets)}

    def __repr__(self) -> str:
        return f"Sealer({self._present!r}, {len(self._secrets)} in all)"

    def seal(self, token: str, place: bytes) -> bytes:
        """Seal a token for one place."""
        head = _FORMAT + self._present.id + os.urandom(_NONCE_BYTES)
        return head + AESGCM(self._present.key).encrypt(head[-_NONCE_BYTES:], token.encode(), head + place)

    def open(self, sealed: bytes, place: bytes) -> str:
        """Open what was sealed for this place.

        Raises:
            SealBroken: it does not open.
        """
        head, locked = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        secret = self._secrets.get(secret_id(sealed))
        if secret is None or head[:1] != _FORMAT or len(locked) < _TAG_BYTES:
            raise SealBroken
        try:
            return AESGCM(secret.key).decrypt(head[-_NONCE_BYTES:], locked, head + place).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise SealBroken from None

    def is_present(self, sealed: bytes) -> bool:
        """Tell whether the present secret made this seal."""
        return secret_id(sealed) == self._present.id


def secret_id(sealed: bytes) -> bytes:
    """The id of the secret that made a seal."""
    return sealed[len(_FORMAT) : len(_FORMAT) + _ID_BYTES]


def _material(text: str) -> bytes | None:
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    if _BASE64.fullmatch(text):
        try:
            return base64.b64decode(
                text.rstrip("=") + "=", altchars=b"-_" if "-" in text or "_" in text else None
            )
        except binascii.Error:
            return None
    return text.encode() if len(text) >= PASSPHRASE_LENGTH else None


def _derive(material: bytes, purpose: bytes, length: int) -> bytes:
    """Source: RFC 5869. The salt is empty: the same secret has to give the same key on every machine."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(material)
