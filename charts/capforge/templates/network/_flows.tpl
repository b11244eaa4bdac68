{{- define "capforge.toApiServer" -}}
- to:
    - ipBlock:
        cidr: {{ .Values.networkPolicies.apiServer.cidr }}
  ports:
    {{- range .Values.networkPolicies.apiServer.ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end }}

{{- define "capforge.toStore" -}}
{{- if .Values.objectStore.embedded.enabled -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "capforge.selector" (dict "root" $ "component" "object-store") | nindent 10 }}
  ports:
    - {port: 7070, protocol: TCP}
{{- else -}}
- to:
    - ipBlock:
        cidr: {{ .Values.networkPolicies.external.cidr }}
  ports:
    {{- range .Values.networkPolicies.external.ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end }}
{{- end }}

{{- define "capforge.toDatabase" -}}
{{- if .Values.postgresql.embedded.enabled -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "capforge.selector" (dict "root" $ "component" "postgresql") | nindent 10 }}
  ports:
    - {port: 5432, protocol: TCP}
{{- else -}}
- to:
    - ipBlock:
        cidr: {{ .Values.networkPolicies.external.cidr }}
  ports:
    - {port: {{ .Values.postgresql.external.port }}, protocol: TCP}
{{- end }}
{{- end }}

{{/* Who may read metrics: a Prometheus in this namespace, and the namespaces that the values name. */}}
{{- define "capforge.scrapers" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: prometheus
- namespaceSelector:
    matchLabels:
      {{- toYaml .Values.networkPolicies.metricsFrom | nindent 6 }}
{{- end }}
