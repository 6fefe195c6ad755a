"""Where and when a clock counts. Here every hour counts, in a named zone; zone data comes from the pinned `tzdata`
package, never from the machine, so that one policy gives one answer everywhere."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files

import tzdata

TZ_VERSION = tzdata.IANA_VERSION
"""Release of the zone data, kept with each verdict."""


@lru_cache(maxsize=1024)
def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of an IANA name. Raises ValueError for a name that the pinned data does not know."""
    package, _, key = f"tzdata.zoneinfo/{name}".rpartition("/")
    try:
        if not name.isascii() or any(part in ("", ".", "..") for part in name.split("/")):
            raise ValueError
        data = files(package.replace("/", ".")).joinpath(key).open("rb")
    except (ValueError, ModuleNotFoundError, OSError):
        raise ValueError(f"no such time zone: {name[:64]!r}") from None
    with data:
        return zoneinfo.ZoneInfo.from_file(data, key=name)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Time that counts for a clock. `code` names it, `digest` tells versions of one code apart."""

    code: str = "UTC"
    zone: str = "UTC"
    digest: str = "always"

    def day(self, moment: datetime) -> date:
        """The calendar day of an instant in this calendar's zone."""
        return moment.astimezone(zone(self.zone)).date()

    def end_of(self, day: date) -> datetime:
        """24:00 of a day, as an instant: the first moment of the next day that exists in the zone."""
        local = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone(self.zone))
        # A midnight inside a gap is read with the offset before the gap, which lands on the first moment after it.
        return local.astimezone(UTC)


UTC_CALENDAR = Calendar()


class Calendars:
    """The calendars that policies name: those given, and any IANA zone, in which then every hour counts."""

    __slots__ = ("_known",)

    def __init__(self, known: Mapping[str, Calendar] | None = None) -> None:
        self._known = dict(known or {})
        self._known.setdefault("UTC", UTC_CALENDAR)

    def get(self, code: str) -> Calendar:
        """The calendar of a code. Raises ValueError where there is none."""
        found = self._known.get(code)
        if found is None:
            zone(code)
            found = self._known[code] = Calendar(code, code)
        return found
