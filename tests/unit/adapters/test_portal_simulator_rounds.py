"""Rounds of supplement at the simulated portal, as a province tells them that looks seldom."""

from typing import Any

from adapters.national_portal.simulator_dossier import Dossier, answer, open_supplements, sync

NOW = "20261125080000"


def asked(*rounds: str, answered: tuple[str, ...] = ()) -> dict[str, Any]:
    """A record that asks for supplements."""
    listed = [{"HoSoBoSungId": one, "TrangThaiBoSung": one in answered} for one in rounds]
    return {"MaHoSo": "G22.99-261125-000001", "TrangThaiHoSo": "5", "DanhSachHoSoBoSung": listed}


def test_a_round_that_follows_another_without_the_work_between_is_a_round() -> None:
    """Status 5, then 5 again with another request in the list: the citizen is asked once more."""
    first, _ = sync(Dossier({"MaHoSo": "x"}, NOW), asked("1"), NOW)
    given = answer(first, {"1": {"HoSoBoSungId": "1"}}, NOW)
    assert (given.asked, given.answered) == (1, 1)
    second, effect = sync(given, asked("1", "2", answered=("1",)), NOW)
    assert (effect, second.asked, second.answered) == ("applied", 2, 1)
    assert [one["HoSoBoSungId"] for one in open_supplements(second)] == ["2"]


def test_a_record_that_is_told_again_asks_for_nothing_new() -> None:
    """An echo, or an answer taken in, opens no round."""
    first, _ = sync(Dossier({"MaHoSo": "x"}, NOW), asked("1"), NOW)
    again, effect = sync(first, asked("1"), NOW)
    taken, _ = sync(answer(again, {"1": {"HoSoBoSungId": "1"}}, NOW), asked("1", answered=("1",)), NOW)
    assert (effect, again.asked, taken.asked, taken.answered) == ("echo", 1, 1, 1)
