"""Command-line options of programs: which take a value, so that the first word after them is found (S-11)."""

from collections.abc import Sequence

from msgspec import Struct

from yoi_bundle.calls.texts import fold


class Options(Struct, frozen=True):
    """The options that a program takes before its subcommand, or before the command that it runs.

    Attributes:
        valued: Those whose value is the next word, when it is not attached.
        flags: Those that take none; a letter may stand with others behind one dash.
        operands: How many words stand before the command.
        assignments: Whether `NAME=value` may stand before it.
        numeric: Whether `-5` is an option.
    """

    valued: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    operands: int = 0
    assignments: bool = False
    numeric: bool = False


def make_options(
    valued: str = "", flags: str = "", operands: int = 0, *, assignments: bool = False, numeric: bool = False
) -> Options:
    """Make options of two texts with blanks between the names."""
    return Options(frozenset(valued.split()), frozenset(flags.split()), operands, assignments, numeric)


def measure_option(options: Options, texts: Sequence[str], at: int) -> int:
    """Return how many words the option at a place is, with its value: 1 or 2; 0 for one that is not known."""
    text = texts[at]
    if options.numeric and text[1:].isdigit():
        return 1
    name, equals, _ = text.partition("=")
    if text in options.valued:
        return 2
    if text in options.flags or (equals and name in options.valued | options.flags):
        return 1
    if text.startswith("--") or len(text) < 3:
        return 0
    for index, letter in enumerate(text[1:], start=1):
        if f"-{letter}" in options.valued:
            return 2 if index == len(text) - 1 else 1
        if f"-{letter}" not in options.flags:
            return 0
    return 1


SUBCOMMANDS: dict[str, Options] = {
    "git": make_options(
        "-C -c --git-dir --work-tree --namespace --super-prefix --config-env --attr-source --exec-path",
        "-p -P --paginate --no-pager --bare --no-replace-objects --literal-pathspecs --no-optional-locks "
        "--no-advice --glob-pathspecs --noglob-pathspecs --icase-pathspecs --no-lazy-fetch",
    ),
    "docker": make_options(
        "-c --context -H --host -l --log-level --config --tlscacert --tlscert --tlskey",
        "-D --debug --tls --tlsverify",
    ),
    "kubectl": make_options(
        "-n --namespace --context --cluster --user --kubeconfig -s --server --token --as --as-group --v -v "
        "--request-timeout --cache-dir --certificate-authority --client-certificate --client-key",
        "--insecure-skip-tls-verify --match-server-version --warnings-as-errors",
    ),
    "npm": make_options(
        "--prefix -C --registry --userconfig --workspace -w --loglevel --cache",
        "--silent -s --quiet -q --global -g --workspaces --verbose -d --json --yes -y --force -f",
    ),
    "pnpm": make_options("-C --dir --filter -F --loglevel", "-r --recursive -w --workspace-root --silent -s"),
    "yarn": make_options("--cwd", "--silent -s --verbose"),
    "cargo": make_options("--color -C --config -Z", "-q --quiet -v --verbose --locked --offline --frozen"),
    "gh": make_options("-R --repo --hostname", ""),
    "make": make_options(
        "-C --directory -f --file --makefile -I --include-dir -o -W",
        "-s -k -B -n -i -w --silent --no-print-directory",
    ),
    "systemctl": make_options(
        "-H --host -M --machine -t --type", "--user --system --now -q --quiet --no-pager"
    ),
    "helm": make_options("-n --namespace --kube-context --kubeconfig", "--debug"),
    "aws": make_options(
        "--profile --region --output --endpoint-url --query", "--debug --no-cli-pager --no-verify-ssl"
    ),
    "gcloud": make_options("--project --account --configuration --format --verbosity", "--quiet -q"),
    "pip": make_options("--python --log --proxy --timeout --cache-dir", "-q --quiet -v --verbose --isolated"),
    "apt-get": make_options("-o -c --option --config-file", "-y --yes -q -qq --quiet -f"),
    "apt": make_options("-o -c --option --config-file", "-y --yes -q -qq --quiet -f"),
}
"""Programs with subcommands, by lower-case name, and all options that may stand before one."""


def list_placements(wanted: Sequence[str], texts: Sequence[str]) -> list[tuple[int, bool]]:
    """Find the first words of a command among options: where they end, and whether that is sure.

    For a program whose options are not known, a word after an option may be its value or an operand. It is the
    operand when it is the wanted word and nothing else could be, and the value when it is not the wanted word.

    Args:
        wanted: The words, folded; the first is the program.
        texts: The command's words, folded.
    """
    options = SUBCOMMANDS.get(texts[0].rpartition("/")[2]) if texts else None
    found: dict[int, bool] = {}
    waiting = [(1, 1, True)] if texts else []
    seen: set[tuple[int, int]] = set()
    while waiting:
        at, have, sure = waiting.pop()
        if (at, have) in seen:
            continue
        seen.add((at, have))
        if have == len(wanted):
            found[at] = found.get(at, False) or sure
            continue
        if at >= len(texts):
            continue
        text = texts[at]
        if text == wanted[have]:
            waiting.append((at + 1, have + 1, sure))
        elif text.startswith("-") and text != "-":
            size = measure_option(options, texts, at) if options and have == 1 else 0
            if size:
                waiting.append((at + size, have, sure))
            elif "=" in text or text == "--":
                waiting.append((at + 1, have, sure))
            else:
                waiting.extend(_read_either_way(wanted[have], texts, at, have, sure))
    return sorted(found.items())


def _read_either_way(
    wanted: str, texts: Sequence[str], at: int, have: int, sure: bool
) -> list[tuple[int, int, bool]]:
    following = texts[at + 1] if at + 1 < len(texts) else ""
    if following == wanted:
        others = any(not text.startswith("-") for text in texts[at + 2 :])
        return [(at + 1, have, sure and not others)]
    if following.startswith("-"):
        return [(at + 1, have, sure)]
    return [(at + 2, have, sure)]


def fold_words(texts: Sequence[str]) -> list[str]:
    """Return a command's words folded, the first without its folder."""
    folded = [fold(text) for text in texts]
    return [folded[0].rpartition("/")[2], *folded[1:]] if folded else []
