"""Show the first ten neighbours by each score; `python -m tests.bench.scores` writes them anew.

It counts the real stars of 2009 as they are, without any GitHub in between.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stargazer.neighbours.rank import FORMULAS
from stargazer.sandbox import Graph, real_graph

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "scores.md"
FIRST = 10
REPOSITORIES = (
    *("rails/rails", "jquery/jquery", "mojombo/grit", "sinatra/sinatra", "django/django"),
    *("joshuaclayton/blueprint-css", "mislav/will_paginate", "dchelimsky/rspec", "thoughtbot/paperclip"),
    "sstephenson/prototype",
)

HEAD = """\
# The first ten by each score

The first ten neighbours of ten repositories by each of [the four scores](../explanation/scores.md), from the
real stars of 2009 that the sandbox has. Written by `python -m tests.bench.scores`.
"""


def ranked(graph: Graph, repository: str) -> list[list[str]]:
    """The first neighbours by each score; ties by what they share, then by name."""
    counts = {repo: len(who) for repo, who in graph.truth(repository).items()}
    repos = sorted(counts, key=lambda repo: (-counts[repo], repo.casefold()))
    shared = np.array([counts[repo] for repo in repos], dtype=np.float64)
    stars = np.array([len(graph.stargazers_of(repo)) for repo in repos], dtype=np.float64)
    stargazers = len(graph.stargazers_of(repository))
    return [
        [repos[place] for place in np.argsort(-formula(shared, stars, stargazers), kind="stable")[:FIRST]]
        for formula in FORMULAS.values()
    ]


def section(graph: Graph, repository: str) -> str:
    """The table of one repository."""
    columns = ranked(graph, repository)
    count = len(graph.stargazers_of(repository))
    lines = [
        f"\n## {repository}\n",
        f"{count:,} stargazers.\n",
        "| | " + " | ".join(f"`{score}`" for score in FORMULAS) + " |",
        "|--:|" + "---|" * len(FORMULAS),
    ]
    for place, row in enumerate(zip(*columns, strict=True), 1):
        lines.append(f"| {place} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def written() -> str:
    """The page."""
    graph = real_graph()
    return HEAD + "".join(section(graph, one) for one in REPOSITORIES)


def main() -> None:
    """Write the page."""
    PAGE.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
