"""The attributes by which a verb of BXML names its webhooks: URL, method and credentials."""

from dataclasses import dataclass, replace

from stasis_refer.core.application import Callback, Method
from stasis_refer.dialects.attributes import Attribute, value
from stasis_refer.dialects.markup import Element
from stasis_refer.dialects.webhook_urls import with_credentials
from stasis_refer.dialects.xml_verbs import METHODS, Reader


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook of a verb. ``credentials`` are user name and password, () where it has none."""

    url: Attribute[str]
    method: Attribute[Method]
    credentials: tuple[Attribute[str], ...] = ()

    @classmethod
    def named(cls, name: str, *credentials: str) -> "Webhook":
        """Return the webhook whose URL is the attribute ``<name>Url``."""
        return cls(
            Attribute(f"{name}Url", str, ""),
            Attribute(f"{name}Method", METHODS, Method.POST),
            tuple(Attribute(each, str, "") for each in credentials),
        )

    @property
    def attributes(self) -> tuple[Attribute[object], ...]:
        """All of them, the URL first."""
        return (self.url, self.method, *self.credentials)

    def read(self, element: Element, reader: Reader) -> Callback | None:
        """Return the address, None without a URL; raises DocumentError.

        The credentials become userinfo, in the place of any that the URL has.
        """
        callback = reader.optional(element, self.url, self.method)
        if callback is None:
            for attribute in self.credentials:
                reader.needs(element, attribute, self.url)
            return None
        if not self.credentials:
            return callback
        userinfo = (value(element, each) for each in self.credentials)
        return replace(callback, url=with_credentials(callback.url, *userinfo))


@dataclass(frozen=True, slots=True)
class WithFallback:
    """A webhook and the one that is asked where no BXML is to be had from it."""

    first: Webhook
    fallback: Webhook

    @classmethod
    def named(cls, name: str) -> "WithFallback":
        """Return the two whose URLs are ``<name>Url`` and ``<name>FallbackUrl``."""
        return cls(
            Webhook.named(name, "username", "password"),
            Webhook.named(f"{name}Fallback", "fallbackUsername", "fallbackPassword"),
        )

    @property
    def attributes(self) -> tuple[Attribute[object], ...]:
        """Those of both."""
        return (*self.first.attributes, *self.fallback.attributes)

    def read(self, element: Element, reader: Reader) -> Callback | None:
        """Return the address with its fallback, None without a URL; raises DocumentError."""
        callback = self.first.read(element, reader)
        fallback = self.fallback.read(element, reader)
        if callback is None:
            reader.needs(element, self.fallback.url, self.first.url)
            return None
        return replace(callback, fallback=fallback)
