"""The time index of a run: every recorded row as one event in the order of time, built once and read in place.

Built with numpy and pyarrow (:mod:`store.index.build`), kept in the user's cache (:mod:`store.index.cache`), read
with nothing but the standard library, so that ten million events are on the screen before anything heavy loads.
"""
