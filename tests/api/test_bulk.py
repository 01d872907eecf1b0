"""Acts on many users by API."""

from typing import Any, cast

from tests.api.conftest import Program
from tests.licensing.test_bulk import fill
from valija.accounts.models import Account, User
from valija.licensing import operations as licensing


def test_planned_applied_and_undone(payroll: Program, aurora: Account, buy: Any) -> None:
    fill(aurora, 5)
    buy(aurora, "pro", 3)
    answer = payroll.post("/bulk-acts", {"act": "assign", "plan": "pro", "search": {"q": "person"}})
    told = answer.json()
    assert (answer.status_code, told["state"], told["ready"]) == (201, "planned", 5)
    assert told["lacks"][0]["missing"] == 2
    assert told["total_to_buy"] > 0
    here = f"/bulk-acts/{told['id']}"
    assert payroll.post(f"{here}/apply").json()["state"] == "running"
    licensing.work_due.call()
    told = payroll.get(here).json()
    assert (told["state"], told["done"], told["failed"]) == ("finished", 3, 2)
    rows = payroll.get(f"{here}/rows?state=failed").json()["items"]
    assert {row["reason"] for row in rows} == {"no_license_available"}
    assert payroll.post(f"{here}/undo").json()["state"] == "undoing"
    licensing.work_due.call()
    assert payroll.get("/bulk-acts").json()["items"][0]["undone"] == 3


def test_by_id_and_discarded(payroll: Program, bob: User, mallory: User) -> None:
    answer = payroll.post("/bulk-acts", {"act": "deactivate", "users": [str(bob.pk), str(mallory.pk)]})
    assert answer.json()["total"] == 1
    assert payroll.ask("delete", f"/bulk-acts/{answer.json()['id']}").status_code == 204
    for wrong in cast(list[dict[str, Any]], [{"users": []}, {"users": ["x"]}, {"users": [str(mallory.pk)]}]):
        answer = payroll.post("/bulk-acts", {"act": "deactivate", **wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "nobody_chosen")


def test_each_act_needs_its_scope(alice: User, bob: User, program: type[Program]) -> None:
    some = program(alice, "user.see")
    for sent in ({"act": "withdraw"}, {"act": "deactivate"}, {"act": "assign", "plan": "pro"}):
        assert some.post("/bulk-acts", {**sent, "users": [str(bob.pk)]}).status_code == 403


def test_of_another_account(payroll: Program, bob: User, mallory: User) -> None:
    answer = payroll.post("/bulk-acts", {"act": "deactivate", "users": [str(bob.pk)]})
    here = f"/bulk-acts/{answer.json()['id']}"
    stranger = Program(mallory)
    assert stranger.get(here).status_code == 404
    assert stranger.get(f"{here}/rows").status_code == 404
    assert stranger.post(f"{here}/apply").status_code == 404


def test_a_domain_moves_only_to_ones_own(payroll: Program) -> None:
    answer = payroll.post("/domain-moves", {"old_domain": "aurora.example", "new_domain": "borealis.example"})
    assert (answer.status_code, answer.json()["code"]) == (409, "domain_not_approved")
