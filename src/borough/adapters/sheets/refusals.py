"""Why a file cannot be read as a table, in both languages."""

from collections.abc import Mapping
from typing import Any

from borough.core.errors import BadSheet

REASONS: Mapping[str, tuple[str, str]] = {
    "missing": ("没有这个文件", "there is no such file"),
    "unreadable": ("文件无法读取：{why}", "the file cannot be read: {why}"),
    "too-large": ("文件有 {many} 字节，最多 {most}", "{many} bytes; {most} are allowed"),
    "bomb": (
        "解压后超过 {most} 字节，不予读取",
        "it unpacks to more than {most} bytes, and is not read",
    ),
    "many-parts": ("内有 {many} 个文件，最多 {most}", "{many} files inside; {most} are allowed"),
    "many-rows": ("有 {many} 行，最多 {most}", "{many} rows; {most} are allowed"),
    "many-columns": ("有 {many} 列，最多 {most}", "{many} columns; {most} are allowed"),
    "many-cells": (
        "行列相乘有 {many} 个单元格，最多 {most}；请删去表格外的内容",
        "{many} cells from corner to corner; {most} are allowed; clear those outside the table",
    ),
    "encoding": (
        "既不是 UTF-8 也不是 GB18030 编码",
        "the text is neither UTF-8 nor GB18030; save it as UTF-8",
    ),
    "binary": ("不是文本，也不是 .xlsx 工作簿", "it is neither text nor an .xlsx workbook"),
    "csv": ("不是合格的 CSV：{why}", "it is not good CSV: {why}"),
    "locked": (
        "工作簿加了密码或是旧版 .xls；请去掉密码并另存为 .xlsx",
        "the workbook has a password, or is an old .xls; save it as .xlsx without one",
    ),
    "damaged": ("工作簿已损坏：{why}", "the workbook is damaged: {why}"),
    "other-archive": ("这不是 .xlsx 工作簿", "it is not an .xlsx workbook"),
    "merged": (
        "{range} 是合并单元格；请取消合并并逐格填写",
        "{range} are merged cells; unmerge them and fill each",
    ),
    "no-value": (
        "{range} 的公式没有保存结果；请在 Excel 中打开并保存，或粘贴为数值",
        "the formula in {range} was saved without its value; open and save it, or paste values",
    ),
    "error-value": ("{range} 的公式出错：{why}", "the formula in {range} gives {why}"),
    "long-number": (
        "{value} 超过 15 位，Excel 已丢失末位；请把该列设为文本后重新填写",
        "{value}: Excel keeps 15 digits; make the column text and enter it anew",
    ),
    "no-sheet": ("没有工作表 {name}；有：{among}", "no sheet {name}; there are {among}"),
    "which-sheet": ("多张表有内容：{among}；请指明", "several sheets: {among}; name one"),
    "no-header": ("没有表头", "there is no heading"),
    "empty-header": ("第 {column} 列没有列名", "column {column} has no name in the heading"),
    "double-header": ("列名 {name} 出现两次", "the heading names {name} twice"),
    "ragged": ("有 {many} 个单元格，表头有 {most} 个", "{many} cells where the heading has {most}"),
    "json": ("不是合格的 GeoJSON：{why}", "it is not good GeoJSON: {why}"),
    "features": ("不是 FeatureCollection", "it is no FeatureCollection with features"),
    "geometry": ("几何图形不是点 (Point)", "the geometry is not a Point"),
    "no-place": ("没有 lon、lat 两列，写不成 GeoJSON", "GeoJSON needs the columns lon and lat"),
    "suffix": (
        "文件名须以 {among} 结尾",
        "the name must end in one of {among}",
    ),
}  # fmt: skip
"""By reason: what is wrong, with gaps for the facts; the place is said before it."""


def refused(
    file: str, reason: str, *, sheet: str = "", row: int = 0, field: str = "", **facts: Any
) -> BadSheet:
    """Make the error for one of `REASONS`, with its *facts* filled in."""
    zh, en = (each.format(**facts) for each in REASONS[reason])
    return BadSheet({"zh": zh, "en": en}, file=file, sheet=sheet, row=row, field=field)
