"""Credentials that end are renewed once, stored sealed, and what was asked with the old ones is asked again; whoever
cannot open them can tell how they are."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.flow import credentials
from chalicelib.flow.credentials import LEASE, MARGIN, PAUSE
from chalicelib.flow.shops import Shops, adapter_of, context_of
from chalicelib.platforms.base import Command, Done, Later, Read
from chalicelib.ports.http import Uncertain
from chalicelib.ports.stores import Conflict, Connection, SealedSecret
from tests.fakes.doudian import (
    APP_KEY,
    APP_SECRET,
    DOWN,
    HTML,
    LIMITED,
    LOST,
    LOST_BUSY,
    ORDER,
    SHOP,
    UNSENT,
    FakeDoudian,
)
from tests.support.world import World

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
SUBJECT = Subject("order", ORDER)


class Desk:
    """A connection `dd` to a shop that authorised the app of somebody else."""

    def __init__(self, lasts: timedelta = WEEK, told: bool = True) -> None:
        self.dd, self.world = FakeDoudian(), World()
        self.dd.order()
        self.world.clock.set(self.dd.now)
        self.world.shop.answer = self.answer
        given = {"app_secret": APP_SECRET, **self.dd.authorise(lasts)}
        if told:
            given["expires_at"] = show(self.dd.now + lasts)
        self.world.connect("doudian", "dd", address=SHOP, options={"app_key": APP_KEY}, credentials=given)
        self.ports = self.world.ports
        self.ports.connections.put(replace(self.stored, secrets=(self.sealed(APP_SECRET),)))
        self.shops = Shops(self.ports)

    def answer(self, call: Call) -> Reply:
        self.dd.now = self.world.clock.now()
        return self.dd.send(call)

    def sealed(self, text: str) -> SealedSecret:
        return SealedSecret(self.ports.vault.encrypt(text.encode(), context_of("main", "dd", "secrets")))

    @property
    def stored(self) -> Connection:
        found = self.world.ports.connections.get("main", "dd")
        assert found is not None
        return found

    @property
    def opened(self) -> dict[str, str]:
        return dict(self.shops.session(self.stored).credentials)

    def look(self, connection: Connection | None = None) -> object:
        held = connection or self.stored
        try:
            return credentials.run(self.ports, self.shops, held, lambda one: adapter_of(held).look(SUBJECT, one))
        except Uncertain:
            return "uncertain"

    def asked(self) -> list[str]:
        """The methods that were called."""
        return [call.url.partition("?")[0].partition(".com/")[2] for call in self.dd.calls]

    def told(self) -> tuple[str, str] | None:
        return credentials.told(self.ports, self.stored)


def test_credentials_that_end_soon_are_renewed_before_the_call_and_stored_sealed() -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK - MARGIN + timedelta(seconds=1))
    before = desk.stored
    assert isinstance(desk.look(), Read)
    assert desk.asked() == ["token/refresh", "order/orderDetail", "afterSale/List"]
    after = desk.stored
    assert desk.opened["access_token"] == "access-2-0" and desk.opened["app_secret"] == APP_SECRET
    assert desk.opened["expires_at"] == show(desk.world.clock.now() + WEEK)
    assert after.version == before.version + 1 and b"access-2-0" not in after.credentials
    assert replace(after, credentials=before.credentials, version=before.version) == before, "nothing else changed"
    assert isinstance(desk.look(), Read)
    assert desk.dd.renewals == 2, "not again"
    found, mend = desk.told() or ("", "")
    assert "good until 2026-12-05" in found and not mend
    assert credentials.ends(desk.ports, after) == desk.world.clock.now() + WEEK


def test_long_before_their_end_nothing_is_asked_for() -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK - MARGIN - MINUTE)
    assert isinstance(desk.look(), Read)
    assert "token/refresh" not in desk.asked() and desk.told() is None


def test_an_answer_that_says_that_they_ended_renews_them_and_the_call_is_made_again_once() -> None:
    desk = Desk(told=False)
    desk.world.clock.advance(WEEK + MINUTE)
    assert isinstance(desk.look(), Read)
    assert desk.asked() == ["order/orderDetail", "token/refresh", "order/orderDetail", "afterSale/List"]
    assert desk.opened["access_token"] == "access-2-0"


def test_an_action_of_the_queue_is_done_once_with_new_credentials() -> None:
    desk = Desk(told=False)
    desk.world.clock.advance(WEEK + MINUTE)
    lever = adapter_of(desk.stored).levers["note"]
    command = Command("main:dd:order/1|ship|half|0|0", "note", SUBJECT, note="Redress: ship")
    done = credentials.run(desk.ports, desk.shops, desk.stored, lambda session: lever.run(session, command))
    assert isinstance(done, Done)
    assert desk.asked().count("order/addOrderRemark") == 1 and desk.dd.renewals == 2


def test_what_ends_on_the_way_is_uncertain_and_then_goes_on() -> None:
    desk = Desk(told=False)
    access = desk.opened["access_token"]

    def sent(call: Call) -> Reply:
        reply = desk.answer(call)
        if "orderDetail" in call.url:
            desk.dd.ends[access] = desk.dd.now
        return reply

    desk.world.shop.answer = sent
    assert desk.look() == "uncertain", "what came before may have had its effect"
    assert isinstance(desk.look(), Read)


def test_two_at_once_renew_once_and_both_go_on() -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK - MINUTE)
    stale, others = desk.stored, list[object]()

    def sent(call: Call) -> Reply:
        if "token/refresh" in call.url and not others:
            # Another process comes along while the first one waits for its answer.
            others.append(desk.look(stale))
        return desk.answer(call)

    desk.world.shop.answer = sent
    assert isinstance(desk.look(stale), Read)
    assert isinstance(others[0], Read), "its token is good for a minute yet"
    assert desk.dd.renewals == 2 and desk.asked().count("token/refresh") == 1
    assert isinstance(desk.look(stale), Read), "a third one, which still holds what was stored before"
    assert desk.asked().count("token/refresh") == 1


def test_whoever_comes_while_ended_credentials_are_renewed_waits_for_it() -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK + MINUTE)
    others: list[object] = []

    def sent(call: Call) -> Reply:
        if "token/refresh" in call.url and not others:
            others.append(desk.look())
        return desk.answer(call)

    desk.world.shop.answer = sent
    assert isinstance(desk.look(), Read)
    assert others == [Later(10.0, "being renewed")]


def test_what_changed_on_the_connection_meanwhile_stays() -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK - MINUTE)

    def sent(call: Call) -> Reply:
        reply = desk.answer(call)
        if "token/refresh" in call.url:
            desk.ports.connections.put(replace(desk.stored, modes={"money": "observe"}))
        return reply

    desk.world.shop.answer = sent
    assert isinstance(desk.look(), Read)
    assert desk.stored.modes == {"money": "observe"} and desk.opened["access_token"] == "access-2-0"


def test_what_a_person_gave_meanwhile_is_not_overwritten() -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK - MINUTE)
    theirs: list[bytes] = []

    def sent(call: Call) -> Reply:
        reply = desk.answer(call)
        if "token/refresh" in call.url:
            given = json.dumps({"app_secret": APP_SECRET, **desk.dd.authorise()}).encode()
            theirs.append(desk.ports.vault.encrypt(given, context_of("main", "dd", "credentials")))
            desk.ports.connections.put(replace(desk.stored, credentials=theirs[0]))
        return reply

    desk.world.shop.answer = sent
    assert isinstance(desk.look(), Read)
    assert desk.stored.credentials == theirs[0]


def test_a_refusal_is_told_and_not_asked_for_again_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK + MINUTE)
    desk.dd.refresh_token = "of-another-authorisation"
    assert desk.look() == Later(900.0, "credentials refused"), "what the lever makes of the platform's own answer"
    assert desk.look() == Later(900.0, "credentials refused")
    assert desk.asked().count("token/refresh") == 1
    found, mend = desk.told() or ("", "")
    assert "refused" in found and "refresh-token-invalid" in found and "authorise the app anew" in mend
    logged = capsys.readouterr().out
    assert '"credentials_refused"' in logged and "refresh-1" not in logged and "access-1" not in logged
    desk.world.clock.advance(PAUSE)
    desk.look()
    assert desk.asked().count("token/refresh") == 2
    # A person gives new ones: they are used at once, and nothing is said of the old ones any more.
    given = json.dumps({"app_secret": APP_SECRET, **desk.dd.authorise()}).encode()
    sealed = desk.ports.vault.encrypt(given, context_of("main", "dd", "credentials"))
    desk.ports.connections.put(replace(desk.stored, credentials=sealed))
    assert isinstance(desk.look(), Read) and desk.told() is None


@pytest.mark.parametrize("fault", [LOST, LOST_BUSY, DOWN, HTML])
def test_a_lost_answer_before_the_end_is_asked_for_again(fault: str) -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK - MINUTE)
    desk.dd.faults = [("token.refresh", fault)]
    assert isinstance(desk.look(), Read), "good for a minute yet"
    found, mend = desk.told() or ("", "")
    assert "the answer was lost" in found and mend
    desk.world.clock.advance(2 * MINUTE)
    assert isinstance(desk.look(), Read), "the old refresh token lives on for an hour"
    assert "good until" in (desk.told() or ("",))[0]


def test_a_lost_answer_after_the_end_is_told_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK + MINUTE)
    desk.dd.faults = [("token.refresh", LOST)]
    assert isinstance(desk.look(), Later)
    desk.world.clock.advance(2 * MINUTE)
    assert desk.look() == Later(900.0, "credentials refused")
    found, mend = desk.told() or ("", "")
    assert "refused" in found and "lost on its way" in found and "authorise the app anew" in mend
    assert "after an answer that was lost" in capsys.readouterr().out


def test_a_process_that_dies_while_it_asks_leaves_it_to_the_next_one() -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK - MINUTE)

    def dies(call: Call) -> Reply:
        raise KeyboardInterrupt

    desk.world.shop.answer = dies
    with pytest.raises(KeyboardInterrupt):
        desk.look()
    desk.world.shop.answer = desk.answer
    assert isinstance(desk.look(), Read), "with the old ones: somebody seems to be asking"
    assert desk.asked().count("token/refresh") == 0 and (desk.told() or ("",))[0].startswith("being renewed")
    desk.world.clock.advance(LEASE)
    assert "the answer was lost" in (desk.told() or ("",))[0]
    assert isinstance(desk.look(), Read) and desk.opened["access_token"] == "access-2-0"


@pytest.mark.parametrize(("fault", "reason"), [(LIMITED, "throttled"), (UNSENT, "no answer")])
def test_what_the_platform_did_not_hear_is_no_loss(fault: str, reason: str) -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK + MINUTE)
    desk.dd.faults = [("token.refresh", fault)]
    found = desk.look()
    assert isinstance(found, Later) and found.reason == reason
    assert (desk.told() or ("",))[0].startswith("being renewed")
    desk.world.clock.advance(timedelta(seconds=found.seconds))
    assert isinstance(desk.look(), Read)


def test_a_store_that_never_takes_them_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.world.clock.advance(WEEK - MINUTE)

    def busy(connection: Connection) -> Connection:
        raise Conflict("main:dd")

    monkeypatch.setattr(desk.ports.connections, "put", busy)
    with pytest.raises(Conflict):
        desk.look()


def test_tokens_of_another_shop_are_not_taken() -> None:
    desk = Desk()
    desk.ports.connections.put(replace(desk.stored, address="777"))
    desk.world.clock.advance(WEEK - MINUTE)
    desk.look()
    assert desk.opened["access_token"] == "access-1-0" and "another_shop" in (desk.told() or ("",))[0]


def test_an_app_of_the_shops_own_gets_its_token_by_itself_once_a_week() -> None:
    dd = FakeDoudian()
    dd.order()
    world = World()
    world.clock.set(dd.now)
    world.connect("doudian", "dd", address=SHOP, options={"app_key": APP_KEY}, credentials={"app_secret": APP_SECRET})

    def answer(call: Call) -> Reply:
        dd.now = world.clock.now()
        return dd.send(call)

    def look() -> object:
        held = world.ports.connections.get("main", "dd")
        assert held is not None
        shops = Shops(world.ports)
        return credentials.run(world.ports, shops, held, lambda session: adapter_of(held).look(SUBJECT, session))

    world.shop.answer = answer
    for made, wait in ((1, MINUTE), (1, WEEK / 2), (1, WEEK / 2), (2, MINUTE)):
        assert isinstance(look(), Read)
        assert dd.made == made
        world.clock.advance(wait)
    dd.tokens.clear()
    assert isinstance(look(), Read) and dd.made == 3, "taken back before its time"
