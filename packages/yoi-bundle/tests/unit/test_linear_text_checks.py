"""Work of the text checks, counted: what an adversary writes costs a constant for each character, and no more (B-11)."""

import io
import json
import re
from collections.abc import Iterable, Iterator

import pytest

from support.bundles.secret_tokens import TOKEN_KINDS, make_token
from support.bundles.source_trees import make_tree
from yoi_bundle.authoring.build import build_bundle
from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.boundary.hidden_text import find_hidden_text
from yoi_bundle.boundary.hits import SecretHit
from yoi_bundle.boundary.host_places import find_host_paths_in_prose
from yoi_bundle.boundary.line_counter import MAX_FINDINGS
from yoi_bundle.boundary.rule_detector import RuleDetector
from yoi_bundle.boundary.scanner import MORE_FINDINGS, DetectorScanner
from yoi_bundle.boundary.secret_rules import SECRET_FORMATS
from yoi_bundle.boundary.text_blob import find_text_blob_faults
from yoi_bundle.deadline import Deadline
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import DEFAULT_LIMITS

pytestmark = pytest.mark.req("B-11")


class Counter:
    """How many characters were looked at by counting and searching."""

    def __init__(self) -> None:
        self.looked_at = 0


class CountedText(str):
    """A text that counts what is looked at when newlines are counted or searched in it."""

    counter: Counter

    def count(self, *args: object) -> int:
        self._add(args)
        return super().count(*args)  # type: ignore[arg-type]

    def rfind(self, *args: object) -> int:
        self._add(args)
        return super().rfind(*args)  # type: ignore[arg-type]

    def _add(self, args: tuple[object, ...]) -> None:
        start = args[1] if len(args) > 1 else 0
        end = args[2] if len(args) > 2 else len(self)
        assert isinstance(start, int) and isinstance(end, int)
        self.counter.looked_at += max(0, end - start)


class CountedBytes(bytes):
    """Bytes that count what is looked at when newlines are counted or searched in them."""

    counter: Counter

    def count(self, *args: object) -> int:
        self._add(args)
        return super().count(*args)  # type: ignore[arg-type]

    def rfind(self, *args: object) -> int:
        self._add(args)
        return super().rfind(*args)  # type: ignore[arg-type]

    def _add(self, args: tuple[object, ...]) -> None:
        start = args[1] if len(args) > 1 else 0
        end = args[2] if len(args) > 2 else len(self)
        assert isinstance(start, int) and isinstance(end, int)
        self.counter.looked_at += max(0, end - start)


def counted_text(text: str) -> tuple[CountedText, Counter]:
    counted = CountedText(text)
    counted.counter = Counter()
    return counted, counted.counter


def counted_bytes(data: bytes) -> tuple[CountedBytes, Counter]:
    counted = CountedBytes(data)
    counted.counter = Counter()
    return counted, counted.counter


class ComparedHit:
    """A hit that counts how often its place is looked at."""

    looks = 0

    def __init__(self, start: int, end: int, *, doubtful: bool = False) -> None:
        self._start, self._end = start, end
        self.rule, self.doubtful = "scripted", doubtful

    @property
    def start(self) -> int:
        ComparedHit.looks += 1
        return self._start

    @property
    def end(self) -> int:
        ComparedHit.looks += 1
        return self._end


class ScriptedDetector:
    """Yields what it was told to, and remembers how much of it was taken."""

    def __init__(self, hits: Iterable[SecretHit]) -> None:
        self._hits = hits
        self.taken = 0

    def detect(self, data: bytes) -> Iterator[SecretHit]:
        del data
        for hit in self._hits:
            self.taken += 1
            yield hit


@pytest.mark.parametrize("unit", ["\u200d", "\ufe0f", "\u202e\n", "\u200b\n"])
def test_hidden_characters_are_placed_in_one_pass_over_the_text(unit: str) -> None:
    text, counter = counted_text(unit * 20_000)
    assert len(find_hidden_text(text)) <= 2 * MAX_FINDINGS
    assert counter.looked_at <= 2 * len(text)


def test_characters_that_only_warn_never_hide_one_that_is_refused() -> None:
    found = find_hidden_text("\u200b" * (5 * MAX_FINDINGS) + "\n\u202e")
    assert [(one.code_point, one.line, one.column) for one in found if one.refused] == [("U+202E", 2, 1)]
    assert len(found) == MAX_FINDINGS + 1


def test_personal_places_in_prose_are_placed_in_one_pass_over_the_text() -> None:
    data, counter = counted_bytes(b"see /home/quentin/notes and\n" * 10_000)
    assert len(find_host_paths_in_prose(data)) == MAX_FINDINGS
    assert counter.looked_at <= 2 * len(data)


@pytest.mark.parametrize("doubtful", [False, True])
def test_hits_are_placed_and_compared_a_bounded_number_of_times(doubtful: bool) -> None:
    line = b"a line with something in it\n"
    data, counter = counted_bytes(line * 50_000)
    hits = [
        ComparedHit(number * len(line), number * len(line) + 9, doubtful=doubtful) for number in range(50_000)
    ]
    ComparedHit.looks = 0
    detector = ScriptedDetector(hits)  # type: ignore[arg-type]
    findings = DetectorScanner([detector]).scan([("a", data)])
    assert counter.looked_at <= 2 * len(data)
    assert ComparedHit.looks <= 50_000
    assert sum(one.rule == "scripted" for one in findings) == MAX_FINDINGS


def test_a_text_full_of_credentials_is_given_up_and_says_that_there_are_more() -> None:
    detector = ScriptedDetector(SecretHit(rule="r", start=at, end=at + 1) for at in range(100_000))
    findings = DetectorScanner([detector]).scan([("a", b"\n" * 100_000)])
    assert detector.taken < 2_000
    assert [one.line for one in findings if one.rule == MORE_FINDINGS] == [MAX_FINDINGS]
    assert not next(one for one in findings if one.rule == MORE_FINDINGS).doubtful


def test_doubtful_hits_never_keep_a_sure_one_from_being_found() -> None:
    doubtful = [SecretHit(rule="d", start=at, end=at + 1, doubtful=True) for at in range(9_000)]
    hits = [*doubtful, SecretHit(rule="sure", start=9_500, end=9_600)]
    findings = DetectorScanner([ScriptedDetector(hits)]).scan([("a", b"\n" * 10_000)])
    assert [one.line for one in findings if one.rule == "sure"] == [9_501]


_UNBOUNDED = re.compile(r"(?<!\\)(?:[*+]|\{[0-9]+,\})")


@pytest.mark.parametrize("secret_format", SECRET_FORMATS, ids=lambda one: one.rule)
def test_a_format_repeats_nothing_without_an_upper_bound(secret_format: object) -> None:
    """One that did would read a text once from every place at which it begins."""
    pattern = secret_format.pattern.pattern  # type: ignore[attr-defined]
    outside_of_sets = re.sub(r"\[(?:\\.|[^\]])*\]", "S", pattern)
    assert _UNBOUNDED.search(outside_of_sets) is None


def test_a_long_key_over_many_values_is_not_copied_for_each_of_them() -> None:
    """With a pointer for each value this would need 400 GB."""
    data = json.dumps({"k" * 2_000_000: [1] * 200_000}).encode()
    assert [fault.code for fault in find_free_json_faults(data, place="/p", limits=DEFAULT_LIMITS)] == []


def test_free_json_full_of_hidden_characters_has_a_bounded_number_of_faults() -> None:
    data = json.dumps(["\u202e" * 1_000] * 1_000, ensure_ascii=False).encode()
    assert len(find_free_json_faults(data, place="/p", limits=DEFAULT_LIMITS)) == MAX_FINDINGS


class Steps:
    """A clock that goes on by one second at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        self.now += 1
        return self.now


def test_a_check_that_takes_too_long_is_given_up_with_a_typed_error() -> None:
    texts = json.dumps(["word"] * 100).encode()
    with pytest.raises(LimitExceededError) as json_error:
        find_free_json_faults(
            texts, place="/p", limits=DEFAULT_LIMITS, deadline=Deadline(10, read_seconds=Steps().read)
        )
    assert (json_error.value.limit, json_error.value.place) == ("check_seconds", "/p")
    with pytest.raises(LimitExceededError):
        find_text_blob_faults(
            io.BytesIO(b"word " * 2_000_000),
            place="/p",
            scanner=DetectorScanner([]),
            declared_text=True,
            deadline=Deadline(10, read_seconds=Steps().read),
        )
    with pytest.raises(LimitExceededError):
        find_hidden_text("\u200d" * 2_000_000, deadline=Deadline(10, read_seconds=Steps().read))


def _build(prompt: str) -> list[tuple[str, str]]:
    tree = make_tree({".yoi/profiles/p.md": ("---\ndescription: A profile.\n---\n" + prompt).encode()})
    result = build_bundle(tree, scanner=DetectorScanner([RuleDetector()]), workspace="w")
    assert result.bundle is None
    return [(one.rule, one.severity) for one in result.diagnostics]


@pytest.mark.parametrize("unit", ["\ufe0f", "\u202e\n"])
def test_a_build_of_hidden_characters_says_the_first_two_hundred(unit: str) -> None:
    said = _build(unit * 30_000)
    assert 1 <= said.count(("bundle.hidden_text", "error")) <= MAX_FINDINGS


def test_a_build_of_credentials_says_the_first_two_hundred_and_that_there_are_more() -> None:
    (kind,) = (one for one in TOKEN_KINDS if one.name == "github-classic")
    said = _build(f"see {make_token(kind)}\n" * 5_000)
    assert said.count(("bundle.secret_value", "error")) == MAX_FINDINGS
    assert said.count(("limit.exceeded", "error")) == 1
