"""Stars that come and go while the sandbox is being read."""

from __future__ import annotations

import random

from stargazer.sandbox.behaviour import Behaviour, Change, Churn
from stargazer.sandbox.graph import Graph


class Churner:
    """Applies the changes that a behaviour asks for, before each call."""

    def __init__(self, graph: Graph, behaviour: Behaviour) -> None:
        self._graph = graph
        self._churn = behaviour.churn
        self._randomness = random.Random(f"churn {behaviour.seed}")
        self._planned: dict[int, list[Change]] = {}
        for change in behaviour.changes:
            self._planned.setdefault(change.before_call, []).append(change)

    def change(self, number: int) -> None:
        """Apply what happens before the call with this number."""
        for change in self._planned.get(number, ()):
            self._apply(change.login, change.repository, starred=change.starred)
        if self._churn is None:
            return
        whole, rest = divmod(self._churn.changes_per_call, 1.0)
        for _ in range(int(whole) + (self._randomness.random() < rest)):
            self._change_by_chance(self._churn)

    def _apply(self, login: str, repository: str, *, starred: bool) -> None:
        if starred:
            self._graph.star(login, repository)
        else:
            self._graph.unstar(login, repository)

    def _change_by_chance(self, churn: Churn) -> None:
        pick, graph = self._randomness, self._graph
        stargazers = graph.stargazers_of(churn.around)
        starred = pick.random() < 0.5
        if pick.random() < 0.5 or not stargazers:
            login = pick.choice(graph.logins if starred or not stargazers else stargazers)
            self._apply(login, churn.around, starred=starred)
            return
        login = pick.choice(stargazers)
        names = graph.repositories.names if starred else graph.starred_by(login)
        others = pick.choice(names)
        if others != churn.around:
            self._apply(login, others, starred=starred)
