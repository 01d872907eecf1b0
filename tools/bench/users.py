"""User management with many people: pages at 1,000 and at 50,000 users, many licenses assigned at once, a long list imported.

Time per page must not grow with the account: the last column is the figure at many users by the one at few. Pages are asked
for one after another, without a network. Peak memory is that of a whole process that did the job.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tools.bench.pages import fresh

PAGES = (
    "/users",
    "/users?q=person4+number",
    "/users?q=number00042",
    "/users?state=none",
    "/users?sort=-added",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench users", description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--licenses", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="one of the two alone")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for database in [options.database] if options.database else ["sqlite", "postgresql"]:
        few = measured(database, options.few, "pages", min(options.few, options.licenses))
        many = measured(database, options.users, "pages", options.licenses)
        rows = measured(database, 0, "import", options.rows)
        show(database, options, few, many, rows)
        found[database] = {"few": few, "many": many, "import": rows}
    if options.json:
        print(json.dumps({"peer": "ours", **found}))


def measured(database: str, users: int, what: str, number: int) -> dict[str, Any]:
    """One process with a database and a home of its own."""
    with tempfile.TemporaryDirectory(prefix="valija-bench-") as folder, fresh(database) as url:
        env = {**os.environ, "VALIJA_HOME": str(Path(folder) / "home"), "VALIJA_DATABASE_URL": url,
               "DJANGO_SETTINGS_MODULE": "valija.settings"}  # fmt: skip
        server = [sys.executable, "-m", "valija.server.main"]
        subprocess.run([*server, "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
        fill = [sys.executable, "-m", "tools.bench.fill", str(users), "0"]
        subprocess.run(fill, env=env, check=True, stdout=subprocess.DEVNULL)
        job = [sys.executable, "-m", "tools.bench.people", what, str(number), *PAGES]
        told = subprocess.run(job, env=env, check=True, stdout=subprocess.PIPE, text=True)
        result: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
        return result


def show(database: str, options: argparse.Namespace, few: Any, many: Any, rows: Any) -> None:
    print(f"{database:34}{options.few:>10,} users{options.users:>10,} users{'ratio':>9}")
    for path in PAGES:
        one, other = few["ms"][path], many["ms"][path]
        print(f"{path:34}{one:13.1f} ms{other:13.1f} ms{other / one:9.2f}")
    print(f"{'licenses assigned':34}{few['per_second']:12.0f}/s{many['per_second']:13.0f}/s")
    print(
        f"{'rows imported (read and applied)':34}{'':15}{rows['per_second']:12.0f}/s  {rows['seconds']:.1f} s"
    )
    print(f"{'peak memory: assigning, importing':34}{many['peak_mb']:12.0f} MB{rows['peak_mb']:12.0f} MB")


if __name__ == "__main__":
    main()
