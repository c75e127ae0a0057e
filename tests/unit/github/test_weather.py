"""The network's failures are told apart by what the plan should do."""

from __future__ import annotations

import ssl

import aiohttp
import pytest

from stargazer.github.weather import WEATHER, name_weather
from stargazer.planner.page import Failure, FailureKind


@pytest.mark.parametrize(
    ("reason", "failure"),
    [
        (TimeoutError(), Failure(FailureKind.TIMEOUT, "no answer in time")),
        (aiohttp.SocketTimeoutError(), Failure(FailureKind.TIMEOUT, "no answer in time")),
        (aiohttp.ConnectionTimeoutError(), Failure(FailureKind.TRANSIENT, "no connection in time")),
        (aiohttp.ClientPayloadError(), Failure(FailureKind.TRANSIENT, "the answer broke off")),
        (
            aiohttp.ServerDisconnectedError(),
            Failure(FailureKind.TRANSIENT, "the connection failed: Server disconnected"),
        ),
        (
            ConnectionResetError(),
            Failure(FailureKind.TRANSIENT, "the connection failed: ConnectionResetError"),
        ),
        (
            ssl.SSLError(1, "wrong version"),
            Failure(FailureKind.TRANSIENT, "no secure connection: wrong version"),
        ),
    ],
)
def test_a_failure_of_the_network_is_a_value(reason: BaseException, failure: Failure) -> None:
    """Only silence after sending is a time-out: it alone says that the call was too large."""
    assert isinstance(reason, WEATHER)
    assert name_weather(reason) == failure
