"""The table of taxes."""

from django.db import transaction

from valija.billing.models import TaxRate
from valija.billing.taxes import shipped_rates


@transaction.atomic
def install_tax_rates() -> None:
    """Fill an empty table of taxes with the rates that are shipped."""
    if not TaxRate.objects.exists():
        TaxRate.objects.bulk_create(shipped_rates())
