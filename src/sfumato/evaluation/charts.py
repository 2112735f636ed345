"""Line and bar charts as small SVG texts, for reports that must stand alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

Interval = tuple[float, float, float]  # value, low, high
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 260, 62, 16, 12, 44


def line_chart(x: Sequence[float], y: Sequence[float], x_label: str, y_label: str) -> str:
    """A curve with a logarithmic y axis; `y` > 0. Styled by the page's CSS classes (axis, tick, curve)."""
    up, parts = _upwards(y)

    def across(value: float) -> float:
        return LEFT + (WIDTH - RIGHT - LEFT) * (value - x[0]) / ((x[-1] - x[0]) or 1)

    parts += [_under(across(tick), _short(tick)) for tick in _ticks(x[0], x[-1])]
    points = " ".join(f"{across(a):.1f},{up(b):.1f}" for a, b in zip(x, y, strict=True))
    parts += [f'<polyline class="curve" points="{points}"/>', _labels(x_label, y_label)]
    return _svg(parts, f"{y_label} against {x_label}")


def range_chart(values: Sequence[float], usual: tuple[float, float], x_label: str, y_label: str) -> str:
    """A curve over 1, 2, 3, … with a linear y axis, and the range of what is usual as a band behind it."""
    low, high = min(*values, *usual), max(*values, *usual)
    right, bottom, margin = WIDTH - RIGHT, HEIGHT - BOTTOM, 0.06 * ((high - low) or 1.0)
    low, high = low - margin, high + margin

    def up(value: float) -> float:
        return bottom - (bottom - TOP) * (value - low) / (high - low)

    def across(x: float) -> float:
        return LEFT + (right - LEFT) * (x - 1) / max(1, len(values) - 1)

    top, tall = up(usual[1]), up(usual[0]) - up(usual[1])
    parts = [f'<rect class="band" x="{LEFT}" y="{top:.1f}" width="{right - LEFT}" height="{tall:.1f}"/>']
    for tick in _ticks(low, high):
        parts.append(f'<line class="gridline" x1="{LEFT}" x2="{right}" y1="{up(tick):.1f}" y2="{up(tick):.1f}"/>')
        words = minus(f"{tick:g}")
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{up(tick) + 4:.1f}" text-anchor="end">{words}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    parts += [_under(across(tick), _short(tick)) for tick in _ticks(1, len(values))]
    points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in enumerate(values, 1))
    parts += [f'<polyline class="curve" points="{points}"/>', _labels(x_label, y_label)]
    return _svg(parts, f"{y_label} against {x_label}")


def curves_chart(
    series: Mapping[str, Mapping[float, Interval]],
    x_label: str,
    y_label: str,
    floor: tuple[float, str] | None = None,
) -> str:
    """Values with their intervals at some x > 0, as marks that a line joins; both axes are logarithmic.

    The second series' marks are hollow and its line is dotted, so that no colour need be told apart. `floor` is a value
    above 0 with its name, drawn as a dashed line.
    """
    own = [one for points in series.values() for one in points.values()]
    known = [floor[0]] if floor else []
    least = min([value for value, _, _ in own if value > 0] + known, default=1e-9) / 2  # 0 has no logarithm
    xs = sorted({x for points in series.values() for x in points})
    up, parts = _upwards([max(least, end) for three in own for end in three] + known)

    def across(x: float) -> float:
        share = math.log(x / xs[0]) / math.log(xs[-1] / xs[0]) if len(xs) > 1 else 0.5
        return LEFT + 24 + (WIDTH - RIGHT - LEFT - 48) * share

    parts += [_under(across(x), _short(x)) for x in xs]
    if floor:
        right, level = WIDTH - RIGHT, up(floor[0])
        parts.append(f'<line class="floor" x1="{LEFT}" x2="{right}" y1="{level:.1f}" y2="{level:.1f}"/>')
        parts.append(f'<text class="tick" x="{right}" y="{level - 6:.1f}" text-anchor="end">{escape(floor[1])}</text>')
    along = LEFT + 220.0
    for number, (name, points) in enumerate(series.items()):
        mark, line, aside = ("hollow", "curve dotted", 5) if number else ("dot", "curve", 0)
        at = {across(x) + aside: [up(max(least, end)) for end in three] for x, three in points.items()}
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, (y, _, _) in at.items())
        parts.append(f'<polyline class="{line}" points="{joined}"/>')
        for x, (y, low, high) in at.items():
            parts.append(f'<line class="reach" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>')
            parts.append(f'<circle class="{mark}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        if len(series) > 1:
            parts.append(f'<circle class="{mark}" cx="{along:.1f}" cy="{TOP + 8}" r="4"/>')
            parts.append(f'<text class="tick" x="{along + 10:.1f}" y="{TOP + 12}">{escape(name)}</text>')
            along += 40 + 7 * len(name)
    parts.append(_labels(x_label, y_label))
    return _svg(parts, f"{y_label} against {x_label}")


def _upwards(values: Sequence[float]) -> tuple[Callable[[float], float], list[str]]:
    """Where a value above 0 lies on a logarithmic y axis that holds all `values`, and the axis itself."""
    low, high = math.log10(min(values)), math.log10(max(values))
    low, high = low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def up(value: float) -> float:
        return bottom - (bottom - TOP) * (math.log10(value) - low) / (high - low)

    parts = []
    for tick in _log_ticks(10**low, 10**high):
        parts.append(f'<line class="gridline" x1="{LEFT}" x2="{right}" y1="{up(tick):.1f}" y2="{up(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{up(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    return up, parts


def _under(x: float, words: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{words}</text>'


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
