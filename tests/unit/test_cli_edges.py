"""Commands at their edges: whatever answers at the address, files that cannot be written, readers that leave, numbers
out of range, text of strangers. Each ends in a line that says what is wrong, and never in a traceback."""

import csv
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from chalicelib.cli._common import tell
from chalicelib.cli._table import csv_of
from chalicelib.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
Streams = pytest.CaptureFixture[str]
EMPTY = b'{"penalties": [], "next": "", "points": 0, "more": false}'


def http(body: bytes, length: int | None = None) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body) if length is None else length, body)


@contextmanager
def answering(data: bytes) -> Iterator[str]:
    """Something on the loopback that says the same to everybody."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(65_536)
                peer.sendall(data)

    Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDRESS_KEY", "main.a.b")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not answer: BadStatusLine"),
        (http(b"{}", 100), "does not answer: IncompleteRead"),
        (http(b"<html>sign in</html>"), "is not the ops API"),
        (http(b"[]"), "is not the ops API"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\n{}", "does not answer: IncompleteRead"),
    ],
)
def test_whatever_answers_at_the_address_is_told_in_a_line(
    data: bytes, line: str, more: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    with answering(data) as url:
        monkeypatch.setenv("REDRESS_URL", url)
        assert main(["penalty", "list", *more]) == 1
    told = capsys.readouterr()
    assert line in told.err and told.out == ""


@pytest.mark.parametrize("url", ["https://[", "https://h:abc", "https://user:word@h", "https://h:99999"])
def test_an_address_that_is_none_is_a_wrong_call(url: str, monkeypatch: pytest.MonkeyPatch, capsys: Streams) -> None:
    monkeypatch.setenv("REDRESS_URL", url)
    assert main(["penalty", "list"]) == 2
    err = capsys.readouterr().err
    assert "REDRESS_URL: wanted an https address" in err and "word" not in err


@pytest.mark.parametrize("text", ["a\nb", "clé", "a b"])
def test_a_key_that_is_none_is_a_wrong_call(text: str, monkeypatch: pytest.MonkeyPatch, capsys: Streams) -> None:
    monkeypatch.setenv("REDRESS_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("REDRESS_KEY", text)
    assert main(["penalty", "list"]) == 2
    err = capsys.readouterr().err
    assert "REDRESS_KEY" in err and text not in err


@pytest.mark.parametrize(
    "words", [["penalty", "list", "--seller", "\udcff"], ["seller", "show", "a", "\udcff"], ["stop", "\udcff"]]
)
def test_an_argument_that_is_no_text_is_a_wrong_call(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    monkeypatch.setenv("REDRESS_URL", "http://127.0.0.1:1")
    assert main(words) == 2
    assert "found bytes that are no text" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[]", '{"url": 5, "key": "k"}', '{"url": "http://127.0.0.1:1", "key": 5}', "{"])
def test_a_local_file_of_another_form_is_as_none(text: str, monkeypatch: pytest.MonkeyPatch, capsys: Streams) -> None:
    for name in ("REDRESS_URL", "REDRESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    Path(".redress").mkdir()
    Path(".redress/local.json").write_text(text)
    assert main(["held"]) == 2
    assert "not set, and there is no .redress/local.json here" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_a_wrong_call(monkeypatch: pytest.MonkeyPatch, capsys: Streams) -> None:
    with answering(http(EMPTY)) as url:
        monkeypatch.setenv("REDRESS_URL", url)
        assert main(["penalty", "export", "--out", "no-such/x.csv"]) == 2
    assert "no-such/x.csv: No such file or directory" in capsys.readouterr().err


def test_leaving_a_store_asks_for_a_place_for_its_export_first(
    monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    monkeypatch.setenv("REDRESS_URL", "http://127.0.0.1:1")
    assert main(["disconnect", "shop-1", "--export", "no-such/x.jsonl"]) == 2
    assert "no-such: No such file or directory" in capsys.readouterr().err


def test_json_stands_alone_on_standard_output(monkeypatch: pytest.MonkeyPatch, capsys: Streams) -> None:
    with answering(http(EMPTY)) as url:
        monkeypatch.setenv("REDRESS_URL", url)
        assert main(["penalty", "export", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["exported"] == 0 and told["csv"].startswith("penalty,seller,")


@pytest.mark.parametrize(
    "words",
    [
        ["--limit", "0"], ["--limit", "nan"], ["--limit", "0.5"], ["--sellers", "0"], ["--sellers", "-1"],
        ["--per-week", "0"], ["--matures", "-1"], ["--matures", "366"],
    ],
)  # fmt: skip
def test_a_simulation_of_nothing_is_a_wrong_call(words: list[str], capsys: Streams) -> None:
    assert main(["sellers", "simulate", "--sellers", "10", *words]) == 2
    assert f"argument {words[0]}: found" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--segments", "0"], ["--from", "3,"], ["--settle", "-1"], ["--settle", "nan"], ["--segments", "x"]]
)
def test_an_audit_of_nothing_proves_nothing(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Streams) -> None:
    monkeypatch.setenv("REDRESS_URL", "http://127.0.0.1:1")
    assert main(["audit", *words]) == 2
    told = capsys.readouterr()
    assert words[0] in told.err and told.out == ""


@pytest.mark.parametrize("words", [["--help"], ["penalty", "--help"], ["penalty", "list", "--help"]])
def test_a_reader_of_help_may_leave_early(words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "chalicelib.cli.main", *words], stdout=write, stderr=write, cwd=ROOT)
    os.close(write)
    assert done.returncode == 0


def test_a_stranger_s_text_does_not_steer_a_terminal(capsys: Streams) -> None:
    tell("appeal: \x1b]0;owned\x07\x1b[2J gone\r\n\tbut \x9b31m 申诉")
    assert capsys.readouterr().err == "appeal: \\x1b]0;owned\\x07\\x1b[2J gone\\x0d\n\tbut \\x9b31m 申诉\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_begins_like_a_formula(start: str) -> None:
    table = csv_of(["a", "b"], [{"a": f"{start}1+1", "b": 'x,"y"\n='}])
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert rows[1] == [f"'{start}1+1", 'x,"y"\n=']


@pytest.mark.parametrize("words", [["standard", "activate"], ["policy", "activate"], ["calendar", "activate"]])
def test_a_file_that_has_no_end_is_not_read_to_it(words: list[str], capsys: Streams) -> None:
    assert main([*words, "/dev/zero"]) == 1
    assert "/dev/zero: file: found more, wanted at most 1048576 bytes" in capsys.readouterr().err
