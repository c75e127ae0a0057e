"""A sandbox in a process of its own, so that its work is not counted as the caller's.

The child reads one JSON line from its standard input, prints one with its
address, and ends when its standard input does: it never outlives its parent.
"""

from __future__ import annotations

import asyncio
import http.client
import subprocess
import sys
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote, urlsplit

import msgspec

from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.graph import Graph
from stargazer.sandbox.real import real_graph
from stargazer.sandbox.record import CallRecord, Totals, Violation
from stargazer.sandbox.sandbox import Sandbox
from stargazer.sandbox.synthetic import SUBJECTS, synthetic_graph

_REQUEST_SECONDS = 60.0


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How to make a graph: parameters of `synthetic_graph`, or none of them for `real_graph`."""

    is_real: bool = False
    users: int = 20_000
    stars: int = 2_000_000
    repositories: int = 150_000
    seed: int = 1
    subjects: dict[str, int] = msgspec.field(default_factory=lambda: dict(SUBJECTS))

    def make(self) -> Graph:
        """Make the graph."""
        if self.is_real:
            return real_graph()
        return synthetic_graph(
            users=self.users,
            stars=self.stars,
            repositories=self.repositories,
            seed=self.seed,
            subjects=self.subjects,
        )


class _Order(msgspec.Struct, frozen=True):
    recipe: Recipe
    behaviour: Behaviour


class _Address(msgspec.Struct, frozen=True):
    url: str


class _Record(msgspec.Struct, frozen=True):
    totals: Totals
    overspent: list[Violation]
    calls: list[CallRecord] = []


class SeparateSandbox:
    """A sandbox in a child process; a context manager that is not asynchronous.

    Example::

        with SeparateSandbox(Recipe(users=2_000, stars=50_000)) as sandbox:
            ...  # POST sandbox.url
            sandbox.totals(), sandbox.overspent()
    """

    def __init__(self, recipe: Recipe, behaviour: Behaviour | None = None) -> None:
        self._order = _Order(recipe, behaviour or Behaviour())
        self._child: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "stargazer.sandbox"]
        self._child = child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        order, answers = _pipes(child)
        order.write(msgspec.json.encode(self._order) + b"\n")
        order.flush()
        line = answers.readline()
        if not line:
            self._end()
            raise RuntimeError("the sandbox's process ended before it was ready")
        self.url = msgspec.json.decode(line, type=_Address).url
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._child is None:
            return
        for pipe in _pipes(self._child):
            pipe.close()
        self._child.wait()
        self._child = None

    def totals(self) -> Totals:
        """Return the sums over all calls since the start or the last reset."""
        return self._read_record("/sandbox/record").totals

    def overspent(self) -> list[Violation]:
        """Return the rules that callers broke."""
        return self._read_record("/sandbox/record").overspent

    def calls(self) -> list[CallRecord]:
        """Return every call."""
        return self._read_record("/sandbox/record?calls=1").calls

    def truth(self, name: str) -> dict[str, list[str]]:
        """Return the neighbours of a repository by brute force, as `Graph.truth` does."""
        body = self._ask("GET", f"/sandbox/truth?name={quote(name)}")
        return msgspec.json.decode(body, type=dict[str, list[str]])

    def reset(self, behaviour: Behaviour | None = None) -> None:
        """Forget all calls, and behave as told from now on."""
        self._ask("POST", "/sandbox/reset", b"" if behaviour is None else msgspec.json.encode(behaviour))

    def _read_record(self, path: str) -> _Record:
        return msgspec.json.decode(self._ask("GET", path), type=_Record)

    def _ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_REQUEST_SECONDS)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            read = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"the sandbox answers {answer.status} to {method} {path}: {read.decode()}")
        return read


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the sandbox's process has no pipes")
    return child.stdin, child.stdout


async def run() -> None:
    """Be the child: make the graph, serve it, and end with the standard input."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=_Order)
    async with Sandbox(order.recipe.make(), order.behaviour) as sandbox:
        sys.stdout.buffer.write(msgspec.json.encode(_Address(sandbox.url)) + b"\n")
        sys.stdout.buffer.flush()
        await asyncio.to_thread(sys.stdin.buffer.read)
