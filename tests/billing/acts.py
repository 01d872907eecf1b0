"""What the tests of money do again and again."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing.models import Order
from valija.billing.providers.test import bank
from valija.billing.quote import quote_cart, quote_upgrade
from valija.core import clock
from valija.core.ids import new_id
from valija.licensing.models import License, Plan, Subscription
from valija.mail.models import Letter

APPROVED, DECLINED_LATER = "4242424242424242", "4000000000000507"


def bought(
    account: Account, code: str, quantity: int, *, interval: str = "year", card: str = APPROVED
) -> Order:
    """Licenses bought and paid with a card, which is kept for the renewals."""
    buyer = account.users.order_by("id")[0]
    by = buyer.as_actor()
    billing.add_to_cart(account, Plan.objects.get(code=code), quantity, interval=interval, by=by)
    shown = quote_cart(account).fingerprint
    return paid(billing.place_order(account, buyer, shown=shown, key=new_id().hex, by=by), card)


def paid(order: Order, card: str = APPROVED) -> Order:
    """The order, paid on its page."""
    if order.paid_at:
        return order
    bank.pay(UUID(order.payment.reference), card)
    return billing.look_after(order, by=order.buyer.as_actor())


def upgrade(buyer: User, licenses: list[License], code: str, *, shown: str = "") -> Order:
    """An upgrade, confirmed at the amount that is shown for it."""
    plan, keys = Plan.objects.get(code=code), [license.pk for license in licenses]
    found = billing.chosen(buyer.account, keys)
    shown = shown or quote_upgrade(buyer.account, found, plan, on=clock.today()).fingerprint
    return billing.upgrade_licenses(
        buyer.account, buyer, keys, plan, shown=shown, key=new_id().hex, by=buyer.as_actor()
    )


def subscription(account: Account, interval: str = "year") -> Subscription:
    return account.subscriptions.get(interval=interval, ended_at=None)


def all_that_is_due() -> None:
    """Everything that the clock does with subscriptions."""
    billing.renew_due.call()
    billing.suspend_due.call()
    billing.end_due.call()
    billing.remind_due.call()


def at_noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def days_go_by(start: date, days: int) -> None:
    """The worker's clock, once a day from a day on."""
    for number in range(days):
        with clock.at(at_noon(start + timedelta(days=number)) + timedelta(minutes=1)):
            all_that_is_due()


def letters(kind: str, to: str = "") -> int:
    found = Letter.objects.filter(kind=kind)
    return found.filter(to=to).count() if to else found.count()
