"""Adding people: whose address may be added, what is asked of them, who may do it."""

from typing import Any

import pytest

from valija.accounts import mobile
from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import Role
from valija.core.errors import NotPermitted
from valija.domains import operations as domains
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import License
from valija.mail.models import Letter
from valija.mail.rendering import render

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def add(account: Account, by: User, email: str = "elena@aurora.example", **details: Any) -> User:
    return licensing.add_user(account, email, by=by.as_actor(), **{"first_name": "Elena", **details})


def test_a_person_is_added(aurora: Account, alice: User) -> None:
    user = add(
        aurora, alice, "  Elena@Aurora.example ", last_name="Ruiz", language="fr", mobile="600 123 456"
    )
    assert (user.email, user.full_name, user.sort_name) == (
        "elena@aurora.example",
        "Elena Ruiz",
        "elena ruiz",
    )
    assert (user.mobile, user.role, user.time_zone) == ("+34600123456", Role.USER, aurora.time_zone)
    assert Entry.objects.get(event="user.added", object_id=str(user.pk)).actor_id == str(alice.pk)


def test_the_welcome_is_in_the_language_of_its_reader(aurora: Account, alice: User) -> None:
    add(aurora, alice, language="en")
    letter = Letter.objects.get(to="elena@aurora.example")
    assert render(letter).subject == "Alice Romero has added you to Clínica Aurora"
    assert letter.secrets is None


def test_a_person_is_added_with_a_license(aurora: Account, alice: User, buy: Any, plan: Any) -> None:
    buy(aurora, "pro", 1)
    user = add(aurora, alice, plan=plan("pro"))
    assert License.objects.get(holder=user).plan.code == "pro"
    assert [letter.kind for letter in Letter.objects.filter(to=user.email).order_by("id")] == [
        "welcome",
        "license_assigned",
    ]


def test_without_a_license_left_nobody_is_added(aurora: Account, alice: User, plan: Any) -> None:
    with pytest.raises(licensing.NoLicenseAvailable):
        add(aurora, alice, plan=plan("pro"))
    assert not User.objects.filter(first_name="Elena").exists()
    assert not Letter.objects.filter(to="elena@aurora.example").exists()


def test_a_public_mail_domain_needs_no_approval(aurora: Account, alice: User) -> None:
    assert add(aurora, alice, "elena.ruiz@gmail.com").account == aurora


def test_a_domain_that_is_not_approved(aurora: Account, alice: User) -> None:
    for address in ("elena@aurora-norte.example", "elena@borealis.example"):
        with pytest.raises(domains.DomainNotApproved):
            add(aurora, alice, address)


def test_a_throw_away_address(aurora: Account, alice: User) -> None:
    with pytest.raises(domains.ThrowAwayDomain):
        add(aurora, alice, "elena@mailinator.com")


@pytest.mark.parametrize("email", ["bob@aurora.example", "BOB@Aurora.Example"])
def test_an_address_already_used(email: str, aurora: Account, alice: User) -> None:
    with pytest.raises(accounts.AddressTaken):
        add(aurora, alice, email)


@pytest.mark.parametrize(
    "email", ["", "elena", "elena@", "elena@aurora", "a b@aurora.example", "elena@@aurora.example"]
)
def test_what_is_no_address(email: str, aurora: Account, alice: User) -> None:
    with pytest.raises(accounts.AddressNotValid):
        add(aurora, alice, email)


@pytest.mark.parametrize(
    ("details", "refusal"),
    [
        ({"first_name": "  "}, accounts.NameMissing),
        ({"mobile": "12"}, mobile.MobileNotValid),
        ({"mobile": "call me"}, mobile.MobileNotValid),
        ({"language": "de"}, accounts.ChoiceNotValid),
        ({"time_zone": "Mars/Olympus"}, accounts.ChoiceNotValid),
        ({"date_format": "d.m."}, accounts.ChoiceNotValid),
        ({"role": "king"}, accounts.ChoiceNotValid),
        ({"role": Role.PROVIDER}, accounts.ChoiceNotValid),
        ({"kind": "robot"}, accounts.ChoiceNotValid),
        ({"sms_country": "XX"}, accounts.ChoiceNotValid),
    ],
)
def test_details_that_cannot_be_used(
    details: dict[str, str], refusal: type[Exception], aurora: Account, alice: User
) -> None:
    with pytest.raises(refusal):
        add(aurora, alice, **details)


def test_only_an_administrator_adds_people(aurora: Account, bob: User, carol: User, mallory: User) -> None:
    for somebody in (bob, carol, mallory):
        with pytest.raises(NotPermitted):
            add(aurora, somebody)
