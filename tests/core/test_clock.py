"""The clock can be set, and everything that is made by it follows."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from valija.core import clock, ids

MONDAY = datetime(2031, 3, 3, 8, 0, tzinfo=UTC)


def test_the_clock_goes_on_from_where_it_was_set():
    with clock.at(MONDAY):
        assert MONDAY <= clock.now() < MONDAY + timedelta(minutes=1)
        clock.move_by(timedelta(days=1))
        assert clock.today() == MONDAY.date() + timedelta(days=1)
    assert not clock.is_set()
    assert abs(clock.now() - timezone.now()) < timedelta(minutes=1)


def test_keys_follow_the_clock():
    with clock.at(MONDAY):
        assert ids.first_id_at(MONDAY) <= ids.new_id() < ids.first_id_at(MONDAY + timedelta(minutes=1))
        assert ids.new_id().version == 7
