import { spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { pino } from 'pino'
import { afterEach, expect, test, vi } from 'vitest'
import { type RunningProcess, watchProcess } from '../../src/embedded/running-process.ts'
import { RESTART, type Supervisor, supervise } from '../../src/embedded/supervisor.ts'

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0)) await step()
})

interface Watched {
  supervisor: Supervisor
  starts: number[]
  lines: Record<string, unknown>[]
}

/** Runs a shell script under a supervisor and notes when each process was started. */
function superviseScript(script: string, graceMs = 2_000): Watched {
  const starts: number[] = []
  const lines: Record<string, unknown>[] = []
  const start = (): RunningProcess => {
    starts.push(performance.now())
    return watchProcess(spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] }))
  }
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) })
  const supervisor = supervise({ name: 'script', start, graceMs }, log)
  cleanUp.push(() => supervisor.stop())
  return { supervisor, starts, lines }
}

const sleeping = 'exec sleep 60'

test('a killed process is started again after the first pause', async () => {
  const { supervisor, starts } = superviseScript(sleeping)
  const { child } = supervisor.current()
  const killedAt = performance.now()
  child.kill('SIGKILL')
  await vi.waitFor(() => expect(starts).toHaveLength(2), { interval: 5, timeout: 4_000 })
  const pause = (starts[1] ?? Infinity) - killedAt
  expect(pause).toBeGreaterThanOrEqual(RESTART.firstMs - 2)
  // The longest pause would tell on any machine.
  expect(pause).toBeLessThan(RESTART.mostMs)
  expect(supervisor.current().child.pid).not.toBe(child.pid)
})

test('a process that ends well is started again too', async () => {
  const { starts } = superviseScript('exit 0')
  await vi.waitFor(() => expect(starts.length).toBeGreaterThan(1))
})

test('what cannot start is tried ever more slowly', async () => {
  const { starts } = superviseScript('exit 3')
  await vi.waitFor(() => expect(starts).toHaveLength(4), { timeout: 5_000 })
  const pauses = starts.slice(1).map((at, index) => at - (starts[index] ?? 0))
  for (const [index, pause] of pauses.entries()) {
    expect(pause).toBeGreaterThanOrEqual(RESTART.firstMs * 2 ** index - 2)
  }
})

test('its last words are in the log when it ended by itself', async () => {
  const { lines } = superviseScript('echo the reason >&2; exit 3')
  await vi.waitFor(() => expect(lines.length).toBeGreaterThan(0))
  expect(lines[0]).toMatchObject({ child: 'script', how: 'exit code 3', output: ['the reason'] })
})

test('a program that does not exist is reported like one that ended', async () => {
  const lines: string[] = []
  const log = pino({}, { write: (line) => lines.push(line) })
  const start = () => watchProcess(spawn('/no/such/program', { stdio: 'pipe' }))
  const supervisor = supervise({ name: 'nobody', start, graceMs: 100 }, log)
  cleanUp.push(() => supervisor.stop())
  await vi.waitFor(() => expect(lines.join()).toContain('ENOENT'))
})

test('after a stop nothing is started, also when a restart was due', async () => {
  const { supervisor, starts } = superviseScript('exit 1')
  await vi.waitFor(() => expect(starts).toHaveLength(2))
  await supervisor.current().exited
  await supervisor.stop()
  const count = starts.length
  // Longer than the restart that was due: another one comes back four times meanwhile.
  const other = superviseScript('exit 1')
  await vi.waitFor(() => expect(other.starts).toHaveLength(4), { timeout: 5_000 })
  expect(starts).toHaveLength(count)
})

test('a process that does not end by itself is killed after its grace', async () => {
  const { supervisor, lines } = superviseScript(
    'trap "" TERM; echo deaf; while :; do sleep 1; done',
    300,
  )
  const { child, recentOutput, exited } = supervisor.current()
  await vi.waitFor(() => expect(recentOutput()).toContain('deaf'))
  const began = performance.now()
  await supervisor.stop()
  expect(performance.now() - began).toBeGreaterThanOrEqual(295)
  expect(await exited).toEqual({ code: null, signal: 'SIGKILL' })
  expect(child.signalCode).toBe('SIGKILL')
  expect(lines).toEqual([])
})

test('a second stop waits for the first and changes nothing', async () => {
  const { supervisor, starts } = superviseScript(sleeping)
  await Promise.all([supervisor.stop(), supervisor.stop()])
  expect(starts).toHaveLength(1)
})

test('output comes in whole lines, however it was written', async () => {
  const pieces: string[] = []
  const script = 'printf one; sleep 0.05; printf " two\\nthree\\nfo"; sleep 0.05; printf ur'
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  const running = watchProcess(child, (lines) => pieces.push(lines.toString()))
  await vi.waitFor(() => expect(pieces).toEqual(['one two\nthree\n', 'four']))
  expect(running.recentOutput()).toEqual(['one two', 'three', 'four'])
})
