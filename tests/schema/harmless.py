"""harmless - for the admin listener: the tester switches on no fault that takes this machine's processors or memory, for up to an hour."""
import schemathesis


@schemathesis.hook
def filter_body(_, body):
    return not isinstance(body, dict) or body.get("kind") not in ("cpu", "memory")
