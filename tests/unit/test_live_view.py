"""The live view: exact in size, honest in what it shows, harmless to a terminal."""

import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from chalicelib.core.instants import show
from examples.demo.feed import Called, Entry, Feed, Sent, Told
from examples.demo.live.model import Model
from examples.demo.live.paint import fit, width
from examples.demo.live.picture import svg
from examples.demo.live.screen import Heading, screen
from examples.demo.live.terminal import ENTER, LEAVE, Full, Plain, ended, view

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
HEADING = Heading(["tea-house (standard)", "bazaar (dokan)"], NOW - timedelta(seconds=42))
CODES = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]")


def told(kind: str, status: str | None, sequence: int, case: str = "order/1", **more: Any) -> Told:
    data: dict[str, Any] = {
        "case": f"bazaar:{case}", "rule": "ship-by", "clock": "ship-by", "status": status, "sequence": sequence,
        "incident": f"bazaar:{case}|ship-by", "start": show(NOW - timedelta(seconds=5)),
        "due": show(NOW + timedelta(seconds=10)), "severity": "info", **more,
    }  # fmt: skip
    return Told(NOW, {"type": f"redress.{kind}", "subject": case, "data": data}, "")


def sent(status: int = 202, fine: bool = True, how: str = "once") -> Sent:
    return Sent(NOW, "tea-house", "late-word", "order/1", "paid", how, status, fine)


def model_of(*entries: Entry) -> Model:
    model = Model()
    for entry in entries:
        model.take(entry)
    return model


BUSY = model_of(
    *[sent() for _ in range(30)],
    *[told("clock.started", "running", 1, f"order/{n}") for n in range(30)],
    *[told("clock.breached", "breached", 2, f"order/{n}", severity="error") for n in range(20)],
    told("clock.withdrawn", "met", 3, "order/3", reason="healed"),
    *[Called(NOW, "bazaar", f"tag 逾期{n}", "order/1", "200", True) for n in range(20)],
    Told(NOW, {}, "no signature matches"),
    sent(401, True, "forged"),
)


@pytest.mark.parametrize("model", [Model(), BUSY], ids=["empty", "busy"])
@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("size", [(80, 24), (118, 30), (200, 60), (60, 16), (81, 17), (20, 5)])
def test_the_screen_is_filled_exactly(size: tuple[int, int], colour: bool, model: Model) -> None:
    lines = screen(model, HEADING, NOW, *size, colour)
    plain = [CODES.sub("", line) for line in lines]
    assert len(lines) == max(size[1], 16)
    assert {width(line) for line in plain} == {max(size[0], 60)}
    assert colour or plain == lines, "without colour there is nothing but text"


def test_a_running_clock_counts_down_and_an_ended_one_stands() -> None:
    model = model_of(told("clock.started", "running", 1), told("clock.met", "met", 5, "order/2"))
    text = "\n".join(screen(model, HEADING, NOW + timedelta(seconds=4), 100, 30, False))
    assert "bazaar:order/1" in text
    assert " 6.0 s" in text
    assert re.search(r"bazaar:order/2 +ship-by +met", text)
    assert "1 running, 1 met" in text


LEFT = [(4, " 4.0 s"), (110, " 110 s"), (3000, "  50 min"), (90_000, "  25 h"), (15_552_000, " 180 d")]


@pytest.mark.parametrize(("seconds", "shown"), LEFT)
def test_a_long_clock_is_shown_in_the_unit_that_fits(seconds: int, shown: str) -> None:
    model = model_of(told("clock.started", "running", 1, due=show(NOW + timedelta(seconds=seconds))))
    assert shown in "\n".join(screen(model, HEADING, NOW, 100, 30, False))


def test_what_is_older_is_dropped_and_a_healed_verdict_stays_marked() -> None:
    model = model_of(
        told("clock.breached", "breached", 64), told("clock.withdrawn", "met", 128, reason="healed"),
        told("clock.met", "met", 129), told("clock.breached", "breached", 64),
    )  # fmt: skip
    (clock,) = model.clocks.values()
    assert (clock.status, clock.healed) == ("met", True)
    assert model.counts["healed"] == 1
    assert "met, healed" in "\n".join(screen(model, HEADING, NOW, 100, 30, False))


def test_a_clock_without_a_start_is_gone() -> None:
    model = model_of(told("clock.started", "running", 1), told("clock.withdrawn", None, 2))
    assert model.clocks == {}


def test_the_next_to_fall_due_stands_first_and_ended_ones_have_their_room() -> None:
    late, soon = show(NOW + timedelta(seconds=30)), show(NOW + timedelta(seconds=3))
    model = model_of(
        told("clock.started", "running", 1, "order/late", due=late),
        told("clock.started", "running", 1, "order/soon", due=soon),
        *[told("clock.started", "running", 1, f"order/more{n}") for n in range(40)],
        told("clock.met", "met", 2, "order/done"),
    )  # fmt: skip
    assert next(clock.case for clock in model.listed()) == "bazaar:order/soon"
    text = "\n".join(screen(model, HEADING, NOW, 80, 24, False))
    assert "order/soon" in text
    assert "order/done" in text
    assert re.search(r"and \d+ more running", text)


def test_a_bad_signature_and_an_odd_answer_are_not_hidden() -> None:
    model = model_of(Told(NOW, {}, "no signature matches"), sent(502, fine=False))
    text = "\n".join(screen(model, HEADING, NOW, 110, 30, False))
    assert "1 with a bad signature" in text
    assert "502 tea-house" in text
    assert "1 not as expected" in "\n".join(ended(model, NOW, NOW))


TEXTS = [
    ("abc", 5, "abc  "), ("abcdef", 4, "abc…"), ("逾期退款", 6, "逾期… "), ("逾期", 4, "逾期"),
    ("a\x1b[31mb", 8, "a[31mb  "),
    ("a\nb\tc", 4, "abc "), ("e\u0301x", 3, "e\u0301x "), ("abc", 0, ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "room", "wanted"), TEXTS)
def test_text_is_cut_by_columns_and_moves_no_cursor(text: str, room: int, wanted: str) -> None:
    assert fit(text, room) == wanted


def test_plain_lines_where_there_is_no_terminal() -> None:
    feed, out = Feed(), io.StringIO()
    for entry in (
        sent(),
        Called(NOW, "bazaar", "suspend", "seller/7", "200", True),
        told("clock.breached", "breached", 2),
    ):
        feed.put(entry)
    with view(feed, HEADING, lambda: NOW, plain=False, out=out) as shown:
        assert isinstance(shown, Plain)
        shown.show()
    assert out.getvalue().splitlines() == [
        "10:00:00 in    202 tea-house:order/1 paid · late-word",
        "10:00:00 call  bazaar:seller/7 suspend",
        "10:00:00 told  clock.breached bazaar:order/1 ship-by",
    ]


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


def test_the_terminal_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    feed, out = Feed(), Terminal()
    feed.put(sent())
    with pytest.raises(KeyboardInterrupt), view(feed, HEADING, lambda: NOW, plain=False, out=out) as shown:
        assert isinstance(shown, Full)
        shown.show()
        raise KeyboardInterrupt
    assert out.getvalue().startswith(ENTER)
    assert out.getvalue().endswith(LEAVE)
    assert "tea-house:order/1" in out.getvalue()


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {}])
def test_plain_lines_where_the_terminal_can_do_nothing(
    environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TERM", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert isinstance(view(Feed(), HEADING, lambda: NOW, plain=False, out=Terminal()), Plain)


def test_a_picture_is_well_formed_and_shows_the_same_text() -> None:
    lines = screen(BUSY, HEADING, NOW, 132, 30, True)
    picture = ElementTree.fromstring(svg(lines))
    shown = " ".join("".join(one.itertext()) for one in picture.iter() if one.tag.endswith("text"))
    words = set(CODES.sub("", " ".join(lines)).split())
    assert words <= set(shown.split()) | {"─", "│"}
