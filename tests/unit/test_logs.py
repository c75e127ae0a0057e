"""The log: one line an event, and never a secret."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from stargazer.api.frame import Seen
from stargazer.logs import HIDDEN, QUIET, SILENT, Log, Redaction
from stargazer.store.key_text import make_key_text

PASSWORD = 'cor"rect\\horse'
KEY = make_key_text(bytes(32))
SECRETS = {
    "a word that was told": PASSWORD,
    "a classic token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "a fine-grained token": "github_pat_11ABCDEFG0abcdefghij_klmnopqrstuvwxyz",
    "an API key": KEY,
    "an API key in other case": KEY.upper(),
    "the rest of an API key": KEY[:30],
}


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """Leave the loggers of the process as they were."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    for name in SILENT:
        logging.getLogger(name).disabled = False
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET)


def opened(*, people: bool = False) -> io.StringIO:
    """Open a log that takes over, into memory."""
    stream = io.StringIO()
    Log(stream, secrets=[PASSWORD], people=people).take_over()
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Every line as the object it is."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def seen(key: str = "laptop") -> Seen:
    return Seen(
        request_id="r1",
        method="GET",
        route="/repos/{owner}/{name}/starneighbours",
        status=200,
        seconds=0.0012,
        sent_bytes=512,
        client="192.0.2.1",
        key=key,
        kind="exact",
    )


def test_a_request_is_one_line() -> None:
    """The line has what an operator looks for, and no path: a path may name people."""
    stream = io.StringIO()
    Log(stream, people=False).request(seen())

    [line] = lines(stream)
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "event": "request.answered",
        "request_id": "r1",
        "method": "GET",
        "route": "/repos/{owner}/{name}/starneighbours",
        "status": 200,
        "seconds": 0.0012,
        "sent_bytes": 512,
        "client": "192.0.2.1",
        "key": "laptop",
        "kind": "exact",
    }


@pytest.mark.parametrize("people", [False, True], ids=["json", "words"])
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_no_way_into_the_log_lets_a_secret_through(secret: str, *, people: bool) -> None:
    """Not in a message, an argument, a fact, a context, a traceback, or the name of a key."""
    stream = io.StringIO()
    log = Log(stream, secrets=[PASSWORD], people=people)
    log.take_over()
    logger = logging.getLogger("asyncpg")

    logger.warning("refused %s", secret)
    logger.warning("refused", extra={"token": secret, "more": {"deep": [secret]}})
    with structlog.contextvars.bound_contextvars(request_id=secret):
        logger.warning("bound")
    try:
        raise ValueError(secret)
    except ValueError:
        logger.exception("raised")
    log.request(seen(secret))

    text = stream.getvalue()
    assert text.count(HIDDEN) >= 6
    assert secret not in text
    assert json.dumps(secret)[1:-1] not in text


def test_the_password_of_a_url_is_hidden() -> None:
    """The rest of the URL is told: it says which server."""
    shown = Redaction()("cannot reach postgresql://me:hunter2@db.example:5432/stars or https://github.com/a")

    assert shown == f"cannot reach postgresql://{HIDDEN}@db.example:5432/stars or https://github.com/a"


async def test_what_nobody_awaited_is_a_line_too() -> None:
    """A traceback of asyncio is one line of JSON, with the context it happened in."""
    stream = opened()

    asyncio.get_running_loop().call_exception_handler(
        {"message": "lost", "exception": RuntimeError("weather")}
    )

    [line] = lines(stream)
    assert line["level"] == "error"
    assert line["logger"] == "asyncio"
    assert "RuntimeError: weather" in line["exception"]


def test_the_servers_own_access_log_is_off() -> None:
    """A request has one line, not two."""
    stream = opened()

    logging.getLogger("uvicorn.access").info("GET / 200")
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")

    assert [line["event"] for line in lines(stream)] == ["Invalid HTTP request received."]


def test_facts_stand_beside_the_event() -> None:
    """What is logged with facts has them as members."""
    stream = opened()

    logging.getLogger("stargazer.worker").info("job.ended", extra={"job": "1", "state": "done"})

    [line] = lines(stream)
    assert (line["event"], line["job"], line["state"]) == ("job.ended", "1", "done")
