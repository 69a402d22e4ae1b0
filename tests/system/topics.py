"""topics - makes, deletes and enlarges topics of a broker, and asks what a group has committed of one, by librdkafka.

    topics = Topics(broker.address)
    topics.delete("mall")                                       # returns when the broker has said yes
"""
import contextlib
import ctypes

MS = 30 * 1000
WHY = 256


class Place(ctypes.Structure):
    """rd_kafka_topic_partition_t"""
    _fields_ = [("topic", ctypes.c_char_p), ("partition", ctypes.c_int32), ("offset", ctypes.c_int64), ("metadata", ctypes.c_void_p),
                ("metadata_size", ctypes.c_size_t), ("opaque", ctypes.c_void_p), ("err", ctypes.c_int), ("own", ctypes.c_void_p)]


class Places(ctypes.Structure):
    """rd_kafka_topic_partition_list_t"""
    _fields_ = [("count", ctypes.c_int), ("size", ctypes.c_int), ("elements", ctypes.POINTER(Place))]


class Topics:
    NUMBERS = ("conf_set", "committed")                         # what the others return is a pointer or nothing

    def __init__(self, address):
        self.rdkafka, self.address = ctypes.CDLL("librdkafka.so.1"), address

    def call(self, name, *arguments):
        function = getattr(self.rdkafka, "rd_kafka_" + name)
        function.restype = ctypes.c_int if name in self.NUMBERS else ctypes.c_char_p if name.endswith("_string") else ctypes.c_void_p
        return function(*(ctypes.c_void_p(a) if isinstance(a, int) and a >= 2 ** 31 else a for a in arguments))

    @contextlib.contextmanager
    def client(self, **properties):
        conf = self.call("conf_new")
        for name, value in {"bootstrap_servers": self.address, **properties}.items():
            self.call("conf_set", conf, name.replace("_", ".").encode(), value.encode(), None, 0)
        client = self.call("new", 1 if "group_id" in properties else 0, conf, None, 0)
        try:
            yield client
        finally:
            self.call("destroy", client)

    def ask(self, what, wish):
        """One wish, CreateTopics or the like; it must be granted."""
        with self.client() as client:
            queue = self.call("queue_new", client)
            self.call(what, client, ctypes.byref(ctypes.c_void_p(wish)), ctypes.c_size_t(1), None, queue)
            event = self.call("queue_poll", queue, MS)
            assert event, "no answer to %s" % what
            count = ctypes.c_size_t()
            result = self.call("event_%s_result" % what, event)
            assert result, self.call("event_error_string", event)
            topics = ctypes.cast(self.call("%s_result_topics" % what, result, ctypes.byref(count)), ctypes.POINTER(ctypes.c_void_p))
            why = self.call("topic_result_error_string", topics[0])
            assert not why, "%s: %s" % (what, why.decode())
            self.call("event_destroy", event)
            self.call("queue_destroy", queue)

    def make(self, name, partitions):
        self.ask("CreateTopics", self.call("NewTopic_new", name.encode(), partitions, 1, None, 0))

    def delete(self, name):
        self.ask("DeleteTopics", self.call("DeleteTopic_new", name.encode()))

    def enlarge(self, name, partitions):
        self.ask("CreatePartitions", self.call("NewPartitions_new", name.encode(), ctypes.c_size_t(partitions), None, 0))

    def committed(self, group, topic, partitions):
        """How many records of these partitions the group has committed."""
        with self.client(group_id=group) as client:
            places = self.call("topic_partition_list_new", len(partitions))
            for number in partitions:
                self.call("topic_partition_list_add", places, topic.encode(), number)
            failed = self.call("committed", client, places, MS)
            assert not failed, "the group's offsets: error %d" % failed
            found = Places.from_address(places)
            count = sum(max(found.elements[i].offset, 0) for i in range(found.count))
            self.call("topic_partition_list_destroy", places)
            return count
