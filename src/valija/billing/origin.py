"""Why somebody has a plan: from the assignment back to the purchase and the payment that it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from valija.billing.models import OrderLine
from valija.journal.events import Event
from valija.journal.models import Entry
from valija.licensing.models import License

GIVING = (Event.LICENSE_ASSIGNED.code, Event.LICENSE_MODIFIED.code, Event.LICENSE_RECEIVED.code)
PAID_FOR = ("order__payment", "order__buyer", "plan")


@dataclass(frozen=True)
class Origin:
    """The chain behind a license. `given` is missing where nobody holds it, `bought` where no purchase is known."""

    license: License
    given: Entry | None
    bought: OrderLine | None
    invoices: Sequence[Any] = ()

    @property
    def giver(self) -> str:
        return self.given.actor_label.partition(" <")[0] if self.given else ""


def origin_of(license: License) -> Origin:
    """What a license rests on."""
    return Origin(license, _given(license), bought := _bought(license), _invoices(bought))


def _given(license: License) -> Entry | None:
    """The act by which its holder got it, as the journal tells."""
    if license.holder_id is None:
        return None
    return Entry.objects.about(license.pk).filter(event__in=GIVING).order_by("-id").first()


def _bought(license: License) -> OrderLine | None:
    lines = OrderLine.objects.filter(grants__license=license)
    return lines.select_related(*PAID_FOR).prefetch_related("order__lines").first()


def _invoices(line: OrderLine | None) -> Sequence[Any]:
    return ()
