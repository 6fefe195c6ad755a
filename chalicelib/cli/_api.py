"""The ops API as the commands call it: where it is, the key, and what an answer means for the exit code.

`REDRESS_URL` and `REDRESS_KEY` tell; without them `.redress/local.json`, which `redress up` writes. The key is never
shown, nor sent anywhere but to that address: redirects are not followed.
"""

import argparse
import getpass
import http.client
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from chalicelib.cli._common import add_json, put_json, tell
from chalicelib.cli.main import DONE, NO, Wrong

LOCAL = Path(".redress") / "local.json"
TIMEOUT = 40.0
"""Longer than the API itself may take."""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class No(Exception):
    """The answer is no, or there is none; the text says why. Exit code 1."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Api:
    """The ops API of one deployment."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url.rstrip("/"), key
        try:
            parts = urllib.parse.urlsplit(self._url)
            odd = "@" in parts.netloc or parts.port == 0
        except ValueError:
            parts, odd = urllib.parse.urlsplit(""), True
        local = parts.hostname in _LOOPBACK
        if odd or (parts.scheme != "https" and not (parts.scheme == "http" and local)) or not parts.hostname:
            raise Wrong("REDRESS_URL: wanted an https address (http for this machine alone)")
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise Wrong("REDRESS_KEY: wanted a key as it was shown, in one piece")
        # A proxy that serves the outer world does not know this machine's own address.
        proxies = urllib.request.ProxyHandler({} if local else None)
        self._opener = urllib.request.build_opener(_Stay, proxies)

    def ask(self, method: str, parts: Iterable[str], said: Any = None, **query: object) -> Any:
        """The answer to a request. `parts` of the path are quoted here. Raises Wrong or No."""
        asked = {name: str(value) for name, value in query.items() if value not in (None, "")}
        try:
            target = "/" + "/".join(urllib.parse.quote(part, safe="") for part in parts)
            target += "?" + urllib.parse.urlencode(asked) if asked else ""
            body = None if said is None else json.dumps(said, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Wrong("an argument: found bytes that are no text in this terminal's encoding") from None
        headers = {"x-redress-key": self._key, "content-type": "application/json", "accept": "application/json"}
        request = urllib.request.Request(self._url + target, body, headers, method=method)
        try:
            with self._open(request) as answer:
                status, text = answer.status, answer.read()
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise No(f"{self._url} does not answer: {type(reason).__name__}") from None
        told = _object(text)
        if 200 <= status < 300 and told is None:
            raise No(f"{self._url} is not the ops API: what it answers is no JSON object")
        return _meaning(status, told or {})

    def _open(self, request: urllib.request.Request) -> Any:
        try:
            return self._opener.open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            # An answer as any other, to be read and closed.
            return error


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _meaning(status: int, told: dict[str, Any]) -> Any:
    if 200 <= status < 300:
        return told
    message = str(told.get("message") or told.get("Message") or "no more is known")
    problems = told.get("problems") or []
    if problems:
        raise Mistaken([one for one in problems if isinstance(one, Mapping)])
    if status in (400, 401, 403, 413, 415):
        raise Wrong(f"{message} ({status})")
    raise No(f"{message} ({status})")


class Mistaken(Exception):
    """What was sent has mistakes; each says field, found and wanted, and in a file the line."""

    def __init__(self, problems: list[Mapping[str, Any]]) -> None:
        super().__init__("mistakes")
        self.problems = problems


def api() -> Api:
    """The API that the environment, or the local deployment's file, names. Raises Wrong."""
    url, key = os.environ.get("REDRESS_URL", ""), os.environ.get("REDRESS_KEY", "")
    if not url or not key:
        try:
            held = json.loads(LOCAL.read_text(encoding="utf-8"))
            url, key = (str(one) for one in (url or held["url"], key or held["key"]) if isinstance(one, str))
        except (OSError, ValueError, KeyError, TypeError):
            missing = " and ".join(name for name, value in (("REDRESS_URL", url), ("REDRESS_KEY", key)) if not value)
            raise Wrong(f"{missing}: not set, and there is no {LOCAL} here") from None
    return Api(url, key)


Lines = Callable[[Any], Iterable[str]]


def call(args: argparse.Namespace, work: Callable[[Api], Any], lines: Lines) -> int:
    """Do the work; show its result as JSON or as lines; the exit code."""
    try:
        told = work(api())
    except No as no:
        tell(f"redress: {no}")
        return NO
    except Mistaken as mistaken:
        return _mistaken(args, mistaken.problems)
    if args.json:
        put_json(told)
    else:
        for line in lines(told):
            tell(line)
    return DONE


def _mistaken(args: argparse.Namespace, problems: list[Mapping[str, Any]]) -> int:
    file = getattr(args, "file", None)
    if args.json:
        put_json({"errors": [{**one, "file": file} if file and "line" in one else one for one in problems]})
    for one in problems:
        where = f"{file}:{one['line']}: " if file and "line" in one else ""
        tell(f"{where}{one.get('field')}: found {one.get('found')}, wanted {one.get('wanted')}")
    # A file with mistakes is an answer, as with `policy validate`; a wrong argument is a wrong call.
    if file and all("line" in one for one in problems):
        return NO
    raise Wrong("the call has mistakes")


def register(parser: argparse.ArgumentParser) -> None:
    """What every such command takes."""
    add_json(parser)


def pairs(texts: Iterable[str], what: str) -> dict[str, str]:
    """`NAME=VALUE` arguments. Raises Wrong, which does not show the value."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or name in found:
            raise Wrong(f"{what}: wanted NAME=VALUE, each name once")
        found[name] = value
    return found


def mapping(texts: Iterable[str]) -> dict[str, list[str]]:
    """`MARK=PLACE` arguments, a mark as often as it has places. Raises Wrong."""
    found: dict[str, list[str]] = {}
    for text in texts:
        for mark, place in pairs([text], "--map").items():
            found.setdefault(mark, []).append(place)
    return found


def secrets(texts: Iterable[str], what: str) -> dict[str, str]:
    """`NAME=VALUE` or `NAME`: then the value is the environment's REDRESS_NAME, or is asked for without showing it."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or name in found:
            raise Wrong(f"{what}: wanted NAME, or NAME=VALUE, each name once")
        found[name] = value if equals else secret(name)
    return found


def secret(name: str) -> str:
    """A secret from the environment, or asked for. Raises Wrong where nobody can be asked."""
    variable = f"REDRESS_{name.upper().replace('-', '_')}"
    value = os.environ.get(variable, "")
    if not value and sys.stdin.isatty():
        value = getpass.getpass(f"{name}: ")
    if not value:
        raise Wrong(f"{name}: not in {variable}, and there is nobody to ask")
    return value


def case_of(the_api: Api, text: str) -> tuple[list[str], dict[str, str]]:
    """Path parts and query of `[CONNECTION:]KIND/ID`; a deployment with one connection needs no name. Raises Wrong or
    No."""
    head, slash, ident = text.partition("/")
    connection, colon, kind = head.rpartition(":")
    if not (slash and kind and ident) or (colon and not connection):
        raise Wrong(f"case: found {text!r}, wanted KIND/ID or CONNECTION:KIND/ID")
    if not connection:
        names = [one["name"] for one in the_api.ask("GET", ["connections"])["connections"]]
        if len(names) != 1:
            raise Wrong(f"which connection? Write one of {', '.join(f'{name}:{text}' for name in names[:5]) or 'none'}")
        connection = names[0]
    shown, query = in_path("id", ident)
    return [connection, kind, shown], query


def in_path(name: str, text: str) -> tuple[str, dict[str, str]]:
    """The text, or where a gateway might stumble over it `-` and the query that holds it."""
    return ("-", {name: text}) if set(text) & set("/%\\") or text in ("-", ".", "..") else (text, {})


def decide(args: argparse.Namespace, decision: str) -> int:
    """A person's word on an action that waits for it."""
    said = {"key": args.key, "decision": decision, "reason": args.reason}

    def work(the_api: Api) -> Any:
        parts, query = case_of(the_api, args.case)
        return the_api.ask("POST", ["cases", *parts, "actions"], said, **query)

    return call(args, work, lambda told: [f"{told['action']}: {told['state']}"])


def stopped(told: Any) -> list[str]:
    """What is held, as lines."""
    return [f"held: {one}" for one in told["stopped"]] or ["nothing is held"]
