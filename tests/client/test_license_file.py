"""The license file proves itself, and nothing else passes."""

import base64
import copy
import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors.make_license_files import OURS, PAYLOAD, TARGET, document, envelope, jwk
from valija.client.license_file import LicenseFileProblem, open_license_file, pae, standing

VECTORS = json.loads(TARGET.read_text("utf-8"))
KEYS = {"keys": [jwk(OURS)]}
GOOD = envelope(PAYLOAD)


def outcome(file: object) -> str:
    """How a license file is judged, in one word."""
    try:
        license = open_license_file(file, VECTORS["keys"])
    except LicenseFileProblem as problem:
        return problem.code
    return "good" if license.holder.email == VECTORS["payload"]["holder"]["email"] else "another's"


def test_the_vectors_are_those_that_the_script_writes() -> None:
    assert TARGET.read_text("utf-8") == document()


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_license_files_are_judged_as_agreed(case: dict[str, Any]) -> None:
    assert outcome(case["license_file"]) == case["outcome"]


@pytest.mark.parametrize("moment", VECTORS["moments"], ids=lambda moment: moment["name"])
def test_a_license_stands_as_agreed(moment: dict[str, Any]) -> None:
    license = open_license_file(GOOD, KEYS)
    seen = moment["latest_seen"] and datetime.fromisoformat(moment["latest_seen"])
    assert standing(license, datetime.fromisoformat(moment["now"]), seen) == moment["standing"]


@pytest.mark.parametrize("case", VECTORS["pae"], ids=lambda case: case["type"])
def test_what_is_signed_is_encoded_as_dsse_says(case: dict[str, str]) -> None:
    assert pae(case["type"], case["payload"].encode()) == case["encoded"].encode()


PLACES = st.sampled_from(["payload", "sig"])


@given(place=PLACES, data=st.data())
def test_a_changed_byte_anywhere_is_refused(place: str, data: st.DataObject) -> None:
    changed = copy.deepcopy(GOOD)
    holder = changed if place == "payload" else changed["signatures"][0]
    content = bytearray(base64.b64decode(holder[place]))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    holder[place] = base64.b64encode(content).decode()
    with pytest.raises(LicenseFileProblem):
        open_license_file(changed, KEYS)


@given(place=PLACES, data=st.data())
def test_a_changed_letter_of_the_text_anywhere_is_refused(place: str, data: st.DataObject) -> None:
    changed = copy.deepcopy(GOOD)
    holder = changed if place == "payload" else changed["signatures"][0]
    text = holder[place]
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(max_codepoint=255).filter(lambda letter: letter != text[at]))
    holder[place] = text[:at] + letter + text[at + 1 :]
    with pytest.raises(LicenseFileProblem):
        open_license_file(changed, KEYS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["keys", "payload", "signatures", "x"]), inner)
    ),
)


@given(file=JSON, keys=JSON)
def test_whatever_else_it_is_given_it_says_that_it_is_no_license_file(file: object, keys: object) -> None:
    for arguments in ((file, KEYS), (GOOD, keys), (file, keys)):
        with pytest.raises(LicenseFileProblem):
            open_license_file(*arguments)
