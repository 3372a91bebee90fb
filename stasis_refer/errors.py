"""Errors that end a command of the command line, and what they say.

    StasisReferError              the message says where, what, and what to do
    ├── ConfigurationError        the configuration, by file and key
    ├── AsteriskMissing           (lab.asterisk) no private Asterisk is provisioned
    └── StartError                a port, a folder or a program that is not to be had

Inside the program expected failure is an event, never an exception that travels.
"""


class StasisReferError(Exception):
    """Base of all errors that a user can mend; ``str()`` is the whole story."""


class ConfigurationError(StasisReferError):
    """The configuration cannot be used; one line for each mistake."""


class StartError(StasisReferError):
    """Something that is needed to start is not to be had."""
