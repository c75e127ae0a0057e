"""The real graph: who watched what on GitHub in 2009, from a data set in the public domain."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from importlib import resources

import msgspec
import numpy as np

from stargazer.sandbox import fiction, graph, moments, noise
from stargazer.sandbox.lists import Numbers
from stargazer.sandbox.repositories import Repositories

_END = int(moments.to_seconds(datetime(2009, 8, 31, tzinfo=UTC)))
_DAY_SECONDS = 86_400
_DESCRIPTION = (
    "Real repositories and real stars of 2009 (GitHub Contest, public domain); "
    "logins, star times, descriptions, archives and forks are made up."
)


class _Packed(msgspec.Struct, frozen=True):
    names: list[str]
    languages: list[str]
    language: bytes
    created_days: bytes
    lengths: bytes
    starred: bytes


def real_graph() -> graph.Graph:
    """Make the graph of the GitHub Contest of 2009.

    9,990 real repositories, 27,801 users and 174,151 stars: a real sample of
    the real graph. Each call returns a new graph, always the same. The users'
    logins are made up and end in `-sim` and a number. Star times are made up
    too: each between the repository's creation and the end of August 2009.

    Source: GitHub Contest of 2009; its readme puts the data in the public
        domain (see `packed/NOTICE`).
    """
    file = resources.files("stargazer.sandbox") / "packed" / "stars.msgpack.gz"
    packed = msgspec.msgpack.decode(gzip.decompress(file.read_bytes()), type=_Packed)
    lengths, starred = _unpack(packed.lengths), _unpack(packed.starred)
    created = _unpack(packed.created_days).astype(np.int64)[starred] * _DAY_SECONDS
    since = np.minimum(created, _END - _DAY_SECONDS)
    seconds = since + noise.fractions(2009, len(starred)) * (_END - since)
    spoken = [None, *packed.languages]
    return graph.Graph(
        [fiction.write_login(number) for number in range(len(lengths))],
        Repositories(
            packed.names,
            languages=[spoken[index] for index in packed.language],
            descriptions=[f"A made-up description of {name.partition('/')[2]}" for name in packed.names],
            archived=fiction.choose_archived(len(packed.names)),
            forks=fiction.choose_forks(len(packed.names)),
        ),
        users=np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        starred=starred,
        starred_seconds=seconds.astype(np.int64),
        description=_DESCRIPTION,
    )


def _unpack(packed: bytes) -> Numbers:
    return np.frombuffer(packed, "<u2").astype(np.int32)
