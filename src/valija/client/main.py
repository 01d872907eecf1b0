"""The `valija` command: activate, license, deactivate. Needs nothing of the server's code."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from valija.client import activation, code, messages, report
from valija.client.license_file import License, LicenseFileProblem, Standing, open_license_file, standing
from valija.client.messages import LANGUAGES, say
from valija.client.server import HURRY, Device, Refused, Server, version
from valija.client.store import Store, default_folder


class NotUnderstood(code.Misunderstood):
    """The command line makes no sense."""

    code = "not_understood"
    sentence = messages.NOT_UNDERSTOOD


class UnknownLanguage(code.Misunderstood):
    """Not es, en or fr."""

    code = "unknown_language"
    sentence = messages.UNKNOWN_LANGUAGE


class ServerMissing(code.Misunderstood):
    """A bare code, and no server was ever named."""

    code = "server_missing"
    sentence = messages.SERVER_MISSING


class Parser(argparse.ArgumentParser):
    """argparse speaks English only: its help and its errors are replaced by sentences of ours."""

    def __init__(self, **given: Any) -> None:
        given |= {"add_help": False, "allow_abbrev": False, "argument_default": argparse.SUPPRESS}
        super().__init__(**given)
        self.add_argument("--lang")
        for names in (
            ("-h", "--help"),
            ("--version",),
            ("--json",),
        ):  # understood before and after the command
            self.add_argument(*names, action="store_true")

    def error(self, message: str) -> NoReturn:
        """Refuse what was typed."""
        raise NotUnderstood


@dataclass(frozen=True, slots=True)
class Told:
    """What a command says and ends with."""

    text: str
    data: dict[str, object]
    exit_code: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the answer is the exit code."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")  # a terminal without ñ must not end in a traceback
    typed = list(sys.argv[1:] if arguments is None else arguments)
    language = messages.language_of()
    try:
        language = _language(typed) or language
        return _run(typed, language)
    except messages.Problem as problem:
        if isinstance(problem, NotUnderstood):
            problem.data["given"] = " ".join(["valija", *typed])
        sentence = problem.told(language)
        if "--json" in typed:
            told: dict[str, object] = {"standing": problem.code, "valid": False, "message": sentence}
            if isinstance(problem, WhichDevice):
                told["devices"] = problem.listed()
            print(json.dumps(told, ensure_ascii=False))
        print(sentence, file=sys.stderr)
        if isinstance(problem, NotUnderstood):
            print(f"\n{say(messages.HELP, language)}", end="", file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        return 130


def _run(typed: list[str], language: str) -> int:
    options = _parser().parse_args(typed)
    if options.version:
        print(f"valija {version()}")
        return 0
    if options.help or options.command is None:
        print(say(messages.HELP, language), end="")
        return 0
    store = Store(default_folder())
    commands = {"activate": _activate, "license": _license, "deactivate": _deactivate}
    told = commands[options.command](options, store, language)
    print(json.dumps(told.data, ensure_ascii=False, indent=2) if options.json else told.text)
    return told.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="valija")
    parser.set_defaults(help=False, version=False, json=False)
    commands = parser.add_subparsers(dest="command")
    activate = commands.add_parser("activate")
    activate.add_argument("link_or_code", nargs="*", default=[])
    activate.add_argument("--server", default=None)
    activate.add_argument("--device", default=None)
    activate.add_argument("--instead-of", default=None)
    activate.add_argument("--allow-http", action="store_true", default=False)
    way = commands.add_parser("license").add_mutually_exclusive_group()
    way.add_argument("--online", action="store_true", default=False)
    way.add_argument("--offline", action="store_true", default=False)
    commands.add_parser("deactivate").add_argument("--forget", action="store_true", default=False)
    return parser


def _language(typed: list[str]) -> str | None:
    """Read --lang before the rest, so that what is wrong with the rest is told in it."""
    given: str | None = getattr(Parser().parse_known_args(typed)[0], "lang", None)
    if given is not None and given not in LANGUAGES:
        raise UnknownLanguage(given=given)
    return given


def _activate(options: argparse.Namespace, store: Store, language: str) -> Told:
    """valija activate LINK_OR_CODE"""
    typed = " ".join(options.link_or_code)  # a code copied with its spaces arrives in pieces
    if not typed:
        raise NotUnderstood
    named, activation_code = code.split_link(typed)
    address = named or options.server or os.environ.get("VALIJA_SERVER") or store.state().server
    if not address:
        raise ServerMissing
    server = Server(code.server_address(address, options.allow_http), language)
    device = (options.device or activation.device_name()).strip()[: activation.DEVICE_LENGTH]
    license = _activated(options, store, server, activation_code, device)
    done = say(messages.ACTIVATED, language, holder=license.holder.name, plan=license.plan.name)
    return _told(license, store, language, done=done, renewed=True)


class WhichDevice(messages.Problem):
    """The license is at work on as many devices as it may, and none was chosen to let it go."""

    code = "too_many_devices"

    def __init__(self, refused: Refused, given: str = "") -> None:
        super().__init__()
        self.refused, self.given = refused, given

    def told(self, language: str) -> str:
        """The server's words, the devices, and how to choose one."""
        wrong = say(messages.NO_SUCH_DEVICE, language, given=self.given) if self.given else ""
        said = [wrong or self.refused.told(language), say(messages.DEVICES, language)]
        return "\n".join(
            [*said, report.devices(self.refused.devices, language), say(messages.INSTEAD_OF, language)]
        )

    def listed(self) -> list[dict[str, str]]:
        """The same for programs."""
        return [{"id": each.id, "device": each.name} for each in self.refused.devices]


def _activated(
    options: argparse.Namespace, store: Store, server: Server, activation_code: str, device: str
) -> License:
    """Activate; where there are too many devices, ask which one to let go, and go on."""
    instead_of = ""
    for _attempt in range(3):  # somebody else may activate while the user thinks
        try:
            return activation.activate(store, server, activation_code, device, instead_of)
        except Refused as refused:
            if not refused.devices:
                raise
            if instead_of and options.instead_of:
                raise WhichDevice(refused) from refused
            instead_of = _chosen(options, refused, server.language).id
            last = refused
    raise WhichDevice(last)


def _chosen(options: argparse.Namespace, refused: Refused, language: str) -> Device:
    """The device that was named, by number or name, or that the user chooses now."""
    given = (options.instead_of or "").strip()
    if not given and not options.json and sys.stdin is not None and sys.stdin.isatty():
        print(refused.told(language), say(messages.DEVICES, language), sep="\n", file=sys.stderr)
        print(report.devices(refused.devices, language), file=sys.stderr)
        print(say(messages.WHICH_DEVICE, language), end="", file=sys.stderr, flush=True)
        given = sys.stdin.readline().strip()
    for number, each in enumerate(refused.devices, start=1):
        if given and given in (str(number), each.name, each.id):
            return each
    raise WhichDevice(refused, given)


def _license(options: argparse.Namespace, store: Store, language: str) -> Told:
    """valija license"""
    if not store.has_license():
        raise activation.NoLicense
    if options.online:
        return _renew_now(options, store, language)
    license = open_license_file(*store.license())
    # A suspended license is asked about each time: it may have been paid.
    due = activation.clock() >= license.renew_from or store.state().suspended
    if not options.offline and due:
        server = Server(store.state().server or license.server, language, HURRY)
        # Nobody asked for the server: where it does not help, what is on the device is shown, and how it stands.
        with contextlib.suppress(messages.Problem):
            return _told(activation.renew(store, server), store, language, renewed=True)
    return _told(license, store, language)


def _renew_now(options: argparse.Namespace, store: Store, language: str) -> Told:
    """Renew because the user asked: also what is damaged. Without an answer the license is shown as it is."""
    license = None
    with contextlib.suppress(LicenseFileProblem):
        license = open_license_file(*store.license())
    address = store.state().server or (license.server if license else None)
    if not address:
        raise ServerMissing
    try:
        return _told(activation.renew(store, Server(address, language)), store, language, renewed=True)
    except messages.Problem:
        if license is not None and not options.json:
            print(report.lines(license, language), flush=True)
        raise


def _deactivate(options: argparse.Namespace, store: Store, language: str) -> Told:
    """valija deactivate"""
    if not store.has_license():
        raise activation.NoLicense
    if options.forget:
        store.forget_license()
        sentence, ended = say(messages.FORGOTTEN, language), False
    else:
        address = store.state().server or open_license_file(*store.license()).server
        ended = activation.deactivate(store, Server(address, language))
        sentence = say(messages.DEACTIVATED if ended else messages.ALREADY_ENDED, language)
    return Told(sentence, {"standing": "deactivated", "valid": False, "message": sentence})


def _told(license: License, store: Store, language: str, *, done: str = "", renewed: bool = False) -> Told:
    now: datetime = activation.clock()
    state = store.state()
    stands = standing(license, now, state.latest_seen)
    if state.ended or state.suspended:
        stands = Standing.ENDED if state.ended else Standing.SUSPENDED
    activation.see_the_time(store, now)
    sentence = report.verdict(
        license, stands, language, now=now, seen=state.latest_seen, told=state.ended or state.suspended
    )
    if stands is Standing.GOOD and (done or renewed):
        sentence = done or f"{sentence} {say(messages.RENEWED, language)}"
    text = f"{report.lines(license, language)}\n\n{sentence}"
    return Told(
        text, report.as_json(license, stands, sentence, renewed=renewed), 0 if stands is Standing.GOOD else 4
    )


if __name__ == "__main__":
    sys.exit(main())
