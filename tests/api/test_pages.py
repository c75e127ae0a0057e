"""The small pages: where everything is, what problems mean, and the documentation's files."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import pytest
from tests.api.api_world import Served

from stargazer.api.problem_texts import TEXTS, reference
from stargazer.api.reference import api, metrics
from stargazer.errors import PROBLEMS

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_every_problem_has_its_page(idle: Served) -> None:
    """Where `type` leads is a page for people, and JSON for programs, without a key."""
    async with aiohttp.ClientSession(idle.url) as stranger:
        for code, row in PROBLEMS.items():
            async with stranger.get(f"/problems/{code}", headers=BROWSER) as response:
                assert response.status == 200
                assert response.content_type == "text/html"
                page = await response.text()
            assert f"<code>{code}</code>" in page
            async with stranger.get(f"/problems/{code}") as response:
                told = await response.json()
            assert (told["type"], told["title"], told["status"]) == (
                f"/problems/{code}",
                row.title,
                row.http_status,
            )
            assert told["meaning"] == TEXTS[code].meaning
        async with stranger.get("/problems/nonsense") as response:
            assert response.status == 404


async def test_the_landing_says_where_everything_is(idle: Served) -> None:
    """A browser gets a page, a program JSON."""
    async with aiohttp.ClientSession(idle.url) as stranger:
        async with stranger.get("/") as response:
            assert (await response.json())["documentation"] == "/docs"
        async with stranger.get("/", headers=BROWSER) as response:
            assert 'href="/docs"' in await response.text()


def test_every_code_has_its_words_in_the_reference() -> None:
    """The reference is what the service itself says."""
    assert set(TEXTS) == set(PROBLEMS)
    page = Path(__file__).parents[2] / "docs" / "reference" / "problems.md"
    assert page.read_text() == reference()


@pytest.mark.parametrize("path", ["/", "/docs", "/problems/not-found"])
async def test_pages_load_nothing_from_elsewhere(idle: Served, path: str) -> None:
    """Each file that a page names is of this service, and there; no script stands in a page."""
    async with idle.http.get(path, headers=BROWSER) as response:
        policy = response.headers["Content-Security-Policy"]
        page = await response.text()
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    named = re.findall(r'(?:src|link rel="stylesheet" href)="([^"]*)"', page)
    assert named
    for file in named:
        assert file.startswith("/docs/")
        async with idle.http.get(file) as response:
            assert response.status == 200
            tag = response.headers["ETag"]
        async with idle.http.get(file, headers={"If-None-Match": tag}) as response:
            assert response.status == 304
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=", page)


@pytest.mark.parametrize("page", ["api", "metrics"])
def test_the_reference_is_what_the_service_is(page: str) -> None:
    """Parameters, bounds, statuses and metrics stand in the reference as they are in the code."""
    written = (Path(__file__).parents[2] / "docs" / "reference" / f"{page}.md").read_text()

    assert written == {"api": api, "metrics": metrics}[page]()
