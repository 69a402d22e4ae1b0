"""stand_in - stands in for aws, docker, kubectl, curl or sha256sum, by the name that it is called by.

It records its arguments and answers from a state that a story has set up (codebuild.World). A command that it does not know
fails, so that no command goes unseen.
"""
import contextlib
import json
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(os.environ["STAND_IN"])
DIGEST = "sha256:" + "d1" * 32


@contextlib.contextmanager
def state():
    file = HERE / "state.json"
    now = json.loads(file.read_text())
    try:
        yield now
    finally:
        file.write_text(json.dumps(now))                        # also where it ends with a failure


def end(trouble):
    print(trouble, file=sys.stderr)
    sys.exit(1)


def option(args, name):
    """Its value; removes both from args. None if it is not there."""
    for at, arg in enumerate(args):
        if arg == name:
            args.pop(at)
            return args.pop(at)
        if arg.startswith(name + "="):
            return args.pop(at).split("=", 1)[1]
    return None


# ---- aws, docker

def aws(args, now):
    if args[:2] == ["ecr", "get-login-password"]:
        print(now["password"])
    elif args[:2] == ["eks", "update-kubeconfig"]:
        now["kubeconfig"] = option(args, "--name")
    else:
        end("aws: unknown: %s" % args)


def docker(args, now):
    verb = args.pop(0)
    if verb == "login":
        if sys.stdin.read().strip() != now["password"]:
            end("Error: no or a wrong password")
        now["logged_in"] = args[-1]
    elif verb == "build":
        now["built"].append(option(args, "-t"))
    elif verb == "push":
        if args[0] not in now["built"] or args[0].split("/")[0] != now["logged_in"]:
            end("no basic auth credentials, or no such image")
        now["pushed"].append(args[0])
    elif verb == "image" and args.pop(0) == "inspect":          # RepoDigests, and one that is of another repository
        print("docker.io/library/other@sha256:" + "00" * 32)
        for image in [i for i in now["pushed"] if i == args[-1]]:
            print(image.rsplit(":", 1)[0] + "@" + DIGEST)
    else:
        end("docker: unknown: %s" % verb)


# ---- kubectl, of a cluster with one Deployment: its revisions are [number, image], the last one is in force

def kubectl(args, now):
    if not now["kubeconfig"]:
        end("The connection to the server localhost:8080 was refused")
    option(args, "--namespace")
    verb = args.pop(0)
    if verb == "apply":
        apply(args, now)
    elif verb == "rollout":
        {"status": status, "undo": undo}[args.pop(0)](args, now)
    elif verb == "get" and args[0] == "deployment":
        print(of_deployment(args, now), end="")
    elif verb == "delete" and args[:2] == ["pod", "siege"]:
        now["applied"] = [o for o in now["applied"] if o["kind"] != "Pod"]
    elif verb == "wait" and "pod/siege" in args:
        image, = (o["spec"]["containers"][0]["image"] for o in now["applied"] if o["kind"] == "Pod")
        if any(broken in image for broken in now["broken"]):
            end("error: timed out waiting for the condition on pods/siege")
    elif verb in ("get", "describe") and args[0] == "pods":
        print("user23-order-x  0/1  CrashLoopBackOff")
    else:
        end("kubectl: unknown: %s %s" % (verb, args))


def of_deployment(args, now):
    if not now["revisions"]:
        return "" if "--ignore-not-found" in args else end("Error from server (NotFound): deployments.apps not found")
    wanted = option(args, "-o")
    number, image = now["revisions"][-1]
    known = {r"jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}": number,
             "jsonpath={.spec.template.spec.containers[0].image}": image}
    return known[wanted] if wanted in known else end("kubectl: unknown: %s" % wanted)


def take_over(image, now):
    if not now["revisions"] or now["revisions"][-1][1] != image:
        now["revisions"].append([max([r[0] for r in now["revisions"]], default=0) + 1, image])


def apply(args, now):
    import yaml
    key, value = (option(args, "-l") or "=").split("=")
    for o in yaml.safe_load_all(pathlib.Path(option(args, "-f")).read_text()):
        if not key or o["metadata"].get("labels", {}).get(key) == value:
            now["applied"].append(o)
            if o["kind"] == "Deployment":
                take_over(o["spec"]["template"]["spec"]["containers"][0]["image"], now)
    if args:
        end("kubectl apply: unknown: %s" % args)
    if not now["applied"]:
        end("error: no objects passed to apply")
    if now["apply_breaks_off"]:
        end("Error from server (Forbidden): horizontalpodautoscalers is forbidden")


def status(args, now):
    if now["meanwhile"]:
        take_over(now["meanwhile"], now)
    image = now["revisions"][-1][1] if now["revisions"] else end("Error from server (NotFound)")
    if any(broken in image for broken in now["broken"]):
        end("error: timed out waiting for the condition")


def undo(args, now):
    wanted = option(args, "--to-revision")
    before = [r for r in now["revisions"][:-1] if wanted is None or r[0] == int(wanted)]
    if wanted and int(wanted) == now["revisions"][-1][0]:
        print("skipped rollback (current template already matches revision %s)" % wanted)
    elif not before:
        end("error: unable to find the revision" if wanted else "error: no rollout history found for deployment")
    else:
        take_over(before[-1][1], now)


# ---- what `tools` fetches

def curl(args, now):
    target, url = option(args, "-o"), args[-1]
    if url.endswith("/kubectl"):
        shutil.copy(HERE / "kubectl", target)
    elif "/kustomize_v" in url:
        shutil.copy(HERE / "kustomize.tar.gz", target)
    else:
        end("curl: (22) 404: %s" % url)


def sha256sum(args, now):
    print(sys.stdin.read().split()[1] + ": OK")


def main():
    name, args = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
    with open(HERE / "said.jsonl", "a") as log:
        log.write(json.dumps([name, *args]) + "\n")
    with state() as now:
        if now["fails"] and " ".join([name, *args]).startswith(now["fails"]):
            end("%s: fails, as it was told to" % name)
        globals()[name](args, now)


main()
