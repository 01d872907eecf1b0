"""Webhooks set up by a program."""

from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.api.conftest import Program
from tests.webhooks.receiver import receiving
from valija.accounts.models import User
from valija.webhooks import operations as webhooks

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_a_program_sets_up_tests_and_removes_a_webhook(payroll: Program, settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    with receiving() as receiver:
        made = payroll.post("/webhooks", {"url": receiver.url, "events": ["webhook.tested"]}).json()
        path = f"/webhooks/{made['id']}"
        assert payroll.post(f"{path}/test").status_code == 202
        webhooks.deliver_due.call()
        headers, body = receiver.got[-1]
        assert Webhook(made["secret"]).verify(body, headers)["type"] == "webhook.tested"
    (delivery,) = payroll.get(f"{path}/deliveries").json()["items"]
    assert delivery["message"] == headers["webhook-id"]
    assert delivery["log"][0]["status"] == 200
    assert payroll.post(f"{path}/deliveries/{delivery['id']}/replay").json()["delivered_at"] is None
    secret = payroll.post(f"{path}/secret").json()["secret"]
    assert secret not in ("", made["secret"])
    assert payroll.post(f"{path}/disable").json()["disabled_because"] == "person"
    assert payroll.post(f"{path}/test").json()["code"] == "webhook_is_off"
    assert payroll.post(f"{path}/enable").json()["disabled_at"] is None
    changed = payroll.ask("put", path, {"url": "https://hooks.aurora.example/", "events": []}).json()
    assert changed["url"] == "https://hooks.aurora.example/"
    assert payroll.ask("delete", path).status_code == 204
    assert payroll.get(path).status_code == 404


def test_a_program_without_the_scope_is_refused(program: Any, alice: User) -> None:
    reader = program(alice, "journal.account")
    assert (
        reader.post("/webhooks", {"url": "https://hooks.aurora.example/"}).json()["code"] == "scope_missing"
    )


def test_mallorys_program_finds_nothing_of_aurora(program: Any, alice: User, mallory: User) -> None:
    endpoint, _secret = webhooks.add_webhook(
        alice.account, "https://hooks.aurora.example/", by=alice.as_actor()
    )
    stranger = program(mallory)
    assert stranger.get("/webhooks").json()["items"] == []
    assert stranger.get(f"/webhooks/{endpoint.pk}").status_code == 404
    assert stranger.ask("delete", f"/webhooks/{endpoint.pk}").status_code == 404
