"""The parameters of a query, declared once: how each is read, and how it is described.

What is not declared is refused, so that a typing error is told and not taken for consent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec

from stargazer.errors import InvalidRequest
from stargazer.neighbours.stop import Until

_NUMBER = re.compile("[0-9]{1,10}", re.ASCII)
_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_RULE = re.compile(r"width=0\.[0-9]{0,6}[1-9]|top=[1-9][0-9]{0,5}(,tie=[0-9]{1,3}(\.[0-9]{1,6})?)?", re.ASCII)
_FIELDS_AT_MOST = 100


class Parameter(Protocol):
    """One parameter: its name and description, what it must be, and how it is read."""

    @property
    def name(self) -> str:
        """What it is called in the query."""
        ...

    @property
    def text(self) -> str:
        """What it does, in a sentence."""
        ...

    @property
    def example(self) -> Any:
        """A value that it may have."""
        ...

    def read(self, text: str) -> Any:
        """Read a value.

        Raises:
            InvalidRequest: it is none.
        """
        ...

    def schema(self) -> dict[str, Any]:
        """Describe the values as JSON Schema."""
        ...


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A whole number from `least` to `most`, or a `word` that means None."""

    name: str
    text: str
    least: int
    most: int
    default: int | None
    example: int
    word: str | None = None

    def read(self, text: str) -> int | None:
        """Read it."""
        if self.word is not None and text == self.word:
            return None
        if _NUMBER.fullmatch(text) and self.least <= int(text) <= self.most:
            return int(text)
        or_word = "" if self.word is None else f", or {self.word}"
        raise InvalidRequest(
            self.name, f"a whole number from {self.least:,} to {self.most:,}{or_word}", got=text[:80]
        )

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        number: dict[str, Any] = {"type": "integer", "minimum": self.least, "maximum": self.most}
        described = number if self.word is None else {"oneOf": [number, {"const": self.word}]}
        return described if self.default is None else {**described, "default": self.default}


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One of some words."""

    name: str
    text: str
    words: tuple[str, ...]
    default: str
    example: str

    def read(self, text: str) -> str:
        """Read it."""
        if text in self.words:
            return text
        raise InvalidRequest(self.name, f"one of {', '.join(self.words)}", got=text[:80])

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": "string", "enum": list(self.words), "default": self.default}


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """True or false."""

    name: str
    text: str
    default: bool | None = None
    example: bool

    def read(self, text: str) -> bool:
        """Read it."""
        if text in ("true", "false"):
            return text == "true"
        raise InvalidRequest(self.name, "true or false", got=text[:80])

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        described = {"type": "boolean"}
        return described if self.default is None else {**described, "default": self.default}


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A text that a `pattern` matches as a whole; `must_be` says the same in words."""

    name: str
    text: str
    pattern: str
    must_be: str
    example: str

    def read(self, text: str) -> str:
        """Read it."""
        if re.fullmatch(self.pattern, text):
            return text
        raise InvalidRequest(self.name, self.must_be, got=text[:80])

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": "string", "pattern": f"^{self.pattern}$"}


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The id of something that is stored."""

    name: str
    text: str
    example: str

    def read(self, text: str) -> UUID:
        """Read it."""
        if _UUID.fullmatch(text):
            return UUID(text)
        raise InvalidRequest(self.name, "a UUID with its hyphens", got=text[:80])

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": "string", "format": "uuid", "pattern": f"^{_UUID.pattern.replace('a-f', 'A-Fa-f')}$"}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """When an estimate is good enough."""

    name: str
    text: str
    example: str

    def read(self, text: str) -> Until:
        """Read it."""
        if not _RULE.fullmatch(text):
            raise InvalidRequest(
                self.name, "width=0.1 (a part of the count) or top=20 (a rank)", got=text[:80]
            )
        return Until.read(text)

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": "string", "pattern": f"^({_RULE.pattern})$"}


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter that is given several times, from `least` to `most`, each time with another value."""

    one: Parameter
    least: int
    most: int
    example: list[str]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.one.name

    @property
    def text(self) -> str:
        """What it does."""
        return self.one.text

    def read(self, text: str) -> Any:
        """Read one of its values."""
        return self.one.read(text)

    def schema(self) -> dict[str, Any]:
        """Describe them."""
        return {
            "type": "array",
            "items": self.one.schema(),
            "minItems": self.least,
            "maxItems": self.most,
            "uniqueItems": True,
        }


def read_query(raw: bytes, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Read the parameters of a query; those that are absent are absent.

    Raises:
        InvalidRequest: one of them is unknown, comes too often or not often enough, or has no value that
            it may have.
    """
    known = {parameter.name: parameter for parameter in parameters}
    try:
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS_AT_MOST)
    except ValueError as unreadable:
        raise InvalidRequest("the query", f"at most {_FIELDS_AT_MOST} parameters") from unreadable
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        if name not in known:
            raise InvalidRequest("the query", f"made of {', '.join(known) or 'nothing'}", got=name[:80])
        texts.setdefault(name, []).append(text)
    asked = [one for one in parameters if one.name in texts or isinstance(one, Repeated)]
    return {parameter.name: _value(parameter, texts.get(parameter.name, [])) for parameter in asked}


def _value(parameter: Parameter, texts: Sequence[str]) -> Any:
    """Read what was given for one parameter."""
    if isinstance(parameter, Repeated):
        if not parameter.least <= len(texts) <= parameter.most:
            raise InvalidRequest(parameter.name, f"given {parameter.least} to {parameter.most} times")
        return [parameter.read(text) for text in texts]
    if len(texts) > 1:
        raise InvalidRequest(parameter.name, "given once")
    return parameter.read(texts[0])
