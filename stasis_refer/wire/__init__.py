"""Bytes and JSON to events: pure readers of what Asterisk and SIP put on the wire."""
