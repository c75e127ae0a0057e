"""Who was removed from the store and is kept out, known by nothing but keyed hashes.

Whatever could bring somebody back asks here: replies before they are counted,
and once more each transaction that writes people, which by asking keeps anybody
from being forgotten until it ends. So nobody comes back with a reply that was
under way.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from stargazer.planner.known import Ended
from stargazer.planner.page import Page, Stargazer, StargazersPage, StarListPage, User
from stargazer.store.database import Connection, Database

Sign = Literal["node", "id", "login", "named"]
"""What somebody is recognised by.

`node` and `id` are GitHub's node id and `databaseId`; `login` is the login of
somebody of whom nothing else was known. `named` is a login too: it counts in
lists from elsewhere that tell nothing but logins, and not for what GitHub says,
since a login that was given up may be somebody else's today.
"""

_SINCE = "SELECT number, hash FROM forgotten_since($1, $2)"
"""Who was forgotten since so many rows were known; nobody is until the transaction ends."""

_LOCK_FIRST = "LOCK TABLE forgotten IN ROW SHARE MODE"
"""The same lock for a transaction that sees one snapshot, which it takes after this.

Source: https://www.postgresql.org/docs/15/sql-lock.html (read 2026-11-24): to see what the
lock protects, a transaction at REPEATABLE READ has to lock before its first SELECT.
"""

_KEY = "SELECT key FROM forgotten_key"
"""What the hashes are made with; there is none until somebody is forgotten."""

_OLD_NODE_ID = b"04:User"
_ID_HEAD = b"\x92\x00\xce"
"""What the base64 of a node id holds before the `databaseId`: in the old form, and in that of today.

Source: ids of public accounts (read 2026-11-24). GitHub does not promise it.
"""


class Forgotten:
    """The people of one endpoint who are kept out, as far as this program has seen."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hashes: set[bytes] = set()
        self._key = b""
        self.version = 0

    @property
    def any(self) -> bool:
        """Whether anybody is."""
        return bool(self._hashes)

    async def look(self) -> None:
        """See who was forgotten since the last look.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.transaction() as connection:
            await self.hold(connection)

    async def hold(self, connection: Connection, *, one_snapshot: bool = False) -> None:
        """See who was forgotten; nobody else is until the connection's transaction ends.

        Args:
            connection: in a transaction that has taken no lock yet; with *one_snapshot*
                it is `repeatable_read`, and has not read anything.
            one_snapshot: whether all its statements see the same.
        """
        if one_snapshot:
            await connection.execute(_LOCK_FIRST)
        for row in await connection.fetch(_SINCE, self._database.endpoint, self.version):
            self._hashes.add(row["hash"])
            self.version = max(self.version, row["number"])
        if self._hashes and not self._key:
            self._key = await connection.fetchval(_KEY)

    def has(self, user: User) -> bool:
        """Whether somebody whom GitHub showed is kept out."""
        return bool(self._hashes) and any(
            self._knows(sign, value) for sign, value in signs_of(user.id, user.database_id, user.login)
        )

    def has_id(self, node_id: str) -> bool:
        """Whether somebody is kept out of whom only the node id is known."""
        return bool(self._hashes) and any(
            self._knows(sign, value) for sign, value in signs_of(node_id, None, None)
        )

    def has_entry(
        self, login: str | None, node_id: str | None = None, database_id: int | None = None
    ) -> bool:
        """Whether somebody whom a list from elsewhere names is kept out."""
        if not self._hashes:
            return False
        if node_id is not None and self.has_id(node_id):
            return True
        if database_id is not None and self._knows("id", database_id):
            return True
        return login is not None and any(self._knows(sign, login.lower()) for sign in ("named", "login"))

    def sift_logins(self, logins: Iterable[str]) -> tuple[str, ...]:
        """Those of some logins that stand alone which are of nobody who is kept out."""
        return tuple(login for login in logins if not self.has_entry(login))

    def sift(self, pages: Sequence[Page | User]) -> Sequence[Page | User]:
        """The same pages and users without anybody who is kept out; each counts as hidden."""
        if not self._hashes:
            return pages
        return [page for page in map(self._sifted, pages) if page is not None]

    def sift_page(self, page: StargazersPage) -> StargazersPage:
        """The same page without anybody who is kept out; each counts as hidden."""
        left = self._left(page.stargazers)
        if len(left) == len(page.stargazers):
            return page
        hidden = page.hidden + len(page.stargazers) - len(left)
        return msgspec.structs.replace(page, stargazers=left, hidden=hidden)

    def sift_ended(self, ended: Sequence[Ended]) -> Sequence[Ended]:
        """The endings of the lists of those who are not kept out."""
        return [one for one in ended if not self.has_id(one.user_id)] if self._hashes else ended

    def _sifted(self, page: Page | User) -> Page | User | None:
        match page:
            case StargazersPage():
                return self.sift_page(page)
            case StarListPage():
                return None if self.has_id(page.request.user_id) else page
            case User():
                return None if self.has(page) else page

    def _left(self, stargazers: Iterable[Stargazer]) -> tuple[Stargazer, ...]:
        return tuple(one for one in stargazers if not self.has(one.user))

    def _knows(self, sign: Sign, value: str | int) -> bool:
        return hash_of(self._key, sign, value) in self._hashes


def hash_of(key: bytes, sign: Sign, value: str | int) -> bytes:
    """The hash that stands for a sign of somebody."""
    return hmac.digest(key, f"{sign}:{value}".encode(), "sha256")


def signs_of(node_id: str, database_id: int | None, login: str | None) -> list[tuple[Sign, str | int]]:
    """What a user of GitHub may be recognised by.

    Example:
        >>> signs_of("U_kgDOAAjmPw", None, "Octocat")
        [('node', 'U_kgDOAAjmPw'), ('id', 583231), ('login', 'octocat')]
    """
    signs: list[tuple[Sign, str | int]] = [("node", node_id)]
    database_id = database_id_in(node_id) if database_id is None else database_id
    if database_id is not None:
        signs.append(("id", database_id))
    if login is not None:
        signs.append(("login", login.lower()))
    return signs


def database_id_in(node_id: str) -> int | None:
    """The `databaseId` that the node id of a user holds, in the form of today or the old one.

    GitHub does not promise that form; what does not have it is known by its text alone.

    Example:
        >>> database_id_in("U_kgDOAAjmPw"), database_id_in("MDQ6VXNlcjU4MzIzMQ=="), database_id_in("U_other")
        (583231, 583231, None)
    """
    try:
        if node_id.startswith("U_"):
            encoded = node_id[2:]
            packed = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            return msgspec.msgpack.decode(packed, type=tuple[int, int])[1]
        text = base64.b64decode(node_id, validate=True)
        return int(text.removeprefix(_OLD_NODE_ID)) if text.startswith(_OLD_NODE_ID) else None
    except (ValueError, binascii.Error, msgspec.DecodeError):
        return None


def node_ids_with(database_id: int) -> list[str]:
    """The node ids that may hold a `databaseId`.

    Example:
        >>> node_ids_with(583231)
        ['MDQ6VXNlcjU4MzIzMQ==', 'U_kgDOAAjmPw']
    """
    old = base64.b64encode(_OLD_NODE_ID + str(database_id).encode()).decode()
    packed = {msgspec.msgpack.encode((0, database_id))}
    if database_id < 1 << 32:
        packed.add(_ID_HEAD + database_id.to_bytes(4, "big"))
    return sorted([old, *(f"U_{base64.urlsafe_b64encode(one).decode().rstrip('=')}" for one in packed)])


def forgotten_notice(endpoint: int) -> str:
    """What is announced when somebody was forgotten, so that nobody keeps pages with their name."""
    return f"forgotten:{endpoint}"
