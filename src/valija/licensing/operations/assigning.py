"""Giving licenses and taking them back."""

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
from valija.licensing.models import CODE_LASTS, ActivationCode, License, Plan
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
    user = _locked_user(account, user)
    held = License.objects.filter(holder=user).select_related("plan").first()
    if held is not None:
        raise AlreadyLicensed(user=user.full_name, plan=held.plan.name)

    license = _take_available(account, plan, user, by)
    license.give_to(user)

    journal.record(
        Event.LICENSE_ASSIGNED,
        by=by,
        about=license,
        subject_id=user.pk,
        plan=plan.name,
        user=user.email,
        license=license.pk,
    )
    _send_code(letters.LICENSE_ASSIGNED, license, user, giver=_name(by), account=account.name)
    return license


@transaction.atomic
def modify_license(account: Account, plan: Plan, user: User, *, by: Actor) -> License:
    """Give `user` a license of another plan from the pool; the old one returns to it."""
    by.require(Permission.LICENSE_ASSIGN, account)
    user = _locked_user(account, user)
    old = _held_by(user)
    if old.plan_id == plan.pk:
        raise AlreadyLicensed(user=user.full_name, plan=plan.name)
    new = _take_available(account, plan, user, by)
    old_plan = old.plan.name
    _release(old)
    new.give_to(user)
    journal.record(
        Event.LICENSE_MODIFIED, by=by, about=new, subject_id=user.pk, user=user.email, old_plan=old_plan, plan=plan.name,
        license=new.pk, old_license=old.pk,
    )  # fmt: skip
    _send_code(letters.LICENSE_MODIFIED, new, user, giver=_name(by), old_plan=old_plan)
    return new


@transaction.atomic
def withdraw_license(account: Account, user: User, *, by: Actor) -> License:
    """Take a user's license back into the pool; its activations end, the journal stays."""
    by.require(Permission.LICENSE_ASSIGN, account)
    user = _locked_user(account, user, active=False)
    license = _held_by(user)
    _release(license)
    journal.record(
        Event.LICENSE_WITHDRAWN,
        by=by,
        about=license,
        subject_id=user.pk,
        user=user.email,
        plan=license.plan.name,
        license=license.pk,
    )
    mail.write_letter(letters.LICENSE_WITHDRAWN, user, taker=_name(by), plan=license.plan.name)
    return license


def _locked_user(account: Account, user: User, *, active: bool = True) -> User:
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
    license = account.licenses.available(plan).locked_first()
    if license is None:
        taker = last_taker(account, plan, by)
        raise LastLicenseTaken(plan=plan.name, taker=taker) if taker else NoLicenseAvailable(plan=plan.name)
    return license


def _held_by(user: User) -> License:
    held = License.objects.filter(holder=user).select_related("plan", "subscription").first()
    if held is None:
        raise NotLicensed(user=user.full_name)
    return held


def _release(license: License) -> None:
    now = clock.now()
    license.activations.filter(ended_at=None).update(ended_at=now)
    license.codes.filter(used_at=None, withdrawn_at=None).update(withdrawn_at=now)
    license.take_back()


def _name(by: Actor) -> str:
    return by.label.partition(" <")[0]


@transaction.atomic
def send_activation(account: Account, user: User, *, by: Actor) -> None:
    """Send a user the activation of his license again; the code sent before ends."""
    by.require(Permission.LICENSE_ASSIGN, account)
    user = _locked_user(account, user)
    license = _held_by(user)
    license.codes.filter(used_at=None, withdrawn_at=None).update(withdrawn_at=clock.now())
    _send_code(letters.LICENSE_ASSIGNED, license, user, giver=_name(by), account=account.name)
    journal.record(
        Event.ACTIVATION_SENT,
        by=by,
        about=license,
        subject_id=user.pk,
        user=user.email,
        plan=license.plan.name,
    )


def _send_code(kind: Kind, license: License, user: User, **data: Any) -> None:
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
