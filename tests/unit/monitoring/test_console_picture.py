"""The routes' picture speaks in words; the names of the settings stand small below them."""

import re
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from adapters.registry import adapter_types
from bus.flows import Routes, read_routes
from bus.ledger.overview import Today
from bus.ports import Adapter
from mappings.dossier import MESSAGES
from mappings.source import read, read_file
from monitoring.console.page import kind_title
from monitoring.console.picture import Words, picture
from monitoring.console.texts import LANGUAGES, read_texts, speaker
from tests.unit.adapters.test_readmes import SHIPPED, built

ROUTES = Path(__file__).resolve().parents[3] / "bus" / "routes"
RAW = re.compile(r"\b[a-z]+[._][a-z_]+\b")
SVG = {"s": "http://www.w3.org/2000/svg"}


@cache
def _adapters() -> dict[str, tuple[str, Adapter]]:
    types = adapter_types()
    return {name: (types[name].title, built(types[name])) for name in SHIPPED}


@cache
def _routes() -> Routes:
    operations = {name: frozenset(adapter.operations) for name, (_, adapter) in _adapters().items()}
    files = [read_file(file, file.name) for file in sorted(ROUTES.glob("*.toml"))]
    return read_routes(files, operations=operations, messages=MESSAGES)


def _words(language: str) -> Words:
    t, adapters = speaker(read_texts(), language), _adapters()

    def system(name: str) -> str:
        return adapters[name][0] if name in adapters else t("flows.agencies")

    return Words(
        t, lambda kind: kind_title(t, kind), system, system,
        lambda connector, name: adapters[connector][1].operations[name].title,
    )  # fmt: skip


def _texts(svg: str, *, small: bool) -> list[str]:
    texts = etree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return [one.text or "" for one in texts if (one.get("class") == "dim-t") is small]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_flow_is_drawn_in_words(language: str) -> None:
    """No name of the settings stands where a person reads; each stands small, whole, for who looks it up."""
    for flow in _routes().flows:
        svg = picture(flow, (), _words(language))
        assert [text for text in _texts(svg, small=False) if RAW.search(text)] == []
        small = "".join(_texts(svg, small=True))
        named = [
            name for leg in flow.legs for name in (leg.name, leg.operation, *leg.on, *leg.expects) if name
        ]
        assert [name for name in named if name not in small] == []


def test_a_leg_that_two_systems_may_end_names_each_once() -> None:
    """Payments are told by the portal and by the tax authority."""
    (flow,) = (one for one in _routes().flows if one.name == "land_tax")
    said = " ".join(_texts(picture(flow, (), _words("vi")), small=False))
    assert "chờ: Cổng Dịch vụ công quốc gia: đã nộp tiền; Cơ quan thuế: xác nhận đã nộp" in said
    assert "sau: Nộp tiền theo từng thông báo" in said


def test_what_went_and_what_is_stuck_stand_on_the_arrow_of_their_leg() -> None:
    """Of a leg with a value, all values together."""
    (flow,) = (one for one in _routes().flows if one.name == "levels")
    today = [
        Today("levels.up_or_down[a]", "ioffice", "delivered", 3),
        Today("levels.up_or_down[b]", "ioffice", "delivered", 4),
        Today("levels.up_or_down[b]", "ioffice", "dead", 2),
    ]
    tree = etree.fromstring(picture(flow, today, _words("vi")))
    assert tree.xpath("string(//s:text[@class='count'])", namespaces=SVG) == "7"
    assert tree.xpath("string(//s:text[@class='stuck'])", namespaces=SVG) == "2 !"


def test_a_title_may_hold_what_svg_would_read_as_its_own() -> None:
    """Route files of an overlay are a person's text."""
    leg = '  [[flow.leg]]\n  name = "g"\n  title = "<i>"\n  on = "onestop.step"\n  expects = "onestop.step"\n'
    text = f'[[flow]]\nname = "f"\ntitle = "A <b> & \\"C\\""\n{leg}'
    (flow,) = read_routes([read(text, "f.toml")], operations={}, messages=MESSAGES).flows
    tree = etree.fromstring(picture(flow, (), _words("vi")))
    assert tree.get("aria-label") == 'A <b> & "C"'
    assert "<i>" in _texts(etree.tostring(tree, encoding="unicode"), small=False)
