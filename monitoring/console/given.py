"""What handlers are given: a visit, the request of somebody who is signed in; a post carries a form."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from litestar import Response
from litestar.di import NamedDependency

from monitoring.console.desk import Desk
from monitoring.console.page import Pages
from monitoring.console.visit import Asked, Throttle, Visitor, checked_form, visitor_of

LONGEST_REASON = 300
"""Characters of a reason; the pages' fields take as many."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a person: the desk behind the console, the pages, and the fields of a form of ours."""

    request: Asked
    desk: Desk
    pages: Pages
    visitor: Visitor
    form: dict[str, str] = field(default_factory=dict)

    @property
    def login(self) -> str:
        """Who it is, for the log of what people did."""
        return self.visitor.person.login

    @property
    def reason(self) -> str:
        """Why they do it, as they said in the form; "" where it asks for none."""
        return self.form.get("reason", "")[:LONGEST_REASON]

    @property
    def t(self) -> Any:
        """The texts in the person's language: `visit.t("find.some", count=3)`."""
        return partial(self.pages.say, self.visitor)

    def page(self, template: str, *, code: int = 200, **values: Any) -> Response[str]:
        """A page as the person likes it."""
        return self.pages.page(self.request, self.visitor, template, code=code, **values)


class Visits:
    """Makes visits of requests, for Litestar to give to handlers."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages
        self.throttle = Throttle()

    async def look(self, request: Asked) -> Visit:
        """A visit that looks; raises `NotAuthorizedException` where nobody is signed in."""
        return Visit(request, self._desk, self._pages, await visitor_of(request, self._desk))

    async def act(self, request: Asked) -> Visit:
        """A visit that does something: its form is one of ours, or `PermissionDeniedException` is raised."""
        visitor = await visitor_of(request, self._desk)
        return Visit(request, self._desk, self._pages, visitor, await checked_form(request, visitor))

    async def door(self, request: Asked) -> "Door":
        """A request of nobody yet."""
        return Door(request, self._desk, self._pages, self.throttle)


@dataclass(frozen=True, slots=True)
class Door:
    """A request of somebody who is not signed in."""

    request: Asked
    desk: Desk
    pages: Pages
    throttle: Throttle


Look = NamedDependency[Visit]
Act = NamedDependency[Visit]
AtDoor = NamedDependency[Door]
