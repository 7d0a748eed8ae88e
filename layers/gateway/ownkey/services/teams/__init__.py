"""What people do with teams: who may do it stands in one table, `access.py`; each use case has a module of its own."""
