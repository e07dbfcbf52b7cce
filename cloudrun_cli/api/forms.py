"""Forms: what a browser or an OAuth library sends as application/x-www-form-urlencoded."""

from urllib.parse import parse_qs

from starlette.requests import Request

LONGEST_BODY = 65_536  # bytes; an assertion has about a thousand
_MOST_FIELDS = 32


async def form(request: Request) -> dict[str, str]:
    """The fields, the first of each name; what is no form, or too long for one, has none."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            return {}
    try:
        fields = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}
