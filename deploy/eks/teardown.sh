#!/bin/sh
# teardown.sh - removes what README.md created, in an order that leaves nothing which costs
#
#   deploy/eks/teardown.sh           one participant's: mall, volumes, pipelines, repositories with their images
#   deploy/eks/teardown.sh cluster   that, then Kafka, Prometheus, VictoriaLogs, the file system with all backups, the database, the cluster, and
#                                    with them everybody's mall: each of the others calls this before, else their disks stay. A database
#                                    that is protected from deletion stays, and so does the cluster
#
# If it breaks off, call it again. The prefix is namePrefix of deploy/k8s/overlays/lab/shop; kubectl's context must be the cluster's,
# AWS_DEFAULT_REGION its region.
set -eu
cd "$(dirname "$0")/../.."

case ${1:-} in
'' | cluster) ;;
*)
	echo "usage: teardown.sh [cluster]" >&2
	exit 2
	;;
esac
: "${AWS_DEFAULT_REGION:?}"
overlay=deploy/k8s/overlays/lab
prefix=$(sed -n 's/^namePrefix: *//p' $overlay/shop/kustomization.yaml)

# one that is not there is no failure
delete_stack() {
	aws cloudformation delete-stack --stack-name "$1"
	aws cloudformation wait stack-delete-complete --stack-name "$1"
}

# First what AWS made for the cluster's objects, since only the cluster has it removed: the load balancer of the gateway's Service,
# and the disks of the claims. A claim stays when its StatefulSet is deleted.
kubectl delete -k $overlay/shop --ignore-not-found --wait
kubectl delete pvc -l "app.kubernetes.io/instance=${prefix}mall" --wait
if [ "${1:-}" = cluster ]; then
	kubectl delete -k deploy/k8s/kafka --ignore-not-found --wait
	kubectl delete namespace monitoring logging --ignore-not-found --wait # with the disks of Prometheus and VictoriaLogs
fi

delete_stack "${prefix}pipelines"
delete_stack "${prefix}repositories"

# efs and rds are in the cluster's network. The log group comes last, since the add-on would make it again.
if [ "${1:-}" = cluster ]; then
	delete_stack "${prefix}efs"
	delete_stack "${prefix}rds"
	eksctl delete cluster -f deploy/eks/cluster.yaml --disable-nodegroup-eviction --wait
	delete_stack "${prefix}logging"
fi
