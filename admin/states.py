"""States in words and colour: (English, Chinese, class of the badge)."""

from __future__ import annotations

RUN_STATES = {
    "visible": ("visible", "已生效", "ok"),
    "held": ("held", "暂停生效", "warn"),
    "historical": ("look back", "回溯", ""),
    "superseded": ("superseded", "已被取代", ""),
    "discarded": ("discarded", "已丢弃", ""),
}
JOB_STATES = {
    "queued": ("waiting", "等待中", ""),
    "running": ("going on", "进行中", "info"),
    "done": ("done", "已完成", "ok"),
    "failed": ("failed", "失败", "bad"),
    "cancelled": ("cancelled", "已取消", ""),
}
OUTPUT_KINDS = {
    "label": ("label", "标签"),
    "flag": ("yes or no", "是或否"),
    "score": ("score", "得分"),
    "amount": ("amount", "金额"),
    "date": ("date", "日期"),
    "set": ("labels", "标签组"),
}
JOB_KINDS = {
    "run": ("Run", "运行"),
    "simulate": ("Simulation", "模拟"),
    "import": ("Import", "导入"),
    "export": ("Export", "导出"),
    "tick": ("Schedules", "定时计划"),
    "insight": ("Question", "分析问题"),
    "tickets": ("Import of tickets", "导入工单"),
}
