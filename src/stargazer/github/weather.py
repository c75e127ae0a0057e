"""What the network's failures mean: aiohttp's exceptions become values."""

from __future__ import annotations

import ssl

import aiohttp

from stargazer.github.envelope import clean
from stargazer.planner.page import Failure, FailureKind

WEATHER = (aiohttp.ClientError, OSError)
"""What aiohttp raises for the network; a time-out is an OSError."""


def name_weather(reason: BaseException) -> Failure:
    """Return what a failure of the network means; the plan decides how often to try again."""
    match reason:
        case aiohttp.ConnectionTimeoutError():
            return Failure(FailureKind.TRANSIENT, "no connection in time")
        case TimeoutError():
            return Failure(FailureKind.TIMEOUT, "no answer in time")
        case aiohttp.ClientConnectorDNSError():
            return Failure(FailureKind.TRANSIENT, clean(f"no address for the host {reason.host}"))
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Failure(FailureKind.TRANSIENT, clean(f"no secure connection: {reason}"))
        case aiohttp.ClientConnectorError():
            return Failure(FailureKind.TRANSIENT, clean(f"no connection: {reason}"))
        case aiohttp.ClientPayloadError():
            return Failure(FailureKind.TRANSIENT, "the answer broke off")
        case _:
            return Failure(
                FailureKind.TRANSIENT, clean(f"the connection failed: {str(reason) or type(reason).__name__}")
            )
