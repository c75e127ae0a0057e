"""A running service for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.api.api_world import Served, serving, small_graph
from tests.integration.store.conftest import database_url, migrated, server_url

__all__ = ["database_url", "migrated", "server_url"]


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    """A service with a worker, on a small graph."""
    async with serving(database_url, small_graph()) as running:
        yield running


@pytest.fixture
async def idle(database_url: str) -> AsyncIterator[Served]:
    """A service whose jobs nobody carries out until the test does."""
    async with serving(database_url, small_graph(), is_working=False) as running:
        yield running
