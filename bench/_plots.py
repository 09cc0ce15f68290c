"""Plots as SVG text: a line for each series of figures, both axes logarithmic."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10

WIDTH, HEIGHT = 520, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 130, 36, 44
COLOURS = ("#2563a8", "#b4532a", "#3b7d4f", "#7a4b9a", "#555555")


def plot(
    title: str, unit: str, across: Sequence[float], lines: Mapping[str, Sequence[float]]
) -> str:
    """Draw lines over the number of devices; figures that are 0 are left out."""
    every = [each for line in lines.values() for each in line if each > 0]
    low, high = floor(log10(min(every))), max(ceil(log10(max(every))), floor(log10(min(every))) + 1)
    first, last = log10(min(across)), log10(max(across))

    def at(number: float, value: float) -> tuple[float, float]:
        x = LEFT + (log10(number) - first) / (last - first) * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - (log10(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
        return round(x, 1), round(y, 1)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="sans-serif" font-size="12">'
        ),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{title} ({unit})</text>',
    ]
    for power in range(low, high + 1):
        y = at(across[0], 10**power)[1]
        end = WIDTH - RIGHT
        parts.append(f'<line x1="{LEFT}" y1="{y}" x2="{end}" y2="{y}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{10**power:g}</text>')
    for number in across:
        x = at(number, 10**low)[0]
        y = HEIGHT - BOTTOM + 18
        parts.append(f'<text x="{x}" y="{y}" text-anchor="middle">{number:,.0f}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">devices</text>')
    label = 0.0
    for colour, (name, line) in zip(COLOURS, lines.items(), strict=False):
        points = [at(n, v) for n, v in zip(across, line, strict=True) if v > 0]
        joined = " ".join(f"{x},{y}" for x, y in points)
        parts.append(
            f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points]
        label = TOP + 14 if not label else label + 16
        parts.append(f'<text x="{WIDTH - RIGHT + 12}" y="{label}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
