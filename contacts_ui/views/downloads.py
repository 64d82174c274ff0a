"""Send a file to the browser."""

from django.http import StreamingHttpResponse

from contacts_ui.services.files.writing import Download


def sent(made: Download) -> StreamingHttpResponse:
    """Stream a file as it is made."""
    response = StreamingHttpResponse(made.chunks, content_type=made.kind.content_type)
    response["Content-Disposition"] = f'attachment; filename="{made.name}.{made.kind}"'
    # Compressing would take longer than everything else, and a proxy that collects it first would lose the stream.
    response["Content-Encoding"] = "identity"
    response["X-Accel-Buffering"] = "no"
    return response
