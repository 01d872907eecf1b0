"""Licenses that a plan on many people lacks, put into the cart."""

from collections.abc import Mapping

from django.db import transaction

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.billing.missing import missing_licenses
from valija.billing.operations.cart import add_to_cart
from valija.core import sql
from valija.core.actor import Actor
from valija.licensing.models import Plan


@transaction.atomic
def add_missing_to_cart(account: Account, needed: Mapping[Plan, int], *, by: Actor) -> int:
    """Put into the cart what is neither available nor in the cart already; says how many licenses."""
    by.require(Permission.CART_CHANGE, account)
    account = sql.locked(Account.objects.all(), pk=account.pk)
    missing = missing_licenses(account, needed)
    for need in missing.needs:
        if need.to_add:
            add_to_cart(account, need.plan, need.to_add, by=by)
    return missing.to_add
