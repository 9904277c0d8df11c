"""The agent's words: the streams of four scaffolds, and the prose made of them, as rows of the store."""

from recorder.transcript.parser import Transcript, read_transcript
from recorder.transcript.summary import Form, Scaffold, Summary

__all__ = ["Form", "Scaffold", "Summary", "Transcript", "read_transcript"]
