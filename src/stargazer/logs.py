"""The log: one line an event, JSON unless people watch, and never a secret.

Whatever any library logs goes through it too, with its traceback. The last
thing that happens to a line is that secrets are taken out of it.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import structlog
from structlog.types import EventDict, Processor

HIDDEN = "***"

LETTERS_OF_A_SECRET = 8
"""A secret that is shorter is taken for a word, and not looked for."""

_PATTERNS = (
    # Tokens of GitHub, by the prefixes it gives them.
    # Source: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats
    # (read 2026-11-24).
    r"gh[pousr]_[A-Za-z0-9]{10,}",
    r"github_pat_[A-Za-z0-9_]{10,}",
    # API keys of ours, in any case, as a shell may have changed it.
    r"(?i:sgz_[0-9a-z]{10,})",
    # The password in a URL.
    r"(?<=://)[^\s/:@\"']*:[^\s/@\"']+(?=@)",
)
_MARKS = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "sgz_", "://")
"""What looks like a secret, and a part of each that is found quickly."""

HELD_SECONDS = 0.1
"""The line of a request is written so long after it; a process that is killed takes them along."""

SILENT = ("uvicorn.access", "aiohttp.access")
"""Loggers that say nothing here: a request has its own line."""

QUIET = ("uvicorn.error",)
"""Loggers that are heard only when something is wrong."""


class Redaction:
    """Takes secrets out of text.

    Args:
        secrets: what must not be seen, word for word; what looks like a token,
            an API key or a password in a URL is hidden in any case.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        told = {secret for secret in secrets if len(secret) >= LETTERS_OF_A_SECRET}
        # Lines quote what they hold as JSON or Python does, or as one and then the other.
        quoted = told | {repr(secret)[1:-1] for secret in told}
        written = quoted | {json.dumps(text, ensure_ascii=False)[1:-1] for text in quoted}
        words = [re.escape(secret) for secret in sorted(written, key=len, reverse=True)]
        self._marks: tuple[str, ...] = (*written, *_MARKS)
        self._seen = re.compile("|".join([*words, *_PATTERNS]))

    def __call__(self, text: str) -> str:
        """Return *text* without its secrets.

        Example:
            >>> Redaction(["correct horse"])("ghp_0123456789abc and correct horse")
            '*** and ***'
        """
        # Most lines hold none, and looking for parts of them is ten times as fast.
        folded = text.lower()
        for mark in self._marks:
            if mark in text or mark in folded:
                return self._seen.sub(HIDDEN, text)
        return text


class Log:
    """Where lines go.

    Args:
        stream: what they are written to, commonly standard error.
        secrets: what must not be seen, word for word.
        people: whether people watch, so that lines are coloured words and not JSON.
    """

    def __init__(self, stream: TextIO, *, secrets: Iterable[str] = (), people: bool | None = None) -> None:
        for_people = stream.isatty() if people is None else people
        redaction = Redaction(secrets)
        render = _words(redaction) if for_people else _json(redaction)
        named: list[Processor] = [
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        ]
        self._handler = logging.StreamHandler(stream)
        self._handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[*named, structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder()],
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    render,
                ],
            )
        )
        self._stream = stream
        self._redaction = redaction
        self._render = render if for_people else None
        self._held: list[tuple[float, msgspec.Struct]] = []
        self._handler.addFilter(self._flush_first)

    def take_over(self, level: int = logging.INFO) -> None:
        """Let whatever is logged in this process go here, and nowhere else."""
        root = logging.getLogger()
        root.handlers[:] = [self._handler]
        root.setLevel(level)
        atexit.register(self.flush)
        for name in SILENT:
            logging.getLogger(name).disabled = True
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)

    def request(self, seen: msgspec.Struct) -> None:
        """Write the one line of a request; where a loop runs a moment later, for many cost less together."""
        self._held.append((time.time(), seen))
        if len(self._held) > 1:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            loop.call_later(HELD_SECONDS, self.flush)

    def flush(self) -> None:
        """Write the lines that are held."""
        held, self._held = self._held, []
        if not held:
            return
        lines = [self._line(datetime.fromtimestamp(at, UTC), seen) for at, seen in held]
        text = "\n".join(lines) + "\n"
        with suppress(OSError, ValueError):
            self._stream.write(self._redaction(text) if self._render is None else text)
            self._stream.flush()

    def _line(self, at: datetime, seen: msgspec.Struct) -> str:
        moment = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        if self._render is None:
            # What every request pays: it takes the short way to the same line.
            line = f'{{"at":"{moment}","level":"info","event":"request.answered",'
            return line + msgspec.json.encode(seen).decode()[1:]
        event = {"at": moment, "level": "info", "event": "request.answered"}
        return self._render(None, "info", {**event, **msgspec.to_builtins(seen)})

    def _flush_first(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - whatever it is
        """Keep the lines in their order."""
        self.flush()
        return True


def _json(redaction: Redaction) -> Callable[[Any, str, EventDict], str]:
    def render(_logger: Any, _method: str, event: EventDict) -> str:
        first = {
            "at": event.pop("at", None),
            "level": event.pop("level", None),
            "event": event.pop("event", ""),
        }
        return redaction(msgspec.json.encode({**first, **event}, enc_hook=str).decode())

    return render


def _words(redaction: Redaction) -> Callable[[Any, str, EventDict], str]:
    console = structlog.dev.ConsoleRenderer(
        exception_formatter=structlog.dev.plain_traceback, timestamp_key="at"
    )

    def render(logger: Any, method: str, event: EventDict) -> str:
        return redaction(console(logger, method, event))

    return render
