import { registerHooks } from 'node:module'

/**
 * Loaded with `--import` into a child of a control run: takes one safeguard out of the source while it
 * is loaded, to show that the check bites. So no switch for it exists in the product. A text that is
 * not found once throws: a control that switches nothing off would prove nothing.
 */
const changes: Record<string, { file: string; from: string; to: string }[]> = {
  fence: [
    {
      file: 'src/store/partitions.ts',
      from: 'filter: { _id: checkpoint.partition, version: checkpoint.version },',
      to: 'filter: { _id: checkpoint.partition },',
    },
  ],
  watermark: [
    {
      file: 'src/workers/roll-up-usage/flush.ts',
      from: 'if (blob.from > watermark || blob.to <= watermark) continue',
      to: '',
    },
    {
      file: 'src/workers/roll-up-usage/flush.ts',
      from: ', blob, watermark)',
      to: ', blob, 0)',
    },
  ],
  check: [
    {
      file: 'src/streams/producer-checks.ts',
      from: "if (passed) options.pump.goBack(lane, lane.watermark, 'gap')",
      to: 'if (passed) return',
    },
    {
      file: 'src/streams/producer-checks.ts',
      from: "options.pump.goBack(lane, lane.watermark, 'lost')",
      to: 'return',
    },
  ],
}

const wanted = changes[process.env.WITHOUT ?? '']
if (!wanted) throw new Error(`nothing is known as WITHOUT=${process.env.WITHOUT}`)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const here = wanted.filter(({ file }) => url.endsWith(file))
    if (here.length === 0) return loaded
    let source = String(loaded.source)
    for (const { from, to } of here) {
      if (source.split(from).length !== 2) throw new Error(`${url} no longer holds: ${from}`)
      source = source.replace(from, to)
    }
    return { ...loaded, source }
  },
})
