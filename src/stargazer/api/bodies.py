"""The bytes of pages, and for a moment the whole replies: an answer never changes, so neither do its pages.

Names are an exception: people are renamed, and some want to be forgotten. So bytes
are kept for a minute at most, and for no moment longer once somebody was forgotten.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

import msgspec
from litestar.types import Scope

from stargazer.api.asked import Query
from stargazer.api.fields import field, matches, takes_gzip
from stargazer.api.once import Once
from stargazer.api.replies import Reply
from stargazer.errors import AnswerGone
from stargazer.service import Service
from stargazer.service.items import array
from stargazer.store.answers import StoredAnswer
from stargazer.store.details import KnownDetails
from stargazer.store.forgotten import forgotten_notice
from stargazer.store.ledger_bell import Bell

KEPT_BYTES = 64 << 20
KEPT_SECONDS = 60.0
"""What a process keeps of pages, and for how long."""

FRONT_BYTES = 4 << 20
FRONT_SECONDS = 1.0
"""Likewise of replies that are ready to be sent: which answer is the latest is looked up once a second."""

SQUEEZED_FROM_BYTES = 1_000
_LEVEL = 5

_SMALL_BYTES = 1 << 16
"""What is smaller is compressed at once: a thread costs more."""

V = TypeVar("V")

_FRONT_SIZE_BYTES = 4_096


class Front(msgspec.Struct, frozen=True, eq=False):
    """The replies to one request: whole, compressed, and to a client that has it already."""

    etag: bytes
    plain: Reply
    squeezed: Reply | None
    unchanged: Reply

    def reply(self, scope: Scope) -> Reply:
        """The one that fits the header fields of a request."""
        if matches(field(scope, b"if-none-match"), self.etag):
            return self.unchanged
        if self.squeezed is not None and takes_gzip(field(scope, b"accept-encoding")):
            return self.squeezed
        return self.plain


class Body(msgspec.Struct, frozen=True):
    """A page as bytes, as gzip where that is shorter, and how many neighbours there are on all pages."""

    plain: bytes
    squeezed: bytes | None
    total: int

    @property
    def size_bytes(self) -> int:
        """What it takes to keep it."""
        return len(self.plain) + len(self.squeezed or b"")


class Kept(Generic[V]):
    """Values for a while, up to a size in bytes; those used last stay longest.

    Args:
        seconds: how long a value is good.
        size_bytes: of all together.
    """

    def __init__(self, seconds: float, size_bytes: int) -> None:
        self._seconds = seconds
        self._capacity_bytes = size_bytes
        self._values: OrderedDict[Hashable, tuple[float, int, V]] = OrderedDict()
        self.size_bytes = 0

    def get(self, key: Hashable, now: float) -> V | None:
        """A value that is still good at *now*, in seconds of the loop's clock."""
        found = self._values.get(key)
        if found is None:
            return None
        until, _, value = found
        if until < now:
            self._drop(key)
            return None
        self._values.move_to_end(key)
        return value

    def due(self, key: Hashable, now: float) -> V | None:
        """Like `get`, but of those who ask for what is just no longer good one gets None, to make it anew.

        The others get what there is meanwhile, for as long as it was good once.
        """
        found = self._values.get(key)
        if found is None or now <= found[0]:
            return None if found is None else found[2]
        until, size_bytes, value = found
        self._drop(key)
        if now <= until + self._seconds:
            self.put(key, value, now, size_bytes)
        return None

    def put(self, key: Hashable, value: V, now: float, size_bytes: int) -> None:
        """Keep a value."""
        self._drop(key)
        self._values[key] = (now + self._seconds, size_bytes, value)
        self.size_bytes += size_bytes
        while self.size_bytes > self._capacity_bytes:
            self._drop(next(iter(self._values)))

    def clear(self) -> None:
        """Let go of everything."""
        self._values.clear()
        self.size_bytes = 0

    def _drop(self, key: Hashable) -> None:
        dropped = self._values.pop(key, None)
        if dropped is not None:
            self.size_bytes -= dropped[1]


class Bodies:
    """Makes pages of answers, and keeps their bytes.

    Args:
        service: reads pages.
        bell: tells when somebody was forgotten.
    """

    def __init__(self, service: Service, bell: Bell) -> None:
        self._service = service
        self._kept: Kept[Body] = Kept(KEPT_SECONDS, KEPT_BYTES)
        self._fronts: Kept[Front] = Kept(FRONT_SECONDS, FRONT_BYTES)
        self._era = 0
        self._making: Once[Hashable, Body] = Once()
        self._ear = bell.ear(forgotten_notice(service.database.endpoint))

    def front(self, key: Hashable) -> Front | None:
        """The replies to a request like an earlier one of this second; None: make them anew."""
        return self._fronts.due(key, self._now())

    @property
    def era(self) -> int:
        """A number that changes when somebody is forgotten: what was begun before it is not kept."""
        self._now()
        return self._era

    def keep(self, key: Hashable, front: Front, era: int) -> None:
        """Keep the replies to a request that were begun in an era, if it still lasts."""
        now = self._now()
        if era == self._era:
            self._fronts.put(key, front, now, _FRONT_SIZE_BYTES)

    async def page(
        self, answer: StoredAnswer, query: Query, *, names: int | None, known: KnownDetails | None = None
    ) -> Body:
        """Make a page; *names* is how many stargazers of each are told.

        What is *known* of the closest neighbours is given if the query needs it.

        Raises:
            AnswerGone: the answer was cleaned meanwhile.
            StoreUnavailable: the database cannot be used.
        """
        which = (answer.id, answer.revision)
        mark = None if known is None else (query.details, known.mark)
        cut = (query.sort, query.min_shared, query.only, query.offset, query.per_page)
        key = (*which, *cut, names, mark)
        kept = self._kept.get(key, self._now())
        if kept is not None:
            return kept
        return await self._making.join((self._era, key), lambda: self._make(key, answer, query, names, known))

    async def total(self, answer: StoredAnswer, query: Query, known: KnownDetails | None = None) -> int:
        """How many neighbours are wanted, on all pages.

        Raises:
            AnswerGone: the answer was cleaned meanwhile.
            StoreUnavailable: the database cannot be used.
        """
        said = {} if known is None else known.said
        page = await self._service.pages.page(
            answer, limit=0, min_shared=query.min_shared, names=0, only=query.only, said=said
        )
        if page is None:
            raise AnswerGone(str(answer.id))
        return page.total

    async def _make(
        self,
        key: Hashable,
        answer: StoredAnswer,
        query: Query,
        names: int | None,
        known: KnownDetails | None,
    ) -> Body:
        era = self.era
        page = await self._service.pages.page(
            answer,
            sort=query.sort,
            offset=query.offset,
            limit=query.per_page,
            min_shared=query.min_shared,
            names=names,
            only=query.only,
            said={} if known is None else known.said,
        )
        if page is None:
            raise AnswerGone(str(answer.id))
        plain = array(page.neighbours, known.of(page.neighbours) if known and query.details else None)
        body = Body(plain, await _squeeze(plain), page.total)
        now = self._now()
        if era == self._era:
            self._kept.put(key, body, now, body.size_bytes)
        return body

    def _now(self) -> float:
        """The loop's time; whatever names somebody who was forgotten is let go of first."""
        if self._ear.heard:
            self._ear.forget()
            self._era += 1
            self._kept.clear()
            self._fronts.clear()
        return asyncio.get_running_loop().time()


async def _squeeze(plain: bytes) -> bytes | None:
    if len(plain) < SQUEEZED_FROM_BYTES:
        return None
    if len(plain) < _SMALL_BYTES:
        return gzip.compress(plain, _LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, plain, _LEVEL, mtime=0)
