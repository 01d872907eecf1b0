"""Requests for licenses that are granted by one click, buying included."""

from django.db import transaction

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.billing.models import CartLine
from valija.billing.operations.cart import add_to_cart
from valija.core import sql
from valija.core.actor import Actor
from valija.licensing import operations as licensing
from valija.licensing.models import Interval, License, LicenseRequest, Plan


@transaction.atomic
def grant_request(request: LicenseRequest, *, by: Actor) -> License | CartLine:
    """Give who asked a license; where none is available, one goes into the cart and is his when the purchase is paid."""
    by.require(Permission.LICENSE_ASSIGN, request.account)
    # The account first, as purchases do: the cart may be needed.
    account = sql.locked(Account.objects.all(), pk=request.account_id)
    try:
        with transaction.atomic():
            return licensing.grant_from_pool(request, by=by)
    except licensing.NoLicenseAvailable:
        pass
    by.require(Permission.CART_CHANGE, account)
    first = request.granted_at is None
    request = licensing.grant_when_available(request, by=by)
    there = account.cart.filter(plan=request.plan).first()
    if there is not None and not first:  # a second press
        return there
    return add_to_cart(account, request.plan, 1, by=by, interval=_interval(account, request.plan))


def _interval(account: Account, plan: Plan) -> str:
    """What the account pays its licenses of the plan by, or else any of its licenses."""
    rows = account.licenses.living().order_by("-id").values_list("subscription__interval", flat=True)
    return rows.filter(plan=plan).first() or rows.first() or Interval.YEAR
