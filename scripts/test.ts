import { parseArgs } from 'node:util'
import { startVitest, type Vitest } from 'vitest/node'

const usage = `npm test [-- <options> <part of a file name> …]

Runs the test suite once, against a Redis and a MongoDB that it starts itself on free ports.
  -t, --testNamePattern <text>   only tests whose name matches
  -h, --help                     this
The last line is "N passed, M failed"; the exit code is 0 only if something ran and nothing failed.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h' },
    testNamePattern: { type: 'string', short: 't' },
  },
})

if (values.help) console.log(usage)
else {
  process.exitCode = await run().catch((error: unknown) => {
    console.error(error)
    console.log('0 passed, 1 failed')
    return 1
  })
  // Whatever a test left open may not keep the run from ending.
  setTimeout(() => process.exit(), 2_000).unref()
}

async function run(): Promise<number> {
  const { testNamePattern } = values
  const vitest = await startVitest('test', positionals, {
    run: true,
    watch: false,
    ...(testNamePattern !== undefined && { testNamePattern }),
  })
  const { passed, failed, skipped } = countsOf(vitest)
  await vitest.close()
  if (passed + failed === 0) console.error('no test ran')
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return failed > 0 || passed === 0 ? 1 : 0
}

/**
 * From the runner's own report. What failed outside a test (a file that cannot be imported, a hook, an
 * error that nobody awaited) counts as one failure each.
 */
function countsOf(vitest: Vitest): { passed: number; failed: number; skipped: number } {
  const counts = { passed: 0, failed: vitest.state.getUnhandledErrors().length, skipped: 0 }
  for (const module of vitest.state.getTestModules()) {
    const before = counts.failed
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') counts.passed += 1
      else if (state === 'failed') counts.failed += 1
      else counts.skipped += 1
    }
    if (module.state() === 'failed' && counts.failed === before) counts.failed += 1
  }
  return counts
}
