"""The neighbours of a repository by brute force: what every other way is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stargazer.sandbox.graph import Graph


def find_neighbours(graph: Graph, repository: int) -> dict[str, list[str]]:
    """Look through every user's list; neither the stargazer lists nor any counting is used."""
    oddities = graph.oddities
    found: dict[int, list[str]] = {}
    for user, login in enumerate(graph.logins):
        _, shown = oddities.shown(user, *graph.star_lists.of(user))
        if user in oddities.gone or repository not in shown or (user, repository) in oddities.null_stars:
            continue
        for number in shown.tolist():
            if (user, number) not in oddities.null_stars:
                found.setdefault(number, []).append(login)
    hidden = {repository} | oddities.private | oddities.numberless
    return {
        graph.repositories.names[number]: sorted(logins, key=str.casefold)
        for number, logins in found.items()
        if number not in hidden
    }
