"""An empty handler that returns given bytes: `python -m tests.bench.api_empty PORT < BYTES`."""

from __future__ import annotations

import sys

import uvicorn
from litestar import Litestar, Response, get


def main() -> None:
    """Serve until told to stop."""
    body = sys.stdin.buffer.read()

    @get("/")
    async def empty() -> Response[bytes]:
        return Response(body, media_type="application/json")

    app = Litestar([empty], openapi_config=None, logging_config=None)
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)


if __name__ == "__main__":
    main()
