"""Sockets, disk, Prometheus: the ports of the runtime, for real. They never import one another."""
