"""`make fresh-debian`: README's two commands on Debian as it is after its installation.

For each release a folder with Debian's minimal system is made by debootstrap, then python3,
python3-pip and make are installed in it and nothing that they only recommend; a user without
rights there gets the files of this clone, and runs the commands. Needs root, debootstrap and the
network; run it with the system's own Python.

MIRROR is the Debian archive to take (debootstrap's own choice without it). Proxies, and what pip
is told by its environment, are handed on; so are the certificates of SSL_CERT_FILE and PIP_CERT.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

CLONE = Path(__file__).parent.parent
PACKAGES = ("python3", "python3-pip", "make")
USER = "newcomer"
HANDED_ON = (
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_PROXY"),
    *("PIP_DEFAULT_TIMEOUT", "PIP_DISABLE_PIP_VERSION_CHECK", "CI"),
)
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def main() -> int:
    """Run the commands in each root; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("releases", nargs="*", default=["bookworm", "trixie"])
    parser.add_argument("--folder", type=Path, help="where roots are made; a new one by default")
    parser.add_argument("--keep", action="store_true", help="leave the roots there")
    parser.add_argument("--command", action="append", help="instead of make demo and make test")
    parser.add_argument("--package", action="append", default=[], help="one more in the root")
    options = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        print("This needs root and debootstrap (apt install debootstrap).", file=sys.stderr)
        return 2
    where = options.folder or Path(tempfile.mkdtemp(prefix="fresh-debian-"))
    packages = [*PACKAGES, *options.package]
    failed = False
    for release in options.releases:
        root = where / release
        try:
            environment = make_root(root, release, packages)
            for command in options.command or ["make demo", "make test"]:
                failed |= not run_in(root, environment, command, release)
        finally:
            if not options.keep:
                shutil.rmtree(root, ignore_errors=True)
    if not options.keep and not options.folder:
        where.rmdir()
    return int(failed)


def make_root(root: Path, release: str, packages: Sequence[str]) -> dict[str, str]:
    """A root with the packages, the user and the clone; the environment of who works there."""
    started = time.monotonic()
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    mirror = os.environ.get("MIRROR")
    command = [
        "debootstrap",
        "--variant=minbase",
        release,
        str(root),
        *([mirror] if mirror else []),
    ]
    quietly(command)
    # The machine's own way to names; the root has none.
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    environment = hand_on(root, os.environ)
    system = {**environment, "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
    quietly(["apt-get", "-qq", "update"], root, system)
    install = ["apt-get", "-qq", "-y", "install", "--no-install-recommends", *packages]
    quietly(install, root, system)
    quietly(["useradd", "--create-home", "--shell", "/bin/sh", USER], root, system)
    copy_clone(root / "home" / USER / "infill-ls")
    quietly(["chown", "-R", f"{USER}:{USER}", f"/home/{USER}"], root, system)
    print(f"{release}: {' '.join(packages)} after {time.monotonic() - started:.0f} s", flush=True)
    return {**environment, "HOME": f"/home/{USER}", "USER": USER, "LANG": "C.UTF-8"}


def hand_on(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What the root needs to reach the network as this machine does."""
    handed = {name: environment[name] for name in HANDED_ON if name in environment}
    handed["PATH"] = PATH
    for name in CERTIFICATES:
        if file := environment.get(name):
            place = Path("/usr/local/share") / f"{name.lower()}.pem"
            shutil.copy(file, root / place.relative_to("/"))
            handed[name] = str(place)
    return handed


def copy_clone(target: Path) -> None:
    """The files that git knows here, and new ones that it doesn't ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CLONE,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in listed.rstrip("\0").split("\0"):
        if (CLONE / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CLONE / name, target / name)


def run_in(root: Path, environment: dict[str, str], command: str, release: str) -> bool:
    """Whether the user's command succeeds in the clone there."""
    print(f"\n{release}$ {command}", flush=True)
    started = time.monotonic()
    work = f"cd ~/infill-ls && {command}"
    done = subprocess.run(
        inside(root, ["su", "--preserve-environment", USER, "-c", work]),
        env=environment,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    verdict = "succeeded" if done.returncode == 0 else f"FAILED ({done.returncode})"
    took = time.monotonic() - started
    print(f"{release}$ {command}: {verdict} after {took:.0f} s", flush=True)
    return done.returncode == 0


def inside(root: Path, command: Sequence[str]) -> list[str]:
    """The command in the root, with mounts and processes of its own that end with it."""
    place = shlex.quote(str(root))
    mounts = (
        f"mount -t proc proc {place}/proc && mount --rbind /dev {place}/dev && "
        f"mount -t tmpfs tmpfs {place}/tmp"
    )
    # The shell stays, as the first process there: it has to bury the orphans.
    script = f"{mounts} && chroot {place} {shlex.join(command)}; exit $?"
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]


def quietly(
    command: Sequence[str], root: Path | None = None, environment: dict[str, str] | None = None
) -> None:
    """Run a command; what it says is printed if it fails."""
    done = subprocess.run(
        inside(root, command) if root else command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{shlex.join(command)} failed:\n{done.stdout[-3000:]}")


if __name__ == "__main__":
    sys.exit(main())
