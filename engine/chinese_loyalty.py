"""Messages about points, rewards, offers and levels in Chinese, by their English form; part of `engine.chinese_messages`."""

from __future__ import annotations

from collections.abc import Mapping

LOYALTY: Mapping[str, str] = {
    "this idempotency key was used for another request": "此幂等键已用于其他请求",
    "take a new key for a new request": "新请求请使用新键",
    "reward {} cannot be had": "奖励 {} 不可兑换",
    "is not offered any more": "已下架",
    "begins on {}": "{} 起可兑换",
    "ended on {}": "已于 {} 结束",
    "is for {} of {} only": "仅限 {1} 为 {0} 的会员",
    "is out of stock": "已兑完",
    "was taken {} times already, {} are allowed": "已兑换 {} 次，上限 {} 次",
    "needs {} more points": "还差 {} 积分",
    "is {}, which leaves a gap up to {}, where {} begins": "为 {0}，在 {1}（{2} 的起点）之前留有空隙",
    "is {}, which overlaps {}, which begins at {}": "为 {0}，与起点为 {2} 的 {1} 重叠",
    "is {}, but must be above {}, where {} begins": "为 {0}，须高于 {1}（{2} 的起点）",
    "is {}, but the lowest level must begin at 0: what is below has no level": "为 {}，但最低等级须从 0 开始，否则更低者没有等级",
    "is {}, but the highest level has no end: leave it empty": "为 {}，但最高等级没有上限，请留空",
    "is missing": "未填写",
    "{} begins at {}": "{} 的起点为 {}",
    "is {}, which an earlier level has too": "为 {}，与前面的等级重复",
    "is missing, and so is lifetime": "与 lifetime 均未填写",
    "a floor needs one of them": "保级规则须填写其一",
    "is {}, which is above {}": "为 {}，高于 {}",
    "is {}, the lowest level, which nobody can fall below": "为最低等级 {}，没有更低的等级可降",
    "needs a measure with a history ({}); {} is compared as it is today": "需要有历史的度量（{}），{} 仅按当前值比较",
    "factors of levels need the output that gives the level": "等级倍数需要指定给出等级的输出",
    "{} stands twice": "{} 重复出现",
    "a date is needed": "须填写日期",
    "points must be valid for at least one day": "积分至少有效一天",
    "a campaign ends before it begins": "活动的结束早于开始",
    "a share is at most 1": "比例最多为 1",
    "10 % is 0.1": "10 % 即 0.1",
    "points are whole numbers": "积分须为整数",
    "the offer ends before it begins": "优惠的结束早于开始",
    "no policy of the live rulebook has members": "已生效的规则手册中没有会员策略",
    "add one of the type membership": "请添加一个 membership 类型的策略",
    "no policy {} has members": "没有名为 {} 的会员策略",
    "the moment of {}, {}, is before that of {}, {}": "{} 的时刻 {} 早于 {} 的时刻 {}",
}
