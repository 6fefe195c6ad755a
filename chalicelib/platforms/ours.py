"""Our key as it stands on a platform: in a note, in a refund's reason, in a topic. By it a later look finds what an
unknown outcome left behind, and our own writes are told from others'.
"""

import hashlib
import re

_PLAIN = re.compile(r"[A-Za-z0-9:/|#._@=+-]{1,300}")


def marker(key: str) -> str:
    """`[redress:KEY]`: the brackets keep `...|1` from being found inside `...|10`.

    A key with characters that a platform may rewrite stands as its digest.
    """
    return f"[redress:{key if _PLAIN.fullmatch(key) else short(key)}]"


def public_marker(key: str) -> str:
    """The same for texts that buyers or sellers read, who have no business with the names of our rules: a digest."""
    return f"[redress:{short(key)}]"


def short(key: str) -> str:
    """A key of ours in a few letters."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def taken_back(key: str) -> str:
    """The key of the action that the one of this key takes back: what it left on a platform stands under that. A lever
    is told a handle too, but not where nobody knows what became of the action."""
    return key.removesuffix("|undo")


def carries(text: object, mark: str) -> bool:
    return isinstance(text, str) and mark in text


def is_ours(text: object) -> bool:
    """Whether any key of ours stands in a text."""
    return isinstance(text, str) and "[redress:" in text
