import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../api.ts'

const run = promisify(execFile)
const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const section = /^## REST$.*?(?=^## )/ms.exec(readme)?.[0] ?? ''

let api: TestApi
let key: string
let directory: string

beforeAll(async () => {
  api = await startTestApi()
  key = (await api.seed()).secret
  directory = mkdtempSync(join(tmpdir(), 'getcomplical-readme-'))
})
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  await api.end()
})

/** The one example in this language, asking this test's API. */
function example(language: string): string {
  const [, text, ...others] = section.split(`\`\`\`${language}\n`)
  expect([typeof text, others]).toEqual(['string', []])
  return (text?.split('```')[0] ?? '').replaceAll('http://127.0.0.1:4000', api.url)
}

async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(command, args, { env: { ...process.env, KEY: key } })
  return stdout
}

interface Dates {
  data: { dueDate: string; obligation: { country: string; taxType: string } }[]
}

async function ask(search: string): Promise<Dates['data']> {
  const response = await fetch(`${api.url}/api/v1/${search}`, { headers: { 'x-api-key': key } })
  const { data } = (await response.json()) as Dates
  expect(data.length).toBeGreaterThan(0)
  return data
}

test('the line for curl answers dates', async () => {
  const { data } = JSON.parse(await outputOf('sh', ['-c', example('sh')])) as Dates
  const search = 'tax-dates?country=GB&from=2026-04-01&to=2026-06-30&category=VAT_GST'
  expect(data).toEqual(await ask(search))
})

test('the lines in TypeScript print every page', async () => {
  const file = join(directory, 'dates.ts')
  writeFileSync(file, example('ts'))
  const dates = await ask('tax-dates?country=AU&region=AU-VIC&year=2026&first=500')
  // More than a page, so that it has to turn one.
  expect(dates.length).toBeGreaterThan(50)
  const lines = dates.map(({ dueDate, obligation }) => `${dueDate} ${obligation.taxType}\n`)
  expect(await outputOf(process.execPath, [file])).toBe(lines.join(''))
})

test('the lines in Python print what is due', async () => {
  const file = join(directory, 'dates.py')
  writeFileSync(file, example('python'))
  const dates = await ask('upcoming-tax-dates?country=IE&country=NZ&taxpayer=EMPLOYER&days=60')
  const lines = dates.map(
    ({ dueDate, obligation: { country, taxType } }) => `${dueDate} ${country} ${taxType}\n`,
  )
  expect(await outputOf('python3', [file])).toBe(lines.join(''))
})

test('every route stands in the table, and none besides', async () => {
  const description = await (await fetch(`${api.url}/api/v1/openapi.json`)).json()
  const { paths } = description as { paths: Record<string, { get: { operationId: string } }> }
  const rows = [...section.matchAll(/^\| `(\/api\/v1\/\S+)` \| `(\w+)` \|/gm)]
  const shown = Object.fromEntries(rows.map(([, path, field]) => [path, field]))
  const real = Object.entries(paths).map(([path, { get }]) => [path, get.operationId])
  expect(shown).toEqual(Object.fromEntries(real))
})
