"""harmless - for the admin listener: what the tester switched on ends as soon as it was answered, whatever the tester does next.

So `cpu` and `memory` are tested too, and cost moments; and the most faults that may be on are never reached.
"""
import os
import urllib.request

import schemathesis


@schemathesis.hook
def after_call(_, case, __):
    if case.method.upper() == "POST":
        urllib.request.urlopen(urllib.request.Request(os.environ["MALL_TEST_ADMIN"] + "/faults", method="DELETE"), timeout=60).close()
