"""The settings and the time of a sandbox, which never meet what is real."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from stargazer.cli.session import SANDBOX_ENDPOINT, connect, read_settings
from stargazer.errors import CredentialsRefused

SPEED = 500.0


def environ(folder: Path) -> dict[str, str]:
    return {
        "GITHUB_TOKEN": "ghp_of_somebody",
        "STARGAZER_DATABASE_URL": "postgresql://real/one",
        "STARGAZER_DATA_DIR": str(folder),
    }


def test_a_sandbox_gets_neither_token_nor_database(tmp_path: Path) -> None:
    """Only the data folder is the environment's, and of it a folder of its own."""
    settings = read_settings(SPEED, environ(tmp_path))
    assert (settings.github_token, settings.database_url) == ("sandbox", "")
    assert settings.data_dir == tmp_path / "sandbox"


async def test_the_time_of_a_sandbox_goes_on(tmp_path: Path) -> None:
    """The next sandbox begins no earlier than the last one ended, by both its clock and ours."""
    (tmp_path / "sandbox").mkdir()
    async with connect(SPEED, environ(tmp_path)) as session:
        assert session.endpoint == SANDBOX_ENDPOINT
        later = session.clock.now() + timedelta(hours=1)
        (tmp_path / "sandbox" / "clock").write_text(later.isoformat())
    async with connect(SPEED, environ(tmp_path)) as session:
        assert later <= session.clock.now() < later + timedelta(hours=1)
        session.keep_time()
        ended_at = session.clock.now()
    async with connect(SPEED, environ(tmp_path)) as session:
        assert session.clock.now() > ended_at - timedelta(minutes=1)


async def test_a_clock_that_cannot_be_read_is_begun_anew(tmp_path: Path) -> None:
    """Rubbish in the file is as good as no file."""
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "clock").write_bytes(b"\xff now")
    async with connect(SPEED, environ(tmp_path)) as session:
        assert session.clock.now()


async def test_a_service_whose_keys_bring_their_tokens_needs_none() -> None:
    """Only where it shares none and can keep those of others; commands that ask GitHub need one."""
    alone = {
        "STARGAZER_SHARE_TOKEN": "no",
        "STARGAZER_SECRET_KEY": "a secret of enough letters, forty or so",
    }
    async with connect(environ=alone, is_service=True) as session:
        assert not session.github.has_token
    for variables, is_service in ((alone, False), ({**alone, "STARGAZER_SHARE_TOKEN": ""}, True), ({}, True)):
        with pytest.raises(CredentialsRefused, match="no token"):
            async with connect(environ=variables, is_service=is_service):
                pass
