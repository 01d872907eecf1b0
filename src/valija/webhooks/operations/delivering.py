"""Delivering: at least once, in the order of the journal, each endpoint for itself."""

import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.tasks import task

from valija.accounts.models import Account
from valija.core import actor, clock, sql
from valija.core.actor import Actor
from valija.core.ids import earlier_id, first_id_at
from valija.journal.models import Entry
from valija.mail import letters
from valija.mail import operations as mail
from valija.webhooks import reaching
from valija.webhooks.models import Delivery, Endpoint
from valija.webhooks.operations.endpoints import switch_off
from valija.webhooks.signing import body_of, headers_of

# Longer than a turn with the slowest receiver: a worker that dies gives the endpoint back after this.
LEASE = timedelta(minutes=2)
TURN = 30.0  # seconds for one endpoint, so that others come to theirs
RESTS = (5, 30, 120, 600, 1800)  # seconds between attempts; from then on an hour
REST_AT_MOST = timedelta(hours=1)
GIVES_UP_AFTER = timedelta(days=5)
# A transaction that was long under way ends with an entry whose key is older than others already seen.
LATE = timedelta(seconds=60)
KEPT = timedelta(days=30)
LOGGED = 10  # attempts of one delivery
AT_ONCE = 500


@task
def deliver_due() -> dict[str, int]:
    """Give every endpoint that has something to be told its turn."""
    sent = failed = 0
    while endpoint := _claim():
        received, fine = take_turn(endpoint)
        sent += received
        failed += not fine
    return {"sent": sent, "failed": failed}


@transaction.atomic
def _claim() -> Endpoint | None:
    now = clock.now()
    endpoint = sql.locked_first(Endpoint.objects.due(now).select_related("account"))
    if endpoint is not None:
        endpoint.due_at = now + LEASE
        endpoint.save(update_fields=["due_at"])
    return endpoint


def take_turn(endpoint: Endpoint) -> tuple[int, bool]:
    """Line up what is new, then send in order until nothing waits, one fails or the turn is over."""
    line_up(endpoint)
    until, sent = time.monotonic() + TURN, 0
    while time.monotonic() < until:
        delivery = endpoint.deliveries.select_related("endpoint__account").waiting().first()
        if delivery is None:
            break
        if not _deliver(delivery):
            return sent, False
        sent += 1
    Endpoint.objects.filter(pk=endpoint.pk).update(due_at=clock.now())
    return sent, True


def line_up(endpoint: Endpoint) -> None:
    """A delivery for each entry that the endpoint wants and has not seen."""
    after = max(first_id_at(endpoint.created_at), earlier_id(endpoint.seen, LATE))
    newest = endpoint.seen
    entries = Entry.objects.of_account(endpoint.account_id).order_by("id")
    while found := list(entries.filter(pk__gt=after)[:AT_ONCE]):
        wanted = [
            Delivery(endpoint=endpoint, entry_id=entry.pk, event=entry.event, place=entry.pk)
            for entry in found
            if endpoint.wants(entry)
        ]
        # Those of the last minute are there already: the database keeps each once.
        Delivery.objects.bulk_create(wanted, ignore_conflicts=True)
        after, newest = found[-1].pk, max(newest, found[-1].pk)
    if newest != endpoint.seen:
        endpoint.seen = newest
        Endpoint.objects.filter(pk=endpoint.pk).update(seen=newest)


def _deliver(delivery: Delivery) -> bool:
    """One attempt, and what it came to."""
    endpoint = delivery.endpoint
    entry = Entry.objects.filter(account_id=endpoint.account_id, pk=delivery.entry_id).first()
    if entry is None:  # an entry cannot be removed; a restored database may lack the latest
        Delivery.objects.filter(pk=delivery.pk).delete()
        return True
    body = body_of(entry, endpoint.account.language)
    started, status, said = time.monotonic(), 0, ""
    try:
        answer = reaching.post(endpoint.url, body, headers_of(delivery, body), settings.WEBHOOK_NETWORKS)
        status, said = answer.status, answer.said
    except reaching.NotReachable as reason:
        said = str(reason)
    took = int((time.monotonic() - started) * 1000)
    attempt = {"at": clock.now().isoformat(), "status": status, "said": said[:300], "milliseconds": took}
    return _note(delivery, attempt, by=actor.clock())


@transaction.atomic
def _note(delivery: Delivery, attempt: dict[str, object], *, by: Actor) -> bool:
    endpoint = Endpoint.objects.select_related("account").select_for_update(of=("self",)).filter(
        pk=delivery.endpoint_id
    ).first()  # fmt: skip
    if endpoint is None:  # removed while we were sending
        return False
    delivery.attempts = min(delivery.attempts + 1, 32_000)
    delivery.log = [*delivery.log, attempt][-LOGGED:]
    status = attempt["status"]
    fine = isinstance(status, int) and 200 <= status < 300
    if fine:
        delivery.delivered_at = clock.now()
    delivery.save(update_fields=["attempts", "log", "delivered_at"])
    if fine:
        _recovered(endpoint)
    else:
        _failed(endpoint, gone=status == 410, by=by)
    return fine


def _recovered(endpoint: Endpoint) -> None:
    if endpoint.failing_since is not None:
        endpoint.failing_since, endpoint.attempts = None, 0
        endpoint.save(update_fields=["failing_since", "attempts"])


def _failed(endpoint: Endpoint, *, gone: bool, by: Actor) -> None:
    """Rest, longer each time; after days of failure, or where it is gone for good, switch it off and tell people."""
    now = clock.now()
    endpoint.failing_since = endpoint.failing_since or now
    rest = timedelta(seconds=RESTS[endpoint.attempts]) if endpoint.attempts < len(RESTS) else REST_AT_MOST
    endpoint.attempts, endpoint.due_at = min(endpoint.attempts + 1, 32_000), now + rest
    endpoint.save(update_fields=["failing_since", "attempts", "due_at"])
    lasting = now - endpoint.failing_since > GIVES_UP_AFTER
    if endpoint.disabled_at is None and (gone or lasting):
        because = Endpoint.Because.GONE if gone else Endpoint.Because.FAILING
        switch_off(endpoint, because, by=by)
        _tell(endpoint.account, endpoint, because)


def _tell(account: Account, endpoint: Endpoint, because: Endpoint.Because) -> None:
    for administrator in account.users.administrators():
        mail.write_letter(
            letters.WEBHOOK_DISABLED,
            administrator,
            link=f"{settings.URL}/webhooks/{endpoint.pk}",
            webhook=endpoint.name,
            reason=because.label,
        )


def forget_deliveries() -> None:
    """What was received long ago is in the journal, not here."""
    Delivery.objects.filter(delivered_at__lt=clock.now() - KEPT).delete()
