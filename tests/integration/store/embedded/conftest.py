"""Folders for embedded servers."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.integration.store.embedded.world import copy, stopped

from stargazer.store import embedded


def make_reachable() -> Path:
    """Make a folder that the account which root drops to can reach, as it cannot pytest's own.

    In memory where there is such a place: a kill leaves what was written, synced or not.
    """
    memory = Path("/dev/shm")  # noqa: S108 (a folder of its own is made in it)
    folder = Path(tempfile.mkdtemp(prefix="sg-", dir=memory if memory.is_dir() else None))
    folder.chmod(0o755)
    return folder.resolve()


@pytest.fixture
async def empty_dir() -> AsyncIterator[Path]:
    """A data folder with nothing in it."""
    folder = make_reachable()
    yield folder
    await stopped(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def made_dir() -> Iterator[Path]:
    """A data folder whose database has been made and has stopped."""
    folder = make_reachable()

    async def make() -> None:
        async with embedded.attach(folder):
            pass
        await stopped(folder)

    asyncio.run(make())
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(made_dir: Path, empty_dir: Path) -> Path:
    """A copy of that folder: a database comes back from a copy that was made while it was stopped."""
    return copy(made_dir, empty_dir)
