"""A scripted agent and scenarios that really run, to show and to test the recorder with."""
