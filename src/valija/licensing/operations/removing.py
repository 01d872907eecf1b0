"""Fewer licenses: some that nobody holds end, at the renewal or now."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import License, Licenses, Plan
from valija.licensing.operations import ending
from valija.mail import letters
from valija.mail import operations as mail


class NumberNotValid(InvalidInput):
    code = "number_not_valid"
    field = "number"
    sentence = _("Say how many licenses: a whole number, 1 or more.")


class MoreThanAvailable(Refusal):
    code = "more_than_available"
    sentence = _(
        "Only licenses that nobody holds can be removed: %(available)s %(plan)s at the moment, not %(number)s. Nothing was removed."
    )


class MoreThanRenew(Refusal):
    code = "more_than_renew"
    sentence = _(
        "Only licenses that nobody holds and that renew can be ended: %(available)s %(plan)s at the moment, not %(number)s. Nothing was changed."
    )


class MoreThanEnd(Refusal):
    code = "more_than_end"
    sentence = _(
        "Only licenses that are to end can be kept: %(available)s %(plan)s at the moment, not %(number)s. Nothing was changed."
    )


@transaction.atomic
def remove_licenses(account: Account, plan: Plan, interval: str, number: int, *, by: Actor) -> list[License]:
    """End so many available licenses now. It cannot be undone and nothing is refunded; rows and journal stay."""
    pool = _pool(account, plan, interval, number, by)
    # Those that were to end anyway go first: the least is lost.
    licenses = sql.locked_some(pool.to_end(), number)
    licenses += sql.locked_some(pool.filter(to_end_since=None), number - len(licenses))
    if len(licenses) < number:
        raise MoreThanAvailable(number=number, plan=plan.name, available=len(licenses))
    License.objects.filter(pk__in=[license.pk for license in licenses]).update(ended_at=clock.now())
    journal.record_each(
        Event.LICENSE_REMOVED,
        licenses,
        by=by,
        account_id=account.pk,
        plan=plan.name,
        day=licenses[0].renews_on,
    )
    _tell(account, by, letters.LICENSES_REMOVED, number=number, plan=plan.name)
    return licenses


@transaction.atomic
def end_licenses(account: Account, plan: Plan, interval: str, number: int, *, by: Actor) -> list[License]:
    """Let so many available licenses end at the renewal instead of renewing; until then they can be used."""
    pool = _pool(account, plan, interval, number, by).filter(to_end_since=None)
    licenses = sql.locked_some(pool, number)
    if len(licenses) < number:
        raise MoreThanRenew(number=number, plan=plan.name, available=len(licenses))
    ending.end_at_renewal(licenses, by=by)
    day = licenses[0].renews_on
    _tell(account, by, letters.LICENSES_TO_END, number=number, plan=plan.name, day=day)
    return licenses


@transaction.atomic
def keep_licenses(account: Account, plan: Plan, interval: str, number: int, *, by: Actor) -> list[License]:
    """Let so many licenses that were to end renew after all."""
    licenses = sql.locked_some(_pool(account, plan, interval, number, by).to_end(), number)
    if len(licenses) < number:
        raise MoreThanEnd(number=number, plan=plan.name, available=len(licenses))
    ending.keep(licenses, by=by)
    return licenses


def _pool(account: Account, plan: Plan, interval: str, number: int, by: Actor) -> Licenses:
    by.require(Permission.LICENSE_REMOVE, account)
    if number < 1:
        raise NumberNotValid
    # A renewal of the same licenses may be under way: it holds the account.
    account = sql.locked(Account.objects.all(), pk=account.pk)
    pool: Licenses = (
        account.licenses.available(plan).of(plan, interval).select_related("plan", "subscription")
    )
    return pool


def _tell(account: Account, by: Actor, kind: letters.Kind, **data: Any) -> None:
    """Who did it gets it in writing; a program's or the clock's acts are in the journal alone."""
    doer = User.objects.filter(account=account, pk=by.id).first() if by.kind == "user" else None
    if doer is not None:
        mail.write_letter(kind, doer, link=f"{settings.URL}/licenses", **data)
