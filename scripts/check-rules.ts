// `npm run check`: the alert rules of ops/, judged by Prometheus' own promtool where there is one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const ops = join(import.meta.dirname, '../ops')

for (const args of [
  ['check', 'rules', 'prometheus-rules.yml'],
  ['test', 'rules', 'prometheus-rules.test.yml'],
]) {
  const { error, status } = spawnSync('promtool', args, { cwd: ops, stdio: 'inherit' })
  if (error) {
    console.log(`promtool cannot be started (${error.message}): the rules of ops/ are not checked`)
    break
  }
  if (status !== 0) process.exitCode = 1
}
