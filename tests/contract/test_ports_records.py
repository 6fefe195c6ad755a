"""The contract of records: conditional writes, counters, order, expiry; in memory and on AWS alike."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.ports.stores import Conflict, Record
from tests.contract.worlds import NOW, World

MIXED: dict[str, Any] = {
    "text": "名", "none": None, "flag": True, "no": False, "float": 1.5, "small": -3, "zero": 0, "large": 10**40,
    "list": [1, {"a": "b"}], "inner": {"n": 1}, "": "empty name", "i:x": 7, "key": "k", "n": 9, "expires": "no",
}  # fmt: skip


def test_an_absent_record_is_none(world: World) -> None:
    assert world.records(world.account).get("policy", "demo") is None


def test_data_comes_back_as_it_was_put(world: World) -> None:
    records = world.records(world.account)
    assert records.put("policy", "demo", MIXED) == 1
    found = records.get("policy", "demo")
    assert found == Record("demo", MIXED, 1)
    assert found is not None and repr(sorted(found.data.items())) == repr(sorted(MIXED.items())), "true is not 1"


def test_large_data_is_kept_too(world: World) -> None:
    records = world.records(world.account)
    data = {"text": "规则 " * 40_000, "count": 1}
    records.put("policy", "large", data)
    found = records.get("policy", "large")
    assert found is not None and found.data == data
    assert records.add("policy", "large", "count", 1) == 2


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"a": float("nan")}, ValueError),
        ({"a": object()}, TypeError),
        ({"a": "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(400_000))}, ValueError),
    ],
    ids=["not a number", "not JSON", "too large"],
)
def test_what_cannot_be_stored_is_refused(world: World, data: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        world.records(world.account).put("policy", "demo", data)


def test_what_was_read_can_be_changed_without_changing_what_is_stored(world: World) -> None:
    records = world.records(world.account)
    data: dict[str, Any] = {"list": [1]}
    records.put("k", "s", data)
    data["list"].append(2)
    found = records.get("k", "s")
    assert found is not None and found.data == {"list": [1]}
    found.data["list"].append(3)
    again = records.get("k", "s")
    assert again is not None and again.data == {"list": [1]}


def test_a_key_that_is_longer_than_any_is_refused_before_a_store_is_asked(world: World) -> None:
    records, long = world.records(world.account), "ü" * 513
    records.put("k", "x" * 1024, {})
    asks = [
        lambda: records.get("k", long), lambda: records.put("k", long, {}), lambda: records.add("k", long, "n", 1),
        lambda: records.delete("k", long), lambda: list(records.query("k", long)),
        lambda: list(records.query("k", after=long)),
    ]  # fmt: skip
    for ask in asks:
        with pytest.raises(ValueError, match="1026 bytes"):
            ask()


def test_put_if_absent_has_one_winner(world: World) -> None:
    records = world.records(world.account)
    assert records.put("purse", "p", {"who": "first"}, expected=0) == 1
    with pytest.raises(Conflict):
        records.put("purse", "p", {"who": "second"}, expected=0)
    assert records.get("purse", "p") == Record("p", {"who": "first"}, 1)


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_put_over_another_version_is_a_conflict(world: World, expected: int) -> None:
    records = world.records(world.account)
    records.put("purse", "p", {"a": 1})
    assert records.put("purse", "p", {"a": 2}, expected=1) == 2
    with pytest.raises(Conflict):
        records.put("purse", "p", {"a": 9}, expected=expected)
    assert records.get("purse", "p") == Record("p", {"a": 2}, 2)


def test_put_over_a_version_of_an_absent_record_is_a_conflict(world: World) -> None:
    with pytest.raises(Conflict):
        world.records(world.account).put("purse", "p", {}, expected=1)


def test_a_put_replaces_the_whole_record_numbers_too(world: World) -> None:
    records = world.records(world.account)
    records.put("k", "s", {"a": 1, "b": "x"})
    records.add("k", "s", "c", 5)
    assert records.put("k", "s", {"d": 1}) == 3
    assert records.get("k", "s") == Record("s", {"d": 1}, 3)


def test_a_counter_starts_at_nothing_and_is_read_with_the_record(world: World) -> None:
    records = world.records(world.account)
    assert [records.add("count", "s", "breaches", step) for step in (3, -1, 0)] == [3, 2, 2]
    assert records.add("count", "s", "other", 10) == 10
    found = records.get("count", "s")
    assert found == Record("s", {"breaches": 2, "other": 10}, 4)


def test_a_counter_goes_on_from_what_was_put(world: World) -> None:
    records = world.records(world.account)
    records.put("k", "s", {"points": 4, "why": "late"})
    assert records.add("k", "s", "points", 2) == 6
    assert records.get("k", "s") == Record("s", {"points": 6, "why": "late"}, 2)


def test_a_count_between_read_and_write_is_a_conflict(world: World) -> None:
    records = world.records(world.account)
    records.put("k", "s", {"points": 4})
    records.add("k", "s", "points", 2)
    with pytest.raises(Conflict):
        records.put("k", "s", {"points": 0}, expected=1)


def test_a_query_gives_the_kind_in_order_of_its_keys_by_bytes(world: World) -> None:
    records = world.records(world.account)
    sorts = ["b", "a2", "a10", "Z", "ä", "\U0001f4e6", "\uff01", "a"]
    for sort in sorts:
        records.put("quarantine", sort, {"at": sort})
    records.put("quarantine-2", "a", {})
    ordered = sorted(sorts, key=str.encode)
    assert [record.sort for record in records.query("quarantine")] == ordered
    assert [record.sort for record in records.query("quarantine", "a")] == ["a", "a10", "a2"]
    assert [record.data for record in records.query("quarantine", "ä")] == [{"at": "ä"}]
    assert list(records.query("quarantine", "c")) == []


@pytest.mark.parametrize(
    ("prefix", "after", "wanted"),
    [("", "a", ["a10", "a2", "b", "b1", "ä"]), ("", "a15", ["a2", "b", "b1", "ä"]), ("a", "a", ["a10", "a2"]),
     ("a", "a10", ["a2"]), ("a", "a11", ["a2"]), ("a", "Z", ["a", "a10", "a2"]), ("a", "b", []),
     ("b", "a10", ["b", "b1"]), ("a", "a\U0010ffff", []), ("a", "a\U0010ffff\U0010ffff", []),
     ("", "ä", []), ("", "", ["Z", "a", "a10", "a2", "b", "b1", "ä"])],
)  # fmt: skip
def test_a_query_goes_on_after_a_key_that_need_not_be_there(
    world: World, prefix: str, after: str, wanted: list[str]
) -> None:
    records = world.records(world.account)
    for sort in ("b", "a2", "a10", "Z", "ä", "a", "b1"):
        records.put("k", sort, {})
    assert [record.sort for record in records.query("k", prefix, after)] == wanted


def test_a_query_reads_past_the_first_page(world: World) -> None:
    records = world.records(world.account)
    noise = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(60_000))
    for number in range(9):
        records.put("big", str(number), {"text": noise[number:]})
    assert [record.sort for record in records.query("big")] == [str(number) for number in range(9)]


def test_an_expired_record_is_absent_to_every_call(world: World) -> None:
    records = world.records(world.account)
    until = NOW + timedelta(minutes=10)
    records.put("lease", "put", {"a": 1}, expires=until)
    records.add("lease", "add", "a", 5, expires=until)
    records.put("lease", "stays", {"a": 1})
    world.clock.set(until - timedelta(seconds=1))
    assert [record.sort for record in records.query("lease")] == ["add", "put", "stays"]
    world.clock.set(until)
    assert records.get("lease", "put") is None
    assert [record.sort for record in records.query("lease")] == ["stays"]
    with pytest.raises(Conflict):
        records.put("lease", "put", {"a": 2}, expected=1)
    assert records.put("lease", "put", {"a": 3}, expected=0) == 1
    assert records.get("lease", "put") == Record("put", {"a": 3}, 1), "the new one does not expire"
    assert records.add("lease", "add", "a", 2) == 2, "it counts from nothing again"
    assert records.get("lease", "add") == Record("add", {"a": 2}, 1)


def test_an_expired_record_can_be_written_without_a_condition(world: World) -> None:
    records = world.records(world.account)
    records.put("lease", "s", {"a": 1}, expires=NOW - timedelta(days=1))
    assert records.get("lease", "s") is None
    records.put("lease", "s", {"a": 2})
    assert records.get("lease", "s") == Record("s", {"a": 2}, 1)


def test_an_expiry_is_never_early_and_can_be_moved_by_counting(world: World) -> None:
    records = world.records(world.account)
    records.add("window", "s", "n", 1, expires=NOW + timedelta(milliseconds=500))
    world.clock.set(NOW + timedelta(milliseconds=499))
    assert records.add("window", "s", "n", 1, expires=NOW + timedelta(hours=1)) == 2
    world.clock.set(NOW + timedelta(minutes=59))
    assert records.add("window", "s", "n", 1) == 3, "without a new expiry the old one stays"
    world.clock.set(NOW + timedelta(hours=1))
    assert records.get("window", "s") is None


def test_what_is_deleted_is_absent_and_deleting_it_again_is_harmless(world: World) -> None:
    records = world.records(world.account)
    records.put("k", "s", {"a": 1})
    records.delete("k", "s")
    records.delete("k", "s")
    assert records.get("k", "s") is None
    assert records.put("k", "s", {"a": 2}, expected=0) == 1


def test_what_was_written_meanwhile_is_not_deleted_by_whoever_saw_it_before(world: World) -> None:
    records = world.records(world.account)
    seen = records.put("k", "s", {"a": 1})
    records.put("k", "s", {"a": 2})
    with pytest.raises(Conflict):
        records.delete("k", "s", expected=seen)
    records.delete("k", "s", expected=seen + 1)
    records.delete("k", "s", expected=seen + 1)
    assert records.get("k", "s") is None


def test_accounts_and_kinds_do_not_meet(world: World) -> None:
    mine, theirs = world.records(world.account), world.records(world.other)
    mine.put("k", "s", {"whose": "mine"})
    theirs.put("k", "s", {"whose": "theirs"}, expected=0)
    mine.put("k2", "s", {"whose": "another kind"}, expected=0)
    theirs.delete("k", "s")
    assert [record.data for record in mine.query("k")] == [{"whose": "mine"}]
    assert list(theirs.query("k")) == []


@pytest.mark.parametrize(("kind", "sort"), [("", "s"), ("k", "")])
def test_an_empty_key_is_refused(world: World, kind: str, sort: str) -> None:
    records = world.records(world.account)
    for call in (
        lambda: records.get(kind, sort),
        lambda: records.put(kind, sort, {}),
        lambda: records.add(kind, sort, "n", 1),
        lambda: records.delete(kind, sort),
    ):
        with pytest.raises(ValueError, match="record"):
            call()
