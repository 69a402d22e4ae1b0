#!/usr/bin/env python3
"""stand_in - stands in for eksctl, docker or kubectl, by the name that it is called by, where a page's commands are for AWS (run=aws).

It knows the commands and flags of COMMANDS, as their manuals have them, and prints what is beside them. Anything else fails, as the real one would.
"""
import os
import pathlib
import re
import sys

# NAME WORDS: (flags with a value, flags without one, what is printed); what is no flag is taken as an argument
COMMANDS = {
    "eksctl create cluster": ("-f --config-file", "", "[✔]  EKS cluster \"user23-mall\" in \"ap-northeast-2\" region is ready"),
    "eksctl create accessentry": ("--cluster --principal-arn --kubernetes-groups --type", "", ""),
    "eksctl create iamidentitymapping": ("--cluster --arn --group --username", "", ""),
    "eksctl get cluster": ("--name --region -o", "", "NAME\t\tREGION\t\tEKSCTL CREATED\nuser23-mall\tap-northeast-2\tTrue"),
    "eksctl get nodegroup": ("--cluster --name -o", "", "CLUSTER\t\tNODEGROUP\tSTATUS\nuser23-mall\tnodes\t\tACTIVE"),
    "eksctl scale nodegroup": ("--cluster --name --nodes -N --nodes-min --nodes-max", "--wait", "[✔]  nodegroup successfully scaled"),
    "eksctl upgrade nodegroup": ("--cluster --name --kubernetes-version", "", ""),
    "eksctl delete cluster": ("-f --config-file --name", "--wait --disable-nodegroup-eviction --force", "[✔]  all cluster resources were deleted"),
    "eksctl create podidentityassociation": ("--cluster --namespace --service-account-name --permission-policy-arns --role-arn", "", ""),
    "eksctl create addon": ("--cluster --name --version -f --config-file", "--force --wait", ""),
    "eksctl delete addon": ("--cluster --name", "--preserve", ""),
    "eksctl version": ("", "", "0.220.0"),
    "docker build": ("-f --file -t --tag --platform --build-arg", "", "=> naming to mall"),
    "docker push": ("", "--quiet -q", "latest: digest: sha256:" + "d1" * 32 + " size: 1234"),
    "docker tag": ("", "", ""),
    "docker login": ("--username -u", "--password-stdin", "Login Succeeded"),
    "docker version": ("--format", "", "Version: 28.2.2"),
    "docker run": ("-p --publish -v --volume -e --env --name --platform", "--rm -d --detach -it -i -t --read-only", ""),
    "kubectl apply": ("-k --kustomize -f --filename -l --selector -n --namespace", "--server-side", "configured"),
    "kubectl create namespace": ("", "", "namespace/user23 created"),
    "kubectl create job": ("--from -n --namespace", "", "job.batch created"),
    "kubectl wait": ("--for --timeout -n --namespace -l --selector", "--all", "condition met"),
    "kubectl logs": ("-n --namespace -l --selector -c --container --tail", "--all-containers --ignore-errors -f", ""),
    "kubectl config set-context": ("-n --namespace", "--current", 'Context "user23" modified.'),
    "kubectl config current-context": ("", "", "user23@user23-mall.ap-northeast-2.eksctl.io"),
    "kubectl get nodes": ("-l --selector -o --output", "--watch -w", "NAME                                              STATUS   ROLES    AGE   VERSION\n" + "\n".join(
        "ip-192-168-%d.ap-northeast-2.compute.internal   Ready    <none>   3m    v1.35.2-eks-ecaa3a6" % node for node in (3, 17, 29))),
    "kubectl get": ("-n --namespace -l --selector -o --output", "-A --all-namespaces --watch -w", ""),
    "kubectl rollout status": ("-n --namespace --timeout", "", 'deployment "user23-order" successfully rolled out'),
    "kubectl rollout undo": ("-n --namespace --to-revision", "", "deployment.apps/user23-order rolled back"),
    "kubectl rollout history": ("-n --namespace", "", "REVISION  CHANGE-CAUSE\n1         <none>\n2         <none>"),
    "kubectl delete namespace": ("", "--ignore-not-found", 'namespace "user23" deleted'),
    "kubectl version": ("", "--client", "Client Version: v1.34.4"),
}
FILES = ("-f", "--file", "--filename", "--config-file", "-k", "--kustomize")


def known(name, words):
    """The command's row, and its arguments; the most words first."""
    for count in (3, 2, 1):
        row = COMMANDS.get(" ".join([name, *words[:count]]))
        if row and len(words) >= count:
            return row, words[count:]
    sys.exit("%s: unknown command: %s" % (name, " ".join(words)))


def check(name, row, words):
    """Each flag is known, has its value, and a file that it names is there."""
    valued, plain, _ = row
    words = iter(words)
    for word in words:
        flag, equals, value = word.partition("=")
        if not flag.startswith("-") or flag == "-":
            continue
        if flag in plain.split() and not equals:
            continue
        if flag not in valued.split():
            sys.exit("%s: unknown flag: %s" % (name, flag))
        value = value if equals else next(words, "")
        if not value:
            sys.exit("%s: flag needs an argument: %s" % (name, flag))
        if flag in FILES and value != "-" and not re.match(r"https?:", value) and not pathlib.Path(value).exists():
            sys.exit("%s: the path %r does not exist" % (name, value))


def main(name, words):
    row, rest = known(name, words)
    check(name, row, rest)
    if "-" in rest or "--password-stdin" in rest:
        sys.stdin.read()
    if row[2]:
        print(row[2])


if __name__ == "__main__":
    main(os.path.basename(sys.argv[0]), sys.argv[1:])
