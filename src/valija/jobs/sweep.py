"""What nobody needs any more: expired sessions and sign-ins, finished tasks."""

from datetime import timedelta

from django.core.management import call_command
from django.tasks import task

from valija.accounts import operations as accounts
from valija.licensing import operations as licensing
from valija.webhooks import operations as webhooks

KEPT = timedelta(days=30)


@task
def forget_what_is_over() -> None:
    """Remove rows that no page and no proof needs."""
    accounts.forget_expired(KEPT)
    licensing.forget_bulk_acts(KEPT)
    licensing.forget_imports(KEPT)
    webhooks.forget_deliveries()
    call_command("ox_prune", older_than="1d", verbosity=0)
