"""Charts as inline SVG for paper: light, with a pattern beside each colour, no script and nothing from a network."""

from collections.abc import Iterator
from datetime import date, timedelta
from html import escape

from core.desk.reports.axes import Scale, scale_of
from core.desk.reports.figures import Chart, in_words

WIDTH = 720
_HEIGHT = 230
_LEFT, _RIGHT, _BOTTOM = 64, 14, 26
_LEGEND, _NO_LEGEND = 30, 10
_BAR = 26
_LABELS = 230

# Ink for paper: at least 3:1 against white, and told apart by pattern or dashes where colours look alike.
_INKS = ("#17616e", "#b3541e", "#5b4a9e", "#4d6b1f", "#8a2f5d", "#6b6b6b")
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 3", "10 4")
_AXIS = "#c9ced3"


def draw(chart: Chart) -> str:
    """One chart. Its name is the title, its description the sentence that says its numbers."""
    scale = scale_of(chart)
    height = _top(chart) + len(chart.table.rows) * _BAR + 8 if chart.form == "bars" else _HEIGHT
    parts = "".join(_lying(chart, scale) if chart.form == "bars" else _over_time(chart, scale))
    key = escape(chart.key)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{key}-name {key}-says">'
        f'<title id="{key}-name">{escape(chart.title)}</title><desc id="{key}-says">{escape(chart.says)}</desc>'
        f"{_patterns(key)}{_legend(chart)}{parts}</svg>"
    )


def _top(chart: Chart) -> int:
    return _LEGEND if len(chart.drawn) > 1 else _NO_LEGEND


def _patterns(key: str) -> str:
    """The first series is plain; each further one has stripes of its own slope."""
    drawn = []
    for index, ink in enumerate(_INKS[1:], start=1):
        turn = (0, 45, -45, 90, 0, 45)[index]
        drawn.append(
            f'<pattern id="{key}-p{index}" width="6" height="6" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate({turn})"><rect width="6" height="6" fill="{ink}" fill-opacity="0.35"/>'
            f'<rect width="3" height="6" fill="{ink}"/></pattern>'
        )
    return f"<defs>{''.join(drawn)}</defs>"


def _fill(chart: Chart, index: int) -> str:
    return _INKS[0] if index == 0 else f"url(#{escape(chart.key)}-p{index % len(_INKS) or 1})"


def _legend(chart: Chart) -> str:
    if len(chart.drawn) == 1:
        return ""
    x, parts = float(_LEFT if chart.form != "bars" else 4), []
    for index, name in enumerate(chart.drawn):
        if chart.form == "lines":
            ink, dash = _INKS[index % len(_INKS)], _DASHES[index % len(_DASHES)]
            parts.append(f'<path d="M{x:.0f} 12h16" stroke="{ink}" stroke-width="2" stroke-dasharray="{dash}"/>')
        else:
            parts.append(f'<rect x="{x:.0f}" y="6" width="12" height="12" fill="{_fill(chart, index)}"/>')
        parts.append(f'<text x="{x + 20:.0f}" y="16">{escape(name)}</text>')
        x += 34 + 6.6 * len(name)
    return "".join(parts)


def _over_time(chart: Chart, scale: Scale) -> Iterator[str]:
    top = _top(chart)
    width, height = WIDTH - _LEFT - _RIGHT, _HEIGHT - top - _BOTTOM
    first, last = chart.labels[0], chart.labels[-1] + timedelta(days=chart.span_days)
    last = max(last, first + timedelta(days=7 * chart.span_days))  # a single bar is no block
    days = (last - first).days

    def x(day: date) -> float:
        return _LEFT + float(width * (day - first).days / days)

    def y(value: float) -> float:
        return top + height * (1 - value / scale.divisor / scale.top)

    for tick in scale.ticks:
        at = y(tick * scale.divisor)
        yield f'<path d="M{_LEFT} {at:.1f}h{width}" stroke="{_AXIS}"/>'
        yield f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{scale.label(tick)}</text>'
    middle = top + height / 2
    yield f'<text x="12" y="{middle:.0f}" transform="rotate(-90 12 {middle:.0f})" text-anchor="middle">'
    yield f"{escape(scale.unit)}</text>"
    for day in _marked(first, last, chart.span_days):
        yield f'<text x="{x(day):.1f}" y="{_HEIGHT - 8}">{day.day} {day:%b %Y}</text>'
    if chart.form == "lines":
        for index, name in enumerate(chart.drawn):
            # A dot stands in the middle of its day or week, as a bar does.
            half = width * chart.span_days / days / 2
            dots = [
                (x(day) + half, y(value))
                for day, value in zip(chart.labels, chart.table.values(name), strict=True)
                if value is not None
            ]
            yield from _line(dots, index)
        return
    bar = width * chart.span_days / days * 0.8
    for row, day in enumerate(chart.labels):
        bottom = float(top + height)
        for index, name in enumerate(chart.drawn):
            if not (value := chart.table.values(name)[row]):
                continue
            tall = height * value / scale.divisor / scale.top
            bottom -= tall
            yield f'<rect x="{x(day):.1f}" y="{bottom:.1f}" width="{bar:.2f}" height="{tall:.1f}" '
            yield f'fill="{_fill(chart, index)}"/>'


def _marked(first: date, last: date, span_days: int) -> list[date]:
    """Up to six days that are named under the axis, none so late that its name would leave the chart."""
    spans = max(1, (last - first).days // span_days)
    every = max(1, -(-spans // 6)) * span_days
    days = [first + timedelta(days=offset) for offset in range(0, (last - first).days, every)]
    return [day for day in days if day == first or (last - day).days / (last - first).days > 0.1]


def _line(dots: list[tuple[float, float]], index: int) -> Iterator[str]:
    ink, dash = _INKS[index % len(_INKS)], _DASHES[index % len(_DASHES)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
    yield f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="1.8" stroke-dasharray="{dash}"/>'
    if len(dots) <= 60:
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{ink}"/>' for x, y in dots)


def _lying(chart: Chart, scale: Scale) -> Iterator[str]:
    width = WIDTH - _LABELS - 70
    for row, label in enumerate(chart.labels):
        top = _top(chart) + row * _BAR
        x, total = float(_LABELS), 0
        yield f'<text x="{_LABELS - 8}" y="{top + 15}" text-anchor="end">{escape(_short(str(label)))}</text>'
        for index, name in enumerate(chart.drawn):
            value = chart.table.values(name)[row] or 0
            long = width * value / scale.divisor / scale.top
            yield f'<rect x="{x:.1f}" y="{top + 2}" width="{long:.1f}" height="{_BAR - 8}" '
            yield f'fill="{_fill(chart, index)}"/>'
            x += long
            total += value
        written = in_words(total, chart.table.column(chart.drawn[0]).kind)
        yield f'<text x="{x + 6:.1f}" y="{top + 15}">{escape(written)}</text>'


def _short(label: str) -> str:
    """As much of a name as has room beside its bar; the table has it whole."""
    return label if len(label) <= 34 else f"{label[:33]}…"
