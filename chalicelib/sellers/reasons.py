"""The statement of reasons of a penalty: what was found, by which rule and clock, how sure, and what can be done.

Written once, when it is decided, and never rewritten; rendered in Chinese and in English, as text and as a page. It
holds what DSA 17(3) and P2B 4 ask for, and nothing about a buyer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from chalicelib.core.case import Case
from chalicelib.core.clocks import Reading
from chalicelib.core.explain import sentences
from chalicelib.core.facts import write_fact
from chalicelib.core.instants import show
from chalicelib.core.judge import calendar_of
from chalicelib.core.ladder import Rung
from chalicelib.core.scores import Metric
from chalicelib.core.view import View
from chalicelib.flow.rulebook import Book
from chalicelib.ports.stores import Conflict, Records
from chalicelib.sellers.ladder import Choice, State
from chalicelib.sellers.penalties import Terms

KIND = "penalty-statements"
LANGUAGES = ("zh", "en")
FACTS = (
    "amount", "currency", "country", "category", "ship_by", "deliver_by", "respond_by", "expires_at", "carrier",
    "reason", "document", "product", "status",
)  # fmt: skip
"""Facts that a statement may quote: none says who a buyer is."""

RUNGS: Mapping[str, tuple[str, str]] = {
    Rung.NOTICE: ("记录并通知", "notice"),
    Rung.WARNING: ("警告", "warning"),
    Rung.RESTRICT: ("限制推广", "restriction of promotion"),
    Rung.HOLD_PAYOUT: ("暂停结算", "payouts held"),
    Rung.DELIST: ("商品下架", "listing taken down"),
    Rung.SUSPEND: ("停店", "suspension"),
    Rung.BLACKLIST: ("清退（三十日后生效）", "end of the service, thirty days from this notice"),
}
STATES: Mapping[str, tuple[str, str]] = {
    State.PROPOSED: ("拟处罚", "proposed"), State.APPROVED: ("已批准", "approved"),
    State.IMPOSED: ("已生效", "imposed"), State.APPEALED: ("申诉中", "appealed"),
    State.UPHELD: ("维持", "upheld"), State.REVERSED: ("已撤销", "reversed"),
    State.EXPIRED: ("已期满", "expired"),
}  # fmt: skip
METRICS: Mapping[str, tuple[str, str]] = {
    Metric.SHIPPING: ("逾期发货", "late shipping"), Metric.DELIVERY: ("逾期送达", "late delivery"),
    Metric.CANCELLATION: ("商家取消", "cancelled by the seller"), Metric.REFUND: ("逾期退款", "late refunds"),
    Metric.REPLY: ("首次回复逾期", "late first replies"), Metric.COMPLAINT: ("投诉", "complaints"),
    Metric.DISPUTE: ("争议与拒付", "disputes"), Metric.REVIEW: ("差评", "bad reviews"),
    Metric.DEFECT: ("不良订单", "orders with any of complaint, dispute, bad review"),
}  # fmt: skip
_FACTS_ZH = {
    "amount": "金额", "currency": "币种", "country": "国家或地区", "category": "类目", "ship_by": "应发货时间",
    "deliver_by": "应送达时间", "respond_by": "应答复时间", "expires_at": "到期时间", "carrier": "承运人",
    "reason": "原因", "document": "证照", "product": "商品", "status": "状态",
}  # fmt: skip
_NEEDS = {
    "": ("", ""),
    "weight": ("单次分值较高", "one entry of great weight"),
    "rung": ("处理措施较重", "a severe measure"),
    "many": ("短时间内处罚较多", "many penalties at once"),
    "untold": ("此前的警告未能送达", "the warning before it did not reach the seller"),
}


def statement(
    case: Case, terms: Terms, choice: Choice, reading: Reading | None, book: Book, now: datetime,
    scores: Sequence[Mapping[str, Any]], points_before: int, warned: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What is kept of a rule's own penalty. `warned`: the entry that warned of it."""
    view, told = View(case.evidence, now), {}
    for name in FACTS:
        value = view.fact(name)
        if value is not None:
            told[name] = str(write_fact(value))
    found: dict[str, Any] = {}
    if reading is not None:
        calendar = calendar_of(reading.rule, view, book.calendars)
        found = {
            "rule": {
                "id": reading.rule.id, "title": dict(reading.rule.title), "basis": reading.rule.basis,
                "cite": reading.rule.cite, "version": reading.version,
            },
            "clock": {
                "status": reading.status.value,
                "explained": {
                    "zh": sentences(case.id.local, reading, calendar, now, "zh"),
                    "en": sentences(case.id.local, reading, calendar, now, "en"),
                },
            },
        }  # fmt: skip
    return {
        "terms": terms.data(), "at": show(now), "needs": choice.needs, "called": choice.called.value, "by": "redress",
        "connection": case.id.connection, "facts": told, "scores": [dict(one) for one in scores],
        "points_before": points_before, "reason": "", "first": choice.first,
        "warned": {"penalty": warned["penalty"], "told_at": warned["told_at"]} if warned else None, **found,
    }  # fmt: skip


def by_person(
    terms: Terms, connection: str, now: datetime, by: str, reason: str, before: int,
    scores: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:  # fmt: skip
    """What is kept of a penalty that a person proposes."""
    return {
        "terms": terms.data(), "at": show(now), "needs": "person", "called": terms.rung.value, "by": by,
        "connection": connection, "facts": {}, "scores": [dict(one) for one in scores],
        "points_before": before, "reason": reason,
    }  # fmt: skip


def keep(records: Records, ident: str, told: dict[str, Any]) -> dict[str, Any]:
    """The statement as it is kept: the first that was written stays."""
    try:
        records.put(KIND, ident, told, expected=0)
    except Conflict:
        return kept(records, ident) or told
    return told


def kept(records: Records, ident: str) -> dict[str, Any] | None:
    record = records.get(KIND, ident)
    return dict(record.data) if record else None


# ---- for people ----


def lines(told: Mapping[str, Any], lang: str, more: Mapping[str, str] | None = None) -> list[tuple[str, list[str]]]:
    """Headings with their lines. `more`: `state`, `from`, `until`, `appeal_until`, `link`, and where it ended `outcome`
    (upheld or reversed), `appealed`, `outcome_at`, `outcome_why`, where they are known."""
    zh, terms, more = lang == "zh", told["terms"], more or {}
    place = 0 if zh else 1
    rule = told.get("rule", {})
    what = [
        _pair(zh, "处理", "measure", RUNGS[terms["rung"]][place]),
        _pair(zh, "分值", "points", str(terms["points"])),
        _pair(zh, "事由代码", "code", terms["code"]),
        _pair(zh, "作出时间", "decided", told["at"]),
    ]
    named = (("from", "生效", "in effect from"), ("measure_until", "措施至", "measure until"),
             ("until", "计分至", "points count until"), ("state", "状态", "state"))  # fmt: skip
    said = {**more, "state": STATES[more["state"]][place] if more.get("state") in STATES else more.get("state", "")}
    what += [_pair(zh, chinese, english, said[name]) for name, chinese, english in named if said.get(name)]
    scope = "适用范围：本平台上该店铺的全部经营活动" if zh else "scope: all of this seller's trade on this platform"
    what.append(scope)
    facts = [_pair(zh, _FACTS_ZH.get(name, name), name, value) for name, value in sorted(told["facts"].items())]
    if terms["about"]:
        facts.insert(0, _pair(zh, "事项", "about", terms["about"]))
    if told["reason"]:
        facts.append(told["reason"])
    facts += told.get("clock", {}).get("explained", {}).get(lang, [])
    grounds = []
    if rule:
        title = rule["title"].get(lang) or next(iter(rule["title"].values()), rule["id"])
        grounds = [title, _pair(zh, "规则", "rule", f"{rule['id']} ({rule['version']})")]
        grounds.append(_pair(zh, "依据", "basis", f"{_BASIS[rule['basis']][place]} {rule['cite']}".strip()))
    else:
        grounds = [_pair(zh, "依据", "basis", f"{_BASIS['policy'][place]} ({terms['code']})")]
    return [
        *_outcome(zh, more),
        ("处理决定" if zh else "The decision", what),
        ("事实" if zh else "Facts relied on", facts or ["—"]),
        ("依据" if zh else "Grounds", grounds),
        ("把握程度" if zh else "How sure we are", _sure(told, zh)),
        ("自动化" if zh else "Automation", [_automated(told, zh)]),
        ("救济途径" if zh else "What you can do", _remedies(zh, more)),
    ]


def _outcome(zh: bool, more: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """How it ended, first of all; nothing while it has not."""
    ended = more.get("outcome", "")
    if not ended:
        return []
    by_person = bool(more.get("outcome_at"))
    if ended == "reversed":
        found = (
            ["处罚已撤销：分值、其对评分的影响与处理措施一并取消"]
            if zh
            else ["The penalty is taken back: its points, their effect on the score, and its measure are gone."]
        )
    else:
        found = ["申诉不成立，处罚维持"] if zh else ["The appeal failed: the penalty stands."]
    if by_person:
        found.append(_pair(zh, "决定时间", "decided", more["outcome_at"]))
        if more.get("outcome_why"):
            found.append(_pair(zh, "理由", "why", more["outcome_why"]))
        found.append("由人员作出，并非自动化决定" if zh else "decided by a person, not by a machine")
    else:
        found.append("后到的事实表明处罚不应发生" if zh else "facts that came in later show that it was not due")
    heading = ("申诉结果", "Outcome of the appeal") if more.get("appealed") else ("处理结果", "Outcome")
    return [(heading[0 if zh else 1], found)]


_BASIS = {"law": ("法律", "law"), "platform": ("平台规则", "platform rule"), "policy": ("平台内部规则", "house policy")}


def _pair(zh: bool, chinese: str, english: str, value: str) -> str:
    return f"{chinese}：{value}" if zh else f"{english}: {value}"


def _sure(told: Mapping[str, Any], zh: bool) -> list[str]:
    before = told["points_before"]
    found = [f"此前有效分值：{before}" if zh else f"points that stood before: {before}"]
    found += _warned(told, zh)
    counted = [one for one in told["scores"] if one["n"] != "0" or one.get("real_n", "0") != "0"]
    found += [_measured(one, zh) for one in counted]
    if not counted:
        found.append("尚无评分" if zh else "there is no score yet")
    return found


def _warned(told: Mapping[str, Any], zh: bool) -> list[str]:
    """Which warning came before, or that this one does."""
    before = told.get("warned")
    if before and told["terms"]["rung"] not in (Rung.NOTICE, Rung.WARNING):
        at, which = before["told_at"], before["penalty"]
        return [f"此前已警告：{at}（{which}）" if zh else f"warned of it before: {at} ({which})"]
    if told.get("first"):
        called = RUNGS[told["called"]][0 if zh else 1]
        return [
            f"按分值应为“{called}”；此前没有生效的警告，先予警告"
            if zh
            else f"the points ask for more ({called}); without a warning that stood before, the warning comes first"
        ]
    return []


def _measured(one: Mapping[str, Any], zh: bool) -> str:
    """One metric: what counted, how sure, and beside it what really happened."""
    p, limit = f"{float(one['p_over']):.0%}", f"{float(one['limit']):.2%}"
    name = METRICS[one["metric"]][0 if zh else 1]
    parts = [
        f"{name}：{one['n']} 笔中 {one['bad']} 笔，{one['buyers']} 位买家，真实比率超过 {limit} 的概率 {p}"
        if zh
        else f"{name}: {one['bad']} of {one['n']}, {one['buyers']} different buyers; probability that the "
        f"true rate is over {limit}: {p}"
    ]
    if "lower" in one:
        lower, upper, days = f"{float(one['lower']):.1%}", f"{float(one['upper']):.1%}", one["window_days"]
        if zh:
            parts += [f"95% 区间 {lower} 至 {upper}", f"最近 {days} 天"]
            parts += [f"不作剔除时 {one['real_n']} 笔中 {one['real_bad']} 笔", f"标准 {one['standard']}"]
        else:
            parts += [f"95 % interval {lower} to {upper}", f"last {days} days"]
            parts += [f"with nothing left out {one['real_bad']} of {one['real_n']}", f"standard {one['standard']}"]
    return ("；" if zh else "; ").join(parts)


def _automated(told: Mapping[str, Any], zh: bool) -> str:
    if told["needs"] == "person":
        return "由人员发现并由另一人员决定" if zh else "found by a person and decided by another"
    found = "由系统按规则时限自动发现" if zh else "found automatically, by the deadline of a rule"
    if told["needs"]:
        why = _NEEDS[told["needs"]][0 if zh else 1]
        return f"{found}；由人员决定（{why}）" if zh else f"{found}; decided by a person ({why})"
    return f"{found}，并自动作出决定" if zh else f"{found}, and decided automatically"


def _remedies(zh: bool, more: Mapping[str, str]) -> list[str]:
    until, link = more.get("appeal_until", ""), more.get("link", "")
    if zh:
        last = f" {until} " if until else "决定作出后六个月"
        found = [f"可免费申诉，截至{last}；申诉由未参与原决定的人员处理，不会仅以自动化方式决定"]
        found.append("也可提交经认证的庭外争议解决机构（DSA 第二十一条）、调解，或向法院起诉")
        found.append("申诉成立的，分值、评分与处理措施一并撤销")
    else:
        found = [
            f"You may appeal free of charge until {until or 'six months after the decision'}; a person who had no part "
            "in the decision decides, never a machine alone.",
            "You may also go to a certified out-of-court dispute body (DSA 21), to mediation (P2B 12), or to court.",
            "Where the appeal succeeds, the points, their effect on the score, and the measure are taken back.",
        ]
    return [*found, link] if link else found


def text(told: Mapping[str, Any], lang: str, more: Mapping[str, str] | None = None) -> str:
    """The statement as plain text."""
    parts = ["处罚决定及理由说明" if lang == "zh" else "Statement of reasons"]
    for heading, found in lines(told, lang, more):
        parts += ["", heading, *(f"- {one}" for one in found)]
    return "\n".join(parts) + "\n"


STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.5rem 0 .3rem}ul{margin:0;padding-left:1.2rem}"
    "li{overflow-wrap:anywhere;white-space:pre-wrap}section{border-top:1px solid #ccc;margin-top:2rem}"
    "table{border-collapse:collapse;font-size:.9rem}td,th{border:1px solid #ccc;padding:.2rem .4rem;text-align:left}"
    "textarea{width:100%;min-height:8rem;font:inherit;box-sizing:border-box}button{font:inherit;padding:.5rem 1rem}"
)


def section(told: Mapping[str, Any], lang: str, more: Mapping[str, str] | None = None) -> str:
    """The statement as HTML; everything that is not ours is escaped."""
    parts = []
    for heading, found in lines(told, lang, more):
        items = "".join(f"<li>{escape(one)}</li>" for one in found)
        parts.append(f"<h2>{escape(heading)}</h2><ul>{items}</ul>")
    return "".join(parts)


def document(lang: str, title: str, body: str) -> str:
    """A page that loads nothing from anywhere. `body` is HTML."""
    code = "zh-CN" if lang == "zh" else "en"
    return (
        f'<!doctype html><html lang="{code}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<meta name="referrer" content="no-referrer"><title>{escape(title)}</title><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def page(told: Mapping[str, Any], lang: str, more: Mapping[str, str] | None = None) -> str:
    """One statement as a page of its own."""
    return document(lang, "处罚决定及理由说明" if lang == "zh" else "Statement of reasons", section(told, lang, more))
