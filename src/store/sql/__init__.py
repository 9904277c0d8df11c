"""The public SQL surface: read-only views over one run or hundreds, described in docs/sql.md.

``views/`` holds one SELECT a public view, ``relations/`` what several of them share. Both are written over the
recorded tables as :mod:`store.sql.recorded` presents them: symbols joined to text, nanoseconds as TIMESTAMP.
"""
