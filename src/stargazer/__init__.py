"""Which other repositories do the people who starred yours star?

The library's door. Nobody inside the package imports it, and what it offers is
loaded when it is first used::

    import stargazer

    async with stargazer.GitHub(token) as github:
        found = await stargazer.find_neighbours("pallets/flask", github)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stargazer.errors import (
        BudgetExhausted,
        BudgetTooSmall,
        CredentialsRefused,
        DocumentError,
        GitHubUnreachable,
        InvalidRequest,
        QueryRefused,
        RepositoryNotFound,
        SettingError,
        StargazerError,
        StargazersRestricted,
        StarListsRestricted,
    )
    from stargazer.find import Finding, Found, find_neighbours
    from stargazer.github.compose import Composed, compose
    from stargazer.github.decode import decode
    from stargazer.github.transport import GitHub
    from stargazer.neighbours.answer import Neighbour, Neighbours
    from stargazer.neighbours.merge import Merge
    from stargazer.planner.budget import Budget, Spent, Windows
    from stargazer.planner.cost import Cost, estimate_cost
    from stargazer.planner.coverage import Coverage, Kind
    from stargazer.planner.forecast import Estimate
    from stargazer.planner.known import Ended, HalfRead, KnownList, StoredList
    from stargazer.planner.page import Call, Reply
    from stargazer.planner.plan import Plan
    from stargazer.planner.sizing import Sizes
    from stargazer.planner.step import Finish, Progress, Send, Wait

_HOMES = {
    "Budget": "stargazer.planner.budget",
    "BudgetExhausted": "stargazer.errors",
    "BudgetTooSmall": "stargazer.errors",
    "Call": "stargazer.planner.page",
    "Composed": "stargazer.github.compose",
    "Cost": "stargazer.planner.cost",
    "Coverage": "stargazer.planner.coverage",
    "CredentialsRefused": "stargazer.errors",
    "DocumentError": "stargazer.errors",
    "Ended": "stargazer.planner.known",
    "Estimate": "stargazer.planner.forecast",
    "Finding": "stargazer.find",
    "Finish": "stargazer.planner.step",
    "Found": "stargazer.find",
    "GitHub": "stargazer.github.transport",
    "GitHubUnreachable": "stargazer.errors",
    "HalfRead": "stargazer.planner.known",
    "InvalidRequest": "stargazer.errors",
    "Kind": "stargazer.planner.coverage",
    "KnownList": "stargazer.planner.known",
    "Merge": "stargazer.neighbours.merge",
    "Neighbour": "stargazer.neighbours.answer",
    "Neighbours": "stargazer.neighbours.answer",
    "Plan": "stargazer.planner.plan",
    "Progress": "stargazer.planner.step",
    "QueryRefused": "stargazer.errors",
    "Reply": "stargazer.planner.page",
    "RepositoryNotFound": "stargazer.errors",
    "Send": "stargazer.planner.step",
    "SettingError": "stargazer.errors",
    "Sizes": "stargazer.planner.sizing",
    "Spent": "stargazer.planner.budget",
    "StarListsRestricted": "stargazer.errors",
    "StargazerError": "stargazer.errors",
    "StargazersRestricted": "stargazer.errors",
    "StoredList": "stargazer.planner.known",
    "Wait": "stargazer.planner.step",
    "Windows": "stargazer.planner.budget",
    "compose": "stargazer.github.compose",
    "decode": "stargazer.github.decode",
    "estimate_cost": "stargazer.planner.cost",
    "find_neighbours": "stargazer.find",
}
"""Where each name lives. The command line answers `--version` without loading any of it."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "Budget",
    "BudgetExhausted",
    "BudgetTooSmall",
    "Call",
    "Composed",
    "Cost",
    "Coverage",
    "CredentialsRefused",
    "DocumentError",
    "Ended",
    "Estimate",
    "Finding",
    "Finish",
    "Found",
    "GitHub",
    "GitHubUnreachable",
    "HalfRead",
    "InvalidRequest",
    "Kind",
    "KnownList",
    "Merge",
    "Neighbour",
    "Neighbours",
    "Plan",
    "Progress",
    "QueryRefused",
    "Reply",
    "RepositoryNotFound",
    "Send",
    "SettingError",
    "Sizes",
    "Spent",
    "StarListsRestricted",
    "StargazerError",
    "StargazersRestricted",
    "StoredList",
    "Wait",
    "Windows",
    "compose",
    "decode",
    "estimate_cost",
    "find_neighbours",
]
