"""What a request used, and what it costs: arithmetic and records, no I/O."""
