"""[traces] and [oidc] of the settings: where traces go, and who else may say who somebody is."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from bus.people import Role
from bus.setting_section import Fault, Section, says
from bus.setting_types import Secret, Url


class Traces(Section, frozen=True, kw_only=True):
    """[traces]: OpenTelemetry over OTLP/HTTP; needs the libraries of deploy/requirements-extras.lock."""

    otlp: Annotated[
        Url | None, says("where spans are sent, with its path, like http://127.0.0.1:4318/v1/traces")
    ] = None
    share: Annotated[float, says("of all traces, whole ones", vi="tỷ lệ vết", least=0.0, most=1.0)] = 1.0


class Oidc(Section, frozen=True, kw_only=True):
    """[oidc]: sign-in to the console at a provider; needs the libraries of deploy/requirements-extras.lock.

    People of `person add` can always sign in: they are there for the night when the provider is not.
    """

    issuer: Annotated[
        Url | None, says("the provider, as it calls itself; empty: nobody signs in there", vi="nhà cung cấp")
    ] = None
    client_id: Annotated[str, says("our name at the provider")] = ""
    client_secret: Annotated[
        Secret | None, says("our secret there; empty: a public client, by PKCE alone")
    ] = None
    public_url: Annotated[
        Url | None, says("the console as browsers reach it; the provider sends them back to /oidc/back there")
    ] = None
    title: Annotated[str, says("what the button says", vi="tên trên nút")] = "OIDC"
    login_claim: Annotated[str, says("the claim that is the name to sign in with")] = "preferred_username"
    roles_claim: Annotated[str, says("the claim that names roles; a dot leads into it")] = "roles"
    roles: Annotated[
        dict[str, Role], says("word of that claim -> role here; who has none stays out", vi="vai trò")
    ] = msgspec.field(default_factory=dict)

    def faults(self) -> Iterator[Fault]:
        """A provider needs our name, our address and at least one role."""
        if self.issuer is None:
            return
        for name in ("client_id", "public_url", "roles"):
            if not getattr(self, name):
                yield Fault(name, f'"issuer" needs "{name}" beside it')
