BEGIN TRANSACTION;
CREATE TABLE call_kinds (
            number INTEGER PRIMARY KEY,
            application TEXT NOT NULL,
            status TEXT NOT NULL,
            live INTEGER NOT NULL,
            UNIQUE (application, status, live)
        );
INSERT INTO "call_kinds" VALUES(1,'support','completed',0);
CREATE TABLE call_log (
            call TEXT NOT NULL,
            number INTEGER NOT NULL,  -- of the first step
            place TEXT NOT NULL,
            wall REAL NOT NULL,  -- of the last
            steps TEXT NOT NULL,  -- a line each: its times, what was asked for, JSON
            PRIMARY KEY (call, number)
        ) WITHOUT ROWID
        ;
INSERT INTO "call_log" VALUES('c2',1,'stasis_refer at there',9999999999.0,'1.0	9999999999.0	asked	said');
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
        );
INSERT INTO "calls" VALUES(1,1,'c1',1,'','support','twiml','inbound','+491234','Alice','support','completed',1764000000.0,1764000001.0,1764000009.0,'');
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
        );
INSERT INTO "outbox" VALUES(1,1,'t1','c1','support','twiml','event','POST','https://user:pass@example.com/status?a=1','{"CallSid": "CA1", "SipResponseCode": 486, "From": "J\u00f6rg \ud83d\udcde", "none": null}',1764000000.0,0,1764000000.0,'',NULL);
CREATE TABLE owed (
            call TEXT NOT NULL,
            number INTEGER NOT NULL,  -- of the transfer
            owner INTEGER NOT NULL,
            application TEXT NOT NULL,
            dialect TEXT NOT NULL,
            said TEXT NOT NULL,
            PRIMARY KEY (call, number)
        ) WITHOUT ROWID
        ;
CREATE TABLE request_keys (
            number INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,  -- a digest, and so is the next
            fingerprint TEXT NOT NULL,
            began TEXT NOT NULL,  -- the id of a transfer, '' where it is not known
            at REAL NOT NULL
        );
INSERT INTO "request_keys" VALUES(1,'k','f','c1-1',1.79536436296497511865e+09);
CREATE TABLE rungs (
            number INTEGER PRIMARY KEY,
            transfer INTEGER NOT NULL,
            count INTEGER NOT NULL,  -- of its messages
            messages TEXT NOT NULL  -- JSON: time, 1 if by Asterisk, first line, headers, body
        );
INSERT INTO "rungs" VALUES(1,1,3,'[[1764000000.0,1,"REFER sip:caller@127.0.0.1:17001 SIP/2.0",[["CSeq","7 REFER"],["Refer-To","<sip:4001@example.com>"]],""],[1764000000.01,0,"SIP/2.0 202 Accepted",[["CSeq","7 REFER"]],""],[1764000004.25,0,"NOTIFY sip:support@127.0.0.1 SIP/2.0",[["Event","refer"],["Subscription-State","terminated;reason=noresource"]],"SIP/2.0 486 Busy Here\r\nContact: <sip:x@y>"]]');
INSERT INTO "rungs" VALUES(2,2,3,'[[1764000000.0,1,"REFER sip:caller@127.0.0.1:17001 SIP/2.0",[["CSeq","7 REFER"],["Refer-To","<sip:4001@example.com>"]],""],[1764000000.01,0,"SIP/2.0 202 Accepted",[["CSeq","7 REFER"]],""],[1764000004.25,0,"NOTIFY sip:support@127.0.0.1 SIP/2.0",[["Event","refer"],["Subscription-State","terminated;reason=noresource"]],"SIP/2.0 486 Busy Here\r\nContact: <sip:x@y>"]]');
CREATE TABLE transfer_kinds (
            number INTEGER PRIMARY KEY,
            application TEXT NOT NULL,
            direction TEXT NOT NULL,
            policy_group TEXT NOT NULL,
            outcome TEXT NOT NULL,  -- '' while under way
            refer_code INTEGER NOT NULL,  -- 0 where there is none
            notify_code INTEGER NOT NULL,
            UNIQUE (application, direction, policy_group, outcome, refer_code, notify_code)
        );
INSERT INTO "transfer_kinds" VALUES(1,'support','sent','default','',0,0);
INSERT INTO "transfer_kinds" VALUES(2,'support','sent','default','busy',202,486);
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
        );
INSERT INTO "transfers" VALUES(1,1,'c1',1,1,'support','twiml','sent','sip:4001@example.com','default','','+491234','support',1764000000.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'');
INSERT INTO "transfers" VALUES(2,1,'c1',2,2,'support','twiml','sent','sip:4001@example.com','default','','+491234','support',1764000000.0,1764000000.01,1764000001.0,1764000004.25,202,486,'busy','final_notify','sip','');
CREATE INDEX outbox_given_up ON outbox (given_up_at) WHERE given_up_at IS NOT NULL;
CREATE INDEX outbox_owner ON outbox (owner) WHERE given_up_at IS NULL;
CREATE INDEX transfers_kind ON transfers (kind, began_at);
CREATE INDEX calls_kind ON calls (kind, started_at);
CREATE INDEX calls_caller ON calls (caller, started_at);
CREATE INDEX calls_dialed ON calls (dialed, started_at);
CREATE INDEX calls_parent ON calls (parent, started_at) WHERE parent <> '';
CREATE INDEX rungs_transfer ON rungs (transfer);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',1);
COMMIT;
PRAGMA user_version = 3;
