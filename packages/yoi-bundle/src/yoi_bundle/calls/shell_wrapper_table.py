"""Table of programs that run another command which stands among their words (S-11)."""

from yoi_bundle.calls.shell_options import Options, make_options

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
