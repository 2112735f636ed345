"""Line and bar charts as small SVG texts, for reports that must stand alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Interval = tuple[float, float, float]  # value, low, high
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 260, 62, 16, 12, 44


def line_chart(
    x: Sequence[float],
    y: Sequence[float],
    x_label: str,
    y_label: str,
    reach: Sequence[tuple[float, float]] = (),
    floor: tuple[float, str] | None = None,
) -> str:
    """A curve with a logarithmic y axis; `y` > 0. Styled by the page's CSS classes (axis, tick, curve).

    With `reach`, the ends of an interval a point, each point has a mark and a line; `floor` is a value above 0 with its
    name, drawn as a dashed line.
    """
    least = min([*y, *([floor[0]] if floor else [])]) / 2  # an interval may go down to 0, which has no logarithm
    reach = [(max(least, start), max(least, end)) for start, end in reach]
    ends = [*y, *(end for pair in reach for end in pair), *([floor[0]] if floor else [])]
    low, high = math.log10(min(ends)), math.log10(max(ends))
    low, high = low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def across(value: float) -> float:
        return LEFT + (right - LEFT) * (value - x[0]) / ((x[-1] - x[0]) or 1)

    def up(value: float) -> float:
        return bottom - (bottom - TOP) * (math.log10(value) - low) / (high - low)

    parts = []
    for tick in _log_ticks(10**low, 10**high):
        parts.append(f'<line class="gridline" x1="{LEFT}" x2="{right}" y1="{up(tick):.1f}" y2="{up(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{up(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    parts += [
        f'<text class="tick" x="{across(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{_short(tick)}</text>'
        for tick in _ticks(x[0], x[-1])
    ]
    points = " ".join(f"{across(a):.1f},{up(b):.1f}" for a, b in zip(x, y, strict=True))
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    if floor:
        level = up(floor[0])
        parts.append(f'<line class="floor" x1="{LEFT}" x2="{right}" y1="{level:.1f}" y2="{level:.1f}"/>')
        parts.append(f'<text class="tick" x="{right}" y="{level - 6:.1f}" text-anchor="end">{escape(floor[1])}</text>')
    parts.append(f'<polyline class="curve" points="{points}"/>')
    for a, b, (start, end) in zip(x, y, reach, strict=False):
        at = f"{across(a):.1f}"
        parts.append(f'<line class="reach" x1="{at}" x2="{at}" y1="{up(start):.1f}" y2="{up(end):.1f}"/>')
        parts.append(f'<circle class="dot" cx="{at}" cy="{up(b):.1f}" r="4"/>')
    parts.append(_labels(x_label, y_label))
    return _svg(parts, f"{y_label} against {x_label}")


def bar_chart(names: Sequence[str], shares: Sequence[float], x_label: str, y_label: str) -> str:
    """One bar a name, for shares in [0, 1], each with its percentage."""
    bottom, step = HEIGHT - BOTTOM, (WIDTH - LEFT - RIGHT) / len(names)
    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = bottom - (bottom - TOP - 14) * tick
        parts.append(f'<line class="gridline" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.0%}</text>')
    for i, (name, share) in enumerate(zip(names, shares, strict=True)):
        tall, middle = (bottom - TOP - 14) * share, LEFT + step * (i + 0.5)
        parts.append(
            f'<rect class="bar" x="{middle - step * 0.32:.1f}" y="{bottom - tall:.1f}" width="{step * 0.64:.1f}" '
            f'height="{tall:.1f}" rx="2"/>'
        )
        parts.append(f'<text class="value" x="{middle:.1f}" y="{bottom - tall - 5:.1f}">{100 * share:.0f}</text>')
        parts.append(
            f'<text class="tick" x="{middle:.1f}" y="{bottom + 18}" text-anchor="middle">{escape(name)}</text>'
        )
    parts.append(_labels(x_label, y_label))
    return _svg(parts, f"{y_label} for each {x_label}")


def interval_chart(names: Sequence[str], series: Mapping[str, Sequence[Interval]], x_label: str) -> str:
    """Rows of names: a mark at each series' value and a line from the low end of its interval to the high one.

    The second series' marks are hollow, so that no colour need be told apart; a value that is not finite is a dash.
    The scale is logarithmic where all are above 0 and far apart, but for shares, of which 0 to 1 is the whole.
    """
    ends = [end for values in series.values() for three in values for end in three if math.isfinite(end)] or [0.0]
    shares = x_label.startswith("share")
    logarithmic = not shares and min(ends) > 0 and max(ends) > 30 * min(ends)
    low, high = (math.log10(min(ends)), math.log10(max(ends))) if logarithmic else (min(ends), max(ends))
    if not logarithmic and low > 0 and low < 0.6 * high:
        low = 0.0
    margin = 0.04 * ((high - low) or abs(high) or 1.0)
    low, high = low - (0.0 if low == 0 else margin), high + margin
    left, right = 16 + 7.2 * max(map(len, names)), WIDTH - RIGHT - 46
    row, top = 8 + 18 * len(series), 8 + 22 * (len(series) > 1)
    bottom = top + row * len(names)

    def across(value: float) -> float:
        at = math.log10(value) if logarithmic else value
        return left + (right - left) * (at - low) / ((high - low) or 1)

    def text(x: float, y: float, words: str, anchor: str = "start") -> str:
        return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'

    def dot(x: float, y: float, number: int) -> str:
        return f'<circle class="{"hollow" if number else "dot"}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'

    parts = []
    for tick in _log_ticks(10**low, 10**high) if logarithmic else _ticks(low, high):
        at = f"{across(tick):.1f}"
        parts.append(f'<line class="gridline" x1="{at}" x2="{at}" y1="{top}" y2="{bottom}"/>')
        parts.append(text(across(tick), bottom + 16, minus(f"{tick:g}"), "middle"))
    along = left
    for number, (name, values) in enumerate(series.items()):
        if len(series) > 1:
            parts += [dot(along, 12, number), text(along + 10, 16, name)]
            along += 40 + 7 * len(name)
        for place, (value, start, end) in enumerate(values):
            y = top + row * place + 13 + 18 * number
            if not all(map(math.isfinite, (value, start, end))):
                parts.append(text(left + 4, y + 4, "–"))
                continue
            parts.append(f'<line class="reach" x1="{across(start):.1f}" x2="{across(end):.1f}" y1="{y}" y2="{y}"/>')
            parts += [dot(across(value), y, number), text(across(end) + 9, y + 4, minus(f"{value:.3g}"))]
    parts += [text(left - 12, top + row * (place + 0.5) + 4, name, "end") for place, name in enumerate(names)]
    middle = (left + right) / 2
    parts.append(f'<text class="label" transform="translate({middle:.1f} {bottom + 36})">{escape(x_label)}</text>')
    return _svg(parts, f"{x_label}: {', '.join(names)}", bottom + 44)


def minus(number: str) -> str:
    return number.replace("-", "−")


def _labels(x_label: str, y_label: str) -> str:
    across, up = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    return (
        f'<text class="label" transform="translate({across} {HEIGHT - 6})">{escape(x_label)}</text>'
        f'<text class="label" transform="translate(14 {up}) rotate(-90)">{escape(y_label)}</text>'
    )


def _svg(parts: list[str], title: str, height: float = HEIGHT) -> str:
    body = "\n".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">\n{body}\n</svg>'


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        ticks = [float(f"{m * 10.0**d:.6g}") for d in decades for m in steps if low <= m * 10.0**d <= high]
        if len(ticks) >= 3:
            break
    return ticks


def _ticks(low: float, high: float) -> list[float]:
    if high <= low:
        return [low]
    rough = (high - low) / 5
    unit = 10 ** math.floor(math.log10(rough))
    step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= rough)
    return [round(step * k, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _short(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"
