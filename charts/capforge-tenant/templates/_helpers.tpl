{{- define "capforge-tenant.labels" -}}
app.kubernetes.io/name: capforge-tenant
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: tenant
app.kubernetes.io/part-of: capforge
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Where operator and gateway run: as a part of the chart capforge, its own namespace. */}}
{{- define "capforge-tenant.system" -}}
{{- if .Chart.IsRoot -}}
{{ .Values.systemNamespace }}
{{- else -}}
{{ .Release.Namespace }}
{{- end -}}
{{- end }}
