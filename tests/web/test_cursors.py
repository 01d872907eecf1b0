"""Cursors are addresses that anybody can write: made-up ones are refused, whatever is in them."""

import base64
import json
from collections.abc import Callable

import pytest
from django.test import Client

from valija.accounts.models import User

pytestmark = pytest.mark.database


@pytest.mark.parametrize(
    "values",
    [["alice\0", "x"], ["al\0ice", "01a20c14-c32d-717e-8bfb-d4b8574ccaa9"], ["alice"], [1, 2], {}],
    ids=repr,
)
@pytest.mark.parametrize("page", ["/users", "/journal"])
def test_a_cursor_that_somebody_made_up_is_refused(
    signed_in: Callable[..., Client], alice: User, page: str, values: object
) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
    assert signed_in(alice).get(page, {"after": cursor}).status_code == 422
