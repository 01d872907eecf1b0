"""Licenses given to and taken from many people of an account in one go: few statements, however many there are."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings

from valija.accounts.models import Account, User
from valija.core import clock, sql, tokens
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import (
    CODE_LASTS,
    Activation,
    ActivationCode,
    License,
    LicenseRule,
    Plan,
    RuleException,
)
from valija.licensing.operations.assigning import code_digest, name_of
from valija.licensing.operations.ending import keep
from valija.mail import letters
from valija.mail import operations as mail
from valija.mail.letters import Kind

Held = tuple[User, License]


def locked_users(account: Account, keys: Collection[UUID]) -> list[User]:
    """The users as they are now, held in the order of their keys, so that two who want the same do not wait in a ring."""
    users = list(account.users.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",)))
    for user in users:
        user.account = account
    return users


def licenses_of(users: Collection[User]) -> dict[UUID, License]:
    """What each of them holds."""
    held = License.objects.filter(holder__in=[user.pk for user in users])
    return {
        license.holder_id: license
        for license in held.select_related("plan", "subscription")
        if license.holder_id
    }


def give_licenses(
    account: Account, plan: Plan, users: Sequence[User], *, by: Actor, rule: LicenseRule | None = None
) -> list[Held]:
    """A free license for each, as far as they reach. The caller holds the users and knows that they have none.

    A license that a rule gives is the rule's to take back.
    """
    free = _take_available(account, plan, len(users), by)
    given = list(zip(users, free, strict=False))
    now = clock.now()
    for user, license in given:
        license.holder, license.assigned_at = user, now
    sql.update_each(
        License, [(license.pk, user.pk, now) for user, license in given], ("holder", "assigned_at")
    )
    if rule is None:  # by hand: whoever was excepted from the rules is no longer
        RuleException.objects.filter(user__in=[user.pk for user, _license in given]).delete()
    else:
        License.objects.filter(pk__in=[license.pk for _user, license in given]).update(given_by=rule)
    said = {"rule": rule.in_words} if rule else {}
    journal.record_many(
        Event.LICENSE_ASSIGNED,
        (
            (license, user.pk, {"plan": plan.name, "user": user.email, "license": license.pk, **said})
            for user, license in given
        ),
        by=by,
        account_id=account.pk,
    )
    about = {"giver": name_of(by), "account": account.name}
    send_codes(letters.LICENSE_ASSIGNED, given, about)
    return given


def _take_available(account: Account, plan: Plan, number: int, by: Actor) -> list[License]:
    """Free rows that nobody else holds; those that are meant to end are given last, and kept."""
    pool = account.licenses.available(plan).select_related("subscription")
    found = sql.locked_some(pool.filter(to_end_since=None), number)
    if len(found) < number:
        ending = sql.locked_some(pool.exclude(to_end_since=None), number - len(found))
        for subscription in {license.subscription_id for license in ending}:
            keep([license for license in ending if license.subscription_id == subscription], by=by)
        found += ending
    for license in found:
        license.plan = plan
    return found


def take_licenses(account: Account, held: Sequence[Held], *, by: Actor) -> None:
    """Back into the pool; activations end, the journal stays. The caller holds the users."""
    if not held:
        return
    now, keys = clock.now(), [license.pk for _user, license in held]
    Activation.objects.living().filter(license__in=keys).update(ended_at=now)
    ActivationCode.objects.waiting().filter(license__in=keys).update(withdrawn_at=now)
    License.objects.filter(pk__in=keys).update(holder=None, assigned_at=None, given_by=None)
    journal.record_many(
        Event.LICENSE_WITHDRAWN,
        (
            (license, user.pk, {"plan": license.plan.name, "user": user.email, "license": license.pk})
            for user, license in held
        ),
        by=by,
        account_id=account.pk,
    )


def tell_withdrawn(held: Sequence[Held], *, by: Actor) -> None:
    """The letter about a license that was taken back."""
    taker = name_of(by)
    told: list[mail.Written] = [
        (user, "", None, {"taker": taker, "plan": license.plan.name}) for user, license in held
    ]
    mail.write_letters(letters.LICENSE_WITHDRAWN, told)


def send_codes(kind: Kind, held: Sequence[Held], about: dict[str, Any]) -> None:
    """A fresh activation code to each, for the license he holds."""
    expires = clock.now() + CODE_LASTS
    codes, told = [], list[mail.Written]()
    for user, license in held:
        code = tokens.new_code()
        codes.append(ActivationCode(license=license, user=user, digest=code_digest(code), expires_at=expires))
        secrets = {"link": f"{settings.URL}/activate#{code}", "code": code}
        data = {"plan": license.plan.name, "expires": license.expires_at, "code_expires": expires, **about}
        told.append((user, "", secrets, data))
    ActivationCode.objects.bulk_create(codes, batch_size=500)
    mail.write_letters(kind, told)


def send_activations(account: Account, held: Sequence[Held], *, by: Actor) -> None:
    """The activation of each one's license again; the codes sent before end."""
    keys = [license.pk for _user, license in held]
    ActivationCode.objects.waiting().filter(license__in=keys).update(replaced_at=clock.now())
    about = {"giver": name_of(by), "account": account.name}
    send_codes(letters.LICENSE_ASSIGNED, held, about)
    journal.record_many(
        Event.ACTIVATION_SENT,
        ((license, user.pk, {"plan": license.plan.name, "user": user.email}) for user, license in held),
        by=by,
        account_id=account.pk,
    )
