"""What the environment sets."""

from __future__ import annotations

import pytest

from stargazer.errors import SettingError
from stargazer.settings import GITHUB_URL, Settings


@pytest.mark.parametrize(
    ("environ", "token"),
    [
        ({}, ""),
        ({"GITHUB_TOKEN": "a"}, "a"),
        ({"GH_TOKEN": "b"}, "b"),
        ({"GITHUB_TOKEN": "a", "GH_TOKEN": "b"}, "a"),
        ({"GITHUB_TOKEN": " \n", "GH_TOKEN": " b\n"}, "b"),
    ],
)
def test_the_token_comes_from_either_variable(environ: dict[str, str], token: str) -> None:
    """`GITHUB_TOKEN` goes before `GH_TOKEN`; blanks around it do not count, and an empty one is none."""
    assert Settings.from_env(environ).github_token == token


def test_the_url_is_githubs_unless_set() -> None:
    """`STARGAZER_GITHUB_URL` names another endpoint."""
    assert Settings.from_env({}).github_url == Settings().github_url == GITHUB_URL
    assert Settings.from_env({"STARGAZER_GITHUB_URL": " "}).github_url == GITHUB_URL
    url = "https://github.example/api/graphql"
    assert Settings.from_env({"STARGAZER_GITHUB_URL": f" {url} "}).github_url == url


def test_the_token_is_never_shown() -> None:
    """Settings may be printed: they tell whether there is a token, and not which."""
    shown = repr(Settings("ghp_secret"))

    assert "ghp_secret" not in shown
    assert "github_token=set" in shown
    assert GITHUB_URL in shown
    assert "github_token=not set" in repr(Settings())


def test_what_the_service_is_told() -> None:
    """Lists are separated by commas or blanks; what is not set is what the reference says."""
    told = Settings.from_env(
        {
            "STARGAZER_HOST": "0.0.0.0",  # noqa: S104 (nothing listens)
            "STARGAZER_PORT": "0",
            "STARGAZER_METRICS_PORT": "9100",
            "STARGAZER_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "STARGAZER_CORS_ORIGINS": "https://a.example,http://localhost:3000",
        }
    )

    assert (told.host, told.port, told.metrics_port) == ("0.0.0.0", 0, 9_100)  # noqa: S104
    assert told.trusted_proxies == ("10.0.0.0/8", "::1")
    assert told.cors_origins == ("https://a.example", "http://localhost:3000")
    assert (Settings().host, Settings().port, Settings().metrics_port) == ("127.0.0.1", 8_000, 0)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STARGAZER_PORT", "eighty"),
        ("STARGAZER_PORT", "65536"),
        ("STARGAZER_PORT", "-1"),
        ("STARGAZER_TRUSTED_PROXIES", "proxy.example"),
        ("STARGAZER_CORS_ORIGINS", "example.org"),
        ("STARGAZER_CORS_ORIGINS", "https://example.org/path"),
        ("STARGAZER_SHARE_TOKEN", "perhaps"),
        ("STARGAZER_GITHUB_CONCURRENCY", "0"),
        ("STARGAZER_GITHUB_CONCURRENCY", "101"),
        ("STARGAZER_SECRET_KEY_PREVIOUS", "a" * 40),
    ],
)
def test_what_cannot_be_is_refused_by_name(variable: str, value: str) -> None:
    """Whoever mistypes a setting is told which, and what it must be."""
    with pytest.raises(SettingError, match=variable.removesuffix("_PREVIOUS")):
        Settings.from_env({variable: value})


def test_what_seals_tokens_and_who_may_use_ours() -> None:
    """The present secret comes first; keys without a token use the service's own unless told otherwise."""
    told = Settings.from_env(
        {
            "STARGAZER_SECRET_KEY": " new secret ",
            "STARGAZER_SECRET_KEY_PREVIOUS": "old secret, older secret,",
            "STARGAZER_SHARE_TOKEN": "No",
            "STARGAZER_SHARE_LISTS": "yes",
            "STARGAZER_GITHUB_CA": "/etc/ssl/ghes.pem",
            "STARGAZER_GITHUB_CONCURRENCY": "8",
        }
    )

    assert told.secret_keys == ("new secret", "old secret", "older secret")
    assert "secret," not in repr(told).replace("secret_keys=3,", "")
    assert not told.shares_token
    assert told.shares_lists
    assert not Settings().shares_lists
    assert str(told.github_ca) == "/etc/ssl/ghes.pem"
    assert told.github_concurrency == 8
    assert (Settings().secret_keys, Settings().shares_token, Settings().github_concurrency) == ((), True, 1)
