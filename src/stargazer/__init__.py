"""Which other repositories do the people who starred yours star?

The library's door. Nobody inside the package imports it::

    import stargazer

    async with stargazer.GitHub(token) as github:
        found = await stargazer.find_neighbours("pallets/flask", github)
"""

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
