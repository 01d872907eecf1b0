"""Licenses without use that are not to renew."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.core import sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput
from valija.licensing.idle import idle_licenses
from valija.licensing.models import License, Licenses
from valija.licensing.operations.ending import end_at_renewal, keep


class NoneTicked(InvalidInput):
    code = "none_ticked"
    field = "license"
    sentence = _("Tick the licenses first.")


@transaction.atomic
def end_idle_licenses(account: Account, keys: Collection[UUID], *, by: Actor) -> int:
    """Let these licenses end at their renewal; one that was put to work meanwhile stays. How many will end."""
    rows = _held(account, keys, by).filter(to_end_since=None)
    return _each(list(rows.filter(pk__in=idle_licenses(account).values("pk"))), end=True, by=by)


@transaction.atomic
def keep_idle_licenses(account: Account, keys: Collection[UUID], *, by: Actor) -> int:
    """Let these licenses renew after all. How many will."""
    return _each(list(_held(account, keys, by).exclude(to_end_since=None)), end=False, by=by)


def _held(account: Account, keys: Collection[UUID], by: Actor) -> Licenses:
    by.require(Permission.LICENSE_REMOVE, account)
    if not keys:
        raise NoneTicked
    # A renewal of the same licenses may be under way: it holds the account.
    account = sql.locked(Account.objects.all(), pk=account.pk)
    rows: Licenses = (
        account.licenses.living().filter(pk__in=list(keys)).select_related("plan", "subscription")
    )
    return rows.order_by("id").select_for_update(of=("self",))


def _each(licenses: list[License], *, end: bool, by: Actor) -> int:
    """By plan and subscription, as the journal's lines name them."""
    parts: dict[tuple[UUID, UUID], list[License]] = {}
    for license in licenses:
        parts.setdefault((license.plan_id, license.subscription_id), []).append(license)
    for part in parts.values():
        (end_at_renewal if end else keep)(part, by=by)
    return len(licenses)
