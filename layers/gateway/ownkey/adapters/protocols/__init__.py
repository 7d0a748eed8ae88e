"""Wire formats as pure functions: `render_*` makes a provider's request, `parse_*` reads its answer.

One module or package a format, and the few readings that they share. Nothing here does I/O or knows a slug: a fact that
differs between providers of one format is a field of their rows.
"""
