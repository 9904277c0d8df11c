"""Signatures of recordings: who vouches for the head of a chain.

Made and checked by OpenSSH's ``ssh-keygen -Y`` (8.2, 2020, or newer; format: PROTOCOL.sshsig of OpenSSH), and not by a
library: operators have such keys, in agents and hardware tokens too, and anyone can check a signature without ptb.
``chain.sig`` is one line, ``ptb-recording RUN_ID HEAD``, and the armoured signature over that line.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from store.chain import Entry
from store.durable import replace_file
from store.errors import BadInput, Unavailable

SIGNATURE = "chain.sig"
NAMESPACE = "ptb-recording"
"""Keeps a signature from being passed off as one over something else."""

_SIGNER = "recorder"
_TIMEOUT_S = 60
_GOOD = re.compile(r" with (\S+ key \S+)")
_PUBLIC = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-\S+ [A-Za-z0-9+/]+=*(?: .*)?")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a signature says."""

    signer: str | None
    """Kind and fingerprint of the key; None unless the signature is good and over the chain as it is."""
    problem: str | None
    """Why it is not."""


def check_key(key: Path) -> None:
    """Raise :class:`BadInput` where ``key`` cannot sign without a person, :class:`Unavailable` without ssh-keygen.

    ``key`` is a private key, or the public one of a key that the ssh-agent holds.
    """
    _sign("", key)


def sign(folder: Path, run_id: str, head: str, key: Path) -> None:
    """Put a signature over ``head`` into a run; raises as :func:`check_key`, or ``StoreFailed``."""
    line = _line(run_id, head)
    replace_file(folder / SIGNATURE, line.encode() + _sign(line, key))


def check_signature(folder: Path, run_id: str, entries: Sequence[Entry], public_key: Path) -> Checked:
    """Whether the run's chain, as it is, was signed by the owner of ``public_key`` (``id_….pub``, one key a line).

    Raises :class:`BadInput` for a file that holds no public key, :class:`Unavailable` without ssh-keygen.
    """
    allowed = _public_keys(public_key)
    try:
        line, _, armour = (folder / SIGNATURE).read_text("ascii").partition("\n")
    except FileNotFoundError:
        return Checked(None, "is missing: the recording was not signed, or the signature was taken away")
    except (OSError, ValueError) as error:
        return Checked(None, f"cannot be read: {error}")
    kind, signed_run, head = (*line.split(" "), "", "")[:3]
    if kind != NAMESPACE:
        return Checked(None, f"does not begin with a line of {NAMESPACE}")
    signer = _signer(line + "\n", armour, allowed)
    if signer is None:
        return Checked(
            None, f"is no signature by a key in {public_key}: another key signed, or it was changed"
        )
    if signed_run != run_id:
        return Checked(None, f"is over another run, {signed_run}")
    known = [entry.hash for entry in entries]
    if head not in known:
        return Checked(None, f"is over head {head[:16]}…, which is not in the chain: the chain was exchanged")
    if head != known[-1]:
        return Checked(
            None, f"is over entry {known.index(head) + 1}: what follows it was added after the signing"
        )
    return Checked(signer, None)


def _line(run_id: str, head: str) -> str:
    return f"{NAMESPACE} {run_id} {head}\n"


def _sign(text: str, key: Path) -> bytes:
    if not key.is_file():
        raise BadInput(f"{key} is no key file; make one with: ssh-keygen -t ed25519 -N '' -f {key}")
    done = _ssh_keygen("sign", ["-f", str(key), "-n", NAMESPACE], text)
    if done.returncode != 0 or not done.stdout.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise BadInput(
            f"{key} cannot sign ({said[-1]}): give a key without a passphrase, or the .pub of one in the ssh-agent"
        )
    return done.stdout


def _signer(text: str, armour: str, allowed: Sequence[str]) -> str | None:
    with tempfile.TemporaryDirectory(prefix="ptb-verify-") as name:
        signers, signature = Path(name, "signers"), Path(name, "signature")
        signers.write_text("".join(f"{_SIGNER} {key}\n" for key in allowed))
        signature.write_text(armour)
        arguments = ["-f", str(signers), "-I", _SIGNER, "-n", NAMESPACE, "-s", str(signature)]
        done = _ssh_keygen("verify", arguments, text)
    found = _GOOD.search(done.stdout.decode(errors="replace"))
    return found[1] if done.returncode == 0 and found else None


def _public_keys(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as a public key: {error}") from error
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys or not all(_PUBLIC.fullmatch(key) for key in keys):
        raise BadInput(f"{path} holds no public key; it is the .pub file beside the key that signed")
    return keys


def _ssh_keygen(act: str, arguments: Sequence[str], text: str) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise Unavailable("ssh-keygen is not installed: apt-get install openssh-client")
    try:
        return subprocess.run(
            [program, "-Y", act, *arguments],
            input=text.encode(),
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            start_new_session=True,  # without a terminal it cannot stop to ask for a passphrase
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(
            f"ssh-keygen did not answer in {_TIMEOUT_S} s; does the key wait for a touch?"
        ) from None
