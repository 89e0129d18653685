# One image for both processes: `server.ts` (default) and `worker.ts`. Redis and MongoDB come from outside.
# Written to the specification of the Dockerfile format; see README for what continuous integration ran.

# --- packages of production alone ---------------------------------------------------------------------
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image brings Node 24: the pinned one is for machines without it.
RUN npm install --omit=dev --no-save --ignore-scripts \
  && rm -rf node_modules/node-linux-* node_modules/.bin/node

# --- the dashboard: all packages, none of which leave this stage -------------------------------------------
FROM node:24-bookworm-slim AS dashboard
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --ignore-scripts
COPY tsconfig.json schema.graphql ./
COPY scripts ./scripts
COPY src ./src
COPY dashboard ./dashboard
RUN node scripts/build-dashboard.ts

# --- what runs ------------------------------------------------------------------------------------------
FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4000 \
    METRICS_PORT=9464 \
    DATA_DIR=/data
WORKDIR /app
# The spool of answered calls: on a volume, it survives the container.
RUN mkdir /data && chown node:node /data
COPY --from=packages /app/node_modules ./node_modules
COPY package.json plans.json ./
COPY data ./data
COPY src ./src
COPY --from=dashboard /app/dashboard/dist ./dashboard/dist
USER node
VOLUME /data
EXPOSE 4000 9464
STOPSIGNAL SIGTERM
# The worker's container overrides it with its own port.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/server.ts"]
