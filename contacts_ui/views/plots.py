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
# Room for a number of seven digits beside the line.
WIDE_LEFT = 72
# And for half of a day's label below its end.
WIDE_RIGHT = 30
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


def line_plot(points: Sequence[tuple[int | None, str]]) -> dict[str, Any]:
    """Return a line through points, each a value and the label below it; None leaves a gap.

    The scale begins near the least value if changes are small beside it: `from_zero` is False then.
    """
    values = [value for value, _ in points if value is not None]
    least, most = min(values, default=0), max(values, default=0)
    scale = _scale(most)
    if 2 * least > most:
        near = _scale(most - least)
        step = near[1]
        scale = [value + least // step * step for value in (*near, near[-1] + step)]
    low, span = scale[0], scale[-1] - scale[0]
    apart = (WIDTH - WIDE_LEFT - WIDE_RIGHT) / max(len(points) - 1, 1)
    every = math.ceil(len(points) / TICKS_MAX)
    placed = [
        {
            "x": round(WIDE_LEFT + index * apart, 1),
            "y": None if value is None else _y(value - low, span),
            "value": value,
            "tick": tick if (len(points) - 1 - index) % every == 0 else "",
        }
        for index, (value, tick) in enumerate(points)
    ]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "lines": [{"y": _y(value - low, span), "value": f"{value:,}"} for value in scale],
        "left": WIDE_LEFT,
        "right": WIDTH - WIDE_RIGHT,
        "points": placed,
        "parts": _parts(placed),
        "from_zero": low == 0,
        "lowest": f"{low:,}",
        "tick_y": HEIGHT - BOTTOM + 18,
    }


def _parts(placed: Sequence[dict[str, Any]]) -> list[str]:
    """Return the points of each unbroken part of a line, as SVG writes them."""
    parts: list[list[str]] = [[]]
    for point in placed:
        if point["y"] is None:
            parts.append([])
        else:
            parts[-1].append(f"{point['x']},{point['y']}")
    return [" ".join(part) for part in parts if len(part) > 1]


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
