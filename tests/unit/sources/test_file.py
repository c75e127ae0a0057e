from __future__ import annotations

import gzip
import io
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stargazer.errors import InvalidRequest
from stargazer.planner.page import Stargazer, User
from stargazer.sources.entry import FileStargazer
from stargazer.sources.file import LINE_BYTES_AT_MOST, read_stargazers, write_stargazers

TEXT = b"octocat\nmona\n"
BOTH = (FileStargazer(login="octocat"), FileStargazer(login="mona"))
EPOCH = datetime(2008, 1, 1, tzinfo=UTC)

STARGAZERS = st.builds(
    Stargazer,
    st.integers(0, 10**9).map(lambda seconds: EPOCH + timedelta(seconds=seconds)),
    st.builds(
        User,
        st.from_regex(r"\AU_[A-Za-z0-9_-]{1,12}\Z"),
        st.none() | st.integers(1, 2**31 - 1),
        st.from_regex(r"\A[A-Za-z0-9-]{1,39}\Z"),
    ),
)


@pytest.mark.parametrize(
    "content",
    [TEXT, gzip.compress(TEXT), gzip.compress(TEXT[:8]) + gzip.compress(TEXT[8:])],
    ids=["plain", "packed", "packed in two"],
)
def test_files_and_pipes_are_read(tmp_path: Path, content: bytes) -> None:
    """Plain or gzipped, in one member or more, by name or from standard input."""
    path = tmp_path / "stargazers"
    path.write_bytes(content)
    assert read_stargazers(path).stargazers == BOTH
    with path.open("rb") as pipe:
        assert read_stargazers("-", stdin=pipe).stargazers == BOTH
        assert not pipe.closed
    assert read_stargazers("-", stdin=io.BytesIO(content)).stargazers == BOTH


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    """A missing file, a directory and a broken gzip say what is wrong, on one line."""
    broken = [
        gzip.compress(TEXT)[:-9],
        gzip.compress(TEXT)[:20],
        b"\x1f\x8b\x00rubbish",
        b"\x1f\x8b\x08" + bytes(30),
    ]
    for number, content in enumerate(broken):
        path = tmp_path / f"broken{number}.gz"
        path.write_bytes(content)
        with pytest.raises(InvalidRequest, match="whose gzip is whole"):
            read_stargazers(path)
    with pytest.raises(InvalidRequest, match=r"FILE must be a file that can be read \(No such file"):
        read_stargazers(tmp_path / "missing", parameter="FILE")
    with pytest.raises(InvalidRequest, match="Is a directory"):
        read_stargazers(tmp_path)


def test_endless_line_is_cut() -> None:
    """A line of any length costs bounded memory, one warning, and no line after it."""
    content = b"octocat\n" + b"x" * (2 * LINE_BYTES_AT_MOST + 5) + b"\nmona\n"
    found = read_stargazers("-", stdin=io.BytesIO(content))
    assert found.stargazers == BOTH
    assert [warning[:7] for warning in found.warnings] == ["line 2:"]


@given(
    st.lists(
        STARGAZERS, min_size=1, unique_by=(lambda each: each.user.id, lambda each: each.user.login.lower())
    )
)
def test_what_is_written_is_read_back(listed: list[Stargazer]) -> None:
    """Writing and reading a list gives the same list."""
    file = io.BytesIO()
    write_stargazers(listed, file)
    file.seek(0)
    read = read_stargazers("-", stdin=file)
    assert read.warnings == ()
    assert read.stargazers == tuple(
        FileStargazer(each.user.login, each.user.id, each.user.database_id, each.starred_at)
        for each in listed
    )


def test_written_form_is_the_published_one() -> None:
    """A line has the members of the reference, in that order."""
    file = io.BytesIO()
    write_stargazers([Stargazer(EPOCH, User("U_kgDO", 7, "mona"))], file)
    assert file.getvalue() == (
        b'{"login":"mona","id":"U_kgDO","database_id":7,"starred_at":"2008-01-01T00:00:00Z"}\n'
    )


def test_long_lists_are_read_quickly() -> None:
    """Reading is meant to cost 3 µs a line; 30 leave room for machines that are slow or measure coverage."""
    lines = [b"login,starred_at\n", *(b"user-%d,2026-11-24T10:00:00Z\n" % each for each in range(100_000))]
    begin = time.process_time()
    assert len(read_stargazers("-", stdin=io.BytesIO(b"".join(lines))).stargazers) == 100_000
    assert time.process_time() - begin < 100_000 * 30e-6
