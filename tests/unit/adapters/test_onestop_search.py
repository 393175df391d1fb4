"""The simulated one-stop's search: its ordered index shows what a plain sort of all rows would."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters._kit.simulator_shelf import Shelf
from adapters.onestop import simulator_search
from adapters.onestop.simulator_dossier import Dossier, row
from adapters.onestop.simulator_register import Register
from adapters.onestop.simulator_words import status_word

_CHANGES = st.lists(st.tuples(st.integers(1, 8), st.integers(0, 9)), max_size=30)


def _dossier(number: int) -> Dossier:
    facts: dict[str, Any] = {
        "id": f"{number:024x}",
        "code": f"H12-261125-{number:04}",
        "nationCode": f"G22.99-261125-{number:06}",
        "statusCurrentTask": status_word(1),
        "applicant": {"data": {"fullname": "Đỗ Thị Ấm"}},
    }
    return Dossier(facts=facts, number=facts["nationCode"], plan=())


def _stamp(second: int) -> str:
    return f"2026-11-25T08:00:{second:02}.000+07:00"


@settings(max_examples=60, deadline=None)
@given(
    changes=_CHANGES, since=st.integers(0, 9), size=st.integers(1, 5), way=st.sampled_from(["asc", "desc"])
)
def test_pages_from_the_index_are_those_of_a_plain_sort(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], since: int, size: int, way: str
) -> None:
    """Whatever changed in which order: all pages together are the rows since then; the last says so."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf") / "dossiers.jsonl")
    register = Register(shelf, seed=1, late=0.0)
    for number, second in changes:
        known = f"{number:024x}"
        if known not in register.by_id:
            register.add(_dossier(number))
        register.by_id[known].facts["updatedDate"] = _stamp(second)
        register.publish(register.by_id[known])
    shelf.close()
    plain = [row(each) for each in register.by_id.values() if each.facts["updatedDate"] >= _stamp(since)]
    plain.sort(key=lambda each: (each["updatedDate"], each["id"]), reverse=way == "desc")
    query = {"sort": f"updatedDate,{way}", "updated-from": _stamp(since), "size": str(size)}
    found: list[Any] = []
    for page in range(len(plain) // size + 1):
        answer = simulator_search.search(register, {**query, "page": str(page)})
        found += answer["content"]
        assert answer["last"] == (len(found) == len(plain))
        if answer["last"]:
            break
    assert found == plain


def test_a_number_finds_its_dossier_and_only_with_the_other_conditions(tmp_path: Path) -> None:
    """By the local or the national number; the row of the latest change; other parameters still count."""
    shelf = Shelf(tmp_path / "dossiers.jsonl")
    register = Register(shelf, seed=1, late=0.0)
    for number in (1, 2, 2):
        if f"{number:024x}" not in register.by_id:
            register.add(_dossier(number))
        dossier = register.by_id[f"{number:024x}"]
        dossier.facts["updatedDate"] = _stamp(len(register.by_id))
        register.publish(dossier)
    shelf.close()

    def found(**query: str) -> list[str]:
        named = {name.replace("_", "-"): value for name, value in query.items()}
        return [each["code"] for each in simulator_search.search(register, named)["content"]]

    assert found(code="H12-261125-0002") == ["H12-261125-0002"]
    assert found(nation_code="G22.99-261125-000001") == ["H12-261125-0001"]
    assert found(code="H12-261125-0002", nation_code="G22.99-261125-000001") == []
    assert found(code="H12-261125-0002", dossier_status="2") == []
    assert found(code="G22.99-261125-000001") == []
    assert found(code="H12-261125-0009") == []
