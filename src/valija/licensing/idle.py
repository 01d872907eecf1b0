"""Licenses without use: nobody holds them, or whoever does has never put them to work."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q

from valija.accounts.models import Account
from valija.core import clock
from valija.licensing.models import Activation, License, Licenses

BEFORE_RENEWAL = timedelta(days=30)
TIME_TO_ACTIVATE = timedelta(days=30)  # held so long without an activation counts as not used


def idle_licenses(account: Account) -> Licenses:
    """Those of an account that would renew all the same."""
    used = Activation.objects.filter(license=OuterRef("pk"), created_at__gte=OuterRef("assigned_at"))
    asleep = Q(holder__isnull=False, assigned_at__lte=clock.now() - TIME_TO_ACTIVATE) & ~Exists(used)
    living: Licenses = License.objects.living().filter(account=account, subscription__canceled_at=None)
    found: Licenses = living.filter(Q(holder=None) | asleep)
    return found.annotate(ends=F("to_end_since")).select_related("plan", "subscription", "holder", "becomes")
