"""The environment of a function, read by name."""

import pytest

from chalicelib.bootstrap import HANDLES, AwsPorts
from chalicelib.settings import MissingSetting, Settings


def test_a_missing_setting_says_its_name() -> None:
    with pytest.raises(MissingSetting, match="REDRESS_CASES"):
        _ = Settings({}).cases


def test_an_empty_setting_is_a_missing_one() -> None:
    with pytest.raises(MissingSetting, match="REDRESS_BUS"):
        _ = Settings({"REDRESS_BUS": ""}).bus


@pytest.mark.parametrize(
    ("value", "hosts"),
    [
        pytest.param("", frozenset(), id="none unless told"),
        pytest.param("127.0.0.1,localhost", frozenset({"127.0.0.1", "localhost"}), id="two"),
        pytest.param(" Localhost , ,", frozenset({"localhost"}), id="untidy"),
    ],
)
def test_allowed_hosts(value: str, hosts: frozenset[str]) -> None:
    assert Settings({"REDRESS_ALLOW_HOSTS": value}).allow_hosts == hosts


def test_no_inner_host_is_allowed_by_silence() -> None:
    assert Settings({}).allow_hosts == frozenset()


def test_every_dead_letter_queue_is_known() -> None:
    names = ("INBOX", "WAKES", "LATE", "ACTIONS", "PROJECT")
    told = Settings({f"REDRESS_{name}_DLQ": name.lower() for name in names})
    assert told.dead_letters == {name.lower(): name.lower() for name in names}


def test_accounts_that_strangers_name_do_not_fill_a_functions_memory() -> None:
    ports = AwsPorts(Settings({"REDRESS_RECORDS": "records", "REDRESS_CASES": "cases", "REDRESS_SHARDS": "1"}))
    for handles in (ports.records, ports.cases):
        first = handles("a0")
        assert first is handles("a0"), "kept for those who come again"
        for number in range(1, HANDLES + 1):
            handles(f"a{number}")
        assert handles("a0") is not first, "and let go for others"
