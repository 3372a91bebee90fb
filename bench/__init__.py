"""The bench: what a transfer costs the program, side by side with Asterisk's bare dialplan."""
