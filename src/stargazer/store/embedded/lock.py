"""A lock on a file, which the kernel takes back when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from stargazer.store.embedded.place import Owner


class FileLock:
    """A lock that is asked for without waiting, and given back on leaving.

    Two of them exclude each other even within one program, for each opens the
    file anew. No child program inherits it.
    """

    def __init__(self, path: Path, owner: Owner) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        found = os.fstat(self._descriptor)
        if found.st_uid == 0 != owner.uid and found.st_nlink == 1:
            # Made by root just now; the watchdog, which is not root, opens it too.
            os.fchown(self._descriptor, owner.uid, owner.gid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def try_shared(self) -> bool:
        """Take the lock together with others, unless somebody holds it exclusively."""
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Take the lock alone, unless somebody holds it."""
        return self._try(fcntl.LOCK_EX)

    def release(self) -> None:
        """Give the lock back."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
