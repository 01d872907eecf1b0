"""The cart."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.billing.models import CartLine
from valija.billing.quote import PlanNotSold
from valija.core import sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import Interval, Plan

MOST_AT_ONCE = 500


class QuantityNotValid(InvalidInput):
    code = "quantity_not_valid"
    field = "quantity"
    sentence = _("Enter a whole number from 1 to %(most)s. For more licenses please write to your provider.")


@transaction.atomic
def add_to_cart(
    account: Account, plan: Plan, quantity: int, *, by: Actor, interval: str = Interval.YEAR
) -> CartLine:
    """Put licenses into the account's cart; the same plan merges with what is there."""
    by.require(Permission.CART_CHANGE, account)
    _require_sold(plan, interval, account)
    # Two tabs may add at once: the account is held, so neither addition is lost.
    sql.locked(Account.objects.all(), pk=account.pk)
    line = CartLine.objects.filter(account=account, plan=plan, interval=interval).first()
    line = line or CartLine(account=account, plan=plan, interval=interval, quantity=0)
    line.quantity = _checked(quantity + line.quantity if quantity > 0 else quantity)
    line.save()
    journal.record(Event.CART_CHANGED, by=by, about=line, quantity=line.quantity, plan=plan.name)
    return line


@transaction.atomic
def change_cart_line(account: Account, line: CartLine, quantity: int, *, by: Actor) -> CartLine:
    """Buy another number of licenses than the cart says."""
    by.require(Permission.CART_CHANGE, account)
    sql.locked(Account.objects.all(), pk=account.pk)
    line.quantity = _checked(quantity)
    if CartLine.objects.filter(account=account, pk=line.pk).update(quantity=line.quantity):
        journal.record(Event.CART_CHANGED, by=by, about=line, quantity=line.quantity, plan=line.plan.name)
    return line


@transaction.atomic
def remove_from_cart(account: Account, line: CartLine, *, by: Actor) -> None:
    """Take a line out of the cart."""
    by.require(Permission.CART_CHANGE, account)
    if CartLine.objects.filter(account=account, pk=line.pk).delete()[0]:
        journal.record(Event.CART_CHANGED, by=by, account_id=account.pk, quantity=0, plan=line.plan.name)


def _require_sold(plan: Plan, interval: str, account: Account) -> None:
    priced = plan.prices.current().filter(interval=interval, currency=account.currency).exists()
    if plan.withdrawn_at or plan.on_request or not priced:
        raise PlanNotSold(plan=plan.name)


def _checked(quantity: int) -> int:
    if not 1 <= quantity <= MOST_AT_ONCE:
        raise QuantityNotValid(most=MOST_AT_ONCE)
    return quantity
