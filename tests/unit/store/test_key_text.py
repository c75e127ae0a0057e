"""How a key is written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stargazer.store.key_text import digest_of, hint_of, holds_key, is_key_text, make_key_text

SECRETS = st.binary(min_size=32, max_size=32)
ALPHABET = st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@given(SECRETS)
def test_what_is_made_is_a_key(secret: bytes) -> None:
    """Whatever the secret, its text has one length, is recognised, and is found in other text."""
    text = make_key_text(secret)
    assert is_key_text(text)
    assert len(text) == 53
    assert text.isascii()
    assert holds_key(f"GET /?key={text}&page=1")
    assert text.startswith(hint_of(text))
    assert len(hint_of(text)) == 8


@given(SECRETS, st.integers(4, 52), ALPHABET)
def test_a_mistyped_letter_is_found(secret: bytes, place: int, letter: str) -> None:
    """A key with one letter changed is none."""
    text = make_key_text(secret)
    changed = text[:place] + letter + text[place + 1 :]
    assert is_key_text(changed) == (changed == text)


@given(SECRETS, st.integers(4, 51))
def test_swapped_neighbours_are_found(secret: bytes, place: int) -> None:
    """Two letters that changed places are a typing error."""
    text = make_key_text(secret)
    changed = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert is_key_text(changed) == (changed == text)


@given(SECRETS, SECRETS)
def test_two_secrets_are_two_keys(one: bytes, other: bytes) -> None:
    """Nothing of the secret is lost in writing it."""
    texts = make_key_text(one), make_key_text(other)
    assert (texts[0] == texts[1]) == (one == other)
    assert (digest_of(texts[0]) == digest_of(texts[1])) == (one == other)


@given(st.text(max_size=60))
def test_other_words_are_no_keys(text: str) -> None:
    """Nothing that anybody types is a key by chance, and no text is too strange to be judged."""
    assert not is_key_text(text)
    assert not is_key_text("sgz_" + text)


def test_random_keys_differ() -> None:
    """Without a secret a random one is made."""
    assert make_key_text() != make_key_text()
