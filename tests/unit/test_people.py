"""Who may do what, and what proves who somebody is."""

import msgspec
import pytest

from bus.people import RIGHTS, ROLES, Person, faults, form_token, hashed, is_right, new_secret

PASSWORD = "đèn trời soi xét cho"


def test_a_password_is_known_again_and_no_other_is() -> None:
    """The hash is argon2id with a salt: the same password has another hash, and both are right."""
    person = Person("binh", "Bình", "operator", hashed(PASSWORD))
    assert person.password.startswith("$argon2id$")
    assert person.password != hashed(PASSWORD)
    assert is_right(person, PASSWORD)
    assert not is_right(person, PASSWORD + "!")


def test_nobody_and_whoever_was_taken_out_are_not_let_in() -> None:
    """An unknown name is compared with something all the same, so that it takes as long."""
    person = Person("binh", "Bình", "operator", hashed(PASSWORD))
    assert not is_right(None, PASSWORD)
    assert not is_right(msgspec.structs.replace(person, is_active=False), PASSWORD)
    assert not is_right(msgspec.structs.replace(person, password="no hash"), PASSWORD)


@pytest.mark.parametrize(
    ("login", "password", "wrong"),
    [
        ("binh", PASSWORD, 0),
        ("Bình Trần", PASSWORD, 1),
        ("binh", "ngắn", 1),
        ("binh", "binh-binh-binh", 1),
        ("B", "b", 2),
    ],
)
def test_everything_that_is_wrong_is_told_at_once(login: str, password: str, wrong: int) -> None:
    """A name of small letters; a password of twelve characters that is not the name."""
    assert len(faults(login, password)) == wrong


def test_every_role_sees_and_only_some_may_more() -> None:
    """Whoever may do anything may see; revealing and letting in are few people's."""
    assert all("see" in RIGHTS[role] for role in ROLES)
    assert [role for role in ROLES if "people" in RIGHTS[role]] == ["integrator"]
    assert "reveal" not in RIGHTS["operator"]


def test_a_session_s_form_tells_nothing_of_its_secret() -> None:
    """The token in a page is not what signs in, and another session has another."""
    one, other = new_secret(), new_secret()
    assert one != other
    assert one not in form_token(one)
    assert form_token(one) != form_token(other)
