"""Neighbours from the stored star lists alone: of any repository on them, for no points."""

from __future__ import annotations

from uuid import UUID

import msgspec

from stargazer.api.answering import Asked, Found
from stargazer.api.holding import Holding
from stargazer.errors import RepositoryUnseen
from stargazer.service import Service
from stargazer.store.held import HeldAnswer
from stargazer.store.ledger_bell import Bell


class Among(msgspec.Struct, frozen=True, eq=False):
    """An answer, and the name that its repository has today."""

    repository: str
    answer: HeldAnswer

    @property
    def id(self) -> UUID:
        """The id of the answer."""
        return self.answer.id

    @property
    def size_bytes(self) -> int:
        """What it takes to hold it."""
        return self.answer.count.size_bytes


class FromStore:
    """Answers from the stored star lists of people on the asker's lists of stargazers.

    Args:
        service: the use cases of the store.
        bell: tells when somebody was forgotten.
    """

    def __init__(self, service: Service, bell: Bell) -> None:
        self._service = service
        self._holding: Holding[Among] = Holding(bell, service.database.endpoint)

    async def find(self, asked: Asked, answer: UUID | None, *, is_named: bool) -> Found:
        """Count, or find what was counted: the one with an id, if one is given.

        Raises:
            AnswerGone: what has the id is not held any more, and the lists have changed since.
            RepositoryUnseen: nobody starred it, as far as these lists tell.
            StoreUnavailable: the database cannot be used, or too much is asked of it.
        """
        credential = asked.credential
        owners = [credential.user, *([] if credential.shared is None else [credential.shared])]

        async def count() -> Among:
            found = await self._service.among.answer(asked.repository, owners, is_named=is_named)
            if found.answer is None:
                raise RepositoryUnseen(asked.repository, found.coverage.lists)
            return Among(found.repository, found.answer)

        about = (asked.repository.lower(), *owners, is_named)
        if answer is None:
            state = await self._service.among.state(owners)
            held = await self._holding.latest(about, state, count)
        else:
            held = await self._holding.pinned(about, answer, count)
        return Found(held.answer, held.repository)
