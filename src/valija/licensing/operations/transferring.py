"""A license that goes from one user to another, without a stop in the pool."""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import License
from valija.licensing.operations.assigning import (
    AlreadyLicensed,
    WrongKindOfPlan,
    except_from_rules,
    held_by,
    locked_user,
    name_of,
    release,
    send_code,
)
from valija.mail import letters
from valija.mail import operations as mail


class SameUser(Refusal):
    code = "same_user"
    sentence = _("%(user)s already has this license. Choose somebody else.")


@transaction.atomic
def transfer_license(account: Account, user: User, to: User, *, by: Actor) -> License:
    """Give a user's license to another user who has none; it starts anew on his devices, both journals stay."""
    by.require(Permission.LICENSE_ASSIGN, account)
    if user.pk == to.pk:
        raise SameUser(user=user.full_name)
    user, to = _both(account, user, to)
    license = held_by(user)
    _require_free(to, license)

    release(license)
    license.give_to(to)
    except_from_rules(account, [user])

    for event, subject in ((Event.LICENSE_TRANSFERRED, user), (Event.LICENSE_RECEIVED, to)):
        journal.record(
            event, by=by, about=license, subject_id=subject.pk, user=user.email, receiver=to.email, plan=license.plan.name,
            license=license.pk,
        )  # fmt: skip
    mail.write_letter(
        letters.LICENSE_TRANSFERRED, user, giver=name_of(by), plan=license.plan.name, receiver=to.full_name,
        link=f"{settings.URL}/",
    )  # fmt: skip
    send_code(letters.LICENSE_ASSIGNED, license, to, giver=name_of(by), account=account.name)
    return license


def _both(account: Account, user: User, to: User) -> tuple[User, User]:
    """Both as they are now, held in the order of their keys: two transfers may go opposite ways at once."""
    held = {
        each.pk: locked_user(account, each, active=each.pk == to.pk)
        for each in sorted((user, to), key=lambda each: each.pk)
    }
    return held[user.pk], held[to.pk]


def _require_free(to: User, license: License) -> None:
    has = License.objects.filter(holder=to).select_related("plan").first()
    if has is not None:
        raise AlreadyLicensed(user=to.full_name, plan=has.plan.name)
    if to.kind != license.plan.kind:
        raise WrongKindOfPlan(plan=license.plan.name, user=to.full_name)
