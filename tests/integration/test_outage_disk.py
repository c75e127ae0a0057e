"""The disk of our own server fills up in mid-run: that is said, waited for, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.integration.cli_world import data_folder, finish, serving, wait_for_calls
from tests.integration.service_world import ONE, busy_graph, truth_of
from tests.integration.store.embedded.test_refusals import mounted
from tests.integration.test_kill_database import BEHAVIOUR, answered, end_leases, own, started, url, use

BALLAST_BYTES = 1_000_000


@pytest.fixture
def small_disk() -> Generator[Path]:
    """A data folder on a file system of its own, which is soon full."""
    with data_folder() as folder, mounted(folder, "size=200m"):
        yield folder


def fill(folder: Path) -> Path:
    """Leave no byte free."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * BALLAST_BYTES):
            pass
    return ballast


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_waited_for(small_disk: Path) -> None:
    """The command says that the disk is full, and goes on when there is room again; the answer is exact."""
    with serving(busy_graph(), BEHAVIOUR) as sandbox:
        command = ("neighbours", ONE, "--format", "json")
        with started(*command, at=sandbox, environment=own(small_disk)) as program:
            wait_for_calls(sandbox, 3)
            ballast = fill(small_disk)
            assert program.stderr is not None
            said = program.stderr.readline().decode()
            ballast.unlink()
            with use(small_disk):
                asyncio.run(end_leases(url(small_disk)))
            ran = finish(program)
        assert said.startswith("stargazer: waiting for the store: ")
        assert ran.exit_code == 0, ran
        assert answered(ran) == truth_of(sandbox.graph)
