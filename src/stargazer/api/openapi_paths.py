"""The operations of the OpenAPI document, path by path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stargazer.api import openapi_examples as examples
from stargazer.api import openapi_parts as parts
from stargazer.api.asked import QUERY
from stargazer.api.usage import USAGE_QUERY

_NEIGHBOURS = f"/repos/{examples.REPOSITORY}/starneighbours"
_JOB = f"/jobs/{examples.JOB}"

GITHUB_PROBLEMS = ("github-unreachable", "github-credentials-refused")
"""What a path may answer that asks GitHub, if only whose the token is."""

READING_PROBLEMS = (
    "stargazers-restricted",
    "star-lists-restricted",
    "repository-not-found",
    "budget-too-small",
    "budget-exhausted",
)
"""Why a repository may not be read."""

_CACHED = parts.headers(
    ETag="A weak tag: it changes with the answer, the query and the scopes of the key.",
    Last_Modified="When the answer was made.",
    Cache_Control="`private`: answers belong to the key's GitHub user.",
    Vary="`X-API-Key, Accept, Accept-Encoding`.",
    Stargazer_Answer="How the answer was come by: its kind, how many stargazers are listed and read, "
    "and the age of the oldest list: `exact; listed=1203; read=1190; as-of=2026-11-24T10:00:00Z`. "
    "An estimate tells its sample, too: `estimate; listed=1203; read=300; sample=300; as-of=…`. With "
    "`from=store` it is how many star lists there are: `partial; source=store; lists=5000; …`.",
    Stargazer_Lists_Of="With `from=store`: the repositories whose stargazers these people are, 100 at most.",
    Stargazer_Details="With `language`, `archived`, `forks` or `details`: of how many of the closest "
    "neighbours the details are known, and of how many they can be: `known=1480; wanted=1500`.",
    Content_Location="Where the repository is found under the name it has today, if it was renamed.",
    Stargazer_Job="The job that refreshes an answer of more than a day.",
)
_PAGED = {
    **_CACHED,
    **parts.headers(
        Link="`first`, `prev`, `next` and `last` page of this same answer, relative to this service.",
        X_Total_Count="How many neighbours there are on all pages.",
        Preference_Applied="`wait=N` if the request preferred to wait, and had to.",
    ),
}
_ACCEPTED = parts.headers(
    Location="Where the job is found.",
    Retry_After="In how many seconds to ask again.",
    Preference_Applied="`wait=N` if the request preferred to wait.",
)


def paths() -> dict[str, Any]:
    """Everything that is served."""
    return {
        "/repos/{owner}/{name}/starneighbours": {"parameters": parts.REPOSITORY, "get": _neighbours()},
        "/repos/{owner}/{name}/starneighbours/plan": {"parameters": parts.REPOSITORY, "get": _plan()},
        "/jobs": {"get": _jobs(), "post": _order()},
        "/jobs/{job}": {"parameters": parts.JOB, "get": _job(), "delete": _withdraw()},
        "/jobs/{job}/events": {"parameters": parts.JOB, "get": _events()},
        "/budget": {"get": _budget()},
        "/usage": {"get": _usage()},
        **_health_paths(),
        **_page_paths(),
    }


def operation(
    identity: str,
    tag: str,
    summary: str,
    description: str,
    responses: dict[str, Any],
    *,
    instance: str,
    problems: Sequence[str] = (),
    **more: Any,
) -> dict[str, Any]:
    """An operation that needs a key."""
    codes = (*parts.EVERYWHERE, *parts.KEYED_PROBLEMS, *problems)
    return {
        "operationId": identity,
        "tags": [tag],
        "summary": summary,
        "description": description,
        "security": parts.SECURED,
        **more,
        "responses": {**responses, **parts.problem_responses(instance, codes)},
    }


def _found() -> dict[str, Any]:
    """What comes when there is an answer."""
    line = {"type": "string", "description": "One neighbour a line, all of them."}
    table = {"type": "string", "description": "A header, then one neighbour a line; logins between spaces."}
    csv = (
        "repo,shared,stars,relevance,jaccard,cosine,stargazers\n"
        "pallets/jinja,2,10500,0.19,0.08,0.15,alice bob\n"
    )
    ndjson = '{"repo":"pallets/jinja","stargazers":["alice","bob"],"shared":2,"stars":10500}\n'
    return {
        "description": "The neighbours: a page as JSON, all of them as NDJSON or CSV.",
        "headers": _PAGED,
        "content": {
            "application/json": {"schema": parts.array_of("Neighbour"), "example": [examples.NEIGHBOUR]},
            "application/x-ndjson": {"schema": line, "example": ndjson},
            "text/csv": {"schema": table, "example": csv},
        },
    }


def _neighbours() -> dict[str, Any]:
    accepted = parts.answer(
        "Not stored yet: the job that reads it.", parts.ref("JobView"), examples.RUNNING, _ACCEPTED
    )
    unchanged = {"description": "The client has it already.", "headers": _PAGED}
    return operation(
        "getNeighbours",
        "Neighbours",
        "The neighbours of a repository",
        "Which other repositories do its stargazers star, how many of them, and who? What is stored is "
        "answered at once. Otherwise a job is started, one however many ask, and waited for; if it takes "
        "longer the answer is **202**: ask again, or follow the job. An answer of more than a day is "
        "served while a job refreshes it. With `sample` or `until` an estimate will do, which is there "
        "sooner. With `from=store` it is what the people on your stored lists of stargazers starred besides "
        "the repository: not its own neighbours, but of any repository, for no points and without a job. "
        "Follow `Link` for further pages: they are pages of the same answer, "
        "whatever comes after it. What neighbours are about is found out when a job is done, for "
        "the closest of them; until then filters by it find nothing.",
        {"200": _found(), "202": accepted, "304": unchanged},
        instance=_NEIGHBOURS,
        problems=("not-acceptable", "answer-gone", *READING_PROBLEMS, *GITHUB_PROBLEMS),
        parameters=[
            *parts.query_parameters(QUERY),
            parts.header_parameter(
                "Prefer",
                "`wait=N`: wait so many seconds for the job, 60 at most; 30 unless told otherwise. "
                "`respond-async`: do not wait.",
                "wait=10",
            ),
            parts.header_parameter("If-None-Match", "The tag of an earlier answer.", 'W/"0123456789abcdef"'),
        ],
    )


def _plan() -> dict[str, Any]:
    return operation(
        "getPlan",
        "Neighbours",
        "What the neighbours of a repository would cost",
        "Asks GitHub one small question, which also tells whether the stargazers may be listed at all. "
        "What is stored costs nothing. `samples` tells what estimates would cost instead.",
        {"200": parts.answer("The price.", parts.ref("Plan"), examples.PLAN)},
        instance=f"{_NEIGHBOURS}/plan",
        problems=(*READING_PROBLEMS, *GITHUB_PROBLEMS),
    )


def _jobs() -> dict[str, Any]:
    return operation(
        "listJobs",
        "Jobs",
        "The jobs of this key",
        "What the key has asked for and has not withdrawn, the latest first, 100 at most.",
        {"200": parts.answer("The jobs.", parts.array_of("JobView"), [examples.RUNNING])},
        instance="/jobs",
        problems=GITHUB_PROBLEMS,
    )


def _order() -> dict[str, Any]:
    orders = {
        "two": {"summary": "Two repositories", "value": examples.ORDER},
        "dear": {"summary": "A dear one, with a budget", "value": examples.DEAR_ORDER},
        "estimate": {"summary": "An estimate", "value": examples.ESTIMATE_ORDER},
    }
    return operation(
        "startJobs",
        "Jobs",
        "Start jobs",
        "Asks for the reading of up to 100 repositories. A repository that is being read already is "
        "joined. With a budget a job may cost more than what a GET starts, and it ends with "
        "`budget-too-small` when that does not suffice. Nothing is read that is stored and young enough.",
        {"202": parts.answer("The jobs.", parts.array_of("JobView"), [examples.QUEUED])},
        instance="/jobs",
        problems=("request-too-large", *GITHUB_PROBLEMS),
        requestBody={
            "required": True,
            "content": {"application/json": {"schema": parts.ref("Order"), "examples": orders}},
        },
    )


def _job() -> dict[str, Any]:
    more = parts.headers(Retry_After="In how many seconds to ask again, unless it is finished.")
    return operation(
        "getJob",
        "Jobs",
        "One job",
        "How far it is, and when it is finished its `answer` or its `problem`.",
        {"200": parts.answer("The job.", parts.ref("JobView"), examples.RUNNING, more)},
        instance=_JOB,
        problems=("job-not-found", *GITHUB_PROBLEMS),
    )


def _withdraw() -> dict[str, Any]:
    return operation(
        "withdrawJob",
        "Jobs",
        "Withdraw from a job",
        "The key no longer wants it. The work stops when nobody is left who does; what was read is kept.",
        {"200": parts.answer("The job as it stands now.", parts.ref("JobView"), examples.CANCELLED)},
        instance=_JOB,
        problems=("job-not-found", *GITHUB_PROBLEMS),
    )


def _events() -> dict[str, Any]:
    stream = (
        f"event: progress\ndata: {parts.encoded(examples.RUNNING)}\n\n"
        f"event: look\ndata: {parts.encoded(examples.LOOK)}\n\n"
        f"id: end\nevent: done\ndata: {parts.encoded(examples.DONE)}\n\n"
    )
    # As a text a stream is a string, and event by event an object: tools disagree.
    events = {"description": "Server-sent events (text/event-stream)."}
    found = {
        "description": "The events. `progress`, `done`, `failed` and `cancelled` carry the job; `look` "
        "carries the ten closest neighbours among the lists read so far: `shared` is what was counted, and "
        "`shared_low` and `shared_high`, where the list of stargazers is whole, bound the final one (95 %).",
        "content": {"text/event-stream": {"schema": events, "example": stream}},
    }
    return operation(
        "followJob",
        "Jobs",
        "Follow a job",
        "Server-sent events: the state of this moment first, then progress at most once a second, and "
        "`done`, `failed` or `cancelled` at last, with which the stream ends. Whoever comes back simply "
        "gets the state of then. A comment is sent every 15 seconds.",
        {"200": found, "204": {"description": "`Last-Event-ID` says that the end was seen: do not return."}},
        instance=f"{_JOB}/events",
        problems=("job-not-found", *GITHUB_PROBLEMS),
        parameters=[parts.header_parameter("Last-Event-ID", "The id of the last event that was seen.", "12")],
    )


def _budget() -> dict[str, Any]:
    return operation(
        "getBudget",
        "Use",
        "What GitHub allows",
        "The budget of the GitHub user whose token this key's jobs use, and what was spent of it. GitHub "
        "is not asked.",
        {"200": parts.answer("The budget.", parts.ref("Allowance"), examples.BUDGET)},
        instance="/budget",
        problems=GITHUB_PROBLEMS,
    )


def _usage() -> dict[str, Any]:
    return operation(
        "getUsage",
        "Use",
        "What this key has used",
        "Requests, jobs, points and GitHub's seconds, day by day (UTC), and the quotas that are left.",
        {"200": parts.answer("What was used.", parts.ref("Used"), examples.USAGE)},
        instance="/usage",
        parameters=parts.query_parameters(USAGE_QUERY),
    )


def _open(
    identity: str, summary: str, text: str, found: dict[str, Any], problems: dict[str, Any]
) -> dict[str, Any]:
    """A GET that needs no key."""
    return {
        "get": {
            "operationId": identity,
            "tags": ["Operation"],
            "summary": summary,
            "description": text,
            "security": [],
            "responses": {"200": found, **problems},
        }
    }


_ANY = ("internal-error", "method-not-allowed")
"""What a path may answer that needs no key."""


def _health_paths() -> dict[str, Any]:
    ours = parts.problem_responses("/", _ANY)
    away = parts.problem_responses("/health/ready", (*_ANY, "store-unavailable"))
    return {
        "/health/live": _open(
            "live",
            "Whether the process answers",
            "If it does not, restart it.",
            parts.answer("It does.", parts.ref("Health"), {"status": "live"}),
            ours,
        ),
        "/health/ready": _open(
            "ready",
            "Whether requests can be answered",
            "If not, send them elsewhere: the database is away, or the service is stopping.",
            parts.answer("They can.", parts.ref("Health"), {"status": "ready"}),
            away,
        ),
    }


def _page_paths() -> dict[str, Any]:
    landing = {
        "name": "stargazer",
        "version": "0.1.0",
        "documentation": "/docs",
        "openapi": "/openapi.json",
        "neighbours": "/repos/{owner}/{name}/starneighbours",
    }
    code = parts.path_parameter("code", "The last part of a problem's `type`.", "budget-too-small")
    page = {
        "type": "/problems/budget-too-small",
        "title": "The answer costs more than the budget",
        "status": 422,
        "meaning": "Reading this would cost more than was allowed for it.",
        "remedy": "POST /jobs with a larger budget.",
    }
    ours = parts.problem_responses("/", _ANY)
    none = parts.problem_responses("/problems/flask", (*_ANY, "not-found"))
    explained = _open(
        "explainProblem",
        "What a problem means",
        "Every `type` of a problem leads here: a page for browsers, JSON for programs.",
        parts.page("What it means, and what to do.", parts.ref("ProblemPage"), page),
        none,
    )
    return {
        "/problems/{code}": {"parameters": [code], **explained},
        "/": _open(
            "landing",
            "Where everything is",
            "A page for browsers, JSON for programs.",
            parts.page("What this is.", parts.ref("Landing"), landing),
            ours,
        ),
    }
