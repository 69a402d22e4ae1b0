"""deploy/logging/fluent-bit.conf, which no Fluent Bit of the registries can read: a check of ours does, and is seen to fail."""
import pathlib
import re

from mall import equal

FILE = pathlib.Path(__file__).resolve().parents[2] / "deploy/logging/fluent-bit.conf"
KNOWN = {                                                       # what each plugin takes, in lower case
    "SERVICE": "flush log_level parsers_file http_server http_listen http_port health_check storage.path storage.backlog.mem_limit",
    "tail": "tag path exclude_path multiline.parser db db.locking mem_buf_limit storage.type refresh_interval rotate_wait skip_long_lines buffer_max_size",
    "multiline": "match multiline.parser multiline.key_content",
    "kubernetes": "match merge_log keep_log merge_log_trim k8s-logging.parser k8s-logging.exclude labels annotations use_kubelet",
    "modify": "match remove",
    "grep": "match logical_op regex",
    "opensearch": "match host port tls tls.verify aws_auth aws_region aws_service_name logstash_format logstash_prefix time_key time_key_nanos generate_id "
                  "replace_dots suppress_type_name trace_error buffer_size retry_limit storage.total_limit_size",
}


def read(text):
    """[(section, plugin, {key: [values]})]: a section has its keys indented by four blanks."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        section, row = re.fullmatch(r"\[([A-Z]+)\]", line), re.fullmatch(r"    (\S+) +(\S.*)", line)
        if section:
            found.append((section[1], {}))
        else:
            assert row, "line %d: %s" % (number, line)
            found[-1][1].setdefault(row[1].lower(), []).append(row[2])
    return [(section, keys.pop("name", [section])[0], keys) for section, keys in found]


def check(text):
    sections = read(text)
    for section, plugin, keys in sections:
        unknown = set(keys) - set(KNOWN[plugin].split())
        assert not unknown, "%s takes no %s" % (plugin, unknown)
        assert section == "SERVICE" or section == "INPUT" or "match" in keys, "%s matches nothing" % plugin
    equal([(section, plugin) for section, plugin, _ in sections],
          [("SERVICE", "SERVICE"), ("INPUT", "tail"), ("FILTER", "multiline"), ("FILTER", "kubernetes"), ("FILTER", "modify"), ("FILTER", "grep"),
           ("OUTPUT", "opensearch")], "the order: a stack trace is joined before its lines are read as JSON, and labels are there before they are asked for")
    of = {plugin: keys for _, plugin, keys in sections}
    equal((of["tail"]["multiline.parser"], of["tail"]["storage.type"], of["tail"]["skip_long_lines"]), (["cri"], ["filesystem"], ["Off"]))
    assert "db" in of["tail"], "after a restart all lines come again"
    equal((of["multiline"]["multiline.parser"], of["multiline"]["match"]), (["java"], ["kube.*_kafka_*"]))
    equal((of["kubernetes"]["merge_log"], of["kubernetes"]["keep_log"], of["kubernetes"]["labels"]), (["On"], ["Off"], ["On"]))
    out = of["opensearch"]
    equal((out["aws_auth"], out["tls"], out["tls.verify"], out["port"], out["suppress_type_name"]), (["On"], ["On"], ["On"], ["443"], ["On"]))
    assert not {"http_user", "http_passwd"} & set(out), "a password in a file"
    equal(of["modify"]["remove"], out["time_key"], "the name of the time, which would be in a record twice")
    equal(of["grep"]["logical_op"], ["or"])
    kept = [value.split(" ", 1) for value in of["grep"]["regex"]]
    equal([field for field, _ in kept], ["$kubernetes['labels']['app.kubernetes.io/part-of']", "$kubernetes['labels']['strimzi.io/cluster']", "$kubernetes['namespace_name']"])
    assert re.search(kept[0][1], "mall") and not re.search(kept[0][1], "small") and re.search(kept[2][1], "kafka")


BROKEN = [("Merge_Log           On", "Merge_Log           Off"), ("AWS_Auth           On", "AWS_Auth           Off"), ("Remove @timestamp", "Remove time"),
          ("multiline.parser  cri", "multiline.parser  docker"), ("    DB  ", "    DBX "), ("^mall$", "mall"), ("Logical_Op or", "Logical_Op and"),
          ("[OUTPUT]", "[FILTER]"), ("    Keep_Log            Off\n", "    Keep_Log            Off\n  Labels Off\n"),
          ("    Match  kube.*\n    Remove", "    Remove")]


def test_fluent_bits_configuration_says_what_it_should():
    check(FILE.read_text())


def test_each_slip_in_it_is_seen():
    text = FILE.read_text()
    for old, new in BROKEN:
        assert old in text, old
        try:
            check(text.replace(old, new))
        except AssertionError:
            continue
        raise AssertionError("passes with %r" % new)
