"""What was counted for a request is held a while: counted once for many, and never by too many at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from uuid import UUID

import msgspec
import pytest
from tests.api.api_world import Served

from stargazer.api.holding import COUNTS_AT_ONCE, WAITING_AT_MOST, Holding
from stargazer.errors import AnswerGone, StoreUnavailable
from stargazer.store.forgotten import forgotten_notice
from stargazer.store.ledger_bell import announce


class Value(msgspec.Struct, frozen=True):
    id: UUID
    size_bytes: int = 100


class Counting:
    """Counts values when it may, and notes what was counted."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.is_full = asyncio.Event()
        self.begun: Counter[int] = Counter()
        self.at_once = self.most_at_once = 0

    async def count(self, number: int) -> Value:
        self.begun[number] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.at_once == COUNTS_AT_ONCE:
            self.is_full.set()
        await self.may.wait()
        self.at_once -= 1
        return Value(UUID(int=number))


async def hear(served: Served, notice: str) -> None:
    """Announce something, and wait until it was heard: the bell listens then."""
    ear = served.backend.bell.ear(notice)
    async with served.backend.service.database.transaction() as connection:
        await announce(connection, notice)
    await ear.wait()


async def test_the_same_is_counted_once_and_few_at_once(idle: Served) -> None:
    """Whoever asks for what is being counted waits for it; there is an end to how many questions may wait."""
    holding: Holding[Value] = Holding(idle.backend.bell, 1)
    counting = Counting()
    asked = [
        asyncio.create_task(holding.latest(number, "state", partial(counting.count, number)))
        for number in range(WAITING_AT_MOST)
        for _ in range(3)
    ]
    await counting.is_full.wait()
    with pytest.raises(StoreUnavailable) as refused:
        await holding.latest("another", "state", partial(counting.count, 99))
    assert refused.value.retryable

    counting.may.set()
    found = await asyncio.gather(*asked)

    assert counting.begun == Counter(range(WAITING_AT_MOST))
    assert counting.most_at_once == COUNTS_AT_ONCE
    assert {value.id for value in found} == {UUID(int=number) for number in range(WAITING_AT_MOST)}


async def test_it_is_held_until_its_state_or_a_person_is_gone(idle: Served) -> None:
    """A new state is counted anew, what was pinned stays; once somebody is forgotten nothing stays."""
    await hear(idle, "anything")
    holding: Holding[Value] = Holding(idle.backend.bell, 1)

    def count(number: int) -> Value:
        return Value(UUID(int=number))

    async def first() -> Value:
        return count(1)

    async def second() -> Value:
        return count(2)

    assert await holding.latest("it", "before", first) == count(1)
    assert await holding.latest("it", "before", second) == count(1)
    assert await holding.latest("it", "after", second) == count(2)
    assert await holding.pinned("it", UUID(int=1), second) == count(1)
    with pytest.raises(AnswerGone):
        await holding.pinned("it", UUID(int=3), second)

    await hear(idle, forgotten_notice(1))
    with pytest.raises(AnswerGone):
        await holding.pinned("it", UUID(int=1), second)
    assert await holding.latest("it", "before", second) == count(2)
