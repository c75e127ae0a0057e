from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stargazer.sources.entry import FileStargazer, Malformed, is_login, is_user_id, moment, stargazer

AT_TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.mark.parametrize("login", ["a", "octocat", "0x", "mona_acme", "old-", "-older", "a--b", "a" * 39])
def test_logins_that_exist(login: str) -> None:
    """Letters, digits and hyphens, at most 39, and the short code of managed users."""
    assert is_login(login)


@pytest.mark.parametrize(
    "login", ["", "a b", "a_", "_a", "a_b_c", "ünal", "a" * 40, "a\n", "@a", "a/b", "x[bot]"]
)
def test_logins_that_cannot_exist(login: str) -> None:
    """Anything else is no login."""
    assert not is_login(login)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("U_kgDOAA", True),
        ("MDQ6VXNlcjE=", True),
        ("583231", False),
        ("R_kgDOAA", False),
        ("U_", False),
        ("", False),
    ],
)
def test_node_ids_of_users(text: str, is_one: bool) -> None:
    """Node ids of both forms are known, and those of other things are not taken for users."""
    assert is_user_id(text) is is_one


@pytest.mark.parametrize(
    "text",
    ["2026-11-24T10:00:00Z", "2026-11-24 10:00:00 UTC", "2026-11-24T10:00:00", "2026-11-24T12:00:00+02:00"],
)
def test_moments_are_read_in_utc(text: str) -> None:
    """Whatever the zone, or without one, a moment is UTC."""
    read = moment(text)
    assert read == AT_TEN
    assert read is not None
    assert read.tzinfo is UTC


@pytest.mark.parametrize("text", ["yesterday", "1764000000", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_moment(text: str) -> None:
    """What cannot be read as a moment is none, and no error."""
    assert moment(text) is None


def test_one_good_name_is_enough() -> None:
    """A bad login beside a good id is left out, a bad id beside a good login too."""
    assert stargazer("no login", "U_kgDO", 1, "") == FileStargazer(id="U_kgDO", database_id=1)
    assert stargazer("octocat", "583231", None, "no time") == FileStargazer(login="octocat")


def test_key_is_the_id_if_there_is_one() -> None:
    """Ids outlive logins, so they are asked for first."""
    assert [each.key for each in (FileStargazer("octocat", "U_kgDO"), FileStargazer("octocat"))] == [
        "U_kgDO",
        "octocat",
    ]


@pytest.mark.parametrize(
    ("login", "node_id", "reason"),
    [
        ("", "", "neither login nor id"),
        ("dependabot[bot]", "", "apps star nothing"),
        ("two words", "", "'two words' is not a login"),
        ("", "583231", "a number cannot be asked"),
        ("", "R_kgDO", "not the node id of a user"),
        ("x" * 99, "", r"'x{39}\.\.\.' is not a login"),
        ("\x1b[31m", "", r"\\x1b\[31m"),
    ],
)
def test_malformed_lines_say_why(login: str, node_id: str, reason: str) -> None:
    """The reason fits one line and shows what stands there, made harmless."""
    found = stargazer(login, node_id, None, "")
    assert isinstance(found, Malformed)
    with pytest.raises(ValueError, match=reason):
        raise ValueError(found.reason)
