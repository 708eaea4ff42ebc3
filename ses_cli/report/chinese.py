"""The verdict on senders, and what changed, in Chinese, with the terms of Tencent's documentation."""

from collections.abc import Sequence
from datetime import tzinfo

from ses_cli.reports.health.changes import Cause, Change
from ses_cli.reports.health.cube import ANY, Segment
from ses_cli.reports.health.days import SenderDay
from ses_cli.reports.health.meanings import HOUR
from ses_cli.reports.health.rates import RATES
from ses_cli.reports.health.rules import ABOVE, BLOCK, LOWER, Limit
from ses_cli.reports.health.sentences import Context, common, shares
from ses_cli.reports.health.since import HourRange
from ses_cli.reports.health.words import NONE, judged, percent
from ses_cli.times import local

_NAMES = {
    "deliverability": "到达率",
    "invalid_address_rate": "无效地址率",
    "spam_bounce_rate": "垃圾退信率",
    "complaint_rate": "投诉率",
    "open_rate": "打开率",
}
_CHANGED = {
    "bounce_rate": "退信率",
    "dropped_rate": "丢弃率",
    "deferral_rate": "延迟率",
    "complaint_rate": "投诉率",
    "open_rate": "打开率",
}
_TOLD = 3  # causes in a sentence
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


def changed(change: Change, context: Context) -> str:
    """A change in one sentence: `sentences.sentence` in Chinese."""
    rates = [part / whole if whole else None for part, whole in (change.before, change.now)]
    verb = "升至" if (rates[1] or 0.0) >= (rates[0] or 0.0) else "降至"
    lead = f"{_where(change.mail)}{_CHANGED[change.metric.name]}由 {_share(rates[0])} {verb} {_share(rates[1])}"
    if change.is_mix:
        return f"{lead}，源于邮件构成的变化，而非各部分比率的变化：{'；'.join(_parts(change, context))}"
    lead += _when(change.causes[0].span, context.tz)
    more, total = "增加" if change.excess > 0 else "减少", f"{abs(change.excess):,.0f}"
    if change.causes[0].segment == change.mail:
        text = common(change, change.mail, context)
        return f"{lead}：{more} {total} 封{f'，几乎都是 {text}' if text else ''}"
    causes = [f"{abs(cause.excess):,.0f} 封{_what(cause, change, context)}" for cause in change.causes[:_TOLD]]
    return f"{lead}：{more} {total} 封，其中 {'，'.join(causes)}"


def _share(rate: float | None) -> str:
    return "无邮件" if rate is None else percent(rate)


def _where(mail: Segment) -> str:
    found = [f"发信域名 {mail.sender or NONE}"] if mail.sender is not ANY else []
    found += [f"收件域名 {mail.domain or '（无域名）'}"] if mail.domain is not ANY else []
    found += [f"模板 {mail.template}"] if mail.template is not ANY else []
    return f"{'、'.join(found)} 的" if found else ""


def _parts(change: Change, context: Context) -> list[str]:
    return [
        f"{_where(cause.segment)}占比由 {' 变为 '.join(map(_share, shares(cause, change, context)))}"
        for cause in change.causes
    ]


def _when(span: HourRange | None, tz: tzinfo | None) -> str:
    if span is None or (span.is_old and not span.is_over):
        return ""
    start, end = (_time(hour, tz) for hour in (span.start, span.end))
    if not span.is_over:
        return f"，自 {start} 起"
    return f"，至 {end} 为止" if span.is_old else f"，从 {start} 至 {end}"


def _time(hour: int, tz: tzinfo | None) -> str:
    time = local(hour * HOUR, tz)
    offset = f"{time:%z}"
    return f"{time.month}月{time.day}日 {time:%H:%M}（UTC{f'{offset[:3]}:{offset[3:5]}' if time.utcoffset() else ''}）"


def _what(cause: Cause, change: Change, context: Context) -> str:
    """What the failures of a cause are, and of what mail."""
    segment, text = cause.segment, common(change, cause.segment, context)
    found = f"为 {text or segment.cls}" if segment.cls is not ANY else ""
    if segment.template is not ANY and change.mail.template is ANY:
        found += f"{'，' if found else ''}属于模板 {segment.template}"
        found += f"，几乎都是 {text}" if text and segment.cls is ANY else ""
    return found
