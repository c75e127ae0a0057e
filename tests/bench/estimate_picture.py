"""Draw what estimates of growing samples say beside the truth: `python -m tests.bench.estimate_picture`.

It writes `docs/explanation/estimates.svg` from real runs of the planner on the real stars of 2009.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench.estimate_runs import Row, Trial, first_rows, rows_of, run
from tests.bench.estimate_trials import REAL, ground
from tests.bench.estimate_world import FIRST_FILLER

from stargazer.sandbox import Graph, real_graph

PICTURE = Path(__file__).parents[2] / "docs" / "explanation" / "estimates.svg"
SAMPLES = ((100, "#9ecae1"), (300, "#4292c6"), (1000, "#084594"))
SHOWN = 8
LEFT, WIDTH, ROW, TOP = 262, 460, 46, 46


def names(graph: Graph) -> list[str]:
    """The names behind the numbers of the ground."""
    found: dict[str, None] = {}
    for login in graph.stargazers_of(REAL):
        found.update(dict.fromkeys(name for name in graph.starred_by(login) if name != REAL))
    return list(found)


def draw(rows: list[list[Row]], called: list[str], stargazers: int) -> str:
    """Draw one line for each sample of each repository, and the truth as a dot."""
    most = max(row.high for each in rows for row in each)
    height = TOP + SHOWN * ROW + 30

    def x(count: float) -> float:
        return round(LEFT + WIDTH * count / most, 1)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 30} {height}" '
            'font-family="sans-serif" font-size="13" role="img">'
        ),
        (
            f"<title>Estimates of the first {SHOWN} neighbours of {REAL} from 100, 300 and 1,000 of its "
            f"{stargazers:,} stargazers, beside the truth</title>"
        ),
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for place, (sample, colour) in enumerate(SAMPLES):
        at = LEFT + place * 130
        parts.append(f'<line x1="{at}" x2="{at + 24}" y1="20" y2="20" stroke="{colour}" stroke-width="4"/>')
        parts.append(f'<text x="{at + 30}" y="24">{sample:,} users</text>')
    parts.append(f'<circle cx="{LEFT + 400}" cy="20" r="4" fill="#d62728"/>')
    parts.append(f'<text x="{LEFT + 410}" y="24">truth</text>')
    for place in range(SHOWN):
        middle = TOP + place * ROW + ROW // 2
        parts.append(f'<text x="{LEFT - 12}" y="{middle + 4}" text-anchor="end">{called[place]}</text>')
        for line, (_, colour) in enumerate(SAMPLES):
            row, y = rows[line][place], middle + 9 * (line - 1)
            parts.append(
                f'<line x1="{x(row.low)}" x2="{x(row.high)}" y1="{y}" y2="{y}" stroke="{colour}" '
                'stroke-width="4" stroke-linecap="round"/>'
            )
            parts.append(f'<circle cx="{x(row.shared)}" cy="{y}" r="3" fill="#ffffff" stroke="{colour}"/>')
        true = x(rows[0][place].true)
        parts.append(
            f'<line x1="{true}" x2="{true}" y1="{middle - 15}" y2="{middle + 15}" stroke="#d62728"/>'
            f'<circle cx="{true}" cy="{middle}" r="4" fill="#d62728"/>'
        )
    parts.extend(
        f'<text x="{x(count)}" y="{height - 8}" text-anchor="middle">{count}</text>'
        for count in range(0, most + 1, 100)
    )
    return "\n".join([*parts, "</svg>", ""])


def drawn() -> str:
    """The picture."""
    exact = run(ground(REAL), Trial(None, 2009))
    numbers = [row.number for row in first_rows(exact, SHOWN)]
    called = names(real_graph())
    rows = [rows_of(run(ground(REAL), Trial(sample, 2009)), numbers) for sample, _ in SAMPLES]
    return draw(rows, [called[one - FIRST_FILLER] for one in numbers], len(ground(REAL).lists))


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(drawn(), "utf-8")


if __name__ == "__main__":
    main()
