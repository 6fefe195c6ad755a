"""Whether what is said about a connection can be: every mistake in one report. A secret is never quoted in it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from chalicelib.connections.offers import OFFERS, Check, Offer
from chalicelib.core.words import Group, Mode
from chalicelib.ops.wrong import Mistake, Wrong
from chalicelib.ports.keys import MAX_SECRET
from chalicelib.rules.problems import brief, meant

if TYPE_CHECKING:
    from chalicelib.connections.connect import Request

NAME = re.compile(r"[a-z0-9-]{1,40}")
NAME_WANTED = "at most 40 of a-z, 0-9 and -"
MOST_PLACES = 10


def check_request(request: "Request", marks: frozenset[str]) -> None:
    """Raises Wrong with every mistake."""
    mistakes = list(_mistakes(request, marks))
    if mistakes:
        raise Wrong(mistakes)


def check_credentials(platform: str, credentials: Mapping[str, str]) -> None:
    """Raises Wrong with every mistake; no value is quoted."""
    mistakes = list(_credentials(OFFERS[platform], credentials))
    if mistakes:
        raise Wrong(mistakes)


def check_secret(platform: str, secret: str | None) -> str:
    """The hook's secret: the given one, or a new one where the platform lets us choose. Raises Wrong."""
    offer = OFFERS[platform]
    if secret is None:
        if offer.issue is None:
            raise Wrong([Mistake("secret", "nothing", offer.hint)])
        return offer.issue()
    wanted = offer.secret(secret) or _sealable(secret)
    if wanted:
        raise Wrong([Mistake("secret", "a value of another form", wanted)])
    return secret


def _mistakes(request: "Request", marks: frozenset[str]) -> Iterator[Mistake]:
    if not NAME.fullmatch(request.name):
        yield Mistake("name", brief(request.name), NAME_WANTED)
    offer = OFFERS.get(request.platform)
    if offer is None:
        yield Mistake(
            "platform", brief(request.platform), f"one of {', '.join(OFFERS)}{meant(request.platform, OFFERS)}"
        )
        return
    wanted = offer.address(request.address)
    if wanted:
        yield Mistake("address", brief(request.address), wanted)
    yield from _options(offer, request.options)
    yield from _credentials(offer, request.credentials)
    for group, mode in request.modes.items():
        if group != "all" and group not in tuple(Group):
            yield Mistake(f"modes.{group[:40]}", brief(group), f"one of all, {', '.join(Group)}{meant(group, Group)}")
        elif mode not in tuple(Mode):
            yield Mistake(f"modes.{group}", brief(mode), f"one of {', '.join(Mode)}{meant(mode, Mode)}")
    for mark, places in request.mapping.items():
        if mark not in marks:
            yield Mistake(f"mapping.{mark[:40]}", brief(mark), f"a mark{meant(mark, marks)}")
        elif not 0 < len(places) <= MOST_PLACES or not all(0 < len(one) <= 200 for one in places):
            yield Mistake(
                f"mapping.{mark}", f"{len(places)} places", f"1 to {MOST_PLACES} places of 1 to 200 characters"
            )


def _options(offer: Offer, options: Mapping[str, str]) -> Iterator[Mistake]:
    for name, value in options.items():
        check = offer.known.get(name)
        if check is None:
            yield Mistake(f"options.{name[:40]}", brief(name), _known(name, offer.known))
        elif wanted := check(value):
            yield Mistake(f"options.{name}", brief(value), wanted)


def _sealable(text: str) -> str:
    """What the vault wanted instead: it seals so much and no more."""
    return "" if len(text.encode("utf-8", "surrogatepass")) <= MAX_SECRET else f"at most {MAX_SECRET} bytes"


def _credentials(offer: Offer, credentials: Mapping[str, str]) -> Iterator[Mistake]:
    wanted = _sealable(json.dumps(dict(credentials), separators=(",", ":")))
    if wanted:
        yield Mistake("credentials", "more", f"{wanted} in all")
        return
    for name, value in credentials.items():
        check = offer.credentials.get(name)
        if check is None:
            yield Mistake(
                f"credentials.{name[:40]}", "a name that the platform does not use", _known("", offer.credentials)
            )
        elif wanted := check(value):
            yield Mistake(f"credentials.{name}", "a value of another form", wanted)


def _known(name: str, known: Mapping[str, Check]) -> str:
    return f"one of {', '.join(sorted(known))}{meant(name, known)}"
