"""The passphrases of private keys: read by reference, or asked of the person, and never kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rosterbus.errors import ConfigError
from rosterbus.secrets import SecretReference

ALLOWED = "[WHO=]env:NAME, [WHO=]file:PATH or [WHO=]keyring:SERVICE/USER"


@dataclass(frozen=True)
class Passphrases:
    """Where each person's passphrase is: by name, one for all others, or by asking `ask` with the name.

    `none` is true where new keys are to have no passphrase.
    """

    by_person: Mapping[str, SecretReference] = field(default_factory=dict)
    for_all: SecretReference | None = None
    ask: Callable[[str], str] | None = None
    none: bool = False

    @classmethod
    def parse(
        cls, values: Sequence[str], *, ask: Callable[[str], str] | None = None, none: bool = False
    ) -> Passphrases:
        """Read what the command line says; raises ConfigError for what is no reference."""
        by_person, for_all = {}, None
        for value in values:
            who, equals, reference = value.rpartition("=")
            kind, colon, name = reference.partition(":")
            try:
                parsed = SecretReference.parse({kind: name} if colon else None)
            except ValueError as error:
                # The value may be the passphrase itself, so it is not repeated.
                msg = "this names no place of a passphrase"
                raise ConfigError(msg, key="--passphrase", allowed=ALLOWED) from error
            if equals:
                by_person[who] = parsed
            else:
                for_all = parsed
        return cls(by_person, for_all, ask, none)

    def of(self, who: str) -> str | None:
        """A person's passphrase, None where new keys are to have none; raises ConfigError where it is unknown."""
        reference = self.by_person.get(who, self.for_all)
        if reference is not None:
            return reference.reveal()
        if self.none:
            return None
        if self.ask is None:
            raise ConfigError(f"the passphrase of {who} is needed", key="--passphrase", allowed=ALLOWED)
        return self.ask(who)
