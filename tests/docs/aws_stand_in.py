"""aws_stand_in - the real AWS CLI, whose requests go nowhere: it checks each option and parameter by AWS' own models, and ANSWERS answers.

It is called as `aws` by the pages' commands (run=aws). An operation without an answer here fails, so that no command goes unseen.
"""
import json
import os
import pathlib
import sys

from awscli.clidriver import create_clidriver

STATE = pathlib.Path(os.environ["HOME"]) / "aws-stand-in.json"
ACCOUNT = "123456789012"
REGION = "ap-northeast-2"
REGISTRY = "%s.dkr.ecr.%s.amazonaws.com" % (ACCOUNT, REGION)


class Refused(Exception):
    """As AWS would: code, message."""


def stacks():
    return json.loads(STATE.read_text()) if STATE.exists() else {}


def keep(made):
    STATE.write_text(json.dumps(made))


def stack_name(given):
    return given.get("StackName", "").split("/")[1 if "/" in given.get("StackName", "") else 0]


def create_change_set(given):
    keep({**stacks(), stack_name(given): "REVIEW_IN_PROGRESS"})
    return {"Id": "arn:aws:cloudformation:%s:%s:changeSet/%s/1" % (REGION, ACCOUNT, stack_name(given)), "StackId": stack_name(given)}


def execute_change_set(given):
    keep({**stacks(), given["StackName"]: "CREATE_COMPLETE"})
    return {}


def delete_stack(given):
    keep({name: status for name, status in stacks().items() if name != stack_name(given)})
    return {}


def describe_stacks(given):
    made = stacks()
    if "StackName" in given and stack_name(given) not in made:
        raise Refused("ValidationError", "Stack with id %s does not exist" % stack_name(given))
    names = [stack_name(given)] if "StackName" in given else list(made)
    return {"Stacks": [{"StackName": name, "StackStatus": made[name], "Outputs": [{"OutputKey": "FileSystem", "OutputValue": "fs-0123456789abcdef0"}]}
                       for name in names]}


def build(given):
    return {"build": {"id": "%s:5f0c1d2e" % given["projectName"], "projectName": given["projectName"], "buildStatus": "IN_PROGRESS"}}


def builds(given):
    return {"builds": [{"id": one, "projectName": one.split(":")[0], "currentPhase": "COMPLETED", "buildStatus": "SUCCEEDED"} for one in given["ids"]]}


# By service and operation: what is answered, or what makes the answer of the parameters
ANSWERS = {
    "sts.GetCallerIdentity": {"UserId": "AIDAEXAMPLE", "Account": ACCOUNT, "Arn": "arn:aws:iam::%s:user/user23" % ACCOUNT},
    "cloudformation.CreateChangeSet": create_change_set,
    "cloudformation.DescribeChangeSet": {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE"},
    "cloudformation.ExecuteChangeSet": execute_change_set,
    "cloudformation.DescribeStacks": describe_stacks,
    "cloudformation.DeleteStack": delete_stack,
    "codebuild.StartBuild": build,
    "codebuild.BatchGetBuilds": builds,
    "codebuild.ListBuildsForProject": lambda given: {"ids": ["%s:5f0c1d2e" % given["projectName"]]},
    "codebuild.ListProjects": {"projects": []},
    "codeconnections.ListConnections": {"Connections": [{"ConnectionArn": "arn:aws:codeconnections:%s:%s:connection/c0" % (REGION, ACCOUNT),
                                                         "ConnectionName": "github", "ConnectionStatus": "AVAILABLE"}]},
    "ecr.DescribeRepositories": {"repositories": [{"repositoryName": "user23-order", "repositoryUri": REGISTRY + "/user23-order"}]},
    "ecr.DescribeImages": {"imageDetails": [{"imageDigest": "sha256:" + "d1" * 32, "imageTags": ["latest"]}]},
    "ecr.GetAuthorizationToken": {"authorizationData": [{"authorizationToken": "QVdTOnBhc3N3b3Jk", "proxyEndpoint": "https://" + REGISTRY}]},
    "eks.DescribeCluster": lambda given: {"cluster": {
        "name": given["name"], "status": "ACTIVE", "version": "1.34", "arn": "arn:aws:eks:%s:%s:cluster/%s" % (REGION, ACCOUNT, given["name"]),
        "endpoint": "https://0123456789ABCDEF.gr7.%s.eks.amazonaws.com" % REGION, "certificateAuthority": {"data": "LS0tLS1CRUdJTg=="},
        "resourcesVpcConfig": {"vpcId": "vpc-0a1b2c3d", "clusterSecurityGroupId": "sg-0a1b2c3d"}}},
    "eks.ListClusters": {"clusters": []},
    "eks.AssociateAccessPolicy": {"associatedAccessPolicy": {}},
    "ec2.DescribeInstances": {"Reservations": [{"Instances": [{"InstanceId": "i-0a1b2c3d", "SubnetId": "subnet-0a1b2c3d"}]}]},
    "ec2.DescribeVolumes": {"Volumes": []},
    "elb.DescribeLoadBalancers": {"LoadBalancerDescriptions": []},
    "efs.DescribeFileSystems": {"FileSystems": []},
    "iam.CreatePolicy": {"Policy": {"PolicyName": "mall-participant", "Arn": "arn:aws:iam::%s:policy/mall-participant" % ACCOUNT}},
    "iam.AttachUserPolicy": {},
    "service-quotas.GetServiceQuota": {"Quota": {"Value": 32.0}},
    "logs.DescribeQueryDefinitions": {"queryDefinitions": []},
    "logs.FilterLogEvents": {"events": [{"timestamp": 1795358923623, "logStreamName": "build", "message": "Phase complete: BUILD State: SUCCEEDED",
                                         "eventId": "1"}]},
    "logs.StartQuery": {"queryId": "q-1"},
    "logs.GetQueryResults": {"status": "Complete", "results": []},
}


class Http:
    def __init__(self, status_code):
        self.status_code, self.headers = status_code, {}


class Given:
    """Remembers the parameters of the call that is answered next."""

    def __init__(self):
        self.params = {}

    def note(self, params, **_):
        self.params = dict(params)

    def answer(self, model, **_):
        service = model.service_model.service_name
        found = ANSWERS.get("%s.%s" % (service, model.name))
        if found is None:
            sys.exit("aws: %s.%s has no answer in aws_stand_in.py" % (service, model.name))
        try:
            return Http(200), found(self.params) if callable(found) else found
        except Refused as why:
            return Http(400), {"Error": {"Code": why.args[0], "Message": why.args[1]}, "ResponseMetadata": {}}


def main(arguments):
    os.environ.update({"AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in", "AWS_DEFAULT_REGION": REGION})
    driver, given = create_clidriver(), Given()
    driver.session.register("before-parameter-build.*.*", given.note)
    driver.session.register("before-call.*.*", given.answer)
    return driver.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
