"""What a run is: schemas, log, segments, cursor, zoom levels, integrity and the SQL surface."""
