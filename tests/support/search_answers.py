"""What search engines answer, in their own formats."""

EXA_ANSWER = {
    "requestId": "r-1",
    "results": [
        {
            "id": "https://docs.example/",
            "url": "https://docs.example/",
            "title": "Pydantic AI",
            "highlights": ["An agent framework."],
            "publishedDate": "2026-01-02T00:00:00.000Z",
            "score": 0.9,
        },
        {"id": "2", "url": "https://blog.example/", "title": "A blog", "highlights": ["About agents."]},
    ],
    "costDollars": {"total": 0.007},
}
TAVILY_ANSWER = {
    "query": "Pydantic AI",
    "answer": "It is an agent framework.",
    "images": [],
    "results": [
        {"title": "Pydantic AI", "url": "https://docs.example/", "content": "An agent framework.", "score": 0.8}
    ],
    "response_time": 1.2,
    "request_id": "r-2",
}
