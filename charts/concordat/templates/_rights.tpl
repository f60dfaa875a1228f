{{- /*
What the operator may do, no more and no less than it does: tests/e2e compares this list with the audit log.
The comments become the first column of the table in docs/install.md.
*/ -}}
{{- define "concordat.rights" -}}
# what people declare: read, never written
- apiGroups: [concordat.dev]
  resources: [microservices, servicecontracts]
  verbs: [list, watch]
# conditions, children, problems
- apiGroups: [concordat.dev]
  resources: [microservices/status, servicecontracts/status]
  verbs: [patch]
# what pods that try a service against its contract have found; they carry a label of ours
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# a broken glass is told
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
# what is built: read once when a name is taken, deleted when no longer wanted; documents of contracts
- apiGroups: [""]
  resources: [configmaps, serviceaccounts, services]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [alertmanagerconfigs, prometheusrules, servicemonitors]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [grafana.integreatly.org]
  resources: [grafanadashboards]
  verbs: [get, list, watch, create, patch, delete]
{{- end }}
