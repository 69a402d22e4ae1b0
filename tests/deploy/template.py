"""template - deploy/eks/*.yaml of CloudFormation, read and resolved as far as the tests need it."""
import pathlib
import re

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
PSEUDO = {"AWS::AccountId": "123456789012", "AWS::Region": "ap-northeast-2", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}


class Loader(yaml.SafeLoader):
    """!Sub x is {"Fn::Sub": x}, as CloudFormation has it."""


def of_tag(loader, suffix, node):
    key = suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix
    if isinstance(node, yaml.ScalarNode):
        return {key: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    return {key: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", of_tag)


def each(o, name, value):
    """A body of Fn::ForEach, for one of its values."""
    if isinstance(o, str):
        return o.replace("${%s}" % name, value)
    if isinstance(o, list):
        return [each(e, name, value) for e in o]
    if isinstance(o, dict):
        return {each(k, name, value): each(v, name, value) for k, v in o.items()}
    return o


def resources(template):
    found = {}
    for key, body in template["Resources"].items():
        if key.startswith("Fn::ForEach::"):
            name, values, inner = body
            for value in values:
                found.update(each(inner, name, value))
        else:
            found[key] = body
    return found


class Stack:
    def __init__(self, file, top=TOP, **parameters):
        template = yaml.load((top / "deploy/eks" / file).read_text(), Loader)
        self.values = {**PSEUDO, **{k: p.get("Default", "") for k, p in template["Parameters"].items()}, **parameters}
        self.true = {name for name in template.get("Conditions", {}) if self.values.get("Connection")} # there is one, IsConnected
        self.made = set(resources(template))
        self.resources = self.resolve(resources(template))

    def resolve(self, o):
        if isinstance(o, list):
            return [e for e in map(self.resolve, o) if e is not None]
        if not isinstance(o, dict):
            return o
        if set(o) == {"Ref"}:
            return None if o["Ref"] == "AWS::NoValue" else self.values.get(o["Ref"], o["Ref"])
        if set(o) == {"Fn::Sub"}:
            return re.sub(r"\$\{([A-Za-z:]+)\}", lambda m: m[0] if m[1] in self.made else self.values[m[1]], o["Fn::Sub"])
        if set(o) == {"Fn::GetAtt"}:
            return "the %s" % o["Fn::GetAtt"]
        if set(o) == {"Fn::If"}:
            condition, then, otherwise = o["Fn::If"]
            return self.resolve(then if condition in self.true else otherwise)
        return {k: v for k, v in ((k, self.resolve(v)) for k, v in o.items()) if v is not None}

    def of_type(self, kind):
        return [r["Properties"] for r in self.resources.values() if r["Type"] == kind]
