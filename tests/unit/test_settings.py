"""The environment of a function, read by name."""

import pytest

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
