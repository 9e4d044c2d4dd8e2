"""What the user types into a shell to have something be so. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell that the user may have: any POSIX one, or PowerShell on ``windows``."""

    windows: bool = False

    def exports(self, name: str, value: str) -> str:
        """Return the command that gives an environment variable a value."""
        return f'$env:{name} = "{value}"' if self.windows else f"export {name}={value}"

    def unsets(self, name: str) -> str:
        """Return the command that takes an environment variable away."""
        return f"Remove-Item Env:{name}" if self.windows else f"unset {name}"

    def with_variable(self, name: str, value: str, command: str) -> str:
        """Return the command that runs another with an environment variable."""
        if self.windows:
            return f"{self.exports(name, value)}; {command}"
        return f"{name}={value} {command}"

    def then(self, *commands: str) -> str:
        """Return the command that runs some, one after the other.

        PowerShell has ``&&`` only from version 7 on, and Windows comes with 5.1.
        """
        return ("; " if self.windows else " && ").join(commands)
