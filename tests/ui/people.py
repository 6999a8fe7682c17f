"""People in a browser: each with a window of their own, signed in through the form, noting what goes wrong."""

from __future__ import annotations

from typing import Any

from tests.cast import PASSWORD, Cast


class Person:
    """One of the cast at a browser. `page` is Playwright's; `problems` gathers console errors."""

    def __init__(self, browser: Any, live_server: Any, cast: Cast, name: str, problems: list[str]) -> None:
        self.url, self.user, self.problems = live_server.url, cast.users[name], problems
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        # Long enough for a machine that has other work; what comes sooner is seen sooner.
        self.context.set_default_timeout(30_000)
        self.page = self.context.new_page()
        self.page.on("console", lambda m: problems.append(f"{name}: {m.text}") if m.type == "error" else None)
        self.page.on("pageerror", lambda e: problems.append(f"{name}: {e}"))

    def sign_in(self) -> None:
        self.page.goto(f"{self.url}/accounts/login/")
        self.page.get_by_label("Email").fill(self.user.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        self.page.get_by_role("heading", name="Inbox").wait_for()

    def go(self, entry: str) -> None:
        """By the side list, as one does."""
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=entry).click()

    def link(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("link", name=name).first.click()

    def button(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def sees(self, *texts: str) -> None:
        for text in texts:
            self.page.get_by_role("main").get_by_text(text).first.wait_for()

    def heading(self, name: str) -> None:
        self.page.get_by_role("heading", name=name, level=1).wait_for()
