"""Endpoints: added, changed, tested, given another secret, switched off and on, removed."""

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.core import clock, sql, tokens
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.core.ids import new_id
from valija.journal import journal
from valija.journal.events import Event
from valija.webhooks import reaching
from valija.webhooks.models import Delivery, Endpoint
from valija.webhooks.signing import new_secret

MOST = 10  # endpoints of an account
SECRET_OVERLAPS = timedelta(days=1)
CODES = frozenset(event.code for event in Event)


class WebhookAddressNotValid(InvalidInput):
    code = "webhook_address_not_valid"
    field = "url"
    sentence = _("Enter the https address of a server that can be reached from the internet.")


class EventsNotValid(InvalidInput):
    code = "events_not_valid"
    field = "events"
    sentence = _("Choose among the events there are, or all of them.")


class TooManyWebhooks(Refusal):
    code = "too_many_webhooks"
    sentence = _("An account has at most %(most)s webhooks. Remove one that is no longer needed.")


class WebhookIsOff(Refusal):
    code = "webhook_is_off"
    sentence = _("This webhook is switched off. Switch it on first.")


@transaction.atomic
def add_webhook(account: Account, url: str, events: Iterable[str] = (), *, by: Actor) -> tuple[Endpoint, str]:
    """Send the account's events to an address from now on. The secret is returned once and never again."""
    by.require(Permission.WEBHOOK_CHANGE, account)
    url, chosen = _usable(url), _chosen(events)
    # Two administrators may add the last one allowed.
    sql.locked(Account.objects.all(), pk=account.pk)
    if account.webhooks.count() >= MOST:
        raise TooManyWebhooks(most=MOST)
    secret = new_secret()
    endpoint = Endpoint.objects.create(
        account=account, url=url, events=chosen, secret=tokens.lock_away(secret.encode())
    )
    journal.record(Event.WEBHOOK_ADDED, by=by, about=endpoint, webhook=endpoint.name)
    return endpoint, secret


@transaction.atomic
def change_webhook(endpoint: Endpoint, url: str, events: Iterable[str], *, by: Actor) -> Endpoint:
    """Send elsewhere, or other events. What still waits goes to the new address."""
    by.require(Permission.WEBHOOK_CHANGE, endpoint.account)
    url, chosen = _usable(url), _chosen(events)
    endpoint = _locked(endpoint)
    if (endpoint.url, endpoint.events) == (url, chosen):
        return endpoint
    endpoint.url, endpoint.events = url, chosen
    endpoint.save(update_fields=["url", "events"])
    journal.record(Event.WEBHOOK_CHANGED, by=by, about=endpoint, webhook=endpoint.name)
    return endpoint


@transaction.atomic
def remove_webhook(endpoint: Endpoint, *, by: Actor) -> None:
    """Send nothing there any more, and forget what was sent."""
    by.require(Permission.WEBHOOK_CHANGE, endpoint.account)
    endpoint = _locked(endpoint)
    journal.record(Event.WEBHOOK_REMOVED, by=by, about=endpoint, webhook=endpoint.name)
    endpoint.delete()


@transaction.atomic
def rotate_webhook_secret(endpoint: Endpoint, *, by: Actor) -> str:
    """A new secret, returned once. The old one signs beside it for a day, so that the receiver can change in peace."""
    by.require(Permission.WEBHOOK_CHANGE, endpoint.account)
    endpoint = _locked(endpoint)
    secret = new_secret()
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, clock.now() + SECRET_OVERLAPS
    endpoint.secret = tokens.lock_away(secret.encode())
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    journal.record(Event.WEBHOOK_SECRET_ROTATED, by=by, about=endpoint, webhook=endpoint.name)
    return secret


@transaction.atomic
def test_webhook(endpoint: Endpoint, *, by: Actor) -> Delivery:
    """Send an event that says nothing but that it is a test."""
    by.require(Permission.WEBHOOK_CHANGE, endpoint.account)
    endpoint = _locked(endpoint)
    if endpoint.disabled_at:
        raise WebhookIsOff
    entry = journal.record(Event.WEBHOOK_TESTED, by=by, about=endpoint, webhook=endpoint.name)
    return Delivery.objects.create(endpoint=endpoint, entry_id=entry.pk, event=entry.event, place=entry.pk)


@transaction.atomic
def disable_webhook(endpoint: Endpoint, *, by: Actor) -> None:
    """Send nothing for a while. What happens meanwhile is sent when it is switched on again."""
    by.require(Permission.WEBHOOK_CHANGE, endpoint.account)
    endpoint = _locked(endpoint)
    if endpoint.disabled_at is None:
        switch_off(endpoint, Endpoint.Because.PERSON, by=by)


@transaction.atomic
def enable_webhook(endpoint: Endpoint, *, by: Actor) -> None:
    """Go on where it stopped."""
    by.require(Permission.WEBHOOK_CHANGE, endpoint.account)
    endpoint = _locked(endpoint)
    if endpoint.disabled_at is None:
        return
    endpoint.disabled_at, endpoint.disabled_because = None, ""
    endpoint.failing_since, endpoint.attempts, endpoint.due_at = None, 0, clock.now()
    endpoint.save(update_fields=["disabled_at", "disabled_because", "failing_since", "attempts", "due_at"])
    journal.record(Event.WEBHOOK_ENABLED, by=by, about=endpoint, webhook=endpoint.name)


@transaction.atomic
def replay_delivery(delivery: Delivery, *, by: Actor) -> Delivery:
    """Send an event again, with the same id, behind what already waits."""
    by.require(Permission.WEBHOOK_CHANGE, delivery.endpoint.account)
    endpoint = _locked(delivery.endpoint)
    if endpoint.disabled_at:
        raise WebhookIsOff
    delivery = sql.locked(Delivery.objects.select_related("endpoint"), pk=delivery.pk)
    if delivery.delivered_at:  # otherwise it waits already
        delivery.delivered_at, delivery.place = None, new_id()
        delivery.save(update_fields=["delivered_at", "place"])
        journal.record(
            Event.WEBHOOK_REPLAYED, by=by, about=endpoint, webhook=endpoint.name, what=delivery.event
        )
    return delivery


def switch_off(endpoint: Endpoint, because: Endpoint.Because, *, by: Actor) -> None:
    """Note that nothing is sent any more, and why; the endpoint is held."""
    endpoint.disabled_at, endpoint.disabled_because = clock.now(), because
    endpoint.save(update_fields=["disabled_at", "disabled_because"])
    journal.record(Event.WEBHOOK_DISABLED, by=by, about=endpoint, webhook=endpoint.name, reason=because.label)


def _locked(endpoint: Endpoint) -> Endpoint:
    return sql.locked(Endpoint.objects.select_related("account"), pk=endpoint.pk)


def _usable(url: str) -> str:
    url = url.strip()
    networks = settings.WEBHOOK_NETWORKS
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as broken:
        raise WebhookAddressNotValid from broken
    plain = parts.scheme == "http" and networks
    literal = reaching.is_literal(parts.hostname or "")
    visible = url.isascii() and url.isprintable() and " " not in url and len(url) <= 500
    if not visible or not (parts.scheme == "https" or plain) or not parts.hostname or "@" in parts.netloc:
        raise WebhookAddressNotValid
    if literal is not None and not reaching.allowed(literal, networks):
        raise WebhookAddressNotValid
    return url


def _chosen(events: Iterable[str]) -> list[str]:
    chosen = set(events)
    if not chosen <= CODES:
        raise EventsNotValid
    return sorted(chosen)
