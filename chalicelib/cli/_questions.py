"""Asking a person at a terminal for what a command was not told; what the flags said stays."""

import argparse
import getpass
import sys
from collections.abc import Callable

from chalicelib.cli.main import Wrong
from chalicelib.connections.check import NAME, NAME_WANTED
from chalicelib.connections.offers import OFFERS, Offer

_TRIES = 3


def complete(args: argparse.Namespace) -> None:
    """Fill in name, address, credentials and the hook's secret of `connect`, as far as its platform wants them."""
    offer = OFFERS.get(args.platform)
    if args.no_ask or offer is None or not sys.stdin.isatty():
        if args.name is None:
            raise Wrong("--name: found nothing, wanted a name for the connection")
        return
    if args.name is None:
        args.name = _line(f"Name of the connection ({NAME_WANTED}): ", lambda text: NAME.fullmatch(text) is not None)
    if not args.address and (wanted := offer.address("")):
        args.address = _line(f"Address ({wanted}): ", lambda text: offer.address(text) == "")
    if not args.credential and args.platform != "standard":
        # A `standard` shop shares the hook's secret with us.
        args.credential += list(_credentials(offer))
    if args.secret is None and offer.issue is None:
        args.secret = getpass.getpass(f"Secret of the hook, {offer.hint} (not shown): ")


def _credentials(offer: Offer) -> list[str]:
    given = {name: getpass.getpass(f"{name} (not shown; Enter for none): ") for name in offer.credentials}
    return [f"{name}={value}" for name, value in given.items() if value]


def _line(question: str, fits: Callable[[str], bool]) -> str:
    """One line that fits. Raises Wrong after some that do not."""
    for _ in range(_TRIES):
        print(question, end="", file=sys.stderr, flush=True)
        text = sys.stdin.readline()
        if not text:
            break
        if fits(text.strip()):
            return text.strip()
    raise Wrong(f"{question.partition(' (')[0]}: nothing that fits was entered")
