"""Takes a calendar out of the `holidays` package: a tool of whoever builds calendars, never run by what is deployed.

It must never pass a guess on as knowledge: beyond the last year with an official plan, days that a plan may move are
`maybe`. Names of holidays are for people and decide nothing; what the package only estimates is told by its own label.
"""

import importlib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from chalicelib.cli._calendar_recipes import Recipe
from chalicelib.core.calendars import Calendar, Source

WEEK = {"mon-fri": ["00:00-24:00"]}
_WEEKEND = {5, 6}
_ESTIMATE = 1
"""Days around an estimated date on which the moon may put it."""


class NoSnapshot(Exception):
    """The package is missing, or has no such calendar; the text says what to do."""


def package() -> Any:
    """The `holidays` package. Raises NoSnapshot."""
    try:
        return importlib.import_module("holidays")
    except ImportError:
        raise NoSnapshot("the holidays package is missing: install requirements-dev.txt, or give --base") from None


def snapshot(recipe: Recipe) -> Calendar:
    """The calendar of a recipe as the installed package has it. Raises NoSnapshot."""
    if recipe.hours:
        week = {"mon-sun": [recipe.hours]}
        return Calendar(recipe.code, recipe.zone, week, sources=[Source(f"every day {recipe.hours}")])
    source = package()
    known_until = date(_last_planned(source, recipe), 12, 31)
    end = date(known_until.year + recipe.ahead, 12, 31)
    # A swapped day stands under the year of its holiday, which may be the neighbour.
    known = _holidays(source, recipe, range(recipe.first_day.year - 1, known_until.year + 2))
    ahead = _holidays(source, recipe, range(known_until.year, end.year + 2), observed=recipe.swap is None)
    if set(known.weekend) != _WEEKEND:
        raise NoSnapshot(f"{recipe.code} does not rest on Saturday and Sunday: its week has to be written by hand")
    days = {day: str(name) for day, name in known.items() if recipe.first_day <= day <= known_until}
    estimated = [day for day in days if _is_estimate(known, day)]
    if estimated:
        raise NoSnapshot(f"{recipe.code}: {min(estimated)} is an estimate, so the year is not known")
    expected = {day: str(name) for day, name in ahead.items() if known_until < day <= end}
    return Calendar(
        recipe.code,
        recipe.zone,
        WEEK,
        days | expected,
        [day for day in known.weekend_workdays if recipe.first_day <= day <= known_until],
        maybe=sorted(day for day in _maybe(recipe, ahead, expected) if known_until < day <= end),
        known_from=recipe.first_day,
        known_until=known_until,
        sources=[Source(f"holidays {source.__version__}: {recipe.code}")],
    )


def _holidays(source: Any, recipe: Recipe, years: Iterable[int], observed: bool = True) -> Any:
    try:
        if recipe.financial:
            return source.financial_holidays(recipe.country, years=years, observed=observed)
        # Names come in the language of the machine unless one is asked for.
        made = source.country_holidays(recipe.country, subdiv=recipe.part)
        language = next((one for one in ("en_US", "en_GB") if one in made.supported_languages), None)
        return source.country_holidays(
            recipe.country, subdiv=recipe.part, years=years, observed=observed, language=language
        )
    except NotImplementedError as error:
        raise NoSnapshot(f"{recipe.code}: {error}") from None


def _last_planned(source: Any, recipe: Recipe) -> int:
    if not recipe.plan:
        return recipe.last_year
    made = source.country_holidays(recipe.country)
    table = getattr(importlib.import_module(type(made).__module__), recipe.plan, None)
    if table is None:
        raise NoSnapshot(f"this release of the holidays package has no {recipe.plan}: see _calendar_recipes")
    return int(max(table.special_public_holidays))


def _is_estimate(made: Any, day: date) -> bool:
    label = getattr(made, "estimated_label", None)
    return bool(label) and str(made.tr(label)).replace("%s", "").strip() in made[day]


def _maybe(recipe: Recipe, ahead: Any, expected: dict[date, str]) -> Iterator[date]:
    """The days ahead that may turn out either way."""
    swap = recipe.swap
    for day in ahead:
        if swap is not None:
            yield from (one for one in _around(day, swap.off) if one.weekday() < 5 and one not in expected)
            yield from (one for one in _around(day, swap.work) if one.weekday() > 4 and one not in expected)
        elif _is_estimate(ahead, day):
            yield from (one for one in _around(day, (-_ESTIMATE, _ESTIMATE)) if one.weekday() < 5)


def _around(day: date, reach: tuple[int, int]) -> Iterator[date]:
    return (day + timedelta(days=n) for n in range(reach[0], reach[1] + 1))
