"""The stored means of payment of an account."""

import logging

from django.conf import settings
from django.db import transaction
from django.tasks import task

from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.billing import providers
from valija.billing.models import PaymentMethod, StoringPage
from valija.billing.providers import Method, ProviderNotAvailable, Storing
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event

log = logging.getLogger(__name__)


def stored_method(account: Account) -> PaymentMethod | None:
    """What renewals of this account are charged to."""
    return PaymentMethod.objects.kept().filter(account=account).first()


def store_method(account: Account, user: User, *, by: Actor) -> StoringPage:
    """Open the provider's page on which a card is stored without being charged; it replaces the one that is stored."""
    by.require(Permission.METHOD_STORE, account)
    with transaction.atomic():
        page = StoringPage.objects.create(account=account, user=user, provider=settings.PAYMENT_PROVIDER)
    started = providers.card_provider(page.provider).start_storing(
        Storing(
            key=str(page.pk),
            email=user.email,
            language=user.language,
            return_url=f"{settings.URL}/payment-method/{page.pk}/return",
        )
    )
    page.reference, page.page_url = started.reference, started.page_url
    page.save(update_fields=["reference", "page_url"])
    return page


def look_after_storing(page: StoringPage, *, by: Actor) -> PaymentMethod | None:
    """Ask the provider what was stored on a page, and keep it, once."""
    if page.reference is None:
        return None
    found = providers.card_provider(page.provider).stored(page.reference)
    if found is None:
        return None
    with transaction.atomic():
        account = sql.locked(Account.objects.all(), pk=page.account_id)
        page = sql.locked(StoringPage.objects.all(), pk=page.pk)
        if page.ended_at:  # the notice and the return bring the same card
            return stored_method(account)
        page.ended_at = clock.now()
        page.save(update_fields=["ended_at"])
        return keep_method(account, page.provider, found, by=by)


def keep_method(account: Account, provider: str, found: Method, *, by: Actor) -> PaymentMethod:
    """Charge renewals to this from now on. The caller holds the account."""
    earlier = stored_method(account)
    if earlier and (earlier.provider, earlier.reference) == (provider, found.reference):
        return earlier
    if earlier:
        _forget(earlier)
    method = PaymentMethod.objects.create(
        account=account,
        provider=provider,
        reference=found.reference,
        label=found.label,
        expires_on=found.expires_on,
    )
    journal.record(Event.METHOD_STORED, by=by, about=method, method=method.label)
    return method


def keep_first_method(account: Account, provider: str, found: Method, *, by: Actor) -> PaymentMethod:
    """Keep the card that paid a purchase where none is stored yet: paying with another one does not replace it."""
    return stored_method(account) or keep_method(account, provider, found, by=by)


@transaction.atomic
def forget_method(account: Account, *, by: Actor) -> None:
    """Keep the stored card no longer; nothing is charged by itself any more."""
    by.require(Permission.METHOD_FORGET, account)
    account = sql.locked(Account.objects.all(), pk=account.pk)
    method = stored_method(account)
    if method is None:  # a second press finds it gone already, which is what was wanted
        return
    _forget(method)
    journal.record(Event.METHOD_FORGOTTEN, by=by, about=method, method=method.label)


def _forget(method: PaymentMethod) -> None:
    method.forgotten_at = clock.now()
    method.save(update_fields=["forgotten_at"])
    transaction.on_commit(release_forgotten_methods.enqueue)


@task
def release_forgotten_methods() -> int:
    """Tell providers which cards they need keep no longer."""
    released = 0
    for method in PaymentMethod.objects.filter(forgotten_at__isnull=False, released_at=None)[:100]:
        try:
            providers.card_provider(method.provider).forget(method.reference)
        except ProviderNotAvailable:
            log.warning("method %s is not released yet", method.pk)
            continue
        PaymentMethod.objects.filter(pk=method.pk).update(released_at=clock.now())
        released += 1
    return released
