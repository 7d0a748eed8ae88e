"""The bodies of the management routes, as pydantic models that refuse unknown fields. The chat path has none."""
