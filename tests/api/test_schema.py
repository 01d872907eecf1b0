"""The API does what its description says: schemathesis tries to prove the contrary."""

from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

from tests.api.conftest import Program
from valija.accounts.models import Account, User
from valija.api import limits
from valija.api.documents import operations
from valija.api.program import api
from valija.billing import operations as billing
from valija.licensing.models import Plan

# What no schema can say is answered with 422 (a cursor of somebody else's making) or 429 (a domain checked just now).
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422", "429"]}
}
bounded = hypothesis.settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
    database=None,
)


description = schemathesis.openapi.from_wsgi(
    "/api/v1/openapi.json", get_wsgi_application(), config=SchemathesisConfig.from_dict({"checks": CHECKS})
)


@pytest.fixture
def known(cast: Any, aurora: Account, bob: User, buy: Callable[..., Any]) -> dict[str, str]:
    """Things that exist: Bob, a purchase, a domain, a line of the cart, a kind of problem."""
    order = buy(aurora, "pro", 3)
    line = billing.add_to_cart(aurora, Plan.objects.get(code="pro"), 2, by=cast.alice.as_actor())
    domain = aurora.domains.get()
    ids = {"user_id": bob.pk, "order_id": order.pk, "domain_id": domain.pk, "line_id": line.pk}
    return {**{name: str(value) for name, value in ids.items()}, "code": "empty_cart"}


@pytest.fixture(autouse=True)
def _no_limit(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.DNS_SERVER = "127.0.0.1:1"  # nobody is asked
    monkeypatch.setattr(limits, "REQUESTS", 1_000_000)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """The test's transaction is on this connection: a request that ends must not close it (Django's client does so too)."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@description.parametrize()
@bounded
def test_nothing_is_found(case: Case[Any], payroll: Program, known: dict[str, str]) -> None:
    cache.clear()  # no code is guessed too often
    headers = {"Accept-Encoding": "identity"}
    if not _is_wrong(case, ParameterLocation.HEADER):  # the wrong thing may be that the token is missing
        headers["Authorization"] = f"Bearer {payroll.secret}"
    if case.path_parameters and not _is_wrong(case, ParameterLocation.PATH):
        case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
    case.call_and_validate(headers=headers)


def _is_wrong(case: Case[Any], where: ParameterLocation) -> bool:
    part = case.meta.components.get(where) if case.meta else None
    return part is not None and part.mode.is_negative


def test_every_operation_is_described_in_openapi_3_1() -> None:
    assert description.raw_schema["openapi"].startswith("3.1")
    assert len(list(description.get_all_operations())) == len(operations(api))
