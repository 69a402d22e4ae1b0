#!/bin/sh
# mine.sh - writes deploy/k8s/overlays/mine, the lab with your images: for each the newest in your repositories, by digest.
#
#   deploy/eks/mine.sh && kubectl apply -k deploy/k8s/overlays/mine
#
# Git ignores that folder, since your account's number is in it. PostgreSQL comes from AWS's copy of Docker Hub's official images.
set -eu
cd "$(dirname "$0")/../.."
: "${AWS_DEFAULT_REGION:?}"

prefix=$(sed -n 's/^namePrefix: *//p' deploy/k8s/overlays/lab/shop/kustomization.yaml)
names=$(sed -n 's/^  - name: mall\.local\///p' deploy/k8s/components/images/kustomization.yaml)
account=$(aws sts get-caller-identity --query Account --output text)
registry=$account.dkr.ecr.$AWS_DEFAULT_REGION.amazonaws.com

mine=deploy/k8s/overlays/mine
mkdir -p $mine
{
	printf '# written by deploy/eks/mine.sh\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\n'
	printf 'resources:\n  - ../lab/shop\n  - ../lab/siege\n\nimages:\n'
	printf '  - name: docker.io/library/postgres\n    newName: public.ecr.aws/docker/library/postgres\n'
	for name in $names; do
		digest=$(aws ecr describe-images --repository-name "$prefix$name" --query 'sort_by(imageDetails, &imagePushedAt)[-1].imageDigest' --output text)
		case $digest in
		sha256:*) ;;
		*)
			echo "mine.sh: $prefix$name has no image: start its pipeline first" >&2
			exit 1
			;;
		esac
		printf '  - name: mall.local/%s\n' "$name"
		printf '    newName: %s/%s\n    digest: %s\n' "$registry" "$prefix$name" "$digest"
	done
} >$mine/kustomization.yaml.new
mv $mine/kustomization.yaml.new $mine/kustomization.yaml
echo "mine.sh: $mine"
