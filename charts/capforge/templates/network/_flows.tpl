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

{{/* Who may read metrics: pods of this namespace, and namespaces that you label. */}}
{{- define "capforge.scrapers" -}}
- podSelector: {}
- namespaceSelector:
    matchLabels:
      {{- toYaml .Values.networkPolicies.metricsFrom | nindent 6 }}
{{- end }}
