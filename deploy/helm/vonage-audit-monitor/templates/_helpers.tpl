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

{{- /* How many pods. */ -}}
{{- define "monitor.replicas" -}}
{{- $wanted := int .Values.replicas -}}
{{- if .Values.database.existingSecret -}}
{{- ternary 3 $wanted (eq $wanted 0) -}}
{{- else if gt $wanted 1 -}}
{{- fail (printf "replicas is %d, but the database is a file, on which one pod works at a time: set database.existingSecret to a Secret with the URL of a PostgreSQL database, or replicas to 1" $wanted) -}}
{{- else -}}
1
{{- end -}}
{{- end -}}

{{- /* monitor.yml. The shipped one is taken as it is, but for where the rules are, and the store when it is a database. */ -}}
{{- define "monitor.config" -}}
{{- if not .Values.config -}}
{{- $rules := ternary "[/app/rules, rules]" "[/app/rules]" (not (empty .Values.rules)) -}}
{{- $text := .Files.Get "files/monitor.yml" | replace "\nrules: [rules]\n" (printf "\nrules: %s\n" $rules) -}}
{{- if .Values.database.existingSecret -}}
{{- $text = regexReplaceAll "(?m)^store: \\{ path: [^,]*," $text "store: { url_file: /run/secrets/database/url," -}}
{{- end -}}
{{- $text -}}
{{- else if kindIs "string" .Values.config -}}
{{- /* What is no YAML is left to the monitor, which says where. */ -}}
{{- $read := fromYaml .Values.config -}}
{{- $store := default dict $read.store -}}
{{- if and .Values.database.existingSecret (not $read.Error) (not (or $store.url $store.url_file)) -}}
{{- fail "config names no database, so every pod would have a file of its own: write `store: { url_file: /run/secrets/database/url }` in it, or leave database.existingSecret empty" -}}
{{- end -}}
{{- .Values.config -}}
{{- else if .Values.database.existingSecret -}}
{{- $store := default dict .Values.config.store -}}
{{- if $store.path -}}
{{- fail "config.store.path is a file, so every pod would have one of its own: leave it out, or leave database.existingSecret empty" -}}
{{- end -}}
{{- if not (or $store.url $store.url_file) -}}
{{- $store = merge (dict "url_file" "/run/secrets/database/url") $store -}}
{{- end -}}
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
