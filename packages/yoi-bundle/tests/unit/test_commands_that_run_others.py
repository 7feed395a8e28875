"""Every command that runs another: a denied one is found behind it, and an allowed name before it allows nothing (S-11)."""

import pytest

from yoi_bundle.calls import ToolCall, compute_policy_verdict
from yoi_bundle.manifest import Effect, Policy, PrefixMatch, Rule

pytestmark = pytest.mark.req("S-11")


def _judge(default: Effect, effect: Effect, command: str, text: str) -> str:
    rule = Rule(tool="shell.run", effect=effect, where=PrefixMatch(argument="command", value=command))
    return compute_policy_verdict(
        Policy(default=default, rules={"r": rule}), ToolCall("shell.run", {"command": text})
    ).effect


_BEFORE = (
    "time -p",
    "command -p",
    "timeout -k 1 -s TERM --foreground 5s",
    "nice -n 3",
    "nice -5",
    "nohup",
    "stdbuf -o0 -e L",
    "sudo -u other -E A=b",
    "doas -u other",
    "env -i -u V A=b",
    "exec -a name",
    "builtin",
    "busybox",
    "toybox",
    "coproc",
    "setsid -w",
    "xargs -n 1 -0",
    "xargs -I {}",
    "ionice -c 3",
    "chrt -b 0",
    "taskset -c 1",
    "setarch x86_64 -R",
    "linux32",
    "linux64",
    "prlimit --nofile=10",
    "strace -f -e open",
    "ltrace -f",
    "chpst -u other",
    "softlimit -m 100000",
    "setpriv --reuid 1000 --clear-groups",
    "setuidgid other",
    "envdir ./env",
    "chroot ./root",
    "fakeroot -u",
    "catchsegv",
    "unbuffer -p",
    "caffeinate -i",
    "proxychains -q",
    "proxychains4 -q",
    "torsocks -i",
    "torify",
    "rlwrap -a",
    "dbus-run-session --",
    "entr -r",
    "ts",
    "valgrind",
    "firejail",
    "systemd-run --user --pty",
    "systemd-inhibit",
    "cgexec -g cpu:x",
    "numactl -N 0",
    "faketime -f now",
    "eatmydata",
    "start-stop-daemon",
    "daemonize -v",
    "pkexec --user other",
    "gosu other",
    "su-exec other",
    "run-parts",
    "bwrap",
    "proot",
    "perf",
    "hyperfine",
    "xvfb-run -a",
    "choom -n 5",
    "/lib64/ld-linux-x86-64.so.2",
    "ld.so",
    "nocache",
    "trickle -d 10",
    "dotenv -f .env",
    "direnv",
    "find . -name y -exec",
    "find . -name y -execdir",
    "find . -ok",
    "find . -okdir",
)


@pytest.mark.parametrize("before", _BEFORE)
def test_a_denied_command_is_found_behind_a_command_that_runs_it(before: str) -> None:
    assert _judge("allow", "deny", "rm", f"{before} rm x \\;") in {"deny", "ask"}
    assert _judge("allow", "deny", "rm", f"{before} /bin/rm x \\;") in {"deny", "ask"}
    assert _judge("allow", "deny", "rm", f"nice {before} rm x \\;") in {"deny", "ask"}


@pytest.mark.parametrize("before", _BEFORE)
def test_leave_for_a_command_that_runs_others_is_none_for_what_it_runs(before: str) -> None:
    name = before.split()[0]
    assert _judge("deny", "allow", name, f"{before} rm x \\;") in {"deny", "ask"}


_STRIPPED = (
    "time",
    "time -p",
    "command",
    "timeout 5",
    "timeout -s KILL 5",
    "nice",
    "nice -n 3",
    "nohup",
    "stdbuf -oL",
)


@pytest.mark.parametrize("before", _STRIPPED)
def test_a_wrapper_that_changes_nothing_needs_no_leave_of_its_own(before: str) -> None:
    assert _judge("deny", "allow", "ls", f"{before} ls -l") == "allow"
    assert _judge("deny", "allow", "ls", f"./{before} ls -l") == "deny"


@pytest.mark.parametrize("before", ["sudo", "env", "setsid", "strace", "chroot ./root", "xargs"])
def test_a_wrapper_that_changes_who_acts_or_on_what_needs_leave_of_its_own(before: str) -> None:
    assert _judge("deny", "allow", "ls", f"{before} ls -l") == "deny"


@pytest.mark.parametrize(
    "name",
    [
        *("sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "rbash", "mksh"),
        *("source", ".", "su", "runuser", "ssh", "watch", "parallel", "script"),
        *("flock", "unshare", "nsenter", "bind", "enable", "complete", "at", "batch", "crontab", "fc"),
        *("tmux", "screen", "expect"),
    ],
)
def test_what_runs_a_text_or_something_elsewhere_is_no_harmless_command(name: str) -> None:
    assert _judge("allow", "deny", "rm", f"{name} file x") in {"ask", "deny"}
    assert _judge("allow", "deny", "rm", f"{name} -c 'rm x'") in {"ask", "deny"}
    assert _judge("allow", "deny", "rm", f"{name} 'rm x' y") in {"ask", "deny"}
    assert _judge("deny", "allow", name, f"{name} -x 'rm x' y") in {"ask", "deny"}


@pytest.mark.parametrize(
    "text",
    [
        "rg --pre rm x",
        "rg --hostname-bin=rm x",
        "tar --to-command=rm -xf x",
        "tar --checkpoint-action=exec=rm x",
        "tar -Irm -xf x",
        "tar -I rm -xf x",
        "tar --use-compress-program rm -xf x",
        "tar --rsh-command=rm -xf x",
        "tar -F rm -xf x",
        "fd x -x rm",
        "fd x -X rm",
        "fd x --exec rm",
        "fd x --exec-batch rm",
        "fdfind x -x rm",
        "fdfind x --exec=rm",
        "sort --compress-program=rm x",
        "rsync -e rm x y",
        "rsync --rsh=rm x y",
        "rsync --rsync-path=rm x y",
        "mapfile -C rm x",
        "readarray -C rm x",
        "compgen -C rm",
        "compgen -F rm",
        "hash -p ./x ls",
        "env -S 'rm x'",
        "env --split-string='rm x'",
        "split --filter=rm x",
        "script -c 'rm x'",
        "script --command 'rm x'",
        "su --command 'rm x'",
        "git fetch --upload-pack rm x",
        "git push --receive-pack=rm x",
        "git rebase --exec rm x",
        "git rebase -x rm x",
        "less --cmd '!rm x' y",
        "fzf --preview 'rm {}'",
        "fzf --bind 'enter:execute(rm {})'",
        "ip netns exec x rm y",
        "gdb --args rm x",
        "gdb -ex 'shell rm x' y",
        "zip -TT rm x y",
        "zip --unzip-command rm x y",
        "man -P rm x",
        "man --pager=rm x",
        "scp -S rm x y:z",
        "sftp -S rm y",
    ],
)
def test_an_option_whose_value_may_be_a_command_is_asked_about(text: str) -> None:
    name = text.split()[0]
    assert _judge("allow", "deny", "rm", text) in {"ask", "deny"}
    assert _judge("deny", "allow", name, text) in {"ask", "deny"}


@pytest.mark.parametrize(
    "text",
    [
        "declare 'a[$(rm x)]=1'",
        "typeset 'a[$(rm x)]=1'",
        "local 'a[$(rm x)]=1'",
        "readonly 'a[$(rm x)]=1'",
        "export 'a[$(rm x)]=1'",
        "unset 'a[$(rm x)]'",
        "read 'a[$(rm x)]'",
        "mapfile 'a[$(rm x)]'",
        "readarray 'a[$(rm x)]'",
        "let 'a[$(rm x)]=1'",
        "wait -p 'a[$(rm x)]'",
        "printf -v 'a[$(rm x)]' y",
        "printf -v'a[$(rm x)]' y",
        "test -v 'a[$(rm x)]'",
        "test -R 'a[$(rm x)]'",
        "[ -v 'a[$(rm x)]' ]",
        "[ 'a[$(rm x)]' -eq 1 ]",
        "[[ -v a[$(rm x)] ]]",
        "getopts x 'a[$(rm x)]'",
        'test -v "$v"',
        'printf -v "$v" y',
        "unset $v",
        "read $v",
        "let $v",
        "declare $v",
        "i='a[$(rm x)]'; echo $((i))",
        "i='a[$(rm x)]'; echo ${b[i]}",
        "i='a[$(rm x)]'; echo ${b:i}",
        "for i in 'a[$(rm x)]'; do echo $((i)); done",
        "read i; echo $((i))",
        "mapfile i; echo $((i))",
        "printf -v i x; echo $((i))",
        "PS4='$(rm x)'; set -x; ls",
        "PROMPT_COMMAND='rm x' ls",
        "BASH_ENV=./x ls",
        "v='$(rm x)'; echo ${v@P}",
        "v='a[$(rm x)]'; echo ${!v}",
        "v='a[$(rm x)]'; [[ -n ${!v} ]]",
        'v="a[\\$(rm x)]"; let "v"',
        ": ${v:='a[$(rm x)]'}; let v",
        "set -- 'a[$(rm x)]'; echo ${!1}",
        "v='a[$(rm x)]'; declare \"$v=1\"",
        "v='a[$(rm x)]'; declare -n r=\"$v\"; echo $r",
        "v='a[$(rm x)]'; declare -i n=$v",
        "declare -i n; n='a[$(rm x)]'",
        "v='[$(rm x)]=1'; declare -a \"b=($v)\"",
        "v='[$(rm x)]=1'; declare -a b=\"($v)\"",
        "v='[$(rm x)]=1'; readonly -a \"b=($v)\"",
        "v='a[$(rm x)]'; [ -v \"$v\" ]",
        "v='a[$(rm x)]'; unset \"$v\"",
        "v='a[$(rm x)]'; wait -p \"$v\"",
    ],
)
def test_a_text_that_a_shell_evaluates_is_asked_about(text: str) -> None:
    assert _judge("allow", "deny", "rm", text) in {"ask", "deny"}
    assert _judge("deny", "allow", text.split()[0], text) in {"ask", "deny"}


@pytest.mark.parametrize(
    "text",
    [
        "i=1; echo $((i + 2))",
        "test -v name",
        "[ -f x ] && ls",
        "[ 1 -eq 2 ]",
        "printf '%s' \"$v\"",
        "declare x=$y",
        "unset name",
        "find . -name y",
        "command -v ls",
        "command -V ls",
        "timeout 5 ls",
        "git log --oneline",
        "tar -xf x",
        "sort x",
        "sudo -u other ls",
        'wait "$pid"',
        'export PATH="$HOME/bin:$PATH"',
        "declare -A map=([a]=1 [b]=2)",
        "echo ${v:-x} ${!prefix*} ${#v}",
        "sed 's/[0-9]*$//' x",
        "readonly X=$y",
    ],
)
def test_what_runs_nothing_unseen_is_left_alone(text: str) -> None:
    assert _judge("allow", "deny", "rm", text) == "allow"
