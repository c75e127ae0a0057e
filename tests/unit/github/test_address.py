"""A token goes nowhere it could be read, and nothing is sent with a token that cannot be one."""

from __future__ import annotations

import pytest
from yarl import URL

from stargazer import errors
from stargazer.github.address import check_token, check_url
from stargazer.github.transport import GITHUB_URL, GitHub

GITHUB = URL(GITHUB_URL)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com/graphql",
        "http://127.0.0.1.example.org/graphql",
        "http://192.168.0.1/graphql",
        "ftp://localhost/graphql",
        "file:///etc/passwd",
        "api.github.com/graphql",
        "https:///graphql",
        "https://host:99999/graphql",
        "http://[bad",
        "",
    ],
)
def test_a_url_that_would_show_the_token_is_refused(url: str) -> None:
    """Without TLS the token stays on this machine; the error names the variable."""
    with pytest.raises(errors.SettingError, match="STARGAZER_GITHUB_URL must be"):
        check_url(url)


def test_a_url_with_a_password_is_refused_and_not_shown() -> None:
    """Two credentials in one request are one too many."""
    with pytest.raises(errors.SettingError) as raised:
        check_url("https://me:secret@host/graphql")

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "[::1]:8080", "localhost", "127.0.0.7"])
def test_a_loopback_host_needs_neither_tls_nor_token(host: str) -> None:
    """The sandbox runs there."""
    assert check_token("", check_url(f"http://{host}/graphql")) == ""


@pytest.mark.parametrize(
    "url", [GITHUB_URL, "https://github.example.org/api/graphql", "https://host:8443/graphql"]
)
def test_tls_goes_anywhere(url: str) -> None:
    """GitHub itself and Enterprise servers."""
    assert str(check_url(url)) == url


def test_space_around_a_token_is_no_part_of_it() -> None:
    """It comes from files and from `$(gh auth token)`."""
    assert check_token(" ghp_abc\n", GITHUB) == "ghp_abc"


@pytest.mark.parametrize("token", ["", "  \n"])
def test_no_token_is_refused_before_anything_is_sent(token: str) -> None:
    """The error says what to do."""
    with pytest.raises(errors.CredentialsRefused, match=r"no token.*set GITHUB_TOKEN"):
        check_token(token, GITHUB)


@pytest.mark.parametrize("token", ["two words", "a\nb", "ключ", "a\x00b"])
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(token: str) -> None:
    """It would break the header or be refused anyway."""
    with pytest.raises(errors.CredentialsRefused) as raised:
        check_token(token, GITHUB)

    assert token not in str(raised.value)


def test_the_door_checks_before_anything_is_sent() -> None:
    """A GitHub that cannot work is not made."""
    with pytest.raises(errors.CredentialsRefused):
        GitHub("")
    with pytest.raises(errors.SettingError):
        GitHub("ghp_abc", "http://example.org/graphql")
