"""Threads of one process stand in a queue before SQLite's one write lock."""

import threading

import pytest
from django.db import connection, connections, transaction

from valija.accounts.models import Account
from valija.server.demo import fill

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows, not the database"),
]


def test_many_writers_come_in_one_after_another_and_none_is_lost() -> None:
    account = fill().aurora
    Account.objects.filter(pk=account.pk).update(tax_number="0")
    errors: list[Exception] = []

    def add() -> None:
        try:
            for _time in range(10):
                with transaction.atomic():
                    found = Account.objects.get(pk=account.pk)
                    found.tax_number = str(int(found.tax_number) + 1)
                    found.save(update_fields=["tax_number"])
        except Exception as error:  # noqa: BLE001 (told below)
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=add) for _thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert Account.objects.get(pk=account.pk).tax_number == "80"


def _somebody_else_writes() -> bool:
    done = threading.Event()

    def write() -> None:
        with transaction.atomic():
            Account.objects.update(tax_number="other")
        done.set()
        connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(10)
    return done.is_set()


def test_a_writer_that_fails_passes_its_turn_on() -> None:
    fill()

    @transaction.atomic
    def fail() -> None:
        Account.objects.update(tax_number="1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _somebody_else_writes()


def test_a_writer_that_goes_away_passes_its_turn_on() -> None:
    fill()

    def go_away() -> None:
        connection.ensure_connection()
        connection._start_transaction_under_autocommit()  # type: ignore[attr-defined]
        connections.close_all()

    thread = threading.Thread(target=go_away)
    thread.start()
    thread.join(10)
    assert _somebody_else_writes()
