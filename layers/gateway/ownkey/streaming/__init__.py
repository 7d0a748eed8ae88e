"""From a provider's chunks to the caller's server-sent events."""
