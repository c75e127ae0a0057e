"""Whose token it is: the one question that GitHub is asked about ourselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import graphql
import msgspec

from stargazer import catalogue
from stargazer.errors import CredentialsRefused, GitHubUnreachable
from stargazer.github.transport import Answer
from stargazer.planner.page import User
from stargazer.runner import Clock

VIEWER_WAIT_SECONDS = 4
"""The longest wait before GitHub is asked once more whose a token is; the first is a second."""


class Asker(Protocol):
    """Whatever can send any document: `GitHub` is one."""

    async def ask(self, document: str) -> Answer:
        """Send *document* and return the answer undecoded."""
        ...


class _Viewer(msgspec.Struct):
    viewer: User


class _ViewerAnswer(msgspec.Struct):
    data: _Viewer


async def ask_viewer(github: Asker, clock: Clock) -> User:
    """Ask whose token it is, again when the weather is bad.

    Raises:
        CredentialsRefused: GitHub does not know the token.
        GitHubUnreachable: GitHub could not be asked.
    """
    document = graphql.print_ast(catalogue.installed().document("viewer"))
    seconds = 1
    while True:
        answer = await github.ask(document)
        clock.passed(answer.seconds)
        try:
            return _read_viewer(answer)
        except GitHubUnreachable:
            if seconds > VIEWER_WAIT_SECONDS:
                raise
        await clock.sleep_until(clock.now() + timedelta(seconds=seconds))
        seconds *= 2


def _read_viewer(answer: Answer) -> User:
    if answer.status in (401, 403):
        raise CredentialsRefused(f"it answers {answer.status} when asked whose token this is")
    try:
        return msgspec.json.decode(answer.body, type=_ViewerAnswer).data.viewer
    except msgspec.MsgspecError as malformed:
        raise GitHubUnreachable(f"it answers {answer.status} when asked whose token this is") from malformed
