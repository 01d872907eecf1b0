"""The catalogue of plans."""

from django.db import transaction

from valija.licensing import catalogue
from valija.licensing.models import Plan, Price


@transaction.atomic
def install_catalogue() -> None:
    """Fill an empty catalogue with the plans that are shipped."""
    if Plan.objects.exists():
        return
    plans = Plan.objects.bulk_create(catalogue.plan_rows())
    Price.objects.bulk_create(catalogue.price_rows(plans))
