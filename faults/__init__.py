"""Faults: what the program does when Asterisk, network, disk or clock fail under load."""
