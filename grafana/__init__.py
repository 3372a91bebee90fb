"""Dashboards as code: ``python -m grafana`` writes the JSON that Grafana reads.

Not part of the program: ``make dashboards`` and the tests use it.
"""
