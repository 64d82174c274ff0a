"""Print how well the phrases tell stops from other messages: precision, recall, counts, and each miss.

.venv/bin/python bin/measure_phrases.py tests/services/consent/messages/held_back.csv

Each file has the columns `text` and `label`. `always` and `may_be` are stops; `start` and `other` are not. The figures
are for "stop or not", since both kinds of stop hold texts at once.
"""

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contacts_ui.services.consent.phrases import Judgment, Meaning, judge

STOPS = {Meaning.ALWAYS_STOPS, Meaning.MAY_BE_STOP}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--quiet", action="store_true", help="Print figures only, no messages")
    options = parser.parse_args()
    for file in options.files:
        print_figures(file, quiet=options.quiet)


def print_figures(file: Path, *, quiet: bool) -> None:
    """Print the figures of one file. Raises KeyError for a missing column, ValueError for an unknown label."""
    with file.open(encoding="utf-8", newline="") as opened:
        rows = [(row["text"], Meaning(row["label"].strip())) for row in csv.DictReader(opened)]
    judged = [(text, label, judge(text)) for text, label in rows]
    hits = Counter((label in STOPS, found.meaning in STOPS) for _text, label, found in judged)
    right, missed, false = hits[True, True], hits[True, False], hits[False, True]
    print(f"{file.name}: {len(rows)} messages, {right + missed} of them stops")
    print(f"  precision {share(right, right + false)}  recall {share(right, right + missed)}")
    print(f"  {right} found, {missed} missed, {false} false, {hits[False, False]} left alone")
    print_kinds(judged)
    if not quiet:
        for text, label, found in judged:
            if (label in STOPS) != (found.meaning in STOPS):
                kind = "missed" if label in STOPS else f"false ({found.row})"
                print(f"  {kind}: {label.value}: {text!r}")


def print_kinds(judged: list[tuple[str, Meaning, Judgment]]) -> None:
    """Print how many of each label were found as which meaning."""
    kinds = Counter((label, found.meaning) for _text, label, found in judged)
    print(f"  {'label':<8}" + "".join(f"{f'as {each.value}':>11}" for each in Meaning))
    for label in Meaning:
        print(f"  {label.value:<8}" + "".join(f"{kinds[label, each]:>11}" for each in Meaning))


def share(part: int, whole: int) -> str:
    """Return a share in percent, with its counts."""
    return f"{part / whole:.1%} ({part}/{whole})" if whole else "none (0/0)"


if __name__ == "__main__":
    main()
