"""slo - the objectives of a mall, from which `make generate` writes rules/slo.yml: how fast the error budget of 30 days is used up.

An objective is the share of bad ones, as a ratio over a window. A budget burns at 1x where it lasts 30 days. One window says that it
is real, a shorter one that it still goes on; WINDOWS has the pairs. OpenMetrics writes a bound of 5 as 5.0, the older text format as 5.
Nothing is said while there is no traffic (total > 0), and nobody is called unless the short window has more than ENOUGH requests or
events: of three requests at rest one is always many. The long window has them then too.
"""
# a console's pages and streams last as long as somebody looks, and probes are no customers
SHOP = 'service="gateway",uri!~"/actuator.*|/[*][*]"'
BY = "by (namespace, mall)"
ENOUGH = 100

OBJECTIVES = (
    {"name": "availability", "alert": "MallAvailability", "objective": 99.9, "what": "requests at the gateway end without a 5xx",
     "bad": 'sum %s (rate(http_server_requests_seconds_count{%s,status=~"5.."}[{window}]))' % (BY, SHOP),
     "total": "sum %s (rate(http_server_requests_seconds_count{%s}[{window}]))" % (BY, SHOP)},
    {"name": "latency", "alert": "MallLatency", "objective": 99, "what": "requests at the gateway are answered within 100 ms",
     "good": 'sum %s (rate(http_server_requests_seconds_bucket{%s,le="0.1"}[{window}]))' % (BY, SHOP),
     "total": "sum %s (rate(http_server_requests_seconds_count{%s}[{window}]))" % (BY, SHOP)},
    {"name": "freshness", "alert": "MallFreshness", "objective": 99, "what": "events are applied within 5 s of their announcement",
     "good": 'sum %s (rate(mall_event_age_seconds_bucket{le=~"5([.]0)?"}[{window}]))' % BY,
     "total": "sum %s (rate(mall_event_age_seconds_count[{window}]))" % BY},
)
# severity, [(times the budget, long window, short window)], how long it must last
WINDOWS = (
    ("page", ((14.4, "1h", "5m"), (6, "6h", "30m")), "1m"),
    ("ticket", ((3, "1d", "2h"), (1, "3d", "6h")), "15m"),
)
HEAD = """\
# written by `make generate` from deploy/monitoring/slo.py, which says how: the objectives, and how fast their budgets burn
# yamllint disable rule:line-length
groups:
"""
RECORD = """\
      - record: mall:slo_errors:ratio_rate{window}
        expr: {expr}
        labels:
          slo: {name}
"""
COUNTED = """\
      - record: mall:slo_counted:increase{window}
        expr: {expr}
        labels:
          slo: {name}
"""
ALERT = """\
      - alert: {alert}
        expr: >-
          {expr}
        for: {lasting}
        labels:
          severity: {severity}
          slo: {name}
        annotations:
          summary: "{{{{ $labels.mall }}}}: the error budget of {name} burns"
          description: "Objective: {objective} % of {what}. {{{{ $value | humanizePercentage }}}} are not, in the long window. At this pace the budget of 30 days is used up in {days}."
          runbook_url: {pages}/{alert}.md
"""


def ratio(slo, window):
    total = slo["total"].replace("{window}", window)
    if "bad" in slo:                                            # a mall without a failure has no series of them
        return "(%s or 0 * %s) / (%s > 0)" % (slo["bad"].replace("{window}", window), total, total)
    return "1 - %s / (%s > 0)" % (slo["good"].replace("{window}", window), total)


def counted(slo, window):
    return slo["total"].replace("rate(", "increase(").replace("{window}", window)


def burns(slo, pairs):
    """True while one pair of windows is above its limit, and enough is counted; the value is that of the long window."""
    one = 'mall:slo_errors:ratio_rate{long}{{slo="{name}"}} > {limit} and on (namespace, mall) mall:slo_errors:ratio_rate{short}{{slo="{name}"}} > {limit}' \
          ' and on (namespace, mall) mall:slo_counted:increase{short}{{slo="{name}"}} > {enough}'
    budget = 1 - slo["objective"] / 100
    return "\n          or ".join("(%s)" % one.format(name=slo["name"], limit="%.6g" % (times * budget), long=a, short=b, enough=ENOUGH) for times, a, b in pairs)


def by_length(windows):
    return sorted(windows, key=lambda w: int(w[:-1]) * {"m": 1, "h": 60, "d": 1440}[w[-1]])


def rules(pages):
    """pages: where the runbooks are read."""
    windows = by_length({w for _, pairs, _ in WINDOWS for pair in pairs for w in pair[1:]})
    short = by_length({pair[2] for _, pairs, _ in WINDOWS for pair in pairs})
    text = HEAD
    for slo in OBJECTIVES:
        text += "  - name: mall-slo-%s\n    rules:\n" % slo["name"]
        text += "".join(RECORD.format(window=w, expr=ratio(slo, w), name=slo["name"]) for w in windows)
        text += "".join(COUNTED.format(window=w, expr=counted(slo, w), name=slo["name"]) for w in short)
        for severity, pairs, lasting in WINDOWS:
            days = " or ".join("%.3g days" % (30 / times) for times, _, _ in pairs)
            text += ALERT.format(expr=burns(slo, pairs), severity=severity, lasting=lasting, days=days, pages=pages, **{k: slo[k] for k in ("alert", "name", "objective", "what")})
    return text
