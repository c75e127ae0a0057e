"""What holds for every test: nothing that it printed or logged holds a secret."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest

SECRETS = re.compile(
    # Tokens of GitHub as they are long, keys of ours as they are whole, and a password in a URL.
    r"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|sgz_[A-Za-z0-9]{49}|"
    r"postgres(?:ql)?://[^\s/:@]+:[^\s/@*]+@"
)
"""What no output may hold, whatever a test plants."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that passed while a secret got into its standard output, standard error or log."""
    report = yield
    if report.passed and item.get_closest_marker("shows_secrets") is None:
        for name, text in report.sections:
            found = SECRETS.search(text)
            if found is not None:
                report.outcome = "failed"
                report.longrepr = f"{name} of {item.nodeid} holds a secret: {found[0][:8]}…"
    return report
