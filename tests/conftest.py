"""The cast: Clínica Aurora with Alice, Bob, Carol and Dave; Borealis with Mallory; Oscar, the provider."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing.models import Order
from valija.billing.providers.test import bank
from valija.billing.quote import quote_cart
from valija.core.ids import new_id
from valija.licensing.models import Plan
from valija.server import translations
from valija.server.demo import Cast, fill


def pytest_configure() -> None:
    """In a clone that has not been started yet nothing is compiled, and every page would be in English."""
    translations.compile_stale()


APPROVED_CARD = "4242 4242 4242 4242"


@pytest.fixture
def cast(db: None) -> Cast:
    """Everyone, with the shipped plans, prices and taxes; nobody licensed."""
    return fill()


@pytest.fixture
def aurora(cast: Cast) -> Account:
    return cast.aurora


@pytest.fixture
def borealis(cast: Cast) -> Account:
    return cast.borealis


@pytest.fixture
def alice(cast: Cast) -> User:
    return cast.alice


@pytest.fixture
def bob(cast: Cast) -> User:
    return cast.bob


@pytest.fixture
def carol(cast: Cast) -> User:
    return cast.carol


@pytest.fixture
def dave(cast: Cast) -> User:
    return cast.dave


@pytest.fixture
def mallory(cast: Cast) -> User:
    return cast.mallory


@pytest.fixture
def oscar(cast: Cast) -> User:
    return cast.oscar


@pytest.fixture
def plan(cast: Cast) -> Callable[[str], Plan]:
    """A shipped plan by its code."""
    return lambda code: Plan.objects.get(code=code)


@pytest.fixture
def buy(cast: Cast) -> Callable[..., Order]:
    """Licenses bought and paid, the way a person does: cart, confirmation, card."""

    def buy(account: Account, code: str, quantity: int) -> Order:
        buyer = account.users.order_by("id").first()
        assert buyer is not None
        by = buyer.as_actor()
        billing.add_to_cart(account, Plan.objects.get(code=code), quantity, by=by)
        order = billing.place_order(
            account, buyer, shown=quote_cart(account).fingerprint, key=new_id().hex, by=by
        )
        assert order.payment.reference is not None
        bank.pay(UUID(order.payment.reference), APPROVED_CARD)
        return billing.look_after(order, by=by)

    return buy


@pytest.fixture
def signed_in(client: Client) -> Callable[..., Client]:
    """A browser (without a window) in which somebody has signed in."""

    def sign_in(user: User, **headers: Any) -> Client:
        browser = Client(headers=headers or None)
        browser.force_login(user)
        return browser

    return sign_in
