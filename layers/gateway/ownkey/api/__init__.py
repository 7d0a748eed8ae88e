"""The HTTP edge: API Gateway events in, proxy responses out, errors to statuses."""
