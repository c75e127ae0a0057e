"""Every error of stargazer, and the one table of what each means outside.

The tree (inner classes are caught, leaves are raised)::

    StargazerError
    ├── InvalidRequest            invalid-request
    │   ├── DocumentError         (a GraphQL document that cannot be priced)
    │   └── SettingError          (an environment variable that cannot be used)
    ├── StargazersRestricted      stargazers-restricted
    ├── StarListsRestricted       star-lists-restricted
    ├── KeyRefused
    │   ├── KeyMissing            key-missing
    │   ├── KeyInvalid            key-invalid
    │   └── KeyExpired            key-expired
    ├── ScopeMissing              scope-missing
    ├── RepositoryNotFound        repository-not-found
    ├── JobNotFound               job-not-found
    ├── NotFound                  not-found
    ├── UserNotFound              not-found
    ├── MethodNotAllowed          method-not-allowed
    ├── NotAcceptable             not-acceptable
    ├── AnswerGone                answer-gone
    ├── RequestTooLarge           request-too-large
    ├── BudgetError
    │   ├── BudgetTooSmall        budget-too-small
    │   └── BudgetExhausted       budget-exhausted
    ├── QuotaExceeded             quota-exceeded
    ├── GitHubError
    │   ├── GitHubUnreachable     github-unreachable
    │   └── CredentialsRefused    github-credentials-refused
    │       ├── TokenSealed       (a kept token that our secret does not open)
    │       └── UserForgotten     (a token of somebody who is kept out)
    ├── StoreUnavailable          store-unavailable
    │   └── SchemaTooNew          (the database is newer than this program)
    └── InternalError             internal-error
        └── QueryRefused          (GitHub says that a query of ours is wrong)

What the network does is weather: inside the plan it is a value, a `Failure`.
An error is raised only where a person has to do something.
"""

from stargazer.errors.asking import (
    AnswerGone,
    DocumentError,
    InvalidRequest,
    JobNotFound,
    KeyExpired,
    KeyInvalid,
    KeyMissing,
    KeyRefused,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    QuotaExceeded,
    RequestTooLarge,
    ScopeMissing,
    SettingError,
    UserNotFound,
)
from stargazer.errors.ours import (
    InternalError,
    QueryRefused,
    SchemaTooNew,
    StoreUnavailable,
)
from stargazer.errors.reading import (
    BudgetError,
    BudgetExhausted,
    BudgetTooSmall,
    CredentialsRefused,
    GitHubError,
    GitHubUnreachable,
    RepositoryNotFound,
    StargazersRestricted,
    StarListsRestricted,
    TokenSealed,
    UserForgotten,
    ways_to_stargazers,
)
from stargazer.errors.root import (
    PROBLEMS,
    Problem,
    StargazerError,
    exit_code_of,
)

__all__ = [
    "PROBLEMS",
    "AnswerGone",
    "BudgetError",
    "BudgetExhausted",
    "BudgetTooSmall",
    "CredentialsRefused",
    "DocumentError",
    "GitHubError",
    "GitHubUnreachable",
    "InternalError",
    "InvalidRequest",
    "JobNotFound",
    "KeyExpired",
    "KeyInvalid",
    "KeyMissing",
    "KeyRefused",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "Problem",
    "QueryRefused",
    "QuotaExceeded",
    "RepositoryNotFound",
    "RequestTooLarge",
    "SchemaTooNew",
    "ScopeMissing",
    "SettingError",
    "StarListsRestricted",
    "StargazerError",
    "StargazersRestricted",
    "StoreUnavailable",
    "TokenSealed",
    "UserForgotten",
    "UserNotFound",
    "exit_code_of",
    "ways_to_stargazers",
]
