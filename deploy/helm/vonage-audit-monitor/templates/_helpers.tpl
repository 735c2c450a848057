{{- define "monitor.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "monitor.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* The pod of the migration is none of the monitor's: no Service leads to it and no budget counts it. */ -}}
{{- define "monitor.migrateSelector" -}}
app.kubernetes.io/name: {{ printf "%s-migrate" (default .Chart.Name .Values.nameOverride | trunc 55 | trimSuffix "-") }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* Hooks run before what the release itself consists of is there, or is changed. */ -}}
{{- define "monitor.migrateHook" -}}
helm.sh/hook: pre-install,pre-upgrade,pre-rollback
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{- define "monitor.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "monitor.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "monitor.labels" -}}
{{ include "monitor.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "monitor.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "monitor.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "monitor.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* The Secret, or nothing when all comes from extraEnv. */ -}}
{{- define "monitor.secret" -}}
{{- if .Values.existingSecret -}}
{{- .Values.existingSecret -}}
{{- else if .Values.secrets -}}
{{- include "monitor.fullname" . -}}
{{- end -}}
{{- end -}}

{{- /* The keys of the Secret, as a JSON list in an order that does not change. */ -}}
{{- define "monitor.secretKeys" -}}
{{- if .Values.existingSecret -}}
{{- .Values.secretKeys | toJson -}}
{{- else -}}
{{- keys .Values.secrets | sortAlpha | toJson -}}
{{- end -}}
{{- end -}}

{{- /* How many pods. Each would have a file of its own without a database, and all would poll the same accounts. */ -}}
{{- define "monitor.replicas" -}}
{{- if .Values.database.existingSecret -}}
{{- default 3 .Values.replicas -}}
{{- else if gt (int (default 1 .Values.replicas)) 1 -}}
{{- fail (printf "replicas is %v, which needs a database: set database.existingSecret (docs/scale.md); a file is one pod's" .Values.replicas) -}}
{{- else -}}
1
{{- end -}}
{{- end -}}

{{- define "monitor.databaseUrlFile" -}}
/run/secrets/database/url
{{- end -}}

{{- /* monitor.yml. The shipped one is taken as it is, but for where the rules are, and the store where there is a database. */ -}}
{{- define "monitor.config" -}}
{{- if not .Values.config -}}
{{- $rules := ternary "[/app/rules, rules]" "[/app/rules]" (not (empty .Values.rules)) -}}
{{- $text := .Files.Get "files/monitor.yml" | replace "\nrules: [rules]\n" (printf "\nrules: %s\n" $rules) -}}
{{- if .Values.database.existingSecret -}}
{{- $text = $text | replace "\nstore: { path: \"${STORE_PATH:-data/monitor.db}\"," (printf "\nstore: { url_file: %s," (include "monitor.databaseUrlFile" .)) -}}
{{- $text = $text | replace "\n# The database; a relative path begins at the working directory.\n" "\n# The database, which all replicas share.\n" -}}
{{- end -}}
{{- $text -}}
{{- else if kindIs "string" .Values.config -}}
{{- if and .Values.database.existingSecret (not (contains (include "monitor.databaseUrlFile" .) .Values.config)) -}}
{{- fail (printf "config does not name the database of database.existingSecret: write `store: { url_file: %s }` in it" (include "monitor.databaseUrlFile" .)) -}}
{{- end -}}
{{- .Values.config -}}
{{- else if .Values.database.existingSecret -}}
{{- $store := default dict .Values.config.store -}}
{{- if or $store.path $store.url -}}
{{- fail "config.store names another store than database.existingSecret: leave path and url out" -}}
{{- end -}}
{{- $store = merge (dict "url_file" (include "monitor.databaseUrlFile" .)) $store -}}
{{- toYaml (merge (dict "store" $store) (omit .Values.config "store")) -}}
{{- else -}}
{{- toYaml .Values.config -}}
{{- end -}}
{{- end -}}

{{- /* Where each key of the ConfigMap lies below /config: a JSON map of key to path. A key can hold no slash. */ -}}
{{- define "monitor.paths" -}}
{{- $paths := dict "monitor.yml" "monitor.yml" -}}
{{- range $name, $_ := .Values.rules -}}
{{- $_ := set $paths (printf "rules.%s" $name) (printf "rules/%s" $name) -}}
{{- end -}}
{{- range $path, $_ := .Values.files -}}
{{- $_ := set $paths (printf "files.%s" (replace "/" "." $path)) $path -}}
{{- end -}}
{{- $paths | toJson -}}
{{- end -}}
