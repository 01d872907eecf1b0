"""Changing people: details and role, address, deactivated and restored, deleted for good."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from valija.accounts import operations as accounts
from valija.accounts.models import Account, ApiToken, SignIn, User
from valija.accounts.permissions import Role
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import NotPermitted
from valija.domains import operations as domains
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import License
from valija.mail.models import Letter
from valija.mail.rendering import render

pytestmark = [pytest.mark.database, pytest.mark.django_db]

ANYONE = Actor(kind="anyone", label="", address="192.0.2.7")


def token_of(email: str) -> str:
    letter = Letter.objects.filter(kind="address_to_confirm", to=email).order_by("-id").first()
    assert letter is not None
    return render(letter).links[0].partition("token=")[2]


# Details and role


def test_every_field_is_changed_and_the_journal_names_them(alice: User, bob: User) -> None:
    details = {
        "first_name": "Roberto", "last_name": "Castellanos Gil", "mobile": "600 123 456", "sms_country": "ES",
        "time_zone": "Atlantic/Canary", "date_format": "Y-m-d", "language": "es",
    }  # fmt: skip
    user = accounts.change_user(bob, by=alice.as_actor(), **details)
    user.refresh_from_db()
    assert (user.full_name, user.mobile, user.sort_name) == (
        "Roberto Castellanos Gil", "+34600123456", "roberto castellanos gil",
    )  # fmt: skip
    assert (user.time_zone, user.date_format, user.language) == ("Atlantic/Canary", "Y-m-d", "es")
    [entry] = Entry.objects.filter(event="user.changed")
    assert (entry.actor_id, entry.object_id) == (str(alice.pk), str(bob.pk))
    with override("en"):
        assert "Mobile" in entry.sentence


def test_nothing_changed_tells_nothing(alice: User, bob: User) -> None:
    accounts.change_user(bob, by=alice.as_actor(), first_name=bob.first_name, role=bob.role)
    assert not Entry.objects.filter(event__startswith="user.changed").exists()


def test_a_role_is_given_and_effective_at_once(alice: User, bob: User) -> None:
    user = accounts.change_user(bob, by=alice.as_actor(), role=Role.ADMINISTRATOR)
    assert user.permissions == alice.permissions
    with override("en"):
        assert "from User to Administrator" in Entry.objects.get(event="user.role_changed").sentence


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"first_name": " "}, accounts.NameMissing),
        ({"mobile": "12"}, Exception),
        ({"time_zone": "Mars/Olympus"}, accounts.ChoiceNotValid),
        ({"language": "xx"}, accounts.ChoiceNotValid),
        ({"role": "emperor"}, accounts.ChoiceNotValid),
        ({"role": "provider"}, accounts.ChoiceNotValid),
        ({"email": "bob@elsewhere.example"}, accounts.ChoiceNotValid),
        ({"account_id": "x"}, accounts.ChoiceNotValid),
    ],
)
def test_what_cannot_be_used_changes_nothing(
    wrong: dict[str, str], refusal: type[Exception], alice: User, bob: User
) -> None:
    with pytest.raises(refusal):
        accounts.change_user(bob, by=alice.as_actor(), **{"last_name": "New", **wrong})
    bob.refresh_from_db()
    assert bob.last_name == "Castellanos"


def test_the_last_administrator_stays_one(aurora: Account, alice: User, bob: User) -> None:
    by = alice.as_actor()
    with pytest.raises(accounts.LastAdministrator, match="Alice Romero"):
        accounts.change_user(alice, by=by, role=Role.USER)
    accounts.change_user(bob, by=by, role=Role.ADMINISTRATOR)
    accounts.change_user(alice, by=by, role=Role.USER)
    bob.refresh_from_db()
    licensing.deactivate_user(aurora, alice, by=bob.as_actor())
    with pytest.raises(accounts.LastAdministrator):
        accounts.change_user(bob, by=bob.as_actor(), role=Role.BILLING)


def test_nobody_gives_more_than_he_has(alice: User, bob: User, carol: User) -> None:
    some = Actor(
        kind="user", id=str(carol.pk), label="Carol", account_id=carol.account_id,
        permissions=frozenset({"user.change", "account.page"}),
    )  # fmt: skip
    accounts.change_user(bob, by=some, first_name="Robert")
    for role in (Role.ADMINISTRATOR, Role.BILLING):
        with pytest.raises(accounts.RoleAboveOwn):
            accounts.change_user(bob, by=some, role=role)
    with pytest.raises(accounts.RoleAboveOwn):
        accounts.change_user(alice, by=some, role=Role.USER)


def test_who_may_not_change_anybody(bob: User, carol: User, dave: User, mallory: User) -> None:
    for somebody in (bob, carol, mallory):
        with pytest.raises(NotPermitted):
            accounts.change_user(dave, by=somebody.as_actor(), first_name="X")


# Another address


def test_an_address_changes_once_it_is_confirmed(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Any
) -> None:
    buy(aurora, "pro", 1)
    license = licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    domains.request_address_change(bob, " Robert@Aurora.example ", by=alice.as_actor())
    bob.refresh_from_db()
    assert bob.email == "bob@aurora.example"
    told = render(Letter.objects.get(kind="address_change_requested", to="bob@aurora.example"))
    assert "robert@aurora.example" in told.text

    token = token_of("robert@aurora.example")
    domains.confirm_address_change(token, by=ANYONE)
    bob.refresh_from_db()
    assert bob.email == "robert@aurora.example"
    assert License.objects.get(holder=bob).pk == license.pk
    assert Entry.objects.concerning(bob.pk).filter(event="license.assigned").exists()
    assert Letter.objects.filter(kind="address_changed", to="bob@aurora.example").exists()
    entry = Entry.objects.get(event="address.changed")
    assert (entry.data["user"], entry.data["email"]) == ("bob@aurora.example", "robert@aurora.example")

    domains.confirm_address_change(token, by=ANYONE)  # pressed twice
    assert Entry.objects.filter(event="address.changed").count() == 1


def test_a_sign_in_asked_for_before_ends_with_the_address(alice: User, bob: User) -> None:
    accounts.request_sign_in(bob.email, by=ANYONE)
    domains.request_address_change(bob, "robert@aurora.example", by=alice.as_actor())
    domains.confirm_address_change(token_of("robert@aurora.example"), by=ANYONE)
    assert not SignIn.objects.open().exists()
    accounts.request_sign_in("robert@aurora.example", by=ANYONE)
    assert SignIn.objects.open().get().user == bob


def test_a_second_request_and_a_cancellation_end_the_first(alice: User, bob: User) -> None:
    by = alice.as_actor()
    domains.request_address_change(bob, "one@aurora.example", by=by)
    domains.request_address_change(bob, "two@aurora.example", by=by)
    with pytest.raises(domains.AddressLinkNotValid):
        domains.confirm_address_change(token_of("one@aurora.example"), by=ANYONE)
    domains.cancel_address_change(bob, by=by)
    with pytest.raises(domains.AddressLinkNotValid):
        domains.confirm_address_change(token_of("two@aurora.example"), by=ANYONE)
    assert Entry.objects.filter(event="address_change.canceled").count() == 1


def test_a_link_expires(alice: User, bob: User) -> None:
    domains.request_address_change(bob, "robert@aurora.example", by=alice.as_actor())
    token = token_of("robert@aurora.example")
    with clock.at(clock.now() + timedelta(days=8)), pytest.raises(domains.AddressLinkNotValid):
        domains.confirm_address_change(token, by=ANYONE)


def test_taken_meanwhile_or_its_domain_removed(aurora: Account, alice: User, bob: User) -> None:
    by = alice.as_actor()
    domains.request_address_change(bob, "robert@aurora.example", by=by)
    licensing.add_user(aurora, "robert@aurora.example", by=by, first_name="Robert")
    with pytest.raises(accounts.AddressTaken):
        domains.confirm_address_change(token_of("robert@aurora.example"), by=ANYONE)
    domains.request_address_change(bob, "bob@gmail.com", by=by)
    assert domains.confirm_address_change(token_of("bob@gmail.com"), by=ANYONE).user.email == "bob@gmail.com"


@pytest.mark.parametrize(
    ("email", "refusal"),
    [
        ("bob@borealis.example", domains.DomainNotApproved),
        ("bob@mailinator.com", domains.ThrowAwayDomain),
        ("bob", accounts.AddressNotValid),
        ("b\u043eb@aurora.example", accounts.AddressNotValid),  # a Cyrillic o
        ("bob@\u0430urora.example", domains.DomainNotApproved),  # a Cyrillic a
        ("dave@aurora.example", accounts.AddressTaken),
        ("BOB@AURORA.EXAMPLE", domains.AddressUnchanged),
    ],
)
def test_addresses_that_nobody_can_get(email: str, refusal: type[Exception], alice: User, bob: User) -> None:
    with pytest.raises(refusal):
        domains.request_address_change(bob, email, by=alice.as_actor())
    assert not Letter.objects.filter(kind="address_to_confirm").exists()


# Deactivated and restored


def test_access_and_license_go_and_everything_else_stays(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Any, signed_in: Callable[..., Client]
) -> None:
    buy(aurora, "pro", 1)
    accounts.change_user(bob, by=alice.as_actor(), role=Role.ADMINISTRATOR)
    bob.refresh_from_db()
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    browser = signed_in(bob)
    token, _secret = accounts.create_token(aurora, "Payroll", ["user.see"], by=bob.as_actor())
    accounts.request_sign_in(bob.email, by=ANYONE)
    assert browser.get("/account").status_code == 200

    licensing.deactivate_user(aurora, bob, by=alice.as_actor())

    assert browser.get("/account").status_code == 302
    assert not bob.sessions.exists()
    assert not SignIn.objects.open().exists()
    assert not ApiToken.objects.valid().filter(pk=token.pk).exists()
    assert License.objects.available().count() == 1
    assert aurora.users.filter(pk=bob.pk).exists()
    assert Letter.objects.filter(kind="user_deactivated", to=bob.email).count() == 1
    assert Entry.objects.filter(event="license.withdrawn", subject_id=bob.pk).count() == 1
    with pytest.raises(licensing.UserIsDeactivated):
        licensing.deactivate_user(aurora, bob, by=alice.as_actor())

    licensing.restore_user(aurora, bob, by=alice.as_actor())
    bob.refresh_from_db()
    assert bob.is_active
    assert ApiToken.objects.valid().filter(pk=token.pk).exists()
    assert Letter.objects.filter(kind="user_restored", to=bob.email).count() == 1
    with pytest.raises(licensing.UserIsActive):
        licensing.restore_user(aurora, bob, by=alice.as_actor())


def test_nobody_removes_himself_or_the_last_administrator(
    aurora: Account, alice: User, bob: User, dave: User
) -> None:
    for act in (licensing.deactivate_user, licensing.delete_user):
        with pytest.raises(licensing.NotOneself):
            act(aurora, alice, by=alice.as_actor())
    helper = Actor(
        kind="user", id=str(bob.pk), label="Bob", account_id=aurora.pk, permissions=alice.permissions
    )
    for act in (licensing.deactivate_user, licensing.delete_user):
        with pytest.raises(accounts.LastAdministrator):
            act(aurora, alice, by=helper)
    assert alice.account.users.administrators().count() == 1


# Deleted for good


def test_a_deleted_person_is_gone_from_every_table(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Any, signed_in: Callable[..., Client]
) -> None:
    buy(aurora, "pro", 1)
    by = alice.as_actor()
    licensing.assign_license(aurora, plan("pro"), bob, by=by)
    code = render(Letter.objects.get(kind="license_assigned")).links[0].partition("#")[2]
    activated = licensing.activate_license(code, "Bob's laptop", by=ANYONE)
    accounts.request_sign_in(bob.email, by=ANYONE)
    domains.request_address_change(bob, "robert@aurora.example", by=by)
    browser = signed_in(bob)

    licensing.delete_user(aurora, bob, by=by)

    assert browser.get("/account").status_code == 302
    assert not User.objects.filter(pk=bob.pk).exists()
    assert not aurora.users.filter(email="bob@aurora.example").exists()
    assert not Letter.objects.filter(to="bob@aurora.example").exists()
    assert not SignIn.objects.filter(email="bob@aurora.example").exists()
    assert License.objects.available().count() == 1
    activated.activation.refresh_from_db()
    assert (activated.activation.device, activated.activation.ended_at is None) == ("", False)
    left = User._base_manager.get(pk=bob.pk)
    assert (left.full_name, left.mobile, left.is_active) == ("", "", False)
    assert "bob" not in left.email
    assert Entry.objects.filter(event="user.deleted", object_id=bob.pk).exists()
    # The address is free again.
    licensing.add_user(aurora, "bob@aurora.example", by=by, first_name="Bob")


def test_who_may_not_remove_anybody(
    aurora: Account, bob: User, carol: User, dave: User, mallory: User
) -> None:
    for somebody in (bob, carol, mallory):
        for act in (licensing.deactivate_user, licensing.restore_user, licensing.delete_user):
            with pytest.raises(NotPermitted):
                act(aurora, dave, by=somebody.as_actor())
    with pytest.raises(licensing.NotAUserOfThisAccount):
        licensing.delete_user(mallory.account, dave, by=mallory.as_actor())
