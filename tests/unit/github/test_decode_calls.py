"""Every answer that fails as a whole is decoded to its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from stargazer import errors
from stargazer.github.decode import decode, fail
from stargazer.planner import page
from stargazer.planner.page import Failure, FailureKind

ASC = page.Direction.ASC
CALL = page.Call(
    1,
    (
        page.FactsRequest("o", "r"),
        page.StargazersRequest("o", "r", 100, None, ASC),
        page.StarListRequest("U_1", 100, None, ASC, 7),
    ),
    points=1,
    requests=2,
    nodes=200,
    predicted_seconds=1.0,
)
LIMIT_HEADERS = {
    "X-RateLimit-Limit": "5000",
    "X-RateLimit-Remaining": "4321",
    "X-RateLimit-Used": "679",
    "X-RateLimit-Reset": "1795514400",
    "X-RateLimit-Resource": "graphql",
}
UNICORN = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>"
PRIMARY = (
    b'{"errors":[{"type":"RATE_LIMIT","code":"graphql_rate_limit",'
    b'"message":"API rate limit already exceeded for user ID 12345."}]}'
)
SECONDARY = (
    b'{"documentation_url":"https://docs.github.com/graphql","message":"You have exceeded a secondary rate'
    b" limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help,"
    b' please include the request ID 9C31:8954C:1D2E"}'
)
ABUSE = b'{"message":"You have triggered an abuse detection mechanism. Please wait a few minutes."}'
NO_USER_AGENT = (
    b"Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
    b" (https://docs.github.com/rest/overview/resources-in-the-rest-api#user-agent-required)."
)
WENT_WRONG = (
    b'{"data":null,"errors":[{"message":"Something went wrong while executing your query. This may be the'
    b' result of a timeout, or it could be a GitHub bug. Please include `9C31:8954C` when reporting this."}]}'
)
TOO_HEAVY = (
    b'{"data":null,"errors":[{"type":"RESOURCE_LIMITS_EXCEEDED","path":["l0","starredRepositories"],'
    b'"message":"Resource limits for this query exceeded."}]}'
)


def error(type_: str, message: str = "m", data: str = '"data":null,') -> bytes:
    return f'{{{data}"errors":[{{"type":"{type_}","message":"{message}"}}]}}'.encode()


def failure_of(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Failure:
    reply = decode(CALL, status, headers or {}, body, 0.5)
    assert reply.outcomes == ()
    assert reply.failure is not None
    return reply.failure


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, error("RATE_LIMITED"), FailureKind.PRIMARY_LIMIT),
        (200, error("RATE_LIMIT", data=""), FailureKind.PRIMARY_LIMIT),
        (200, PRIMARY, FailureKind.PRIMARY_LIMIT),
        (
            200,
            b'{"errors":[{"message":"API rate limit exceeded for installation ID 1."}]}',
            FailureKind.PRIMARY_LIMIT,
        ),
        (200, b'{"message":"API rate limit exceeded for user ID 12345."}', FailureKind.PRIMARY_LIMIT),
        (403, b'{"message":"API rate limit exceeded for user ID 12345."}', FailureKind.PRIMARY_LIMIT),
        (403, SECONDARY, FailureKind.SECONDARY_LIMIT),
        (429, SECONDARY, FailureKind.SECONDARY_LIMIT),
        (200, SECONDARY, FailureKind.SECONDARY_LIMIT),
        (403, ABUSE, FailureKind.SECONDARY_LIMIT),
        (403, b"<html>You have triggered an abuse detection mechanism</html>", FailureKind.SECONDARY_LIMIT),
        (429, b"<html>Too many requests</html>", FailureKind.SECONDARY_LIMIT),
        (
            200,
            error("RATE_LIMITED", "You have exceeded a secondary rate limit."),
            FailureKind.SECONDARY_LIMIT,
        ),
        (
            401,
            b'{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest"}',
            FailureKind.CREDENTIALS,
        ),
        (401, b"", FailureKind.CREDENTIALS),
        (200, b'{"message":"Bad credentials"}', FailureKind.CREDENTIALS),
        (403, b'{"message":"Resource not accessible by personal access token"}', FailureKind.FORBIDDEN),
        (403, NO_USER_AGENT, FailureKind.FORBIDDEN),
        (200, error("FORBIDDEN"), FailureKind.FORBIDDEN),
        (200, error("INSUFFICIENT_SCOPES"), FailureKind.FORBIDDEN),
        (502, UNICORN, FailureKind.TIMEOUT),
        (504, UNICORN, FailureKind.TIMEOUT),
        (
            502,
            b'{"message":"We couldn\'t respond to your request in time. Sorry about that."}',
            FailureKind.TIMEOUT,
        ),
        (200, WENT_WRONG, FailureKind.TIMEOUT),
        (502, WENT_WRONG, FailureKind.TIMEOUT),
        (500, WENT_WRONG, FailureKind.TIMEOUT),
        (500, UNICORN, FailureKind.TRANSIENT),
        (500, b'{"data":{"f0":null}}', FailureKind.TRANSIENT),
        (503, b'{"message":"Service unavailable"}', FailureKind.TRANSIENT),
        (503, b"", FailureKind.TRANSIENT),
        (200, b"", FailureKind.TRANSIENT),
        (200, b'{"data":{"l0":{"starredRepositories":{"edges":[{"starredAt":"2020', FailureKind.TRANSIENT),
        (200, b'{"data":{"f0":{"nameWithOwner":"\xff', FailureKind.TRANSIENT),
        (200, b'{"data":null}', FailureKind.TRANSIENT),
        (200, error("SERVICE_UNAVAILABLE"), FailureKind.TRANSIENT),
        (200, TOO_HEAVY, FailureKind.TOO_HEAVY),
        (200, error("RESOURCE_LIMITS_EXCEEDED", data=""), FailureKind.TOO_HEAVY),
        (
            200,
            b'{"data":null,"errors":[{"message":"Resource limits for this query exceeded."}]}',
            FailureKind.TOO_HEAVY,
        ),
        (
            404,
            b'{"message":"Not Found","documentation_url":"https://docs.github.com"}',
            FailureKind.NOT_GRAPHQL,
        ),
        (404, b"", FailureKind.NOT_GRAPHQL),
        (400, b'{"message":"Problems parsing JSON"}', FailureKind.NOT_GRAPHQL),
        (200, b"<!DOCTYPE html><title>Sign in</title>", FailureKind.NOT_GRAPHQL),
        (200, b"It works!", FailureKind.NOT_GRAPHQL),
        (200, b"[1, 2]", FailureKind.NOT_GRAPHQL),
        (200, b'{"status":"ok"}', FailureKind.NOT_GRAPHQL),
        (200, b'{"message":"Not Found"}', FailureKind.NOT_GRAPHQL),
        (200, b'{"data":{}}', FailureKind.NOT_GRAPHQL),
        (200, b'{"data":{"hello":"world"}}', FailureKind.NOT_GRAPHQL),
        (200, b'{"data":"everything"}', FailureKind.NOT_GRAPHQL),
        (301, b"", FailureKind.NOT_GRAPHQL),
        (307, b'{"message":"Moved"}', FailureKind.NOT_GRAPHQL),
    ],
)
def test_a_refusal_is_decoded_by_meaning(status: int, body: bytes, kind: FailureKind) -> None:
    """Status and wording vary; the meaning does not."""
    assert failure_of(status, body).kind is kind


def test_json_that_cannot_be_decoded_is_weather_where_json_was_promised() -> None:
    """Bytes without shape are an answer that broke if the header says JSON, else not GitHub's."""
    assert failure_of(200, b"\x00\x01", {"Content-Type": "application/json"}).kind is FailureKind.TRANSIENT
    assert failure_of(200, b"<p>", {"Content-Type": "application/json"}).kind is FailureKind.NOT_GRAPHQL
    assert failure_of(200, b"\x00\x01").kind is FailureKind.NOT_GRAPHQL


def test_nesting_without_end_is_an_answer_that_broke() -> None:
    """No depth of brackets may raise."""
    assert failure_of(200, b'{"data":{"l0":' + b"[" * 100_000).kind is FailureKind.TRANSIENT


@pytest.mark.parametrize("data", ["", '"data":null,', '"data":{"f0":null,"s0":null,"l0":null},'])
def test_a_limit_is_a_limit_whatever_data_stands_beside(data: str) -> None:
    """Absent, null or full of nulls: nothing arrived."""
    assert failure_of(200, error("RATE_LIMITED", data=data)).kind is FailureKind.PRIMARY_LIMIT


def test_a_limit_told_at_one_alias_is_a_limit_of_the_call() -> None:
    """A limit speaks of the token, so a path does not make it the matter of one selection."""
    body = b'{"data":{"f0":null,"s0":null,"l0":null},"errors":[{"type":"RATE_LIMITED","path":["s0"]}]}'

    assert failure_of(200, body).kind is FailureKind.PRIMARY_LIMIT


def test_the_longest_wait_decides_among_several_errors() -> None:
    """A secondary limit beside a time-out must be waited for, in whatever order they come."""
    body = (
        b'{"errors":[{"type":"SERVICE_UNAVAILABLE"},{"message":"Something went wrong while executing your'
        b' query."},{"message":"You have exceeded a secondary rate limit."}]}'
    )

    assert failure_of(200, body).kind is FailureKind.SECONDARY_LIMIT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "60"}, 60.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Tue, 24 Nov 2026 10:01:30 GMT", "Date": "Tue, 24 Nov 2026 10:00:00 GMT"}, 90.0),
        ({"Retry-After": "Tue, 24 Nov 2026 09:00:00 GMT", "Date": "Tue, 24 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"Retry-After": "Tue, 24 Nov 2026 10:01:30 GMT"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    """A date is measured from the answer's own date; what cannot be read was not said."""
    assert failure_of(403, SECONDARY, headers).retry_after == seconds


def test_a_403_that_says_when_to_come_back_is_a_limit() -> None:
    """Only a limit has an end."""
    assert failure_of(403, b"<html>", {"Retry-After": "30"}).kind is FailureKind.SECONDARY_LIMIT


@pytest.mark.parametrize(
    "type_",
    [
        "MAX_NODE_LIMIT_EXCEEDED",
        "EXCESSIVE_PAGINATION",
        "MISSING_PAGINATION_BOUNDARIES",
        "ARGUMENT_LIMIT",
        "INVALID_CURSOR_ARGUMENTS",
    ],
)
@pytest.mark.parametrize("data", ["", '"data":null,', '"data":{"f0":null,"s0":null,"l0":null},'])
def test_a_mistake_of_ours_is_raised(type_: str, data: str) -> None:
    """Asking again cannot help, so it is no weather."""
    with pytest.raises(errors.QueryRefused, match=type_):
        decode(CALL, 200, {}, error(type_, data=data), 0.5)


TOO_MANY_IDS = (
    b'{"data":null,"errors":[{"message":"You may not provide more than 100 node ids; you provided 101.",'
    b'"type":"ARGUMENT_LIMIT","path":["nodes"]}]}'
)
TOO_MUCH_ON_A_PAGE = (
    b'{"errors":[{"type":"EXCESSIVE_PAGINATION","path":["organization","teams"],"message":"Requesting 101'
    b' records on the `teams` connection exceeds the `first` limit of 100 records."}]}'
)
UNKNOWN_FIELD = (
    b'{"errors":[{"path":["query Call","l0","bogus"],"extensions":{"code":"undefinedField"},'
    b'"locations":[{"line":1,"column":9}],"message":"Field \'bogus\' doesn\'t exist on type \'User\'"}]}'
)


@pytest.mark.parametrize(
    "body",
    [
        TOO_MANY_IDS,
        TOO_MUCH_ON_A_PAGE,
        UNKNOWN_FIELD,
        b'{"data":null,"errors":[{"message":"Variable $l0_first of type Int! was provided invalid value"}]}',
        b'{"errors":[{"message":"Field \'x\' doesn\'t exist","path":["l0"]}]}',
    ],
)
def test_a_refused_query_is_raised(body: bytes) -> None:
    """Validation errors have no type; a path that is no alias does not matter."""
    with pytest.raises(errors.QueryRefused):
        decode(CALL, 200, {}, body, 0.5)


def test_a_refused_query_may_come_with_status_400() -> None:
    """Servers that follow GraphQL over HTTP send validation errors so."""
    with pytest.raises(errors.QueryRefused, match="Unknown field"):
        decode(CALL, 400, {}, b'{"errors":[{"message":"Unknown field"}]}', 0.5)


def test_an_untyped_error_at_an_alias_is_no_mistake_of_ours() -> None:
    """The query was executed, so it was valid: GitHub failed in some new way."""
    body = b'{"data":null,"errors":[{"message":"Loading failed","path":["l0"]}]}'

    assert failure_of(200, body) == Failure(FailureKind.TRANSIENT, "Loading failed")


def test_the_reading_comes_from_the_answer_first() -> None:
    """`rateLimit` tells the cost too, and the headers tell less."""
    body = (
        b'{"data":{"f0":null,"rateLimit":{"cost":3,"limit":5000,"remaining":4990,"used":10,'
        b'"resetAt":"2026-11-24T11:00:00Z"}}}'
    )

    reading = decode(CALL, 200, LIMIT_HEADERS, body, 0.5).reading

    assert reading == page.Reading(5000, 4990, 10, datetime(2026, 11, 24, 11, tzinfo=UTC), 3)


@pytest.mark.parametrize(
    "field",
    ["null", '{"cost":1}', '{"cost":1,"limit":1,"remaining":1,"used":1,"resetAt":"2026-11-24T11:00:00"}'],
)
def test_the_headers_tell_the_reading_otherwise(field: str) -> None:
    """Enterprise servers may answer null; a moment without a zone is no moment."""
    body = f'{{"data":{{"f0":null,"rateLimit":{field}}}}}'.encode()

    reading = decode(CALL, 200, LIMIT_HEADERS, body, 0.5).reading

    assert reading == page.Reading(5000, 4321, 679, datetime(2026, 11, 24, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    "changed",
    [
        {"X-RateLimit-Resource": "core"},
        {"X-RateLimit-Remaining": "many"},
        {"X-RateLimit-Reset": "9" * 30},
        {"X-RateLimit-Used": "9" * 5000},
    ],
)
def test_headers_of_another_limit_are_no_reading(changed: dict[str, str]) -> None:
    """REST has a limit of its own, and what cannot be read was not said."""
    assert decode(CALL, 502, LIMIT_HEADERS | changed, b"", 0.5).reading is None


def test_headers_without_a_resource_are_a_reading() -> None:
    """Older Enterprise servers do not name it."""
    headers = {name: value for name, value in LIMIT_HEADERS.items() if name != "X-RateLimit-Resource"}

    assert decode(CALL, 200, headers, error("RATE_LIMITED"), 0.5).reading is not None


def test_a_401_is_no_reading() -> None:
    """It says `remaining: 0`, and that is not a limit."""
    assert decode(CALL, 401, LIMIT_HEADERS | {"X-RateLimit-Remaining": "0"}, b"{}", 0.5).reading is None


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Tue, 24 Nov 2026 10:00:00 GMT", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("Tue, 24 Nov 2026 10:00:00 -0000", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("Tue, 24 Nov 2026 12:00:00 +0200", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("Fri, 31 Dec 9999 23:00:00 -2300", None),
    ],
)
def test_the_servers_own_moment_is_kept(date: str, moment: datetime | None) -> None:
    """It corrects our clock, so it must be UTC or nothing."""
    assert decode(CALL, 502, {"date": date}, b"", 0.5).server_at == moment


def test_a_reply_names_its_call_and_seconds() -> None:
    """Replies may come late or out of order; each knows what it answers."""
    reply = decode(CALL, 502, {}, b"", 9.75)

    assert (reply.call, reply.seconds) == (CALL, 9.75)


def test_a_broken_answer_keeps_what_its_headers_told() -> None:
    """The points of an answer that broke off are spent, and the headers say so."""
    reply = fail(CALL, Failure(FailureKind.TRANSIENT, "x"), LIMIT_HEADERS | {"Date": "nonsense"}, 2.0)

    assert reply.failure == Failure(FailureKind.TRANSIENT, "x")
    assert reply.reading is not None
    assert (reply.seconds, reply.server_at) == (2.0, None)


def test_a_redirect_is_named() -> None:
    """The message says where the answer points, for the person who set the URL."""
    message = failure_of(301, b"", {"Location": "https://example.org/graphql"}).message

    assert message == "status 301, redirected to https://example.org/graphql"


def test_a_message_is_short_printable_and_without_tokens() -> None:
    """What a server wrote ends up on terminals and in logs."""
    old_token = "0123456789abcdef" * 2 + "01234567"
    secrets = ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "github_pat_11AA_bcd", old_token, "s3cr3t")
    said = "\\u001b[31m a\\n  b bearer s3cr3t, " + " ".join(secrets[:3]) + " x" * 4000

    message = failure_of(403, f'{{"message":"{said}"}}'.encode()).message

    assert message.startswith("status 403: ?[31m a b bearer *** *** *** *** x x")
    assert len(message) == 200
    assert not any(secret in message for secret in secrets)
