"""The service starts, and stops."""

from __future__ import annotations

from tests.api.api_world import Served


async def test_it_answers(served: Served) -> None:
    """A path that is none is told so."""
    async with served.http.get("/nothing") as response:
        assert response.status == 404
