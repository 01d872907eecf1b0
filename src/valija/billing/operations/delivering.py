"""What a paid order does with licenses that the account has already: a higher plan, more activations, a new period."""

from typing import Any

from django.conf import settings

from valija.accounts.models import Account, User
from valija.accounts.permissions import Role
from valija.billing.models import Order, OrderedLicense, OrderLine
from valija.billing.quote import period_end
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import License, Subscription
from valija.mail import letters
from valija.mail import operations as mail


def payers(account: Account) -> list[User]:
    """Who is written to about an account's money."""
    return list(account.users.active().filter(role__in=(Role.ADMINISTRATOR, Role.BILLING)).order_by("id"))


def deliver_changes(account: Account, order: Order, lines: list[OrderLine], *, by: Actor) -> None:
    """Give the licenses of an order their higher plan or their activations. The caller holds account and order."""
    for line in lines:
        _deliver_line(account, order, line, by)
    journal.record(Event.ORDER_PAID, by=by, about=order, order=order.number, total=order.amount)
    mail.write_letter(
        letters.UPGRADE_PAID if order.kind == Order.Kind.UPGRADE else letters.ACTIVATIONS_PAID,
        order.buyer,
        link=f"{settings.URL}/licenses",
        order=order.number,
        total=order.amount,
        what=order.what,
        renews=lines[0].renews_on,
    )


def _deliver_line(account: Account, order: Order, line: OrderLine, by: Actor) -> None:
    ordered = OrderedLicense.objects.filter(line=line, done_at=None).order_by("license_id")
    licenses = License.objects.filter(ordered__in=ordered).select_related("plan", "holder")
    for found in licenses.select_for_update(of=("self",)).order_by("id"):
        # One that ended while it was being paid: what was paid for is in the pool instead.
        license = _instead_of(account, found, line) if found.ended_at else found
        old_plan = license.plan.name
        license.plan, license.worth = line.plan, max(license.worth or 0, line.unit_price)
        license.extra_activations += line.activations
        if order.kind == Order.Kind.UPGRADE:
            license.becomes = None
        license.save(update_fields=["plan", "worth", "extra_activations", "becomes"])
        _tell(order, line, license, old_plan, by)
    ordered.update(done_at=clock.now())


def _instead_of(account: Account, ended: License, line: OrderLine) -> License:
    return License.objects.create(
        account=account,
        plan=line.plan,
        subscription=_held(ended),
        extra_activations=ended.extra_activations,
        worth=line.unit_price,
    )


def _held(license: License) -> Subscription:
    return sql.locked(Subscription.objects.all(), pk=license.subscription_id)


def _tell(order: Order, line: OrderLine, license: License, old_plan: str, by: Actor) -> None:
    about: dict[str, Any] = {
        "by": by,
        "about": license,
        "subject_id": license.holder_id or "",
        "order": order.number,
    }
    if order.kind == Order.Kind.ACTIVATIONS:
        journal.record(Event.ACTIVATIONS_RAISED, **about, plan=line.plan_name, number=line.activations)
        return
    journal.record(Event.LICENSE_UPGRADED, **about, old_plan=old_plan, plan=line.plan_name)
    if license.holder:
        mail.write_letter(
            letters.LICENSE_UPGRADED, license.holder, old_plan=old_plan, plan=line.plan_name,
            link=f"{settings.URL}/account",
        )  # fmt: skip


def deliver_renewal(account: Account, order: Order, *, by: Actor) -> None:
    """Let a subscription run for the period that was paid. One that was suspended begins anew on this day."""
    assert order.subscription_id is not None
    subscription = sql.locked(Subscription.objects.all(), pk=order.subscription_id)
    was_overdue = subscription.past_due_since is not None
    until = order.lines.values_list("renews_on", flat=True).first()
    assert until is not None
    if subscription.suspended_at:
        subscription.started_on = clock.today()
        until = period_end(subscription.started_on, subscription.interval)
        order.lines.update(renews_on=until)
    subscription.renews_on, subscription.reminders = until, 0
    subscription.past_due_since = subscription.suspended_at = None
    subscription.save(
        update_fields=["started_on", "renews_on", "reminders", "past_due_since", "suspended_at"]
    )
    told: dict[str, Any] = {"order": order.number, "total": order.amount, "day": until}
    journal.record(Event.SUBSCRIPTION_RENEWED, by=by, about=subscription, **told)
    kind = letters.SUBSCRIPTION_RESTORED if was_overdue else letters.SUBSCRIPTION_RENEWED
    for reader in payers(account):
        mail.write_letter(kind, reader, link=f"{settings.URL}/subscriptions", what=order.what, **told)
