"""The verdict on senders in Chinese, with the terms of Tencent's documentation."""

from collections.abc import Sequence

from ses_cli.reports.health.days import SenderDay
from ses_cli.reports.health.rates import RATES
from ses_cli.reports.health.rules import ABOVE, BLOCK, LOWER, Limit
from ses_cli.reports.health.words import NONE, judged, percent

_NAMES = {
    "deliverability": "到达率",
    "invalid_address_rate": "无效地址率",
    "spam_bounce_rate": "垃圾退信率",
    "complaint_rate": "投诉率",
    "open_rate": "打开率",
}
_LEVELS = {"block": "当日将被封禁", "lower": "将降低一级", "raise": "将提升一级", "keep": "保持当前等级"}
_MORE = {
    "invalid_addresses": "无效地址",
    "spam_bounces": "垃圾退信",
    "complaints": "投诉",
    "undelivered": "未送达邮件",
}


def verdict(days: Sequence[SenderDay]) -> str:
    """What the rules make of each sender domain, in one sentence."""
    told = []
    for level, said in _LEVELS.items():
        named = [one.from_domain or NONE for one in judged(days) if one.judgement.level == level]
        if named:
            told.append(f"{'、'.join(named) if len(named) < 3 else f'{len(named):,} 个发信域名'}{said}")
    return "；".join(told) or "没有可评判的邮件"


def why(one: SenderDay) -> str:
    """Why a sender domain is judged so on a day, and what would change that."""
    level, sent = one.judgement.level, one.counts["sent"]
    if level in ("lower", "block"):
        limits = [limit for limit in (BLOCK if level == "block" else LOWER) if limit.holds(one.counts)]
        return "；".join(_broken(limit, one) for limit in limits)
    if level == "raise":
        return f"已发送 {sent:,} 封，配额 {one.quota or 0:,} 封，升级条件全部满足"
    if sent <= ABOVE:
        return f"发送 {sent:,} 封，超过 {ABOVE} 封才会降级或封禁"
    found = sorted(
        (n, f"再增加 {n:,} 个{_MORE[name]}就会{'降级' if at == 'lower' else '封禁'}")
        for at, counts in one.judgement.margin.items()
        for name, n in counts.items()
        if n
    )
    return found[0][1] if found else ""


def _broken(limit: Limit, one: SenderDay) -> str:
    part, whole = RATES[limit.rate].numbers(one.counts)
    return f"{_NAMES[limit.rate]} {percent(part / whole)}，{limit.sign} {limit.tenths / 10:g}%（{part:,} / {whole:,}）"
