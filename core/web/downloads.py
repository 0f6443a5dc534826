"""`GET /downloads?ticket=…`: an export as a stream from its file, for whoever holds a ticket that a page gave them."""

from typing import Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.desk import Desk, DeskError
from core.model.people import NotAllowedError
from core.store.exports import Export

PATH: Final = "/downloads"
_NOT_KEPT: Final = {"Cache-Control": "no-store"}
_NO_TICKET: Final = "This link was good for ten minutes. Go back to the page, reload it, and download again.\n"


class Downloads:
    """The endpoint. The ticket stands in the query, which the log leaves out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def route(self) -> Route:
        return Route(PATH, self.download)

    async def download(self, request: Request) -> Response:
        """The file; 403 without a good ticket, 404 where the file is gone."""
        try:
            export = await anyio.to_thread.run_sync(self._of_ticket, request.query_params.get("ticket", ""))
        except (DeskError, NotAllowedError) as error:
            status = 403 if isinstance(error, NotAllowedError) else 404
            return PlainTextResponse(f"{error}\n", status, _NOT_KEPT)
        if export is None or export.path is None:
            return PlainTextResponse(_NO_TICKET, 403, _NOT_KEPT)
        return FileResponse(export.path, headers=_NOT_KEPT, filename=export.name, media_type="application/octet-stream")

    def _of_ticket(self, token: str) -> Export | None:
        return self._desk.file_of_ticket(token)
