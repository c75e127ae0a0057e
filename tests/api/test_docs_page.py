"""The documentation page in a real browser: it renders, takes a key, and asks the service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions as conditions
from selenium.webdriver.support.ui import WebDriverWait
from tests.api.api_world import KEY, ONE, Served
from tests.api.browser import browsing, programs

SECONDS = 60
"""How long the browser may take for anything, on a machine with other things to do."""

NEIGHBOURS = "/repos/{owner}/{name}/starneighbours"
FOUND = programs()


@pytest.fixture
def browser() -> Iterator[Chrome]:
    assert FOUND is not None
    with browsing(*FOUND) as opened:
        yield opened


class Page:
    """The page, as somebody uses it."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self._browser = browser
        self._wait = WebDriverWait(browser, SECONDS)
        self._url = url

    def open(self) -> None:
        """Open it, and wait until the operations are there."""
        self._browser.get(f"{self._url}/docs")
        self.see(f"[data-path='{NEIGHBOURS}']")

    def see(self, selector: str) -> WebElement:
        """Wait until something is there."""
        found: WebElement = self._wait.until(
            conditions.presence_of_element_located((By.CSS_SELECTOR, selector))
        )
        return found

    def press(self, selector: str) -> None:
        """Press a button when it can be pressed."""
        button = self._wait.until(conditions.element_to_be_clickable((By.CSS_SELECTOR, selector)))
        self._browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()

    def fill(self, selector: str, text: str) -> None:
        """Write into a field."""
        field = self.see(selector)
        field.clear()
        field.send_keys(text)

    def authorize(self, key: str) -> None:
        """Enter the key, once."""
        self.press(".authorize")
        self.fill(".auth-container input", key)
        self.press(".auth-btn-wrapper .authorize")
        self.press(".auth-btn-wrapper .btn-done")

    def ask_for(self, repository: str) -> str:
        """Try the main operation out, and read what is answered."""
        owner, _, name = repository.partition("/")
        block = f".opblock:has([data-path='{NEIGHBOURS}'])"
        self.press(f"{block} .opblock-summary-control")
        self.fill(f"{block} tr[data-param-name='owner'] input", owner)
        self.fill(f"{block} tr[data-param-name='name'] input", name)
        self.press(f"{block} .execute")
        return self.see(f"{block} .live-responses-table .response .highlight-code code").text

    def requested(self) -> list[str]:
        """The URL of everything that the page asked for."""
        events: list[dict[str, Any]] = [
            json.loads(entry["message"])["message"] for entry in self._log("performance")
        ]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[dict[str, Any]]:
        """What the console says is wrong."""
        return [entry for entry in self._log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def _log(self, name: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._browser.get_log(name)  # type: ignore[no-untyped-call]
        return entries


@pytest.mark.skipif(FOUND is None, reason="needs Debian's chromium and chromium-driver")
async def test_the_page_works_for_a_person(served: Served, browser: Chrome) -> None:
    """It renders; a key that is entered once serves a call, which answers neighbours; nothing is foreign."""
    page = Page(browser, served.url)

    def use() -> str:
        page.open()
        page.authorize(KEY)
        return page.ask_for(ONE)

    owner, _, name = ONE.partition("/")
    answered = await asyncio.to_thread(use)

    assert '"shared"' in answered
    assert '"stargazers"' in answered
    assert page.complaints() == []
    requested = page.requested()
    own = (f"{served.url}/", "data:", "chrome:")
    assert [url for url in requested if not url.startswith(own)] == []
    asked = f"{served.url}{NEIGHBOURS.format(owner=owner, name=name)}"
    assert [url for url in requested if url.startswith(asked) and "answer=" not in url]
