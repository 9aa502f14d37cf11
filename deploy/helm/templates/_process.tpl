{{/* Labels of one process. */}}
{{- define "sandboxes.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/part-of: sandboxes
{{- end }}

{{- define "sandboxes.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "sandboxes.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The key and the certificates of Temporal, whichever it asks for. */}}
{{- define "sandboxes.temporal" -}}
{{- range $name, $key := dict "TEMPORAL_API_KEY" "api-key" "TEMPORAL_TLS_CLIENT_CERT_DATA" "tls.crt" "TEMPORAL_TLS_CLIENT_KEY_DATA" "tls.key" "TEMPORAL_TLS_SERVER_CA_CERT_DATA" "ca.crt" }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.temporalSecret }}
      key: {{ $key }}
      optional: true
{{- end }}
{{- end }}

{{/* One process: its Deployment and its PodDisruptionBudget. Arguments: root, name, drain (s), ports, more (environment). */}}
{{- define "sandboxes.process" -}}
{{- $values := index .root.Values .name }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "sandboxes.labels" . | nindent 4 }}
spec:
  replicas: {{ $values.replicas }}
  strategy:
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  selector:
    matchLabels: {{- include "sandboxes.labels" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "sandboxes.labels" . | nindent 8 }}
      annotations:
        prometheus.io/scrape: 'true'
        prometheus.io/port: '9464'
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 30
      securityContext: {{- include "sandboxes.podSecurity" . | nindent 8 }}
      {{- with .root.Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "sandboxes.labels" . | nindent 14 }}
      containers:
        - name: {{ .name }}
          image: {{ .root.Values.image | quote }}
          args: [{{ .name }}]
          envFrom:
            - secretRef:
                name: {{ $values.secret }}
          env:
            - name: SANDBOX_METRICS_HOST
              value: 0.0.0.0
            - name: SANDBOX_METRICS_PORT
              value: '9464'
            {{- range $name, $value := merge (dict) .more .root.Values.env }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
            {{- if .temporal }}
            {{- include "sandboxes.temporal" .root | nindent 12 }}
            {{- end }}
          ports:
            - name: metrics
              containerPort: 9464
            {{- range $name, $port := .ports }}
            - name: {{ $name }}
              containerPort: {{ $port }}
            {{- end }}
          # It waits for its servers by itself: a start is long only when they are away.
          startupProbe:
            httpGet:
              path: /healthz
              port: metrics
            periodSeconds: 2
            failureThreshold: 150
          # Only that the process answers: a server that is away is no reason to kill it.
          livenessProbe:
            httpGet:
              path: /healthz
              port: metrics
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 3
          readinessProbe:
            httpGet:
              path: /readyz
              port: metrics
            periodSeconds: 5
            timeoutSeconds: 4
          resources: {{- toYaml $values.resources | nindent 12 }}
          securityContext: {{- include "sandboxes.containerSecurity" . | nindent 12 }}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
      volumes:
        - name: tmp
          emptyDir: {}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
  namespace: {{ .root.Release.Namespace }}
spec:
  minAvailable: 1
  selector:
    matchLabels: {{- include "sandboxes.labels" . | nindent 6 }}
{{- end }}
