"""Ways in: a format's reader -> named cleaning steps -> COPY and set-based inserts -> a ledger that adds up."""
