"""Only operations write: reading is free, and a change always passes permission, refusal, journal and letter."""

import ast

from tests.architecture.source import modules

WRITES = {
    "abulk_create", "acreate", "adelete", "aget_or_create", "asave", "aupdate", "aupdate_or_create",
    "bulk_create", "bulk_update", "create", "delete", "get_or_create", "save", "update", "update_or_create",
}  # fmt: skip
# Who else may write, and why.
ALLOWED = {
    "billing/providers/test/bank.py": "stands for another company's computer, with a ledger of its own",
    "journal/journal.py": "`record` is the one way into the journal",
    "accounts/sessions.py": "Django's session engine calls it for every request",
}


def _is_write(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in WRITES:
        return False
    if ast.unparse(call.func.value) == "router":  # the route of an HTTP DELETE
        return False
    # A dict or a digest is updated with a value; a QuerySet with names.
    return call.func.attr != "update" or bool(call.keywords and not call.args)


def _is_operations(path: str) -> bool:
    """`licensing/operations.py`, or a file of the folder `licensing/operations/`."""
    return path.endswith("/operations.py") or "/operations/" in path


def _is_models(path: str) -> bool:
    return path.endswith("/models.py") or "/models/" in path


def test_only_operations_write() -> None:
    found = [
        f"{path}:{node.lineno}: {ast.unparse(node.func)}"
        for path, tree in modules().items()
        if not _is_operations(path) and not _is_models(path) and path not in ALLOWED
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _is_write(node)
    ]
    assert found == []


def test_each_exception_is_still_needed() -> None:
    for path in ALLOWED:
        assert any(isinstance(node, ast.Call) and _is_write(node) for node in ast.walk(modules()[path])), path


def test_an_operation_says_who_does_it() -> None:
    """`by=` comes last and by name alone."""
    found = []
    for path, tree in modules().items():
        if not _is_operations(path):
            continue
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            if any(argument.arg == "by" for argument in node.args.args):
                found.append(f"{path}:{node.lineno}: {node.name}")
    assert found == []
