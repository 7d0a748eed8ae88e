"""The Lambda runtime loop that can stream: a client of the Lambda Runtime API, started in place of the managed one.

Polls for events, calls the handler, posts what it returns: whole or piece by piece, always in API Gateway's streaming
format. It knows nothing of the gateway and imports as little as it can, since all of it runs before the first request:
no HTTP library, no dataclasses, no typing. It reads Lambda's own environment variables, never ours.
"""
