"""The web-search engines: one row an engine, pure rendering and parsing, and the searcher that calls them."""
