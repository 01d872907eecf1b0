"""docs/api.md tells every operation and every code of the API, and no other."""

import re
from pathlib import Path

from valija.api.documents import document, operations, refusals_of
from valija.api.errors import MethodNotAllowed
from valija.api.program import api

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def test_every_operation_is_told_with_its_request_its_key_and_its_scope() -> None:
    told = re.findall(r"^\| `(\w+)` \| `([A-Z]+) (\S+)`( †)? \| (.*) \|$", TEXT, re.MULTILINE)
    there = []
    for path, methods in document(api)["paths"].items():
        for method, operation in methods.items():
            keyed = any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"])
            [[scheme, scopes]] = operation.get("security", [{"none": []}])[0].items()
            who = {"AccessToken": "any token", "ActivationToken": "activation token"}.get(scheme, scheme)
            scope = f"`{scopes[0]}`" if scopes else who
            there.append(
                (operation["operationId"], method.upper(), path.removeprefix("/api/v1"), " †" * keyed, scope)
            )
    assert sorted(told) == sorted(there)


def test_every_code_is_told_with_its_status() -> None:
    told = {
        (int(status), code)
        for status, codes in re.findall(r"^\| (\d{3}) \| (.*) \|$", TEXT, re.MULTILINE)
        for code in re.findall(r"`(\w+)`", codes)
    }
    there = {
        (refusal.status, refusal.code) for operation in operations(api) for refusal in refusals_of(operation)
    }
    assert told == there | {(MethodNotAllowed.status, MethodNotAllowed.code)}
