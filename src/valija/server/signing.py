"""The key that signs license files, as whoever runs the installation changes it."""

import argparse

from valija.server import database
from valija.server.people import operator


def run(options: argparse.Namespace) -> int:
    """`valija-server rotate-key`"""
    database.set_up()
    from valija.licensing import operations as licensing

    print(f"License files are signed with the key {licensing.rotate_key(by=operator()).pk} from now on.")
    return 0
