"""Inside one process: times pages, or a bulk assignment, or an import; prints JSON."""

import json
import resource
import sys
import time
from statistics import median
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from valija.accounts.models import User  # noqa: E402
from valija.core import blobs, clock  # noqa: E402
from valija.licensing import operations as licensing  # noqa: E402
from valija.licensing.models import Interval, License, Plan, Subscription  # noqa: E402

ROUNDS = 15


def main(what: str, number: int, paths: list[str]) -> None:
    alice = User.objects.select_related("account").get(email="alice@aurora.example")
    result = pages(alice, number, paths) if what == "pages" else imported(alice, number)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


def pages(alice: User, number: int, paths: list[str]) -> dict[str, Any]:
    call_command("collectstatic", verbosity=0, interactive=False)
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(alice)
    times: dict[str, float] = {}
    for path in paths:
        browser.get(path)
        took = []
        for _round in range(ROUNDS):
            began = time.perf_counter()
            answer = browser.get(path)
            took.append(time.perf_counter() - began)
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: {answer.status_code}")
        times[path] = median(took) * 1000
    return {"ms": times, "per_second": assigned(alice, number)}


def assigned(alice: User, number: int) -> float:
    """Licenses a second, from the plan's being applied to the last one."""
    plan, account = Plan.objects.get(code="pro"), alice.account
    subscription = Subscription.objects.create(
        account=account, interval=Interval.YEAR, started_on=clock.today(), renews_on=clock.today().replace(year=2099, day=1)
    )  # fmt: skip
    License.objects.bulk_create(
        (License(account=account, plan=plan, subscription=subscription) for _ in range(number)),
        batch_size=500,
    )
    chosen = account.users.filter(email__startswith="person").order_by("pk")[:number]
    keys = list(chosen.values_list("pk", flat=True)[:number])
    by = alice.as_actor()
    everybody = account.users.filter(pk__gte=keys[0], pk__lte=keys[-1])
    bulk = licensing.plan_bulk_act(account, "assign", everybody, plan=plan, by=by)
    began = time.perf_counter()
    licensing.apply_bulk_act(bulk, by=by)
    licensing.work_due.call()
    took = time.perf_counter() - began
    bulk.refresh_from_db()
    if bulk.done != len(keys):
        raise RuntimeError(f"{bulk.done} of {len(keys)}")
    return bulk.done / took


def imported(alice: User, number: int) -> dict[str, Any]:
    """A list of people who are all new, read and applied."""
    name, file = blobs.begin()
    with file:
        file.write(b"email,first name,last name,language,mobile\n")
        for n in range(number):
            file.write(f"new{n}@aurora.example,New{n % 97},Number{n:05},en,\n".encode())
        size = file.tell()
    by = alice.as_actor()
    began = time.perf_counter()
    one = licensing.start_import(alice.account, "people.csv", name, size, by=by)
    licensing.work_on_imports.call()
    one.refresh_from_db()
    licensing.apply_import(one, by=by)
    licensing.work_on_imports.call()
    took = time.perf_counter() - began
    one.refresh_from_db()
    if one.done != number:
        raise RuntimeError(f"{one.done} of {number}")
    return {"seconds": took, "per_second": number / took}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
