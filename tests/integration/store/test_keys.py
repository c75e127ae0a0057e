"""API keys: made, found, rotated and revoked, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.store.conftest import ENDPOINT_URL

from stargazer.errors import InvalidRequest, KeyExpired, KeyInvalid
from stargazer.runner import VirtualClock
from stargazer.store.database import Database
from stargazer.store.key_ring import KeyRing
from stargazer.store.key_text import digest_of, make_key_text
from stargazer.store.keys import Key, Keys, NewKey
from stargazer.store.ledger_bell import Bell

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TEXT, OTHER_TEXT = make_key_text(bytes(32)), make_key_text(b"\1" * 32)


async def opens(ring: KeyRing, text: str) -> bool:
    try:
        await ring.find(text)
    except KeyInvalid:
        return False
    return True


async def becomes(ring: KeyRing, text: str, *, is_open: bool) -> None:
    """Wait until a key opens the service, or does not, however long a busy machine takes."""
    async with asyncio.timeout(60):
        while await opens(ring, text) is not is_open:  # noqa: ASYNC110 - nobody tells a test
            await asyncio.sleep(0.01)


async def test_a_key_is_found_by_its_text_alone(database: Database) -> None:
    """What was made is found as it was wanted; the text itself is nowhere in the database."""
    keys = Keys(database)
    wanted = NewKey(name="ci", email="ada@example.org", scopes=["neighbours"], requests_per_minute=7)
    made = await keys.create(wanted, TEXT, NOW)

    found = await keys.find([digest_of(TEXT), digest_of(OTHER_TEXT)])

    assert found == {digest_of(TEXT): made}
    assert (made.name, made.scopes, made.requests_per_minute) == ("ci", frozenset({"neighbours"}), 7)
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT to_jsonb(s)::text || to_jsonb(k)::text FROM api_key_secret s, api_key k"
        )
    assert TEXT[8:] not in str(rows)


async def test_names_are_given_once(database: Database) -> None:
    """Nobody gets the name, and with it the jobs, of another, not even of a revoked one."""
    keys = Keys(database)
    await keys.create(NewKey(name="ci"), TEXT, NOW)
    await keys.revoke("ci", NOW)

    with pytest.raises(InvalidRequest, match="there is, or was, a key called ci"):
        await keys.create(NewKey(name="ci"), OTHER_TEXT, NOW)
    assert await keys.find([digest_of(OTHER_TEXT)]) == {}


@pytest.mark.parametrize(
    "wanted",
    [
        NewKey(name=""),
        NewKey(name="a b"),
        NewKey(name="-x"),
        NewKey(name="x" * 65),
        NewKey(name=TEXT),
        NewKey(name="ci", email="nobody"),
        NewKey(name="ci", scopes=[]),
        NewKey(name="ci", scopes=["all"]),
        NewKey(name="ci", requests_per_minute=0),
        NewKey(name="ci", points_per_day=2**31),
    ],
)
async def test_what_cannot_be_is_refused(database: Database, wanted: NewKey) -> None:
    """Nothing is made of a request that is not valid, and no key is echoed."""
    with pytest.raises(InvalidRequest) as refused:
        await Keys(database).create(wanted, OTHER_TEXT, NOW)
    assert TEXT not in str(refused.value)
    assert await Keys(database).records() == []


async def test_after_a_rotation_both_work_for_a_while(database: Database) -> None:
    """The key keeps its number and rights; its old text ends with the overlap, or sooner if it would have."""
    keys = Keys(database)
    made = await keys.create(NewKey(name="ci", expires_at=NOW + timedelta(days=9)), TEXT, NOW)

    rotated = await keys.rotate("ci", OTHER_TEXT, NOW, overlap=timedelta(hours=2), expires_at=None)

    found = await keys.find([digest_of(TEXT), digest_of(OTHER_TEXT)])
    assert found[digest_of(OTHER_TEXT)] == rotated
    assert (rotated.number, rotated.scopes, rotated.expires_at) == (made.number, made.scopes, None)
    assert found[digest_of(TEXT)].expires_at == NOW + timedelta(hours=2)
    (record,) = await keys.records("ci")
    assert sorted(one.hint for one in record.secrets) == sorted([OTHER_TEXT[:8], TEXT[:8]])
    assert record.state(NOW) == "active"


async def test_what_is_unknown_cannot_be_changed(database: Database) -> None:
    """A name that was never given, and a key given for its name, are refused."""
    keys = Keys(database)
    with pytest.raises(InvalidRequest, match="none called ci"):
        await keys.revoke("ci", NOW)
    with pytest.raises(InvalidRequest, match="none called ci"):
        await keys.records("ci")
    with pytest.raises(InvalidRequest, match="never the key itself"):
        await keys.rotate(TEXT, OTHER_TEXT, NOW, expires_at=None)
    await keys.create(NewKey(name="ci"), TEXT, NOW)
    assert await keys.revoke("ci", NOW)
    assert not await keys.revoke("ci", NOW)
    with pytest.raises(InvalidRequest, match="not revoked"):
        await keys.rotate("ci", OTHER_TEXT, NOW, expires_at=None)


async def test_keys_of_another_endpoint_open_nothing(database: Database, database_url: str) -> None:
    """A key is for the GitHub that the service asks; names are free at each."""
    await Keys(database).create(NewKey(name="ci"), TEXT, NOW)
    async with Database.open(database_url, "https://ghe.test/api/graphql") as other:
        assert await Keys(other).find([digest_of(TEXT)]) == {}
        await Keys(other).create(NewKey(name="ci"), OTHER_TEXT, NOW)
    assert len(await Keys(database).records()) == 1


async def test_a_revoked_key_stops_everywhere(database: Database, database_url: str) -> None:
    """Servers that know a key learn of its end by themselves, and of one that was made after it was tried."""
    async with (
        Database.open(database_url, ENDPOINT_URL) as other,
        Bell.open(other) as bell,
        KeyRing.open(Keys(other), bell, VirtualClock(NOW)) as ring,
    ):
        assert not await opens(ring, TEXT)
        await Keys(database).create(NewKey(name="ci"), TEXT, NOW)
        await becomes(ring, TEXT, is_open=True)
        await Keys(database).revoke("ci", NOW)
        await becomes(ring, TEXT, is_open=False)


async def test_a_known_key_costs_no_query(database: Database) -> None:
    """Once found, known and unknown keys alike are known without the database, for as long as it is away."""
    clock = VirtualClock(NOW)
    keys = Keys(database)
    made = await keys.create(NewKey(name="ci"), TEXT, NOW)
    ring = KeyRing(keys, clock)
    assert await ring.find(TEXT) == made
    assert not await opens(ring, OTHER_TEXT)
    await database.pool.close()

    assert await ring.find(TEXT) == made
    assert not await opens(ring, OTHER_TEXT)


async def test_many_at_once_ask_once(database: Database) -> None:
    """A key that a thousand clients show at the same moment is looked up once."""
    made = await Keys(database).create(NewKey(name="ci"), TEXT, NOW)
    counting = CountingKeys(database)
    ring = KeyRing(counting, VirtualClock(NOW))
    assert await asyncio.gather(*(ring.find(TEXT) for _ in range(1_000))) == [made] * 1_000
    assert counting.queries == 1


class CountingKeys(Keys):
    """The keys, and how often they were asked for."""

    queries = 0

    async def find(self, digests: Sequence[bytes]) -> dict[bytes, Key]:
        self.queries += 1
        return await super().find(digests)


async def test_keys_expire_by_the_clock(database: Database) -> None:
    """A key that was good once is told so, to the second."""
    clock = VirtualClock(NOW)
    keys = Keys(database)
    await keys.create(NewKey(name="ci", expires_at=NOW + timedelta(seconds=5)), TEXT, NOW)
    ring = KeyRing(keys, clock)
    assert (await ring.find(TEXT)).name == "ci"

    clock.passed(5)

    with pytest.raises(KeyExpired, match="2026-11-24T12:00:05Z"):
        await ring.find(TEXT)
    with pytest.raises(KeyInvalid):
        await ring.find(TEXT[:-1] + ("a" if TEXT[-1] != "a" else "b"))
    (record,) = await keys.records()
    assert (record.state(NOW), record.state(clock.now())) == ("active", "expired")


async def test_the_memory_of_tried_words_is_bounded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever tries keys out fills no memory."""
    monkeypatch.setattr("stargazer.store.key_ring._ENTRIES_AT_MOST", 3)
    ring = KeyRing(Keys(database), VirtualClock(NOW))
    for number in range(6):
        assert not await opens(ring, make_key_text(bytes([number]) * 32))
    assert len(ring) == 3
