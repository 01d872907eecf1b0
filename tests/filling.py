"""What is in the portal whose pages are looked at: something of everything."""

from typing import Any


def fill() -> dict[str, str]:
    """Licenses bought and assigned, one at work, something in the cart, a payment under way."""
    import django

    django.setup()
    from valija.accounts import operations as accounts
    from valija.accounts.models import User
    from valija.accounts.permissions import Permission
    from valija.billing import operations as billing
    from valija.billing.providers.test import bank
    from valija.billing.quote import quote_cart
    from valija.core.actor import Actor
    from valija.core.ids import new_id
    from valija.domains import operations as domains
    from valija.journal.models import Entry
    from valija.licensing import operations as licensing
    from valija.licensing.models import Plan
    from valija.mail import operations as mail
    from valija.webhooks import operations as webhooks

    users = {user.first_name.lower(): user for user in User.objects.select_related("account")}
    plans = {plan.code: plan for plan in Plan.objects.all()}

    def order(buyer: User, code: str, quantity: int) -> Any:
        by = buyer.as_actor()
        billing.add_to_cart(buyer.account, plans[code], quantity, by=by)
        shown = quote_cart(buyer.account).fingerprint
        return billing.place_order(buyer.account, buyer, shown=shown, key=new_id().hex, by=by)

    alice, bob, mallory = users["alice"], users["bob"], users["mallory"]
    for code in ("advanced", "pro-shared"):
        other = order(alice, code, 1)
        bank.pay(other.payment.reference, "4242 4242 4242 4242")
        billing.look_after(other, by=alice.as_actor())
    paid = order(alice, "pro", 3)
    bank.pay(paid.payment.reference, "4242 4242 4242 4242")
    billing.look_after(paid, by=alice.as_actor())
    license = licensing.assign_license(alice.account, plans["pro"], bob, by=alice.as_actor())
    licensing.end_licenses(alice.account, plans["pro"], "year", 1, by=alice.as_actor())
    letter = next(each for each in mail.outbox(to=bob.email) if each["letter"] == "license_assigned")
    code = letter["links"][0].partition("#")[2]
    licensing.activate_license(code, "Portátil de consulta", by=Actor(kind="anyone", label=""))
    billing.add_to_cart(alice.account, plans["advanced"], 2, by=alice.as_actor())
    domains.claim_domain(alice.account, "aurora-legal.example", by=alice.as_actor())
    accounts.create_token(alice.account, "Nóminas", [Permission.LICENSE_SEE], by=alice.as_actor())
    bulk = licensing.plan_bulk_act(
        alice.account, "assign", alice.account.users.all(), plan=plans["pro"], by=alice.as_actor()
    )
    waiting = order(mallory, "eco", 1)
    storing = billing.store_method(alice.account, users["carol"], by=users["carol"].as_actor())
    webhook, _secret = webhooks.add_webhook(
        alice.account, "https://hooks.aurora.example/valija", by=alice.as_actor()
    )
    webhooks.test_webhook(webhook, by=alice.as_actor())
    entry = Entry.objects.of_account(alice.account_id).filter(event="license.assigned").latest("id")
    keys = {name: str(user.pk) for name, user in users.items()}
    keys |= _by_itself(users, plans)
    keys["storing"] = str(storing.reference)
    keys["license"] = str(license.pk)
    keys["shared"] = str(alice.account.licenses.get(plan__code="pro-shared").pk)
    keys["subscription"] = str(license.subscription_id)
    return {
        **keys,
        "paid": str(paid.pk),
        "bulk": str(bulk.pk),
        "payment": str(waiting.payment.reference),
        "entry": str(entry.pk),
        "webhook": str(webhook.pk),
    }


def _by_itself(users: dict[str, Any], plans: dict[str, Any]) -> dict[str, str]:
    """A group in a group that carries a plan of which there is no license, a request, a planned change."""
    from datetime import timedelta

    from valija.accounts import operations as accounts
    from valija.core import clock
    from valija.licensing import operations as licensing

    alice, carol, dave = users["alice"], users["carol"], users["dave"]
    account, by = alice.account, alice.as_actor()
    group = accounts.add_group(account, "Enfermería", by=by)
    outer = accounts.add_group(account, "Clínica", by=by)
    accounts.join_group(group, [dave], by=by)
    accounts.nest_group(outer, group, by=by)
    rule = licensing.switch_on_rule(account, plans["eco"], group, by=by)
    licensing.request_license(carol, plans["eco"], "Contratos con proveedores", by=carol.as_actor())
    day = clock.today() + timedelta(days=40)
    licensing.plan_assignment(account, plans["pro"], dave, day, by=by)
    return {"group": str(group.pk), "outer": str(outer.pk), "rule": str(rule.pk)}
