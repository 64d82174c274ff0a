"""Plain American English: keep the words out that no colleague in Texas would say (issue 12, the writing guide)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ODD = re.compile(
    r"""\b(?:
    nobody | somebody | whoever | whom | whomever | anew | meanwhile | shall | thereof
    | honoured? | honored | wish(?:es)? | troubles? | manner | crew | beats | pulse | mend
    | everybody | of\ theirs | a\ moment\ ago | heard\ of | puts?\ right | which\ are\ what | all\ the\ same
    | slips?\ of | told\ of | tells\ of | but\ for | held\ against | any\ more | makes\ of | at\ will
    | otherwise\ than | none\ where | vouch(?:es)? | in\ hand | goes\ on
    | on\ the\ clock | put\ this\ list\ away | as\ long\ as\ no | it\ goes\ on
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)
# Names of stored columns, values and indexes, and of an account of the operating system: they stay.
STORED = re.compile(
    r"""="honoured_at"|="seconds_to_honour"|"honoured"|="trouble(?:_at)?"|="wished_at"
    |contacts_ui_wish|one_wish_per_number|wish_due_in_order|wish_stop_seen|_rows\("Wish"\)|"nobody\"""",
    re.VERBOSE,
)
SUFFIXES = {".py", ".html", ".md", ".css", ".js", ".txt", ".sh"}
PLACES = (
    "contacts_ui",
    "dashboard",
    "templates",
    "static",
    "sandbox",
    "bin",
    "tests",
    "docs",
    "README.md",
    "CONTRIBUTING.md",
)
# History that is applied, words that people text, and this list.
SKIPPED = (
    "contacts_ui/migrations",
    "contacts_ui/services/consent/phrases.py",
    "contacts_ui/services/files/opt_outs.py",
    "static/vendor",
    "tests/test_language.py",
)


def files(place: str) -> list[Path]:
    path = ROOT / place
    found = [path] if path.is_file() else sorted(path.rglob("*"))
    return [
        each
        for each in found
        if each.suffix in SUFFIXES
        and not any(str(each.relative_to(ROOT)).startswith(skipped) for skipped in SKIPPED)
    ]


def prose(path: Path) -> str:
    """Return what is read of a file: all of it, or of a test its names and docstrings."""
    text = path.read_text()
    if path.suffix != ".py" or not path.is_relative_to(ROOT / "tests"):
        return text
    return "\n".join(names_and_docstrings(ast.parse(text)))


def names_and_docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            yield getattr(node, "name", "")
            yield ast.get_docstring(node) or ""


def odd_words(text: str) -> list[str]:
    """Return the odd words of a text, also those inside names like `test_nobody_is_asked`."""
    return ODD.findall(STORED.sub("", text).replace("_", " "))


@pytest.mark.parametrize("place", PLACES)
def test_no_odd_words(place: str) -> None:
    found = {
        str(path.relative_to(ROOT)): sorted(set(map(str.lower, words)))
        for path in files(place)
        if (words := odd_words(prose(path)))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text", ["Nobody is stopped.", "def test_whoever_comes(): ...", "It is on the clock", "ANEW"]
)
def test_a_planted_word_is_found(text: str) -> None:
    assert odd_words(text)


@pytest.mark.parametrize(
    "text", ["row.completed_at", "No one is stopped.", "beatsman", "wished_at"]
)
def test_other_words_pass(text: str) -> None:
    assert not odd_words(text)


def test_a_test_is_read_by_its_names_and_docstrings(tmp_path: Path) -> None:
    tree = ast.parse('def test_it() -> None:\n    """Whoever."""\n    words = "nobody told me"\n')
    assert odd_words("\n".join(names_and_docstrings(tree))) == ["Whoever"]
