"""A private Asterisk and the program on loopback: for trying things out, and for the tests."""
