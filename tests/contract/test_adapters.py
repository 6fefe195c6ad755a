"""What every adapter must do, whatever its platform: the same tests for each row of tests/support/deliveries.py,
through the door, the inbox and the store."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.evidence import Evidence
from chalicelib.core.instants import parse_instant, show
from chalicelib.platforms import registry
from chalicelib.platforms.base import Adapter
from examples.platform.acme import Acme
from tests.support.deliveries import ROWS
from tests.support.delivery import NOW, Row, Told, put
from tests.support.gate import OVERLAP, Gate

registry.add(Acme())
PLATFORMS = (*registry.NAMES, "acme")
"""All of them, and the one that is there to be copied."""
each = pytest.mark.parametrize("platform", PLATFORMS)


def test_every_platform_has_its_row() -> None:
    assert set(PLATFORMS) <= set(ROWS), "a new platform adds a row to tests/support/deliveries.py"


def gate(platform: str, both: bool = True) -> Gate:
    return Gate(platform, ROWS[platform], both)


def live(evidence: Evidence | None, name: str, of: str = "") -> str | None:
    """The instant of a mark that holds, else None."""
    register = evidence.marks.get((name, of)) if evidence else None
    return show(register.at) if register and register.at and evidence and evidence.live(name, register) else None


def marks(evidence: dict[str, Evidence], wanted: Any) -> dict[Any, str | None]:
    return {key: live(evidence.get(key[0]), key[1], key[2]) for key in wanted}


def instant(text: str | None) -> str | None:
    return show(parse_instant(text)) if text else None


@each
def test_an_authentic_delivery_is_answered_as_the_platform_wants_and_says_what_it_says(platform: str) -> None:
    there, row = gate(platform), ROWS[platform]
    adapter: Adapter = registry.adapter(platform)
    answer = there.send(*row.request(row.good))
    assert (answer["statusCode"], answer["body"].encode()) == (adapter.success.status, adapter.success.body)
    there.world.run()
    assert marks(there.evidence(), row.says) == {key: instant(at) for key, at in row.says.items()}
    assert there.quarantined() == 0


def forgeries(row: Row) -> dict[str, tuple[bytes, dict[str, str]]]:
    body, headers = row.request(row.good)
    signature = dict(row.sign(body, row.secrets[0], NOW))
    unsigned = {name: value for name, value in headers.items() if name not in signature}
    forged = {
        "signed by a stranger": row.request(row.good, row.secrets[2]),
        "not signed": (body, unsigned),
        "a signature that is none": (body, {**headers, **dict.fromkeys(signature, "\u0130 =,;")}),
    }
    altered = {
        "one byte more": (body + b" ", headers),
        "one byte changed": (body[:-2] + bytes([body[-2] ^ 1]) + body[-1:], headers),
        "no body": (b"", headers),
        "another body's signature": (body, {**headers, **row.sign(b"{}", row.secrets[0], NOW)}),
    }
    return {**forged, **altered} if row.sealed else forged


@each
def test_what_is_forged_gets_a_4xx_and_leaves_nothing_behind(platform: str) -> None:
    there = gate(platform)
    for how, (body, headers) in forgeries(ROWS[platform]).items():
        answer = there.send(body, headers)
        assert 400 <= answer["statusCode"] < 500, how
        assert not there.taken(), how
    there.world.run()
    assert there.cases() == {} and there.quarantined() == 0


@each
@pytest.mark.parametrize("skew", [timedelta(minutes=-6), timedelta(minutes=6)], ids=["old", "of the future"])
def test_a_stale_delivery_is_refused_where_its_time_is_signed_and_harmless_elsewhere(
    platform: str, skew: timedelta
) -> None:
    there, row = gate(platform), ROWS[platform]
    answer = there.send(*row.request(row.good, at=NOW + skew))
    if row.dated:
        assert answer["statusCode"] == 401 and not there.taken()
        return
    there.world.run()
    assert marks(there.evidence(), row.says) == {key: instant(at) for key, at in row.says.items()}


@each
def test_a_replayed_delivery_changes_nothing(platform: str) -> None:
    there, row = gate(platform), ROWS[platform]
    there.tell(row.good)
    once = there.evidence()
    there.world.clock.advance(timedelta(minutes=1))
    there.tell(row.good, row.good)
    assert there.evidence() == once


@each
def test_both_secrets_are_honoured_while_one_replaces_the_other(platform: str) -> None:
    there, row = gate(platform), ROWS[platform]
    for secret in row.secrets[:2]:
        body, headers = row.request(row.good, secret)
        assert there.send(body, headers)["statusCode"] < 300
    later = NOW + OVERLAP + timedelta(minutes=2)
    there.world.clock.set(later)
    assert there.send(*row.request(row.good, row.secrets[0], later))["statusCode"] < 300, "the new one goes on"
    assert there.send(*row.request(row.good, row.secrets[1], later))["statusCode"] == 401, "the old one has ended"


@each
def test_a_body_cut_short_is_refused_or_put_aside_and_never_half_believed(platform: str) -> None:
    row = ROWS[platform]
    body, headers = row.request(row.good)
    for size in (1, len(body) // 3, len(body) // 2, len(body) - 1):
        there = gate(platform)
        if row.sealed:
            assert there.send(body[:size], headers)["statusCode"] == 401, "the signature is of the whole"
        answer = there.send(*row.signed(body[:size], row.good))
        there.world.run()
        # Signed as it is: its sender cut it, so a person must see it; `standard` tells the sender himself.
        assert answer["statusCode"] == 400 or there.quarantined() == 1
        assert there.cases() == {}


ZONES = [(platform, n) for platform in PLATFORMS for n in range(len(ROWS[platform].zones) if platform in ROWS else 0)]


@pytest.mark.parametrize(("platform", "number"), ZONES)
def test_an_instant_is_read_in_its_own_zone_or_not_at_all(platform: str, number: int) -> None:
    there, row = gate(platform), ROWS[platform]
    path, value, wanted = row.zones[number]
    there.tell(Told(put(row.good.plain, path, value), row.good.head))
    assert live(there.evidence().get(row.zoned[0]), row.zoned[1], row.zoned[2]) == instant(wanted)


@each
def test_receipt_is_never_an_instant(platform: str) -> None:
    row, found = ROWS[platform], []
    for wait in (timedelta(), timedelta(minutes=3)):
        there = gate(platform)
        there.world.clock.advance(wait)
        there.tell(row.good)
        found.append(there.evidence())
    assert found[0] == found[1]


@each
def test_a_topic_that_nobody_knows_is_accepted_and_says_nothing(platform: str) -> None:
    there, row = gate(platform), ROWS[platform]
    there.tell(row.unknown)
    assert there.quarantined() == 0
    assert all(not case.evidence.marks for case in there.cases().values())


@each
def test_another_shop_s_delivery_says_nothing_here(platform: str) -> None:
    there, row = gate(platform), ROWS[platform]
    if row.elsewhere is None:
        # Nothing but the secret tells whose it is.
        assert there.send(*row.request(row.good, row.secrets[2]))["statusCode"] == 401
        return
    answer = there.send(*row.request(row.elsewhere))
    there.world.run()
    assert answer["statusCode"] < 500
    assert there.cases() == {}


def grown(value: Any) -> Any:
    """The same with fields that no version of the platform has yet, everywhere."""
    if isinstance(value, list):
        return [grown(one) for one in value]
    if isinstance(value, dict):
        return {**{key: grown(one) for key, one in value.items()}, "zz_new": {"deep": [1, None, "x", {"y": 0.5}]}}
    return value


@each
def test_fields_of_a_newer_version_change_nothing(platform: str) -> None:
    row = ROWS[platform]
    plain, newer = gate(platform), gate(platform)
    plain.tell(row.good)
    told = grown(row.good.plain)
    if platform == "standard":
        # Our own form: a mark or a subject with a field too many is a mistake, beside them it is ignored.
        told = {**row.good.plain, "zz_new": {"deep": [1]}}
    newer.tell(Told(told, row.good.head))
    assert newer.quarantined() == 0
    assert newer.evidence() == plain.evidence()


@each
@pytest.mark.parametrize("late", [False, True], ids=["in order", "the other way round"])
def test_what_is_taken_back_or_corrected_stays_so_whichever_comes_first(platform: str, late: bool) -> None:
    there, row = gate(platform), ROWS[platform]
    told = [row.before or row.good, row.undo]
    if row.undone is None:
        there.tell(*told)
        assert not row.sealed and there.cases() == {}, "who signs nothing is never believed, so nothing is to take back"
        return
    subject, name, wanted = row.undone
    there.tell(told[0])
    held = there.evidence()[subject]
    assert (name, "platform") in held.facts or any(key[0] == name for key in held.marks), "it was said at first"
    if late:
        there = gate(platform)
    there.tell(*(reversed(told) if late else [told[1]]))
    evidence = there.evidence()[subject]
    if wanted is None:
        assert [of for mark, of in evidence.marks if mark == name and live(evidence, mark, of)] == []
    else:
        assert evidence.facts[name, "platform"].value == wanted
