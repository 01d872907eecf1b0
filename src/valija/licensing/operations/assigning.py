"""Giving licenses and taking them back."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.core import clock, sql, tokens
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import CODE_LASTS, ActivationCode, License, LicenseRule, Plan, RuleException
from valija.licensing.operations.ending import end_at_renewal, keep
from valija.licensing.takers import last_taker
from valija.mail import letters
from valija.mail import operations as mail
from valija.mail.letters import Kind


class NotAUserOfThisAccount(Refusal):
    code = "not_a_user_of_this_account"
    status = 404
    sentence = _("There is no such user in this account.")


class UserNotActive(Refusal):
    code = "user_not_active"
    sentence = _("%(user)s is deactivated and cannot be given a license.")


class NoLicenseAvailable(Refusal):
    code = "no_license_available"
    sentence = _("No %(plan)s license is left. Buy more, or withdraw one that is no longer needed.")


class LastLicenseTaken(NoLicenseAvailable):
    """The same, a moment after somebody else assigned the last one: it helps to know whom to ask."""

    sentence = _("No %(plan)s license is left. %(taker)s assigned the last one a moment ago.")


class WrongKindOfPlan(Refusal):
    code = "wrong_kind_of_plan"
    sentence = _(
        "A %(plan)s license does not fit %(user)s: people, shared mailboxes and programs have plans of their own."
    )


class AlreadyLicensed(Refusal):
    code = "already_licensed"
    sentence = _("%(user)s already has a %(plan)s license.")


class NotLicensed(Refusal):
    code = "not_licensed"
    sentence = _("%(user)s has no license.")


@transaction.atomic
def assign_license(account: Account, plan: Plan, user: User, *, by: Actor) -> License:
    """Give `user` a free license of `plan`."""
    by.require(Permission.LICENSE_ASSIGN, account)
    user = locked_user(account, user)
    held = License.objects.filter(holder=user).select_related("plan").first()
    if held is not None:
        raise AlreadyLicensed(user=user.full_name, plan=held.plan.name)

    license = _take_available(account, plan, user, by)
    license.give_to(user)
    RuleException.objects.filter(user=user).delete()

    journal.record(
        Event.LICENSE_ASSIGNED,
        by=by,
        about=license,
        subject_id=user.pk,
        plan=plan.name,
        user=user.email,
        license=license.pk,
    )
    send_code(letters.LICENSE_ASSIGNED, license, user, giver=name_of(by), account=account.name)
    return license


@transaction.atomic
def modify_license(account: Account, plan: Plan, user: User, *, by: Actor) -> License:
    """Give `user` a license of another plan from the pool; the old one returns to it."""
    return _modified(account, plan, user, by)[0]


@transaction.atomic
def modify_license_and_end_the_old(account: Account, plan: Plan, user: User, *, by: Actor) -> License:
    """The same, and the old license ends at the renewal, so that nobody pays for a forgotten one."""
    by.require(Permission.LICENSE_REMOVE, account)
    new, old = _modified(account, plan, user, by)
    end_at_renewal([old], by=by)
    return new


def _modified(account: Account, plan: Plan, user: User, by: Actor) -> tuple[License, License]:
    by.require(Permission.LICENSE_ASSIGN, account)
    user = locked_user(account, user)
    old = held_by(user)
    if old.plan_id == plan.pk:
        raise AlreadyLicensed(user=user.full_name, plan=plan.name)
    new = _take_available(account, plan, user, by)
    old_plan = old.plan.name
    release(old)
    new.give_to(user)
    journal.record(Event.LICENSE_RETURNED, by=by, about=old, user=user.email, plan=old_plan, license=old.pk)
    journal.record(
        Event.LICENSE_MODIFIED, by=by, about=new, subject_id=user.pk, user=user.email, old_plan=old_plan, plan=plan.name,
        license=new.pk, old_license=old.pk,
    )  # fmt: skip
    send_code(letters.LICENSE_MODIFIED, new, user, giver=name_of(by), old_plan=old_plan)
    return new, old


@transaction.atomic
def withdraw_license(account: Account, user: User, *, by: Actor) -> License:
    """Take a user's license back into the pool; its activations end, the journal stays."""
    by.require(Permission.LICENSE_ASSIGN, account)
    user = locked_user(account, user, active=False)
    license = held_by(user)
    release(license)
    except_from_rules(account, [user])
    journal.record(
        Event.LICENSE_WITHDRAWN,
        by=by,
        about=license,
        subject_id=user.pk,
        user=user.email,
        plan=license.plan.name,
        license=license.pk,
    )
    mail.write_letter(letters.LICENSE_WITHDRAWN, user, taker=name_of(by), plan=license.plan.name)
    return license


def except_from_rules(account: Account, users: Iterable[User]) -> None:
    """A rule must not give back at once what a person has just taken by hand."""
    if LicenseRule.objects.on().filter(account=account).exists():
        exceptions = [RuleException(account=account, user=user) for user in users]
        RuleException.objects.bulk_create(exceptions, ignore_conflicts=True, batch_size=500)


def locked_user(account: Account, user: User, *, active: bool = True) -> User:
    """The user as he is now, held: two administrators may give him a license at once."""
    if user.account_id != account.pk:
        raise NotAUserOfThisAccount
    user = sql.locked(User.objects.all(), pk=user.pk)
    if active and not user.is_active:
        raise UserNotActive(user=user.full_name)
    return user


def _take_available(account: Account, plan: Plan, user: User, by: Actor) -> License:
    """A license from the pool that nobody else holds: two administrators may want the last one."""
    if plan.kind != user.kind:
        raise WrongKindOfPlan(plan=plan.name, user=user.full_name)
    pool = account.licenses.available(plan).select_related("plan", "subscription")
    # What is meant to end is given last: where it is needed after all, it is kept.
    license = pool.filter(to_end_since=None).locked_first() or pool.locked_first()
    if license is None:
        taker = last_taker(account, plan, by)
        raise LastLicenseTaken(plan=plan.name, taker=taker) if taker else NoLicenseAvailable(plan=plan.name)
    if license.to_end_since is not None:
        keep([license], by=by)
    return license


def held_by(user: User) -> License:
    """The license a user has, held: another act may be about to end it or to make it another."""
    held = License.objects.filter(holder=user).select_related("plan", "subscription")
    found = held.select_for_update(of=("self",)).first()
    if found is None:
        raise NotLicensed(user=user.full_name)
    return found


def release(license: License) -> None:
    """Back to nobody: its activations end, its codes work no more, its rows and its journal stay."""
    stop(license)
    license.take_back()


def stop(license: License) -> None:
    """End a license's work on every device, and the codes that wait."""
    now = clock.now()
    license.activations.living().update(ended_at=now)
    license.codes.waiting().update(withdrawn_at=now)


def name_of(actor: Actor) -> str:
    return actor.label.partition(" <")[0]


@transaction.atomic
def send_activation(account: Account, user: User, *, by: Actor) -> None:
    """Send a user the activation of his license again; the code sent before ends."""
    by.require(Permission.LICENSE_ASSIGN, account)
    user = locked_user(account, user)
    license = held_by(user)
    license.codes.waiting().update(replaced_at=clock.now())
    send_code(letters.LICENSE_ASSIGNED, license, user, giver=name_of(by), account=account.name)
    journal.record(
        Event.ACTIVATION_SENT,
        by=by,
        about=license,
        subject_id=user.pk,
        user=user.email,
        plan=license.plan.name,
    )


def send_code(kind: Kind, license: License, user: User, **data: Any) -> None:
    code = tokens.new_code()
    expires = clock.now() + CODE_LASTS
    ActivationCode.objects.create(license=license, user=user, digest=code_digest(code), expires_at=expires)
    secrets = {"link": f"{settings.URL}/activate#{code}", "code": code}
    mail.write_letter(
        kind,
        user,
        secrets=secrets,
        plan=license.plan.name,
        expires=license.expires_at,
        code_expires=expires,
        **data,
    )


def code_digest(code: str) -> str:
    return tokens.digest(tokens.normal_code(code), "activation code")
