"""Which accounts the clock looks after: those with rules, or with granted requests that wait for a license."""

from valija.accounts.models import Account
from valija.core import clock
from valija.licensing.models import AutomaticLicenses
from valija.licensing.models.rules import BEFORE_ALL


def look_again(account: Account) -> None:
    """Something is to be done for this account as soon as the clock comes by."""
    AutomaticLicenses.objects.update_or_create(
        account=account, defaults={"seen_id": BEFORE_ALL, "due_at": clock.now()}
    )
