"""boards - what the Grafana dashboards show, from which `make generate` writes boards/NAME.json.

A board is rows of panels; a panel has a title, a unit of Grafana's, and queries with their legends. Panels are 8 wide, three a line,
unless they say otherwise. Variables: $datasource, $mall (user23-mall), $service; $namespace follows from $mall and is not shown.

A board that somebody wrote by hand lies in boards/ too and stays as it is.
"""
import json

ALL = 'mall=~"$mall",service=~"$service"'
MALL = 'mall=~"$mall"'
SPACE = 'namespace=~"$namespace"'
SHOP = 'uri!~"/actuator.*"'
W = "$__rate_interval"


def panel(kind, title, unit, *queries, width=8, height=8, **more):
    """queries: (expression, legend)"""
    return {"kind": kind, "title": title, "unit": unit, "queries": queries, "width": width, "height": height, **more}


def series(*arguments, **more):
    return panel("timeseries", *arguments, **more)


def stat(*arguments, **more):
    return panel("stat", *arguments, **{"width": 4, "height": 4, **more})


def heatmap(title, bucket, by):
    return panel("heatmap", title, "s", ("sum by (le) (increase(%s{%s}[%s]))" % (bucket, by, W), "{{le}}"))


def table(title, query, width=24):
    return panel("table", title, "short", (query, ""), width=width)


def quantiles(bucket, by, *labels):
    """p50 and p99 of a histogram, by labels."""
    legend = " ".join("{{%s}}" % label for label in labels)
    return tuple(("histogram_quantile(%s, sum by (%s) (rate(%s{%s}[%s])))" % (q, ", ".join((*labels, "le")), bucket, by, W), legend + " p%s" % q[2:])
                 for q in ("0.50", "0.99"))


def versioned(expression):
    """By service and version: mall_build_info says which version a pod has."""
    return "sum by (service, version) (%s * on (namespace, pod, instance) group_left (version) mall_build_info)" % expression


REQUESTS = "sum by (namespace, pod, instance, service) (rate(http_server_requests_seconds_count{%s,%s%%s}[%s]))" % (ALL, SHOP, W)

BOARDS = {
    "mall": ("Mall", "Requests, errors and durations by service and version; pods, autoscalers, saturation; the objectives", [
        ("Objectives", [
            stat("Availability, 1 h", "percentunit", ('1 - max(mall:slo_errors:ratio_rate1h{%s,slo="availability"})' % MALL, "")),
            stat("Within 100 ms, 1 h", "percentunit", ('1 - max(mall:slo_errors:ratio_rate1h{%s,slo="latency"})' % MALL, "")),
            stat("Applied within 5 s, 1 h", "percentunit", ('1 - max(mall:slo_errors:ratio_rate1h{%s,slo="freshness"})' % MALL, "")),
            stat("Books balance", "bool_yes_no", ("min(mall_books_balanced{%s})" % MALL, "")),
            stat("Pods that answer", "short", ('sum(up{job="mall",%s})' % MALL, "")),
            stat("Faults switched on, 5 min", "short", ("sum(increase(mall_faults_injected_total{%s}[5m]))" % MALL, "")),
            series("How fast the budgets burn, 1 h (1 = lasts 30 days)", "short",
                   ('mall:slo_errors:ratio_rate1h{%s,slo="availability"} / 0.001' % MALL, "availability"),
                   ('mall:slo_errors:ratio_rate1h{%s,slo=~"latency|freshness"} / 0.01' % MALL, "{{slo}}"), width=24, height=6),
        ]),
        ("Requests, by service and version", [
            series("Requests a second", "reqps", (versioned(REQUESTS % ""), "{{service}} {{version}}")),
            series("Errors a second, by status", "reqps",
                   ('sum by (service, status) (rate(http_server_requests_seconds_count{%s,%s,outcome!="SUCCESS"}[%s]))' % (ALL, SHOP, W), "{{service}} {{status}}")),
            series("Duration", "s", *quantiles("http_server_requests_seconds_bucket", ALL + "," + SHOP, "service")),
            series("Part of the requests that a version answers", "percentunit",
                   (versioned(REQUESTS % "") + " / on (service) group_left () sum by (service) (%s)" % (REQUESTS % ""), "{{service}} {{version}}")),
            series("Gateway: requests a second, by route", "reqps",
                   ("sum by (routeId, outcome) (rate(spring_cloud_gateway_requests_seconds_count{%s}[%s]))" % (MALL, W), "{{routeId}} {{outcome}}")),
            heatmap("Gateway: how long requests take", "http_server_requests_seconds_bucket", MALL + ',service="gateway",' + SHOP),
        ]),
        ("The gateway's tries", [
            series("Tries a second, by outcome", "reqps",
                   ("sum by (upstream, outcome) (rate(mall_upstream_requests_total{%s}[%s]))" % (MALL, W), "{{upstream}} {{outcome}}")),
            series("Duration of a try", "s", *quantiles("mall_upstream_seconds_bucket", MALL, "upstream")),
            series("Second tries a second", "reqps", ("sum by (upstream) (rate(mall_upstream_retries_total{%s}[%s]))" % (MALL, W), "{{upstream}}")),
            series("Connections", "short", ("sum by (upstream, state) (mall_upstream_connections{%s})" % MALL, "{{upstream}} {{state}}")),
            series("Breakers that are open", "short", ('max by (service, name) (mall_breaker_state{%s,state="open"})' % ALL, "{{service}} {{name}}")),
            series("Questions before an order, by outcome", "reqps",
                   ("sum by (service, name, outcome) (rate(mall_question_seconds_count{%s}[%s]))" % (ALL, W), "{{service}} {{name}} {{outcome}}")),
        ]),
        ("Saturation", [
            series("CPU, in cores", "short", ("sum by (service, pod) (rate(process_cpu_seconds_total{%s}[%s]))" % (ALL, W), "{{pod}}")),
            series("Memory", "bytes", ("sum by (service, pod) (process_resident_memory_bytes{%s})" % ALL, "{{pod}}")),
            series("Open descriptors, of those allowed", "percentunit", ("process_open_fds{%s} / process_max_fds{%s}" % (ALL, ALL), "{{pod}}")),
        ]),
        ("Pods and autoscalers (kube-state-metrics, kubelet)", [
            series("Pods ready, by Deployment", "short", ("kube_deployment_status_replicas_ready{%s}" % SPACE, "{{deployment}}")),
            series("Autoscaler: pods wanted and at most", "short",
                   ("kube_horizontalpodautoscaler_status_desired_replicas{%s}" % SPACE, "{{horizontalpodautoscaler}} wanted"),
                   ("kube_horizontalpodautoscaler_spec_max_replicas{%s}" % SPACE, "{{horizontalpodautoscaler}} at most")),
            series("Restarts, 15 min", "short", ("sum by (pod) (increase(kube_pod_container_status_restarts_total{%s}[15m]))" % SPACE, "{{pod}}")),
            series("CPU, of what is requested", "percentunit",
                   ('sum by (pod) (rate(container_cpu_usage_seconds_total{%s,container!=""}[%s])) / sum by (pod) (kube_pod_container_resource_requests{%s,resource="cpu"})'
                    % (SPACE, W, SPACE), "{{pod}}")),
            series("Memory, of the limit", "percentunit",
                   ('sum by (pod) (container_memory_working_set_bytes{%s,container!=""}) / sum by (pod) (kube_pod_container_resource_limits{%s,resource="memory"})'
                    % (SPACE, SPACE), "{{pod}}")),
            series("CPU throttled, of all periods", "percentunit",
                   ('sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{%s}[%s])) / sum by (pod) (rate(container_cpu_cfs_periods_total{%s}[%s]))'
                    % (SPACE, W, SPACE, W), "{{pod}}")),
        ]),
        ("What runs", [
            table("Versions", "max by (service, pod, version, commit) (mall_build_info{%s})" % ALL),
        ]),
    ]),
    "events": ("Events", "From the outbox over the bus to what is applied: how many, how old, how far behind, how often twice, what is dead", [
        ("In short", [
            stat("Events waiting in outboxes", "short", ("sum(max by (service) (mall_outbox_pending{%s}))" % ALL, "")),
            stat("Oldest of them", "s", ("max(mall_outbox_oldest_seconds{%s})" % ALL, "")),
            stat("Events behind", "short", ("sum(max by (service, topic, partition) (kafka_consumer_records_lag{%s}))" % ALL, "")),
            stat("Dead letters", "short", ("sum(max by (group) (mall_dead_letters{%s}))" % MALL, "")),
            stat("Dead letters that wait", "short", ("sum(max by (service) (mall_outbox_set_aside{%s}))" % ALL, "")),
            stat("Applied within 5 s, 1 h", "percentunit", ('1 - max(mall:slo_errors:ratio_rate1h{%s,slo="freshness"})' % MALL, "")),
        ]),
        ("Announced", [
            series("Published a second", "eps", ("sum by (service, event_type) (rate(mall_events_published_total{%s}[%s]))" % (ALL, W), "{{service}} {{event_type}}")),
            series("Waiting in the outbox", "short", ("max by (service) (mall_outbox_pending{%s})" % ALL, "{{service}}")),
            series("Age of the oldest that waits", "s", ("max by (service) (mall_outbox_oldest_seconds{%s})" % ALL, "{{service}}")),
        ]),
        ("Applied", [
            series("Applied a second", "eps", ("sum by (service, event_type) (rate(mall_events_consumed_total{%s}[%s]))" % (ALL, W), "{{service}} {{event_type}}")),
            series("From announced to applied", "s", *quantiles("mall_event_age_seconds_bucket", ALL, "service", "event_type")),
            heatmap("From announced to applied", "mall_event_age_seconds_bucket", ALL),
            series("Lag, in events", "short", ("sum by (service) (max by (service, topic, partition) (kafka_consumer_records_lag{%s}))" % ALL, "{{service}}")),
            series("Lag, by partition", "short", ("max by (service, topic, partition) (kafka_consumer_records_lag{%s})" % ALL, "{{service}} {{partition}}")),
            series("Lag of groups on the embedded log", "short", ("max by (group) (mall_log_group_lag{%s})" % MALL, "{{group}}")),
        ]),
        ("Not applied", [
            series("Duplicates a second", "eps", ("sum by (service, event_type) (rate(mall_events_duplicate_total{%s}[%s]))" % (ALL, W), "{{service}} {{event_type}}")),
            series("Sent to the dead letters, a second", "eps", ("sum by (service, event_type) (rate(mall_events_dead_total{%s}[%s]))" % (ALL, W), "{{service}} {{event_type}}")),
            series("Two of one identity, a second", "eps", ("sum by (service, event_type) (rate(mall_events_clashing_total{%s}[%s]))" % (ALL, W), "{{service}} {{event_type}}")),
            series("Dead letters", "short", ("max by (group) (mall_dead_letters{%s})" % MALL, "{{group}}")),
            series("Oldest dead letter", "s", ("max by (group) (mall_dead_letter_oldest_seconds{%s})" % MALL, "{{group}}")),
        ]),
        ("The shop", [
            series("Orders, by status", "short", ("max by (status) (mall_orders{%s})" % MALL, "{{status}}")),
            series("Stock, by product", "short", ("max by (product) (mall_stock{%s})" % MALL, "{{product}}")),
            series("Products", "short", ("max(mall_products{%s})" % MALL, "products")),
        ]),
    ]),
    "postgres": ("PostgreSQL", "The store, as the services see it", [
        ("Sessions", [
            stat("Sessions, of those allowed", "percentunit",
                 ("sum(max by (state) (mall_postgres_sessions{%s})) / max(mall_postgres_sessions_max{%s})" % (MALL, MALL), ""), width=8),
            series("Sessions, by state", "short", ("max by (state) (mall_postgres_sessions{%s})" % MALL, "{{state}}"),
                   ("max(mall_postgres_sessions_max{%s})" % MALL, "at most"), width=16),
        ]),
        ("What waits for the store", [
            series("Duration of writes", "s", *quantiles("http_server_requests_seconds_bucket", ALL + ',method=~"POST|PUT|PATCH|DELETE",' + SHOP, "service")),
            series("503 a second", "reqps", ('sum by (service) (rate(http_server_requests_seconds_count{%s,status="503"}[%s]))' % (ALL, W), "{{service}}")),
            series("Waiting in the outbox", "short", ("max by (service) (mall_outbox_pending{%s})" % ALL, "{{service}}")),
        ]),
        ("The lab's disk and pod (kubelet)", [
            series("Disk, of its size", "percentunit",
                   ('max by (persistentvolumeclaim) (kubelet_volume_stats_used_bytes{%s} / kubelet_volume_stats_capacity_bytes{%s})' % (SPACE, SPACE), "{{persistentvolumeclaim}}")),
            series("CPU, in cores", "short", ('sum by (pod) (rate(container_cpu_usage_seconds_total{%s,pod=~".*postgres.*",container!=""}[%s]))' % (SPACE, W), "{{pod}}")),
            series("Memory", "bytes", ('sum by (pod) (container_memory_working_set_bytes{%s,pod=~".*postgres.*",container!=""})' % SPACE, "{{pod}}")),
        ]),
    ]),
    "mesh": ("Mesh", "Requests between the pods, as their proxies count them; the first row needs Istio's own proxy, the second plain Envoy's counters", [
        ("Istio's telemetry", [
            series("Requests a second, by version", "reqps",
                   ('sum by (destination_workload, destination_version) (rate(istio_requests_total{reporter="destination",destination_workload_namespace=~"$namespace"}[%s]))' % W,
                    "{{destination_workload}} {{destination_version}}")),
            series("Who asks whom, a second", "reqps",
                   ('sum by (source_workload, destination_workload) (rate(istio_requests_total{reporter="source",destination_workload_namespace=~"$namespace"}[%s]))' % W,
                    "{{source_workload}} to {{destination_workload}}")),
            series("Errors a second", "reqps",
                   ('sum by (destination_workload, response_code, response_flags) '
                    '(rate(istio_requests_total{reporter="source",destination_workload_namespace=~"$namespace",response_code=~"5.."}[%s]))' % W,
                    "{{destination_workload}} {{response_code}} {{response_flags}}")),
            series("Duration", "ms", *quantiles("istio_request_duration_milliseconds_bucket",
                                                'reporter="destination",destination_workload_namespace=~"$namespace"', "destination_workload")),
            series("Requests without mutual TLS, a second", "reqps",
                   ('sum by (source_workload, destination_workload) (rate(istio_requests_total{reporter="destination",destination_workload_namespace=~"$namespace",'
                    'connection_security_policy!="mutual_tls"}[%s]))' % W, "{{source_workload}} to {{destination_workload}}")),
        ]),
        ("Envoy's own counters", [
            series("Requests to a cluster, a second", "reqps",
                   ('sum by (cluster_name, response_code) (rate(envoy_cluster_upstream_rq{%s,cluster_name=~"outbound.*"}[%s]))' % (SPACE, W), "{{cluster_name}} {{response_code}}")),
            series("Requests that come in, a second", "reqps",
                   ('sum by (pod, response_code) (rate(envoy_cluster_upstream_rq{%s,cluster_name=~"inbound.*"}[%s]))' % (SPACE, W), "{{pod}} {{response_code}}")),
            series("Pods that outlier detection has put out", "short",
                   ("max by (cluster_name) (envoy_cluster_outlier_detection_ejections_active{%s})" % SPACE, "{{cluster_name}}")),
            series("Second tries a second", "reqps", ("sum by (cluster_name) (rate(envoy_cluster_upstream_rq_retry{%s}[%s]))" % (SPACE, W), "{{cluster_name}}")),
        ]),
    ]),
}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def variable(name, query, hide=0, several=False):
    return {"name": name, "type": "query", "datasource": SOURCE, "definition": query, "query": {"query": query, "refId": name}, "refresh": 2, "sort": 1,
            "hide": hide, "multi": several, "includeAll": several, **({"allValue": ".+", "current": {"text": "All", "value": "$__all"}} if several else {})}


VARIABLES = [{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"},
             variable("mall", 'label_values(up{job="mall"}, mall)'),
             variable("namespace", 'label_values(up{job="mall",mall="$mall"}, namespace)', hide=2),
             variable("service", 'label_values(up{job="mall",mall="$mall"}, service)', several=True)]


def target(number, kind, query):
    expression, legend = query
    more = {"heatmap": {"format": "heatmap", "range": True}, "timeseries": {"range": True}}.get(kind, {"instant": True, "format": "table" if kind == "table" else "time_series"})
    return {"datasource": SOURCE, "refId": chr(ord("A") + number), "expr": expression, "legendFormat": legend, **more}


def shown(p, number, x, y):
    options = {"timeseries": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}},
               "stat": {"colorMode": "none", "graphMode": "area", "reduceOptions": {"calcs": ["lastNotNull"]}},
               "heatmap": {"calculate": False, "yAxis": {"unit": p["unit"]}, "color": {"mode": "scheme", "scheme": "Blues"}},
               "table": {"showHeader": True}}[p["kind"]]
    return {"id": number, "type": p["kind"], "title": p["title"], "datasource": SOURCE, "gridPos": {"x": x, "y": y, "w": p["width"], "h": p["height"]},
            "fieldConfig": {"defaults": {"unit": p["unit"]}, "overrides": []}, "options": options,
            "targets": [target(n, p["kind"], q) for n, q in enumerate(p["queries"])]}


def panels(rows):
    found, y = [], 0
    for title, row in rows:
        found.append({"id": len(found) + 1, "type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}})
        x, y, tallest = 0, y + 1, 0
        for p in row:
            if x + p["width"] > 24:
                x, y, tallest = 0, y + tallest, 0
            found.append(shown(p, len(found) + 1, x, y))
            x, tallest = x + p["width"], max(tallest, p["height"])
        y += tallest
    return found


def boards():
    """The JSON of each, by name, as Grafana imports it."""
    return {name: json.dumps({"uid": "mall-" + name, "title": "%s" % title if title == "Mall" else "Mall: " + title, "description": about, "tags": ["mall"],
                              "schemaVersion": 39, "version": 1, "editable": True, "timezone": "browser", "refresh": "10s", "time": {"from": "now-1h", "to": "now"},
                              "graphTooltip": 1, "links": [{"type": "dashboards", "title": "Mall", "tags": ["mall"], "asDropdown": True, "includeVars": True, "keepTime": True}],
                              "templating": {"list": VARIABLES}, "annotations": {"list": []}, "panels": panels(rows)}, indent=1, ensure_ascii=False) + "\n"
            for name, (title, about, rows) in BOARDS.items()}
