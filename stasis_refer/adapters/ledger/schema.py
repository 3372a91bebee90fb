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
    (
        """
        CREATE TABLE call_log (
            call TEXT NOT NULL,
            number INTEGER NOT NULL,  -- of the step
            place TEXT NOT NULL,
            at REAL NOT NULL,
            wall REAL NOT NULL,
            said TEXT NOT NULL,
            asked TEXT NOT NULL,
            PRIMARY KEY (call, number)
        ) WITHOUT ROWID
        """,
        # Times are in seconds since 1970.  What a list can be filtered by is in the kinds: there
        # are few of them, and the newest rows of each are found at once, however rare it is.
        # Each further index would be a page more that every transfer writes.
        """
        CREATE TABLE transfer_kinds (
            number INTEGER PRIMARY KEY,
            application TEXT NOT NULL,
            direction TEXT NOT NULL,
            policy_group TEXT NOT NULL,
            outcome TEXT NOT NULL,  -- '' while under way
            refer_code INTEGER NOT NULL,  -- 0 where there is none
            notify_code INTEGER NOT NULL,
            UNIQUE (application, direction, policy_group, outcome, refer_code, notify_code)
        )
        """,
        """
        CREATE TABLE transfers (
            number INTEGER PRIMARY KEY,
            owner INTEGER NOT NULL,
            call TEXT NOT NULL,
            nth INTEGER NOT NULL,  -- of the call's transfers
            kind INTEGER NOT NULL,
            application TEXT NOT NULL,
            dialect TEXT NOT NULL,
            direction TEXT NOT NULL,
            target TEXT NOT NULL,
            policy_group TEXT NOT NULL,
            referred_by TEXT NOT NULL,
            caller TEXT NOT NULL,
            dialed TEXT NOT NULL,
            began_at REAL NOT NULL,
            accepted_at REAL,
            ringing_at REAL,
            ended_at REAL,
            refer_code INTEGER,
            notify_code INTEGER,
            outcome TEXT,
            reason TEXT,
            evidence TEXT,
            detail TEXT NOT NULL,
            UNIQUE (call, nth)
        )
        """,
        "CREATE INDEX transfers_kind ON transfers (kind, began_at)",
        """
        CREATE TABLE rungs (
            number INTEGER PRIMARY KEY,
            transfer INTEGER NOT NULL,
            at REAL NOT NULL,
            sent INTEGER NOT NULL,  -- 1: by Asterisk
            first_line TEXT NOT NULL,
            headers TEXT NOT NULL,  -- JSON: a list of names and values
            body TEXT NOT NULL
        )
        """,
        "CREATE INDEX rungs_transfer ON rungs (transfer)",
        """
        CREATE TABLE call_kinds (
            number INTEGER PRIMARY KEY,
            application TEXT NOT NULL,
            status TEXT NOT NULL,
            live INTEGER NOT NULL,
            UNIQUE (application, status, live)
        )
        """,
        """
        CREATE TABLE calls (
            number INTEGER PRIMARY KEY,
            owner INTEGER NOT NULL,
            key TEXT NOT NULL UNIQUE,
            kind INTEGER NOT NULL,
            parent TEXT NOT NULL,
            application TEXT NOT NULL,
            dialect TEXT NOT NULL,
            direction TEXT NOT NULL,
            caller TEXT NOT NULL,
            caller_name TEXT NOT NULL,
            dialed TEXT NOT NULL,
            status TEXT NOT NULL,
            started_at REAL NOT NULL,
            answered_at REAL,
            ended_at REAL,
            tag TEXT NOT NULL
        )
        """,
        "CREATE INDEX calls_kind ON calls (kind, started_at)",
        "CREATE INDEX calls_caller ON calls (caller, started_at)",
        "CREATE INDEX calls_dialed ON calls (dialed, started_at)",
        "CREATE INDEX calls_parent ON calls (parent, started_at) WHERE parent <> ''",
    ),
    (
        # What is written at once is one row: a statement takes longer than what it writes.
        "DROP TABLE call_log",  # another version takes no call up in any case
        """
        CREATE TABLE call_log (
            call TEXT NOT NULL,
            number INTEGER NOT NULL,  -- of the first step
            place TEXT NOT NULL,
            wall REAL NOT NULL,  -- of the last
            steps TEXT NOT NULL,  -- a line each: its times, what was asked for, JSON
            PRIMARY KEY (call, number)
        ) WITHOUT ROWID
        """,
        "ALTER TABLE rungs RENAME TO single_rungs",
        """
        CREATE TABLE rungs (
            number INTEGER PRIMARY KEY,
            transfer INTEGER NOT NULL,
            count INTEGER NOT NULL,  -- of its messages
            messages TEXT NOT NULL  -- JSON: time, 1 if by Asterisk, first line, headers, body
        )
        """,
        """
        INSERT INTO rungs (transfer, count, messages)
        SELECT transfer, 1, json_array(json_array(at, sent, first_line, json(headers), body))
        FROM single_rungs ORDER BY number
        """,
        "DROP TABLE single_rungs",
        "CREATE INDEX rungs_transfer ON rungs (transfer)",
        """
        CREATE TABLE request_keys (
            number INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,  -- a digest, and so is the next
            fingerprint TEXT NOT NULL,
            began TEXT NOT NULL,  -- the id of a transfer, '' where it is not known
            at REAL NOT NULL
        )
        """,
        """
        CREATE TABLE owed (
            call TEXT NOT NULL,
            number INTEGER NOT NULL,  -- of the transfer
            owner INTEGER NOT NULL,
            application TEXT NOT NULL,
            dialect TEXT NOT NULL,
            said TEXT NOT NULL,
            PRIMARY KEY (call, number)
        ) WITHOUT ROWID
        """,
    ),
    (
        "ALTER TABLE transfers ADD COLUMN rule TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE calls ADD COLUMN rule TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE calls ADD COLUMN reason TEXT NOT NULL DEFAULT ''",
        """
        CREATE TABLE quota_uses (
            scope TEXT NOT NULL,  -- what the name is of
            name TEXT NOT NULL,
            since REAL NOT NULL,  -- when the first of them was
            uses INTEGER NOT NULL,
            until REAL NOT NULL,  -- when they count no more
            PRIMARY KEY (scope, name, since)
        ) WITHOUT ROWID
        """,
    ),
)
"""What makes version n of the schema out of version n - 1; ``user_version`` counts them."""
