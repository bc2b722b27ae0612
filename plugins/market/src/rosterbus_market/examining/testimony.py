"""The certificate beside a wheel: about this wheel and no other, and claiming no more than its outcomes bear out."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rosterbus.certificates import Certificate, read_certificate
from rosterbus.errors import ConfigError

from rosterbus_market.refusals import WheelRefusedError


def read_testimony(
    path: Path,
    *,
    wheel: str,
    sha256: str,
    distribution: str,
    version: str,
    api: int,
    plugins: Collection[str],
) -> Certificate:
    """Read the certificate of a wheel; raises WheelRefusedError where it is about another or contradicts itself."""
    try:
        certificate = read_certificate(path)
    except ConfigError as error:
        raise WheelRefusedError(wheel, f"its certificate cannot be used: {error}") from error
    expected = {
        "sha256": (certificate.sha256, sha256),
        "wheel": (certificate.wheel, wheel),
        "distribution": (certificate.distribution, distribution),
        "version": (certificate.version, version),
        "api": (str(certificate.api), str(api)),
        "plugins": (", ".join(sorted(certificate.plugins)), ", ".join(sorted(plugins))),
    }
    for key, (found, right) in expected.items():
        if found != right:
            wrong = f"its certificate is of another wheel (`{key}`)"
            raise WheelRefusedError(wheel, wrong, found=found or "nothing", allowed=right)
    if strange := sorted(set(certificate.described) - set(plugins)):
        raise WheelRefusedError(wheel, "its certificate describes another plugin", found=f"`{strange[0]}`")
    _check_claims(wheel, certificate)
    return certificate


def _check_claims(wheel: str, certificate: Certificate) -> None:
    outcomes = certificate.outcomes
    failed = [one.test for one in outcomes if one.outcome == "failed"]
    unexplained = [
        one.test for one in outcomes if one.outcome in ("waived", "not applicable") and not one.reason
    ]
    if len({one.test for one in outcomes}) != len(outcomes):
        raise WheelRefusedError(wheel, "its certificate names a test twice")
    if unexplained:
        raise WheelRefusedError(
            wheel, "its certificate leaves a test out without a reason", found=f"`{unexplained[0]}`"
        )
    if failed:
        wrong = f"the conformance suite failed, and its certificate says `{certificate.standing}`"
        raise WheelRefusedError(
            wheel, wrong, found=f"{len(failed)} failed, `{failed[0]}` first", allowed="none failed"
        )
    if certificate.standing == "failed":
        raise WheelRefusedError(wheel, "its certificate says that the conformance suite failed")
    if certificate.standing == "certified" and certificate.because:
        wrong = "its certificate claims to be certified and says what speaks against it"
        raise WheelRefusedError(wheel, wrong, found=certificate.because[0])
    if not any(one.outcome == "passed" for one in outcomes):
        raise WheelRefusedError(wheel, "its certificate has no test that passed")
