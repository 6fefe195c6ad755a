"""A seller's own file as pages: what stands against it, with reasons, and a form to appeal. Chinese and English.

Everything that is not ours is escaped; the pages load nothing, run no script and are kept nowhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from chalicelib.sellers import reasons

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("商家处罚档案", "Your file"),
    "none": ("目前没有处罚记录。", "There is nothing against you."),
    "other": ("English", "中文"),
    "appeal": ("申诉", "Appeal"),
    "why": ("申诉理由（请勿填写他人的个人信息）", "Why (please leave out other people's personal data)"),
    "send": ("提交申诉", "Send the appeal"),
    "sent": ("申诉已提交，将由未参与原决定的人员处理。", "Your appeal has arrived. Somebody who had no part decides."),
    "points": ("当前有效分值", "Points that stand"),
    "grade": ("等级", "Grade"),
    "trusted": ("优质商家", "trusted"),
    "scores": ("评分", "Scores"),
    "score_heads": (
        "指标|不良/总数|天数|标准|推算比率（95% 区间）|超过标准的概率|不作剔除时",
        "metric|bad of n|days|limit|rate (95 % interval)|P(over the limit)|nothing left out",
    ),
}


def page(
    seller: str, points: int, entries: Iterable[tuple[dict[str, Any], Mapping[str, Any], dict[str, str], bool]],
    lang: str, standing: Mapping[str, Any], scores: Sequence[Mapping[str, Any]], sent: bool = False, error: str = "",
) -> str:  # fmt: skip
    """`entries`: row, statement, what came later, and whether it can still be appealed. `standing` and `scores`: as
    `picture` has them."""
    place = 0 if lang == "zh" else 1

    def word(name: str) -> str:
        return escape(_WORDS[name][place])

    other = "en" if lang == "zh" else "zh"
    parts = [
        f'<p><a href="?lang={other}">{word("other")}</a></p><p>{escape(seller)}</p><p>{word("points")}: {points}</p>'
    ]
    trusted = f" ({word('trusted')})" if standing["trusted"] else ""
    parts.append(f"<p>{word('grade')}: {escape(standing['grade'])}{trusted}</p>")
    if scores:
        heads = "".join(f"<th>{escape(one)}</th>" for one in _WORDS["score_heads"][place].split("|"))
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(one)}</td>' for one in _cells(each, place))}</tr>" for each in scores
        )
        parts.append(f"<h2>{word('scores')}</h2><table><tr>{heads}</tr>{rows}</table>")
    if sent:
        parts.append(f'<p role="status">{word("sent")}</p>')
    if error:
        parts.append(f'<p role="alert">{escape(error)}</p>')
    shown = list(entries)
    if not shown:
        parts.append(f"<p>{word('none')}</p>")
    for row, told, more, open_ in shown:
        ident = row["penalty"].partition("/")[2]
        body = reasons.section(told, lang, more)
        if open_:
            body += (
                f'<h2>{word("appeal")}</h2><form method="post" accept-charset="utf-8">'
                f'<input type="hidden" name="penalty" value="{escape(ident)}">'
                f'<input type="hidden" name="lang" value="{lang}">'
                f'<label>{word("why")}<textarea name="text" required maxlength="4000"></textarea></label>'
                f"<button>{word('send')}</button></form>"
            )
        parts.append(f'<section id="{escape(ident)}">{body}</section>')
    return reasons.document(lang, _WORDS["title"][place], "".join(parts))


def _cells(one: Mapping[str, Any], place: int) -> list[str]:
    return [
        reasons.METRICS[one["metric"]][place], f"{one['bad']:g} / {one['n']:g}", str(one["window_days"]),
        f"{one['limit']:.2%}",
        f"{one['mean']:.2%} ({one['lower']:.2%} – {one['upper']:.2%})", f"{one['p_over']:.2f}",
        f"{one['real']['bad']:g} / {one['real']['n']:g}",
    ]  # fmt: skip
