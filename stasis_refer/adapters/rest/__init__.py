"""REST: what somebody outside asks of live calls and of the ledger."""
