"""Which planted credentials are refused, warned about or missed, by kind and place; and what scanning costs.

    .venv/bin/python benchmarks/secret_matrix.py                      the matrix, misses included
    .venv/bin/python benchmarks/secret_matrix.py --scanners           each scanner alone, as it is shipped
    .venv/bin/python benchmarks/secret_matrix.py --cost               start and throughput on 20 MB of prose
    .venv/bin/python benchmarks/secret_matrix.py --texts DIRECTORY    what each scanner says of real texts

The credentials are random and of the forms that providers give them; no real one is needed or used.
"""

import argparse
import collections
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import betterleaks
import kingfisher_sdk

from support.bundles.secret_places import PLACES, TEXT_PLACES, judge_place
from support.bundles.secret_tokens import TOKEN_KINDS, make_token
from yoi_bundle.boundary.default_scanner import create_scanner
from yoi_bundle.boundary.rule_detector import RuleDetector
from yoi_bundle.boundary.scanner import DetectorScanner, SecretScanner

PROSE_BYTES = 20_000_000
FILE_BYTES = 10_000
_SENTENCES = """
the reader asks for a book and the clerk looks it up in the catalogue before going to the shelves; `file.read`
the token of a lending desk is returned with its key: value pairs, see https://example.com/docs and `npm run`
"""
_WORDS = _SENTENCES.split()


def print_matrix(samples: int, cache_directory: Path) -> None:
    scanner = create_scanner(cache_directory=cache_directory)
    print(f"{samples} random values a cell: R refused, w warned, . missed; a mixed cell counts each")
    print_table(PLACES, samples, lambda place, token: judge_place(place, token, scanner))


def print_scanners(samples: int, cache_directory: Path) -> None:
    native = kingfisher_sdk.Scanner(kingfisher_sdk.Rules(confidence="medium", cache_dir=cache_directory))
    own = DetectorScanner([RuleDetector()])

    def ask_kingfisher(place: str, token: str) -> str:
        return "refused" if any(one.visible for one in native.scan(TEXT_PLACES[place](token))) else "missed"

    def ask_betterleaks(place: str, token: str) -> str:
        return "refused" if betterleaks.scan_string(TEXT_PLACES[place](token).decode()) else "missed"

    def ask_own(place: str, token: str) -> str:
        return judge_place(place, token, own)

    for name, ask in (
        ("kingfisher", ask_kingfisher),
        ("betterleaks", ask_betterleaks),
        ("own rules", ask_own),
    ):
        print(f"\n{name} alone")
        print_table(tuple(TEXT_PLACES), samples, ask)


def print_table(places: tuple[str, ...], samples: int, judge: Callable[[str, str], str]) -> None:
    letters = {"refused": "R", "warned": "w", "missed": "."}
    for index, place in enumerate(places):
        print(f"  {chr(ord('a') + index)} = {place}")
    print(f"{'':22}" + "".join(f"{chr(ord('a') + index):>6}" for index in range(len(places))))
    totals = {place: collections.Counter[str]() for place in places}
    for kind in TOKEN_KINDS:
        cells = []
        for place in places:
            counts = collections.Counter(judge(place, make_token(kind, seed)) for seed in range(samples))
            totals[place].update({(kind.form, verdict): number for verdict, number in counts.items()})
            mixed = len(counts) > 1
            cells.append(
                "".join(f"{letters[one]}{counts[one] if mixed else ''}" for one in letters if counts[one])
            )
        print(f"{kind.name:22}" + "".join(f"{cell:>6}" for cell in cells))
    for form in ("structured", "unlisted", "opaque"):
        kinds = sum(kind.form == form for kind in TOKEN_KINDS)
        for verdict, letter in letters.items():
            shares = [100 * totals[place][(form, verdict)] / (kinds * samples) for place in places]
            print(f"{form} {letter} %".ljust(22) + "".join(f"{share:6.1f}" for share in shares))


def make_prose() -> list[tuple[str, bytes]]:
    rng = random.Random(7)
    texts = []
    for number in range(PROSE_BYTES // FILE_BYTES):
        words = rng.choices(_WORDS, k=FILE_BYTES // 5)
        lines = [" ".join(words[start : start + 14]) for start in range(0, len(words), 14)]
        texts.append((f"text-{number}.md", "\n".join(lines).encode()[:FILE_BYTES]))
    return texts


def print_cost() -> None:
    texts = make_prose()
    megabytes = sum(len(data) for _, data in texts) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        cold = measure(lambda: start(Path(folder)))
        warm = measure(lambda: start(Path(folder)))
    uncached = measure(lambda: start(None))
    print(
        f"kingfisher, start      without cache {uncached:.2f} s, first with it {cold:.2f} s, then {warm:.2f} s"
    )
    print(f"betterleaks, start     {measure(lambda: betterleaks.scan_string('x')):.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        native = kingfisher_sdk.Scanner(kingfisher_sdk.Rules(confidence="medium", cache_dir=folder))
        whole = create_scanner(cache_directory=Path(folder))
        whole.scan([("x", b"x")])
        for name, scan in (
            ("kingfisher", lambda: [native.scan(data) for _, data in texts]),
            ("betterleaks", lambda: [betterleaks.scan_string(data.decode()) for _, data in texts]),
            ("own rules", lambda: DetectorScanner([RuleDetector()]).scan(texts)),
            ("own + kingfisher", lambda: whole.scan(texts)),
        ):
            seconds = measure(scan)
            print(f"{name:22} {megabytes:.0f} MB in {seconds:.2f} s, {megabytes / seconds:.0f} MB/s")


def start(cache_directory: Path | None) -> None:
    cached = cache_directory is not None
    rules = kingfisher_sdk.Rules(confidence="medium", cache=cached, cache_dir=cache_directory)
    kingfisher_sdk.Scanner(rules).scan(b"x")


def measure(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def print_texts(directory: Path, cache_directory: Path) -> None:
    files = sorted(path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    texts = [(str(path.relative_to(directory)), path.read_bytes()) for path in files]
    megabytes = sum(len(data) for _, data in texts) / 1e6
    print(f"{len(texts)} files, {megabytes:.1f} MB")
    native = kingfisher_sdk.Scanner(kingfisher_sdk.Rules(confidence="medium", cache_dir=cache_directory))
    found = sum(one.visible for _, data in texts for one in native.scan(data))
    print(f"kingfisher alone       {found} findings")
    found = sum(len(betterleaks.scan_string(data.decode(errors="replace"))) for _, data in texts)
    print(f"betterleaks alone      {found} findings")
    whole: SecretScanner = create_scanner(cache_directory=cache_directory)
    findings = whole.scan(texts)
    refused = [one for one in findings if not one.doubtful]
    print(f"own + kingfisher       {len(refused)} refused, {len(findings) - len(refused)} warned")
    for rule, number in collections.Counter((one.rule, one.doubtful) for one in findings).most_common():
        print(f"    {number:4} {rule[0]} {'warned' if rule[1] else 'refused'}")
    for one in refused:
        print(f"    {one.place}:{one.line} {one.rule}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--scanners", action="store_true")
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--texts", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.cost:
            print_cost()
        elif options.texts is not None:
            print_texts(options.texts, Path(folder))
        elif options.scanners:
            print_scanners(options.samples, Path(folder))
        else:
            print_matrix(options.samples, Path(folder))


if __name__ == "__main__":
    main()
