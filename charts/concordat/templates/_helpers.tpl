{{- define "concordat.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 53 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "concordat.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "concordat.name" .) }}
{{- end }}

{{- define "concordat.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "concordat.selector" -}}
app.kubernetes.io/name: concordat-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "concordat.labels" -}}
{{ include "concordat.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: concordat
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "concordat.subject" -}}
kind: ServiceAccount
name: {{ include "concordat.serviceAccount" . }}
namespace: {{ .Release.Namespace }}
{{- end }}

{{- /* Something when the API server asks us before it stores: its configuration is the cluster's, not a namespace's. */ -}}
{{- define "concordat.webhook" -}}
{{- if and .Values.webhook.enabled (eq .Values.scope "cluster") }}on{{ end -}}
{{- end }}

{{- /* Something when the operator's account is held to what it needs: policies are the cluster's, not a namespace's. */ -}}
{{- define "concordat.admissionPolicies" -}}
{{- if and .Values.admissionPolicies.enabled (eq .Values.scope "cluster") }}on{{ end -}}
{{- end }}

{{- define "concordat.byTheOperator" -}}
- name: by-the-operator
  expression: request.userInfo.username == 'system:serviceaccount:{{ .Release.Namespace }}:{{ include "concordat.serviceAccount" . }}'
{{- end }}

{{- /* (list . NAME): the binding that makes the policy of that name hold everywhere. */ -}}
{{- define "concordat.binding" -}}
{{- $root := first . }}
{{- $policy := printf "%s-%s" (include "concordat.name" $root) (last .) }}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $policy }}
  labels:
    {{- include "concordat.labels" $root | nindent 4 }}
spec:
  policyName: {{ $policy }}
  validationActions: [Deny]
{{- end }}

{{- define "concordat.names-its-namespaces" -}}
{{- if and (eq .Values.scope "namespaces") (not .Values.namespaces) -}}
{{- fail "namespaces: scope is `namespaces`, so list them: --set namespaces={shop,billing}" -}}
{{- end -}}
{{- if and (eq .Values.scope "cluster") .Values.namespaces -}}
{{- fail "scope: namespaces are listed, so say `--set scope=namespaces`, or list none to look after the whole cluster" -}}
{{- end -}}
{{- end }}

{{- /*
Where the API server asks its webhooks from, as networks, comma-separated: what the values say, else the addresses the cluster itself
gives of it. `helm template` sees no cluster and finds none.
*/ -}}
{{- define "concordat.apiServer" -}}
{{- $networks := .Values.networkPolicy.apiServer -}}
{{- if and (not $networks) (eq .Values.scope "cluster") -}}
{{- range (get (lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "") "items" | default list) -}}
{{- if eq "kubernetes" (dig "labels" "kubernetes.io/service-name" "" .metadata) -}}
{{- $length := ternary "128" "32" (eq .addressType "IPv6") -}}
{{- range (.endpoints | default list) -}}
{{- range .addresses -}}
{{- $networks = append $networks (printf "%s/%s" . $length) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- join "," (uniq $networks) -}}
{{- end }}

{{- /* The ports it listens on: those of the values, and those the cluster gives. */ -}}
{{- define "concordat.apiServerPorts" -}}
{{- $ports := list -}}
{{- range .Values.networkPolicy.apiServerPorts -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- /* Who installs for some namespaces may not read the default one: helm would end with the refusal. */ -}}
{{- if eq .Values.scope "cluster" -}}
{{- range (get (lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "") "items" | default list) -}}
{{- if eq "kubernetes" (dig "labels" "kubernetes.io/service-name" "" .metadata) -}}
{{- range (.ports | default list) -}}
{{- $ports = append $ports (int .port) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- join "," (uniq $ports) -}}
{{- end }}
