"""Why a row of facts is rejected, and what would be right, in Chinese; part of `engine.chinese_messages`."""

from __future__ import annotations

from collections.abc import Mapping

ROWS: Mapping[str, str] = {
    "not a number": "不是数字",
    "not a finite number": "不是有限的数字",
    "too many digits after the point": "小数位数过多",
    "too large": "过大",
    "not a date": "不是日期",
    "impossible date": "日期不存在",
    "not one of the choices": "不在可选值之内",
    "text too long": "文本过长",
    "text with control characters": "文本含控制字符",
    "not a currency": "不是货币",
    "negative": "为负数",
    "zero or negative": "为零或负数",
    "missing value": "缺少值",
    "unknown order": "未知订单",
    "unknown customer": "未知客户",
    "negative {} on a sale": "销售的 {} 为负数",
    "zero or more, or the kind refund": "零或以上，或类型为退款",
    "quantity zero": "数量为零",
    "amount too large": "金额过大",
    "no exchange rate": "没有汇率",
    "{} twice in the file": "{} 在文件中重复",
    "a date such as 2025-01-31 13:45": "日期，例如 2025-01-31 13:45",
    "a number such as 1234.5": "数字，例如 1234.5",
    "zero or more": "零或以上",
    "more than zero": "大于零",
    "a shorter text": "较短的文本",
    "a text without control characters": "不含控制字符的文本",
    "three letters, such as EUR": "三个字母，例如 EUR",
    "an order that is stored": "已存储的订单",
    "a quantity other than 0": "不为 0 的数量",
    "at most 10^9 units, 10^11 as a price, 10^15 minor units as an amount": "数量至多 10^9，单价至多 10^11，金额至多 10^15 最小货币单位",
    "at most {} digits after the point, or round: true in the mapping": "至多 {} 位小数，或在映射中设置 round: true",
}
