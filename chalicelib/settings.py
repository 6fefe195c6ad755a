"""What a function is told by its environment, read once and by name.

Each function is given only what it needs (infra/template.yaml), so a setting is asked for when it is used, and a
missing one says its name. No secret is ever in the environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass


class MissingSetting(Exception):
    """The environment lacks a variable that this function needs; the text is its name."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one function: names of tables and bucket, URLs of queues, ARNs of keys."""

    environment: Mapping[str, str]

    @property
    def stage(self) -> str:
        return self._need("REDRESS_STAGE")

    @property
    def cases(self) -> str:
        return self._need("REDRESS_CASES")

    @property
    def connections(self) -> str:
        return self._need("REDRESS_CONNECTIONS")

    @property
    def records(self) -> str:
        return self._need("REDRESS_RECORDS")

    @property
    def inbox(self) -> str:
        return self._need("REDRESS_INBOX")

    @property
    def wakes(self) -> str:
        return self._need("REDRESS_WAKES")

    @property
    def late(self) -> str:
        return self._need("REDRESS_LATE")

    @property
    def actions(self) -> str:
        return self._need("REDRESS_ACTIONS")

    @property
    def dead_letters(self) -> dict[str, str]:
        """URLs of the dead-letter queues by the name of what they stand behind."""
        names = ("inbox", "wakes", "late", "actions", "project")
        return {name: self._need(f"REDRESS_{name.upper()}_DLQ") for name in names}

    @property
    def project_again(self) -> str:
        """URL of the queue by which dead letters of the stream come back to `project`."""
        return self._need("REDRESS_PROJECT_AGAIN")

    @property
    def bucket(self) -> str:
        return self._need("REDRESS_BUCKET")

    @property
    def bus(self) -> str:
        return self._need("REDRESS_BUS")

    @property
    def secrets_key(self) -> str:
        return self._need("REDRESS_SECRETS_KEY")

    @property
    def shards(self) -> int:
        """Shards of a minute in the wakes index."""
        return int(self._need("REDRESS_SHARDS"))

    @property
    def allow_hosts(self) -> frozenset[str]:
        """Hosts that outgoing calls may reach although they are inner; none unless told."""
        listed = self.environment.get("REDRESS_ALLOW_HOSTS", "").split(",")
        return frozenset(host for each in listed if (host := each.strip().lower()))

    @property
    def heartbeat(self) -> str:
        """An outside address that hears of each clean night; empty for none."""
        return self.environment.get("REDRESS_HEARTBEAT", "")

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts to audit."""
        listed = self.environment.get("REDRESS_ACCOUNTS", "").split(",")
        return tuple(name for each in listed if (name := each.strip())) or ("main",)

    @property
    def ops_url(self) -> str | None:
        """Base of the ops API, without a slash at its end; the functions that link to it are told, the API is not."""
        return self.environment.get("REDRESS_OPS_URL") or None

    @property
    def hook_url(self) -> str:
        """Base of the hook addresses, without a slash at its end."""
        return self._need("REDRESS_HOOK_URL")

    def _need(self, name: str) -> str:
        value = self.environment.get(name, "")
        if not value:
            raise MissingSetting(name)
        return value


def settings() -> Settings:
    """The settings of this process."""
    return Settings(os.environ)
