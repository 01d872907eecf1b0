"""Giving a license, changing it and taking it back: what is written, who may, and what is refused."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import translation

from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import NotPermitted
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import ActivationCode, License, Plan
from valija.mail.models import Letter
from valija.mail.rendering import render

pytestmark = [pytest.mark.database, pytest.mark.django_db]

Buy = Callable[[Account, str, int], object]
Plans = Callable[[str], Plan]


@pytest.fixture
def by(alice: User) -> Actor:
    return alice.as_actor(address="192.0.2.7", browser="Tests")


def last_entry() -> Entry:
    return Entry.objects.order_by("-id")[0]


def last_letter(user: User) -> Letter:
    return Letter.objects.filter(to=user.email).order_by("-id")[0]


def test_assigning_takes_one_from_the_pool(
    aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "pro", 2)
    license = licensing.assign_license(aurora, plan("pro"), bob, by=by)
    assert license.holder == bob
    assert license.assigned_at is not None
    assert aurora.licenses.available(plan("pro")).count() == 1


def test_assigning_is_in_the_journal(aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans) -> None:
    buy(aurora, "pro", 1)
    license = licensing.assign_license(aurora, plan("pro"), bob, by=by)
    entry = last_entry()
    assert (entry.event, entry.object_id, entry.subject_id) == (
        "license.assigned",
        str(license.pk),
        str(bob.pk),
    )
    assert (entry.account_id, entry.actor_id, entry.address) == (aurora.pk, by.id, "192.0.2.7")
    with translation.override("en"):
        assert entry.sentence == "bob@aurora.example was given a Pro license."


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("bob", "You have a Pro license from Clínica Aurora"),
        ("carol", None),
        ("dave", None),
    ],
)
def test_the_letter_is_in_the_language_of_its_reader(
    name: str, subject: str | None, aurora: Account, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    user = aurora.users.get(email=f"{name}@aurora.example")
    licensing.assign_license(aurora, plan("pro"), user, by=by)
    letter = last_letter(user)
    assert letter.language == user.language
    written = render(letter)
    assert "Alice Romero" in written.text
    assert "Pro" in written.subject
    assert "/activate#" in written.text
    if subject:
        assert written.subject == subject


def test_secrets_stand_in_no_subject_and_nowhere_in_clear(
    aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=by)
    letter = last_letter(bob)
    code = render(letter).links[0].partition("#")[2]
    assert code not in render(letter).subject
    stored = [
        *Letter.objects.values_list(),
        *Entry.objects.values_list(),
        *ActivationCode.objects.values_list(),
    ]
    assert code not in str(
        [[bytes(value) if isinstance(value, memoryview) else value for value in row] for row in stored]
    )


def test_modifying_gives_another_plan_and_returns_the_old_license(
    aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "eco", 1)
    buy(aurora, "pro", 1)
    old = licensing.assign_license(aurora, plan("eco"), bob, by=by)
    new = licensing.modify_license(aurora, plan("pro"), bob, by=by)
    assert (new.holder, new.plan) == (bob, plan("pro"))
    assert aurora.licenses.available().get() == old
    assert last_entry().event == "license.modified"
    assert last_entry().data["old_plan"] == "Eco"
    assert last_letter(bob).kind == "license_modified"


def test_withdrawing_returns_it_and_ends_its_activations(
    aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=by)
    code = render(last_letter(bob)).links[0].partition("#")[2]
    activated = licensing.activate_license(code, "laptop", by=Actor(kind="anyone", label="", through="api"))
    license = licensing.withdraw_license(aurora, bob, by=by)
    assert aurora.licenses.available().get() == license
    assert not license.activations.living().exists()
    with pytest.raises(licensing.ActivationEnded):
        licensing.find_activation(activated.token)
    assert last_entry().event == "license.withdrawn"
    assert last_letter(bob).kind == "license_withdrawn"
    assert Entry.objects.about(license.pk).count() == 4  # added, assigned, activated, withdrawn: all kept


def test_a_withdrawn_license_can_be_assigned_again_at_once(
    aurora: Account, bob: User, dave: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=by)
    freed = licensing.withdraw_license(aurora, bob, by=by)
    assert licensing.assign_license(aurora, plan("pro"), dave, by=by) == freed


def test_sending_again_ends_the_code_before(
    aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=by)
    first = render(last_letter(bob)).links[0].partition("#")[2]
    licensing.send_activation(aurora, bob, by=by)
    second = render(last_letter(bob)).links[0].partition("#")[2]
    assert first != second
    assert last_entry().event == "activation.sent"
    anyone = Actor(kind="anyone", label="", through="api")
    with pytest.raises(licensing.ActivationCodeReplaced):
        licensing.activate_license(first, "laptop", by=anyone)
    licensing.activate_license(second, "laptop", by=anyone)


# Refusals


def test_none_left_is_refused_and_writes_nothing(aurora: Account, bob: User, by: Actor, plan: Plans) -> None:
    before = Entry.objects.count(), Letter.objects.count()
    with pytest.raises(licensing.NoLicenseAvailable) as refused, translation.override("en"):
        licensing.assign_license(aurora, plan("pro"), bob, by=by)
    assert str(refused.value).startswith("No Pro license is left.") or "Pro" in str(refused.value)
    assert (Entry.objects.count(), Letter.objects.count()) == before


def test_who_took_the_last_one_a_moment_ago_is_named(
    aurora: Account, bob: User, dave: User, carol: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    User.objects.filter(pk=carol.pk).update(role="administrator")
    carol.refresh_from_db()
    licensing.assign_license(aurora, plan("pro"), bob, by=carol.as_actor())
    with pytest.raises(licensing.NoLicenseAvailable) as refused:
        licensing.assign_license(aurora, plan("pro"), dave, by=by)
    with translation.override("en"):
        assert (
            str(refused.value) == "No Pro license is left. Carol Iglesias assigned the last one a moment ago."
        )
    with pytest.raises(licensing.NoLicenseAvailable) as own:
        licensing.assign_license(aurora, plan("pro"), dave, by=carol.as_actor())
    with translation.override("en"):
        assert "Carol" not in str(own.value)
    Entry.objects.update(at=clock.now() - timedelta(hours=1))
    with pytest.raises(licensing.NoLicenseAvailable) as later:
        licensing.assign_license(aurora, plan("pro"), dave, by=by)
    assert "Carol" not in str(later.value)


def test_a_user_has_one_license_at_most(aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans) -> None:
    buy(aurora, "pro", 2)
    licensing.assign_license(aurora, plan("pro"), bob, by=by)
    for again in (licensing.assign_license, licensing.modify_license):
        with pytest.raises(licensing.AlreadyLicensed):
            again(aurora, plan("pro"), bob, by=by)
    assert License.objects.assigned().count() == 1


@pytest.mark.parametrize("kind", ["pro-shared", "pro-api"])
def test_a_person_gets_no_license_of_mailboxes_or_programs(
    kind: str, aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, kind, 1)
    buy(aurora, "eco", 1)
    with pytest.raises(licensing.WrongKindOfPlan):
        licensing.assign_license(aurora, plan(kind), bob, by=by)
    licensing.assign_license(aurora, plan("eco"), bob, by=by)
    with pytest.raises(licensing.WrongKindOfPlan):
        licensing.modify_license(aurora, plan(kind), bob, by=by)


def test_a_shared_mailbox_gets_a_shared_license(aurora: Account, by: Actor, buy: Buy, plan: Plans) -> None:
    buy(aurora, "pro-shared", 1)
    buy(aurora, "pro", 1)
    desk = licensing.add_user(
        aurora, "desk@aurora.example", by=by, first_name="Reception", kind=User.Kind.SHARED
    )
    with pytest.raises(licensing.WrongKindOfPlan):
        licensing.assign_license(aurora, plan("pro"), desk, by=by)
    assert licensing.assign_license(aurora, plan("pro-shared"), desk, by=by).holder == desk


def test_who_is_deactivated_gets_none(aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans) -> None:
    buy(aurora, "pro", 1)
    User.objects.filter(pk=bob.pk).update(deactivated_at=clock.now())
    with pytest.raises(licensing.UserNotActive):
        licensing.assign_license(aurora, plan("pro"), bob, by=by)


def test_nothing_to_modify_withdraw_or_send(aurora: Account, bob: User, by: Actor, plan: Plans) -> None:
    with pytest.raises(licensing.NotLicensed):
        licensing.modify_license(aurora, plan("pro"), bob, by=by)
    with pytest.raises(licensing.NotLicensed):
        licensing.withdraw_license(aurora, bob, by=by)
    with pytest.raises(licensing.NotLicensed):
        licensing.send_activation(aurora, bob, by=by)


def test_only_who_may_does_it(aurora: Account, bob: User, carol: User, buy: Buy, plan: Plans) -> None:
    buy(aurora, "pro", 1)
    for actor in (bob.as_actor(), carol.as_actor()):
        for forbidden in (
            lambda by=actor: licensing.assign_license(aurora, plan("pro"), bob, by=by),
            lambda by=actor: licensing.modify_license(aurora, plan("pro"), bob, by=by),
            lambda by=actor: licensing.withdraw_license(aurora, bob, by=by),
            lambda by=actor: licensing.send_activation(aurora, bob, by=by),
        ):
            with pytest.raises(NotPermitted):
                forbidden()


def test_accounts_do_not_touch_each_other(
    aurora: Account, borealis: Account, bob: User, mallory: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    with pytest.raises(NotPermitted):
        licensing.assign_license(aurora, plan("pro"), bob, by=mallory.as_actor())
    with pytest.raises(licensing.NotAUserOfThisAccount):
        licensing.assign_license(aurora, plan("pro"), mallory, by=by)
    with pytest.raises(licensing.NoLicenseAvailable):
        licensing.assign_license(borealis, plan("pro"), mallory, by=mallory.as_actor())
