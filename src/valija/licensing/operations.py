"""What can be done with licenses: give one, change it, take it back, put it to work."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission, Role
from valija.core import clock, sql, tokens
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal, TooManyAttempts
from valija.domains import operations as domains
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing import catalogue, license_file
from valija.licensing.models import CODE_LASTS, Activation, ActivationCode, License, Plan, Price, SigningKey
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


# People


@transaction.atomic
def add_user(account: Account, email: str, *, by: Actor, plan: Plan | None = None, **details: Any) -> User:
    """Add a person to the account; the address must be of an approved or a public mail domain."""
    by.require(Permission.USER_ADD, account)
    domains.require_usable(account, accounts.normal_email(email))
    details.setdefault("role", Role.USER)
    user = accounts.write_user(account, email, by=by, **details)
    mail.write_letter(
        letters.WELCOME,
        user,
        link=f"{settings.URL}/",
        inviter=by.label.partition(" <")[0],
        account=account.name,
        email=user.email,
    )
    if plan is not None:
        assign_license(account, plan, user, by=by)
    return user


# Giving and taking


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


# Activation


class ActivationCodeWrong(InvalidInput):
    code = "activation_code_wrong"
    field = "code"
    sentence = _("This activation code does not exist. Compare it with the e-mail, letter by letter.")


class ActivationCodeUsed(Refusal):
    code = "activation_code_used"
    sentence = _("This activation code was already used. Ask your administrator to send you another one.")


class ActivationCodeExpired(Refusal):
    code = "activation_code_expired"
    sentence = _("This activation code has expired. Ask your administrator to send you another one.")


class LicenseWithdrawn(Refusal):
    code = "license_withdrawn"
    sentence = _(
        "The license of this code was withdrawn or replaced. Look for a newer e-mail, or ask your administrator."
    )


class TooManyDevices(Refusal):
    code = "too_many_devices"
    sentence = _("This license already works on %(devices)s devices. End it on one of them first.")


class ActivationEnded(Refusal):
    code = "activation_ended"
    status = 401
    sentence = _("This device is no longer activated. Activate it again with a new code.")


class Activated(NamedTuple):
    """What a client receives when it activates."""

    activation: Activation
    token: str
    license_file: dict[str, Any]
    keys: dict[str, Any]


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
    ActivationCode.objects.create(license=license, user=user, digest=_code_digest(code), expires_at=expires)
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


def _code_digest(code: str) -> str:
    return tokens.digest(tokens.normal_code(code), "activation code")


@transaction.atomic
def activate_license(code: str, device: str, *, by: Actor) -> Activated:
    """Put a license to work on a device, with the code of the letter. Needs no sign-in: the code is the proof."""
    _throttle(by.address)
    # The license before the code: withdrawing takes them in this order too.
    found = ActivationCode.objects.filter(digest=_code_digest(code)).first()
    if found is None:
        _count_attempt(by.address)
        raise ActivationCodeWrong
    license = sql.locked(
        License.objects.select_related("plan", "account", "subscription"), pk=found.license_id
    )
    found.refresh_from_db()
    _require_usable(found, license)
    living = license.activations.living().count()
    if living >= license.plan.allows.devices:
        raise TooManyDevices(devices=living)

    found.used_at = clock.now()
    found.save(update_fields=["used_at"])
    token = tokens.new_token()
    activation = Activation.objects.create(
        account=license.account,
        license=license,
        user=found.user,
        device=device.strip()[:80] or "-",
        token_digest=tokens.digest(token, "activation"),
    )
    as_holder = found.user.as_actor(
        through=by.through, address=by.address, browser=by.browser, request_id=by.request_id
    )
    journal.record(
        Event.LICENSE_ACTIVATED, by=as_holder, about=license, subject_id=found.user_id, user=found.user.email,
        plan=license.plan.name, device=activation.device,
    )  # fmt: skip
    return Activated(activation, token, license_file.license_file(activation, current_key()), keys())


def _require_usable(code: ActivationCode, license: License) -> None:
    if code.withdrawn_at or license.holder_id != code.user_id or license.expires_at <= clock.now():
        raise LicenseWithdrawn
    if code.used_at:
        raise ActivationCodeUsed
    if code.expires_at <= clock.now():
        raise ActivationCodeExpired


def _throttle(address: str) -> None:
    if cache.get(f"activation-attempts:{address}", 0) >= 20:
        raise TooManyAttempts(minutes=15)


def _count_attempt(address: str) -> None:
    cache.add(f"activation-attempts:{address}", 0, timedelta(minutes=15).total_seconds())
    cache.incr(f"activation-attempts:{address}")


def find_activation(token: str) -> Activation:
    """The living activation whose device carries this token.

    Raises:
        ActivationEnded: there is none: ended, withdrawn or never made.
    """
    found = (
        Activation.objects.living()
        .select_related("license__plan", "license__account", "license__subscription", "user")
        .filter(token_digest=tokens.digest(token, "activation"))
        .first()
    )
    if found is None or found.license.expires_at <= clock.now():
        raise ActivationEnded
    return found


def renew_license_file(activation: Activation) -> tuple[dict[str, Any], dict[str, Any]]:
    """A fresh license file for a device that is online, and the keys that verify it."""
    Activation.objects.filter(pk=activation.pk).update(last_seen_at=clock.now())
    return license_file.license_file(activation, current_key()), keys()


@transaction.atomic
def deactivate_license(activation: Activation, *, by: Actor) -> None:
    """End a license's work on one device; the license stays with its holder."""
    if Activation.objects.filter(pk=activation.pk, ended_at=None).update(ended_at=clock.now()):
        journal.record(
            Event.LICENSE_DEACTIVATED, by=by, about=activation.license, subject_id=activation.user_id,
            user=activation.user.email, device=activation.device,
        )  # fmt: skip


def current_key() -> SigningKey:
    """The key that signs license files now; made when the first one is needed."""
    newest = SigningKey.objects.filter(retired_at=None).order_by("-created_at").first()
    if newest is None:
        newest = license_file.new_signing_key()
        newest.save(force_insert=True)
    return newest


def keys() -> dict[str, Any]:
    """Every public key that a license file may be verified with."""
    return license_file.public_keys(list(SigningKey.objects.order_by("created_at")))


@transaction.atomic
def install_catalogue() -> None:
    """Fill an empty catalogue with the plans that are shipped."""
    if Plan.objects.exists():
        return
    plans = Plan.objects.bulk_create(catalogue.plan_rows())
    Price.objects.bulk_create(catalogue.price_rows(plans))
