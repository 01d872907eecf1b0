"""The letters, as a program or a person without a mail server reads them."""

import argparse
import json
import time
from uuid import UUID

from valija.server import database

SECONDS_BETWEEN_LOOKS = 0.25


def run(options: argparse.Namespace) -> int:
    """`valija-server outbox`"""
    database.set_up()
    from valija.mail import operations as mail

    last: UUID | None = None
    while True:
        for letter in mail.outbox(to=options.to.strip().lower(), after=last):
            last = UUID(letter["id"])
            print(json.dumps(letter, ensure_ascii=False), flush=True)
        if not options.follow:
            return 0
        time.sleep(SECONDS_BETWEEN_LOOKS)
