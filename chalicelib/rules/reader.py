"""Reads policy files: bytes -> `core.rules.Policy`, or every mistake of the file in one report.

Nothing in a file can crash or stall the reader: it answers with a policy or with `Mistakes`. What a pack is called is
the name of its file in `chalicelib/packs`.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from chalicelib.core.calendar_data import shipped_calendars
from chalicelib.core.calendars import Calendars
from chalicelib.core.rules import Policy
from chalicelib.core.words import CORE, FactType, FactWord, Vocabulary
from chalicelib.rules import checks, models, semantics
from chalicelib.rules.compile import policy_of, rule_of
from chalicelib.rules.fields import Context
from chalicelib.rules.lines import MAX_BYTES, Data, Document, Path, read_document, show_path
from chalicelib.rules.problems import Mistakes, Problem, brief, meant

PACKS = FilePath(__file__).resolve().parent.parent / "packs"


def read_file(pack_or_file: str | os.PathLike[str], number: int = 1, calendars: Calendars | None = None) -> Policy:
    """The policy of a pack or a file. Raises Mistakes, or OSError where there is no such file."""
    path = find(pack_or_file)
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    return read_bytes(raw, str(pack_or_file), number, calendars)


def read_files(packs_or_files: Iterable[str | os.PathLike[str]], calendars: Calendars | None = None) -> list[Policy]:
    """Policies that are to be used together. Raises Mistakes with those of all files, or OSError."""
    problems: list[Problem] = []
    policies = read_some(packs_or_files, problems, calendars)
    if problems:
        raise Mistakes(problems)
    return policies


def read_some(
    packs_or_files: Iterable[str | os.PathLike[str]], problems: list[Problem], calendars: Calendars | None = None
) -> list[Policy]:
    """As `read_files`, but those of the policies that can be read; all mistakes are added to `problems`."""
    policies: list[tuple[str, Policy]] = []
    for one in packs_or_files:
        try:
            policies.append((str(one), read_file(one, calendars=calendars)))
        except Mistakes as mistakes:
            problems.extend(mistakes.problems)
    problems.extend(checks.together(policies))
    return [policy for _, policy in policies]


def find(pack_or_file: str | os.PathLike[str]) -> FilePath:
    """The file of a pack's name or of a path; a file of that name wins."""
    path = FilePath(pack_or_file)
    pack = PACKS / f"{path.name}.yaml"
    return pack if not path.exists() and path.name == str(pack_or_file) and pack.is_file() else path


def read_bytes(raw: bytes, file: str = "policy", number: int = 1, calendars: Calendars | None = None) -> Policy:
    """The policy in `raw`; `number` becomes its version's. Raises Mistakes."""
    problems: list[Problem] = []
    document = read_document(raw, file, problems)
    policy = _read(document, number, calendars or shipped_calendars(), problems) if document else None
    if problems or policy is None:
        raise Mistakes(problems)
    return policy


def read_text(text: str, file: str = "policy", number: int = 1, calendars: Calendars | None = None) -> Policy:
    """As `read_bytes`."""
    return read_bytes(text.encode(errors="surrogatepass"), file, number, calendars)


_POLICY: TypeAdapter[models.Policy] = TypeAdapter(models.Policy)
_RULE: TypeAdapter[models.Rule] = TypeAdapter(models.Rule)
_FACT: TypeAdapter[models.FactShape] = TypeAdapter(models.FactShape)


def _read(document: Document, number: int, calendars: Calendars, problems: list[Problem]) -> Policy | None:
    context = Context(_vocabulary(document.root.data), calendars, _rule_ids(document.root.data))
    problems.extend(checks.of_document(document))
    model: models.Policy | None = None
    try:
        model = _POLICY.validate_python(document.root.data, context=context)
    except ValidationError as error:
        problems.extend(problem_of(document, context, one) for one in error.errors())
    for path, rule in _rules(document, context, model):
        compiled = rule_of(rule)
        problems.extend(checks.of_rule(document, path, rule, compiled))
        problems.extend(semantics.of_clock(document, path, compiled))
    if model is None:
        return None
    policy = policy_of(model, number)
    problems.extend(semantics.of_policy(document, model, policy, calendars))
    return policy


def _rules(document: Document, context: Context, model: models.Policy | None) -> Iterator[tuple[Path, models.Rule]]:
    """The rules that can be read; where the file has mistakes elsewhere, each is tried alone."""
    told = document.node(("rules",)).items if "rules" in document.root.items else {}
    for index, node in told.items():
        if model is not None and isinstance(index, int):
            yield ("rules", index), model.rules[index]
        elif model is None:
            try:
                yield ("rules", index), _RULE.validate_python(node.data, context=context)
            except ValidationError:
                continue


def _vocabulary(data: Data) -> Vocabulary:
    """The words of the table and those that the file declares, as far as they can be read."""
    declare = data.get("declare") if isinstance(data, dict) else None
    if not isinstance(declare, dict):
        return CORE
    marks, facts = declare.get("marks"), declare.get("facts")
    names = frozenset(str(name) for name in marks if isinstance(name, str)) if isinstance(marks, list) else frozenset()
    words = {}
    for name, word in facts.items() if isinstance(facts, dict) else ():
        shape = {"type": word} if isinstance(word, str) else word
        try:
            words[name] = _FACT.validate_python(shape).word()
        except ValidationError:
            kind = shape.get("type") if isinstance(shape, dict) else None
            if isinstance(kind, str) and kind in tuple(FactType):
                words[name] = FactWord(FactType(kind))
    return CORE.with_(names, words)


def _rule_ids(data: Data) -> frozenset[str]:
    rules = data.get("rules") if isinstance(data, dict) else None
    ids = [rule.get("id") for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    return frozenset(str(one) for one in ids if isinstance(one, str))


_LIST = "a list"
_WANTED: Mapping[str, str] = {
    "missing": "a value",
    "list_type": _LIST,
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "string_type": "text",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
    "string_too_long": "at most {max_length} characters",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
}


def problem_of(document: Document, context: Context, error: ErrorDetails) -> Problem:
    """A mistake as pydantic tells it, at its line and in our words."""
    path: Path = tuple(part for part in error["loc"] if not str(part).startswith("<"))
    kind, told = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        name = str(path[-1])
        known = context.keys.get(id(document.node(path[:-1]).data), [])
        wanted = f"one of {', '.join(known)}{meant(name, known)}" if known else "no such key"
        where = (*document.existing(path[:-1]), name)
        return Problem(document.file, document.key_line(path), show_path(where), f"the key {brief(name)}", wanted)
    existing = document.existing(path)
    if kind == "missing":
        return document.missing(document.absent(path), "a value")
    if kind == "wanted":
        wanted = str(told["wanted"])
        if told["found"]:
            line = document.line(existing) + int(told["below"])
            return Problem(document.file, line, show_path(existing), str(told["found"]), wanted)
    elif kind in _WANTED:
        wanted = _WANTED[kind].format(**{key: str(value) for key, value in told.items()})
    else:
        wanted = error["msg"]
    return document.problem(existing, wanted)
