{{- /*
What the operator may do, no more and no less than it does: tests/e2e compares this list with the audit log.
The comments become the last column of the table in docs/install.md.
*/ -}}
{{- define "concordat.rights" -}}
# the two resources are read, never written
- apiGroups: [concordat.dev]
  resources: [microservices]
  verbs: [list, watch]
# what it reports: conditions, children, problems
- apiGroups: [concordat.dev]
  resources: [microservices/status]
  verbs: [patch]
# children every service has
- apiGroups: [""]
  resources: [serviceaccounts, services]
  verbs: [get, list, watch, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch]
# children that come and go with what the service says
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [servicemonitors]
  verbs: [get, list, watch, create, patch, delete]
{{- end }}
