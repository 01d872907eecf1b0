"""The same for many people: planned, applied in the background, undone where it can be."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import Role
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import NotPermitted
from valija.domains import operations as domains
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import BulkAct, License, Plan
from valija.licensing.operations import bulk_batches, working
from valija.mail.models import Letter
from valija.mail.rendering import render
from valija.server.demo import OPERATOR

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def fill(account: Account, number: int) -> None:
    User.objects.bulk_create(
        User(
            account=account, email=f"person{n:05}@aurora.example", first_name=f"Person{n}", sort_name=f"person{n}",
        )
        for n in range(number)
    )  # fmt: skip


def done(bulk: BulkAct, by: User) -> BulkAct:
    """Applied, and done by the worker."""
    licensing.apply_bulk_act(bulk, by=by.as_actor())
    licensing.work_due.call()
    bulk.refresh_from_db()
    return bulk


def undone(bulk: BulkAct, by: User) -> BulkAct:
    licensing.undo_bulk_act(bulk, by=by.as_actor())
    licensing.work_due.call()
    bulk.refresh_from_db()
    return bulk


def people(account: Account) -> Any:
    return account.users.filter(email__startswith="person")


def test_a_plan_changes_nothing_and_says_who_is_left_out(
    aurora: Account, alice: User, bob: User, dave: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    buy(aurora, "pro", 2)
    by = alice.as_actor()
    licensing.assign_license(aurora, plan("pro"), bob, by=by)
    licensing.deactivate_user(aurora, dave, by=by)
    lines, letters = Entry.objects.count(), Letter.objects.count()
    bulk = licensing.plan_bulk_act(aurora, "assign", aurora.users.all(), plan=plan("pro"), by=by)
    assert (bulk.total, bulk.ready, bulk.refused, bulk.state) == (4, 2, 2, "planned")
    assert set(bulk.rows.values_list("user__first_name", "reason")) == {
        ("Alice", ""), ("Carol", ""), ("Bob", "already_licensed"), ("Dave", "user_not_active"),
    }  # fmt: skip
    assert (Entry.objects.count(), Letter.objects.count()) == (lines, letters)


def test_many_are_given_licenses_each_with_line_letter_and_code(
    aurora: Account, alice: User, buy: Any, plan: Callable[[str], Plan], monkeypatch: Any
) -> None:
    monkeypatch.setattr(bulk_batches, "BATCH", 7)
    fill(aurora, 30)
    buy(aurora, "pro", 20)
    bulk = licensing.plan_bulk_act(aurora, "assign", people(aurora), plan=plan("pro"), by=alice.as_actor())
    bulk = done(bulk, alice)
    assert (bulk.state, bulk.done, bulk.failed) == ("finished", 20, 10)
    assert License.objects.assigned().values("holder").distinct().count() == 20
    assert Entry.objects.filter(event="license.assigned").count() == 20
    assert set(bulk.rows.filter(state="failed").values_list("reason", flat=True)) == {"no_license_available"}
    letter = Letter.objects.filter(kind="license_assigned").first()
    assert letter is not None
    code = render(letter).links[0].partition("#")[2]
    anyone = Actor(kind="anyone", label="")
    assert licensing.activate_license(code, "device", by=anyone).activation.user.email == letter.to


def test_undone_those_who_were_changed_since_stay(
    aurora: Account, alice: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    fill(aurora, 5)
    buy(aurora, "pro", 5)
    buy(aurora, "eco", 1)
    by = alice.as_actor()
    bulk = done(licensing.plan_bulk_act(aurora, "assign", people(aurora), plan=plan("pro"), by=by), alice)
    first = people(aurora).order_by("email").first()
    licensing.modify_license(aurora, plan("eco"), first, by=by)
    bulk = undone(bulk, alice)
    assert (bulk.state, bulk.undone, bulk.kept) == ("undone", 4, 1)
    assert [license.plan.code for license in License.objects.assigned()] == ["eco"]
    assert licensing.undo_bulk_act(bulk, by=by).undone == 4  # pressed twice


def test_withdrawn_and_given_back(
    aurora: Account, alice: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    fill(aurora, 4)
    buy(aurora, "pro", 3)
    by = alice.as_actor()
    done(licensing.plan_bulk_act(aurora, "assign", people(aurora), plan=plan("pro"), by=by), alice)
    bulk = licensing.plan_bulk_act(aurora, "withdraw", people(aurora), by=by)
    assert (bulk.ready, bulk.refused) == (3, 1)
    bulk = done(bulk, alice)
    assert not License.objects.assigned().exists()
    assert Letter.objects.filter(kind="license_withdrawn").count() == 3
    bulk = undone(bulk, alice)
    assert (bulk.undone, License.objects.assigned().count()) == (3, 3)


def test_deactivated_and_restored(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    buy(aurora, "pro", 1)
    by = alice.as_actor()
    licensing.assign_license(aurora, plan("pro"), bob, by=by)
    bulk = licensing.plan_bulk_act(aurora, "deactivate", aurora.users.all(), by=by)
    assert (bulk.ready, bulk.rows.get(reason="not_oneself").user) == (3, alice)
    bulk = done(bulk, alice)
    assert list(aurora.users.active()) == [alice]
    assert License.objects.available().count() == 1
    bulk = undone(bulk, alice)
    assert (bulk.undone, aurora.users.active().count()) == (3, 4)


def test_an_administrator_remains(aurora: Account, alice: User, bob: User, mallory: User) -> None:
    accounts.change_user(bob, by=alice.as_actor(), role=Role.ADMINISTRATOR)
    token, _secret = accounts.create_token(aurora, "Payroll", ["user.deactivate"], by=alice.as_actor())
    program = token.as_actor()
    bulk = licensing.plan_bulk_act(aurora, "deactivate", aurora.users.all(), by=program)
    licensing.apply_bulk_act(bulk, by=program)
    licensing.work_due.call()
    assert aurora.users.administrators().count() == 1
    assert bulk.rows.get(state="failed").reason == "last_administrator"


def test_activations_are_sent_again(
    aurora: Account, alice: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    fill(aurora, 3)
    buy(aurora, "pro", 3)
    by = alice.as_actor()
    done(licensing.plan_bulk_act(aurora, "assign", people(aurora), plan=plan("pro"), by=by), alice)
    bulk = done(licensing.plan_bulk_act(aurora, "send_activation", aurora.users.all(), by=by), alice)
    assert (bulk.done, bulk.refused) == (3, 4)
    assert Letter.objects.filter(kind="license_assigned").count() == 6
    assert Entry.objects.filter(event="activation.sent").count() == 3
    with pytest.raises(licensing.CannotBeUndone):
        licensing.undo_bulk_act(bulk, by=by)


def test_a_worker_that_is_killed_loses_nothing_and_repeats_nothing(
    aurora: Account, alice: User, buy: Any, plan: Callable[[str], Plan], monkeypatch: Any
) -> None:
    monkeypatch.setattr(bulk_batches, "BATCH", 4)
    fill(aurora, 10)
    buy(aurora, "pro", 10)
    bulk = licensing.plan_bulk_act(aurora, "assign", people(aurora), plan=plan("pro"), by=alice.as_actor())
    licensing.apply_bulk_act(bulk, by=alice.as_actor())
    assert working.claim(BulkAct) == bulk
    assert bulk_batches.batch_done(bulk.pk)  # and then it dies
    assert working.claim(BulkAct) is None
    with clock.at(clock.now() + timedelta(minutes=1)):
        licensing.work_due.call()
    bulk.refresh_from_db()
    assert (bulk.state, bulk.done) == ("finished", 10)
    assert Letter.objects.filter(kind="license_assigned").count() == 10


def test_whoever_lost_the_permission_meanwhile_is_not_obeyed(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    fill(aurora, 3)
    buy(aurora, "pro", 3)
    accounts.change_user(bob, by=alice.as_actor(), role=Role.ADMINISTRATOR)
    bob.refresh_from_db()
    bulk = licensing.plan_bulk_act(aurora, "assign", people(aurora), plan=plan("pro"), by=bob.as_actor())
    licensing.apply_bulk_act(bulk, by=bob.as_actor())
    accounts.change_user(bob, by=alice.as_actor(), role=Role.USER)
    licensing.work_due.call()
    bulk.refresh_from_db()
    assert bulk.state == "stopped"
    assert not License.objects.assigned().exists()


def test_undone_only_for_a_while_and_applied_once(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    buy(aurora, "pro", 1)
    by = alice.as_actor()
    bulk = licensing.plan_bulk_act(aurora, "assign", aurora.users.filter(pk=bob.pk), plan=plan("pro"), by=by)
    bulk = done(bulk, alice)
    assert licensing.apply_bulk_act(bulk, by=by).state == "finished"
    with clock.at(clock.now() + timedelta(days=8)), pytest.raises(licensing.CannotBeUndone):
        licensing.undo_bulk_act(bulk, by=by)
    with pytest.raises(licensing.WorkNotPlanned):
        licensing.discard_bulk_act(bulk, by=by)


def test_nobody_chosen_nothing_to_do_and_nonsense(
    aurora: Account, alice: User, plan: Callable[[str], Plan]
) -> None:
    by = alice.as_actor()
    with pytest.raises(licensing.NobodyChosen):
        licensing.plan_bulk_act(aurora, "withdraw", aurora.users.none(), by=by)
    with pytest.raises(accounts.ChoiceNotValid):
        licensing.plan_bulk_act(aurora, "assign", aurora.users.all(), by=by)
    bulk = licensing.plan_bulk_act(aurora, "withdraw", aurora.users.all(), by=by)
    with pytest.raises(licensing.WorkNotPlanned):
        licensing.apply_bulk_act(bulk, by=by)


def test_who_may_not(
    aurora: Account, bob: User, carol: User, mallory: User, plan: Callable[[str], Plan]
) -> None:
    for somebody in (bob, carol, mallory):
        for act, given in (("assign", plan("pro")), ("withdraw", None), ("deactivate", None)):
            with pytest.raises(NotPermitted):
                licensing.plan_bulk_act(aurora, act, aurora.users.all(), plan=given, by=somebody.as_actor())


# A whole domain


@pytest.fixture
def second(aurora: Account) -> Account:
    """Aurora has proved another domain."""
    domains.approve_domain(domains.claim_domain(aurora, "aurora-norte.example", by=OPERATOR), by=OPERATOR)
    return aurora


def test_a_domain_moves_with_its_people(
    second: Account, alice: User, bob: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    buy(second, "pro", 1)
    by = alice.as_actor()
    license = licensing.assign_license(second, plan("pro"), bob, by=by)
    licensing.add_user(second, "dave@aurora-norte.example", by=by, first_name="Another Dave")
    bulk = licensing.plan_domain_move(second, "Aurora.example", "aurora-norte.example", by=by)
    assert (bulk.total, bulk.ready, bulk.refused) == (4, 3, 1)
    assert bulk.rows.get(reason="address_taken").user.email == "dave@aurora.example"
    bulk = done(bulk, alice)
    bob.refresh_from_db()
    assert bob.email == "bob@aurora-norte.example"
    assert License.objects.get(holder=bob).pk == license.pk
    for mailbox in ("bob@aurora.example", "bob@aurora-norte.example"):
        assert Letter.objects.filter(kind="address_changed", to=mailbox).count() == 1
    assert Entry.objects.filter(event="address.changed").count() == 3
    bulk = undone(bulk, alice)
    bob.refresh_from_db()
    assert (bulk.undone, bob.email) == (3, "bob@aurora.example")


def test_only_to_a_domain_of_ones_own(aurora: Account, alice: User) -> None:
    for new in ("borealis.example", "gmail.com", "aurora.example", "mailinator.com"):
        with pytest.raises(domains.DomainNotApproved):
            licensing.plan_domain_move(aurora, "aurora.example", new, by=alice.as_actor())
