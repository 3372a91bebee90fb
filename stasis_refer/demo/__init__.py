"""The demo: real calls, one per situation, and what became of each transfer."""
