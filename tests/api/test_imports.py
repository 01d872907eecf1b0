"""Imports by API."""

from tests.api.conftest import Program
from valija.accounts.models import Account, User
from valija.licensing import operations as licensing


def test_read_and_applied(payroll: Program, aurora: Account) -> None:
    text = "email,first name\neva@aurora.example,Eva\nnobody,N\n"
    answer = payroll.post("/imports", {"file_name": "people.csv", "content": text})
    assert (answer.status_code, answer.json()["state"]) == (201, "reading")
    here = f"/imports/{answer.json()['id']}"
    licensing.work_on_imports.call()
    told = payroll.get(here).json()
    assert (told["state"], told["created"], told["refused"]) == ("planned", 1, 1)
    [row] = payroll.get(f"{here}/rows?meaning=refused").json()["items"]
    assert (row["line"], row["reason"]) == (3, "address_not_valid")
    assert payroll.post(f"{here}/apply").json()["state"] == "running"
    licensing.work_on_imports.call()
    assert payroll.get(here).json()["done"] == 1
    assert aurora.users.filter(email="eva@aurora.example").exists()
    assert payroll.ask("delete", here).status_code == 409


def test_empty_of_another_account_and_without_the_scope(
    payroll: Program, alice: User, mallory: User, program: type[Program]
) -> None:
    answer = payroll.post("/imports", {"content": ""})
    assert (answer.status_code, answer.json()["code"]) == (422, "file_missing")
    here = f"/imports/{payroll.post('/imports', {'content': 'email'}).json()['id']}"
    assert program(mallory).get(here).status_code == 404
    assert program(alice, "user.see").post("/imports", {"content": "email"}).status_code == 403
    assert program(alice, "user.add").post("/imports", {"content": "email"}).status_code == 403
    assert payroll.ask("delete", here).status_code == 204
