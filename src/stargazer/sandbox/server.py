"""How long GitHub works on a call, and what it refuses as too much: models as plain values."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class ResourceLimit(msgspec.Struct, frozen=True):
    """What is too much work from a certain moment on.

    Attributes:
        after_seconds: since the first call.
        connections: how many connections a call may read; None: no limit.
        nodes: how many nodes a call may return; None: no limit.
    """

    after_seconds: float = 0.0
    connections: int | None = None
    nodes: int | None = None


class Server(msgspec.Struct, frozen=True):
    """A model of GitHub's speed.

    A call takes `base_seconds`, `connection_seconds` for each connection and
    `node_seconds` for each node returned, times `slowness`, times a jitter that
    is log-normal.

    Attributes:
        jitter: the standard deviation of the logarithm.
        wall_seconds: where GitHub ends a call.
        slow_share: so many calls take `slow_factor` times as long.
        drift: the speed swings between 1/drift and drift times; 1: it does not.
        drift_seconds: how long one swing takes.
        limits: each holds from its moment until the next one's.

    Source: times others measured: a trivial call 0.3 s, ten seconds the wall
        (read 2026-11-24). The rest is a model, not a measurement.
    """

    base_seconds: float = 0.25
    connection_seconds: float = 0.004
    node_seconds: float = 0.0008
    jitter: float = 0.25
    wall_seconds: float = 10.0
    slowness: float = 1.0
    slow_share: float = 0.0
    slow_factor: float = 3.0
    drift: float = 1.0
    drift_seconds: float = 300.0
    limits: tuple[ResourceLimit, ...] = ()

    def seconds(
        self, connections: int, nodes: int, elapsed_seconds: float, randomness: random.Random
    ) -> float:
        """Return how long a call takes that is sent *elapsed_seconds* after the first one."""
        work = self.base_seconds + self.connection_seconds * connections + self.node_seconds * nodes
        factor = self.slowness * math.exp(randomness.gauss(0.0, 1.0) * self.jitter)
        if randomness.random() < self.slow_share:
            factor *= self.slow_factor
        if self.drift != 1.0:
            factor *= self.drift ** math.sin(2.0 * math.pi * elapsed_seconds / self.drift_seconds)
        return work * factor

    def limit(self, elapsed_seconds: float) -> ResourceLimit:
        """Return the limit that holds *elapsed_seconds* after the first call."""
        holding = ResourceLimit()
        for limit in self.limits:
            if elapsed_seconds >= limit.after_seconds:
                holding = limit
        return holding


DEFAULT = Server()
FAST = Server(slowness=0.1)
SLOW = Server(slowness=3.0)
TWO_HUMPED = Server(slow_share=0.15)
AT_MOST_30_ALIASES = Server(limits=(ResourceLimit(connections=30),))
TIGHTENING = Server(
    limits=(
        ResourceLimit(after_seconds=20.0, connections=60),
        ResourceLimit(after_seconds=45.0, connections=20),
    )
)
DRIFTING = Server(drift=2.0)

SERVERS: Mapping[str, Server] = MappingProxyType(
    {
        "default": DEFAULT,
        "fast": FAST,
        "slow": SLOW,
        "two-humped": TWO_HUMPED,
        "at-most-30-aliases": AT_MOST_30_ALIASES,
        "tightening": TIGHTENING,
        "drifting": DRIFTING,
    }
)
"""Every model, by name."""
