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

{{/* Spread over nodes where there are several; never a reason not to start. */}}
{{- define "capforge.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "capforge.selector" . | nindent 8 }}
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

{{/* Environment of a process that uses the object store. */}}
{{- define "capforge.storeEnvironment" -}}
{{- $secret := include "capforge.storeSecret" . -}}
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
{{- if include "capforge.storeHasCa" . }}
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

{{/* Where pods may run: (.Values.operator and so on). */}}
{{- define "capforge.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
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
