"""A journal whose past days are packed tells the same lines in the same order, at every moment of the packing."""

import gzip
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from chalicelib.flow import nightly, shelves
from chalicelib.flow.project import lines
from chalicelib.flow.shelves import next_day, objects, pack
from chalicelib.ports.faults import CRASH_AFTER, CRASH_BEFORE, AtCall, Crash, Fault
from tests.support.opsdesk import Ops, broken
from tests.support.world import World
from tests.unit.test_audit import turn

DAYS = ["2026-02-26", "2026-02-27", "2026-03-01", "2026-03-02"]
NOW = datetime.fromisoformat("2026-03-02T02:00:00+00:00")


def furnished(monkeypatch: pytest.MonkeyPatch, per_day: int = 7) -> World:
    monkeypatch.setattr(shelves, "PART", 60)
    world = World()
    world.clock.set(NOW)
    for day in DAYS:
        for number in range(per_day):
            told = f'{{"connection":"shop-1","line":"{day} {number}"}}\n'
            world.blobs.put(f"journal/main/{day}/{number:x}a-{number}.jsonl.gz", gzip.compress(told.encode()))
    world.blobs.put(f"journal/other/{DAYS[0]}/1.jsonl.gz", gzip.compress(b'{"of": "somebody else"}\n'))
    return world


def packed(world: World) -> None:
    day = ""
    while day := next_day(world.ports, "main", day):
        number, after = pack(world.ports, "main", day)
        while after:
            number, after = pack(world.ports, "main", day, number, after)


@pytest.mark.parametrize("prefix", ["", "2026-02", "2026-02-27", "2026-03-02", "2025"])
def test_what_is_packed_is_told_as_before_in_fewer_objects(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    world = furnished(monkeypatch)
    before, count = list(lines(world.ports, "main", prefix)), len(list(objects(world.ports, "main", prefix)))
    packed(world)
    assert list(lines(world.ports, "main", prefix)) == before
    after = len(list(objects(world.ports, "main", prefix)))
    assert after < count or prefix in ("2026-03-02", "2025")
    assert len(list(objects(world.ports, "main", "2026-03-01"))) == 7, "yesterday may still be added to"
    packed(world)
    assert list(lines(world.ports, "main", prefix)) == before, "packing again changes nothing"


@pytest.mark.parametrize("fault", [CRASH_BEFORE, CRASH_AFTER])
def test_wherever_it_is_cut_off_nothing_is_lost_or_told_twice(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    which = 1
    while True:
        world = furnished(monkeypatch, 4)
        before, plan = list(lines(world.ports, "main")), AtCall(which, fault)
        ports, world.ports = world.ports, broken(world.ports, plan)
        with suppress(Crash):
            packed(world)
        world.ports = ports
        assert list(lines(world.ports, "main")) == before
        if plan.calls < which:
            return
        packed(world)
        assert list(lines(world.ports, "main")) == before
        which += 1


def test_a_reader_who_goes_on_by_cursor_while_a_day_is_packed_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for parts in range(1, 12):
        world = furnished(monkeypatch)
        before = list(lines(world.ports, "main"))
        keys = list(objects(world.ports, "main"))[:parts]
        read = [line for key in keys for line in shelves.lines_of(world.ports, key)]
        packed(world)
        rest = objects(world.ports, "main", "", keys[-1])
        assert read + [line for key in rest for line in shelves.lines_of(world.ports, key)] == before
    world = furnished(monkeypatch)
    packed(world)
    keys = list(objects(world.ports, "main"))
    for number, key in enumerate(keys):
        assert list(objects(world.ports, "main", "", key)) == keys[number + 1 :]


def test_the_turns_after_a_night_pack_what_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    world = furnished(monkeypatch)
    for key in list(world.blobs.keys("journal/")):
        world.blobs.put(key, gzip.compress(b""))
    assert turn(world, NOW)["done"]
    assert not [key for key in world.blobs.keys("journal/main/") if "/!" in key], "the proof comes first"
    turn(world, NOW + timedelta(minutes=15))
    assert {key.split("/")[2] for key in world.blobs.keys("journal/main/") if "/!0" in key} == set(DAYS[:2])
    world.clock.advance(timedelta(days=1))
    for minutes in (0, 15):
        turn(world, NOW + timedelta(days=1, minutes=minutes))
    assert {key.split("/")[2] for key in world.blobs.keys("journal/main/") if "/!0" in key} == set(DAYS[:3])
    held = world.ports.records("system").get(nightly.KIND, "packed|main")
    assert held is not None and held.data["packed"] == "2026-03-01"


def test_the_api_gives_a_packed_journal_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.ops.reevaluate.MOST_BYTES", 100)
    world = furnished(monkeypatch)
    ops, before = Ops(world), list(lines(world.ports, "main"))
    packed(world)
    found, cursor = list[str](), ""
    while True:
        told = ops.must("GET", "/journal", cursor=cursor)
        found, cursor = found + told["lines"], told["cursor"]
        if not cursor:
            break
    assert found == before
