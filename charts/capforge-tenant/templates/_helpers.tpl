{{- define "capforge-tenant.labels" -}}
app.kubernetes.io/name: capforge-tenant
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: tenant
app.kubernetes.io/part-of: capforge
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* A tenant's own account of the embedded store, as capforge_object_store.accounts computes it; call with
     (dict "root" <the root's secret> "namespace" <the tenant's>). */}}
{{- define "capforge-tenant.storeSecretKey" -}}
{{- printf "%s%s" .root (printf "%s\n%s" .root .namespace | sha256sum) | sha256sum -}}
{{- end }}

{{/* Where operator and gateway run: as a part of the chart capforge, its own namespace. */}}
{{- define "capforge-tenant.system" -}}
{{- if .Chart.IsRoot -}}
{{ .Values.systemNamespace }}
{{- else -}}
{{ .Release.Namespace }}
{{- end -}}
{{- end }}
