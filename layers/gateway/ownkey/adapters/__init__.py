"""Providers: where they are, how they are spoken to, and what may be sent to them.

`registry.py` is the table of facts, `protocols/` the wire formats as pure functions, `transport.py` the only code that
opens a connection to a provider, and `adapter.py` the three put together.
"""
