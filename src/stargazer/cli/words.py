"""Numbers, spans and coverage in words that people read."""

from __future__ import annotations

COMMANDS = {
    "neighbours": "Find the repositories that the stargazers of OWNER/NAME starred too.",
    "compare": "Compare how far the stargazers of several repositories are the same people.",
    "plan": "Tell what the neighbours of OWNER/NAME would cost, for one small question.",
    "list": "List the stargazers of OWNER/NAME, as NDJSON.",
    "export": "Print the stored answer for OWNER/NAME, all of it, however old.",
    "cost": "Price any GitHub GraphQL document, without asking GitHub.",
    "sandbox": "Serve a simulated GitHub with real data, to try everything without a token.",
    "doctor": "Check whether the set-up is sound, and what this token may list.",
    "serve": "Serve the HTTP API with its documentation, and carry out its jobs.",
    "keys": "Create, list, rotate and revoke the API keys of the HTTP service.",
    "worker": "Carry out the jobs of the store until Ctrl-C or SIGTERM.",
    "import": "Keep a list of stargazers that came from elsewhere than GitHub's own list.",
    "tokens": "Give API keys a GitHub token of their own, and take it from them.",
    "forget": "Remove a person from everything that is kept, and keep them out.",
    "migrate": "Bring the schema of the database up to date, and say what was done.",
}
"""Every command with its summary, in the order of the help."""


def span(seconds: float) -> str:
    """Say how long *seconds* are, in at most two units.

    Example:
        >>> span(5.4), span(62), span(3_720), span(200_000)
        ('5 s', '1 min 2 s', '1 h 2 min', '2 d 7 h')
    """
    whole = round(seconds)
    for size, unit, smaller, smaller_unit in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    return f"{whole} s" if whole else "under 1 s"


def count(number: float, one: str, many: str | None = None) -> str:
    """Say how many there are of something.

    Example:
        >>> count(1, "point"), count(2_768, "point"), count(2, "reply", "replies")
        ('1 point', '2,768 points', '2 replies')
    """
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"
