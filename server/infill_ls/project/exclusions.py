"""Which files are never completed, since there may be secrets in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from infill_ls.patterns import Patterns

# Patterns as in a .gitignore, for what people keep keys, passwords and tokens in; where a tool is
# meant, its documentation says so. Lower case, since files are compared so on every system.
DEFAULT_PATTERNS: Final = (
    *(
        "*.env.local",
        "*.env",
        ".env*",
        "!.env*.example",
        "!.env*.sample",
        "!.env*.template",
        "!.env.dist",
    ),
    "!.env*.ts",
    # Keys and certificates: OpenSSL, OpenSSH, PuTTY, Java, GnuPG.
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore", "*.gpg", "*.p8"),
    *("*.pem.*", "*.key.bak", "*.ovpn"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "!id_rsa*.go"),
    *("**/.ssh/*", "**/.gnupg/*"),
    # Passwords and tokens of tools.
    *(".netrc", "_netrc", ".npmrc", ".pypirc", ".git-credentials", ".pgpass", ".my.cnf"),
    *(".htpasswd", "htpasswd", ".dockercfg", "**/.docker/config.json", "**/.kube/*"),
    *("kubeconfig*", "*.kubeconfig", "!kubeconfig*.go", "!kubeconfig*/"),
    *("**/.aws/*", "**/.azure/*", "**/.oci/*", "**/gcloud/*.json", "**/gh/hosts.yml"),
    *("**/.cf/config.json", "application_default_credentials.json", ".databrickscfg", ".boto"),
    *(".s3cfg", "rclone.conf", ".smbcredentials", ".msmtprc", ".fetchmailrc", ".authinfo*"),
    *(".vault-token", ".terraformrc"),
    *("credentials*", ".credentials*", "*-credentials.json", "client_secret*.json"),
    # A folder of this name, and data with more between (secrets.prod.yaml); no source: secrets.py
    # is what reads them. Sketches for an Arduino have theirs in a header.
    *("secrets", ".secrets*", "*.secret", "*.secrets", "secret.json", "secret.toml"),
    *("secret.y*ml", "secrets*.y*ml", "secrets*.json*", "secrets*.toml", "secrets*.ini"),
    *("secrets*.env", "secrets*.conf", "secrets*.cfg", "secrets*.properties", "secrets*.xml"),
    *("secrets*.txt", "secrets*.csv", "secrets*.enc", "secrets*.sops", "secrets*.plist"),
    *("secrets.h", "arduino_secrets.h"),
    *("service-account*.json", "service_account*.json", "serviceaccountkey*.json"),
    *("*.tfvars", "*.tfvars.json", "*.tfstate*", "*.vault"),
    # Password managers, and what shells remember.
    *("*.kdbx", "*.kdb", "*.1pif", "*.1pux", "*.agilekeychain", "bitwarden_export*"),
    *("lastpass*.csv", "*passwords.csv", "*_history", "!*_history/", ".*_history"),
    *(".lesshst", ".viminfo", ".histfile"),
)
# Language ids of such files where a buffer has no name yet.
_LANGUAGES: Final = frozenset({"dotenv", "netrc", "pem"})


class Exclusions:
    """Tells which files are excluded.

    ``own``: the user's patterns, after :data:`DEFAULT_PATTERNS`; one with ``!`` before it takes
    back what an earlier one excludes. ``folders``: the workspace's, as absolute paths; the name of
    a directory above them excludes nothing.
    """

    def __init__(self, own: Sequence[str] = (), folders: Sequence[str] = ()) -> None:
        self._folders = tuple(os.path.realpath(folder) for folder in folders)
        self._own = tuple(own)
        self._patterns = Patterns((*DEFAULT_PATTERNS, *own))

    @cached_property
    def _with_directories(self) -> Patterns:
        # For a file outside of all folders a directory counts only where a pattern names it.
        every = (*DEFAULT_PATTERNS, *self._own)
        return Patterns([one for one in every if "/" in one.lstrip("!")])

    def pattern_for(self, path: str, language: str = "", name: str = "") -> str:
        """Return the pattern that excludes a file; empty if none does.

        ``path``: absolute, empty for a buffer without a file; then its language id tells, and its
        ``name``, which may be a path elsewhere. A link is what it points to as well.
        """
        if not path:
            if language in _LANGUAGES:
                return language
            return self._named(os.path.join(os.sep, name)) if name else ""
        for one in dict.fromkeys((os.path.abspath(path), os.path.realpath(path))):
            if pattern := self._pattern_for(one):
                return pattern
        return ""

    def _pattern_for(self, path: str) -> str:
        inside = next(
            (folder for folder in self._folders if path.startswith(folder.rstrip(os.sep) + os.sep)),
            None,
        )
        if inside is not None and (
            pattern := self._patterns.deciding(os.path.relpath(path, inside))
        ):
            return pattern
        # A folder that is worked in may be the one that a pattern names, such as .kube.
        return self._named(path, whole=inside is None)

    def _named(self, path: str, *, whole: bool = True) -> str:
        """Return the pattern that names a file, or a directory that it is in.

        ``whole``: its own name counts as well.
        """
        own = self._patterns.deciding(os.path.basename(path)) if whole else ""
        # Without its drive: on Windows there is no way from one to another.
        from_root = os.path.splitdrive(os.path.normpath(path))[1].lstrip(os.sep)
        return own or self._with_directories.deciding(from_root or os.curdir)
