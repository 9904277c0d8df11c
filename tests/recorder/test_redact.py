"""Secrets leave run text; evidence stays."""

import base64
import hashlib
import json
import time
import uuid
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.redact import Redactor, redact, secret_values

BODY = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"
"""40 characters that look random; joined to issuers' prefixes at run time, so that no scanner trips on this file."""

PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\n"
    + "\n".join([BODY + BODY[:24]] * 5)
    + "\n-----END RSA PRIVATE KEY-----"
)
JWT = ".".join(["eyJ" + BODY, "eyJ" + BODY, BODY])

CREDENTIALS = {
    "anthropic-key": "sk-ant-" + "api03-" + BODY,
    "openai-key": "sk-" + BODY,
    "openrouter-key": "sk-or-" + "v1-" + BODY,
    "huggingface-token": "hf_" + BODY[:34],
    "aws-key": "AKIA" + "IOSFODNN7EXAMPLE"[:16],
    "google-key": "AIza" + BODY[:35],
    "github-token": "ghp_" + BODY[:36],
    "gitlab-token": "glpat-" + BODY[:20],
    "slack-token": "xoxb-" + "123456789012-" + BODY[:24],
    "wandb-key": "wandb_v1_" + BODY,
    "private-key": PEM,
    "jwt": JWT,
}


@pytest.mark.parametrize(("kind", "secret"), CREDENTIALS.items())
@pytest.mark.parametrize(
    "around",
    ["{}", "key is {}, keep it", '{{"text": "{}"}}', "x={};", "see\\n{}\\nend", "a%3D{}", "u\\u003d{}"],
)
def test_a_recognisable_credential_goes_wherever_it_stands(kind: str, secret: str, around: str) -> None:
    found = redact(around.format(secret))
    assert secret not in found.text
    assert f"[redacted:{kind}]" in found.text
    assert found.count == 1


@pytest.mark.parametrize(
    "prefix",
    ["sk-proj-", "sk-svcacct-", "sk-ant-oat01-", "github_pat_", "gho_", "ghs_", "xoxp-", "ASIA", "ya29."],
)
def test_other_prefixes_of_the_same_issuers(prefix: str) -> None:
    body = "ABCDEFGHIJKLMNOP" if prefix == "ASIA" else BODY
    assert body not in redact(f"found {prefix}{body} there").text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer " + BODY, BODY),
        ('{"Authorization": "Basic ' + BODY + '"}', BODY),
        ("curl -H 'authorization: token " + BODY + "'", BODY),
        ("headers={'Authorization': 'Bearer " + BODY + "'}", BODY),
        ("x-api-key: " + BODY, BODY),
        ("git clone https://bob:hunter2hunter@example.org/r.git", "hunter2hunter"),
        ("https://" + BODY + "@github.com/a/b", BODY),
        ("OPENAI_API_KEY=" + BODY, BODY),
        ("export MY_TOKEN=correcthorse", "correcthorse"),
        ("export DB_PASSWORD='tr0ub4dor&3'", "tr0ub4dor&3"),
        ('"api_key": "' + BODY + '"', BODY),
        ('\\"apiKey\\": \\"' + BODY + '\\"', BODY),
        ("os.environ['HF_TOKEN'] = 'abc123def456'", "abc123def456"),
        ("client_secret: s3cretvalue99", "s3cretvalue99"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY1", "wJalrXUtnFEMI/K7MDENG"),
        ("vllm serve --api-key abc123def456 m", "abc123def456"),
        ('["serve", "--api-key", "abc123def456"]', "abc123def456"),
        ("password: str = 'open sesame'; password = 'opensesame'", "opensesame"),
        ("passphrase=" + BODY * 40, BODY),
    ],
)
def test_a_value_whose_name_promises_a_secret_goes(text: str, secret: str) -> None:
    found = redact(text)
    assert secret not in found.text
    assert found.count == 1


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=4096 num_tokens: 123456789 eos_token='<|endoftext|>' pad_token_id=151643",
        'EOS_TOKEN = "reserved_special_token_10"',
        '{"input_tokens": 12345678, "eos_token": "<|im_end1|>", "next_token": "abc123def456ghi789"}',
        "--eos-token reserved_special_10 --max-tokens 12345678 --tokenizer Qwen3-4B-Base",
        "commit 7c12bd6a5f4e3d2c1b0a99887766554433221100",
        f"sha256:{hashlib.sha256(b'x').hexdigest()} {uuid.UUID(int=7)}",
        "api_key=os.environ['OPENAI_API_KEY']",
        "client = OpenAI(api_key=settings.openai_key2)",
        "API_KEY=$OPENAI_API_KEY TOKEN=${HF_TOKEN} SECRET=$(cat /run/secret)",
        "token = tokenizer.decode(ids[0])",
        "password = getpass.getpass()",
        'api_key="your-api-key-1234"',
        "self.key = 'value_1234567'; sort_key=column_12345",
        "the secret of training: learning_rate=2e-5 and warmup_ratio=0.03",
        "task-1234567890abcdefghijklmnopqrstuvwxyz disk-usage risk-averse",
        "http://localhost:8000/v1 ftp://example.org:2121/@home git@github.com:a/b.git",
        "Bearer authentication is required; basic understanding-of-things",
        "password: Incorrect password entered",
        'if "-----BEGIN PRIVATE KEY-----" in text: raise ValueError("key")',
        "hf_hub_download hf_transfer sk-learn sk-toggleable__content AKIA",
    ],
)
def test_evidence_that_only_resembles_a_secret_stays(text: str) -> None:
    assert redact(text).text == text
    assert redact(text).count == 0


@given(st.binary(min_size=1, max_size=3000))
def test_digests_and_base64_stay(data: bytes) -> None:
    text = f"{hashlib.sha1(data).hexdigest()} {base64.b64encode(data).decode()} {data.hex()}"
    assert redact(text).text == text


@given(st.text(max_size=300), st.sampled_from(sorted(CREDENTIALS.values())), st.text(max_size=300))
def test_no_surroundings_shield_a_credential(before: str, secret: str, after: str) -> None:
    assert secret not in redact(f"{before} {secret} {after}").text


@given(st.text(alphabet="abAB01_-=:\"' \\n/@.$k", max_size=200))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(f"API_KEY={text} {text}")
    assert redact(once.text).text == once.text


@given(st.text(min_size=8, max_size=40).filter(lambda s: len(s.strip()) >= 8), st.text(max_size=100))
def test_a_known_secret_goes_in_every_spelling(secret: str, around: str) -> None:
    redactor = Redactor([secret])
    for form in (secret.strip(), json.dumps(secret.strip())[1:-1], quote(secret.strip(), safe="")):
        found = redactor.redact(f"{around}{form}{around}")
        assert form not in found.text or form in "[redacted:known-secret]"
        assert found.count >= 1


def test_a_short_known_value_does_not_blot_the_text() -> None:
    assert Redactor(["root", ""]).redact("root of /root").text == "root of /root"


def test_only_environment_variables_named_like_secrets_are_known() -> None:
    environ = {
        "ANTHROPIC_API_KEY": "v" * 20,
        "hf_token": "w" * 20,
        "DB_PASSWORD_2": "x" * 20,
        "SHORT_KEY": "1234567",
        "GOOGLE_APPLICATION_CREDENTIALS": "/etc/google.json",
        "GPG_KEY": "A" * 40,
        "PATH": "/usr/bin:/bin",
        "MAX_TOKENS": "y" * 20,
        "KEYBOARD": "z" * 20,
    }
    assert secret_values(environ) == {"v" * 20, "w" * 20, "x" * 20}


@pytest.mark.parametrize(
    "unit",
    [
        "a", "A", " ", "=", "\\", "\\n", "sk-", "eyJ", "eyJabcdefgh.", "://", "://a:", "AKIA", "token", "token=",
        "api_key=", 'key:"', "password: ", "Bearer ", "--token ", "-----BEGIN PRIVATE KEY-----\n", "a_token ",
    ],
)  # fmt: skip
def test_time_is_linear_in_hostile_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        start = time.process_time()
        redact(text)
        return time.process_time() - start

    assert seconds(2_000_000) < 4.0
