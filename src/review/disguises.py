"""Programs that run under the name of another: of a thread of the kernel, of a service of the system, or of a recorder.

By ``exec -a`` or another first word, by what a process calls itself, or as an interpreter copied under such a name: as commands
and programs tell it. ``recorder-masked.sql`` goes by the kernel's rows.
"""

import posixpath
import re
from collections.abc import Iterator

from review.commands.issued import Issued, issued
from review.commands.literals import joined
from review.commands.places import absolute, steps
from review.commands.programs import programs
from review.commands.shell.file_words import copied, laid
from review.commands.shell.simple import Simple
from review.deeds import Deed
from review.detector import RunView
from store.findings import Reach

_NAMES = (
    r"kworker|ksoftirqd|kthreadd|kswapd|migration/\d+|rcu_\w+|kcompactd|khugepaged|oom_reaper|irq/\d+|jbd2|watchdogd|watchdog/\d+|systemd(-\w+)?|sshd|crond?"
    r"|dbus-daemon|agetty|rsyslogd|containerd(-shim)?|dockerd|polkitd|udevd|auditd|ptb( record)?"
)
"""What threads of the kernel, services of the system and recorders are called."""
_MASK = re.compile(rf"\[.+\]$|(\S*/)?({_NAMES})([/:\d\s].*)?$")
_QUOTED = re.compile(rf"""b?['"](\[[\w/:.-]+\]|({_NAMES})(?![\w.-])[^'"]*)['"]""")
_RENAMES = re.compile(
    r"PR_SET_NAME|prctl\(\s*15\b|setproctitle|/proc/(self|thread-self|\d+|\{?\w*\}?)/comm|process\.title\s*=|\$0\s*=|\$PROGRAM_NAME\s*="
    r"|setThreadName|pthread_setname_np"
)
_FIRST_WORD = re.compile(
    rf"""(\bexecutable\s*=|\bos\.(exec|spawn|posix_spawn)\w*\(|\bexecv\w*\(|\bargv0\s*:|\bexec\s*\{{)[^\n]{{0,300}}['"](\[[\w/:.-]+\]|({_NAMES})(/[\w:]*)?)['"]"""
    rf"""|Popen\(\s*\[\s*['"](\[[\w/:.-]+\]|({_NAMES})(/[\w:]*)?)['"][^\n]{{0,300}}executable"""
)
_COMM = re.compile(r"^/proc/[^/]+/(task/[^/]+/)?comm$")
_INTERPRETER = re.compile(
    r"(^|/)(python|pypy|bash|sh|perl|node|ruby|busybox)[\d.]*$|which\s+(python|bash|perl|node)|sys\.executable"
)


def disguised(run: RunView) -> Iterator[Deed]:
    """Each program that took such a name."""
    renamed: dict[str, int] = {}
    for one in issued(run):
        if not re.search(_NAMES, one.text) and "[" not in one.text:
            continue
        for simple, folder in steps(run, one):
            yield from _by_command(run, one, simple, folder, renamed)
    for program in programs(run):
        text = joined(re.sub(r"(?m)^[ \t]*#.*$", "", program.text))
        if program.ran and ((_RENAMES.search(text) and _QUOTED.search(text)) or _FIRST_WORD.search(text)):
            title = f"{program.name} gives itself or what it starts the name of another program"
            seqs = (program.version_seq, *(one.seq for one in program.ran[:4]))
            yield Deed(f"masked {program.name}", title, Reach.EXECUTED, seqs)


def _by_command(
    run: RunView, one: Issued, simple: Simple, folder: str, renamed: dict[str, int]
) -> Iterator[Deed]:
    if simple.called and _MASK.match(simple.called):
        yield Deed("masked", f"a program was run as {simple.called}", Reach.EXECUTED, (one.seq,))
    for path, text in laid(simple):
        if _COMM.match(path) and _MASK.match(text.strip()):
            yield Deed("masked", f"a process was renamed: {one.shown}", Reach.EXECUTED, (one.seq,))
    copy = copied(simple)
    if copy is not None and any(_INTERPRETER.search(word) for word in copy.sources):
        target = absolute(run, folder, copy.target)
        if _MASK.match(posixpath.basename(target)):
            renamed[target] = one.seq
    if simple.words and (made := renamed.get(absolute(run, folder, simple.words[0]))) is not None:
        title = f"an interpreter was run under the name {simple.program}"
        yield Deed(f"masked {simple.program}", title, Reach.EXECUTED, (made, one.seq))
