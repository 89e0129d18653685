import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { livenessOf, lock, lockForAdoption } from '../../src/streams/spool-lock.ts'

const module_ = join(import.meta.dirname, '../../src/streams/spool-lock.ts')
let dir: string
const children: ChildProcess[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'getcomplical-lock-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

/** A process that holds the owner's lock until it is killed. */
async function holder(of: string): Promise<ChildProcess> {
  const source = `
    const { lock } = await import(${JSON.stringify(module_)})
    await lock(${JSON.stringify(of)}, 'owner')
    console.log('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source])
  children.push(child)
  await new Promise((done) => child.stdout?.once('data', done))
  return child
}

describe('the lock of a spool', () => {
  test('tells a living process, a stopped one, and one that was killed', async () => {
    const child = await holder(dir)
    expect(await livenessOf(dir, 'owner')).toBe('alive')
    child.kill('SIGSTOP')
    expect(await livenessOf(dir, 'owner')).toBe('alive')
    child.kill('SIGKILL')
    await new Promise((done) => child.once('exit', done))
    expect(await livenessOf(dir, 'owner')).toBe('dead')
  })

  test('without its file nobody can tell, so it is left alone', async () => {
    expect(await livenessOf(dir, 'owner')).toBe('unknown')
  })

  test('works where the path is longer than a socket may have', async () => {
    const deep = join(dir, 'a'.repeat(100), 'b'.repeat(100))
    mkdirSync(deep, { recursive: true })
    const held = await lock(deep, 'owner')
    expect(await livenessOf(deep, 'owner')).toBe('alive')
    await held.release()
    expect(await livenessOf(deep, 'owner')).not.toBe('alive')
    const child = await holder(deep)
    child.kill('SIGKILL')
    await new Promise((done) => child.once('exit', done))
    expect(await livenessOf(deep, 'owner')).toBe('dead')
  })

  test('one adopter at a time, and the next one when it is gone', async () => {
    const first = await lockForAdoption(dir)
    expect(first).not.toBeNull()
    expect(await lockForAdoption(dir)).toBeNull()
    await first?.release()
    expect(await lockForAdoption(dir)).not.toBeNull()
  })
})
