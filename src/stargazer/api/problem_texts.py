"""What each problem means and what to do about it: the words of `/problems/{code}` and of the reference.

`python -m stargazer.api.problem_texts > docs/reference/problems.md` writes the reference anew.
"""

from __future__ import annotations

import sys

import msgspec

from stargazer.errors import PROBLEMS


class Text(msgspec.Struct, frozen=True):
    """The words about one problem."""

    meaning: str
    remedy: str


TEXTS: dict[str, Text] = {
    "invalid-request": Text(
        "A parameter, a header field or the body has a value that it cannot have. "
        "`parameter` names it, and `must_be` says what it can be.",
        "Correct it and ask again; the same request fails again.",
    ),
    "key-missing": Text(
        "This path is open only to those who have an API key, and the request showed none.",
        "Send the key in the header `X-API-Key`, never in the URL. The operator makes one with "
        "`stargazer keys create NAME`.",
    ),
    "key-invalid": Text(
        "The API key is mistyped, unknown or revoked; which of them is not told.",
        "Check that it was copied whole. Otherwise ask the operator for another one.",
    ),
    "key-expired": Text(
        "The API key was good once; `expired_at` says until when.",
        "Ask the operator for a new one: `stargazer keys rotate NAME`.",
    ),
    "scope-missing": Text(
        "The API key is good, but was made without the scope that this takes; `scope` names it.",
        "Ask the operator for a key that has it.",
    ),
    "stargazers-restricted": Text(
        "Since July 2026 GitHub lists the stargazers of a repository only to its admins and collaborators, "
        "and the token that asked is of neither.",
        "Bring the token of an admin or collaborator with `PUT /github-token`, or a list of the stargazers "
        "that was made elsewhere, such as by `stargazer list`. Their stars are then read as always.",
    ),
    "star-lists-restricted": Text(
        "The lists of what these users starred came back without the one star they are known to hold: "
        "GitHub does not show them to the token that asked. No answer is better than an empty one.",
        "Bring another token with `PUT /github-token`.",
    ),
    "repository-not-found": Text(
        "GitHub knows no such repository, or the token may not see it. "
        "Private repositories are not answered here. With `from=store`: nobody on your lists starred it.",
        "Check the spelling of OWNER/NAME. A renamed repository is followed by itself.",
    ),
    "job-not-found": Text(
        "There is no such job, or it was asked for with another key.",
        "`GET /jobs` lists those of this key. Old jobs are removed after a while.",
    ),
    "not-found": Text(
        "The service has nothing at this path.",
        "`/docs` lists all there is. Mind that the name of a repository is two parts: "
        "`/repos/OWNER/NAME/starneighbours`.",
    ),
    "method-not-allowed": Text(
        "The path exists, but does not take this method; `allowed` and the header `Allow` name its own.",
        "Use one of them.",
    ),
    "not-acceptable": Text(
        "The header `Accept` allows none of the formats that this path has; `offered` names them.",
        "Leave `Accept` out for JSON, or name one of them.",
    ),
    "answer-gone": Text(
        "The links of a page are pinned to one stored answer, so that pages never shift. It has been "
        "replaced by a younger one, and cleaned away.",
        "Begin with the first page again, without the parameter `answer`.",
    ),
    "request-too-large": Text(
        "The body is larger than the service reads; `limit_bytes` says how much that is.",
        "Split it: `POST /jobs` takes a hundred repositories at a time.",
    ),
    "budget-too-small": Text(
        "The answer costs more than the budget that was set, or more than a `GET` may start. "
        "`price` and `budget` tell how much in points and in seconds of GitHub's time.",
        "`POST /jobs` with a larger `budget` starts it. An estimate from a sample of the stargazers costs "
        "less: `mode=estimate`, or `sample` and `until`; `plan.samples` tells what some would cost.",
    ),
    "quota-exceeded": Text(
        "The API key has used up one of its quotas; `policy` names it. The headers `RateLimit` and "
        "`RateLimit-Policy` tell what is left and when it is renewed.",
        "Wait as long as the header `Retry-After` says, or ask the operator for a larger quota.",
    ),
    "budget-exhausted": Text(
        "GitHub's rate limit of the token is used up, and waiting was not allowed.",
        "Ask again when `until` is past; `Retry-After` has the seconds.",
    ),
    "github-unreachable": Text(
        "GitHub could not be reached, or did not answer as its API does; `reason` is what came last, "
        "`attempts` how often it was tried.",
        "Ask again later: what was read until then is kept. If it stays, look at GitHub's status page.",
    ),
    "github-credentials-refused": Text(
        "GitHub does not take the token: it has expired, was revoked, or was never one.",
        "Bring one that GitHub takes with `PUT /github-token`. If it is the service's own, its operator has "
        "to; `stargazer doctor` checks it.",
    ),
    "store-unavailable": Text(
        "The database cannot be used at the moment, or the service is just stopping; `reason` says more.",
        "Ask again after `Retry-After` seconds. Nothing that was read is lost.",
    ),
    "internal-error": Text(
        "A mistake of ours. What happened stands in the service's log beside the request id.",
        "Tell the operator the `request_id`.",
    ),
}

INTRODUCTION = """\
# Problems

<!-- Written by `python -m stargazer.api.problem_texts`; a test compares it. -->

Every error of the service is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)):

```json
{"type": "/problems/repository-not-found", "title": "No such repository", "status": 404,
 "detail": "there is no repository pallets/flusk, or this token may not see it: check the spelling",
 "instance": "/repos/pallets/flusk/starneighbours", "repository": "pallets/flusk",
 "request_id": "b4c7a3cf0e6d1f2a3b4c5d6e"}
```

`type` tells one problem from another, and is the path of a page that the service itself serves. `detail`
is one line for people and may change. The facts stand beside it as members of their own. `request_id`
is what the operator finds the request by, also in the header `X-Request-Id` of every answer; a client
that sends one (letters, digits, `.`, `_`, `-`; at most 128) gets its own back.

The exit code is that of the command line, where the same problems end a command.
"""


def reference() -> str:
    """Write the reference as Markdown."""
    parts = [INTRODUCTION]
    for code, problem in PROBLEMS.items():
        text, exits = TEXTS[code], problem.exit_code
        shell = "" if exits is None else f" · exit code {exits}"
        parts.append(f"## {code}\n\n{problem.http_status} · {problem.title}{shell}\n")
        parts.append(f"{text.meaning}\n\n**What to do.** {text.remedy}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(reference())
