"""How the real agent CLIs are started against a scripted model: no key, no internet, a home of their own."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

_CODEX = """model = "gpt-5-codex"
model_provider = "scripted"
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
"""


@dataclass(frozen=True)
class Agent:
    """An agent CLI."""

    program: str
    """Also the package's last name on npm."""
    package: str
    arguments: tuple[str, ...]

    def settings(self, home: Path, url: str) -> dict[str, str]:
        """The environment it runs in, its files put into ``home``."""
        home.mkdir()
        common = {**os.environ, "HOME": str(home), "SCRIPTED_KEY": "none-needed"}
        match self.program:
            case "claude":
                return {
                    **common,
                    "ANTHROPIC_BASE_URL": url,
                    "ANTHROPIC_API_KEY": "none-needed",
                    "IS_SANDBOX": "1",
                    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                    "DISABLE_AUTOUPDATER": "1",
                }
            case "codex":
                (home / ".codex").mkdir()
                (home / ".codex" / "config.toml").write_text(_CODEX.format(url=url))
                return {**common, "CODEX_HOME": str(home / ".codex")}
            case "gemini":
                (home / ".gemini").mkdir()
                chosen = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
                (home / ".gemini" / "settings.json").write_text(json.dumps(chosen))
                return {
                    **common,
                    "GOOGLE_GEMINI_BASE_URL": url,
                    "GEMINI_API_KEY": "none-needed",
                    "GEMINI_CLI_TRUST_WORKSPACE": "true",
                }
            case _:
                options = {"baseURL": f"{url}/v1", "apiKey": "none-needed"}
                provider = {
                    "npm": "@ai-sdk/openai-compatible",
                    "options": options,
                    "models": {"m": {"tool_call": True}},
                }
                config = {"provider": {"scripted": provider}, "permission": {"*": "allow"}}
                (home / "opencode.json").write_text(json.dumps(config))
                quiet = ("MODELS_FETCH", "AUTOUPDATE", "LSP_DOWNLOAD")
                off = {f"OPENCODE_DISABLE_{name}": "1" for name in quiet}
                return {**common, **off, "OPENCODE_CONFIG": str(home / "opencode.json")}


AGENTS = (
    Agent(
        "claude",
        "@anthropic-ai/claude-code",
        ("--print", "--verbose", "--output-format", "stream-json", "--dangerously-skip-permissions", "go"),
    ),
    Agent(
        "codex",
        "@openai/codex",
        ("exec", "--json", "--dangerously-bypass-approvals-and-sandbox", "--skip-git-repo-check", "go"),
    ),
    Agent(
        "gemini",
        "@google/gemini-cli",
        ("-m", "gemini-2.5-flash", "--yolo", "--output-format", "stream-json", "-p", "go"),
    ),
    Agent("opencode", "opencode-ai", ("run", "--format", "json", "--model", "scripted/m", "go")),
)
