"""The worker process: does what is due."""

import argparse

from valija.server import parent

SECONDS_BETWEEN_LOOKS = 0.25  # a sign-in letter leaves within two seconds, all in all


def run(options: argparse.Namespace) -> int:
    parent.die_with_parent()
    import django
    from django.core.management import call_command

    django.setup()
    from valija.billing import operations as billing

    # The worker before may have been killed with a payment's notice in its hand, which its lease then keeps for a
    # while: whoever has paid should not wait for that.
    billing.look_after_open_orders.enqueue()
    # Several at a time: a mail server that does not answer must not hold up a payment notice.
    call_command("ox_worker", interval=SECONDS_BETWEEN_LOOKS, concurrency=4, verbosity=0, skip_checks=True)
    return 0
