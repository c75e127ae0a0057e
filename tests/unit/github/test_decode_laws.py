"""Laws of decoding: it gives back what was sent, and no answer makes it raise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stargazer import errors
from stargazer.github import compose
from stargazer.github.decode import decode
from stargazer.planner import page

DETAILED = 4711
"""The number of the repository whose details are asked."""

numbers = st.integers(1, 2**31 - 1)
names = st.text(max_size=20)
counts = st.integers(0, 10**9)
moments = st.datetimes(datetime(2008, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
cursors = st.none() | names
directions = st.sampled_from(page.Direction)
sizes = st.integers(1, 100)

repositories = st.builds(page.Repository, numbers, names, counts, st.just(value=False))
stars = st.builds(page.Star, moments, repositories)
users = st.builds(page.User, names, st.none() | numbers, names)
stargazers = st.builds(page.Stargazer, moments, users)
star_list_requests = st.builds(page.StarListRequest, names, sizes, cursors, directions, counts)
stargazers_requests = st.builds(page.StargazersRequest, names, names, sizes, cursors, directions)


@st.composite
def star_list_pages(draw: st.DrawFn) -> page.StarListPage:
    request = draw(star_list_requests)
    shown = tuple(draw(st.lists(stars, max_size=5)))
    return page.StarListPage(
        request=request,
        stars=shown,
        hidden=draw(st.integers(0, 3)),
        private=draw(st.integers(0, 3)),
        total_count=draw(counts),
        has_next_page=draw(st.booleans()),
        end_cursor=draw(cursors),
        is_over_limit=draw(st.booleans()),
        has_seed=any(star.repository.database_id == request.seed for star in shown),
    )


stargazers_pages = st.builds(
    page.StargazersPage,
    stargazers_requests,
    st.lists(stargazers, max_size=5).map(tuple),
    st.integers(0, 3),
    counts,
    st.booleans(),
    cursors,
)
details = st.builds(
    page.Details,
    st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10),
    st.none() | names,
    st.booleans(),
    st.booleans(),
)
facts = st.builds(page.Facts, names, st.none() | numbers, names, counts, st.booleans())
answered = st.one_of(
    star_list_pages().map(lambda found: (found.request, found)),
    stargazers_pages.map(lambda found: (found.request, found)),
    st.tuples(st.builds(page.FactsRequest, names, names), facts),
    st.tuples(st.builds(page.UserRequest, names), users),
    st.tuples(st.builds(page.DetailsRequest, names, names, st.just(DETAILED)), details),
)


def encode_outcome(outcome: page.Outcome) -> Any:
    """Write an outcome as GitHub sends it, with the edges that decoding leaves out."""
    match outcome:
        case page.StarListPage():
            private = page.Repository(-1, "secret/secret", 0, is_private=True)
            dropped = [page.Star(datetime(2020, 1, 1, tzinfo=UTC), private)] * outcome.private
            edges = [*outcome.stars, *dropped, *[None] * outcome.hidden]
            return {
                "starredRepositories": encode_connection(outcome, edges)
                | {"isOverLimit": outcome.is_over_limit}
            }
        case page.StargazersPage():
            return {"stargazers": encode_connection(outcome, [*outcome.stargazers, *[None] * outcome.hidden])}
        case page.Facts():
            return {
                "id": outcome.id,
                "databaseId": outcome.database_id,
                "nameWithOwner": outcome.name_with_owner,
                "stargazerCount": outcome.stargazer_count,
                "isPrivate": outcome.is_private,
            }
        case page.Details():
            language = outcome.language
            return {
                "databaseId": DETAILED,
                "isPrivate": False,
                "description": outcome.description,
                "primaryLanguage": None if language is None else {"name": language},
                "isArchived": outcome.is_archived,
                "isFork": outcome.is_fork,
            }
        case _:
            return outcome


def encode_connection(found: page.Page, edges: list[Any]) -> dict[str, Any]:
    return {
        "totalCount": found.total_count,
        "pageInfo": {"hasNextPage": found.has_next_page, "endCursor": found.end_cursor},
        "edges": edges,
    }


def call_of(selections: tuple[page.Selection, ...]) -> page.Call:
    return page.Call(1, selections, 1, 1, 1, 1.0)


@given(st.lists(answered, max_size=6), st.randoms(use_true_random=False))
def test_decoding_gives_back_what_was_sent(
    pairs: list[tuple[page.Selection, page.Outcome]], random: Any
) -> None:
    """decode(encode(x)) == x, whatever the order of the aliases."""
    call = call_of(tuple(selection for selection, _ in pairs))
    aliases = compose.name_aliases(call.selections)
    sent = [(alias, encode_outcome(outcome)) for alias, (_, outcome) in zip(aliases, pairs, strict=True)]
    sent.append(
        ("rateLimit", {"cost": 1, "limit": 2, "remaining": 1, "used": 1, "resetAt": "2026-11-24T11:00:00Z"})
    )
    random.shuffle(sent)

    reply = decode(call, 200, {}, msgspec.json.encode({"data": dict(sent)}), 0.5)

    assert reply.failure is None
    assert reply.outcomes == tuple(outcome for _, outcome in pairs)


EVERY_KIND = (
    page.FactsRequest("o", "r"),
    page.UserRequest("ada"),
    page.DetailsRequest("o", "r", DETAILED),
    page.StargazersRequest("o", "r", 100, None, page.Direction.ASC),
    page.StarListRequest("U_1", 100, None, page.Direction.ASC, 7),
)
words = st.sampled_from(
    ("data", "errors", "message", "type", "path", "f0", "u0", "d0", "s0", "l0", "rateLimit", "RATE_LIMITED")
) | st.sampled_from(
    ("stargazers", "starredRepositories", "edges", "node", "pageInfo", "databaseId", "NOT_FOUND", "FORBIDDEN")
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | words
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | words, inner, max_size=5),
    max_leaves=25,
)
problems = st.lists(
    st.fixed_dictionaries(
        {}, optional={"message": st.text() | words, "type": st.none() | words, "path": trees}
    ),
    max_size=3,
)
answers = st.fixed_dictionaries({}, optional={"data": trees, "errors": problems | trees, "message": trees})
header_names = st.sampled_from(("Date", "Retry-After", "Location", "Content-Type")) | st.sampled_from(
    ("limit", "remaining", "used", "reset", "resource")
).map("X-RateLimit-{}".format)
header_values = st.text() | st.integers().map(str) | st.floats().map(str) | st.just("application/json")


@given(
    status=st.integers(100, 599),
    headers=st.dictionaries(header_names, header_values),
    body=st.binary() | trees.map(msgspec.json.encode) | answers.map(msgspec.json.encode),
    cut=st.none() | st.integers(0, 50),
)
def test_no_answer_makes_decoding_raise(
    status: int, headers: dict[str, str], body: bytes, cut: int | None
) -> None:
    """Weather is a value: one outcome for each selection, or one failure; only our mistakes are raised."""
    call = call_of(EVERY_KIND)
    try:
        reply = decode(call, status, headers, body[:cut], 0.5)
    except errors.QueryRefused:
        return

    assert len(reply.outcomes) == (0 if reply.failure else len(call.selections))
    assert reply.failure is None or len(reply.failure.message) <= 200
