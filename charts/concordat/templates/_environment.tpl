{{- /* The operator's whole configuration; it takes no files and no arguments. */ -}}
{{- define "concordat.environment" -}}
- name: CONCORDAT_NAMESPACES
  value: {{ join "," .Values.namespaces | quote }}
- name: CONCORDAT_LEASE_NAME
  value: {{ include "concordat.name" . }}
- name: CONCORDAT_LEASE_NAMESPACE
  value: {{ .Release.Namespace }}
- name: CONCORDAT_IDENTITY
  valueFrom:
    fieldRef: {fieldPath: metadata.name}
{{- end }}
