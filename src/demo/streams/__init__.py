"""How each of the four scaffolds tells on stdout what its agent says and does."""

from collections.abc import Callable

from demo.streams.claude import ClaudeStream
from demo.streams.codex import CodexStream
from demo.streams.gemini import GeminiStream
from demo.streams.opencode import OpencodeStream
from demo.streams.stream import Call, Command, NewFile, Outcome, Stream
from recorder.transcript import Scaffold

STREAMS: dict[Scaffold, Callable[[], Stream]] = {
    Scaffold.CLAUDE: ClaudeStream,
    Scaffold.CODEX: CodexStream,
    Scaffold.GEMINI: GeminiStream,
    Scaffold.OPENCODE: OpencodeStream,
}

__all__ = ["STREAMS", "Call", "Command", "NewFile", "Outcome", "Stream"]
