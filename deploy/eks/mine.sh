#!/bin/sh
# mine.sh - writes deploy/k8s/overlays/mine, the lab with your images: for each the newest in your repositories, by digest.
#
#   deploy/eks/mine.sh && kubectl apply -k deploy/k8s/overlays/mine          with Kafka, and with the cluster's components of overlays/lab
#   deploy/eks/mine.sh mall && kubectl apply -k deploy/k8s/overlays/mine     your mall and siege alone: Kafka is another participant's
#
# Git ignores that folder, since your account's number is in it. PostgreSQL comes from AWS's copy of Docker Hub's official images.
set -eu
cd "$(dirname "$0")/../.."

case ${1:-} in
'') resources='  - ../lab' ;;
mall) resources='  - ../lab/shop
  - ../lab/siege' ;;
*)
	echo "usage: mine.sh [mall]" >&2
	exit 2
	;;
esac
: "${AWS_DEFAULT_REGION:?}"

prefix=$(sed -n 's/^namePrefix: *//p' deploy/k8s/overlays/lab/shop/kustomization.yaml)
names=$(sed -n 's/^  - name: mall\.local\///p' deploy/k8s/components/images/kustomization.yaml)
account=$(aws sts get-caller-identity --query Account --output text)
registry=$account.dkr.ecr.$AWS_DEFAULT_REGION.amazonaws.com

mine=deploy/k8s/overlays/mine
mkdir -p $mine
{
	printf '# written by deploy/eks/mine.sh\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\n'
	printf 'resources:\n%s\n\nimages:\n' "$resources"
	printf '  - name: docker.io/library/postgres\n    newName: public.ecr.aws/docker/library/postgres\n'
	for name in $names; do
		# aws answers page by page, and asks --query of each: hence the newest is chosen here, of all pages' lines
		images=$(aws ecr describe-images --repository-name "$prefix$name" --query 'imageDetails[].[imagePushedAt,imageDigest]' --output text)
		digest=$(printf '%s\n' "$images" | sort | tail -n 1 | cut -f 2)
		if ! printf '%s\n' "$digest" | LC_ALL=C grep -Eqx 'sha256:[0-9a-f]{64}'; then
			echo "mine.sh: $prefix$name has no image: start its pipeline first" >&2
			exit 1
		fi
		printf '  - name: mall.local/%s\n' "$name"
		printf '    newName: %s/%s\n    digest: %s\n' "$registry" "$prefix$name" "$digest"
	done
} >$mine/kustomization.yaml.new
mv $mine/kustomization.yaml.new $mine/kustomization.yaml
echo "mine.sh: $mine"
