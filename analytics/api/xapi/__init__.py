"""The resources of xAPI below /xapi/: each view parses, calls `analytics.lrs` and answers."""
