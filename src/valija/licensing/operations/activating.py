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
from valija.licensing.operations.signing_keys import current_key, keys


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
def activate_license(code: str, device: str, *, by: Actor) -> Activated:
    """Put a license to work on a device, with the code of the letter. Needs no sign-in: the code is the proof."""
    _throttle(by.address)
    # The license before the code: withdrawing takes them in this order too.
    found = ActivationCode.objects.filter(digest=code_digest(code)).first()
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
