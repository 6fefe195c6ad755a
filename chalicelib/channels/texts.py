"""What each outgoing event says to people, in Chinese and in English.

Holds ids, rules and instants, never a buyer, never free text of a shop. Facts: the event types of DESIGN section 5;
every type, kind, action and status must have both languages (a test counts them).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

LANGUAGES = ("zh", "en")

TEMPLATES: Mapping[str, tuple[str, str]] = {
    "clock.started": (
        "{subject}：“{rule}”开始计时，须在 {due} 前完成{by}。",
        "{subject}: “{rule}” is running and due by {due}{by}.",
    ),
    "clock.paused": ("{subject}：“{rule}”暂停计时{by}。", "{subject}: “{rule}” is paused{by}."),
    "clock.resumed": (
        "{subject}：“{rule}”恢复计时，须在 {due} 前完成{by}。",
        "{subject}: “{rule}” is running again and due by {due}{by}.",
    ),
    "clock.warned": (
        "{subject}：“{rule}”即将到期，须在 {due} 前完成{by}。",
        "{subject}: “{rule}” is about to fall due, by {due}{by}.",
    ),
    "clock.breached": (
        "{subject}：“{rule}”已逾期，未在 {due} 前完成{by}。",
        "{subject}: “{rule}” was not done by {due}{by}.",
    ),
    "clock.met": ("{subject}：“{rule}”已按时完成{by}。", "{subject}: “{rule}” was done in time{by}."),
    "clock.met_late": (
        "{subject}：“{rule}”已完成，但晚于期限 {due}{by}。",
        "{subject}: “{rule}” was done, after its due time {due}{by}.",
    ),
    "clock.voided": ("{subject}：“{rule}”不再适用{by}。", "{subject}: “{rule}” no longer applies{by}."),
    "clock.due_changed": (
        "{subject}：“{rule}”的期限改为 {due}{by}。",
        "{subject}: “{rule}” is now due by {due}{by}.",
    ),
    "clock.storm": (
        "{subject}：“{rule}”短时间内大量逾期{why}，已合并为一条告警，相关处罚等待人工决定。",
        "{subject}: many cases missed “{rule}” at once{why}; this alert stands for all; penalties wait for a person.",
    ),
    "clock.withdrawn": (
        "{subject}：“{rule}”先前的结论已撤回{by}。",
        "{subject}: what was said before about “{rule}” is withdrawn{by}.",
    ),
    "step.taken": (
        "{subject}：“{rule}”的步骤 {step} 已到{by}。",
        "{subject}: step {step} of “{rule}” was taken{by}.",
    ),
    "step.withdrawn": (
        "{subject}：“{rule}”的步骤 {step} 已撤回{by}。",
        "{subject}: step {step} of “{rule}” was withdrawn{by}.",
    ),
    "action.done": (
        "{subject}：已执行“{action}”{why}，依据“{rule}”{by}。",
        "{subject}: {action}, done{why} under “{rule}”{by}.",
    ),
    "action.refused": (
        "{subject}：“{action}”未能执行{why}，依据“{rule}”{by}。",
        "{subject}: {action}, refused{why}, under “{rule}”{by}.",
    ),
    "action.unknown": (
        "{subject}：“{action}”结果不明，请人工核实，依据“{rule}”{by}。",
        "{subject}: {action}, outcome unknown, please check, under “{rule}”{by}.",
    ),
    "penalty.proposed": (
        "{subject}：拟予处罚，等待人工决定，依据“{rule}”{by}。",
        "{subject}: a penalty is proposed under “{rule}” and waits for a person{by}.",
    ),
    "penalty.imposed": (
        "{subject}：已予处罚，依据“{rule}”{by}。",
        "{subject}: a penalty was imposed under “{rule}”{by}.",
    ),
    "penalty.appealed": (
        "{subject}：处罚已被申诉，依据“{rule}”{by}。",
        "{subject}: the penalty under “{rule}” was appealed{by}.",
    ),
    "penalty.upheld": (
        "{subject}：申诉不成立，处罚维持，依据“{rule}”{by}。",
        "{subject}: the penalty under “{rule}” was upheld{by}.",
    ),
    "penalty.reversed": (
        "{subject}：处罚已撤销，依据“{rule}”{by}。",
        "{subject}: the penalty under “{rule}” was reversed{by}.",
    ),
    "penalty.expired": (
        "{subject}：处罚已期满，依据“{rule}”{by}。",
        "{subject}: the penalty under “{rule}” has expired{by}.",
    ),
    "source.silent": (
        "{subject}：已久未收到推送，请检查连接。",
        "{subject}: nothing has come in for too long, please check the connection.",
    ),
    "source.recovered": ("{subject}：推送已恢复。", "{subject}: events are coming in again."),
    "source.unreadable": (
        "{subject}：收到无法解读的推送，已隔离，修复后可重放{why}。",
        "{subject}: a delivery could not be read; it is in quarantine until replayed{why}.",
    ),
    "policy.activated": ("规则集 {version} 已生效。", "Policy {version} is in force."),
    "policy.rolled_back": ("已退回规则集 {version}。", "Policy {version} is in force again."),
}

KINDS: Mapping[str, tuple[str, str]] = {
    "order": ("订单", "Order"),
    "shipment": ("包裹", "Shipment"),
    "refund": ("退款", "Refund"),
    "complaint": ("投诉", "Complaint"),
    "listing": ("商品", "Listing"),
    "seller": ("商家", "Seller"),
    "penalty": ("处罚", "Penalty"),
    "connection": ("店铺连接", "Connection"),
    "request": ("隐私请求", "Privacy request"),
    "operator": ("经营者", "Operator"),
}

ACTIONS: Mapping[str, tuple[str, str]] = {
    "alert": ("告警", "alert"),
    "webhook": ("回调", "webhook"),
    "open_complaint": ("建立投诉", "open a complaint"),
    "remind_seller": ("提醒商家", "remind the seller"),
    "warn_seller": ("警告商家", "warn the seller"),
    "message_buyer": ("通知买家", "message the buyer"),
    "note": ("备注", "note"),
    "tag": ("加标签", "tag"),
    "untag": ("去标签", "take the tag away"),
    "hold": ("暂缓处理", "hold"),
    "release": ("恢复处理", "release"),
    "resolve": ("办结投诉", "mark the complaint as dealt with"),
    "cancel": ("取消订单", "cancel the order"),
    "open_incident": ("登记争议", "open an incident"),
    "close_incident": ("关闭争议", "close the incident"),
    "delist": ("下架", "delist"),
    "relist": ("重新上架", "relist"),
    "suspend": ("停店", "suspend the seller"),
    "restore": ("恢复店铺", "restore the seller"),
    "restrict": ("限制推广", "restrict the seller's promotion"),
    "unrestrict": ("解除限制", "lift the restriction"),
    "hold_payout": ("暂停结算", "hold the seller's payouts"),
    "release_payout": ("恢复结算", "release the seller's payouts"),
    "close_shop": ("限期闭店", "close the shop for a time"),
    "reopen_shop": ("重新开店", "open the shop again"),
    "blacklist": ("清退商家", "terminate the seller"),
    "unblacklist": ("撤销清退", "undo the termination"),
    "penalise": ("处罚", "penalise the seller"),
    "impose": ("采取处理措施", "put the measure into effect"),
    "lift": ("解除处理措施", "lift the measure"),
    "publish": ("公示", "publish the penalty"),
    "unpublish": ("撤下公示", "take the penalty out of the register"),
    "refund": ("退款", "refund"),
}


REASONS: Mapping[str, tuple[str, str]] = {
    "no_lever": ("该平台不提供此操作，须由人处理", "the platform does not offer it, a person must do it there"),
}
"""Short codes that want a word more, for whoever reads them at night."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a summary may speak of. `title`: language -> the rule's title; `zone`: an IANA name."""

    type: str
    subject: str
    rule: str = ""
    title: Mapping[str, str] | None = None
    seller: str = ""
    due: datetime | None = None
    zone: str = "UTC"
    step: str = ""
    action: str = ""
    reason: str = ""
    version: str = ""


def summary(words: Words) -> dict[str, str]:
    """Language -> one sentence. Raises KeyError for a type that has none."""
    return {language: _say(words, place) for place, language in enumerate(LANGUAGES)}


def _say(words: Words, place: int) -> str:
    chinese = place == 0
    kind, _, ident = words.subject.partition("/")
    title = words.title or {}
    by = why = ""
    # A case that is the seller's own names it already.
    if words.seller and kind != "seller":
        by = f"（商家 {words.seller}）" if chinese else f" (seller {words.seller})"
    if words.reason:
        said = REASONS.get(words.reason, ("", ""))[place]
        why = (
            f"（{words.reason}{'：' if said else ''}{said}）"
            if chinese
            else f" ({words.reason}{': ' if said else ''}{said})"
        )
    return TEMPLATES[words.type][place].format(
        subject=f"{KINDS[kind][place] if kind in KINDS else kind} {ident}",
        rule=title.get(LANGUAGES[place]) or title.get(LANGUAGES[1 - place]) or words.rule,
        due=_local(words.due, words.zone) if words.due else ("尚未确定的时间" if chinese else "a time not known yet"),
        step=words.step,
        action=ACTIONS[words.action][place] if words.action in ACTIONS else words.action,
        version=words.version,
        by=by,
        why=why,
    )


def _local(moment: datetime, zone: str) -> str:
    """As the clock's own place writes it, cut to the minute, with the zone's name."""
    place: tzinfo
    try:
        place = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        place, zone = UTC, "UTC"
    try:
        local = moment.astimezone(place)
    except OverflowError:
        local, zone = moment.astimezone(UTC), "UTC"
    return f"{local.isoformat(sep=' ', timespec='minutes')[:16]} ({zone})"
