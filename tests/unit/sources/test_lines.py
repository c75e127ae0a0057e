from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stargazer.errors import InvalidRequest
from stargazer.sources.entry import FileStargazer
from stargazer.sources.lines import WARNINGS_AT_MOST, StargazerFile, parse_stargazers

AT_TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)


def parse(text: str) -> StargazerFile:
    return parse_stargazers(text.encode().splitlines(keepends=True))


def logins(found: StargazerFile) -> list[str | None]:
    return [each.login for each in found.stargazers]


@pytest.mark.parametrize(
    "text",
    [
        "login,starred_at\noctocat,2026-11-24T10:00:00Z\n",
        "Starred_At, LOGIN ,stars\r\n2026-11-24T10:00:00Z, octocat ,5\r\n",
        '\n\n"login","bio","starred_at"\n"octocat","a ""cat"",\nand more","2026-11-24 10:00:00 UTC"',
        "\ufefflogin,starred_at\noctocat,2026-11-24T10:00:00Z",
        '\n{"login": "octocat", "starred_at": "2026-11-24T10:00:00Z", "more": [1]}\n',
    ],
)
def test_every_form_is_read(text: str) -> None:
    """CSV with other columns, quotes, a byte order mark or blank lines, and NDJSON."""
    found = parse(text)
    assert found == StargazerFile((FileStargazer(login="octocat", starred_at=AT_TEN),))


def test_plain_logins_need_no_header() -> None:
    """A file of one login a line is read from its first line on."""
    assert logins(parse('octocat\n\n "mona" \r\nhubot')) == ["octocat", "mona", "hubot"]


def test_ids_are_read() -> None:
    """Node ids serve in place of logins, in CSV and in NDJSON."""
    both = (FileStargazer(id="U_kgDO", database_id=7), FileStargazer(login="mona", id="U_kgDP"))
    assert parse("id,login,database_id\nU_kgDO,,7\nU_kgDP,mona,x").stargazers == both
    assert parse('{"id":"U_kgDO","database_id":7}\n{"id":"U_kgDP","login":"mona"}').stargazers == both


def test_a_bare_number_is_malformed() -> None:
    """GitHub's GraphQL API cannot be asked for a user by number; beside a login it is ignored."""
    found = parse("id,login\n583231,\n583232,mona\n")
    assert logins(found) == ["mona"]
    assert found.warnings[0].startswith("line 2: a number cannot be asked")
    assert (
        parse('{"id": 583231}\n{"login": "mona"}').warnings[0].startswith("line 1: a number cannot be asked")
    )


def test_malformed_lines_are_named_and_skipped() -> None:
    """Rubbish costs nothing but a warning with its line."""
    found = parse('login,x\na\n,\nb b\n"c"d,1\n\ne,1\n')
    assert logins(found) == ["a", "e"]
    assert [warning.split(":")[0] for warning in found.warnings] == ["line 3", "line 4", "line 5"]
    assert found.skipped == 3


def test_quote_that_never_ends_is_told_by_its_lines() -> None:
    """A field that runs to the end of the file names all the lines it swallowed."""
    found = parse('login\na\n"b\nc\nd')
    assert logins(found) == ["a"]
    assert found.warnings[0].startswith("lines 3 to 5: not CSV")


@pytest.mark.parametrize("line", ["{", "[]", '{"login": 5}', "rubbish", '{"login": "\ud800"}'])
def test_malformed_json_is_named_and_skipped(line: str) -> None:
    """What is not JSON, or not of its form, is skipped like any other rubbish."""
    found = parse_stargazers(
        [b'{"login":"a"}\n', line.encode("utf-8", "surrogatepass") + b"\n", b'\n{"login":"b"}']
    )
    assert logins(found) == ["a", "b"]
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("line 2: not a stargazer as JSON")


def test_warnings_are_bounded() -> None:
    """The first twenty are named and the others counted."""
    found = parse("a\n" + "b b\n" * 1_234)
    assert len(found.warnings) == WARNINGS_AT_MOST + 1
    assert found.warnings[-1] == "1,214 more lines were skipped"
    assert found.skipped == 1_234


def test_duplicates_are_folded_and_counted() -> None:
    """Logins differ by more than case, ids by any letter; the first line stays."""
    found = parse('{"login":"Mona","id":"U_a1"}\n{"login":"mONA"}\n{"id":"U_a1"}\n{"login":"x","id":"U_A1"}')
    assert [each.key for each in found.stargazers] == ["U_a1", "U_A1"]
    assert found.duplicates == 2
    assert found.warnings == ("2 lines name somebody again, and count once",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("\n \n", "it is empty"),
        ("login\n", "it is empty"),
        ("user;date\nmona;1", "line 1: 'user;date' is not a login"),
        ("\udcff\udcfe", "not a login"),
        ('"' + "x" * 200_000, "not a login"),
    ],
)
def test_no_stargazer_at_all_is_an_error(text: str, why: str) -> None:
    """A file that names nobody says which forms there are, and what stands there instead."""
    with pytest.raises(InvalidRequest) as caught:
        parse_stargazers(text.encode("utf-8", "surrogateescape").splitlines(), "FILE")
    assert caught.value.message.startswith(
        "FILE must be a list of stargazers: CSV whose header has a column `login`"
    )
    assert why in caught.value.message
    assert "\n" not in caught.value.message


@given(st.lists(st.binary(max_size=40)))
def test_no_bytes_are_too_odd(lines: list[bytes]) -> None:
    """Whatever a file holds, it is read or refused, and nothing else happens."""
    for header in (b"login,id\n", b'{"login":"a"}\n', b"mona\n"):
        found = parse_stargazers([header, *lines, b"zoe\n" if header == b"mona\n" else b'\n"zoe"\n', b"a\n"])
        assert found.skipped >= len(found.warnings) - 2
