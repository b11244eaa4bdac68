{{/* Labels of everything; call with (dict "root" $ "component" "gateway"). */}}
{{- define "capforge.labels" -}}
{{ include "capforge.selector" . }}
app.kubernetes.io/part-of: capforge
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* Labels that never change: selectors. The operator finds serving pods and gateways by them. */}}
{{- define "capforge.selector" -}}
app.kubernetes.io/name: capforge
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Reference of an image; call with (dict "root" $ "key" "objectStore" "name" "object-store"). */}}
{{- define "capforge.image" -}}
{{- $image := .root.Values.image -}}
{{- get .root.Values.images .key | default (printf "%s/capforge/%s:%s" $image.registry .name $image.tag) -}}
{{- end }}

{{- define "capforge.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* PodSecurity "restricted": of the pod. Every image of ours has this user. */}}
{{- define "capforge.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* PodSecurity "restricted": of each container. */}}
{{- define "capforge.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Spread over nodes where there are several; never a reason not to start. Each roll-out counts its own pods. */}}
{{- define "capforge.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "capforge.selector" . | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}

{{- define "capforge.internalSecret" -}}
{{ .Values.internal.existingSecret | default "capforge-internal" }}
{{- end }}

{{/* Name of the Secret that says where the object store is (its keys: a contract between processes). */}}
{{- define "capforge.storeSecret" -}}
{{ .Values.objectStore.existingSecret | default "capforge-object-store" }}
{{- end }}

{{/* "true" where that Secret holds the store's certificate authority. */}}
{{- define "capforge.storeHasCa" -}}
{{- $store := .Values.objectStore -}}
{{- if $store.existingSecret -}}
{{- if $store.existingSecretHasCa }}true{{ end -}}
{{- else if and (not $store.embedded.enabled) $store.external.ca -}}
true
{{- end -}}
{{- end }}

{{/* Where the embedded store is, as its Secrets say it. */}}
{{- define "capforge.embeddedStore" -}}
endpointUrl: http://capforge-object-store.{{ .Release.Namespace }}.svc:7070
region: us-east-1
pathStyle: "true"
{{- end }}

{{/* Name of the Secret with the gateway's access: its own account where the chart keeps the embedded store's. */}}
{{- define "capforge.gatewayStoreSecret" -}}
{{- if and .Values.objectStore.embedded.enabled (not .Values.objectStore.existingSecret) -}}
capforge-gateway-store
{{- else -}}
{{ include "capforge.storeSecret" . }}
{{- end -}}
{{- end }}

{{/* Environment of a process that uses the object store with the system's access. */}}
{{- define "capforge.storeEnvironment" -}}
{{ include "capforge.storeAccess" (dict "root" . "secret" (include "capforge.storeSecret" .)) }}
{{- end }}

{{/* The same with the access of another Secret: (dict "root" $ "secret" name). */}}
{{- define "capforge.storeAccess" -}}
{{- $secret := .secret -}}
{{- $required := dict "CAPFORGE_STORE" "store" "AWS_ACCESS_KEY_ID" "accessKeyId" "AWS_SECRET_ACCESS_KEY" "secretAccessKey" -}}
{{- $optional := dict "CAPFORGE_STORE_PATH_STYLE" "pathStyle" "AWS_ENDPOINT_URL" "endpointUrl" "AWS_REGION" "region" -}}
{{- range $name, $key := $required }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: {name: {{ $secret }}, key: {{ $key }}}
{{- end }}
{{- range $name, $key := $optional }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: {name: {{ $secret }}, key: {{ $key }}, optional: true}
{{- end }}
{{- if include "capforge.storeHasCa" .root }}
- name: CAPFORGE_STORE_CA
  value: /etc/capforge/store/ca.crt
{{- end }}
{{- end }}

{{- define "capforge.storeMounts" -}}
{{- if include "capforge.storeHasCa" . }}
- name: store-ca
  mountPath: /etc/capforge/store
  readOnly: true
{{- end }}
{{- end }}

{{- define "capforge.storeVolumes" -}}
{{- if include "capforge.storeHasCa" . }}
- name: store-ca
  secret:
    secretName: {{ include "capforge.storeSecret" . }}
    items: [{key: ca.crt, path: ca.crt}]
{{- end }}
{{- end }}

{{/* Name of the Secret that says where the database is. */}}
{{- define "capforge.databaseSecret" -}}
{{ .Values.postgresql.existingSecret | default "capforge-postgresql" }}
{{- end }}

{{/* "true" where that Secret holds the database's certificate authority. */}}
{{- define "capforge.databaseHasCa" -}}
{{- $database := .Values.postgresql -}}
{{- if $database.existingSecret -}}
{{- if $database.existingSecretHasCa }}true{{ end -}}
{{- else if and (not $database.embedded.enabled) $database.external.ca -}}
true
{{- end -}}
{{- end }}

{{/* Environment of a process that uses the database. The address has no parts: libpq takes them from its own variables,
     so that no password needs to be quoted. */}}
{{- define "capforge.databaseEnvironment" -}}
{{- $secret := include "capforge.databaseSecret" . -}}
- name: CAPFORGE_DATABASE_URL
  value: postgresql+psycopg://
{{- range $name, $key := dict "PGHOST" "host" "PGPORT" "port" "PGDATABASE" "database" "PGUSER" "user" "PGPASSWORD" "password" "PGSSLMODE" "sslMode" }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: {name: {{ $secret }}, key: {{ $key }}}
{{- end }}
{{- if include "capforge.databaseHasCa" . }}
- name: PGSSLROOTCERT
  value: /etc/capforge/postgresql/ca.crt
{{- else if and (not .Values.postgresql.existingSecret) (not .Values.postgresql.embedded.enabled) (hasPrefix "verify-" .Values.postgresql.external.sslMode) }}
- name: PGSSLROOTCERT
  value: /etc/ssl/certs/ca-certificates.crt
{{- end }}
{{- end }}

{{- define "capforge.databaseMounts" -}}
{{- if include "capforge.databaseHasCa" . }}
- name: database-ca
  mountPath: /etc/capforge/postgresql
  readOnly: true
{{- end }}
{{- end }}

{{- define "capforge.databaseVolumes" -}}
{{- if include "capforge.databaseHasCa" . }}
- name: database-ca
  secret:
    secretName: {{ include "capforge.databaseSecret" . }}
    items: [{key: ca.crt, path: ca.crt}]
{{- end }}
{{- end }}

{{/* Environment of the embedded S3 server and of what keeps its accounts. */}}
{{- define "capforge.storeServer" -}}
- name: CAPFORGE_BUCKET
  value: {{ .Values.objectStore.bucket | quote }}
- name: CAPFORGE_ACCOUNTS
  value: /run/capforge/accounts
- name: ROOT_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef: {name: {{ include "capforge.storeSecret" . }}, key: accessKeyId}
- name: ROOT_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef: {name: {{ include "capforge.storeSecret" . }}, key: secretAccessKey}
{{- end }}

{{/* The bearer token between our processes. */}}
{{- define "capforge.tokenMount" -}}
- name: internal
  mountPath: /etc/capforge/internal
  readOnly: true
{{- end }}

{{- define "capforge.tokenVolume" -}}
- name: internal
  secret:
    secretName: {{ include "capforge.internalSecret" . }}
    items: [{key: token, path: token}]
{{- end }}

{{/* Where pods may run, and which go first; call with (dict "root" $ "for" .Values.operator "moves" true). What keeps
     nothing of its own on its node moves soon after the node is lost. */}}
{{- define "capforge.placement" -}}
{{- with .for.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .for.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .moves .for.tolerations }}
tolerations:
  {{- if .moves }}
  {{- range list "node.kubernetes.io/not-ready" "node.kubernetes.io/unreachable" }}
  - {key: {{ . }}, operator: Exists, effect: NoExecute, tolerationSeconds: {{ $.root.Values.nodeLossSeconds }}}
  {{- end }}
  {{- end }}
  {{- with .for.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* A value that was generated once and is kept: (dict "root" $ "secret" name "key" key "length" 40). */}}
{{- define "capforge.generated" -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .secret -}}
{{- if and $found $found.data (hasKey $found.data .key) -}}
{{- get $found.data .key | b64dec -}}
{{- else -}}
{{- randAlphaNum .length -}}
{{- end -}}
{{- end }}
