"""Decode an answer: status, headers and bytes become a reply, every failure by its meaning.

Nothing here waits, asks a clock or knows a token. The bytes are decoded once
to find the aliases, and each alias straight into narrow structs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import msgspec

from stargazer.github import verdict
from stargazer.github.compose import name_aliases
from stargazer.github.envelope import (
    Envelope,
    GraphQLError,
    RateLimit,
    clean,
    read_date,
    read_limit,
    read_retry_after,
)
from stargazer.planner import page
from stargazer.planner.page import Failure, FailureKind


class _PageInfo(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    has_next_page: bool
    end_cursor: str | None


class _Stargazers(msgspec.Struct, frozen=True, rename="camel"):
    total_count: int
    page_info: _PageInfo
    edges: list[page.Stargazer | None]


class _StarList(msgspec.Struct, frozen=True, rename="camel"):
    total_count: int
    is_over_limit: bool
    page_info: _PageInfo
    edges: list[page.Star | None]


class _StargazersOf(msgspec.Struct, frozen=True):
    stargazers: _Stargazers


class _StarListOf(msgspec.Struct, frozen=True, rename="camel"):
    starred_repositories: _StarList


class _Facts(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    database_id: int | None
    name_with_owner: str
    stargazer_count: int
    is_private: bool


class _Language(msgspec.Struct, frozen=True):
    name: str


class _Details(msgspec.Struct, frozen=True, rename="camel"):
    database_id: int | None
    is_private: bool
    description: str | None
    primary_language: _Language | None
    is_archived: bool
    is_fork: bool


_ENVELOPE = msgspec.json.Decoder(Envelope)
_RATE_LIMIT = msgspec.json.Decoder(RateLimit)
_FACTS = msgspec.json.Decoder(_Facts)
_USER = msgspec.json.Decoder(page.User)
_DETAILS = msgspec.json.Decoder(_Details)
_STARGAZERS = msgspec.json.Decoder(_StargazersOf)
_STAR_LIST = msgspec.json.Decoder(_StarListOf)

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_RATE_LIMIT_FIELD = "rateLimit"
_NULL = msgspec.Raw(b"null")


def decode(
    call: page.Call, status: int, headers: Mapping[str, str], body: bytes, seconds: float
) -> page.Reply:
    """Decode what came back for *call*: any status, any headers, any bytes.

    The names of *headers* may be in any case; *seconds* is how long GitHub
    took, from sending the call to the first byte.

    Raises:
        QueryRefused: GitHub says that the query is wrong; that is a mistake of ours.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    reading = None if status == 401 else read_limit(lowered)
    envelope = _open(status, lowered, body)
    if isinstance(envelope, Failure):
        return page.Reply(call, (), envelope, reading, seconds, read_date(lowered))
    reading = _read_limit_field(envelope) or reading
    judged = _judge(call, envelope, read_retry_after(lowered))
    outcomes, failure = ((), judged) if isinstance(judged, Failure) else (judged, None)
    return page.Reply(call, outcomes, failure, reading, seconds, read_date(lowered))


def fail(call: page.Call, failure: Failure, headers: Mapping[str, str], seconds: float) -> page.Reply:
    """Build the reply of a call whose answer did not arrive whole; its *headers* may have."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return page.Reply(call, (), failure, read_limit(lowered), seconds, read_date(lowered))


# The whole answer.


def _open(status: int, headers: Mapping[str, str], body: bytes) -> Envelope | Failure:
    """Return the envelope of a GraphQL answer, or what the HTTP answer means instead."""
    try:
        envelope = _ENVELOPE.decode(body)
    except _UNREADABLE as mistake:
        if 200 <= status < 300:
            return _judge_unreadable(mistake, headers, body)
        return _judge_status(status, _excerpt(body, 4000), headers, shown=False)
    if 200 <= status < 300:
        return _judge_plain(envelope, headers)
    if envelope.errors and 400 <= status < 500 and status not in (401, 403, 429):
        return envelope
    said = envelope.message or next((error.message for error in envelope.errors or ()), "")
    return _judge_status(status, said, headers, shown=True)


def _judge_unreadable(mistake: Exception, headers: Mapping[str, str], body: bytes) -> Failure:
    """Tell a broken answer of GitHub's from an answer of something else."""
    start = body.lstrip()[:1]
    is_json = start in (b"", b"{") or ("json" in headers.get("content-type", "") and start != b"<")
    if is_json and not isinstance(mistake, msgspec.ValidationError):
        return Failure(FailureKind.TRANSIENT, clean(f"the answer cannot be decoded: {mistake}"))
    return Failure(FailureKind.NOT_GRAPHQL, clean(f"the answer is not GraphQL: {_excerpt(body, 100)}"))


def _excerpt(body: bytes, length: int) -> str:
    return body[:length].decode("utf-8", "replace")


def _judge_plain(envelope: Envelope, headers: Mapping[str, str]) -> Envelope | Failure:
    """Look for the bare `message` of a refusal that comes with status 200."""
    if envelope.errors or envelope.data:
        return envelope
    kind = verdict.kind_of_message(envelope.message or "")
    if kind is None and envelope.data is None:
        return Failure(FailureKind.TRANSIENT, "the answer has null for data and no errors")
    message = clean(envelope.message or "the answer has neither data nor errors")
    return Failure(kind or FailureKind.NOT_GRAPHQL, message, read_retry_after(headers))


def _judge_status(status: int, said: str, headers: Mapping[str, str], *, shown: bool) -> Failure:
    """Return what a status means that is no success, with what the body says of it."""
    kind = _kind_of_status(status, verdict.kind_of_message(said), "retry-after" in headers)
    where = f", redirected to {headers['location']}" if "location" in headers else ""
    message = f"status {status}{where}: {said}" if said and shown else f"status {status}{where}"
    return Failure(kind, clean(message), read_retry_after(headers))


def _kind_of_status(status: int, worded: FailureKind | None, has_retry_after: bool) -> FailureKind:
    match status:
        case 401:
            return FailureKind.CREDENTIALS
        case 403 | 429 if worded is FailureKind.PRIMARY_LIMIT:
            return FailureKind.PRIMARY_LIMIT
        case 403 if worded is not FailureKind.SECONDARY_LIMIT and not has_retry_after:
            return FailureKind.FORBIDDEN
        case 403 | 429:
            return FailureKind.SECONDARY_LIMIT
        case 502 | 504:
            return FailureKind.TIMEOUT
        case _ if status >= 500:
            return FailureKind.TIMEOUT if worded is FailureKind.TIMEOUT else FailureKind.TRANSIENT
        case _:
            return FailureKind.NOT_GRAPHQL


def _judge(
    call: page.Call, envelope: Envelope, retry_after: float | None
) -> tuple[page.Outcome, ...] | Failure:
    """Return one outcome for each selection, or the failure of the whole call."""
    problems = envelope.errors or ()
    verdict.refuse_mistakes(problems)
    if envelope.data is msgspec.UNSET:
        return verdict.judge_call(problems, problems, retry_after)
    data = envelope.data or {}
    aliases = name_aliases(call.selections)
    values = [data.get(alias, _NULL) for alias in aliases]
    own: dict[str | int, list[GraphQLError]] = {alias: [] for alias in (*aliases, _RATE_LIMIT_FIELD)}
    elsewhere: list[GraphQLError] = []
    for error in problems:
        own.get(error.path[0] if error.path else "", elsewhere).append(error)
    if all(map(_is_null, values)):
        grave = [error for error in problems if verdict.concerns_call(error, has_data=bool(data))]
        if grave or elsewhere:
            return verdict.judge_call([*grave, *elsewhere], elsewhere, retry_after)
        if not problems and not any(name in data for name in own):
            return Failure(FailureKind.NOT_GRAPHQL, "the answer holds nothing of what was asked")
    return tuple(
        _decode_selection(selection, value, own[alias], elsewhere)
        for selection, alias, value in zip(call.selections, aliases, values, strict=True)
    )


def _is_null(value: msgspec.Raw) -> bool:
    return memoryview(value) == memoryview(_NULL)


def _read_limit_field(envelope: Envelope) -> page.Reading | None:
    data = envelope.data or {}
    try:
        sent = _RATE_LIMIT.decode(data.get(_RATE_LIMIT_FIELD, _NULL))
    except _UNREADABLE:
        return None
    return page.Reading(sent.limit, sent.remaining, sent.used, sent.reset_at, sent.cost)


# One selection.


def _decode_selection(
    selection: page.Selection, value: msgspec.Raw, own: list[GraphQLError], elsewhere: list[GraphQLError]
) -> page.Outcome:
    try:
        outcome = _decode_value(selection, value)
    except _UNREADABLE:
        return verdict.judge_selection(own, elsewhere)
    # A null edge is a hidden item when GitHub refuses it, but when GitHub gave
    # up on it the page has holes that asking again may fill.
    lost = [error for error in own if verdict.kind_of(error) in verdict.WEATHER]
    return verdict.judge_selection(lost, ()) if lost else outcome


def _decode_value(selection: page.Selection, value: msgspec.Raw) -> page.Outcome:
    match selection:
        case page.FactsRequest():
            sent = _FACTS.decode(value)
            return page.Facts(
                sent.id, sent.database_id, sent.name_with_owner, sent.stargazer_count, sent.is_private
            )
        case page.UserRequest():
            return _USER.decode(value)
        case page.DetailsRequest():
            return _details_of(selection, _DETAILS.decode(value))
        case page.StargazersRequest():
            return _page_of_stargazers(selection, _STARGAZERS.decode(value).stargazers)
        case page.StarListRequest():
            return _page_of_stars(selection, _STAR_LIST.decode(value).starred_repositories)
        case _:
            assert_never(selection)


def _details_of(request: page.DetailsRequest, sent: _Details) -> page.Details | Failure:
    """Tell nothing of what is private, nor of another repository that has got the name since."""
    if sent.is_private or sent.database_id != request.database_id:
        return Failure(FailureKind.GONE, "no public repository with this name and number")
    language = sent.primary_language
    return page.Details(
        # No database keeps a null character in a text.
        description=sent.description and sent.description.replace("\0", ""),
        language=language.name if language else None,
        is_archived=sent.is_archived,
        is_fork=sent.is_fork,
    )


def _page_of_stargazers(request: page.StargazersRequest, sent: _Stargazers) -> page.StargazersPage:
    shown = tuple([edge for edge in sent.edges if edge is not None])
    return page.StargazersPage(
        request=request,
        stargazers=shown,
        hidden=len(sent.edges) - len(shown),
        total_count=sent.total_count,
        has_next_page=sent.page_info.has_next_page,
        end_cursor=sent.page_info.end_cursor,
    )


def _page_of_stars(request: page.StarListRequest, sent: _StarList) -> page.StarListPage:
    """Leave out what is hidden or private, and count it: nothing private leaves this function."""
    seed = request.seed or None
    named = [edge for edge in sent.edges if edge is not None and edge.repository.database_id is not None]
    kept = tuple(
        [star for star in named if not star.repository.is_private or star.repository.database_id == seed]
    )
    return page.StarListPage(
        request=request,
        stars=kept,
        hidden=len(sent.edges) - len(named),
        private=len(named) - len(kept),
        total_count=sent.total_count,
        has_next_page=sent.page_info.has_next_page,
        end_cursor=sent.page_info.end_cursor,
        is_over_limit=sent.is_over_limit,
        has_seed=seed in [star.repository.database_id for star in kept],
    )
