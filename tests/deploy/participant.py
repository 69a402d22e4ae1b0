"""participant - scripts/participant makes a tree another participant's, in one command."""
import subprocess

import yaml

import fetch
import template

BAD = ("User07", "user07-", "-user", "7a", "", "mall-x", "a b", "a/b", "a\nb", "a" * 21)
FILES = ("deploy", "buildspec")


def call(tree, *words):
    ran = subprocess.run([tree / "scripts/participant", *words], capture_output=True, text=True, timeout=60)
    return ran.returncode, ran.stdout + ran.stderr


def texts(tree):
    return {path: path.read_text() for top in FILES for path in (tree / top).rglob("*") if path.is_file()}


def lab(tree):
    built = subprocess.run([fetch.tools.TOOLS / "kustomize", "build", tree / "deploy/k8s/overlays/lab/shop"], capture_output=True, text=True, check=True)
    return built.stdout


def defaults(tree):
    """By stack and parameter, of those that are about names."""
    found = {}
    for stack in ("pipelines", "repositories", "rds", "efs", "logging"):
        parameters = yaml.load((tree / "deploy/eks" / (stack + ".yaml")).read_text(), template.Loader)["Parameters"]
        found[stack] = {name: parameters[name]["Default"] for name in ("Prefix", "ClusterName", "Namespace", "Branch") if name in parameters}
    return found


def one_command_sets_prefix_topic_pipelines_and_cluster(tree):
    status, said = call(tree, "user07")
    assert status == 0, said
    mall = lab(tree)
    assert "user23" not in mall and "name: user07-order\n" in mall and "value: user07-\n" in mall and ":9092/user07-mall\n" in mall
    for path in (tree / "buildspec").glob("*.yml"):
        assert yaml.safe_load(path.read_text())["env"]["variables"]["_PROJECT_NAME"] == "user07-" + path.stem
    assert yaml.safe_load((tree / "deploy/eks/cluster.yaml").read_text())["metadata"]["name"] == "user07-mall"
    assert defaults(tree) == {
        "pipelines": {"Prefix": "user07-", "ClusterName": "user07-mall", "Namespace": "user07", "Branch": "main"},
        "repositories": {"Prefix": "user07-"}, "rds": {"Prefix": "user07-"}, "efs": {"ClusterName": "user07-mall"}, "logging": {"ClusterName": "user07-mall"}}


def a_name_that_is_a_word_of_yaml_or_another_default_stays_a_name(tree):
    """Back to user07 nothing is left of it, and nothing else has changed."""
    assert call(tree, "user07")[0] == 0
    before = texts(tree)
    for name in ("main", "no", "true", "null"):
        assert call(tree, name)[0] == 0
        of_pipelines = defaults(tree)["pipelines"]
        assert of_pipelines == {"Prefix": name + "-", "ClusterName": name + "-mall", "Namespace": name, "Branch": "main"}, of_pipelines
        assert call(tree, "user07")[0] == 0 and texts(tree) == before, name


def calling_it_again_changes_nothing_and_back_is_what_there_was(tree):
    before = texts(tree)
    assert call(tree, "user07")[0] == 0
    changed = texts(tree)
    assert changed != before and set(changed) == set(before), "files left: %s" % (set(changed) ^ set(before))
    assert call(tree, "user07") == (0, "") and texts(tree) == changed
    assert call(tree, "user23", "mall")[0] == 0 and texts(tree) == before


def a_bad_name_is_refused_and_changes_nothing(tree):
    before = texts(tree)
    for name in BAD:
        status, said = call(tree, name, "mall")
        assert status == 2 and said.startswith("participant: "), "%r: %d, %s" % (name, status, said)
    for topic in ("", "a/b", "Mall", "a\nb"):
        assert call(tree, "user07", topic)[0] == 2, topic
    assert call(tree)[0] == 2
    assert texts(tree) == before


CHECKS = [one_command_sets_prefix_topic_pipelines_and_cluster, a_name_that_is_a_word_of_yaml_or_another_default_stays_a_name,
          calling_it_again_changes_nothing_and_back_is_what_there_was,
          a_bad_name_is_refused_and_changes_nothing]
SCRIPT = "scripts/participant"
BROKEN = [
    (one_command_sets_prefix_topic_pipelines_and_cluster, SCRIPT, "for file in buildspec/*.yml", "for file in buildspec/order.yml"),
    (one_command_sets_prefix_topic_pipelines_and_cluster, SCRIPT, "edit $overlay/settings.properties", "true"),
    (one_command_sets_prefix_topic_pipelines_and_cluster, SCRIPT, "edit deploy/eks/cluster.yaml", "true"),
    (calling_it_again_changes_nothing_and_back_is_what_there_was, SCRIPT, "\t\tcat \"$1.new\" >\"$1\"\n\t\trm \"$1.new\"\n", "\t\tcat \"$1.new\" >\"$1\"\n"),
    (calling_it_again_changes_nothing_and_back_is_what_there_was, SCRIPT, "s/^namePrefix: .*/", "s/^namePrefix: /"),
    (one_command_sets_prefix_topic_pipelines_and_cluster, SCRIPT, '$(of_parameter ClusterName "$old-mall" "$prefix-mall")', ""),
    (a_name_that_is_a_word_of_yaml_or_another_default_stays_a_name, SCRIPT, "/^  %s:$/,/^    Default:/s/^    Default: \"%s\"$/", "/^  %s:$/,$s/^    Default: .*%s.*/"),
    (a_name_that_is_a_word_of_yaml_or_another_default_stays_a_name, SCRIPT, '/    Default: "%s"/', "/    Default: %s/"),
    (a_bad_name_is_refused_and_changes_nothing, SCRIPT, "*mall*)", "nobody)"),
    (a_bad_name_is_refused_and_changes_nothing, SCRIPT, "{0,18}", "{0,30}"),
    (a_bad_name_is_refused_and_changes_nothing, SCRIPT, '[ "$(printf \'%s\\n\' "$prefix" | wc -l)" -eq 1 ]', "true"),
]
