# Any image with Node 24 and npm will do: an internal mirror, another Debian, a hardened base.
ARG BASE_IMAGE=node:24-bookworm-slim

# ---- TypeScript to JavaScript. Nothing of this stage reaches the image but dist/.
FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No package needs an install script here; the one that has one brings a Node of its own, which this image has already.
# The optional secret is for registries that ask for credentials: docker build --secret id=npmrc,src=$HOME/.npmrc .
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY web ./web
RUN npm run build

# ---- What runs: no development dependencies, nothing that only compilers read, one SQLite binary instead of eight.
FROM ${BASE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && cd node_modules \
    && rm -rf @types .package-lock.json better-sqlite3/deps better-sqlite3/src \
    && find . -type f \( -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.map' \) -delete \
    && find better-sqlite3/prebuilds -type f ! -name "linux*-$(node -p process.arch).node" -delete

# ---- The image.
FROM ${BASE_IMAGE}
ARG BASE_IMAGE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="vonage-audit-monitor" \
      org.opencontainers.image.description="Watches the audit trail of Vonage API accounts and tells people when something sensitive happens" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"

WORKDIR /app
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY config /config
# A folder mounted at /config hides what the image has there; the presets and rules that come with the program stay.
COPY config/presets ./presets
COPY config/rules ./rules
# `demo`, and every command without --config, looks beside the package. The name makes `docker exec … vonage-audit-monitor status`
# the same everywhere. A new volume takes over owner and mode of /data.
RUN ln -s /config /app/config \
    && chmod 0755 /app/dist/main.js \
    && ln -s /app/dist/main.js /usr/local/bin/vonage-audit-monitor \
    && mkdir -m 0750 /data \
    && chown 10001:10001 /data

# The shipped configuration reads both paths from the environment; inside a container, loopback serves nobody.
ENV NODE_ENV=production \
    STORE_PATH=/data/monitor.db \
    HTTP_LISTEN=0.0.0.0:8080
# A number, not a name: orchestrators that insist on a user other than root can check it.
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Life, not readiness: what makes the monitor unready (a refused key, an API that is down) is not mended by a restart.
# Readiness is at /readyz and in the alerts.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["node", "-e", "require('node:http').get({host:'127.0.0.1',port:/\\d+$/.exec(process.env.HTTP_LISTEN)[0],path:'/livez',timeout:4000},(a)=>process.exit(a.statusCode===200?0:1)).on('timeout',()=>process.exit(1)).on('error',()=>process.exit(1))"]
# Node gives short-lived objects up to 32 MB twice over and keeps them; with 4 MB the work costs the same (docs/performance.md).
ENTRYPOINT ["node", "--max-semi-space-size=4", "/app/dist/main.js"]
CMD ["run", "--config", "/config/monitor.yml"]
