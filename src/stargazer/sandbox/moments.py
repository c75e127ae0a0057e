"""Moments as GitHub writes them, quickly: whole seconds since 1970 to ISO 8601 and back."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email import utils

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 86_400


def from_seconds(seconds: float) -> datetime:
    """Return the moment that lies *seconds* after 1970.

    Example:
        >>> from_seconds(0.5).isoformat()
        '1970-01-01T00:00:00.500000+00:00'
    """
    return _EPOCH + timedelta(seconds=seconds)


def to_seconds(moment: datetime) -> float:
    """Return the seconds since 1970 of an aware *moment*."""
    return (moment - _EPOCH).total_seconds()


def write(seconds: int) -> str:
    """Write a moment as GitHub's `DateTime` scalar.

    Example:
        >>> write(1_790_000_000)
        '2026-09-21T14:13:20Z'
    """
    return _day(seconds // _DAY_SECONDS) + _clock_times()[seconds % _DAY_SECONDS]


def write_all(moments: Iterable[int]) -> list[str]:
    """Write many moments, each as `write` would."""
    times = _clock_times()
    return [_day(seconds // _DAY_SECONDS) + times[seconds % _DAY_SECONDS] for seconds in moments]


def read(text: str) -> datetime:
    """Read an ISO 8601 moment with an offset or `Z`.

    Raises:
        ValueError: it is none, or it has no offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return moment.astimezone(UTC)


def write_http_date(seconds: float) -> str:
    """Write a moment as the `Date` header does, in whole seconds."""
    return utils.format_datetime(from_seconds(int(seconds)), usegmt=True)


@functools.lru_cache(maxsize=20_000)
def _day(number: int) -> str:
    return f"{from_seconds(number * _DAY_SECONDS):%Y-%m-%dT}"


@functools.cache
def _clock_times() -> tuple[str, ...]:
    """All seconds of a day, written once: writing a moment is then two look-ups."""
    return tuple(
        f"{hour:02}:{minute:02}:{second:02}Z"
        for hour in range(24)
        for minute in range(60)
        for second in range(60)
    )
