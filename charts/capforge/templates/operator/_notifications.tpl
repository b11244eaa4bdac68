{{/* Mail and webhooks. What is secret comes as files, read anew for each connection, never as a variable. */}}
{{- define "capforge.notifyEnvironment" -}}
{{- $smtp := .Values.notifications.smtp -}}
{{- $webhooks := .Values.notifications.webhooks -}}
- name: CAPFORGE_LINKS_URL
  value: {{ .Values.gateway.externalUrl | quote }}
- name: CAPFORGE_LINK_DAYS
  value: {{ .Values.notifications.linkDays | quote }}
- name: CAPFORGE_NOTIFY_PATIENCE_SECONDS
  value: {{ .Values.notifications.patienceSeconds | int64 | quote }}
{{- if $smtp.host }}
- name: CAPFORGE_SMTP_HOST
  value: {{ $smtp.host | quote }}
- name: CAPFORGE_SMTP_PORT
  value: {{ $smtp.port | quote }}
- name: CAPFORGE_SMTP_SECURITY
  value: {{ $smtp.security | quote }}
- name: CAPFORGE_SMTP_FROM
  value: {{ required "notifications.smtp.from: the address that mails come from is needed with a host" $smtp.from | quote }}
- name: CAPFORGE_SMTP_FROM_NAME
  value: {{ $smtp.fromName | quote }}
- name: CAPFORGE_SMTP_ALLOWED_DOMAINS
  value: {{ join "," $smtp.allowedDomains | quote }}
- name: CAPFORGE_SMTP_TIMEOUT_SECONDS
  value: {{ $smtp.timeoutSeconds | quote }}
{{- if $smtp.loginSecret }}
- name: CAPFORGE_SMTP_CREDENTIALS
  value: /etc/capforge/smtp-login
{{- end }}
{{- if $smtp.caSecret }}
- name: CAPFORGE_SMTP_CA
  value: /etc/capforge/smtp-ca/ca.crt
{{- end }}
{{- end }}
{{- if $webhooks.enabled }}
- name: CAPFORGE_WEBHOOKS_ENABLED
  value: "true"
- name: CAPFORGE_WEBHOOK_NETWORKS
  value: {{ join "," $webhooks.networks | quote }}
{{- if $webhooks.caSecret }}
- name: CAPFORGE_WEBHOOK_CA
  value: /etc/capforge/webhook-ca/ca.crt
{{- end }}
{{- end }}
{{- end }}

{{/* Name of the volume → the Secret, and the files that are taken from it; as JSON. */}}
{{- define "capforge.notifySecrets" -}}
{{- $found := dict -}}
{{- with .Values.notifications -}}
{{- if and .smtp.host .smtp.loginSecret -}}
{{- $_ := set $found "smtp-login" (dict "secret" .smtp.loginSecret "files" (list "username" "password")) -}}
{{- end -}}
{{- if and .smtp.host .smtp.caSecret -}}
{{- $_ := set $found "smtp-ca" (dict "secret" .smtp.caSecret "files" (list "ca.crt")) -}}
{{- end -}}
{{- if and .webhooks.enabled .webhooks.caSecret -}}
{{- $_ := set $found "webhook-ca" (dict "secret" .webhooks.caSecret "files" (list "ca.crt")) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{- define "capforge.notifyMounts" -}}
{{- range $name, $_ := include "capforge.notifySecrets" . | fromJson }}
- name: {{ $name }}
  mountPath: /etc/capforge/{{ $name }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "capforge.notifyVolumes" -}}
{{- range $name, $from := include "capforge.notifySecrets" . | fromJson }}
- name: {{ $name }}
  secret:
    secretName: {{ $from.secret }}
    items:
      {{- range $from.files }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end }}
{{- end }}
