"""The static files as `collectstatic` makes them: a browser asks for one stylesheet and one script, not for twenty.

In development every file is served as it lies there, and the browser follows the imports itself.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Where our own files lie; those of others stay as they are.
_OURS: Final = ("css/", "js/")
_IMPORT: Final = re.compile(r'^@?import "([^"]+)";?$', re.MULTILINE)
# What only its writers read: comments that have lines of their own, and indentation.
_COMMENT: Final = re.compile(r"^\s*(?://.*|/\*(?:(?!\*/).)*\*/)$", re.MULTILINE)
_LINE_BREAK: Final = re.compile(r"\s*\n\s*")


class JoinedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    """WhiteNoise's storage, given each of our files with what it imports already inside it."""

    def stored_name(self, name: str) -> str:
        """The name with a hash in it; the file's own where it was not collected: no page shall be a 500 for that."""
        collected = self.hash_key(self.clean_name(name)) in self.hashed_files
        return str(super().stored_name(name)) if collected else name

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """A name with a hash stands for one content: what an earlier start has compressed stays as it is."""
        new = [path for path in paths if not self.exists(f"{path}.gz")]
        yield from super().compress_files(new)

    def post_process(self, paths: dict[str, Any], **options: Any) -> Iterator[Any]:
        joined = InMemoryStorage()
        ours = [name for name in paths if name.startswith(_OURS)]
        for name in ours:
            text = _LINE_BREAK.sub("\n", _COMMENT.sub("", _joined(name, paths)))
            joined.save(name, ContentFile(text))
        yield from super().post_process(paths | {name: (joined, name) for name in ours}, **options)


def _joined(name: str, paths: dict[str, Any]) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        text = file.read().decode()

    def inside(found: re.Match[str]) -> str:
        imported = _joined(posixpath.normpath(posixpath.join(name, "..", found[1])), paths)
        # A script's names are its own, as they are in a module.
        return f"{{\n{imported}\n}}" if name.endswith(".js") else imported

    return _IMPORT.sub(inside, text)
