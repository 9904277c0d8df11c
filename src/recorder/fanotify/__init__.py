"""fanotify: a second witness of opens, reads and changes of chosen files, and a gate that refuses to open some."""
