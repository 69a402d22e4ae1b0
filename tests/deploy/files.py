"""files - what deploy/eks and buildspec promise, checked without running them. Each check takes a tree; BROKEN breaks each."""
import fnmatch
import json
import re
import subprocess

import kubernetes_validate
import yaml

import fetch
import score
import services
from template import PSEUDO, TOP, Loader, Stack, resources

HERE = TOP / "tests/deploy"
DAEMONS = tuple(services.daemons())
REPOSITORIES = DAEMONS + ("siege", "mallctl")
KUBERNETES = ("1.34", "1.35", "1.36")
STEPS = ("tools", "login", "image", "deploy")
CONNECTION = "arn:aws:codeconnections:ap-northeast-2:123456789012:connection/x"


def passes(*command):
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0, (said.stdout + said.stderr).strip()


def buildspecs(tree):
    return [tree / "buildspec" / (service + ".yml") for service in REPOSITORIES]


def load(path):
    return yaml.safe_load(path.read_text())


# ---- linters of others

def yaml_is_tidy(tree):
    passes(fetch.BIN / "yamllint", "-s", "-c", HERE / "yamllint.yml", tree / "buildspec", tree / "deploy", tree / "compose.yaml", tree / ".github")


def buildspecs_have_their_schema(tree):
    schema = tree / "buildspec.schema.json"
    schema.write_text((HERE / "buildspec.schema.json").read_text().replace("DAEMON", "|".join(REPOSITORIES)))
    passes(fetch.BIN / "check-jsonschema", "--schemafile", schema, *buildspecs(tree))


def eksctl_takes_the_cluster(tree):
    passes(fetch.BIN / "check-jsonschema", "--schemafile", fetch.EKSCTL_SCHEMA, tree / "deploy/eks/cluster.yaml")


def cloudformation_takes_the_templates(tree):
    templates = (tree / "deploy/eks" / (name + ".yaml") for name in ("repositories", "pipelines", "rds", "logging", "efs"))
    passes(fetch.BIN / "cfn-lint", "--regions", PSEUDO["AWS::Region"], "--", *templates)


def hadolint_likes_the_dockerfiles(tree):
    passes(fetch.BIN / "hadolint", tree / "Dockerfile.template", tree / "deploy/siege/Dockerfile", tree / ".devcontainer/Dockerfile")


def shellcheck_likes_the_scripts(tree):
    passes("shellcheck", tree / "buildspec/pipeline.sh", tree / "deploy/eks/teardown.sh", tree / "deploy/eks/mine.sh", tree / "scripts/participant")


# ---- buildspecs

def buildspecs_differ_by_their_service_alone(tree):
    texts = {path.stem: path.read_text() for path in buildspecs(tree)}
    assert len({text.replace(service, "SERVICE") for service, text in texts.items()}) == 1, "what they share differs"
    for service, text in texts.items():
        assert yaml.safe_load(text)["env"]["variables"]["_PROJECT_NAME"].endswith("-" + service)


def every_step_is_called_once(tree):
    """Each step has a phase, and each phase a step."""
    known = re.search(r"^([a-z |]+)\) \"\$1\" ;;", (tree / "buildspec/pipeline.sh").read_text(), re.M)[1].split(" | ")
    for path in buildspecs(tree):
        called = [c.split()[-1] for phase in load(path)["phases"].values() for c in phase["commands"]]
        assert called == known == list(STEPS), "%s: %s" % (path.name, called)


def nothing_of_2022_is_left(tree):
    gone = re.compile(r"insecure-skip-tls-verify|KUBE_TOKEN|KUBE_URL|ecr get-login\b(?!-)|storage\.googleapis\.com|--replicas|curl .*-k\b|AWS_SECRET")
    for path in [*buildspecs(tree), tree / "buildspec/pipeline.sh", *(tree / "deploy/eks").glob("*.yaml")]:
        found = gone.search(path.read_text())
        assert not found, "%s: %s" % (path.name, found)


def tools_are_pinned(tree):
    text = (tree / "buildspec/pipeline.sh").read_text()
    versions = dict(re.findall(r"^(KUBECTL|KUSTOMIZE)=(\d+\.\d+\.\d+)$", text, re.M))
    assert len(versions) == 2 and len(re.findall(r"^\w+_SHA256=[0-9a-f]{64}$", text, re.M)) == 2, "a version and a sum of each"
    assert "v" + versions["KUSTOMIZE"] == fetch.tools.KUSTOMIZE[1], "another kustomize than the manifests are tested with"
    cluster = load(tree / "deploy/eks/cluster.yaml")["metadata"]["version"]
    apart = abs(int(versions["KUBECTL"].split(".")[1]) - int(cluster.split(".")[1]))
    assert apart <= 1, "kubectl %s and a cluster of %s" % (versions["KUBECTL"], cluster)


# ---- the image's build, which tests

def stages(tree):
    """{name: (its base, its lines)}; the name of the last one is None."""
    found, name = {}, None
    for line in (tree / "Dockerfile.template").read_text().replace("\\\n", " ").split("\n"):
        begin = re.match(r"FROM (?:--\S+ )*(\S+)(?: AS (\S+))?", line)
        if begin:
            name = begin[2]
            found[name] = (begin[1], [])
        elif name in found:
            found[name][1].append(line)
    return found


def image_cannot_be_built_without_its_tests(tree):
    of_all = stages(tree)
    for image, program in ((None, r'"?\$\{?SERVICE\}?"?'), ("mall", r'"\$\(make -s print-PROGRAMS\)"')):
        wanted = {source for line in of_all[image][1] for source in re.findall(r"^COPY .*--from=(\S+)", line)}
        run = []
        while wanted:
            origin, lines = of_all[wanted.pop()]
            run += [line for line in lines if line.startswith("RUN")]
            wanted |= {origin} & set(of_all)
        for under in ("common", program):
            assert any(re.search(r"make .*unit-here.* UNDER=%s(\s|$)" % under, line) for line in run), "nothing on the image's way tests %s" % under


def base_from_elsewhere_is_the_one_of_the_recipe(tree):
    base = re.search(r"^BASE=(\S+)$", (tree / "buildspec/pipeline.sh").read_text(), re.M)[1]
    of_all = stages(tree)
    foreign = {origin for origin, _ in of_all.values()} - set(of_all) - {"scratch"}
    assert foreign == {base}, "from Docker Hub: %s" % (foreign - {base})


# ---- repositories, projects, their role

def repositories_are_those_that_are_pushed_to(tree):
    found = {r["RepositoryName"]: r for r in Stack("repositories.yaml", tree).of_type("AWS::ECR::Repository")}
    assert set(found) == {"user23-" + name for name in REPOSITORIES}, sorted(found)
    for path in buildspecs(tree):
        assert load(path)["env"]["variables"]["_PROJECT_NAME"] in found, path.name
    used = {i["name"].split("/")[1] for i in load(tree / "deploy/k8s/components/images/kustomization.yaml")["images"]}
    assert used == set(REPOSITORIES), used
    for repository in found.values():
        assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}, repository
        rules = yaml.safe_load(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        assert [r["selection"]["countType"] for r in rules] == ["imageCountMoreThan"], "by age, what runs would go"
        assert rules[0]["selection"]["countNumber"] >= 20


def projects_build_their_service(tree):
    stack = Stack("pipelines.yaml", tree, Source="https://github.com/you/mall")
    projects = {p["Name"]: p for p in stack.of_type("AWS::CodeBuild::Project")}
    assert set(projects) == {"user23-" + service for service in REPOSITORIES}
    groups = {g["LogGroupName"] for g in stack.of_type("AWS::Logs::LogGroup")}
    for name, project in projects.items():
        assert (tree / project["Source"]["BuildSpec"]) in buildspecs(tree) and name.endswith("-" + (tree / project["Source"]["BuildSpec"]).stem)
        machine = project["Environment"]
        assert machine["Image"] == "aws/codebuild/amazonlinux-x86_64-standard:5.0" and machine["PrivilegedMode"] is True
        assert {v["Name"] for v in machine["EnvironmentVariables"]} == {"AWS_ACCOUNT_ID", "_CLUSTER_NAME", "_NAMESPACE"} | (set() if name.endswith("-siege") else {"_OVERLAY"})
        assert project["LogsConfig"]["CloudWatchLogs"]["GroupName"] in groups, name
        assert "Triggers" not in project and "Auth" not in project["Source"], "without a connection there is no webhook"


def a_push_builds_what_it_changed(tree):
    for project in Stack("pipelines.yaml", tree, Connection=CONNECTION).of_type("AWS::CodeBuild::Project"):
        service = project["Name"].split("-")[-1]
        if service == "siege":
            assert "Triggers" not in project, "a push would end what is typed in the pod"
            continue
        assert project["Source"]["Auth"] == {"Type": "CODECONNECTIONS", "Resource": CONNECTION}
        filters = {f["Type"]: f["Pattern"] for f in project["Triggers"]["FilterGroups"][0]}
        assert filters["EVENT"] == "PUSH" and re.search(filters["HEAD_REF"], "refs/heads/main")
        assert not re.search(filters["HEAD_REF"], "refs/heads/mainly")
        other = "order" if service != "order" else "mallctl"
        paths = {service + "/main.c": True, "common/base/text.c": True, "deploy/k8s/base/order.yaml": True, "Dockerfile.template": True,
                 "buildspec/%s.yml" % service: True, "buildspec/pipeline.sh": True, other + "/main.c": False, "buildspec/%s.yml" % other: False,
                 "docs/scaling.md": False, "README.md": False}
        for path, wanted in paths.items():
            assert bool(re.search(filters["FILE_PATH"], path)) == wanted, "%s of %s" % (path, service)


def role_may_what_the_steps_need_and_no_more(tree):
    stack = Stack("pipelines.yaml", tree, Connection=CONNECTION)
    role, = stack.of_type("AWS::IAM::Role")
    assert set(role) == {"AssumeRolePolicyDocument", "Policies"}, "nobody else's policy is attached: %s" % set(role)
    arn = "arn:aws:%s:ap-northeast-2:123456789012:"
    may = {s["Sid"]: (s["Action"], s["Resource"]) for s in role["Policies"][0]["PolicyDocument"]["Statement"]}
    assert len(role["Policies"]) == 1 and may == {
        "LogIn": ("ecr:GetAuthorizationToken", "*"),
        "Push": (["ecr:" + a for a in ("BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart")],
                 [arn % "ecr" + "repository/user23-" + service for service in REPOSITORIES]),
        "FindCluster": ("eks:DescribeCluster", arn % "eks" + "cluster/user23-mall"),
        "Log": (["logs:CreateLogStream", "logs:PutLogEvents"], ["the Log%s.Arn" % service for service in REPOSITORIES]),
        "FetchSource": (["codeconnections:" + a for a in ("GetConnection", "GetConnectionToken", "UseConnection")], CONNECTION),
    }, may
    trust, = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "codebuild.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}, "ArnLike": {"aws:SourceArn": arn % "codebuild" + "project/user23-*"}}


def role_without_connection_fetches_nothing_private(tree):
    role, = Stack("pipelines.yaml", tree).of_type("AWS::IAM::Role")
    assert "FetchSource" not in [s["Sid"] for s in role["Policies"][0]["PolicyDocument"]["Statement"]]


def the_database_is_private_and_its_password_is_nobodys(tree):
    stack = yaml.load((tree / "deploy/eks/rds.yaml").read_text(), Loader)
    raw = stack["Resources"]["Database"]["Properties"]
    assert "ManageMasterUserPassword" not in raw, "it would be another one every seven days, and Secret mall-db has a copy"
    assert raw.get("MasterUserPassword") == {"Fn::Sub": "{{resolve:secretsmanager:${Password}:SecretString}}"}, raw
    kinds = {r["Type"]: r["Properties"] for r in stack["Resources"].values()}
    assert kinds["AWS::SecretsManager::Secret"]["GenerateSecretString"]["PasswordLength"] >= 32 and "AWS::SecretsManager::RotationSchedule" not in kinds
    database = raw
    assert database["PubliclyAccessible"] is False and database["StorageEncrypted"] is True and database["MultiAZ"] is True
    settings, = Stack("rds.yaml", tree).of_type("AWS::RDS::DBParameterGroup")
    assert settings["Parameters"] == {"rds.force_ssl": "1"}, settings
    access, = Stack("rds.yaml", tree).of_type("AWS::EC2::SecurityGroup")
    assert [set(rule) & {"CidrIp", "SourceSecurityGroupId"} for rule in access["SecurityGroupIngress"]] == [{"SourceSecurityGroupId"}], access


def a_participants_policy_is_of_one_region_and_of_the_stacks_roles(tree):
    """Whoever may create or pass any role may do everything."""
    policy = json.loads((tree / "deploy/eks/participant-policy.json").read_text())
    region = load(tree / "deploy/eks/cluster.yaml")["metadata"]["region"]
    for statement in policy["Statement"]:
        wide = [a for a in statement["Action"] if a.endswith(":*")]
        assert "*" not in statement["Action"] and not [a for a in wide if a.split(":")[0] in ("iam", "sts", "kms")], statement["Sid"]
        assert not wide or statement["Condition"]["StringEquals"]["aws:RequestedRegion"] == region, statement["Sid"]
        changes = [a for a in statement["Action"] if a in ("iam:CreateRole", "iam:PassRole", "iam:AttachRolePolicy", "iam:PutRolePolicy")]
        assert not changes or "*" not in statement["Resource"], statement["Sid"]


def a_participants_policy_allows_what_the_stacks_make(tree):
    """By the resources' types; a role by the name that CloudFormation gives it, STACK-RESOURCE-LETTERS."""
    of_service = {"CodeBuild": "codebuild", "EC2": "ec2", "ECR": "ecr", "EFS": "elasticfilesystem", "EKS": "eks", "Logs": "logs", "RDS": "rds",
                  "SecretsManager": "secretsmanager"}
    statements = json.loads((tree / "deploy/eks/participant-policy.json").read_text())["Statement"]
    everywhere = {a for s in statements for a in s["Action"] if s["Resource"] == "*"}
    assert "cloudformation:*" in everywhere
    for path in sorted((tree / "deploy/eks").glob("*.yaml")):
        template = yaml.load(path.read_text(), Loader)
        for name, resource in resources(template).items() if "AWSTemplateFormatVersion" in template else ():
            service = resource["Type"].split("::")[1]
            if service == "IAM":
                role = "arn:aws:iam::123456789012:role/user23-%s-%s-1ABCDEF" % (path.stem, name)
                may = {a for s in statements if any(fnmatch.fnmatch(role, r) for r in s["Resource"] if r != "*") for a in s["Action"]}
                assert {"iam:CreateRole", "iam:DeleteRole", "iam:PassRole", "iam:AttachRolePolicy", "iam:PutRolePolicy"} <= may, "%s: %s" % (path.name, role)
            else:
                assert of_service[service] + ":*" in everywhere, "%s makes %s" % (path.name, resource["Type"])


def role_edits_one_namespace(tree):
    entry, = Stack("pipelines.yaml", tree).of_type("AWS::EKS::AccessEntry")
    assert entry["ClusterName"] == load(tree / "deploy/eks/cluster.yaml")["metadata"]["name"]
    assert "KubernetesGroups" not in entry and entry["PrincipalArn"] == "the Role.Arn"
    assert entry["AccessPolicies"] == [{"PolicyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
                                        "AccessScope": {"Type": "namespace", "Namespaces": ["user23"]}}], entry


# ---- the cluster

def cluster_is_as_large_as_it_says(tree):
    text = (tree / "deploy/eks/cluster.yaml").read_text()
    cluster, (nodes,) = yaml.safe_load(text), yaml.safe_load(text)["managedNodeGroups"]
    at = [text.index(word) for word in ("\n  version:", "\n  region:", " instanceType:", "\nvpc:", "\naddons:")]
    assert at == sorted(at), "version, region and node type are not at the top"
    assert cluster["metadata"]["version"] in KUBERNETES
    assert (nodes["instanceType"], nodes["minSize"], nodes["maxSize"]) == ("t3.medium", 1, 4) and nodes["amiFamily"] == "AmazonLinux2023"
    assert len(nodes["availabilityZones"]) == 1 and len(cluster["availabilityZones"]) == 2, "a disk of EBS is in one zone, its pod must be too"
    assert nodes["availabilityZones"][0] in cluster["availabilityZones"] and nodes["maxPodsPerNode"] == 110
    assert cluster["vpc"]["nat"]["gateway"] == "Disable" and not nodes.get("privateNetworking"), "nodes without a way out"


def cluster_has_its_addons(tree):
    cluster = load(tree / "deploy/eks/cluster.yaml")
    addons = {a["name"]: a for a in cluster["addons"]}
    assert set(addons) == {"vpc-cni", "coredns", "kube-proxy", "aws-ebs-csi-driver", "metrics-server", "eks-pod-identity-agent"}
    of_network = yaml.safe_load(addons["vpc-cni"]["configurationValues"])
    assert of_network["enableNetworkPolicy"] == "true", "else NetworkPolicies are only stored"
    assert of_network["env"]["ENABLE_PREFIX_DELEGATION"] == "true", "the nodes' addresses do not suffice for maxPodsPerNode"
    assert re.fullmatch(r"\d+\.\d+\.\d+", addons["vpc-cni"].get("version", "")), "what enforces the NetworkPolicies has no named version"
    assert cluster["addonsConfig"]["autoApplyPodIdentityAssociations"] is True and cluster["accessConfig"]["authenticationMode"] == "API_AND_CONFIG_MAP"


def claims_get_a_volume(tree):
    storage = load(tree / "deploy/eks/storageclass.yaml")
    for version in KUBERNETES:
        try:
            kubernetes_validate.validate(storage, version, strict=True)
        except kubernetes_validate.ValidationError as e:
            raise AssertionError("storageclass.yaml, %s: %s" % (version, e.message))
    assert storage["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
    assert storage["provisioner"] == "ebs.csi.aws.com" and storage["parameters"]["type"] == "gp3"
    assert storage["volumeBindingMode"] == "WaitForFirstConsumer", "a volume in a zone where its pod is not"


def readme_speaks_of_what_is_there(tree):
    text = (tree / "deploy/eks/README.md").read_text()
    named = set(re.findall(r"(?<![\w/.$])(?:deploy|buildspec|build/images|tests)/[\w./-]*\w", text))
    gone = [n for n in named if not n.startswith(("build/images", "deploy/k8s/overlays/mine")) and not (TOP / n).exists()]
    assert len(named) > 5 and not gone, "README.md speaks of %s" % gone
    way = text[text.index("## 1. "):]
    assert "user23-" not in "".join(re.findall(r"^    .*\n", way, re.M)), "a command that names another participant's"
    order = [way.index(words) for words in ("eksctl create cluster", "storageclass.yaml", "$PREFIX-repositories", "$PREFIX-pipelines", "kubectl apply -k deploy/k8s/kafka",
                                             "codebuild start-build", "kubectl exec", "kubectl autoscale deploy $PREFIX-order", "A redeployment", "teardown.sh")]
    assert order == sorted(order), "the lab's way in another order"


CHECKS = [yaml_is_tidy, buildspecs_have_their_schema, eksctl_takes_the_cluster, cloudformation_takes_the_templates, hadolint_likes_the_dockerfiles,
          shellcheck_likes_the_scripts, score.kube_score_finds_nothing_that_is_not_accepted, buildspecs_differ_by_their_service_alone,
          every_step_is_called_once, nothing_of_2022_is_left, tools_are_pinned, image_cannot_be_built_without_its_tests,
          base_from_elsewhere_is_the_one_of_the_recipe, repositories_are_those_that_are_pushed_to, projects_build_their_service,
          a_push_builds_what_it_changed, role_may_what_the_steps_need_and_no_more, role_without_connection_fetches_nothing_private,
          the_database_is_private_and_its_password_is_nobodys, a_participants_policy_is_of_one_region_and_of_the_stacks_roles,
          a_participants_policy_allows_what_the_stacks_make, role_edits_one_namespace, cluster_is_as_large_as_it_says, cluster_has_its_addons, claims_get_a_volume, readme_speaks_of_what_is_there]

SCRIPT, ORDER, RECIPE = "buildspec/pipeline.sh", "buildspec/order.yml", "Dockerfile.template"
CLUSTER, STORAGE, REPOS, PIPES, RDS = ("deploy/eks/%s.yaml" % name for name in ("cluster", "storageclass", "repositories", "pipelines", "rds"))
POLICY = "deploy/eks/participant-policy.json"
BROKEN = [
    (yaml_is_tidy, CLUSTER, "metadata:\n  name: user23-mall\n", "metadata:\n  name: user23-mall\n  name: user23-mall\n"),
    (buildspecs_have_their_schema, ORDER, "version: 0.2", "version: 0.1"),
    (buildspecs_have_their_schema, ORDER, "  post_build:", "  postbuild:"),
    (buildspecs_have_their_schema, ORDER, "sh buildspec/pipeline.sh image", "echo Build started"),
    (buildspecs_have_their_schema, ORDER, "user23-order", "user23-orders"),
    (eksctl_takes_the_cluster, CLUSTER, "managedNodeGroups:", "managedNodegroups:"),
    (eksctl_takes_the_cluster, CLUSTER, "minSize: 1", "minSize: one"),
    (cloudformation_takes_the_templates, PIPES, "PrivilegedMode", "Privileged"),
    (cloudformation_takes_the_templates, PIPES, "!GetAtt Logorder.Arn", "!GetAtt Logorders.Arn"),
    (cloudformation_takes_the_templates, REPOS, "ScanOnPush", "ScanOnPull"),
    (cloudformation_takes_the_templates, "deploy/eks/efs.yaml", "ThroughputMode", "Throughput"),
    (cloudformation_takes_the_templates, PIPES, "      - mallctl\n", ""),
    (cloudformation_takes_the_templates, "deploy/eks/logging.yaml", "QueryString: |", "Query: |"),
    (hadolint_likes_the_dockerfiles, "deploy/siege/Dockerfile", "WORKDIR /home/siege", "WORKDIR home"),
    (shellcheck_likes_the_scripts, SCRIPT, 'docker push "$image"', "docker push $image"),
    (score.kube_score_finds_nothing_that_is_not_accepted, "deploy/k8s/base/pod.yaml", "    readOnlyRootFilesystem: true\n", ""),
    (score.kube_score_finds_nothing_that_is_not_accepted, "deploy/k8s/overlays/lab/siege/siege.yaml", "        readOnlyRootFilesystem: true\n", ""),
    (buildspecs_differ_by_their_service_alone, ORDER, "  install:", "  # more\n  install:"),
    (every_step_is_called_once, ORDER, "pipeline.sh login", "pipeline.sh tools"),
    (every_step_is_called_once, SCRIPT, "tools | login | image | deploy)", "tools | login | image | deploy | scan)"),
    (nothing_of_2022_is_left, SCRIPT, "rollout status", "--insecure-skip-tls-verify rollout status"),
    (nothing_of_2022_is_left, SCRIPT, "get-login-password", "get-login --no-include-email"),
    (tools_are_pinned, SCRIPT, "KUSTOMIZE=5.8.1", "KUSTOMIZE=5.7.0"),
    (tools_are_pinned, SCRIPT, "KUBECTL_SHA256=", "KUBECTL_SHA256=x"),
    (tools_are_pinned, CLUSTER, 'version: "1.35"', 'version: "1.37"'),
    (image_cannot_be_built_without_its_tests, RECIPE, 'unit-here UNDER="${SERVICE}"', ""),
    (image_cannot_be_built_without_its_tests, RECIPE, "unit-here UNDER=common", "unit-here UNDER=none"),
    (image_cannot_be_built_without_its_tests, RECIPE, 'unit-here UNDER="$(make -s print-PROGRAMS)"', ""),
    (hadolint_likes_the_dockerfiles, ".devcontainer/Dockerfile", "SHELL [", "# ["),
    (yaml_is_tidy, "compose.yaml", "  siege:\n", "  mall:\n"),
    (base_from_elsewhere_is_the_one_of_the_recipe, RECIPE, "docker.io/library/debian:trixie-slim AS", "docker.io/library/debian:forky-slim AS"),
    (repositories_are_those_that_are_pushed_to, REPOS, "      - siege\n", ""),
    (repositories_are_those_that_are_pushed_to, REPOS, "ScanOnPush: true", "ScanOnPush: false"),
    (repositories_are_those_that_are_pushed_to, REPOS, "imageCountMoreThan", "sinceImagePushed"),
    (projects_build_their_service, PIPES, "buildspec/${Service}.yml", "buildspec/${Service}.yaml"),
    (projects_build_their_service, PIPES, "PrivilegedMode: true", "PrivilegedMode: false"),
    (projects_build_their_service, PIPES, "              - Name: _NAMESPACE\n                Value: !Ref Namespace\n", ""),
    (projects_build_their_service, PIPES, "              - Name: _OVERLAY\n                Value: !Ref Overlay\n", ""),
    (cluster_is_as_large_as_it_says, CLUSTER, "    availabilityZones: [ap-northeast-2a]\n", "    availabilityZones: [ap-northeast-2a, ap-northeast-2c]\n"),
    (cluster_is_as_large_as_it_says, CLUSTER, "maxPodsPerNode: 110", "maxPodsPerNode: 17"),
    (cluster_has_its_addons, CLUSTER, "    version: 1.21.1\n", ""),
    (cluster_has_its_addons, CLUSTER, 'ENABLE_PREFIX_DELEGATION: "true"', 'ENABLE_PREFIX_DELEGATION: "false"'),
    (a_push_builds_what_it_changed, PIPES, "^refs/heads/${Branch}$", "^refs/heads/${Branch}"),
    (a_push_builds_what_it_changed, PIPES, "^(${Service}/|", "^(.*/|"),
    (role_may_what_the_steps_need_and_no_more, PIPES, "                  - ecr:PutImage\n", "                  - ecr:*\n"),
    (role_may_what_the_steps_need_and_no_more, PIPES, "repository/${Prefix}order", "repository/*"),
    (role_may_what_the_steps_need_and_no_more, PIPES, "cluster/${ClusterName}", "cluster/*"),
    (role_may_what_the_steps_need_and_no_more, PIPES, "      Policies:\n", "      ManagedPolicyArns: [\"arn:aws:iam::aws:policy/AdministratorAccess\"]\n      Policies:\n"),
    (role_may_what_the_steps_need_and_no_more, PIPES, "project/${Prefix}*", "project/*"),
    (role_without_connection_fetches_nothing_private, PIPES, "                - !Ref AWS::NoValue\n\n", "                - Sid: FetchSource\n\n"),
    (role_edits_one_namespace, PIPES, "AmazonEKSEditPolicy", "AmazonEKSClusterAdminPolicy"),
    (the_database_is_private_and_its_password_is_nobodys, RDS, 'MasterUserPassword: !Sub "{{resolve:secretsmanager:${Password}:SecretString}}"', "MasterUserPassword: a-password"),
    (the_database_is_private_and_its_password_is_nobodys, RDS, "      MasterUsername: mall\n", "      MasterUsername: mall\n      ManageMasterUserPassword: true\n"),
    (the_database_is_private_and_its_password_is_nobodys, RDS, "PubliclyAccessible: false", "PubliclyAccessible: true"),
    (the_database_is_private_and_its_password_is_nobodys, RDS, "SourceSecurityGroupId: !Ref NodesSecurityGroup", "CidrIp: 0.0.0.0/0"),
    (a_participants_policy_is_of_one_region_and_of_the_stacks_roles, POLICY, '["arn:aws:iam::*:role/eksctl-*", "arn:aws:iam::*:role/*-pipelines-*", "arn:aws:iam::*:role/*-efs-*"]', '["*"]'),
    (a_participants_policy_is_of_one_region_and_of_the_stacks_roles, POLICY, '"iam:GetUser"', '"iam:*"'),
    (a_participants_policy_allows_what_the_stacks_make, POLICY, ', "arn:aws:iam::*:role/*-efs-*"', ""),
    (a_participants_policy_allows_what_the_stacks_make, POLICY, '"secretsmanager:*", ', ""),
    (a_participants_policy_allows_what_the_stacks_make, POLICY, '"elasticfilesystem:*", ', ""),
    (role_edits_one_namespace, PIPES, "Type: namespace", "Type: cluster"),
    (cluster_is_as_large_as_it_says, CLUSTER, "maxSize: 4", "maxSize: 8"),
    (cluster_is_as_large_as_it_says, CLUSTER, 'version: "1.35"', 'version: "1.33"'),
    (cluster_has_its_addons, CLUSTER, "  - name: metrics-server", "  - name: metrics"),
    (cluster_has_its_addons, CLUSTER, 'enableNetworkPolicy: "true"', 'enableNetworkPolicy: "false"'),
    (claims_get_a_volume, STORAGE, 'is-default-class: "true"', 'is-default-class: "false"'),
    (claims_get_a_volume, STORAGE, "volumeBindingMode", "bindingMode"),
    (readme_speaks_of_what_is_there, "deploy/eks/README.md", "kubectl get hpa $PREFIX-order", "kubectl get hpa user23-order"),
    (readme_speaks_of_what_is_there, "deploy/eks/README.md", "deploy/eks/teardown.sh", "deploy/eks/tear_down.sh"),
]
