"""Run beside a server, on its database: twenty administrators who want the same five licenses, and what came of it."""

import json
import os
import sys
from uuid import UUID

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "valija.settings"
django.setup()

from valija.accounts import operations as accounts  # noqa: E402
from valija.accounts.permissions import Role  # noqa: E402
from valija.billing import operations as billing  # noqa: E402
from valija.billing.providers.test import bank  # noqa: E402
from valija.billing.quote import quote_cart  # noqa: E402
from valija.core.ids import new_id  # noqa: E402
from valija.journal.models import Entry  # noqa: E402
from valija.licensing.models import License, Plan  # noqa: E402
from valija.mail.models import Letter  # noqa: E402
from valija.server.demo import OPERATOR, fill  # noqa: E402

ADMINISTRATORS, LICENSES = 20, 5


def prepare() -> object:
    """Sign-in links of the administrators, and for each a user who has no license."""
    cast = fill()
    by = cast.alice.as_actor()
    billing.add_to_cart(cast.aurora, Plan.objects.get(code="pro"), LICENSES, by=by)
    order = billing.place_order(
        cast.aurora, cast.alice, shown=quote_cart(cast.aurora).fingerprint, key=new_id().hex, by=by
    )
    bank.pay(UUID(str(order.payment.reference)), "4242 4242 4242 4242")
    billing.look_after(order, by=by)
    pairs = []
    for n in range(ADMINISTRATORS):
        admin = accounts.write_user(
            cast.aurora,
            f"admin{n}@aurora.example",
            by=OPERATOR,
            first_name=f"Admin{n}",
            role=Role.ADMINISTRATOR,
        )
        user = accounts.write_user(cast.aurora, f"user{n}@aurora.example", by=OPERATOR, first_name=f"User{n}")
        pairs.append((accounts.sign_in_link(admin, by=OPERATOR), str(user.pk)))
    return pairs


def count() -> object:
    """What the database says afterwards."""
    assigned = License.objects.assigned()
    return {
        "assigned": assigned.count(),
        "holders": assigned.values("holder").distinct().count(),
        "available": License.objects.available().count(),
        "letters": Letter.objects.filter(kind="license_assigned").count(),
        "lines": Entry.objects.filter(event="license.assigned").count(),
    }


if __name__ == "__main__":
    print(json.dumps({"prepare": prepare, "count": count}[sys.argv[1]]()))
