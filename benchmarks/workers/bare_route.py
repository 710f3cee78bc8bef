"""A bare FastAPI route that takes a question and gives ten fixed items: what HTTP alone costs. Run by uvicorn."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel


class Question(BaseModel):
    """A user and how many."""

    user: str
    n: int = 10


app = FastAPI()


@app.post("/recommend")
async def recommend(question: Question) -> dict[str, list[dict[str, object]]]:
    """The same for everybody."""
    return {"items": [{"item": f"i{n}", "score": 1.0, "title": "title"} for n in range(question.n)]}
