{{/* Names, labels, and what all parts share. */}}

{{- define "mien.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* Of one part: (dict "root" $ "part" "engine"). */}}
{{- define "mien.selector" -}}
app.kubernetes.io/name: mien
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "mien.labels" -}}
{{ include "mien.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "mien.redisHost" -}}
{{- .Values.redis.host | default (printf "%s-redis" (include "mien.name" .)) }}
{{- end }}

{{- define "mien.redisScheme" -}}
{{- if and .Values.redis.host .Values.redis.tls }}rediss{{ else }}redis{{ end }}
{{- if and .Values.redis.host .Values.redis.cluster }}+cluster{{ end }}
{{- end }}

{{- define "mien.environment" -}}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef: {name: {{ .Values.redis.secret | quote }}, key: password}
- name: REDIS_URL
  value: {{ include "mien.redisScheme" . }}://:$(REDIS_PASSWORD)@{{ include "mien.redisHost" . }}:{{ .Values.redis.port }}/0
- name: MIEN_TOKENS
  value: required
- name: MIEN_SHARDS
  value: {{ .Values.shards | quote }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* Of a pod: (dict "root" $ "settings" .Values.engine). */}}
{{- define "mien.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "mien.container" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "mien.image" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
{{- end }}

{{/* A part has five minutes for its first heartbeat, and is killed some 30 s after its last one: a hung process
     does not end by itself, so it gets no time for that. The probe runs in a shell, since only the pod knows its shard. */}}
{{- define "mien.probes" -}}
startupProbe:
  exec: {command: [sh, -c, {{ printf "exec mien alive %s" . | quote }}]}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 30
livenessProbe:
  exec: {command: [sh, -c, {{ printf "exec mien alive %s" . | quote }}]}
  periodSeconds: 15
  timeoutSeconds: 10
  failureThreshold: 2
  terminationGracePeriodSeconds: 1
{{- end }}

{{- define "mien.dataClaim" -}}
{{- .Values.data.existingClaim | default (printf "%s-data" (include "mien.name" .)) }}
{{- end }}

{{- define "mien.mediaMount" -}}
{{- if .Values.media.existingClaim }}
- {name: media, mountPath: /media, readOnly: true}
{{- end }}
{{- end }}

{{- define "mien.mediaVolume" -}}
{{- with .Values.media.existingClaim }}
- name: media
  persistentVolumeClaim: {claimName: {{ . | quote }}, readOnly: true}
{{- end }}
{{- end }}
