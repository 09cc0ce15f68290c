"""Synthetic firms and what they return of a year; `python -m borough.testing.firms` writes them.

Nothing here is real.  The credit codes are whole and pass every check, and can still be nobody's:
their region is 509900, and GB/T 2260 never had a 5099 in Chongqing, so no authority could give
them out.
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from borough.core.credit_code import completed

REGION = "509900"
FIRMS = 200
YEARS = (2022, 2023)
SAYS = "合成数据 synthetic"
HEAD = (
    "统一社会信用代码", "企业名称", "并入企业", "规上企业",
    "自有土地面积(亩)", "租入土地面积(亩)", "租出土地面积(亩)",
    "评价税收(万元)", "工业增加值(万元)", "主营业务收入(万元)",
    "综合能耗（等价值）(吨标煤)", "用电量(万千瓦时)",
    "主要污染物排放量(吨)", "化学需氧量排放量(吨)", "用水量(吨)",
    "年平均职工人数(人)", "研发经费支出(万元)", "技术改造投资(万元)", "加分", "减分",
    "一票否决（安全、环保、信用）", "公用事业（供电、供水、供气、垃圾污水处理）", "初创期或建设期",
    "备注",
)  # fmt: skip
SAMPLE = Path(__file__).parents[1] / "scenes" / "per_mu" / "sample"
FALLING = (20, 40, 60, 80, 100, 120)
"""Firms that lose most of what they make between the two years."""


def code(number: int) -> str:
    """Give the credit code of a synthetic firm.

    >>> code(1)
    '91509900MA90000112'
    """
    return completed("91", REGION, f"MA9{number:05d}")


def returns(year: int, firms: int = FIRMS, seed: int = 20240710) -> list[list[Any]]:
    """Make what synthetic firms return of a year, one row each in the order of `HEAD`.

    Every third is below the scale, a few lease land in or out, a few are utilities, started up,
    vetoed, without emission data, or evaluated with the firm before them.
    """
    dice = np.random.default_rng(seed)
    land = dice.lognormal(3.4, 0.8, firms).clip(3.2, 900)
    worth = dice.lognormal(4.7, 0.7, firms)
    draws = dice.random((firms, 10))
    drift = np.random.default_rng(seed + year).lognormal(0.02, 0.12, firms)
    rows = []
    for i in range(firms):
        above = i % 3 != 2  # noqa: PLR2004 - every third is below the scale
        mu = land[i] if above else 3 + land[i] / 8
        made = worth[i] * drift[i] * mu * (0.06 if year == YEARS[-1] and i in FALLING else 1.0)
        rows.append([code(i + 1), f"合成企业{i + 1:04d}", *_row(i, above, mu, made, draws[i])])
    return rows


def _row(i: int, above: bool, mu: float, made: float, draw: Any) -> list[Any]:  # noqa: FBT001 - one of a row of columns
    with_before = i in {30, 90}
    clean = i % 23 == 7  # noqa: PLR2004 - one in 23 has no emission data
    revenue = made * (3.2 + draw[0])
    return [
        code(i) if with_before else "",
        int(above),
        f"{mu:.2f}",
        f"{3 * draw[1]:.2f}" if i % 11 == 0 else "",
        f"{0.4 * mu * draw[2]:.2f}" if i % 13 == 0 else "",
        f"{made * (0.10 + 0.15 * draw[3]):.2f}",
        f"{made:.2f}",
        f"{revenue:.2f}",
        f"{made * (0.2 + 0.5 * draw[4]):.2f}",
        f"{made * (0.1 + 0.4 * draw[5]):.2f}",
        "" if clean else f"{made * (0.0001 + 0.0004 * draw[6]):.4f}",
        "" if clean else f"{made * (0.0005 + 0.002 * draw[6]):.4f}",
        f"{made * (3 + 12 * draw[7]):.0f}",
        f"{max(3, made / (14 + 12 * draw[8])):.0f}",
        f"{revenue * 0.05 * draw[9]:.2f}",
        f"{made * 0.3 * draw[0]:.2f}",
        2 if i % 29 == 3 else "",  # noqa: PLR2004 - one in 29 has points added
        1 if i % 31 == 5 else "",  # noqa: PLR2004 - and one in 31 taken off
        1 if i == 150 else "",  # noqa: PLR2004 - one is vetoed
        1 if i in {10, 70} else "",
        1 if i in {15, 75, 135} else "",
        SAYS,
    ]


def write(folder: Path) -> None:
    """Write the returns of each year into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for year in YEARS:
        with (folder / f"returns-{year}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            pen = csv.writer(file, lineterminator="\n")
            pen.writerow(HEAD)
            pen.writerows(returns(year))


if __name__ == "__main__":
    write(SAMPLE)
