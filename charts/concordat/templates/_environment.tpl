{{- /* The operator's whole configuration; it takes no files and no arguments, and refuses names it does not know. */ -}}
{{- define "concordat.environment" -}}
- name: CONCORDAT_NAMESPACES
  value: {{ join "," .Values.namespaces | quote }}
- name: CONCORDAT_GATEWAY
  value: {{ printf "%s/%s" .Values.platform.gateway.namespace .Values.platform.gateway.name }}
- name: CONCORDAT_GATEWAY_PODS
  value: {{ include "concordat.selection" .Values.platform.gateway.pods | quote }}
- name: CONCORDAT_MONITORING_NAMESPACE
  value: {{ .Values.platform.monitoring.namespace }}
- name: CONCORDAT_DNS_NAMESPACE
  value: {{ .Values.platform.dns.namespace }}
- name: CONCORDAT_DNS_PODS
  value: {{ include "concordat.selection" .Values.platform.dns.pods | quote }}
- name: CONCORDAT_DNS_ADDRESSES
  value: {{ join "," .Values.platform.dns.addresses | quote }}
- name: CONCORDAT_DNS_PORTS
  value: {{ join "," .Values.platform.dns.ports | quote }}
- name: CONCORDAT_CLUSTER_DOMAIN
  value: {{ .Values.platform.clusterDomain }}
- name: CONCORDAT_PRIVATE_NETWORKS
  value: {{ join "," .Values.platform.privateNetworks | quote }}
- name: CONCORDAT_METADATA_ADDRESSES
  value: {{ join "," .Values.platform.metadataAddresses | quote }}
- name: CONCORDAT_CLUSTER_NETWORKS
  value: {{ join "," .Values.platform.clusterNetworks | quote }}
- name: CONCORDAT_TOKEN_ISSUERS
  value: {{ join "," .Values.platform.tokenIssuers | quote }}
- name: CONCORDAT_MONITORING_LABELS
  value: {{ include "concordat.selection" .Values.platform.monitoring.labels | quote }}
- name: CONCORDAT_SAMPLE_LIMIT
  value: {{ int .Values.platform.monitoring.sampleLimit | quote }}
- name: CONCORDAT_GRAFANA_URL
  value: {{ .Values.platform.grafana.url | quote }}
- name: CONCORDAT_GRAFANA_INSTANCES
  value: {{ include "concordat.selection" .Values.platform.grafana.instances | quote }}
- name: CONCORDAT_RUNBOOKS_URL
  value: {{ .Values.platform.runbooksUrl | quote }}
- name: CONCORDAT_OTLP_ENDPOINT
  value: {{ .Values.platform.otlpEndpoint | quote }}
- name: CONCORDAT_TRACES_URL
  value: {{ .Values.platform.tracesUrl | quote }}
- name: CONCORDAT_LOGS_URL
  value: {{ .Values.platform.logsUrl | quote }}
- name: CONCORDAT_ALERTS_URL
  value: {{ .Values.platform.alertsUrl | quote }}
- name: CONCORDAT_CONFORMANCE_IMAGE
  value: {{ .Values.conformance.image | quote }}
- name: CONCORDAT_WORKERS
  value: {{ .Values.workers | quote }}
- name: CONCORDAT_LOG_LEVEL
  value: {{ .Values.log.level }}
- name: CONCORDAT_LOG_FORMAT
  value: {{ .Values.log.format }}
- name: CONCORDAT_LEASE_NAME
  value: {{ include "concordat.name" . }}
- name: CONCORDAT_LEASE_NAMESPACE
  value: {{ .Release.Namespace }}
- name: CONCORDAT_IDENTITY
  valueFrom:
    fieldRef: {fieldPath: metadata.name}
- name: CONCORDAT_HTTP_PORT
  value: "8080"
- name: CONCORDAT_WEBHOOK
  value: {{ if include "concordat.webhook" . }}{{ include "concordat.name" . }}{{ else }}""{{ end }}
- name: CONCORDAT_WEBHOOK_HOSTS
  value: {{ include "concordat.name" . }}-webhook.{{ .Release.Namespace }}.svc
- name: CONCORDAT_WEBHOOK_PORT
  value: "9443"
- name: CONCORDAT_WEBHOOK_CLIENT_CA
  value: {{ .Values.webhook.clientCA | quote }}
- name: CONCORDAT_WEBHOOK_CLIENT_NAMES
  value: {{ join "," .Values.webhook.clientNames | quote }}
- name: CONCORDAT_WEBHOOK_NETWORKS
  value: {{ include "concordat.apiServer" . | quote }}
{{- end }}

{{- /* Labels as the command line writes them: a=b,c=d. */ -}}
{{- define "concordat.selection" -}}
{{- $pairs := list -}}
{{- range $key, $value := . -}}
{{- $pairs = append $pairs (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end }}
