"""What is installed is what was locked, on every machine, from whatever index that machine uses."""

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from pytest import mark

from tests.architecture.source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = {"requirements.txt": ("server",), "requirements-dev.txt": ("server", "dev")}


def _locked(name: str) -> dict[str, Version]:
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in pins}


def _wanted(*extras: str) -> list[Requirement]:
    project = PROJECT["project"]
    texts = [*project["dependencies"], *PROJECT["build-system"]["requires"]]
    for extra in extras:
        texts += project["optional-dependencies"][extra]
    return [Requirement(text) for text in texts if not text.startswith("valija[")]


def test_every_dependency_has_a_lower_bound() -> None:
    for wanted in _wanted("server", "dev"):
        assert any(bound.operator == ">=" for bound in wanted.specifier), wanted


@mark.parametrize("lock", LOCKS)
def test_the_lock_holds_what_is_asked_for(lock: str) -> None:
    locked = _locked(lock)
    for wanted in _wanted(*LOCKS[lock]):
        assert locked[canonicalize_name(wanted.name)] in wanted.specifier, f"{wanted}: run bin/lock"


def test_tests_run_on_what_the_server_runs_on() -> None:
    tested = _locked("requirements-dev.txt")
    for package, version in _locked("requirements.txt").items():
        assert tested[package] == version, f"{package}: run bin/lock"


@mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--" not in text.replace("--hash=sha256:", "")
