"""All that the clock does. Each is a task that does what is due; it may run at any time, and twice at once."""

from datetime import timedelta
from typing import Any

SCHEDULES: dict[str, dict[str, Any]] = {
    # Letters and notices leave as they are written; this takes up what a killed worker or a failure left behind.
    "deliver letters": {"task": "valija.mail.operations.deliver_due", "every": timedelta(seconds=30)},
    "deliver test notices": {
        "task": "valija.billing.providers.test.bank.deliver_notices_due",
        "every": timedelta(seconds=5),
    },
    "look after open purchases": {
        "task": "valija.billing.operations.buying.look_after_open_orders",
        "every": timedelta(minutes=1),
    },
    "ask after refunds": {
        "task": "valija.billing.operations.refunding.ask_after_refunds",
        "every": timedelta(minutes=5),
    },
    "release forgotten cards": {
        "task": "valija.billing.operations.methods.release_forgotten_methods",
        "every": timedelta(hours=1),
    },
    "carry out license rules": {
        "task": "valija.licensing.operations.applying.apply_due",
        "every": timedelta(seconds=5),
    },
    "make planned changes": {
        "task": "valija.licensing.operations.planning.carry_out_due",
        "every": timedelta(seconds=30),
    },
    "tell of licenses without use": {
        "task": "valija.billing.operations.idle.tell_of_idle_licenses",
        "every": timedelta(hours=1),
    },
    "warn of small pools": {
        "task": "valija.licensing.operations.pools.warn_of_small_pools",
        "every": timedelta(minutes=1),
    },
    # Begun when somebody asks for it; this takes up what a killed worker left behind.
    "work on many people": {
        "task": "valija.licensing.operations.bulk_batches.work_due",
        "every": timedelta(seconds=30),
    },
    "work on imports": {
        "task": "valija.licensing.operations.importing.work_on_imports",
        "every": timedelta(seconds=30),
    },
    "renew subscriptions": {
        "task": "valija.billing.operations.renewing.renew_due",
        "every": timedelta(minutes=5),
    },
    "charge renewals": {
        "task": "valija.billing.operations.renewing.charge_due",
        "every": timedelta(minutes=1),
    },
    "suspend subscriptions": {
        "task": "valija.billing.operations.renewing.suspend_due",
        "every": timedelta(minutes=15),
    },
    "end subscriptions": {
        "task": "valija.billing.operations.canceling.end_due",
        "every": timedelta(minutes=5),
    },
    "remind of renewals": {
        "task": "valija.billing.operations.reminding.remind_due",
        "every": timedelta(hours=1),
    },
    "deliver webhooks": {
        "task": "valija.webhooks.operations.delivering.deliver_due",
        "every": timedelta(seconds=5),
    },
    "check domains": {"task": "valija.domains.operations.checking.check_due", "every": timedelta(minutes=1)},
    "forget what is over": {"task": "valija.jobs.sweep.forget_what_is_over", "cron": "17 3 * * *"},
    "forget answers to programs": {
        "task": "valija.api.operations.forget_keyed_requests",
        "cron": "47 * * * *",
    },
}
