"""Where a token may go: checks of the URL and of the token, before anything is sent."""

from __future__ import annotations

import ipaddress
import re
import ssl
from pathlib import Path

from yarl import URL

from stargazer import errors
from stargazer.github.envelope import clean

_OLD_TOKEN = re.compile(r"[0-9a-f]{40}")

KINDS = {
    "github_pat_": "a fine-grained token",
    "ghp_": "a classic token",
    "gho_": "the token of an OAuth app",
    "ghu_": "the token of a GitHub App for a user",
    "ghs_": "the token of a GitHub App or of Actions",
}
"""What a token is, by how it begins.

Source: https://docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
    (read 2026-11-24).
"""


def name_token(token: str) -> str:
    """Say what kind of token one is, for people.

    Example:
        >>> name_token("ghp_0123456789"), name_token("0123456789")
        ('a classic token', 'a token of an unknown kind')
    """
    known = (kind for prefix, kind in KINDS.items() if token.startswith(prefix))
    return next(known, "a token of an unknown kind" if token else "no token")


def is_token(text: str) -> bool:
    """Tell whether *text* looks like a token of GitHub's, of the present form or the old.

    Example:
        >>> is_token("ghp_0123456789"), is_token("0123456789abcdef" * 2 + "01234567"), is_token("ci")
        (True, True, False)
    """
    return text.startswith(tuple(KINDS)) or _OLD_TOKEN.fullmatch(text) is not None


def check_url(url: str) -> URL:
    """Return *url* parsed, if a token may be sent there.

    Raises:
        SettingError: it is no URL, would show the token to a network, or brings credentials of its own.
    """
    must_be = "an https URL without a user name, or an http URL of this machine"
    try:
        address = URL(url)
        usable = bool(address.host) and address.user is None and address.port is not None
    except ValueError:
        usable = False
    if usable and (address.scheme == "https" or (address.scheme == "http" and is_loopback(address))):
        return address
    shown = None if "@" in url else clean(url)
    raise errors.SettingError("STARGAZER_GITHUB_URL", must_be, got=shown)


def trust(ca: Path) -> ssl.SSLContext:
    """Trust the certificate authorities in a PEM file besides those of the system.

    Raises:
        SettingError: it cannot be read, or holds no certificate.
    """
    must_be = "a PEM file with the certificate of an authority"
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca)
    except (OSError, ValueError) as error:
        # An SSLError is an OSError too, whose words help nobody.
        why = f" ({error.strerror})" if isinstance(error, FileNotFoundError | PermissionError) else ""
        raise errors.SettingError("STARGAZER_GITHUB_CA", must_be + why, got=clean(str(ca))) from error
    return context


def is_loopback(address: URL) -> bool:
    """Tell whether *address* is this machine, without asking a name server.

    Example:
        >>> is_loopback(URL("http://127.0.0.1:8080/graphql"))
        True
    """
    if address.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.host or "").is_loopback
    except ValueError:
        return False


def check_token(token: str, address: URL, *, is_needed: bool = True) -> str:
    """Return *token* without the space around it, if it can stand in a header; this machine needs none.

    Where it is not needed there may be none anywhere.

    Raises:
        CredentialsRefused: there is none, or it cannot be one. The message does not show it.
    """
    stripped = token.strip()
    if not stripped and is_needed and not is_loopback(address):
        raise errors.CredentialsRefused("no token")
    if not (stripped.isascii() and stripped.isprintable()) or " " in stripped:
        raise errors.CredentialsRefused("the token holds a character that no token holds")
    return stripped
