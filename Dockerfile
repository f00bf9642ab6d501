# Stage 1: dependencies, mediasoup's worker, and the built code.
FROM node:24-bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates g++ libsrtp2-dev libuv1-dev libssl-dev flatbuffers-compiler libflatbuffers-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /atrium
COPY . .
# Compiled, the worker is without a fault that upstream's prebuilt has (docs/operations.md, "The media worker").
ENV ATRIUM_CACHE_DIR=/atrium/.atrium \
    ATRIUM_WORKER=compile
RUN node scripts/setup.mjs && npm prune --omit=dev

# Stage 2: what runs.
FROM node:24-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends libsrtp2-1 libuv1 libssl3 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /atrium
COPY --from=build --chown=node:node /atrium /atrium
ENV ATRIUM_CACHE_DIR=/atrium/.atrium \
    ATRIUM_HOST=0.0.0.0
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4040/tcp 42000-42003/tcp 42000-42003/udp
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:4040/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/atrium.js"]
CMD ["start"]
