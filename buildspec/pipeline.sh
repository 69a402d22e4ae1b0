#!/bin/sh
# pipeline.sh - what each pipeline does: one step for each phase of CodeBuild. order.yml and the like call it.
#
#   tools   fetches pinned versions of kubectl and kustomize
#   login   logs in to ECR and the cluster
#   image   builds the image, whose build stage runs the unit tests, and pushes it, tagged with the commit's id
#   deploy  applies this daemon's objects, with the image by digest, and waits; if the daemon does not become ready, undoes it and fails
#
# siege's image holds packages of Debian and no program of ours; its pod is deleted and created, which ends what is typed in it. mallctl's
# is what jobs run: it is pushed, and nothing is applied.
#
# The tests are those of Dockerfile.template, on Debian, in the image's own build stage; without them there is no image. `make test`
# needs Debian's packages, and CodeBuild's image is Amazon Linux.
#
# SETTINGS  _PROJECT_NAME      user23-order: the repository in ECR and the Deployment; from the daemon's yml
#           _CLUSTER_NAME, _NAMESPACE, AWS_ACCOUNT_ID                 from the project
#           _OVERLAY           deploy/k8s/overlays/lab/shop, or deploy/k8s/overlays/production/shop, whose names have no prefix
#           AWS_DEFAULT_REGION, CODEBUILD_RESOLVED_SOURCE_VERSION     from CodeBuild
#           _ROLLOUT_TIMEOUT   5m, after which a rollout is undone; ten pods, one after the other, take three minutes
#           _TOOLS             /usr/local/bin: where `tools` puts them
set -eu
cd "$(dirname "$0")/.."

KUBECTL=1.35.2
KUBECTL_SHA256=924eb50779153f20cb668117d141440b95df2f325a64452d78dff9469145e277
KUSTOMIZE=5.8.1
KUSTOMIZE_SHA256=029a7f0f4e1932c52a0476cf02a0fd855c0bb85694b82c338fc648dcb53a819d

OVERLAY=${_OVERLAY:-deploy/k8s/overlays/lab/shop}
SIEGE=deploy/k8s/overlays/lab/siege
# Docker Hub limits the images an hour and address, and CodeBuild's addresses are shared: hence the same base from AWS's mirror
BASE=docker.io/library/debian:trixie-slim
BASE_FROM=public.ecr.aws/docker/library/debian:trixie-slim

say() { echo "pipeline: $*"; }

fail() {
	say "$*" >&2
	exit 1
}

fetch() { # URL SHA256 FILE
	curl -fsSL --retry 3 -o "$3" "$1"
	echo "$2  $3" | sha256sum -c -
}

tools() {
	bin=${_TOOLS:-/usr/local/bin}
	mkdir -p build
	fetch "https://dl.k8s.io/release/v$KUBECTL/bin/linux/amd64/kubectl" "$KUBECTL_SHA256" build/kubectl
	fetch "https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv$KUSTOMIZE/kustomize_v${KUSTOMIZE}_linux_amd64.tar.gz" \
		"$KUSTOMIZE_SHA256" build/kustomize.tar.gz
	tar -xzf build/kustomize.tar.gz -C build kustomize
	install build/kubectl build/kustomize "$bin"
}

login() {
	# in a variable, since in a pipe a failure of the first command would go unseen
	password=$(aws ecr get-login-password --region "$AWS_DEFAULT_REGION")
	echo "$password" | docker login --username AWS --password-stdin "$registry"
	aws eks update-kubeconfig --region "$AWS_DEFAULT_REGION" --name "$_CLUSTER_NAME"
}

image() {
	if [ "$service" = siege ]; then
		set -- deploy/siege
	else
		set -- -f Dockerfile.template --build-arg "SERVICE=$service" \
			--build-arg "VERSION=$(sed -n 's/^VERSION := //p' Makefile)" \
			--build-arg "COMMIT=$(echo "$CODEBUILD_RESOLVED_SOURCE_VERSION" | cut -c 1-12)" .
	fi
	# without provenance docker pushes one manifest and not an index of several; the nodes are amd64
	docker build -t "$image" --provenance=false --platform linux/amd64 --build-context "$BASE=docker-image://$BASE_FROM" "$@"
	docker push "$image"
}

in_cluster() { kubectl --namespace "$_NAMESPACE" "$@"; }

of_deployment() { in_cluster get deployment "$deployment" --ignore-not-found -o "jsonpath=$1"; }

becomes_ready() { in_cluster rollout status "deployment/$deployment" --timeout="${_ROLLOUT_TIMEOUT:-5m}"; }

deploy() {
	# CodeBuild runs this phase also when the build phase failed
	[ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ] || fail "the build failed, nothing is deployed"

	by_digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" | grep -m 1 "^$repository@sha256:") ||
		fail "docker knows no digest of $image"
	if [ "$kind" = job ]; then
		say "pushed $by_digest: the jobs of components/efs take it with the next apply of the overlay (deploy/eks/mine.sh)"
		return
	fi
	[ "$service" != siege ] || OVERLAY=$SIEGE
	(cd "$OVERLAY" && kustomize edit set image "mall.local/$service=$by_digest")
	kustomize build "$OVERLAY" >build/manifests.yaml
	"roll_out_$kind"
}

# a pod, of which little can be changed
roll_out_pod() {
	in_cluster delete pod siege --ignore-not-found
	in_cluster apply -f build/manifests.yaml
	if ! in_cluster wait --for=condition=Ready pod/siege --timeout="${_ROLLOUT_TIMEOUT:-5m}"; then
		in_cluster describe pods -l app=siege || true
		fail "siege did not become ready with $by_digest"
	fi
	say "siege runs $by_digest"
}

roll_out_deployment() {
	before=$(of_deployment '{.metadata.annotations.deployment\.kubernetes\.io/revision}')
	if in_cluster apply -l "app=$service" -f build/manifests.yaml && becomes_ready; then
		say "$_PROJECT_NAME runs $by_digest"
	else
		show_why
		undo
		fail "$_PROJECT_NAME did not become ready with $by_digest"
	fi
}

show_why() {
	pods="app=$service,app.kubernetes.io/instance=${prefix}mall"
	in_cluster get pods -l "$pods" || true
	in_cluster describe pods -l "$pods" || true # shows the end of a container's log, and its events
}

# Back to the revision from before, by its number: apply may have made no new one. Only the Deployment goes back; what else was applied
# stays.
undo() {
	runs=$(of_deployment '{.spec.template.spec.containers[0].image}')
	if [ -z "$before" ]; then
		say "the first deployment of $_PROJECT_NAME: there is nothing to undo to, it stays as it is"
	elif [ "$runs" != "$by_digest" ]; then
		say "$_PROJECT_NAME is to run $runs, which is not this build's: nothing to undo"
	else
		in_cluster rollout undo "deployment/$deployment" --to-revision="$before"
		becomes_ready || fail "undone, but revision $before does not become ready either"
		say "undone: $_PROJECT_NAME is at revision $before again"
	fi
}

: "${_PROJECT_NAME:?}" "${_CLUSTER_NAME:?}" "${_NAMESPACE:?}" "${AWS_ACCOUNT_ID:?}" "${AWS_DEFAULT_REGION:?}" "${CODEBUILD_RESOLVED_SOURCE_VERSION:?}"

service=${_PROJECT_NAME##*-}
case $service in siege) kind=pod ;; mallctl) kind=job ;; *) kind=deployment ;; esac
[ -f "$OVERLAY/kustomization.yaml" ] || fail "_OVERLAY is $OVERLAY, where no kustomization.yaml is"
prefix=$(sed -n 's/^namePrefix: *//p' "$OVERLAY/kustomization.yaml")
case $prefix in
'') ;; # production: the repository's name has a prefix, and the Deployment's has not
*) [ "$_PROJECT_NAME" = "$prefix$service" ] || fail "_PROJECT_NAME is $_PROJECT_NAME, but namePrefix of $OVERLAY is $prefix" ;;
esac
deployment=$prefix$service

registry=$AWS_ACCOUNT_ID.dkr.ecr.$AWS_DEFAULT_REGION.amazonaws.com
repository=$registry/$_PROJECT_NAME
image=$repository:$CODEBUILD_RESOLVED_SOURCE_VERSION

case ${1:-} in
tools | login | image | deploy) "$1" ;;
*) fail "usage: pipeline.sh tools|login|image|deploy" ;;
esac
