"""What tells a word that people write from a run of characters that a machine drew (B-07).

Generated credentials are drawn evenly from an alphabet. Words are not: their letters follow each other in few ways,
their digits stand together, and their capitals begin words. The rules here are a shape, not a dictionary, so a name
nobody has heard of passes, and a random run of the same length does not.
"""

import re

MAX_LETTERS = 24
"""In one run; `modelcontextprotocol` has 20."""

_MORE_LETTERS_IN_HUMPS = 12
_MAX_CAPITALS = 16
_ABBREVIATION = 3
_MAX_ABBREVIATIONS = 5
_MAX_NUMBER_DIGITS = 10
_MAX_DIGITS = 14
_MAX_MIXED = 4
_SHORT = 5

_PIECE = re.compile(r"[A-Za-z0-9]+")
_RUN = re.compile(r"[A-Za-z]+|[0-9]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_CONSONANTS = re.compile(r"[b-df-hj-np-tv-xz]{6}")

_FOLLOWERS: dict[str, tuple[str, str]] = {
    "a": ("bcdgilmnprst", "fkuvwy"),
    "b": ("l", "aehiorsu"),
    "c": ("aehiklort", "cpsuy"),
    "d": ("aei", "dlorsu"),
    "e": ("acdlmnprstx", "befgioquvwy"),
    "f": ("i", "aeflortu"),
    "g": ("e", "aghinorsu"),
    "h": ("ae", "iortu"),
    "i": ("acdeglmnostv", "bfprz"),
    "j": ("", "aeos"),
    "k": ("e", "is"),
    "l": ("aeiloy", "dstu"),
    "m": ("aeiop", "bmsu"),
    "n": ("acdegist", "fknopuv"),
    "o": ("cdlmnprstu", "abfgikovw"),
    "p": ("aelort", "hipsu"),
    "q": ("", "lu"),
    "r": ("aeiost", "cdgklmnpruvy"),
    "s": ("cehipstu", "aklmoqy"),
    "t": ("aehiorsy", "cdflmptu"),
    "u": ("lnrst", "abcdegimp"),
    "v": ("ei", "ao"),
    "w": ("", "aeinos"),
    "x": ("", "ept"),
    "y": ("", "nps"),
    "z": ("", "ae"),
}
"""Letter → the letters that often follow it in technical English, and those that do now and then.

Counted over the distinct words of public agent configuration: the first group makes up 75 % of all pairs, both
together 95 %, with a few pairs of common names (`github`, `webhook`). Every other pair counts against a run.
"""

_PAIR_WEIGHT: dict[str, int] = {
    first + second: weight
    for first, groups in _FOLLOWERS.items()
    for weight, followers in ((1, groups[0]), (0, groups[1]))
    for second in followers
}
_RARE_PAIR_WEIGHT = -2


def find_shape_fault(text: str) -> str | None:
    """Say in which way ASCII text is no words and numbers, or None; characters between pieces do not count."""
    pieces = _PIECE.findall(text)
    if sum(character.isdigit() for character in text) > _MAX_DIGITS:
        return "more digits than names and versions have"
    mixed = 0
    for piece in pieces:
        runs = _RUN.findall(piece)
        if len(runs) > 1:
            mixed += len(runs) - 1
            if not _is_plain_mixture(runs):
                return "letters and digits alternate as in a generated value"
        for run in runs:
            fault = _find_run_fault(run)
            if fault is not None:
                return fault
    if mixed > _MAX_MIXED:
        return "letters and digits alternate as in a generated value"
    if not _are_letters_likely(pieces):
        return "the letters follow each other as in a generated value"
    return None


def find_opaque_run(text: str) -> str | None:
    """Return why one run of letters and digits looks generated, or None; short runs never do.

    A looser test than `find_shape_fault`, for names and keys: every piece is looked at alone.
    """
    for piece in _PIECE.findall(text):
        if len(piece) >= 12:
            fault = find_shape_fault(piece)
            if fault is not None:
                return fault
    return None


def _is_plain_mixture(runs: list[str]) -> bool:
    """Tell whether a piece such as `gpt4o`, `sha256`, `70b` or `k8s` holds digits as names do."""
    length = sum(map(len, runs))
    digits = max(len(run) for run in runs if run[0].isdigit())
    if len(runs) == 2:
        return digits <= 5 if runs[1][0].isdigit() else digits <= 3 and length <= 15
    if len(runs) == 3:
        return length <= _SHORT or (runs[1][0].isdigit() and digits <= 2 and length <= 14)
    return len(runs) == 4 and length <= 7


def _find_run_fault(run: str) -> str | None:
    if run[0].isdigit():
        return "a number of more than 10 digits" if len(run) > _MAX_NUMBER_DIGITS else None
    humps = _HUMP.findall(run)
    if len(run) > MAX_LETTERS + (_MORE_LETTERS_IN_HUMPS if 1 < len(humps) <= 5 else 0):
        return "a run of letters longer than words are"
    if any(len(hump) > _MAX_CAPITALS for hump in humps if hump.isupper()):
        return "a run of capitals longer than words are"
    if len(run) > _SHORT and len(humps) > 1 + len(run) // 4:
        return "capital and small letters alternate as in a generated value"
    if _CONSONANTS.search(run.lower()):
        return "the letters follow each other as in a generated value"
    return None


def _are_letters_likely(pieces: list[str]) -> bool:
    """Tell whether all pairs of letters together are as frequent as in words; few pairs always are.

    A handful of abbreviations (`src`, `mcp`, `py`) do not count; many of them would be a value cut into groups.
    """
    runs = [run.lower() for piece in pieces for run in _RUN.findall(piece) if not run[0].isdigit()]
    if sum(len(run) <= _ABBREVIATION for run in runs) <= _MAX_ABBREVIATIONS:
        runs = [run for run in runs if len(run) > _ABBREVIATION]
    pairs = [run[index : index + 2] for run in runs for index in range(len(run) - 1)]
    if len(pairs) < 6:
        return True
    weight = sum(_PAIR_WEIGHT.get(pair, _RARE_PAIR_WEIGHT) for pair in pairs)
    return weight >= len(pairs) * _find_least_weight(len(pairs))


def _find_least_weight(pairs: int) -> float:
    """The longer a text, the nearer it is to the mean of its language."""
    if pairs <= 10:
        return -0.5
    return -0.3 if pairs <= 12 else 0.0
