"""Nouns in one order: the contracts stand in pyproject.toml."""

import ast
import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT, modules


def test_a_package_imports_only_packages_below_it() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [program, "--no-cache", "--no-logo"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_nobody_goes_around_the_order_by_importing_inside_a_function() -> None:
    """Only commands do so: they load Django when they need it."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules().items()
        if not path.startswith("server/")
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom | ast.Import)
    ]
    assert found == []


def test_nothing_below_the_interfaces_knows_http() -> None:
    interfaces = ("web/", "api/", "server/", "urls.py", "wsgi.py")
    http = {"django.http", "django.shortcuts", "django.urls", "django.views", "ninja"}
    found = [
        f"{path}:{node.lineno}: {module}"
        for path, tree in modules().items()
        if not path.startswith(interfaces) and "/providers/" not in path
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
        for module in _imported(node)
        if any(module == name or module.startswith(f"{name}.") for name in http)
    ]
    assert found == []


def _imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [name.name for name in node.names] if isinstance(node, ast.Import) else []
