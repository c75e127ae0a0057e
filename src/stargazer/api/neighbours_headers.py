"""The header fields of an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from math import ceil

from stargazer.api.answering import Found
from stargazer.api.asked import Query
from stargazer.api.job_views import path_of
from stargazer.api.replies import Headers
from stargazer.planner.coverage import Kind
from stargazer.store.answers import StoredAnswer
from stargazer.store.details import KnownDetails

VARY = (b"vary", b"X-API-Key, Accept, Accept-Encoding")
LISTS_NAMED_AT_MOST = 100
"""So many of the repositories are named whose stargazers an answer from the store is about."""

PRIVATE = (b"cache-control", b"private")


def etag(
    found: Found, query: Query, media_type: str, *, is_named: bool, known: KnownDetails | None = None
) -> bytes:
    """The weak tag of what is sent: it depends on the answer, the query and the scope.

    It also depends on what is *known* of neighbours, where the query needs it.
    """
    said = f"{query.pinned(found.stored.id, query.page)} {media_type} {is_named} {found.stored.revision}"
    if known is not None:
        said += f" {known.mark}"
    return b'W/"' + hashlib.blake2b(said.encode(), digest_size=12).hexdigest().encode() + b'"'


def answer_headers(
    found: Found, asked: str, tag: bytes, query_string: bytes, known: KnownDetails | None = None
) -> Headers:
    """What is told of an answer with every reply, also with one that it has not changed.

    Args:
        found: the answer.
        asked: the name that was asked for; told if it is another today.
        tag: the ETag.
        query_string: what was asked.
        known: what is known of neighbours, where the query needs it.
    """
    headers = [
        (b"etag", tag),
        (b"last-modified", format_datetime(found.stored.made_at.astimezone(UTC), usegmt=True).encode()),
        PRIVATE,
        VARY,
        (b"stargazer-answer", describe(found.stored).encode()),
    ]
    if known is not None:
        headers.append((b"stargazer-details", b"known=%d; wanted=%d" % (len(known.said), known.wanted)))
    if found.repository != asked:
        location = neighbours_path(found.repository).encode()
        headers.append((b"content-location", location + (b"?" + query_string if query_string else b"")))
    lists_of = found.stored.coverage.get("lists_of")
    if lists_of is not None:
        headers.append((b"stargazer-lists-of", ", ".join(lists_of[:LISTS_NAMED_AT_MOST]).encode()))
    if found.job is not None:
        headers.append((b"stargazer-job", path_of(found.job).encode()))
    return headers


def describe(answer: StoredAnswer) -> str:
    """Say how an answer was come by."""
    coverage = answer.coverage
    said = [
        answer.kind.value,
        *([f"source=store; lists={coverage['lists']}"] if coverage["source"] == "store" else []),
        f"listed={coverage['stargazers_listed']}",
        f"read={coverage['users_read']}",
    ]
    if answer.kind is Kind.ESTIMATE:
        said.append(f"sample={coverage['sample']}")
    if coverage["as_of"] is not None:
        as_of = datetime.fromisoformat(coverage["as_of"]).astimezone(UTC)
        said.append(f"as-of={as_of:%Y-%m-%dT%H:%M:%SZ}")
    return "; ".join(said)


def link(found: Found, query: Query, total: int) -> bytes:
    """Where the other pages are; all of the same answer, whatever comes after it."""
    path = neighbours_path(found.repository)
    return page_links(
        query.page, query.per_page, total, lambda page: f"{path}?{query.pinned(found.stored.id, page)}"
    )


def page_links(page: int, per_page: int, total: int, at: Callable[[int], str]) -> bytes:
    """The first page, the last one, and those beside *page*; *at* says where a page is."""
    last = max(1, ceil(total / per_page))
    pages = {"first": 1, "last": last}
    if page > 1:
        pages["prev"] = min(page - 1, last)
    if page < last:
        pages["next"] = page + 1
    return ", ".join(f'<{at(number)}>; rel="{name}"' for name, number in pages.items()).encode()


def neighbours_path(repository: str) -> str:
    """Where the neighbours of a repository are."""
    return f"/repos/{repository}/starneighbours"
