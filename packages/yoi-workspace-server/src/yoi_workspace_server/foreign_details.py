"""Sanitizer of a Runtime's error details: known members in a known form, words of this program (K-07).

A Runtime is another host's, and may be hostile. Of what it says only codes, ids, numbers and pointers are taken, each by
the grammar of its kind; anything else is left out. Sentences come from the tables of this program, by code and rule.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from worker_runtime.resolution.rules import RULES

Cleaner: TypeAlias = Callable[[Any], Any]
"""Returns the value as it may be passed on; None for one that may not."""

_MAX_MEMBERS = 100
_MAX_NUMBER = 2**53


def _match(pattern: str) -> Cleaner:
    form = re.compile(pattern)
    return lambda value: value if isinstance(value, str) and form.fullmatch(value) else None


def _number(value: Any) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER
    return value if fits else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _many(cleaner: Cleaner) -> Cleaner:
    def clean(value: Any) -> list[Any] | None:
        if not isinstance(value, list | tuple):
            return None
        return [one for one in map(cleaner, value[:_MAX_MEMBERS]) if one is not None]

    return clean


def _object(members: Mapping[str, Cleaner], *needed: str) -> Cleaner:
    """Take known members; the whole is left out when one that it cannot be without is missing."""

    def clean(value: Any) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            return None
        found = _take(members, value)
        return found if all(name in found for name in needed) else None

    return clean


def _take(members: Mapping[str, Cleaner], value: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = {name: clean(value[name]) for name, clean in members.items() if name in value}
    return {name: one for name, one in cleaned.items() if one is not None}


_digest = _match(r"sha256:[0-9a-f]{64}")
_code = _match(r"[a-z]+(?:[._][a-z]+)*")
_name = _match(r"\*|[a-z0-9][a-z0-9._-]{0,127}")
_word = _match(r"[a-z][a-z0-9_:.-]{0,63}")
_id = _match(r"[A-Za-z0-9_-]{1,128}")
_key = _match(r"[!-~]{1,256}")
_label = _match(r"[0-9A-Za-z.]{1,40}")
_item = _match(r"[!-~]{1,1400}")
_pointer = _match(r"[!-~]{0,2000}")
"""Names of a manifest are ASCII without blanks, and so are the pointers to them."""

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "bundle.invalid": "not of the form that is asked for there",
        "bundle.secret_value": "may be a credential",
        "bundle.host_value": "names a place on a host",
        "bundle.hidden_text": "holds characters that readers cannot see",
        "bundle.unresolved_reference": "leads nowhere",
        "declaration.unsupported": "of a kind that the Runtime does not know",
        "feature.unsupported": "needs a feature that the Runtime lacks",
    }
)
_OWN: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "request.invalid": {"message": "the Runtime takes no request of this form", "field": ""},
        "bundle.required": {"why": "the host's policy asks for one"},
        "bundle.not_canonical": {"reason": "another form than RFC 8785 gives"},
        "bundle.blobs_missing": {"lease": ""},
        "bundle.unassigned": {"assigned": None},
        "assignment.conflict": {"assigned": None},
        "lease.expired": {"lease": ""},
        "profile.invalid_selector": {"selector": ""},
        "runtime.unavailable": {"reason": "unreachable"},
        "runtime.overloaded": {"reason": "leases"},
    }
)
"""What stands in place of a Runtime's own words, so that a client still knows the error by its form."""


def _version(value: Any) -> int | str | None:
    number: int | None = _number(value)
    return _label(value) if number is None else number


def _fault(value: Any) -> dict[str, Any] | None:
    found = _object({"code": _code, "pointer": _pointer, "kind": _word, "name": _item}, "code", "pointer")(
        value
    )
    return None if found is None else {**found, "message": _WORDS.get(found["code"], "refused")}


def _reason(value: Any) -> dict[str, Any] | None:
    members = {"code": _code, "kind": _word, "id": _item, "layer": _word, "pointer": _pointer, "rule": _word}
    found = _object(members, "code", "kind")(value)
    if found is None:
        return None
    return {"id": "", **found, "message": find_sentence(found.get("rule", ""))}


_FAULTS: Mapping[str, Cleaner] = {"faults": _many(_fault)}
_MEMBERS: Mapping[str, Mapping[str, Cleaner]] = MappingProxyType(
    {
        "bundle.missing": {"digest": _digest},
        "bundle.digest_mismatch": {"claimed": _digest, "computed": _digest},
        "bundle.not_canonical": {"offset": _number},
        "bundle.invalid": _FAULTS,
        "bundle.blobs_missing": {"digest": _digest, "missing": _many(_digest)},
        "bundle.base_missing": {"base": _digest},
        "bundle.corrupt": {"digest": _digest, "damaged": _many(_digest)},
        "bundle.in_use": {"digest": _digest, "assigned": _truth, "workers": _many(_id)},
        "bundle.required": {"selector": _item},
        "bundle.unassigned": {"digest": _digest, "assigned": _digest},
        "bundle.secret_value": _FAULTS,
        "bundle.host_value": _FAULTS,
        "bundle.hidden_text": _FAULTS,
        "bundle.unresolved_reference": _FAULTS,
        "schema.unsupported": {"found": _version, "supported": _many(_number)},
        "feature.unsupported": _FAULTS,
        "declaration.unsupported": _FAULTS,
        "limit.exceeded": {"limit": _word, "value": _number, "allowed": _number, "place": _pointer},
        "lease.expired": {},
        "assignment.stale": {"workspace": _name, "generation": _number, "current": _number},
        "assignment.conflict": {"workspace": _name, "generation": _number, "assigned": _digest},
        "profile.invalid_selector": {"selector": _item},
        "profile.not_found": {"selector": _item, "source": _word},
        "resolution.refused": {"reasons": _many(_reason)},
        "worker.not_found": {"worker": _id},
        "worker.conflict": {"key": _key, "worker": _id},
        "worker.invalid_state": {"worker": _id, "state": _word, "operation": _word},
        "auth.unauthenticated": {},
        "auth.forbidden": {"scope": _word, "workspace": _name},
        "runtime.unavailable": {"reason": _word, "request": _match(r"[0-9a-f]{1,64}")},
        "runtime.incompatible": {"what": _word, "ours": _many(_number), "theirs": _many(_number)},
        "runtime.overloaded": {"reason": _word, "retry_after_seconds": _number},
        "store.corrupt": {"what": _word},
        "request.invalid": {"field": _pointer},
        "internal": {"request": _match(r"[0-9a-f]{1,64}")},
        "workspace.not_found": {"workspace": _name},
        "workspace.conflict": {"workspace": _name, "reason": _word},
        "runtime.not_found": {"runtime": _name},
        "runtime.conflict": {"runtime": _name, "reason": _word},
        "placement.denied": {"workspace": _name, "runtime": _name, "rule": _match(r"[a-z0-9._-]{0,128}")},
        "bundle.revoked": {"workspace": _name, "digest": _digest},
        "token.not_found": {"token": _id},
        "backend.unavailable": {"reason": _word},
    }
)

CLEANED_CODES = frozenset(_MEMBERS)


def list_passed_on(code: str) -> frozenset[str]:
    """Return the names of the details that are passed on of a code."""
    return frozenset(_MEMBERS.get(code, {}))


def clean_code(code: str) -> str:
    """Return an error's code, if it is one of `docs/errors.md`; else `internal`."""
    return code if code in _MEMBERS else "internal"


def clean_details(code: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an error's details may be stored, logged and shown; an unknown code has none."""
    return {**_OWN.get(code, {}), **_take(_MEMBERS.get(code, {}), details)}


def find_sentence(rule: str) -> str:
    """Return what a rule of resolution says, in this program's words; empty for one that is not known here."""
    text = RULES.get(rule)
    return "" if text is None else text.sentence
