"""Changing licenses that the account has already: a higher plan and more activations are paid, a lower plan is not."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.billing.models import Order
from valija.billing.operations.buying import open_payment_page, write_order
from valija.billing.quote import (
    MOST_ACTIVATIONS,
    LicenseGone,
    PlanNotSold,
    Quote,
    quote_activations,
    quote_upgrade,
    require_changeable,
)
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import License, Plan
from valija.mail import letters
from valija.mail import operations as mail


class NotLower(Refusal):
    code = "not_lower"
    sentence = _(
        "%(plan)s is not lower than %(old_plan)s, which one of the chosen licenses has. Nothing was changed."
    )


class ActivationsNotValid(InvalidInput):
    code = "activations_not_valid"
    field = "more"
    sentence = _("Enter a whole number from 1 to %(most)s.")


def upgrade_licenses(
    account: Account, buyer: User, licenses: Sequence[UUID], plan: Plan, *, shown: str, key: str, by: Actor
) -> Order:
    """Give licenses a higher plan at the quote that was shown; it takes effect when it is paid, with no interruption.

    `shown` and `key` are those of `place_order`: pressed twice it is paid once, and of two administrators who upgrade
    the same license one wins and the other is told.
    """
    by.require(Permission.ORDER_PLACE, account)

    def quoted(account: Account) -> Quote:
        return quote_upgrade(account, chosen(account, licenses), plan, on=clock.today())

    return open_payment_page(write_order(account, buyer, quoted, shown=shown, key=key, by=by), by=by)


def raise_activations(
    account: Account, buyer: User, licenses: Sequence[UUID], more: int, *, shown: str, key: str, by: Actor
) -> Order:
    """Let each of these licenses work on so many devices more, at the quote that was shown, once it is paid."""
    by.require(Permission.ORDER_PLACE, account)
    require_number(more)

    def quoted(account: Account) -> Quote:
        return quote_activations(account, chosen(account, licenses), more, on=clock.today())

    return open_payment_page(write_order(account, buyer, quoted, shown=shown, key=key, by=by), by=by)


def require_number(more: int) -> None:
    """Refuse a number of activations that cannot be bought."""
    if not 1 <= more <= MOST_ACTIVATIONS:
        raise ActivationsNotValid(most=MOST_ACTIVATIONS)


def chosen(account: Account, licenses: Sequence[UUID]) -> list[License]:
    """The account's own licenses among these keys, all of them.

    Raises:
        LicenseGone: one of them is not there.
    """
    rows = account.licenses.filter(pk__in=licenses).select_related(
        "plan", "subscription", "holder", "becomes"
    )
    found = list(rows.order_by("id"))
    if len(found) != len(set(licenses)):
        raise LicenseGone
    return found


@transaction.atomic
def downgrade_licenses(account: Account, licenses: Sequence[UUID], plan: Plan, *, by: Actor) -> list[License]:
    """Let licenses be of a lower plan from the renewal on; until then nothing changes and it can be taken back."""
    found = _to_lower(account, licenses, plan, by)
    License.objects.filter(pk__in=[license.pk for license in found]).update(becomes=plan)
    for license in found:
        journal.record(
            Event.LICENSE_TO_BECOME, by=by, about=license, subject_id=license.holder_id or "",
            old_plan=license.plan.name, plan=plan.name, day=license.renews_on,
        )  # fmt: skip
    return found


@transaction.atomic
def downgrade_licenses_now(
    account: Account, licenses: Sequence[UUID], plan: Plan, *, by: Actor
) -> list[License]:
    """Give licenses a lower plan at once; nothing is refunded. Their holders keep them, at work as they are."""
    found = _to_lower(account, licenses, plan, by)
    for license in found:
        lower(license, plan, by=by)
    return found


def lower(license: License, plan: Plan, *, by: Actor) -> None:
    """Give one license a lower plan. What was paid for it stays, so going up again in this period costs nothing."""
    old_plan = license.plan.name
    license.plan, license.becomes = plan, None
    license.save(update_fields=["plan", "becomes"])
    journal.record(
        Event.LICENSE_DOWNGRADED, by=by, about=license, subject_id=license.holder_id or "", old_plan=old_plan,
        plan=plan.name,
    )  # fmt: skip
    if license.holder:
        mail.write_letter(
            letters.LICENSE_DOWNGRADED, license.holder, old_plan=old_plan, plan=plan.name, link=f"{settings.URL}/account"
        )  # fmt: skip


@transaction.atomic
def keep_plans(account: Account, licenses: Sequence[UUID], *, by: Actor) -> list[License]:
    """Take a downgrade at the renewal back."""
    by.require(Permission.LICENSE_DOWNGRADE, account)
    found = [license for license in _held(account, licenses) if license.becomes_id]
    License.objects.filter(pk__in=[license.pk for license in found]).update(becomes=None)
    for license in found:
        journal.record(
            Event.LICENSE_PLAN_KEPT, by=by, about=license, subject_id=license.holder_id or "", plan=license.plan.name
        )  # fmt: skip
    return found


def _to_lower(account: Account, licenses: Sequence[UUID], plan: Plan, by: Actor) -> list[License]:
    by.require(Permission.LICENSE_DOWNGRADE, account)
    found = _held(account, licenses)
    require_changeable(found)
    if plan.withdrawn_at or plan.on_request:
        raise PlanNotSold(plan=plan.name)
    for license in found:
        if license.plan.kind != plan.kind or license.plan.rank <= plan.rank:
            raise NotLower(plan=plan.name, old_plan=license.plan.name)
    return found


def _held(account: Account, licenses: Sequence[UUID]) -> list[License]:
    """The licenses, held: another act may be about to end one or to pay for a higher plan."""
    account = sql.locked(Account.objects.all(), pk=account.pk)
    list(account.licenses.filter(pk__in=licenses).order_by("id").select_for_update())
    return chosen(account, licenses)
