"""Everything at once: `valija-server serve`."""

import argparse
import socket
import sys
from urllib.parse import urlsplit

from valija.server import children, home
from valija.server.children import Bell, Child, Probe
from valija.server.home import Stop

SECONDS_TO_ANSWER = 60


def run(options: argparse.Namespace) -> int:
    """Prepare the home, start web and worker, say where they are, and keep them running until told to stop."""
    home.prepare(options.home)
    lock = home.hold(options.home)
    need_port(options.host, options.port)
    url = home.remember_url(options.home, options.port)
    _prepare(options)

    bell = Bell()
    web = _child(options, "web", "--host", options.host, "--port", str(options.port))
    running = [web, _child(options, "worker")]
    try:
        for child in running:
            child.start()
        links = _sign_in_links(options)  # while they start
        probe = Probe(options.host, options.port, urlsplit(url).netloc)
        children.wait_until(probe, running, bell, SECONDS_TO_ANSWER)
        if not bell.stop:
            print(f"Valija is ready at {url}", *links, sep="\n", flush=True)
        children.keep_running(running, bell)
    finally:
        children.stop(running, bell)
        lock.close()
    return 0


def need_port(host: str, port: int) -> None:
    """Say so now, in words, if another program listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OverflowError:
            raise Stop(f"There is no port {port}: choose one between 1024 and 65535.") from None
        except PermissionError:
            raise Stop(
                f"Port {port} is for the system's administrator: choose one above 1023 with --port."
            ) from None
        except OSError as error:
            raise Stop(
                f"Port {port} cannot be used ({error.strerror}). "
                f"Stop the program that listens there, or choose another one: --port {port + 1}"
            ) from error


def _prepare(options: argparse.Namespace) -> None:
    from valija.server import database, people, static, translations

    translations.compile_stale()
    database.set_up()
    database.migrate()
    static.collect_stale()
    if options.demo:
        from valija.server import demo

        demo.fill()
    else:
        people.need_provider(options.admin)


def _sign_in_links(options: argparse.Namespace) -> list[str]:
    from valija.server import people

    return people.links_of_everyone() if options.demo else people.link_of_provider()


def _child(options: argparse.Namespace, name: str, *arguments: str) -> Child:
    command = [sys.executable, "-m", "valija.server.main", name, "--home", str(options.home), *arguments]
    return Child(name, command, options.home / "log" / f"{name}.log")
