"""Path arguments of Claude Code's permission rules, written as in gitignore, in our path patterns (B-14).

`//x` is the host's root, `~/x` the home, `/x` the project's root, `./x` and `x` the working directory; the project's
root and the working directory are both the mount `workspace`. A bare name may mean the top or any depth: a rule that
restricts takes both, a rule that allows only the top.
"""

import re

from msgspec import Struct

from yoi_bundle.manifest import Effect, HostPathMatch, Match, PathMatch

_ODD = re.compile(r"[\\\x00-\x1f\x7f$]|^!|^[A-Za-z]:|^file:", re.IGNORECASE)
_WILD = re.compile(r"\?|\[[^\]/]*\]")
_BRACES = re.compile(r"\{([^{}]*)\}")


class SaidPath(Struct, frozen=True, kw_only=True):
    """Attributes: broader: Why the matches take more than the pattern did; empty when they do not."""

    matches: tuple[Match, ...]
    broader: str = ""


def say_path(spec: str, effect: Effect) -> SaidPath | None:
    """Say a path pattern for the argument `path`; None when that would widen, or name a place we have no word for."""
    text = spec.strip()
    if not text or len(text) > 2048 or _ODD.search(text) or ".." in text.split("/"):
        return None
    broader = ""
    if _WILD.search(text) or "{" in text:
        if effect == "allow":
            return None
        text = _BRACES.sub("*", _WILD.sub("*", text))
        if re.search(r"[\[\]{}]", text):
            return None
        broader = "`?`, `[…]` and `{…}` become `*`"
    if text.startswith(("//", "~")):
        return _say_host_path(text, effect, broader)
    anchored = text.startswith(("/", "./")) or "/" in text.rstrip("/")
    pattern = re.sub(r"/{2,}", "/", text.removeprefix("./").lstrip("/")).rstrip("/")
    if not pattern or pattern == ".":
        pattern = "**"
    patterns = [pattern]
    if effect != "allow" and not anchored and not pattern.startswith("**"):
        patterns.append(f"**/{pattern}")
    return SaidPath(
        matches=tuple(PathMatch(argument="path", pattern=one) for one in patterns), broader=broader
    )


def _say_host_path(text: str, effect: Effect, broader: str) -> SaidPath | None:
    if effect == "allow":
        return None
    if text.startswith("~") and not re.match(r"~(?:/|$)", text):
        return None
    pattern = text if text.startswith("~") else "/" + text.lstrip("/")
    return SaidPath(matches=(HostPathMatch(argument="path", pattern=pattern),), broader=broader)
