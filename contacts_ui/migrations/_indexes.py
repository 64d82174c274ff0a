"""Add an index to a large table while people work."""

from typing import Any

from django.db import migrations


class AddIndexConcurrently(migrations.AddIndex):
    """Add an index while others write, on PostgreSQL. Its migration is not atomic, and can be run again.

    Django's own operation for this knows PostgreSQL only, and stumbles over what an earlier run left half done.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Add it anew."""
        meanwhile = schema_editor.connection.vendor == "postgresql"
        name = schema_editor.quote_name(self.index.name)
        schema_editor.execute(f"DROP INDEX {'CONCURRENTLY' if meanwhile else ''} IF EXISTS {name}")
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.add_index(model, self.index, **({"concurrently": True} if meanwhile else {}))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Remove it, if an earlier run did not."""
        schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.quote_name(self.index.name)}")
