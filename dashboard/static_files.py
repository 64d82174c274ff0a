"""The static files as `collectstatic` keeps them: compressed, with a hash of the content in each name."""

from collections.abc import Iterable, Iterator

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    """WhiteNoise's storage, for files that were not collected too."""

    def stored_name(self, name: str) -> str:
        """Return the name with a hash, or the name itself if the file was not collected."""
        collected = self.hash_key(self.clean_name(name)) in self.hashed_files
        return str(super().stored_name(name)) if collected else name

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress only what an earlier start did not: a name with a hash means one content."""
        new = [path for path in paths if not self.exists(f"{path}.gz")]
        yield from super().compress_files(new)
