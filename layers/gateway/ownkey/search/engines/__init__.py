"""One module a search engine: its options, and its wire format. Pure."""
