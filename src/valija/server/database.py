"""The database: reached, created, brought up to date."""

import argparse
import logging

from valija.server import home
from valija.server.home import Stop


def run(options: argparse.Namespace) -> int:
    """`valija-server migrate`"""
    home.prepare(options.home)
    set_up()
    done = migrate()
    print(f"{done} migrations applied." if done else "Up to date.")
    return 0


def set_up() -> None:
    """Load Django, once.

    Raises:
        Stop: an environment variable holds what cannot be used.
    """
    import django
    from django.apps import apps
    from django.core.exceptions import ImproperlyConfigured

    if apps.ready:
        return
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise Stop(str(error)) from error
    # A database that is away is told once, in a sentence, not at each attempt.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


def pending() -> list[str]:
    """The migrations that this database still lacks.

    Raises:
        Stop: the database cannot be reached.
    """
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
    except DatabaseError as error:
        raise Stop(f"The database cannot be reached: {error}".strip()) from error
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def migrate() -> int:
    """Apply what is pending, and say how many that were."""
    from django.core.management import call_command

    todo = pending()
    if todo:
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        _furnish()
    return len(todo)


def _furnish() -> None:
    """A new installation has plans, prices and taxes; what its provider changed stays."""
    from valija.billing import operations as billing
    from valija.licensing import operations as licensing

    licensing.install_catalogue()
    billing.install_tax_rates()
