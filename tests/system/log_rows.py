"""log_rows - the event log's rows by SQL, where one row may have many records (common/event/eventlog_inside.h).

    records(db)                                                 # one by one: offset, topic, timestamp, key, value, headers
    split(db)                                                   # a row for each, so that SQL finds and changes it
"""
import struct

HEAD = struct.Struct("<qqIII")
NONE = 2 ** 32 - 1


def unpack(block):
    """Offset, timestamp, key, value and headers of each."""
    at = 0
    while at < len(block):
        offset, timestamp, *lengths = HEAD.unpack_from(block, at)
        at += HEAD.size
        parts = []
        for length in lengths:
            parts.append(None if length == NONE else block[at:at + length])
            at += 0 if length == NONE else length + 1
        yield (offset, timestamp, *parts)


def records(db, where="1"):
    for offset, topic, timestamp, key, value, headers in db.execute(
            "SELECT offset, topic, timestamp, key, value, headers FROM log WHERE %s ORDER BY offset" % where).fetchall():
        if isinstance(key, int):
            for at, time, *rest in unpack(value):
                yield (at, topic, time, *rest)
        else:
            yield offset, topic, timestamp, key, value, headers


def split(db):
    """In a transaction of its own, if db begins none by itself."""
    many = "typeof(key) = 'integer'"
    begun = db.isolation_level is None and not db.in_transaction
    if begun:
        db.execute("BEGIN IMMEDIATE")
    rows = list(records(db, many))
    db.execute("DELETE FROM log WHERE " + many)
    db.executemany("INSERT INTO log (offset, topic, timestamp, key, value, headers) VALUES (?, ?, ?, ?, ?, ?)", rows)
    if begun:
        db.execute("COMMIT")
