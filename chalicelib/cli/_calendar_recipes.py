"""Which calendars ship and how each one is compiled: its zone, its limits of knowledge, what may happen beyond them.

Facts: the calendars sheet of the law fact base, the calendar columns of the others, and the tables of the `holidays`
package of HOLIDAYS. A code is a country, or a country and a part of it as ISO 3166 writes them, a payment system, or a
platform that has hours of its own.
"""

from dataclasses import dataclass
from datetime import date

HOLIDAYS = "0.109"
"""The release of the `holidays` package that the shipped calendars are compiled from."""
YEARS_AHEAD = 10
"""So many years beyond what is known are compiled as they are expected."""
FIRST_DAY = date(2010, 1, 1)
FIXED_UNTIL = 2027
"""Where law alone makes the holidays: a year after the package's release, as legislators change their minds too."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Around a holiday of a year without a plan, days that a plan may move: `off` weekdays, `work` weekend days.

    Each is a range in days from the holiday, a little wider than any plan so far has used.
    """

    off: tuple[int, int]
    work: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Recipe:
    """`plan`: the class whose table of special days ends with the last year that has an official plan."""

    code: str
    zone: str
    country: str
    part: str | None = None
    financial: bool = False
    first_day: date = FIRST_DAY
    last_year: int = FIXED_UNTIL
    ahead: int = YEARS_AHEAD
    plan: str = ""
    swap: Swap | None = None
    """None: what is expected beyond the known years is expected for sure, but for dates that the package estimates."""
    hours: str = ""
    """The window of every day, where the calendar is no country's: nothing is asked of the package."""


def _parts(country: str, zone: str, parts: str) -> list[Recipe]:
    return [Recipe(f"{country}-{part}", zone, country, part) for part in parts.split()]


_COUNTRIES = {
    "AT": "Europe/Vienna", "BE": "Europe/Brussels", "BG": "Europe/Sofia", "CY": "Asia/Nicosia", "CZ": "Europe/Prague",
    "DE": "Europe/Berlin", "DK": "Europe/Copenhagen", "EE": "Europe/Tallinn", "FI": "Europe/Helsinki",
    "FR": "Europe/Paris", "GR": "Europe/Athens", "HR": "Europe/Zagreb", "IE": "Europe/Dublin", "IT": "Europe/Rome",
    "LT": "Europe/Vilnius", "LU": "Europe/Luxembourg", "MT": "Europe/Malta", "NL": "Europe/Amsterdam",
    "PL": "Europe/Warsaw", "PT": "Europe/Lisbon", "RO": "Europe/Bucharest", "SE": "Europe/Stockholm",
    "SI": "Europe/Ljubljana", "SK": "Europe/Bratislava",
    "BR": "America/Sao_Paulo", "JP": "Asia/Tokyo", "KR": "Asia/Seoul", "SG": "Asia/Singapore", "US": "America/New_York",
}  # fmt: skip
_AUSTRALIA = {
    "ACT": "Australia/Sydney", "NSW": "Australia/Sydney", "NT": "Australia/Darwin", "QLD": "Australia/Brisbane",
    "SA": "Australia/Adelaide", "TAS": "Australia/Hobart", "VIC": "Australia/Melbourne", "WA": "Australia/Perth",
}  # fmt: skip

_ALL = [
    *(Recipe(country, zone, country) for country, zone in _COUNTRIES.items()),
    *_parts("DE", "Europe/Berlin", "BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH"),
    *_parts("GB", "Europe/London", "ENG NIR SCT WLS"),
    *(Recipe(f"AU-{state}", zone, "AU", state) for state, zone in _AUSTRALIA.items()),
    # The State Council plans one year at a time, in November. Since 2004 no plan has gone beyond (-2, 5) and (-8, 10).
    Recipe("CN", "Asia/Shanghai", "CN", None, False, date(2004, 1, 1), 0, YEARS_AHEAD, "ChinaStaticHolidays",
           Swap((-3, 7), (-10, 12))),
    # Bridge days and the Saturdays that pay for them are decreed a year at a time.
    Recipe("HU", "Europe/Budapest", "HU", plan="HungaryStaticHolidays", swap=Swap((-2, 2), (-28, 20))),
    Recipe("LV", "Europe/Riga", "LV", plan="LatviaStaticHolidays", swap=Swap((-3, 4), (-14, 18))),
    # Published a year at a time: by the regions' gazettes, by notice after the moon is calculated or seen.
    Recipe("ES", "Europe/Madrid", "ES", last_year=2026),
    # The package has India's moon until 2035 only.
    Recipe("IN", "Asia/Kolkata", "IN", last_year=2026, ahead=8),
    # Days on which TARGET settles; no country's.
    Recipe("ECB", "Europe/Berlin", "ECB", financial=True),
    # The hours in which JD counts the time for evidence: every day of the week, holidays too (its dispute rules, 9(2)).
    Recipe("CN-JD", "Asia/Shanghai", "", hours="09:00-18:00"),
]  # fmt: skip
RECIPES = {recipe.code: recipe for recipe in sorted(_ALL, key=lambda one: one.code)}
EU = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip


def recipe_of(code: str, zone: str | None = None) -> Recipe:
    """The recipe of a code: a shipped one, or a plain one in `zone`. Raises ValueError where a zone is needed."""
    found = RECIPES.get(code)
    if found is None:
        if zone is None:
            raise ValueError(f"{code} is none of the shipped codes: --zone is needed, like --zone Europe/Zurich")
        country, _, part = code.partition("-")
        return Recipe(code, zone, country, part or None)
    if zone is not None and zone != found.zone:
        raise ValueError(f"{code} is in {found.zone}")
    return found
