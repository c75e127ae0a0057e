"""Show the first ten neighbours by each score; `python -m tests.bench.scores` writes them anew.

It counts the real stars of 2009 as they are, without any GitHub in between.
"""

from __future__ import annotations

from pathlib import Path

from stargazer.neighbours.rank import SCORES, Score, cosine, jaccard, relevance
from stargazer.sandbox import Graph, real_graph

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "scores.md"
FIRST = 10
REPOSITORIES = (
    *("rails/rails", "jquery/jquery", "mojombo/grit", "sinatra/sinatra", "django/django"),
    *("joshuaclayton/blueprint-css", "mislav/will_paginate", "dchelimsky/rspec", "thoughtbot/paperclip"),
    *(
        "sstephenson/prototype",
        "technoweenie/attachment_fu",
        "binarylogic/authlogic",
        "madrobby/scriptaculous",
    ),
)

HEAD = """\
# The first ten by each score

The first ten neighbours of ten repositories by each of [the four scores](../explanation/scores.md), from the
real stars of 2009 that the sandbox has. Written by `python -m tests.bench.scores`.
"""


def ranked(graph: Graph, repository: str, score: Score) -> list[str]:
    """The first neighbours by one score; ties by what they share, then by name."""
    stargazers = len(graph.stargazers_of(repository))

    def worth(repo: str, shared: int) -> float:
        stars = float(len(graph.stargazers_of(repo)))
        formulas = {"relevance": relevance, "jaccard": jaccard, "cosine": cosine}
        return float(shared) if score == "shared" else formulas[score](float(shared), stars, stargazers)

    counts = {repo: len(who) for repo, who in graph.truth(repository).items()}
    order = sorted(counts, key=lambda repo: (-worth(repo, counts[repo]), -counts[repo], repo.casefold()))
    return order[:FIRST]


def section(graph: Graph, repository: str) -> str:
    """The table of one repository."""
    columns = [ranked(graph, repository, score) for score in SCORES]
    count = len(graph.stargazers_of(repository))
    lines = [
        f"\n## {repository}\n",
        f"{count:,} stargazers.\n",
        "| | " + " | ".join(f"`{score}`" for score in SCORES) + " |",
        "|--:|" + "---|" * len(SCORES),
    ]
    for place, row in enumerate(zip(*columns, strict=True), 1):
        lines.append(f"| {place} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    graph = real_graph()
    known = [one for one in REPOSITORIES if one in set(graph.repositories.names)][:FIRST]
    PAGE.write_text(HEAD + "".join(section(graph, one) for one in known), encoding="utf-8")


if __name__ == "__main__":
    main()
