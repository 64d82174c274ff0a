"""The static files as `collectstatic` keeps them: compressed, with a hash of the content in each name."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS: Final = ("css/", "js/")
# Comments on lines of their own, line ends in stylesheets, and space that says nothing: browsers need none of it.
NEEDLESS: Final = {
    ".css": re.compile(rb"/\*.*?\*/\s*|\s*\n\s*|(?<=[:,]) | (?=\{)|;(?=\s*\})", re.DOTALL),
    ".js": re.compile(rb"^[ \t]*//.*\n|^\s+", re.MULTILINE),
}


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    """WhiteNoise's storage, for files that were not collected too."""

    def stored_name(self, name: str) -> str:
        """Return the name with a hash, or the name itself if the file was not collected."""
        collected = self.hash_key(self.clean_name(name)) in self.hashed_files
        return str(super().stored_name(name)) if collected else name

    def _save(self, name: str, content: Any) -> str:
        """Write a file; our stylesheets and scripts without comments and indentation."""
        needless = NEEDLESS.get(Path(name).suffix) if name.startswith(OURS) else None
        if needless:
            content.seek(0)
            content = ContentFile(needless.sub(b"", content.read()))
        return str(super()._save(name, content))

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress only what an earlier start did not: a name with a hash means one content."""
        new = [path for path in paths if not self.exists(f"{path}.gz")]
        yield from super().compress_files(new)
