"""The small parts of the HTTP service that need no server."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from stargazer.api.asked import Query, read
from stargazer.api.bodies import Kept
from stargazer.api.fields import choose, field, matches, takes_gzip, wait_seconds
from stargazer.api.once import Once
from stargazer.errors import InvalidRequest, NotAcceptable

FORMS = ("application/json", "application/x-ndjson", "text/csv")


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (b"", None),
        (b"wait=0", 0),
        (b"WAIT = 12", 12),
        (b'return=minimal, wait="5"; x=1', 5),
        (b"wait=86400", 60),
        (b"wait=-1", None),
        (b"await=5", None),
        (b"respond-async", 0),
        (b"respond-async, wait=3", 3),
        (b"handling=lenient", None),
    ],
)
def test_prefer_is_read_as_rfc_7240_says(prefer: bytes, seconds: int | None) -> None:
    """A minute at most; what is not understood is ignored."""
    assert wait_seconds(prefer) == seconds


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (b"", FORMS[0]),
        (b"*/*", FORMS[0]),
        (b"text/html, application/xhtml+xml, */*;q=0.8", FORMS[0]),
        (b"application/x-ndjson", FORMS[1]),
        (b"text/csv, application/json;q=0.5", FORMS[2]),
        (b"text/*;q=0.5, application/json;q=0.4", FORMS[2]),
        (b"application/json;q=0, */*", FORMS[1]),
    ],
)
def test_the_form_that_is_liked_best_is_chosen(accept: bytes, form: str) -> None:
    """The more specific range tells how much a form is liked; of equals the first is sent."""
    assert choose(accept, FORMS) == form


@pytest.mark.parametrize("accept", [b"image/png", b"application/json;q=0", b"text/html;q=1, */*;q=nonsense"])
def test_nothing_is_forced_upon_anybody(accept: bytes) -> None:
    """Who takes none of the forms gets none."""
    with pytest.raises(NotAcceptable):
        choose(accept, FORMS)


def test_tags_are_compared_weakly() -> None:
    """As If-None-Match wants it, in a list or alone."""
    assert matches(b'W/"a"', b'W/"a"')
    assert matches(b'"b" , "a"', b'W/"a"')
    assert not matches(b"a", b'W/"a"')
    assert not matches(b"", b'W/"a"')


def test_fields_that_come_twice_are_one_list() -> None:
    """RFC 9110 § 5.3."""
    scope = {"headers": [(b"accept", b"text/csv"), (b"x", b"y"), (b"accept", b"*/*")]}
    assert field(scope, b"accept") == b"text/csv, */*"  # type: ignore[arg-type]
    assert field(scope, b"prefer") == b""  # type: ignore[arg-type]


def test_gzip_is_only_for_those_who_take_it() -> None:
    """`q=0` means never."""
    assert takes_gzip(b"br, gzip;q=0.1")
    assert takes_gzip(b"*")
    assert not takes_gzip(b"*;q=0")
    assert not takes_gzip(b"*, gzip;q=0")


def test_a_query_is_written_as_it_was_read() -> None:
    """A page's link asks for the same in the same way, and is pinned."""
    answer = UUID(int=7)
    query = read(b"sort=cosine&names=all&min_shared=2&per_page=7&page=3")

    assert query == Query("cosine", 2, 3, 7, None)
    assert query.offset == 14
    written = query.pinned(answer, 4)
    assert read(written.encode()) == Query("cosine", 2, 4, 7, None, None, answer)
    assert Query().pinned(answer, None) == f"answer={answer}"


@pytest.mark.parametrize(
    "raw", [b"page=%31&page=2", b"page=1_0", b"page= 1", b"page=+1", b"x" * 9, b"&" * 200 + b"a=1"]
)
def test_a_query_that_is_none(raw: bytes) -> None:
    """What only looks like a number is none."""
    with pytest.raises(InvalidRequest):
        read(raw)


def test_what_is_kept_is_let_go_of() -> None:
    """After its time, or when there is too much of it: what was used last stays."""
    kept: Kept[str] = Kept(10.0, 100)
    kept.put("a", "A", 0.0, 60)
    kept.put("b", "B", 0.0, 40)
    assert kept.get("a", 5.0) == "A"
    kept.put("c", "C", 5.0, 10)
    assert kept.get("b", 5.0) is None
    assert (kept.get("a", 9.0), kept.size_bytes) == ("A", 70)
    assert kept.get("a", 10.5) is None
    assert (kept.get("c", 10.5), kept.size_bytes) == ("C", 10)
    kept.put("d", "D", 10.5, 1_000)
    assert (kept.get("d", 10.5), kept.size_bytes) == (None, 0)


def test_one_makes_anew_what_the_others_get_meanwhile() -> None:
    """Else all would make it at the same moment; what is long over nobody gets."""
    kept: Kept[str] = Kept(1.0, 100)
    kept.put("a", "A", 0.0, 10)
    assert kept.due("a", 0.5) == "A"
    assert [kept.due("a", 1.5) for _ in range(3)] == [None, "A", "A"]
    kept.put("a", "B", 1.6, 10)
    assert kept.due("a", 2.5) == "B"
    assert [kept.due("a", 9.0) for _ in range(2)] == [None, None]
    assert kept.size_bytes == 0


async def test_work_under_way_is_joined() -> None:
    """It is done once, for whoever waits; who gives up does not end it for the others."""
    flights: Once[str, int] = Once()
    begun = 0
    gate = asyncio.Event()

    async def work() -> int:
        nonlocal begun
        begun += 1
        await gate.wait()
        return begun

    first, second, third = (asyncio.create_task(flights.join("x", work)) for _ in range(3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    assert [await second, await third] == [1, 1]
    assert await flights.join("x", work) == 2


async def test_a_failure_is_for_all_who_wait() -> None:
    """And is forgotten with them."""
    flights: Once[str, int] = Once()

    async def fail() -> int:
        raise InvalidRequest("x", "y")

    results = await asyncio.gather(*(flights.join("x", fail) for _ in range(2)), return_exceptions=True)
    assert [type(result) for result in results] == [InvalidRequest, InvalidRequest]
