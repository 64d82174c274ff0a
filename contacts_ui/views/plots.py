"""Place the parts of a plot, for templates that draw it as SVG. Numbers are units of the drawing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 960, 260
LEFT, RIGHT, TOP, BOTTOM = 36, 18, 24, 28
# The numbers of more bars would run into each other.
NUMBERED_BARS_MAX = 31
TICKS_MAX = 10
STEP_WIDTH, STEP_HEIGHT, STEP_BAR = 380, 44, 14
# Room for the number at the end of the longest bar.
STEP_NUMBER = 64


@dataclass(frozen=True)
class Column:
    """One upright bar: its total, the part that is hatched, and the label below."""

    total: int
    hatched: int
    tick: str


def columns_plot(columns: Sequence[Column]) -> dict[str, Any]:
    """Return upright bars over a scale from zero to a round number."""
    scale = _scale(max((column.total for column in columns), default=0))
    top = scale[-1]
    step = (WIDTH - LEFT - RIGHT) / max(len(columns), 1)
    every = math.ceil(len(columns) / TICKS_MAX)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "lines": [{"y": _y(value, top), "value": value} for value in scale],
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "bars": [
            _bar(column, LEFT + index * step, step, top)
            | {
                "tick": column.tick if (len(columns) - 1 - index) % every == 0 else "",
                "number": column.total
                if column.total and len(columns) <= NUMBERED_BARS_MAX
                else "",
            }
            for index, column in enumerate(columns)
        ],
        "tick_y": HEIGHT - BOTTOM + 18,
    }


def _bar(column: Column, x: float, step: float, top: int) -> dict[str, Any]:
    width = step * 0.72
    y, split = _y(column.total, top), _y(column.total - column.hatched, top)
    return {
        "x": round(x + (step - width) / 2, 1),
        "width": round(width, 1),
        "middle": round(x + step / 2, 1),
        "y": y,
        "number_y": round(y - 6, 1),
        "solid_y": split,
        "solid_height": round(_y(0, top) - split, 1),
        "hatched_height": round(split - y, 1),
    }


def steps_plot(numbers: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """Return horizontal bars, one below the other, each with its label above and its number at the end."""
    most = max((number for _, number in numbers), default=0) or 1
    room = STEP_WIDTH - STEP_NUMBER
    return {
        "width": STEP_WIDTH,
        "height": STEP_HEIGHT * len(numbers),
        "thick": STEP_BAR,
        "bars": [
            {
                "label": label,
                "number": number,
                "label_y": index * STEP_HEIGHT + 14,
                "y": index * STEP_HEIGHT + 22,
                "number_y": index * STEP_HEIGHT + 34,
                "length": round(max(number / most * room, 2 if number else 0), 1),
                "end": round(number / most * room + 8, 1),
            }
            for index, (label, number) in enumerate(numbers)
        ],
    }


def _y(value: int, top: int) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top), 1)


def _scale(most: int) -> list[int]:
    """Return round steps from zero to above the largest value: 0, 5, 10, 15."""
    rough = max(most / 4, 1)
    power = 10 ** math.floor(math.log10(rough))
    step = next(int(power * factor) for factor in (1, 2, 5, 10) if power * factor >= rough)
    return list(range(0, step * math.ceil(max(most, 1) / step) + 1, step))
