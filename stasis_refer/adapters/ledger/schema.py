"""The tables of the ledger, as each version of the program has made them."""

from typing import Final

MIGRATIONS: Final = (
    (
        """
        CREATE TABLE outbox (
            number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, unlike a rowid
            owner INTEGER NOT NULL,
            id TEXT NOT NULL,
            call TEXT NOT NULL,
            application TEXT NOT NULL,
            dialect TEXT NOT NULL,
            kind TEXT NOT NULL,
            method TEXT NOT NULL,
            url TEXT NOT NULL,
            fields TEXT NOT NULL,
            made_at REAL NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0,
            next_at REAL NOT NULL,
            why TEXT NOT NULL DEFAULT '',
            given_up_at REAL
        )
        """,
        "CREATE INDEX outbox_given_up ON outbox (given_up_at) WHERE given_up_at IS NOT NULL",
        "CREATE INDEX outbox_owner ON outbox (owner) WHERE given_up_at IS NULL",
    ),
)
"""What makes version n of the schema out of version n - 1; ``user_version`` counts them."""
