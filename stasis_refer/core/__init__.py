"""The pure machine: events in, intents out. It knows no clock, no socket and no vendor."""
