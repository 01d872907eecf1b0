"""The journal: entries hold identifiers and labels, no foreign keys, so evidence outlives what it tells of."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q

from valija.core import clock, facts
from valija.core.ids import first_id_at, new_id
from valija.journal.events import Event


class Entries(models.QuerySet["Entry"]):
    def of_account(self, account_id: UUID) -> "Entries":
        return self.filter(account_id=account_id)

    def about(self, object_id: object) -> "Entries":
        """What happened to one thing."""
        return self.filter(object_id=str(object_id))

    def between(self, start: datetime | None, end: datetime | None) -> "Entries":
        """From one moment to just before another."""
        found = self
        # Keys begin with their time, so the index leads to the period; a minute's slack, for `at` alone decides.
        if start:
            found = found.filter(at__gte=start, id__gte=first_id_at(start - timedelta(minutes=1)))
        if end:
            found = found.filter(at__lt=end, id__lt=first_id_at(end + timedelta(minutes=1)))
        return found

    def telling(self, prefixes: tuple[str, ...]) -> "Entries":
        """Events whose code begins so."""
        return self.filter(event__in=[event.code for event in Event if event.code.startswith(prefixes)])

    def matching(self, words: str) -> "Entries":
        """Entries in which each word stands: in who did it, in what happened, in whom it concerned or in the address."""
        found = self
        for word in words.split():
            told = [event.code for event in Event if word.casefold() in event.words.casefold()]
            found = found.filter(
                Q(actor_label__icontains=word)
                | Q(address__startswith=word)
                | Q(event__in=told)
                | Q(data__icontains=word)
            )
        return found

    def concerning(self, *user_ids: object) -> "Entries":
        """What a person (or one of several) did or what was done to him."""
        keys = [str(user_id) for user_id in user_ids]
        return self.filter(Q(actor_id__in=keys) | Q(object_id__in=keys) | Q(subject_id__in=keys))

    def from_address(self, address: str) -> "Entries":
        """What came from a network address."""
        return self.filter(address=address)

    def by_others_than(self, user_ids: "models.QuerySet[Any, Any]") -> "Entries":
        """What people did who are not among these; not what happened by itself."""
        return self.filter(actor_kind="user").exclude(actor_id__in=[str(key) for key in user_ids])


class Entry(models.Model):
    """One thing that happened, as it will be read years later."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField(null=True)
    at = models.DateTimeField(default=clock.now)
    event = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=320)
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)  # the user concerned, where the object is not he
    data = models.JSONField(default=dict)
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=300, blank=True)
    through = models.CharField(max_length=20)
    request_id = models.CharField(max_length=64, blank=True)

    objects = Entries.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account_id", "-id"], name="journal_of_account"),
            models.Index(fields=["object_id", "-id"], name="journal_about"),
            models.Index(fields=["account_id", "actor_id", "-id"], name="journal_by_actor"),
            models.Index(fields=["account_id", "subject_id", "-id"], name="journal_of_subject"),
        ]

    @property
    def sentence(self) -> str:
        """What happened, in the reader's language."""
        return str(Event.of(self.event).value.sentence) % facts.shown(self.data)
