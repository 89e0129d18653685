/** A fresh process: reads the tax data, builds the index of all dates, and says what that took. */
import { join } from 'node:path'
import { loadTaxData } from '../src/store/tax-data.ts'

globalThis.gc?.()
const heapBefore = process.memoryUsage().heapUsed
const begun = performance.now()
const cpuBefore = process.cpuUsage()
const data = loadTaxData(join(import.meta.dirname, '../data/tax'))
const cpu = process.cpuUsage(cpuBefore)
const wallMs = performance.now() - begun
globalThis.gc?.()
const heapMb = (process.memoryUsage().heapUsed - heapBefore) / 1e6
const dates = [...data.countries.values()].flatMap(({ datesByYear }) => [...datesByYear.values()])
console.log(
  JSON.stringify({
    cpuMs: (cpu.user + cpu.system) / 1_000,
    wallMs,
    heapMb,
    dates: dates.reduce((sum, { length }) => sum + length, 0),
  }),
)
