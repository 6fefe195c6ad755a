"""A stop keeps everything: cases, connections, addresses; a timer that was running fires, and the stream goes on."""

from pathlib import Path

from chalicelib.cli._local import warm
from chalicelib.core.case import CaseId
from chalicelib.core.events import Subject
from chalicelib.core.words import Status
from chalicelib.ops import policies
from infra.local import LocalEngine
from tests.support.street import LONG_AGO, QUICK, eventually, new_street, open_street, ports_on

CASE = CaseId("main", "corner", Subject("order", "201"))


def test_what_ran_before_a_stop_runs_on_after_it(tmp_path: Path) -> None:
    with new_street() as street:
        story = street.begin(201)
        with LocalEngine(tmp_path) as engine:
            first = engine.deploy()
            with ports_on(engine, first) as ports:
                policies.activate(ports, "main", QUICK, LONG_AGO)
                open_street(ports, first.hook_url, street)
                warm(engine)
                story = street.begin(201)
                assert street.happens(story, "paid", story.began) == 202
                eventually(lambda: "clock.started" in street.kinds(story), "the clock runs")
                before = ports.cases("main").get(CASE)

        with LocalEngine(tmp_path) as engine:
            second = engine.deploy()
            assert second == first, "every address is as it was"
            warm(engine)
            with ports_on(engine, second) as ports:
                held = ports.cases("main").get(CASE)
                assert held.evidence == before.evidence
                assert held.version >= before.version
                eventually(lambda: "clock.breached" in street.kinds(story), "the timer fires, the stream tells")
                eventually(lambda: story.tags == ["late-shipping"], "and the shop is called")
                # The address that was given out before the stop still leads to the connection.
                assert street.happens(story, "shipped", street.clock.now()) == 202
                eventually(lambda: "clock.met_late" in street.kinds(story), "what is sent to the old address counts")
                assert ports.cases("main").get(CASE).ledger.clocks["ship-by"].status is Status.MET_LATE
