"""What every way is measured on: one synthetic graph, what is true in it, and the floors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

import msgspec

from stargazer.sandbox import Graph, Recipe
from stargazer.sandbox.server import DEFAULT

FULL = Recipe()
"""20,000 users and two million stars; three repositories have 250, 1,000 and 5,000 stargazers."""

QUICK = Recipe(users=2_000, stars=120_000, repositories=20_000, subjects={"synthetic/stars-250": 250})

PAGE_NODES = 100
REQUESTS_A_POINT = 149
SECONDS_A_STRETCH = 5.0


class Floor(msgspec.Struct, frozen=True):
    """The least that the reading of one repository can cost.

    `requests` and `nodes` are the pages and edges that have to be read;
    `seconds` holds for the default server.
    """

    requests: int
    nodes: int
    longest_pages: int
    points: float
    seconds: float


def floor_of(graph: Graph, repository: str) -> Floor:
    """Compute both floors from the graph.

    Points: no call holds more than 149 pages for a point, and the longest list
    takes two calls to be found and two pages a call to be read. Seconds: the
    work, and the fixed seconds of a call for every five seconds of it or for
    every call that the points need, times the mean of the jitter.
    """
    stargazers = graph.stargazers_of(repository)
    lengths = [len(graph.starred_by(login)) for login in stargazers]
    pages = [max(1, math.ceil(length / PAGE_NODES)) for length in lengths]
    requests = sum(pages) + math.ceil(len(stargazers) / PAGE_NODES)
    nodes = sum(lengths) + len(stargazers)
    points = max(requests / REQUESTS_A_POINT, 2 + max(pages) / 2)
    work = DEFAULT.connection_seconds * requests + DEFAULT.node_seconds * nodes
    calls = max(work / SECONDS_A_STRETCH, points)
    seconds = (work + DEFAULT.base_seconds * calls) * math.exp(DEFAULT.jitter**2 / 2)
    return Floor(requests, nodes, max(pages), points, seconds)


def digest(neighbours: Mapping[str, Sequence[str]]) -> str:
    """Boil an answer, every repository with every name, down to a line that can be compared."""
    summed = hashlib.sha256()
    for repository in sorted(neighbours):
        names = " ".join(sorted(neighbours[repository]))
        summed.update(f"{repository}\t{names}\n".encode())
    return summed.hexdigest()
