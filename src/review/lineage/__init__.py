"""Where the content of files came from and where it went: a graph over processes, per exec, and file contents."""
