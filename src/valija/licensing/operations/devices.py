"""The devices on which a license is at work, and letting one go."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.permissions import Permission
from valija.core import clock, sql, tokens
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import Activation, License


class TooManyDevices(Refusal):
    """Carries the devices (`activations`), so that whoever holds the code can choose which one to let go."""

    code = "too_many_devices"
    sentence = _("This license already works on %(devices)s devices. End it on one of them first.")

    def for_programs(self) -> dict[str, Any]:
        """The devices in the order of their activation, so that one can be named as `instead_of`."""
        return {
            "devices": [
                {
                    "id": choice_of(each),
                    "device": each.device,
                    "activated_at": each.created_at.isoformat(),
                    "last_seen_at": each.last_seen_at.isoformat(),
                }
                for each in self.data["activations"]
            ]
        }


@transaction.atomic
def deactivate_license(activation: Activation, *, by: Actor) -> None:
    """End a license's work on one device; the license stays with its holder."""
    if by.id != str(activation.user_id):  # one's own device may be let go without any permission
        by.require(Permission.LICENSE_ASSIGN, activation.account)
    sql.locked(License.objects.all(), pk=activation.license_id)
    end_activation(activation, by=by)


def end_activation(activation: Activation, *, by: Actor) -> None:
    """End one activation, once. The caller holds its license."""
    if Activation.objects.filter(pk=activation.pk, ended_at=None).update(ended_at=clock.now()):
        journal.record(
            Event.LICENSE_DEACTIVATED, by=by, about=activation.license, subject_id=activation.user_id,
            user=activation.user.email, device=activation.device,
        )  # fmt: skip


def choice_of(activation: Activation) -> str:
    """How a device is called where its holder chooses one to let go: it means nothing anywhere else."""
    return tokens.digest(str(activation.pk), "device to let go")[:24]


def end_chosen(living: Sequence[Activation], chosen: str, *, by: Actor) -> list[Activation]:
    """Let the chosen device go, if it is one of these; those that stay."""
    left = []
    for activation in living:
        if chosen and tokens.same(choice_of(activation), chosen):
            end_activation(activation, by=by)
        else:
            left.append(activation)
    return left
