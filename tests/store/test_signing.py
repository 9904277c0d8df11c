"""Who signed a recording: the right key makes it authentic, anything else is located."""

import shutil
import subprocess
from pathlib import Path

import pytest

from store.chain import CHAIN, Chain, read_chain
from store.errors import BadInput
from store.rows import Gap, Quality, Source, Stamp
from store.signing import NAMESPACE, SIGNATURE, check_key, sign
from store.verify import verify
from store.writer import RunWriter

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


def new_key(path: Path, *, kind: str = "ed25519", passphrase: str = "") -> Path:
    argv = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "operator", "-f", str(path)]
    subprocess.run(argv, check=True)
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path / "key")


def recorded(folder: Path, text: str = "one row") -> str:
    with RunWriter.create(folder, folder.name, started_at=1) as writer:
        writer.put(Stamp(1, Quality.EXACT, Source.RECORDER), Gap("test", text))
        return writer.close(ended_at=2)


@pytest.fixture
def run(tmp_path: Path, key: Path) -> Path:
    folder = tmp_path / "run"
    sign(folder, folder.name, recorded(folder), key)
    return folder


def public(key: Path) -> Path:
    return key.with_name(f"{key.name}.pub")


def only_problem(run: Path, key: Path) -> str:
    report = verify(run, public_key=public(key))
    assert report.signer is None
    (problem,) = [problem for problem in report.problems if problem.where == SIGNATURE]
    return problem.what


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_the_right_key_makes_a_run_authentic(tmp_path: Path, kind: str) -> None:
    key = new_key(tmp_path / "other", kind=kind)
    run = tmp_path / "run"
    sign(run, run.name, recorded(run), key)
    report = verify(run, public_key=public(key))
    assert report.problems == ()
    assert report.signer is not None
    fingerprint = subprocess.run(
        ["ssh-keygen", "-lf", key], capture_output=True, text=True, check=True
    ).stdout
    assert fingerprint.split()[1] in report.signer


def test_without_a_public_key_a_signed_run_is_only_consistent(run: Path) -> None:
    report = verify(run)
    assert report.problems == ()
    assert report.signer is None


def test_any_of_several_public_keys_will_do(run: Path, key: Path, tmp_path: Path) -> None:
    other = new_key(tmp_path / "other")
    both = tmp_path / "both.pub"
    both.write_text(f"# the operators\n{public(other).read_text()}\n{public(key).read_text()}")
    assert verify(run, public_key=both).signer is not None


def test_another_key_is_told(run: Path, tmp_path: Path) -> None:
    assert "another key signed" in only_problem(run, new_key(tmp_path / "other"))


def test_a_run_that_was_not_signed_is_told(run: Path, key: Path) -> None:
    (run / SIGNATURE).unlink()
    assert "not signed" in only_problem(run, key)


def test_a_changed_line_or_armour_is_no_signature(run: Path, key: Path) -> None:
    whole = (run / SIGNATURE).read_text()
    for changed in (whole.replace(run.name, "ran", 1), whole.replace("A", "B"), whole[:100], "", "é"):
        (run / SIGNATURE).write_text(changed)
        assert only_problem(run, key)


def test_a_chain_that_was_written_anew_does_not_fit_the_signature(run: Path, key: Path) -> None:
    signature = (run / SIGNATURE).read_bytes()
    shutil.rmtree(run)
    recorded(run, "another row")
    (run / SIGNATURE).write_bytes(signature)
    assert verify(run).consistent
    assert "is not in the chain" in only_problem(run, key)


def test_what_is_added_after_the_signing_is_told(run: Path, key: Path) -> None:
    entries, _ = read_chain(run)
    Chain(run, entries).append(
        "close", recording_hash=entries[-1].recording_hash, facts_hash=entries[-1].facts_hash
    )
    assert verify(run).consistent
    assert f"entry {len(entries)}" in only_problem(run, key)


def test_another_run_s_signature_does_not_count(run: Path, key: Path, tmp_path: Path) -> None:
    other = tmp_path / "other-run"
    sign(other, other.name, recorded(other), key)
    shutil.copy(other / SIGNATURE, run / SIGNATURE)
    assert "another run" in only_problem(run, key)


def test_a_signature_for_another_purpose_does_not_count(run: Path, key: Path) -> None:
    line = (run / SIGNATURE).read_text().splitlines()[0] + "\n"
    argv = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", "file"]
    made = subprocess.run(argv, input=line.encode(), capture_output=True, check=True).stdout
    (run / SIGNATURE).write_bytes(line.encode() + made)
    assert "no signature by a key" in only_problem(run, key)


def test_anyone_can_check_it_without_ptb(run: Path, key: Path, tmp_path: Path) -> None:
    line, _, armour = (run / SIGNATURE).read_text().partition("\n")
    (tmp_path / "signers").write_text(f"me {public(key).read_text()}")
    (tmp_path / "armour").write_text(armour)
    argv = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "signers"), "-I", "me", "-n", NAMESPACE]
    subprocess.run([*argv, "-s", str(tmp_path / "armour")], input=f"{line}\n".encode(), check=True)
    assert line.split()[2] == read_chain(run)[0][-1].hash


def test_keys_that_cannot_sign_alone_are_refused_before_the_recording(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="passphrase"):
        check_key(new_key(tmp_path / "locked", passphrase="a secret"))
    with pytest.raises(BadInput, match="no key file"):
        check_key(tmp_path / "none")
    (tmp_path / "text").write_text("no key")
    with pytest.raises(BadInput, match="cannot sign"):
        check_key(tmp_path / "text")


def test_a_private_key_is_no_public_key(run: Path, key: Path) -> None:
    with pytest.raises(BadInput, match="no public key"):
        verify(run, public_key=key)


def test_the_key_is_not_in_the_run(run: Path, key: Path) -> None:
    secret = key.read_text().splitlines()[2]
    assert all(secret not in path.read_text(errors="replace") for path in run.rglob("*") if path.is_file())
    assert (run / CHAIN).exists()
