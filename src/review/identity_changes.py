"""What one simple command does to the identity that a ``config.json`` tells: names that it sets, names that it replaces.

A name counts where it is put under its key, stands in a text that is laid there, or takes the place of another one; not
where it is compared with. Names that a program puts together from parts are taken for what they become.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from review.commands.effects import Replaced
from review.commands.literals import joined
from review.commands.shell.follow import ShellStep
from review.model_identity import ARCHITECTURE, Identity, Own, is_family

EDITORS = frozenset({"sed", "jq", "yq", "perl", "awk", "gawk", "mawk", "node", "ruby", "ed", "ex", "vi", "vim", "nvim", "patch", "php",
                     "bun", "deno", "dasel", "gojq", "jaq", "sponge"})  # fmt: skip
"""Programs that change a text as their words, or their input, tell."""
_MODEL_TYPE = re.compile(r"model_type['\"\]\s]*\|?(?<![=!])[:=](?!=)[\s\[]*['\"]?([\w.-]+)")
_BRINGS_CODE = re.compile(
    r"""(?<!pop\()(?<!del\()['".]auto_map\b['"]?\]?\s*(\|?=(?!=)|:)|\bauto_map\s*=\s*[{d]|register_for_auto_class\("""
)
_TAKES_CODE_AWAY = re.compile(
    r"""(pop\(|\bdel[\s(]{1,8}|delattr\([^,)]{0,80},)\s{0,8}[\w.\[]{0,80}['".]?auto_map|auto_map['"\]]*\s*=\s*(None|null)"""
)
_BETWEEN = re.compile(r"s([/|#,@!~%:])(?P<old>(?:(?!\1)[^\\\n]|\\.)*)\1(?P<new>(?:(?!\1)[^\\\n]|\\.)*)\1")
_CALLED = re.compile(
    r"""\b(?:g?sub|gensub|replace(?:All)?)!?\(\s*(?P<o>['"/])(?P<old>[^'"/]*)(?P=o)[gimsu]*\s*[,;]\s*(?P<n>['"])(?P<new>[^'"]*)(?P=n)"""
)
_PLAIN = re.compile(r"[\w .:-]+")
_OF_CONFIG = re.compile(
    r"(?i)config\w{0,40}['\"\])]{0,4}[.\[,]\s{0,8}['\"]?(model_type|architectures|auto_map)|register_for_auto_class|setattr\([^)]{0,80}['\"](model_type|architectures)"
)
_ADDED = re.compile(r"(?m)^\+(?!\+\+).*$")


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to what a ``config.json`` says; nothing by default."""

    architecture: str | None = None
    model_type: str | None = None
    brings_code: bool | None = None
    replaced: tuple[Replaced, ...] = ()

    def applied(self, identity: Identity, own: Own) -> Identity:
        """What it says after that."""
        if self.replaced:
            identity = own.renamed(identity, self._renamed)
        if self.architecture is not None:
            identity = own.with_architecture(identity, self.architecture)
        if self.model_type is not None:
            identity = own.with_model_type(identity, self.model_type)
        return identity if self.brings_code is None else replace(identity, brings_code=self.brings_code)

    def _renamed(self, name: str) -> str:
        for one in self.replaced:
            name = name.replace(one.old, one.new)
        return name


def change_of(step: ShellStep) -> Change:
    """What ``step`` does to the configurations that it writes."""
    code = "\n".join(step.effects.code)
    if code:
        return _by_program(step, code)
    if step.simple.program in EDITORS:
        return _by_text(_joined(step.simple.arguments, step.simple.heredoc))
    return Change()


def sets_config(step: ShellStep) -> bool:
    """Whether a program that saves a whole model sets fields of the configuration that goes with it."""
    return any(_OF_CONFIG.search(code) for code in step.effects.code)


def _by_program(step: ShellStep, code: str) -> Change:
    told: dict[str, list[str]] = {}
    for field in step.effects.fields:
        told.setdefault(field.key, []).append(field.text)
    architectures = told.get("architectures", [])
    kinds = [one for one in told.get("model_type", []) if is_family(one)]
    rewritten = _sorted_out(step.effects.replaced)
    return Change(
        architectures[-1] if architectures else rewritten.architecture,
        kinds[-1] if kinds else rewritten.model_type,
        True if _BRINGS_CODE.search(code) else False if _TAKES_CODE_AWAY.search(code) else None,
        rewritten.replaced,
    )


def _by_text(text: str) -> Change:
    found = [*_BETWEEN.finditer(text), *_CALLED.finditer(text)]
    rewritten = _sorted_out(Replaced(_bare(one["old"]), _bare(one["new"])) for one in found)
    rest = text
    for one in found:
        rest = rest.replace(one[0], " ")
    if added := _ADDED.findall(rest):
        rest = "\n".join(added)
    set_ = ARCHITECTURE.findall(rest)
    kinds = [one for one in _MODEL_TYPE.findall(rest) if is_family(one)]
    return Change(
        set_[-1] if set_ else rewritten.architecture,
        kinds[-1] if kinds else rewritten.model_type,
        False if _TAKES_CODE_AWAY.search(rest) else True if _BRINGS_CODE.search(text) else None,
        rewritten.replaced,
    )


def _sorted_out(replaced: Iterable[Replaced]) -> Change:
    """Plain texts for others, apart from patterns that make room for a name."""
    plain: list[Replaced] = []
    architecture = model_type = None
    for one in replaced:
        if _PLAIN.fullmatch(one.old.strip("\"'")):
            plain.append(Replaced(one.old.strip("\"'"), one.new.strip("\"'")))
        else:
            architecture = next(iter(ARCHITECTURE.findall(one.new)), architecture)
            model_type = next(iter(_MODEL_TYPE.findall(one.new)), model_type)
    return Change(architecture, model_type, None, tuple(plain))


def _bare(text: str) -> str:
    """A pattern without what only says where a word begins and ends."""
    return re.sub(r"\\[b<>]|[\^$]", "", text).replace("\\", "")


def _joined(arguments: Sequence[str], heredoc: str | None) -> str:
    """The words and the input of a command as one text, its literals and the variables of jq put together."""
    text = joined(" ".join((*arguments, heredoc or "")))
    for option, name, value in zip(arguments, arguments[1:], arguments[2:], strict=False):
        if option == "--arg":
            text = text.replace(f"${name}", f'"{value}"')
    return text
