"""Putting a license to work on a device."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.core import clock, sql, tokens
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal, TooManyAttempts
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing import license_file
from valija.licensing.models import Activation, ActivationCode, License
from valija.licensing.operations.assigning import code_digest
from valija.licensing.operations.devices import TooManyDevices, end_chosen
from valija.licensing.operations.signing_keys import current_keys


class ActivationCodeWrong(InvalidInput):
    code = "activation_code_wrong"
    field = "code"
    sentence = _("This activation code does not exist. Compare it with the e-mail, letter by letter.")


class ActivationCodeUsed(Refusal):
    code = "activation_code_used"
    sentence = _("This activation code was already used. Ask your administrator to send you another one.")


class ActivationCodeReplaced(Refusal):
    code = "activation_code_replaced"
    sentence = _("A newer activation code was sent after this one. Use the code of the latest e-mail.")


class ActivationCodeExpired(Refusal):
    code = "activation_code_expired"
    sentence = _("This activation code has expired. Ask your administrator to send you another one.")


class LicenseWithdrawn(Refusal):
    code = "license_withdrawn"
    sentence = _(
        "The license of this code was withdrawn or replaced. Look for a newer e-mail, or ask your administrator."
    )


class LicenseExpired(Refusal):
    code = "license_expired"
    sentence = _("The license expired on %(day)s. Once your administrator renews it, it works again.")


class LicenseSuspended(Refusal):
    code = "license_suspended"
    sentence = _(
        "The license is suspended because its renewal was not paid. Nothing was deleted: once it is paid, it works again."
    )


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
def activate_license(code: str, device: str, *, by: Actor, instead_of: str = "") -> Activated:
    """Put a license to work on a device, with the code of the letter. Needs no sign-in: the code is the proof.

    Where it works on as many devices as it may, `instead_of` names the one to let go, as `TooManyDevices` listed it.
    """
    _throttle(by.address)
    # The license before the code: withdrawing takes them in this order too.
    found = ActivationCode.objects.select_related("user").filter(digest=code_digest(code)).first()
    if found is None:
        _count_attempt(by.address)
        raise ActivationCodeWrong
    license = sql.locked(
        License.objects.select_related("plan", "account", "subscription"), pk=found.license_id
    )
    found.refresh_from_db(fields=["used_at", "replaced_at", "withdrawn_at"])
    _require_usable(found, license)
    as_holder = found.user.as_actor(
        through=by.through, address=by.address, browser=by.browser, request_id=by.request_id
    )
    _make_room(license, instead_of, as_holder)

    found.used_at = clock.now()
    found.save(update_fields=["used_at"])
    token = tokens.new_token()
    activation = Activation.objects.create(
        account=license.account, license=license, user=found.user, device=device.strip()[:80] or "-",
        token_digest=tokens.digest(token, "activation"),
    )  # fmt: skip
    journal.record(
        Event.LICENSE_ACTIVATED, by=as_holder, about=license, subject_id=found.user_id, user=found.user.email,
        plan=license.plan.name, device=activation.device,
    )  # fmt: skip
    known = current_keys()
    return Activated(activation, token, license_file.license_file(activation, known.signer), known.published)


def _require_usable(code: ActivationCode, license: License) -> None:
    if code.withdrawn_at or license.holder_id != code.user_id:
        raise LicenseWithdrawn
    if code.used_at:
        raise ActivationCodeUsed
    if code.replaced_at:
        raise ActivationCodeReplaced
    if code.expires_at <= clock.now():
        raise ActivationCodeExpired
    require_working(license)


def require_working(license: License) -> None:
    """Refuse where the license itself has stopped, for everybody: unpaid or past its end."""
    if license.is_suspended:
        raise LicenseSuspended
    if license.works_until <= clock.now():
        raise LicenseExpired(day=license.renews_on)


def _make_room(license: License, instead_of: str, by: Actor) -> None:
    living = list(license.activations.living().select_related("license", "user").order_by("id"))
    if len(living) < license.devices:
        return  # perhaps the device that was to go is gone already
    living = end_chosen(living, instead_of, by=by)
    if len(living) >= license.devices:
        raise TooManyDevices(devices=len(living), activations=living)


def _throttle(address: str) -> None:
    if cache.get(f"activation-attempts:{address}", 0) >= 20:
        raise TooManyAttempts(minutes=15)


def _count_attempt(address: str) -> None:
    cache.add(f"activation-attempts:{address}", 0, timedelta(minutes=15).total_seconds())
    cache.incr(f"activation-attempts:{address}")


NOTED_AFTER = timedelta(minutes=5)


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
    if found is None:
        raise ActivationEnded
    return found


def renew_license_file(activation: Activation) -> tuple[dict[str, Any], dict[str, Any]]:
    """A fresh license file for a device that is online, and the keys that verify it.

    Raises:
        LicenseSuspended: its renewal was not paid.
        LicenseExpired: it has run out.
    """
    require_working(activation.license)
    now = clock.now()
    if now - activation.last_seen_at > NOTED_AFTER:  # a device that asks every minute writes nothing
        Activation.objects.filter(pk=activation.pk).update(last_seen_at=now)
    known = current_keys()
    return license_file.license_file(activation, known.signer), known.published
