"""Which pages there are: a path, the module that builds it, its word in the navigation, the role it needs. Builds none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec

from llm4rec.core.records import Role

HOME = "llm4rec.apps.web."


@dataclass(frozen=True)
class Page:
    """A page; its module has `async def build(visit, **parts of the path)`. `link`: where the navigation leads."""

    path: str
    module: str
    word: str
    icon: str
    role: Role = "read"
    link: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What paths it answers to."""
        return re.compile(re.sub(r"\\\{\w+:path\\\}", ".+", re.escape(self.path)))


PAGES = (
    Page("/", f"{HOME}shop.page", "nav.shop", "shop"),
    Page("/chat", f"{HOME}chat.page", "nav.chat", "chat"),
    Page("/users", f"{HOME}people.finder", "nav.people", "people"),
    Page("/users/{user:path}", f"{HOME}people.page", "nav.people", "people", link="/users"),
    Page("/dashboard", f"{HOME}dashboard.page", "nav.dashboard", "dashboard", "admin"),
    Page("/reports", f"{HOME}reports.page", "nav.reports", "reports"),
)
"""All pages; those whose module does not exist are not there."""


def pages() -> tuple[Page, ...]:
    """Those that exist."""
    return tuple(page for page in PAGES if _exists(page.module))


def page_at(path: str) -> Page | None:
    """The page that answers to a path."""
    return next((page for page in pages() if page.pattern.fullmatch(path)), None)


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even its folder
        return False
