"""Users by API: changed, another address, deactivated, restored, deleted."""

from tests.api.conftest import Program
from valija.accounts.models import User
from valija.accounts.permissions import Role


def test_a_user_is_changed(payroll: Program, bob: User) -> None:
    answer = payroll.ask(
        "patch", f"/users/{bob.pk}", {"last_name": "Gil", "role": "billing", "language": "fr"}
    )
    assert answer.status_code == 200
    told = answer.json()
    assert (told["last_name"], told["role"], told["language"]) == ("Gil", "billing", "fr")
    assert told["first_name"] == "Bob"


def test_the_last_administrator(payroll: Program, alice: User) -> None:
    answer = payroll.ask("patch", f"/users/{alice.pk}", {"role": "user"})
    assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    answer = payroll.post(f"/users/{alice.pk}/deactivate")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")


def test_a_program_gives_no_role_above_its_own(alice: User, bob: User, program: type[Program]) -> None:
    some = program(alice, "user.change")
    answer = some.ask("patch", f"/users/{bob.pk}", {"role": "administrator"})
    assert (answer.status_code, answer.json()["code"]) == (403, "role_above_own")
    bob.refresh_from_db()
    assert bob.role == Role.USER


def test_an_address_waits_for_its_confirmation(payroll: Program, bob: User) -> None:
    answer = payroll.ask("put", f"/users/{bob.pk}/address", {"email": "robert@aurora.example"})
    assert answer.status_code == 200
    assert (answer.json()["email"], answer.json()["new_email"]) == (
        "bob@aurora.example",
        "robert@aurora.example",
    )
    assert payroll.ask("delete", f"/users/{bob.pk}/address").status_code == 204
    assert payroll.get(f"/users/{bob.pk}").json()["new_email"] is None


def test_deactivated_restored_and_deleted(payroll: Program, bob: User) -> None:
    assert payroll.post(f"/users/{bob.pk}/deactivate").json()["active"] is False
    assert payroll.post(f"/users/{bob.pk}/deactivate").status_code == 409
    assert payroll.post(f"/users/{bob.pk}/restore").json()["active"] is True
    assert payroll.ask("delete", f"/users/{bob.pk}").status_code == 204
    assert payroll.get(f"/users/{bob.pk}").status_code == 404
    assert payroll.ask("delete", f"/users/{bob.pk}").status_code == 404


def test_of_another_account(payroll: Program, mallory: User) -> None:
    for method, path, body in (
        ("patch", "", {"last_name": "X"}), ("put", "/address", {"email": "x@aurora.example"}), ("delete", "/address", None),
        ("post", "/deactivate", {}), ("post", "/restore", {}), ("delete", "", None),
    ):  # fmt: skip
        assert payroll.ask(method, f"/users/{mallory.pk}{path}", body).status_code == 404


def test_each_act_has_its_scope(alice: User, bob: User, program: type[Program]) -> None:
    some = program(alice, "user.see")
    for method, path, body in (
        ("patch", "", {"last_name": "X"}), ("put", "/address", {"email": "x@aurora.example"}), ("delete", "/address", None),
        ("post", "/deactivate", {}), ("post", "/restore", {}), ("delete", "", None),
    ):  # fmt: skip
        answer = some.ask(method, f"/users/{bob.pk}{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
