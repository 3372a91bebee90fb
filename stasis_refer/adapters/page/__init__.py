"""The page at ``/``: what became of the transfers, for who would rather look than read."""
