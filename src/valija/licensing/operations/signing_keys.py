"""The keys that sign license files."""

import time
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from valija.accounts.permissions import Permission
from valija.core import clock
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing import license_file
from valija.licensing.license_file import Signer
from valija.licensing.models import SigningKey, Subscription


@dataclass(frozen=True)
class Keys:
    """The key that signs and the public keys that verify, as a process knows them for some seconds."""

    signer: Signer
    published: dict[str, Any]
    known_at: float = field(default_factory=time.monotonic)

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self.known_at < settings.SIGNING_KEY_KEPT


_known: Keys | None = None


def current_keys() -> Keys:
    """What signs license files now, and what verifies them.

    To unlock a key and to read it takes as long as all the rest of an answer, so it is kept. A process that has not
    heard of a rotation signs with the old key for some seconds more, which is published all the while.
    """
    global _known  # noqa: PLW0603 (a process knows its keys once)
    if _known is None or not _known.is_fresh:
        newest = _newest()
        _known = Keys(Signer.of(newest), keys())
    return _known


def _newest() -> SigningKey:
    """The key that signs; made when the first one is needed."""
    newest = SigningKey.objects.filter(retired_at=None).order_by("-created_at", "-id").first()
    if newest is None:
        newest = license_file.new_signing_key()
        newest.save(force_insert=True)
    return newest


def keys() -> dict[str, Any]:
    """Every public key that a license file in use may have to be verified with."""
    return license_file.public_keys(SigningKey.objects.published())


@transaction.atomic
def rotate_key(*, by: Actor) -> SigningKey:
    """Sign license files with a new key from now on; the old one stays published as long as a file of its can be good."""
    by.require(Permission.KEY_ROTATE)
    now = clock.now()
    last = Subscription.objects.aggregate(last=Max("renews_on"))["last"]
    until = now + settings.OFFLINE_GRACE
    if last is not None:
        until = max(until, Subscription(renews_on=last).works_until)
    SigningKey.objects.filter(retired_at=None).update(retired_at=now, published_until=until)
    new = license_file.new_signing_key()
    new.save(force_insert=True)
    journal.record(Event.KEY_ROTATED, by=by, about=new, key=new.pk, until=until)
    global _known  # noqa: PLW0603
    _known = None
    return new
