"""Pictures of items, handed out from the catalog that the engine was fitted with."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from llm4rec.apps.web.facts import picture_of
from llm4rec.apps.web.visit import Visit

PICTURES = "/picture/"
router = APIRouter()


@router.get(PICTURES + "{item:path}")
async def picture(request: Request, item: str) -> Response:
    """One picture; 404 where there is none."""
    found = await Visit.of(request).handed(lambda live: picture_of(live, item))
    if found is None:
        return Response(status_code=404)
    return Response(found[0], media_type=found[1], headers={"cache-control": "private, max-age=3600"})
