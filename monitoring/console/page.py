"""Rendering: a page of a template, the words of its reader, and what every page shows."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from bus.flow_values import item_of, leg_of
from monitoring.console import show
from monitoring.console.desk import Desk
from monitoring.console.texts import read_texts, speaker
from monitoring.console.visit import Asked, Visitor, language_of, theme_of

TABS = (
    ("/", "overview"),
    ("/failed", "failed"),
    ("/connectors", "connectors"),
    ("/legs", "legs"),
    ("/flows", "flows"),
    ("/figures", "figures"),
    ("/actions", "actions"),
    ("/people", "people"),
)


class Pages:
    """Renders pages; built once, with every template at hand."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._texts = read_texts()
        self._titles = {leg.route: leg.title for leg in desk.routes.legs}
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("pages")),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(show.FILTERS)
        self._templates.globals.update(
            named=show.state, age=show.age, span=show.span, hidden=show.hidden, why=show.reason, desk=desk
        )

    def page(
        self, request: Asked, visitor: Visitor | None, template: str, *, code: int = 200, **values: Any
    ) -> Response[str]:
        """A page as its reader likes it; `visitor` is None where nobody is signed in."""
        language = visitor.language if visitor else language_of(request)
        say = speaker(self._texts, language)
        text = self._templates.get_template(template).render(
            t=say,
            status=lambda word: say(f"status.{word or 'none'}"),
            leg_title=self.leg,
            operation_title=self.operation,
            system=self.system,
            cause=lambda word: say(f"cause.{word}", otherwise=word),
            did=lambda word: say(f"did.{word.replace(' ', '_')}", otherwise=word),
            kind_title=partial(kind_title, say),
            place=partial(self.place, say),
            language=language,
            theme=visitor.theme if visitor else theme_of(request),
            visitor=visitor,
            tabs=[tab for tab in TABS if tab[1] != "people" or (visitor and visitor.person.may("people"))],
            room=f"/{request.url.path.split('/')[1]}",
            here=request.url.path,
            needing=len(self._desk.snapshot.troubles),
            now=time.time(),
            typed=values.pop("typed", ""),
            told=say(f"told.{told}") if (told := request.query_params.get("told")) in TOLD else "",
            **values,
        )
        return Response(text, media_type=MediaType.HTML, status_code=code)

    def leg(self, route: str) -> str:
        """A leg's title, with its value where it is one of several."""
        title = self._titles.get(leg_of(route), leg_of(route))
        return f"{title} {item}" if (item := item_of(route)) else title

    def system(self, name: str) -> str:
        """What a connector is called, where there is one of its type alone; an agency as it is written."""
        found = self._desk.connectors.get(name)
        title = found.type.title if found else name
        types = [each.type.title for each in self._desk.connectors.values()]
        return title if types.count(title) < 2 else f"{title} ({name})"

    def operation(self, connector: str, name: str) -> str:
        """What an operation of a connector is called; its name where the installation does not have it."""
        found = self._desk.connectors.get(connector)
        operation = found.adapter.operations.get(name) if found else None
        return operation.title if operation else name

    def place(self, say: Callable[..., str], where: str) -> str:
        """Where something failed, "connector.operation" or "source: kind", in words."""
        name, is_message, kind = where.partition(": ")
        if is_message:
            return f"{self.system(name)}: {kind_title(say, kind)}"
        connector, _, operation = where.partition(".")
        return f"{self.system(connector)}: {self.operation(connector, operation)}"

    def say(self, visitor: Visitor, name: str, **values: object) -> str:
        """A text in a visitor's language."""
        return speaker(self._texts, visitor.language)(name, **values)

    def speaker(self, request: Asked) -> Callable[..., str]:
        """The texts in a request's language, for who is not signed in."""
        return speaker(self._texts, language_of(request))


def kind_title(say: Callable[..., str], kind: str) -> str:
    """What a kind of message is called in a reader's language."""
    return say(f"kind.{kind.replace('.', '_')}", otherwise=kind)


_DONE = "hold release pause resume people done proposed agree refuse cancel tell assign"
TOLD = frozenset(_DONE.split())
"""What a page may say was done, by name: it comes with the address and is never shown as it came."""


def go(path: str, *, told: str = "", cookies: list[Cookie] | None = None) -> Redirect:
    """Go on to a page of ours, by GET."""
    where = f"{path}{'&' if '?' in path else '?'}told={told}" if told else path
    return Redirect(where, status_code=303, cookies=cookies)
