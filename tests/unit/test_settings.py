"""What the environment sets."""

from __future__ import annotations

import pytest

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
