"""Numbers in requests: "under 15 euros", "from the nineties", "between 10 and 20". Knows only numbers and measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from llm4rec.writers.asking.lexicon import Lexicon

Side = Literal["below", "above", "before", "after"]
SIDES: tuple[Side, ...] = ("before", "after", "below", "above")
YEARS = (1000.0, 2100.0)
ABOUT_YEARS, ABOUT_SHARE = 5.0, 0.2
"""How far "about" reaches: so many years, else such a share of the number."""
_FILLERS = ("the", "year", "about", "around", "a", "an", "from")
BACK = 4
"""So many words before a number may name what it measures."""


@dataclass(frozen=True)
class Found:
    """Bounds of a number, up to token `end`. `measure` is what was meant; `column` is empty where it is not known here."""

    end: int
    measure: str
    column: str
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True)
class _Number:
    value: float
    end: int
    measure: str = ""
    high: float | None = None  # of a decade or a century
    digits: bool = True


class Ranges:
    """Reads ranges from tokens. `this_year` is what "the last ten years" counts from."""

    def __init__(self, lexicon: Lexicon, words: Sequence[str], this_year: int | None) -> None:
        self.lexicon = lexicon
        self.words = words
        self.this_year = this_year
        self.lists = lexicon.words

    def at(self, at: int) -> Found | None:
        """The range that begins at a token, or None."""
        for read in (self._lately, self._between, self._bounded, self._about, self._plain):
            found = read(at)
            if found is not None:
                return found
        return None

    def _is(self, key: str, at: int) -> int | None:
        found = self.lists.bounds[key].longest(self.words, at)
        return found[0] if found else None

    def _lately(self, at: int) -> Found | None:
        end = self._is("last", at)
        if end is None or self.this_year is None:
            return None
        number = self._digits(end)
        count, end = (number.value, number.end) if number else (1.0, end)
        for key, years in (("decades", 10), ("years", 1)):
            unit = self._is(key, end)
            if unit is not None:
                return self._range(unit, "year", low=self.this_year - count * years)
        return None

    def _between(self, at: int) -> Found | None:
        start = self._is("between", at)
        first = self._number(at if start is None else start)
        if first is None:
            return None
        to = self._is("to", first.end)
        if to is None or (start is None and self.words[first.end] not in ("-", "to", "到", "至")):
            return None
        second = self._number(to)
        if second is None:
            return None
        if (
            start is not None
            and self.words[at] in ("from", "从", "在")
            and self.words[first.end] in ("and", "和")
        ):
            return None
        measure = second.measure or first.measure or self._measure(at, second)
        if not measure:
            return None
        low, high = first.value, second.high if second.high is not None else second.value
        if not first.measure and second.measure and measure != "year":
            low *= self._factor(second)
        end = self._behind(second.end)[1]
        return self._range(end, measure, low=min(low, high), high=max(low, high))

    def _factor(self, number: _Number) -> float:
        """What the unit of a number multiplies by."""
        plain = self._digits_before(number)
        return number.value / plain if plain else 1.0

    def _digits_before(self, number: _Number) -> float:
        for at in range(number.end - 1, max(number.end - 6, -1), -1):
            found = self._digits(at)
            if found is not None:
                return found.value
        return 0.0

    def _bounded(self, at: int) -> Found | None:
        """A bound before a number, or behind it."""
        for side in SIDES:
            start = self._is(side, at)
            number = None if start is None else self._number(self._skipped(start), bounded=True)
            if start is None or number is None:
                continue
            inclusive = tuple(self.words[at:start]) in self.lists.bounds["inclusive"]
            behind, end, too = self._behind(number.end)
            if behind is not None and self.words[at] in ("在", "从"):
                side, inclusive = behind, too
            return self._sided(at, side, number, inclusive, end)
        before = self._is("in", at)
        number = self._number(at if before is None else before)
        if number is not None:
            behind, end, inclusive = self._behind(number.end)
            if behind is not None:
                return self._sided(at, behind, number, inclusive, end)
        return None

    def _skipped(self, at: int) -> int:
        """Past articles and "the year" before a number."""
        while at < len(self.words) and self.words[at] in _FILLERS and not self._counts(at):
            at += 1
        return at

    def _counts(self, at: int) -> bool:
        """Whether "an" is the number of "an hour"."""
        return self.words[at : at + 1] in (["a"], ["an"]) and self._unit(at + 1) is not None

    def _behind(self, at: int) -> tuple[Side | None, int, bool]:
        """The bound told behind a number, where it ends, and whether the number belongs to it."""
        for side in SIDES:
            found = self.lists.bounds[f"{side}_behind"].longest(self.words, at)
            if found is not None:
                end = found[0]
                return side, end, tuple(self.words[at:end]) in self.lists.bounds["inclusive"]
        return None, at, False

    def _sided(self, at: int, side: Side, number: _Number, inclusive: bool, end: int) -> Found | None:
        measure = number.measure or ("year" if side in ("before", "after") else self._measure(at, number))
        if side in ("before", "after") and measure != "year":
            side = "below" if side == "before" else "above"
        if not measure:
            return Found(end, "", "") if number.digits else None
        low_end = number.value
        high_end = number.value if number.high is None else number.high
        if side in ("below", "before"):
            high = high_end if inclusive else low_end
            return self._range(end, measure, high=high, high_open=not inclusive)
        low = low_end if inclusive else high_end
        return self._range(end, measure, low=low, low_open=not inclusive)

    def _about(self, at: int) -> Found | None:
        start = self._is("about", at)
        number = None if start is None else self._number(self._skipped(start))
        if number is None:
            return None
        measure = number.measure or self._measure(at, number)
        if not measure:
            return None
        reach = ABOUT_YEARS if measure == "year" else ABOUT_SHARE * abs(number.value)
        high = number.value if number.high is None else number.high
        return self._range(number.end, measure, low=number.value - reach, high=high + reach)

    def _plain(self, at: int) -> Found | None:
        """A number alone: a year, a decade, or one with a unit, of which about so much is meant (of money: at most)."""
        start = self._is("in", at)
        number = self._number(at if start is None else self._skipped(start))
        if number is None:
            return None
        if number.high is not None:
            return self._range(number.end, "year", low=number.value, high=number.high)
        if number.measure == "price":
            return self._range(number.end, "price", high=number.value)
        if number.measure == "year":
            return self._range(number.end, "year", low=number.value, high=number.value)
        if number.measure:
            reach = ABOUT_SHARE * number.value
            return self._range(
                number.end, number.measure, low=number.value - reach, high=number.value + reach
            )
        if self._is_year(number) and number.digits:
            return self._range(number.end, "year", low=number.value, high=number.value)
        return None

    def _range(self, end: int, measure: str, **bounds: float | bool | None) -> Found:
        column = self.lexicon.measures.get(measure, measure if measure in self.lexicon.numbers else "")
        found = replace(Found(end, measure, column), **bounds)  # type: ignore[arg-type]
        return found if measure != "year" or found.high is None else self._whole_year(found)

    def _whole_year(self, found: Found) -> Found:
        """A last year belongs to a range with all its days; columns of whole years do not notice."""
        values = self.lexicon.numbers.get(found.column)
        whole = values is None or not bool(np.any(values[np.isfinite(values)] % 1))
        if whole or found.high is None or found.high_open:
            return found
        return replace(found, high=found.high + 1, high_open=True)

    def _is_year(self, number: _Number) -> bool:
        return (
            YEARS[0] <= number.value <= YEARS[1] and number.value % 1 == 0 and "year" in self.lexicon.measures
        )

    def _measure(self, at: int, number: _Number) -> str:
        """What a number without a unit measures: named before it, compared by it, else a year or the price."""
        for back in range(at, max(at - BACK, -1), -1):
            for measure in self.lists.measures:
                named = measure.names.longest(self.words, back) or measure.compares.longest(self.words, back)
                if named is not None and measure.name in self.lexicon.measures:
                    return measure.name
            for column in self.lexicon.numbers:
                if tuple(column.lower().replace("_", " ").split()) == tuple(
                    self.words[back : back + 1 + column.count("_")]
                ):
                    return column
        if self._is_year(number):
            return "year"
        return "price" if "price" in self.lexicon.measures else ""

    def _number(self, at: int, bounded: bool = False) -> _Number | None:
        """A number with its unit, a decade or a century."""
        if at >= len(self.words):
            return None
        era = self._era(at)
        if era is not None:
            return era
        if self._is("before_christ", at) is not None:
            number = self._digits(self._is("before_christ", at) or at)
            if number is None:
                return None
            return replace(
                number, value=-number.value, measure="year", end=self._is("years", number.end) or number.end
            )
        before = self._unit(at)  # € 20
        start = at if before is None or self.words[at].isalpha() else before[2]
        number = self._digits(start)
        if number is None and bounded and self._counts(start):
            number = _Number(1.0, start + 1)
        if number is None:
            return None
        number = replace(number, measure=before[0]) if before is not None and start != at else number
        return self._with_unit(number)

    def _with_unit(self, number: _Number) -> _Number:
        end = number.end
        if (then := self._is("before_christ", end)) is not None:
            return replace(number, value=-number.value, end=then, measure="year")
        half = 0.0
        if tuple(self.words[end : end + 3]) == ("and", "a", "half"):
            half, end = 0.5, end + 3
        unit = self._unit(end)
        if unit is not None:
            measure, factor, end = unit
            value = (number.value + half) * factor
            if tuple(self.words[end : end + 3]) == ("and", "a", "half"):
                value, end = value + 0.5 * factor, end + 3
            value, end = self._and_minutes(value, end, measure)
            return _Number(value, end, measure, digits=number.digits)
        years = self._is("years", end)
        if years is not None and self._is_year(number) and self.words[end] == "年":
            return replace(number, end=years, measure="year")
        return number

    def _and_minutes(self, value: float, end: int, measure: str) -> tuple[float, int]:
        """ "1 hour 30 minutes" is one number."""
        start = end + 1 if end < len(self.words) and self.words[end] == "and" else end
        more = self._digits(start)
        unit = None if more is None else self._unit(more.end)
        if more is None or unit is None or unit[0] != measure:
            return value, end
        return value + more.value * unit[1], unit[2]

    def _unit(self, at: int) -> tuple[str, float, int] | None:
        """Measure, factor and end of a unit; of units that several measures have, the first the catalog has."""
        best: tuple[str, float, int] | None = None
        for measure in self.lists.measures:
            found = measure.units.longest(self.words, at)
            known = measure.name in self.lexicon.measures
            if found is not None and (best is None or (known and best[0] not in self.lexicon.measures)):
                best = (measure.name, found[1], found[0])
        return best

    def _digits(self, at: int) -> _Number | None:
        """A number in digits or in words."""
        if at >= len(self.words):
            return None
        if self.words[at][:1].isdigit():
            try:
                return _Number(float(self.words[at].replace(",", "")), at + 1)
            except ValueError:  # digits of other scripts
                return None
        total, current, end = 0.0, 0.0, at
        while (found := self.lists.numbers.longest(self.words, end)) is not None:
            end, value = found
            if value >= 100:
                current = (current or 1.0) * value
                total, current = total + current, 0.0
            elif value == 10 and 0 < current < 10:
                current *= 10
            else:
                current += value
        return None if end == at else _Number(total + current, end, digits=total + current >= 20)

    def _era(self, at: int) -> _Number | None:
        """ "the 1990s", "90s", "nineties", "19th century", "1800s" as their first and last year."""
        if self.words[at] == "'":
            at += 1
        said = self.lists.decades.longest(self.words, at)
        if said is not None:
            return _decade(said[1], said[0])
        number, end = self._digits(at), at
        named = self.lists.ordinals.longest(self.words, at)
        if named is not None:
            number, end = _Number(named[1], named[0]), named[0]
        if number is None:
            return None
        end = number.end
        if end < len(self.words) and self.words[end] in ("th", "st", "nd", "rd"):
            end += 1
        century = self._is("century", end)
        if century is not None and 0 < number.value < 22:
            return _Number(100 * (number.value - 1), century, "year", 100 * number.value - 1)
        tail = (
            2
            if tuple(self.words[end : end + 2]) == ("'", "s")
            else 1
            if self.words[end : end + 1] == ["s"]
            else 0
        )
        decade = end + tail if tail else self._is("decades", end)
        if decade is None or number.value % 10:
            return None
        return _decade(number.value, decade)


def _decade(value: float, end: int) -> _Number:
    """Ten years; a hundred where the number is that of a century; two digits are of the last century, 00 and 10 of this."""
    if value < 100:
        value += 2000 if value < 20 else 1900
    width = 100 if value % 100 == 0 and value < 1900 else 10
    return _Number(value, end, "year", value + width - 1)
