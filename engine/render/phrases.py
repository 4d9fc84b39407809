"""Words of the engine in Chinese: states, steps, and the sentences in which guards and warnings speak.

The engine writes these in English into the run; sentences with numbers in them are recognised by their form. What is
not recognised is shown as it was written.
"""

from __future__ import annotations

import re

from engine.policy import Text

STATUS = {
    "visible": Text("visible", "可见"),
    "held": Text("held", "暂扣"),
    "historical": Text("historical", "历史"),
    "superseded": Text("superseded", "已被取代"),
    "discarded": Text("discarded", "已丢弃"),
}
STEP = {
    "read": Text("read", "读取"),
    "compute": Text("compute", "计算"),
    "digest": Text("digest", "摘要"),
    "compare": Text("compare", "比对"),
    "pack": Text("pack", "打包"),
    "report": Text("report", "汇总"),
    "write": Text("write", "写入"),
}
PLUGIN = {"loaded": Text("loaded", "已加载"), "broken": Text("broken", "有故障"), "blocked": Text("blocked", "已停用")}
KIND = {
    "customers": Text("customers", "客户"),
    "products": Text("products", "商品"),
    "orders": Text("orders", "订单"),
    "lines": Text("order lines", "订单明细"),
    "rates": Text("exchange rates", "汇率"),
}
DTYPE = {
    "count": Text("count", "计数"),
    "number": Text("number", "数值"),
    "amount": Text("amount", "金额"),
    "days": Text("days", "天数"),
    "text": Text("text", "文本"),
    "flag": Text("yes or no", "是否"),
    "date": Text("date", "日期"),
}
SOURCE = {
    "orders": Text("Orders", "订单"),
    "refunds": Text("Refunds", "退款"),
    "lines": Text("Order lines", "订单明细"),
    "contact": Text("Contact", "联系"),
    "profile": Text("Customer record", "客户资料"),
    "custom": Text("Custom fields", "自定义字段"),
    "derived": Text("Ratios and differences", "比率与差值"),
}

_SENTENCES = (
    (r"(\S+) would change for ([\d.]+%) of the customers; the limit is (\d+%)", r"\1 将使 \2 的客户发生变动，上限为 \3"),
    (r"(\S+) would change for customers with ([\d.]+%) of the revenue; the limit is (\d+%)", r"\1 将使占收入 \2 的客户发生变动，上限为 \3"),
    (
        r"(\S+) (\S+) would go from ([\d,]+) to ([\d,]+) customers; the limit is (\d+%) either way",
        r"\1 的 \2 将由 \3 位变为 \4 位客户，增减上限为 \5",
    ),
    (
        r"the newest order is (\d+) days old; the limit is ([\d.]+) days, and it was ([\d.]+) at the run before",
        r"最新订单距今 \1 天，上限为 \2 天，上次运行时为 \3 天",
    ),
    (r"there are no customers yet; import some with: (.+)", r"还没有客户，可这样导入：\1"),
    (r"(\S+) graded nobody: every customer was withheld", r"\1 没有得到任何结果：全部客户均未分级"),
)


def named(words: dict[str, Text], key: str, language: str) -> str:
    """The word for a key; the key itself for one that is not known."""
    return words[key].in_(language) if key in words else key


def sentence(english: str, language: str) -> str:
    """A sentence of the engine in the language of the reader."""
    if language != "zh":
        return english
    for pattern, chinese in _SENTENCES:
        if re.fullmatch(pattern, english):
            return re.sub(pattern, chinese, english)
    return english
