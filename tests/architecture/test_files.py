"""Short files and functions, split by noun."""

from tests.architecture.source import PACKAGE, ROOT, functions, kept_files, modules

LINES_OF_FILE = 400
LINES_OF_FUNCTION = 40
VISIBLE_AT_THE_TOP = 15
SAY_NOTHING = {
    "utils",
    "helpers",
    "common",
    "services",
    "managers",
    "tasks",
    "exceptions",
    "constants",
    "misc",
}


def test_files_are_short() -> None:
    kinds = {".py", ".js", ".html"}
    ours = [
        path
        for path in kept_files()
        if path.suffix in kinds and not {"vendor", "migrations"} & set(path.parts)
    ]
    long = {
        str(path.relative_to(ROOT)): n
        for path in ours
        if (n := len(path.read_text().splitlines())) >= LINES_OF_FILE
    }
    assert long == {}


def test_functions_are_short() -> None:
    long = {
        f"{path}:{function.lineno} {function.name}": lines
        for path, tree in modules().items()
        for function in functions(tree)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) >= LINES_OF_FUNCTION
    }
    assert long == {}


def test_files_are_named_for_what_they_hold() -> None:
    found = [path for path in PACKAGE.rglob("*") if path.stem in SAY_NOTHING and "vendor" not in path.parts]
    assert found == []


def test_the_top_is_seen_at_a_glance() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in kept_files()}
    assert len([name for name in top if not name.startswith(".")]) <= VISIBLE_AT_THE_TOP
