"""The command line of an installation."""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from valija.server import home
from valija.server.home import Stop

Command = Callable[[str, str, str], argparse.ArgumentParser]


def _parser() -> argparse.ArgumentParser:
    # On both, so that it may stand before or after the command; without a default neither overwrites the other.
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--home",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="folder of all state (default: VALIJA_HOME, or var)",
    )
    parser = argparse.ArgumentParser(prog="valija-server", description=__doc__, parents=[common])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: str, sentence: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[common], help=sentence, description=sentence)
        added.set_defaults(command=name, run=run)
        return added

    _starting(command)
    _questioning(command)
    return parser


def _starting(command: Command) -> None:
    serve = command("serve", "serve:run", "Start everything: database, web and worker. Ctrl-C stops it.")
    _address(serve)
    serve.add_argument(
        "--demo", action="store_true", help="fill in two accounts and a provider to try things with"
    )
    serve.add_argument(
        "--admin", metavar="EMAIL", default="admin@localhost", help="first administrator, on a first start"
    )
    web = command(
        "web", "web:run", "Answer browsers and programs (where web and worker run on machines of their own)."
    )
    _address(web)
    command("worker", "worker:run", "Do what is due: letters, payment notices, renewals.")
    command("migrate", "database:run", "Create the database, or bring it up to date.")


def _questioning(command: Command) -> None:
    link = command(
        "sign-in-link", "people:print_sign_in_link", "Print a link with which a person signs in, once."
    )
    link.add_argument("email", metavar="EMAIL")
    account = command(
        "create-account", "people:open_account", "Open a business account with its first administrator."
    )
    account.add_argument("name", metavar="NAME")
    account.add_argument("--admin", metavar="EMAIL", required=True)
    account.add_argument("--country", metavar="CODE", default="ES", help="two letters (default: ES)")
    account.add_argument("--language", metavar="CODE", default="es", help="en, es or fr (default: es)")
    account.add_argument("--currency", metavar="CODE", default="EUR", help="(default: EUR)")
    outbox = command("outbox", "outbox:run", "Print the letters written so far, one JSON object a line.")
    outbox.add_argument("--to", metavar="EMAIL", default="", help="only letters to this address")
    outbox.add_argument("--follow", action="store_true", help="go on with each new letter")
    rehearse = command(
        "rehearse",
        "rehearse:run",
        "List what the clock will do until a day, on a copy; nothing is sent or charged.",
    )
    rehearse.add_argument("--until", metavar="DATE", required=True, help="like 2027-12-31")
    command(
        "rotate-key", "signing:run", "Sign license files with a new key; the old one verifies until they end."
    )
    command("doctor", "doctor:run", "Look the installation over, and say what to do about what is wrong.")


def _address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="where to listen (default: 127.0.0.1)"
    )
    parser.add_argument("--port", metavar="N", type=int, default=8000, help="(default: 8000)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what goes wrong on the operator's side is a sentence, and an exit code of 1."""
    options = _parser().parse_args(arguments)
    options.home = home.settle(getattr(options, "home", ""))
    if options.command != "serve":
        home.recall_url(options.home)
    module, _, function = options.run.partition(":")
    try:
        status: int = getattr(importlib.import_module(f"valija.server.{module}"), function)(options)
    except Stop as stop:
        print(stop, file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "valija":
            raise
        print(
            f"The server's parts are not installed ({error.name}): pip install 'valija[server]'",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # `valija-server outbox | head`: the reader has had enough, and nothing is left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
