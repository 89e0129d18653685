import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generateCalendars, readCorrections } from './calendar-generation.ts'

const usage = `npm run tax:calendars [-- <options>]

Writes data/tax/calendars/generated.json: the holidays that the package date-holidays reckons, put
right by corrections.json beside it. Takes seconds and needs no network.
  --check      write nothing; exit with 1 if the file would change
  -h, --help   this`

const directory = join(import.meta.dirname, '../data/tax/calendars')
const { values } = parseArgs({
  options: { check: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
})

if (values.help) console.log(usage)
else run(values.check ?? false)

function run(check: boolean): void {
  const path = join(directory, 'generated.json')
  const generated = generateCalendars(readCorrections(join(directory, 'corrections.json')))
  if (!check) {
    writeFileSync(path, generated)
    console.log(`${path} is written`)
  } else if (readFileSync(path, 'utf8') === generated) {
    console.log(`${path} is what would be generated`)
  } else {
    console.error(`${path} differs from what would be generated: npm run tax:calendars`)
    process.exitCode = 1
  }
}
