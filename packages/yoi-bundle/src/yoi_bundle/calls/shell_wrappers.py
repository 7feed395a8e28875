"""Wrappers: commands that run other commands; what is inside is judged too (S-11)."""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.calls.shell_evaluation import takes_unseen_name
from yoi_bundle.calls.shell_options import Options, make_options, measure_option
from yoi_bundle.calls.shell_syntax import Script, SimpleCommand, Word, parse_script

_MAX_UNITS = 256
_MAX_SUFFIXES = 24
_MAX_NESTING = 6
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_KEYWORDS = frozenset(
    ["!", "{", "(", "((", "[[", "if", "while", "until", "for", "case", "select", "function"]
)
_LOADER = re.compile(r"ld(?:-linux[^/]*|-musl[^/]*)?\.so[.0-9]*")


class Unit(Struct, frozen=True):
    """One simple command to judge.

    Attributes:
        opaque: Whether it runs something that cannot be seen.
        seen_as: The command under every name that a deny or ask rule may know it by: itself, what it may wrap.
        stripped: Whether it is a wrapper that needs no allow rule of its own.
        runs_file: Whether all that cannot be seen is a file of commands, which is among the words.
    """

    command: SimpleCommand
    opaque: bool
    seen_as: tuple[SimpleCommand, ...]
    stripped: bool = False
    runs_file: bool = False


class Reading(Struct, frozen=True):
    """All that a script runs.

    Attributes:
        loose: The words that are in no simple command, those of scripts in its words too.
    """

    units: tuple[Unit, ...]
    loose: tuple[Word, ...]


class _Inside(Struct, frozen=True):
    """What a command runs.

    Attributes:
        opaque: Whether there may be more, or other things, than the scripts and commands found.
    """

    commands: tuple[SimpleCommand, ...] = ()
    scripts: tuple[Script, ...] = ()
    opaque: bool = False


_NOTHING = _Inside()
_UNSEEN = _Inside(opaque=True)


def get_name(command: SimpleCommand) -> str:
    """Return the base name of a command; the loader of a platform is `ld.so`."""
    name = command.words[0].text.rpartition("/")[2] if command.words else ""
    return "ld.so" if _LOADER.fullmatch(name) else name


def _list_commands(command: SimpleCommand, inside: _Inside) -> list[SimpleCommand]:
    inner = [
        replace(one, plain=one.plain and command.plain)
        for script in inside.scripts
        for one in script.commands
    ]
    return [*inside.commands, *inner]


def _fill_in(words: Sequence[Word], mark: str) -> tuple[Word, ...]:
    """Return words in which a wrapper puts what it finds in the place of a mark."""
    return tuple(Word(word.text, word.known and mark not in word.text) for word in words)


def _add_input(words: Sequence[Word], options: Sequence[Word]) -> tuple[Word, ...]:
    """Return the words that `xargs` runs a command with: what it reads stands in the place of a mark, or at the end."""
    for index, word in enumerate(options):
        if re.match(r"-[Ii]|--replace", word.text):
            attached = re.sub(r"^(?:-[Ii]|--replace=?)", "", word.text)
            following = options[index + 1].text if word.text == "-I" and index + 1 < len(options) else "{}"
            return _fill_in(words, attached or following)
    return (*words, Word("", known=False))


def _find_code(words: Sequence[Word]) -> int:
    """Return where the code stands that a shell is given with `-c`; 0 when it is given none."""
    has_code, at = False, 1
    while at < len(words) and words[at].text.startswith(("-", "+")) and words[at].text not in ("-", "--"):
        text = words[at].text
        short = not text.startswith("--")
        has_code = has_code or (short and text.startswith("-") and "c" in text)
        takes_value = (short and text[-1] in "oO") or text in ("--rcfile", "--init-file")
        at += 2 if takes_value else 1
    if at < len(words) and words[at].text in ("-", "--"):
        at += 1
    return at if has_code and at < len(words) else 0


def _read_code(code: Sequence[Word]) -> _Inside:
    if not all(word.known for word in code):
        return _UNSEEN
    script = parse_script(" ".join(word.text for word in code))
    return _Inside(scripts=(script,)) if script.readable else _UNSEEN


SHELLS = frozenset(["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "rbash", "mksh"])

STRIPPED: dict[str, Options] = {
    "time": make_options("", "-p", assignments=True),
    "command": make_options("", "-p"),
    "timeout": make_options(
        "-k --kill-after -s --signal", "-v --verbose --foreground --preserve-status -f -p", operands=1
    ),
    "nice": make_options("-n --adjustment", "", numeric=True),
    "nohup": make_options(),
    "stdbuf": make_options("-i -o -e --input --output --error", ""),
}
"""Wrappers that change nothing about what a command does, so that a rule for the command is enough."""

RUNNERS: dict[str, Options] = {
    **STRIPPED,
    "sudo": make_options(
        "-u --user -g --group -h --host -p --prompt -C --close-from -r --role -t --type -T -U -D --chdir -R --chroot",
        "-A -b -E -H -k -K -n -P -S -N -B --askpass --background --preserve-env --set-home --non-interactive "
        "--reset-timestamp --stdin",
        assignments=True,
    ),
    "doas": make_options("-u -C -a", "-n"),
    "env": make_options(
        "-u --unset -C --chdir", "-i -0 - --ignore-environment --null -v --debug", assignments=True
    ),
    "exec": make_options("-a", "-c -l"),
    "builtin": make_options(),
    "busybox": make_options(),
    "toybox": make_options(),
    "coproc": make_options(assignments=True),
    "setsid": make_options("", "-c -f -w --ctty --fork --wait"),
    "xargs": make_options(
        "-I -n -P -L -s -d -E -a --max-args --max-procs --max-lines --delimiter --arg-file --replace --max-chars "
        "--process-slot-var",
        "-0 -r -t -p -x -i -l -e --null --no-run-if-empty --verbose --interactive --exit --open-tty -o",
    ),
    "ionice": make_options("-c -n --class --classdata", "-t --ignore"),
    "chrt": make_options("-T -P -D", "-o -f -r -b -i -d -R --fifo --rr --batch --idle --other", operands=1),
    "taskset": make_options("", "-a -c --all-tasks --cpu-list", operands=1),
    "setarch": make_options("", "-R -v -3 -B -F -I -L -S -T -X -Z", operands=1),
    "linux32": make_options(),
    "linux64": make_options(),
    "prlimit": make_options(
        "-o --output", "--noheadings --raw --verbose --nofile --nproc --cpu --as --core --data"
    ),
    "strace": make_options(
        "-e -o -s -P -O -S -u -E -a -I -X -b", "-f -ff -q -qq -v -c -C -t -tt -r -T -y -yy -k -w -i -D"
    ),
    "ltrace": make_options("-e -o -s -u -l -a -n -x -D -F -A", "-f -c -C -i -S -t -tt -r -T -L"),
    "chpst": make_options("-u -U -b -e -/ -n -l -L -m -d -o -p -f -c -r -t -C", "-v -V -P -0 -1 -2"),
    "softlimit": make_options("-a -c -d -f -l -m -o -p -r -s -t", ""),
    "setpriv": make_options(
        "--reuid --regid --groups --inh-caps --ambient-caps --bounding-set",
        "--clear-groups --no-new-privs --init-groups --reset-env",
    ),
    "setuidgid": make_options("", "", operands=1),
    "envdir": make_options("", "", operands=1),
    "chroot": make_options("", "", operands=1),
    "fakeroot": make_options("-l -s -i -b --lib --faked", "-u --unknown-is-real --"),
    "catchsegv": make_options(),
    "unbuffer": make_options("", "-p"),
    "caffeinate": make_options("-t -w", "-d -i -m -s -u"),
    "proxychains": make_options("-f", "-q"),
    "proxychains4": make_options("-f", "-q"),
    "torsocks": make_options("", "-i -d -q"),
    "torify": make_options(),
    "rlwrap": make_options("-f -H -D -s -P", "-a -c -r -n -N"),
    "dbus-run-session": make_options("--config-file --dbus-daemon", "--"),
    "entr": make_options("", "-a -c -d -n -p -r -s -x -z"),
    "ts": make_options(),
    "valgrind": make_options(),
    "firejail": make_options(),
    "systemd-run": make_options(
        "-p -u --unit --property -E --setenv -M -H",
        "--user --scope --pty -t -P --pipe --wait -q --quiet --collect -G",
    ),
    "systemd-inhibit": make_options(),
    "cgexec": make_options("-g", "--sticky"),
    "numactl": make_options(
        "-m -N -C -l -i --membind --cpunodebind --physcpubind --interleave", "--localalloc"
    ),
    "faketime": make_options("", "-f -m", operands=1),
    "eatmydata": make_options(),
    "start-stop-daemon": make_options(),
    "daemonize": make_options("-a -c -e -o -p -l -u -E", "-v"),
    "pkexec": make_options("--user", "--disable-internal-agent"),
    "gosu": make_options("", "", operands=1),
    "su-exec": make_options("", "", operands=1),
    "run-parts": make_options(),
    "bwrap": make_options(),
    "proot": make_options(),
    "perf": make_options(),
    "hyperfine": make_options(),
    "xvfb-run": make_options("-n -s -e -f -w -p", "-a -l --auto-servernum"),
    "choom": make_options("-n", ""),
    "ld.so": make_options(),
    "nocache": make_options(),
    "trickle": make_options("-u -d -w -t -l", "-s"),
    "dotenv": make_options("-f", ""),
    "direnv": make_options(),
}
"""Programs that run the command which follows their options and operands."""

OPAQUE = (
    SHELLS
    | frozenset(
        ["eval", "source", ".", "su", "runuser", "ssh", "watch", "parallel", "script", "trap", "alias"]
    )
    | frozenset(["flock", "unshare", "nsenter", "bind", "enable", "complete", "at", "batch", "crontab", "fc"])
    | frozenset(["tmux", "screen", "expect"])
)
"""Programs and builtins that run a text, a file, or something elsewhere."""

CODE_OPTIONS: dict[str, frozenset[str]] = {
    "rg": frozenset(["--pre", "--hostname-bin"]),
    "tar": frozenset(
        ["--to-command", "--checkpoint-action", "-I", "--use-compress-program", "--rsh-command", "-F"]
    ),
    "fd": frozenset(["-x", "-X", "--exec", "--exec-batch"]),
    "fdfind": frozenset(["-x", "-X", "--exec", "--exec-batch"]),
    "sort": frozenset(["--compress-program"]),
    "rsync": frozenset(["-e", "--rsh", "--rsync-path"]),
    "mapfile": frozenset(["-C"]),
    "readarray": frozenset(["-C"]),
    "compgen": frozenset(["-C", "-F"]),
    "hash": frozenset(["-p"]),
    "env": frozenset(["-S", "--split-string"]),
    "split": frozenset(["--filter"]),
    "script": frozenset(["-c", "--command"]),
    "su": frozenset(["-c", "--command"]),
    "git": frozenset(["--upload-pack", "--receive-pack", "--exec", "-x"]),
    "less": frozenset(["--cmd"]),
    "fzf": frozenset(["--preview", "--bind"]),
    "ip": frozenset(["exec"]),
    "gdb": frozenset(["--args", "-ex"]),
    "zip": frozenset(["-TT", "--unzip-command"]),
    "man": frozenset(["-P", "--pager"]),
    "scp": frozenset(["-S"]),
    "sftp": frozenset(["-S"]),
}
"""Options whose value, and all that follows it, may be a command."""

FIND_ACTIONS = frozenset(["-exec", "-execdir", "-ok", "-okdir"])


def _is_stripped(command: SimpleCommand, inside: _Inside) -> bool:
    """Tell whether only the command inside counts: for a wrapper by its bare name, not for a file of that name."""
    return bool(inside.commands) and not inside.opaque and command.words[0].text in STRIPPED


def _runs_a_file(command: SimpleCommand) -> bool:
    """Tell whether a shell is given a file and no option: whoever allows `sh check.sh` allows what it holds."""
    names_file = len(command.words) > 1 and not command.words[1].text.startswith(("-", "+"))
    return names_file and get_name(command) in SHELLS | {"source", "."}


def _has_code_option(name: str, words: Sequence[Word]) -> bool:
    names = CODE_OPTIONS.get(name, frozenset())
    return any(
        word.text in names
        or word.text.partition("=")[0] in names
        or any(len(option) == 2 and word.text.startswith(option) for option in names)
        for word in words[1:]
    )


def _look_at(command: SimpleCommand, at: int, name: str) -> _Inside:
    words = command.words[at:]
    while words and RUNNERS[name].assignments and _ASSIGNMENT.match(words[0].text):
        words = words[1:]
    if not words:
        return _NOTHING
    if name in ("time", "coproc") and words[0].text in _KEYWORDS:
        return _UNSEEN
    if name == "xargs":
        words = _add_input(words, command.words[1:at])
    # xargs and entr append words that they read; options of others may change who acts, and where.
    plain = command.plain and name not in ("xargs", "entr") and (at == 1 or name in STRIPPED)
    return _Inside((replace(command, words=words, plain=plain),), opaque=not words[0].known)


def _look_into_find(command: SimpleCommand) -> _Inside:
    found: list[SimpleCommand] = []
    texts = [word.text for word in command.words]
    for index, text in enumerate(texts):
        if text in FIND_ACTIONS:
            end = next((at for at in range(index, len(texts)) if texts[at] in (";", "+")), len(texts))
            found.append(SimpleCommand(_fill_in(command.words[index + 1 : end], "{}"), plain=False))
    return _Inside(tuple(found))


def _look_into_code(name: str, command: SimpleCommand) -> _Inside:
    words = command.words
    if name == "eval":
        return _read_code([word for word in words[1:] if word.text != "--"])
    if name == "trap":
        return _read_code(words[1:2]) if len(words) > 2 and not words[1].text.startswith("-") else _UNSEEN
    if name == "alias":
        values = [Word(word.text.partition("=")[2], word.known) for word in words[1:] if "=" in word.text]
        return replace(_read_code(values), opaque=True) if values else _NOTHING
    if len(words) == 3 and words[1].text == "-c" and name != "fish":
        return _read_code(words[2:])
    at = _find_code(words)
    return replace(_read_code(words[at : at + 1]), opaque=True) if at else _UNSEEN


def _list_disguises(command: SimpleCommand, inside: _Inside) -> Iterator[SimpleCommand]:
    """Yield the command and, for one of which it is not sure what it runs, everything that might be a command."""
    yield command
    name = get_name(command)
    if not inside.opaque or not (name in RUNNERS or name in OPAQUE or name in CODE_OPTIONS):
        return
    for start in range(1, min(len(command.words), _MAX_SUFFIXES)):
        word = command.words[start]
        yield replace(command, words=command.words[start:], plain=False)
        _, equals, value = word.text.partition("=")
        if equals and value:
            yield replace(command, words=(Word(value, word.known), *command.words[start + 1 :]), plain=False)
        for text in (word.text, value):
            if re.search(r"[\s;&|]", text):
                yield from parse_script(text).commands


def _look_behind(name: str, command: SimpleCommand) -> _Inside:
    """Find the command behind a wrapper's own options and operands."""
    options, texts = RUNNERS[name], [word.text for word in command.words]
    operands, at = options.operands, 1
    while at < len(texts):
        if not command.words[at].known:
            return _UNSEEN
        text = texts[at]
        if text == "--":
            at += 1
            break
        if name == "command" and text in ("-v", "-V", "-pv", "-pV"):
            return _NOTHING  # it only says where a command is
        if text.startswith("-"):
            size = measure_option(options, texts, at) or (text.startswith("--") and "=" in text)
            if not size:
                return _UNSEEN
            at += size
        elif options.assignments and _ASSIGNMENT.match(text):
            return replace(_look_at(command, at + 1, name), opaque=True) if at + 1 < len(texts) else _NOTHING
        elif operands:
            operands, at = operands - 1, at + 1
        else:
            break
    at += operands
    return _look_at(command, at, name) if at < len(texts) else _NOTHING


def _look_inside(command: SimpleCommand) -> _Inside:
    """Return what a command runs beside itself."""
    if not command.words:
        return _NOTHING
    if not command.words[0].known:
        return _UNSEEN
    name, words = get_name(command), command.words
    if name == "find":
        return _look_into_find(command)
    if takes_unseen_name(name, [(word.text, word.known) for word in words[1:]]):
        return _UNSEEN
    if _has_code_option(name, words):
        return _UNSEEN
    if name in ("eval", "trap", "alias") or name in SHELLS:
        return _look_into_code(name, command)
    if name in OPAQUE:
        return _UNSEEN
    return _look_behind(name, command) if name in RUNNERS else _NOTHING


def read_units(script: Script) -> Reading | None:
    """Return every simple command of a script and of what its commands run; None when there are too many."""
    units: list[Unit] = []
    loose = list(script.loose)
    waiting = [(command, 0, script.dark) for command in reversed(script.commands)]
    while waiting:
        command, nesting, dark = waiting.pop()
        if len(units) >= _MAX_UNITS or nesting > _MAX_NESTING:
            return None
        inside = _look_inside(command)
        for inner in inside.scripts:
            loose.extend(inner.loose)
            dark = dark or inner.dark
        waiting.extend((one, nesting + 1, dark) for one in reversed(_list_commands(command, inside)))
        opaque = inside.opaque or dark
        runs_file = _runs_a_file(command) and not dark
        judged = command if not opaque or runs_file else replace(command, plain=False)
        disguises = tuple(_list_disguises(command, inside))
        units.append(Unit(judged, opaque, disguises, _is_stripped(command, inside), runs_file))
    return Reading(tuple(units), tuple(loose))
