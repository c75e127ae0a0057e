"""Sealing: only the operator's secret opens a seal, and only where it was put."""

from __future__ import annotations

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stargazer.errors import SettingError
from stargazer.store.sealing import SealBroken, Sealer, Secret, secret_id

RAW = bytes(range(32))
TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
HERE, ELSEWHERE = b"1:7", b"1:8"

texts = st.text(min_size=1, max_size=300)


def sealer(*texts: str) -> Sealer:
    """A sealer of some secrets."""
    return Sealer([Secret.read(text) for text in texts or (RAW.hex(),)])


@given(token=texts, place=st.binary(max_size=40))
def test_what_was_sealed_opens_where_it_was_put(token: str, place: bytes) -> None:
    """A seal gives back the token, and holds nothing that can be read."""
    one = sealer()
    sealed = one.seal(token, place)

    assert one.open(sealed, place) == token
    assert one.is_present(sealed)


@given(place=st.binary(max_size=40), other=st.binary(max_size=40))
def test_no_seal_opens_elsewhere(place: bytes, other: bytes) -> None:
    """A seal that was put into another row does not open there."""
    one = sealer()
    sealed = one.seal(TOKEN, place)
    if place != other:
        with pytest.raises(SealBroken):
            one.open(sealed, other)


@given(at=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_no_changed_seal_opens(at: int, bit: int) -> None:
    """One bit that is changed anywhere is noticed."""
    one = sealer()
    sealed = bytearray(one.seal(TOKEN, HERE))
    sealed[at % len(sealed)] ^= 1 << bit

    with pytest.raises(SealBroken):
        one.open(bytes(sealed), HERE)


def test_no_truncated_or_lengthened_seal_opens() -> None:
    """A seal opens whole or not at all."""
    one = sealer()
    sealed = one.seal(TOKEN, HERE)
    for broken in (*(sealed[:length] for length in range(len(sealed))), sealed + b"\0"):
        with pytest.raises(SealBroken):
            one.open(broken, HERE)


def test_two_seals_of_one_token_differ() -> None:
    """Nobody can tell from two seals whether they hold the same token."""
    one = sealer()
    first, second = one.seal(TOKEN, HERE), one.seal(TOKEN, HERE)

    assert first != second
    assert TOKEN.encode() not in first


def test_another_secret_opens_nothing() -> None:
    """Whoever has the database and not the secret has no token."""
    with pytest.raises(SealBroken):
        sealer(secrets.token_hex(32)).open(sealer().seal(TOKEN, HERE), HERE)


def test_a_secret_can_be_replaced() -> None:
    """The new secret seals, and the old one still opens until everything is sealed anew."""
    old, new = secrets.token_hex(32), secrets.token_hex(32)
    sealed = sealer(old).seal(TOKEN, HERE)
    both = sealer(new, old)

    assert both.open(sealed, HERE) == TOKEN
    assert not both.is_present(sealed)
    again = both.seal(TOKEN, HERE)
    assert both.is_present(again)
    assert sealer(new).open(again, HERE) == TOKEN


def test_a_secret_is_the_same_in_every_spelling() -> None:
    """Hex, base64 and its URL form of the same 32 bytes are one secret; a passphrase is its own."""
    raw = b"\xfb\xef" * 16
    spellings = [
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
        f" {base64.urlsafe_b64encode(raw).decode()}\n",
    ]

    assert len({Secret.read(text).id for text in spellings}) == 1
    assert Secret.read("correct horse battery staple, and more").id != Secret.read(raw.hex()).id


@pytest.mark.parametrize("text", ["", "short", "x" * 31, "0" * 16])
def test_a_short_secret_is_refused_without_showing_it(text: str) -> None:
    """What can be guessed is refused, and the message does not hold it."""
    with pytest.raises(SettingError) as caught:
        Secret.read(text)

    assert "openssl rand" in caught.value.message
    assert not text or text not in caught.value.message


def test_nothing_shows_the_key() -> None:
    """Neither a secret nor a sealer shows its key when printed."""
    secret = Secret.read(RAW.hex())
    for shown in (repr(secret), str(secret), repr(Sealer([secret]))):
        assert secret.key.hex() not in shown
        assert RAW.hex() not in shown
        assert repr(secret.key) not in shown


def test_a_seal_names_its_secret() -> None:
    """It can be told which secret a seal needs, without having it."""
    assert secret_id(sealer().seal(TOKEN, HERE)) == Secret.read(RAW.hex()).id
