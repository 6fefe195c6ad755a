"""What errors in conditions say: an example of each type, what to write instead, the name that was probably meant.

What CEL has and the subset has not is refused by name, so that nobody has to guess whether it was misspelt.
"""

from collections.abc import Sequence
from difflib import get_close_matches

from chalicelib.core.condition_tree import Type

A = {
    Type.BOOL: "true or false",
    Type.STRING: "a string, like 'CN'",
    Type.INT: "an int, like 3",
    Type.NUMBER: "a number, like 3.5",
    Type.MONEY: "money, like money('199.00', 'CNY')",
    Type.TIMESTAMP: "a timestamp, like timestamp('2026-11-20T00:00:00Z')",
    Type.DURATION: "a duration, like duration('48h')",
}
_LOOPS = "a comparison or `in` (there are no loops in conditions: a rule looks at one case)"
_CONVERSIONS = "a value of the right type (there are no conversions in conditions)"
_PARTS = "a comparison of whole instants (there are no parts of instants in conditions)"
_NO_REGEX = "startsWith, endsWith, contains or `in` (there are no regular expressions in conditions)"
REFUSED = {
    "matches": _NO_REGEX,
    **dict.fromkeys(("all", "exists", "exists_one", "existsOne", "map", "filter"), _LOOPS),
    **dict.fromkeys(("int", "uint", "double", "string", "bool", "bytes", "dyn", "type"), _CONVERSIONS),
    **dict.fromkeys(("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear"), _PARTS),
    **dict.fromkeys(("getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds"), _PARTS),
}
INSTEAD = {"and": "&&", "AND": "&&", "or": "||", "OR": "||", "not": "!", "NOT": "!", "True": "true", "False": "false"}
NO_FIELDS = frozenset(["false", "in", "null", "true"])
"""Words of CEL that may not even stand after a dot."""
RESERVED = NO_FIELDS.union(
    ["as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "namespace"],
    ["package", "return", "var", "void", "while"],
)
"""Words that CEL keeps for itself: no name may begin with one."""
FUNCTIONS = ("has", "size", "money", "timestamp", "duration")


def near(name: str, known: Sequence[str]) -> str:
    """Words to append, with the known name that is most like this one, if any is."""
    close = get_close_matches(name[:64], known, 1)
    return f"; did you mean {close[0]}?" if close else ""


def short(text: str) -> str:
    """Enough of a text to find it by, on one line and printable."""
    text = " ".join(text.split())
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= 40 else text[:37] + "..."
