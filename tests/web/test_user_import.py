"""Import and export of people as a browser sees them, with every kind of bad file."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import databases
from valija.accounts.models import Account, User
from valija.licensing import operations as licensing
from valija.licensing.models import ImportRow, License, UserImport
from valija.mail.models import Letter

pytestmark = [pytest.mark.database, pytest.mark.django_db]

GOOD = "E-mail,First name,Last name,Language,Plan\neva@aurora.example,Eva,Duarte,French,Pro\nBOB@Aurora.example,Bob,Castellanos,,\n"


@pytest.fixture
def browser(alice: User, signed_in: Callable[..., Client]) -> Client:
    """Alice, who reads English here."""
    User.objects.filter(pk=alice.pk).update(language="en")
    alice.refresh_from_db()
    return signed_in(alice)


def page(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def upload(browser: Client, text: str | bytes, name: str = "people.csv") -> UserImport:
    """A file is sent, and read by the worker."""
    content = text.encode() if isinstance(text, str) else text
    answer = browser.post("/users/import", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 302, page(answer)
    licensing.work_on_imports.call()
    return UserImport.objects.latest("id")


def applied(browser: Client, one: UserImport) -> UserImport:
    assert browser.post(f"/users/import/{one.pk}/apply").status_code == 302
    licensing.work_on_imports.call()
    one.refresh_from_db()
    return one


def reasons(one: UserImport) -> dict[int, str]:
    return dict(one.rows.filter(meaning="refused").values_list("line", "reason"))


def test_a_list_is_planned_and_applied_with_its_licenses(browser: Client, aurora: Account, buy: Any) -> None:
    buy(aurora, "pro", 1)
    one = upload(browser, GOOD)
    assert (one.state, one.total, one.created, one.same, one.refused) == ("planned", 2, 1, 1, 0)
    words = page(browser.get(f"/users/import/{one.pk}"))
    assert "Apply 1 row" in words
    assert not aurora.users.filter(email="eva@aurora.example").exists()
    one = applied(browser, one)
    eva = aurora.users.get(email="eva@aurora.example")
    assert (one.state, one.done, eva.language, eva.full_name) == ("finished", 1, "fr", "Eva Duarte")
    assert License.objects.get(holder=eva).plan.code == "pro"
    assert Letter.objects.filter(to=eva.email, kind="welcome").count() == 1
    assert not list((databases.home() / "files").glob("*"))


def test_the_same_file_twice_changes_nothing(browser: Client, aurora: Account, buy: Any) -> None:
    buy(aurora, "pro", 1)
    applied(browser, upload(browser, GOOD))
    one = upload(browser, GOOD)
    assert (one.created, one.changed, one.same, one.ready) == (0, 0, 2, 0)
    assert "There is nothing to change." in page(browser.get(f"/users/import/{one.pk}"))
    assert browser.post(f"/users/import/{one.pk}/apply").status_code == 409


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize(
    "headings", ["Correo,Nombre,Apellidos", "email,First Name,last_name", "E-MAIL,PRÉNOM,Nom"]
)
def test_however_it_is_written(
    headings: str, encoding: str, delimiter: str, browser: Client, aurora: Account
) -> None:
    text = f"{headings}\r\nines@aurora.example,Inés,Muñoz\r\n".replace(",", delimiter)
    one = upload(browser, text.encode(encoding))
    assert (one.state, one.created, one.delimiter) == ("planned", 1, delimiter)
    if encoding == "cp1252":
        assert "Windows-1252" in page(browser.get(f"/users/import/{one.pk}"))
    applied(browser, one)
    assert aurora.users.get(email="ines@aurora.example").full_name == "Inés Muñoz"


def test_what_is_wrong_is_told_line_by_line(browser: Client, mallory: User) -> None:
    one = upload(
        browser,
        "email,first name,mobile,role,plan\n"
        "a@aurora.example,A,,,,1,2,3\n"
        "nobody,B,,,\n"
        "b\u043eb@aurora.example,B,,,\n"
        "c@\u0430urora.example,C,,,\n"
        "d@aurora.example,,,,\n"
        "e@aurora.example,=HYPERLINK(1),,,\n"
        "f@aurora.example,F,12,,\n"
        "g@aurora.example,G,,emperor,\n"
        "h@aurora.example,H,,,Platinum\n"
        "mallory@borealis.example,M,,,\n"
        "i@mailinator.com,I,,,\n"
        "j@borealis.example,J,,,\n"
        "k@aurora.example,K,,,\n"
        "K@AURORA.example,K,,,\n"
        f"l@aurora.example,{'L' * 90},,,\n",
    )
    assert reasons(one) == {
        2: "too_many_columns", 3: "address_not_valid", 4: "address_not_valid", 5: "domain_not_approved", 6: "name_missing",
        7: "formula", 8: "mobile_not_valid", 9: "choice_not_valid", 10: "plan_not_known", 11: "address_taken",
        12: "throw_away_domain", 13: "domain_not_approved", 15: "twice_in_the_file", 16: "too_long",
    }  # fmt: skip
    words = page(browser.get(f"/users/import/{one.pk}?rows=refused"))
    assert "Begins like a formula of a spreadsheet" in words
    assert words.count("k@aurora.example") == 1
    assert "Apply the 1 good row" in words


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"PK\x03\x04" + b"\0" * 100, "not_a_csv"),
        (b"email,first name\na@aurora.example,A\0\n", "not_a_csv"),
        ("email,first name\n".encode("utf-16"), "not_a_csv"),
        (b"name,age\nA,3\n", "no_heading"),
        (b"\n\n", "no_heading"),
        (b"email,correo,first name\n", "heading_twice"),
        (
            b'email,first name\na@aurora.example,A\nb@aurora.example,"B\nc@aurora.example,C\n',
            "quotes_not_closed",
        ),
        (b'email,first name\na@aurora.example,"' + b"x" * 200_000 + b'"\n', "quotes_not_closed"),
    ],
)
def test_a_file_that_cannot_be_used(content: bytes, fault: str, browser: Client, aurora: Account) -> None:
    one = upload(browser, content)
    assert (one.state, one.fault) == ("unusable", fault)
    assert not ImportRow.objects.exists()
    assert "Nothing was changed." in page(browser.get(f"/users/import/{one.pk}"))
    assert browser.post(f"/users/import/{one.pk}/apply").status_code == 409
    assert aurora.users.count() == 4


def test_a_thousand_times_the_same(browser: Client) -> None:
    one = upload(browser, "email,first name\n" + "z@aurora.example,Z\n" * 1001)
    assert (one.created, one.refused) == (1, 1000)
    assert set(reasons(one).values()) == {"twice_in_the_file"}


def test_a_file_that_is_too_large_is_not_read_to_its_end(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(licensing, "MOST_BYTES", 100_000)
    answer = browser.post("/users/import", {"file": SimpleUploadedFile("big.csv", b"x" * 3_000_000)})
    assert answer.status_code in {403, 422}
    assert not UserImport.objects.exists()
    assert not list((databases.home() / "files").glob("*"))


def test_no_file_or_an_empty_one(browser: Client) -> None:
    assert browser.post("/users/import", {}).status_code == 422
    assert browser.post("/users/import", {"file": SimpleUploadedFile("a.csv", b"")}).status_code == 422
    assert not UserImport.objects.exists()


def test_the_template_is_an_import_that_changes_nothing(browser: Client) -> None:
    answer = browser.get("/users/import/template")
    one = upload(browser, answer.content)
    assert (one.state, one.total) == ("planned", 0)


def test_what_was_exported_is_imported_without_a_change(browser: Client, aurora: Account, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(first_name="Bob, the “first”", mobile="+34600123456")
    answer = browser.get("/users/export?as=csv")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert b"'+34600123456" in content
    one = upload(browser, content)
    assert (one.same, one.refused) == (4, 0), reasons(one)


def test_no_cell_is_a_formula(browser: Client, bob: User, tmp_path: Path) -> None:
    User.objects.filter(pk=bob.pk).update(first_name="=cmd|' /C calc'!A0", last_name="@SUM(1)")
    content = b"".join(browser.get("/users/export?as=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert ",=cmd" not in content
    assert "'=cmd" in content
    assert "'@SUM" in content
    book = b"".join(browser.get("/users/export?as=xlsx").streaming_content)  # type: ignore[attr-defined]
    assert book.startswith(b"PK")


def test_of_another_account_or_without_the_permission(
    browser: Client, bob: User, mallory: User, signed_in: Callable[..., Client]
) -> None:
    one = upload(browser, GOOD)
    stranger = signed_in(mallory)
    assert stranger.get(f"/users/import/{one.pk}").status_code == 404
    for act in ("apply", "discard", "buy"):
        assert stranger.post(f"/users/import/{one.pk}/{act}").status_code == 404
    colleague = signed_in(bob)
    for path in ("/users/import", f"/users/import/{one.pk}", "/users/import/template", "/users/export"):
        assert colleague.get(path).status_code == 403
