"""Call transfer over SIP REFER on your own Asterisk, driven by webhook voice applications."""

from importlib.metadata import version

__version__ = version("stasis-refer")
