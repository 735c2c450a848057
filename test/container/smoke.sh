#!/usr/bin/env bash
# Builds the image for real and proves what it promises: it runs as user 10001 without capabilities on a read-only
# root, alerts on what the simulator plays, stops cleanly on SIGTERM, and does not repeat itself after a restart. Then three
# of it divide the work on a real PostgreSQL, one of them dies, and nothing is lost.
#
# Needs root, buildah, debootstrap, `npm ci` done before, and the network for Debian and npm packages. The base image is
# made here, from Debian packages and the Node that the project carries, since a registry of images may be out of reach.
# It is kept for the next run in a folder beside other temporary files; CONTAINER_STATE names another.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
state=${CONTAINER_STATE:-$(dirname "$work")/vonage-audit-monitor-container}
export PATH="$repo/node_modules/.bin:$PATH"

base_image=localhost/vonage-audit-monitor-base:bookworm
image=localhost/vonage-audit-monitor:smoke
api_secret=smoke-test-secret-0001

passed=0
failed=0
ok() { passed=$((passed + 1)); echo "ok - $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok - $1"; }
# check WHAT COMMAND…: one line of the result; the command's own output only when it fails.
check() {
  local what=$1
  shift
  if "$@" >"$work/check.out" 2>&1; then ok "$what"; else
    not_ok "$what"
    sed 's/^/    /' "$work/check.out" | tail -n 20
  fi
}

# Only what this script started is ever ended, by its own process id.
children=()
beside=
cleanup() {
  local pid
  # It ends its database, which is no process of ours.
  [ -z "$beside" ] || { kill -TERM "$beside" 2>/dev/null && wait "$beside" || true; }
  for pid in "${children[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  [ -z "${container:-}" ] || store rm "$container" >/dev/null 2>&1 || true
  rm -rf "$work" ${database:+"$database"}
}
trap cleanup EXIT
trap 'exit 1' INT TERM

store() { buildah --storage-driver vfs --root "$state/storage" --runroot "$state/run" "$@"; }

# ------------------------------------------------------------------------------------------------- the base image

# Debian's minimal system, Node and npm: what node:24-bookworm-slim is, as far as the Dockerfile can tell.
make_base() {
  local scratch root ca
  scratch=$(store from scratch)
  root=$(store mount "$scratch")
  debootstrap --variant=minbase bookworm "$root" >"$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log"
    return 1
  }
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  install -m 0755 "$repo/node_modules/node/bin/node" "$root/usr/local/bin/node"
  npm install --global --prefix "$root/usr/local" --no-audit --no-fund npm@11 >/dev/null
  # This machine may trust an authority of its own; the base is of this machine and never leaves it.
  ca=${NODE_EXTRA_CA_CERTS:-$(npm config get cafile)}
  if [ -f "$ca" ]; then
    mkdir -p "$root/etc/ssl/certs" "$root/usr/local/etc"
    cp "$ca" "$root/etc/ssl/certs/machine.crt"
    echo 'cafile=/etc/ssl/certs/machine.crt' >"$root/usr/local/etc/npmrc"
  fi
  store config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$scratch"
  store commit --quiet "$scratch" "$base_image" >/dev/null
  store rm "$scratch" >/dev/null
}

build_image() {
  local npmrc
  npmrc=$(npm config get userconfig 2>/dev/null)
  # The machine's own npm settings, credentials included, are lent to the build and stay out of the image.
  : >"$work/npmrc"
  [ ! -f "$npmrc" ] || cat "$npmrc" >"$work/npmrc"
  # The image of the last run would stay behind without a name, at half a gigabyte each.
  store rmi "$image" >/dev/null 2>&1 || true
  store build --isolation chroot --format docker --secret "id=npmrc,src=$work/npmrc" \
    --build-arg "BASE_IMAGE=$base_image" --build-arg REVISION=smoke --tag "$image" "$repo"
}

# --------------------------------------------------------------------------------------------- running the image

# image_config NAME: the setting of that name, one line per element.
image_config() {
  store inspect --type image "$image" | node -e '
    const image = JSON.parse(require("node:fs").readFileSync(0)).Docker.config;
    const value = image[process.argv[1]] ?? "";
    for (const line of Array.isArray(value) ? value : [typeof value === "string" ? value : JSON.stringify(value)])
      console.log(line);' "$1"
}

# contained VOLUME CONFIG COMMAND…: what `docker run --read-only --cap-drop ALL --security-opt no-new-privileges` does, on
# the host's network: mounts and processes of its own, a root nothing can write to, /tmp in memory, user 10001.
contained() {
  local volume=$1 config=$2
  shift 2
  # shellcheck disable=SC2016 # the inner shell expands
  exec unshare --mount --pid --ipc --uts --fork --kill-child --propagation private bash -ceu '
    root=$1; volume=$2; config=$3; shift 3
    # An engine gives each container a name of its own.
    printf %s "$RANDOM$RANDOM" >/proc/sys/kernel/hostname
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o nosuid,nodev,noexec,mode=1777,size=16m tmpfs "$root/tmp"
    mount --bind "$volume" "$root/data"
    mount --bind "$config" "$root/config"
    mount -o remount,bind,ro "$root/config"
    mount -o remount,bind,ro "$root"
    exec chroot "$root" /usr/bin/setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs \
      --bounding-set=-all --inh-caps=-all -- sh -c "cd /app && exec \"\$@\"" sh "$@"
  ' contained "$root" "$volume" "$config" "$@"
}

# start LOG VOLUME COMMAND…: in the background, with the environment of the image, $run_env and $config. $inner is then the
# process that is PID 1 in there, $outer the one whose exit status is the container's.
start() {
  local log=$1 volume=$2
  shift 2
  contained "$volume" "$config" env -i "${image_env[@]}" "${run_env[@]}" "$@" >"$log" 2>"$log.err" &
  outer=$!
  children+=("$outer")
  inner=
  for _ in $(seq 200); do
    inner=$(tr -d ' ' <"/proc/$outer/task/$outer/children" 2>/dev/null || true)
    [ -z "$inner" ] || return 0
    sleep 0.05
  done
}

# end_with STATUS SECONDS: SIGTERM to PID 1; the container ends with STATUS in time.
end_with() {
  local status=0 end=$((SECONDS + $2))
  kill -TERM "$inner" || return 1
  while kill -0 "$outer" 2>/dev/null; do
    [ "$SECONDS" -lt "$end" ] || { echo "still running $2 s after SIGTERM"; return 1; }
    sleep 0.1
  done
  wait "$outer" || status=$?
  [ "$status" -eq "$1" ] || { echo "ended with $status, not $1"; return 1; }
}

# await_line FILE PATTERN SECONDS: until a line matches; fails when none does in time.
await_line() {
  local end=$((SECONDS + $3))
  until grep -qE "$2" "$1" 2>/dev/null; do
    [ "$SECONDS" -lt "$end" ] || { echo "no line with $2"; tail -n 5 "$1" "$1.err" 2>/dev/null; return 1; }
    sleep 0.1
  done
}

# values FILE EVENT FIELD: of every line of that kind.
values() {
  node -e '
    const [file, event, field] = process.argv.slice(1);
    for (const text of require("node:fs").readFileSync(file, "utf8").split("\n")) {
      if (!text.startsWith("{")) continue;
      const line = JSON.parse(text);
      if (line.event === event) console.log(line[field]);
    }' "$@" | sort
}

# ----------------------------------------------------------------------------------------------------- the checks

free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => {
    console.log(s.address().port); s.close(); });'
}
is() { [ "$1" = "$2" ] || { echo "is ${1@Q}, should be ${2@Q}"; return 1; }; }
absent() {
  local path
  for path; do [ ! -e "$root$path" ] || { echo "$path is in the image"; return 1; }; done
}
small() { # everything the project adds to its base
  local kb
  kb=$(du -skc "$root/app" "$root/config" | tail -n 1 | cut -f 1)
  echo "$kb kB"
  [ "$kb" -lt 49152 ]
}
run_once() { (contained "$work/volume" "$config" env -i "${image_env[@]}" "${run_env[@]}" "$@"); }
refused() { ! run_once "$@" 2>&1; }
no_privileges() {
  run_once grep -qx 'CapEff:.0000000000000000' /proc/self/status
  run_once grep -qx 'CapBnd:.0000000000000000' /proc/self/status
  run_once grep -qx 'NoNewPrivs:.1' /proc/self/status
  is "$(run_once id -u):$(run_once id -g)" 10001:10001
}
ends_with() { # STATUS COMMAND…
  local status=0 expected=$1
  shift
  run_once "$@" || status=$?
  is "$status" "$expected"
}
once() { # EVENT FIELD FILE…: the field has some value, and no value twice
  local all
  all=$(for file in "${@:3}"; do values "$file" "$1" "$2"; done | sort)
  [ -n "$all" ] || { echo "no $1 at all"; return 1; }
  is "$(uniq -d <<<"$all")" ''
}
no_secret() { ! grep -qF -e "$api_secret" -e change-me "$@"; }

# replicas EXPRESSION: what `status` says of the replicas is so; `all` is the list.
replicas() {
  run_once vonage-audit-monitor status --json | node -e '
    const text = require("node:fs").readFileSync(0, "utf8");
    const all = JSON.parse(text).replicas;
    const accounts = all.map((one) => one.accounts).sort().join(" ");
    if (!new Function("all", "accounts", `return ${process.argv[1]}`)(all, accounts)) {
      console.log(JSON.stringify(all));
      process.exit(1);
    }' "$1"
}
# within SECONDS COMMAND…: until the command succeeds; fails with its last output when it does not in time.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >"$work/within.out" 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { cat "$work/within.out"; return 1; }
    sleep 0.3
  done
}
ready() { # PORT…
  node -e '
    Promise.all(process.argv.slice(1).map(async (port) => {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
      if (answer.status !== 200) throw new Error(await answer.text());
    })).catch((error) => { console.log(String(error)); process.exit(1); });' "$@"
}
migrate() { grep -q 'up to date' <(run_once vonage-audit-monitor state migrate --store "url_file:/config/$1"); }

[ "$(id -u)" -eq 0 ] || { echo 'the container is built and run as root' >&2; exit 2; }
mkdir -p "$state"
store inspect --type image "$base_image" >/dev/null 2>&1 || { echo '# making the base image'; make_base; }
echo '# building the image'
if build_image >"$work/build.log" 2>&1; then ok 'the image builds'; else
  not_ok 'the image builds'
  tail -n 30 "$work/build.log"
  exit 1
fi

container=$(store from --pull-never "$image")
root=$(store mount "$container")
config=$work/config
cp -R "$repo/config" "$config"
# As an operator would mount it: the shipped configuration, polling every second.
sed -i 's/interval: 30s/interval: 1s/' "$work/config/monitor.yml"
mkdir "$work/volume"
cp -p --attributes-only "$root/data" "$work/volume" 2>/dev/null || true
chown 10001:10001 "$work/volume"
mapfile -t image_env < <(image_config Env)
mapfile -t entrypoint < <(image_config Entrypoint)
mapfile -t command < <(image_config Cmd)
mapfile -t healthcheck < <(image_config Healthcheck | node -e '
  for (const word of JSON.parse(require("node:fs").readFileSync(0)).Test.slice(1)) console.log(word);')
run_env=(HTTP_LISTEN=127.0.0.1:0)

check 'it runs as user 10001' is "$(image_config User)" 10001:10001
check 'it keeps its data in the volume /data' is "$(image_config Volumes)" '{"/data":{}}'
check 'it stops on SIGTERM' is "$(image_config StopSignal)" SIGTERM
check 'it carries the OCI labels' grep -q '"org.opencontainers.image.revision":"smoke"' <(image_config Labels)
check 'it has no development dependency and no second Node' \
  absent /app/node_modules/{typescript,vitest,node,oxlint,knip,@biomejs,@types,@vonage} /app/src /app/test
check 'it has no cache and no npm settings' absent /root/.npm /root/.npmrc /app/.npm /app/node_modules/.package-lock.json
check 'it adds less than 48 MB to its base' small
check 'it holds no privilege' no_privileges
check 'its root is read-only' refused touch /app/x
check 'its data folder is its own' run_once touch /data/x
rm -f "$work/volume/x"
check 'it refuses to start without a key, with status 2' ends_with 2 "${entrypoint[@]}" "${command[@]}"

simulator_log=$work/simulator.log
start "$simulator_log" "$work/volume" "${entrypoint[@]}" simulator --listen 127.0.0.1:0 --secret "$api_secret" \
  --events 300 --history 5m --rate 30 --stories 2s
simulator=$inner
check 'the simulator runs in it' await_line "$simulator_log" simulator.listening 30
api=$(values "$simulator_log" simulator.listening base_url)

port=$(free_port)
(umask 077 && printf '%s\n' "$api_secret" >"$work/config/secret")
chown 10001:10001 "$work/config/secret"
run_env=(HTTP_LISTEN="127.0.0.1:$port" VONAGE_AUDIT_URL="$api" VONAGE_API_KEY=abcd1234
  VONAGE_API_SECRET_FILE=/config/secret POLL_START=24h)
check 'the shipped configuration is right' run_once "${entrypoint[@]}" check --config /config/monitor.yml
check 'the command is on the PATH' run_once vonage-audit-monitor check
check 'it carries the dashboard' run_once test -s /app/dist/dashboard/index.html
check 'the shipped rules stay when another folder is mounted' run_once vonage-audit-monitor rules check /app/rules

first=$work/first.log
second=$work/second.log
start "$first" "$work/volume" "${entrypoint[@]}" "${command[@]}"
check 'an alert reaches the log' await_line "$first" '"event":"alert"' 60
check 'it is healthy' run_once "${healthcheck[@]}"
check 'it stops on SIGTERM within 10 s, with status 0' end_with 0 10
check 'it says that it has stopped, last' grep -q '"event":"monitor.stopped"' <(tail -n 1 "$first")
check 'its health check fails when it is down' refused "${healthcheck[@]}"

start "$second" "$work/volume" "${entrypoint[@]}" "${command[@]}"
check 'it runs again on the same volume' await_line "$second" '"event":"poll.completed"' 30
check 'it reads again what it had read' await_line "$second" '"event":"poll.completed".*"read":[0-9]{3}' 30
check 'it stops again' end_with 0 10
check 'no alert came twice' once alert alert_id "$first" "$second"
check 'no event was new twice' once audit.event event_id "$first" "$second"
check 'no secret is in any line' no_secret "$first" "$second" "$first.err" "$second.err"
kill -TERM "$simulator"
run_env=()
check 'the demo plays in it, to its end' run_once "${entrypoint[@]}" demo --for 20s

# ------------------------------------------------------------------------------------ three replicas on PostgreSQL

# Three, as everywhere that several are shipped: when one is gone, its accounts have to be divided again and not just inherited.
database=$(mktemp -d)
config=$work/several
mkdir "$config"
node "$repo/test/container/beside.ts" "$database" "$config" 6 "$api_secret" >"$work/beside.log" 2>"$work/beside.log.err" &
beside=$!
check 'a PostgreSQL and an Audit API with six accounts run beside it' await_line "$work/beside.log" beside.ready 60
check 'a role that only reads and writes rows may not make the tables' refused migrate database_url
check 'state migrate makes them, as the role that owns them' migrate owner_url
# Nobody who polls has this one.
mv "$config/owner_url" "$work/owner_url"

logs=()
ports=()
inners=()
outers=()
for n in 1 2 3; do
  mkdir "$work/volume$n"
  chown 10001:10001 "$work/volume$n"
  logs+=("$work/replica$n.log")
  ports+=("$(free_port)")
  run_env=(HTTP_LISTEN="127.0.0.1:${ports[-1]}")
  start "${logs[-1]}" "$work/volume$n" "${entrypoint[@]}" "${command[@]}"
  inners+=("$inner")
  outers+=("$outer")
done
check 'status shows three replicas, each with two accounts' within 60 replicas 'accounts === "2 2 2"'
check 'they have one configuration' replicas 'new Set(all.map((one) => one.config_hash)).size === 1'
check 'all are ready' within 30 ready "${ports[@]}"
check 'they write nothing to their volumes' is "$(ls -A "$work"/volume[123] | grep -v : | tr -d '\n')" ''

died=$SECONDS
kill -KILL "${inners[1]}" || true
check 'one is killed, and the others have its accounts when its lease has run out' \
  within 40 replicas 'accounts === "3 3"'
echo "# taken over after $((SECONDS - died)) s"
check 'they are ready' within 30 ready "${ports[0]}" "${ports[2]}"

mv "$work/owner_url" "$config/owner_url"
check 'state migrate runs beside them, and finds nothing to do' migrate owner_url
rm "$config/owner_url"

inner=${inners[2]} outer=${outers[2]}
check 'one is stopped, with status 0' end_with 0 10
run_env=(HTTP_LISTEN="127.0.0.1:${ports[0]}")
check 'the last one has all accounts at once' within 8 replicas 'accounts === "6"'
kill -USR2 "$beside" || true
check 'all that happened is stored, and all that was alerted is sent and in a log' \
  within 60 node "$repo/test/container/beside.ts" missing "$database" "${logs[@]}"
check 'no event was new twice' once audit.event event_id "${logs[@]}"
inner=${inners[0]} outer=${outers[0]}
check 'the last one stops, with status 0' end_with 0 10
check 'no secret is in any line' no_secret "${logs[@]}" "${logs[@]/%/.err}"

echo "# image: $(store images --format '{{.Size}}' "$image"), of that $(du -sh "$root/app" | cut -f 1) /app"
echo "# $passed checks passed, $failed failed"
[ "$failed" -eq 0 ]
