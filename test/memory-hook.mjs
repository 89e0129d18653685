// Loaded before server.ts in the security test (`--expose-gc --import`): answers, over the channel of
// its parent, with what is really held, which no metric can tell from garbage not yet collected.
process.on('message', (message) => {
  if (message !== 'memory') return
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  process.send({ held: heapUsed + external, rss })
})
