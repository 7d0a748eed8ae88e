"""Providers: where they are, how they are spoken to, and what may be sent to them.

`registry/` is the table of facts and `protocols/` the wire formats as pure functions. `transport.py` is the only way to
a provider: `egress.py` says where it may go, `connections.py` opens the sockets, `pooling.py` keeps them. `adapter.py`
puts the three together.
"""
