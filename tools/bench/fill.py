"""Fills the database of a benchmark and prints, as JSON, the sign-in links of those who will load it."""

import json
import sys

import django

django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402

from valija.accounts import operations as accounts  # noqa: E402
from valija.accounts.models import User  # noqa: E402
from valija.server.demo import OPERATOR, fill  # noqa: E402


def main(users: int, buyers: int) -> None:
    cast = fill()
    unusable = make_password(None)
    User.objects.bulk_create(
        (
            User(
                account=cast.aurora, email=f"person{n}@aurora.example", first_name=f"Person{n % 97}", last_name=f"Number{n:05}",
                sort_name=f"person{n % 97} number{n:05}", language="en", password=unusable,
            )
            for n in range(users)
        ),
        batch_size=500,
    )  # fmt: skip
    admins = [cast.alice]
    for n in range(buyers):
        account = accounts.create_account(
            f"Shop {n}",
            country="ES",
            admin_email=f"buyer{n}@shop{n}.example",
            admin_first_name="Buyer",
            by=OPERATOR,
        )
        admins.append(account.users.get())
    print(json.dumps([accounts.sign_in_link(user, by=OPERATOR) for user in admins]))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
