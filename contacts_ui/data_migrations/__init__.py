"""Work that a migration does on data, too long to stand in the migration itself."""
