import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { loadTaxData, TaxDataError } from '../../../src/store/tax-data.ts'
import { shippedDirectory } from './shipped-data.ts'

export type Json = Record<string, unknown>

/** A copy of the data for each test of the file, to be broken. */
export function useCopyOfTheData(): {
  readonly directory: () => string
  readonly edit: <Content = Json>(file: string, change: (content: Content) => void) => void
  readonly problems: () => readonly string[]
} {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tax-data-'))
    cpSync(shippedDirectory, directory, { recursive: true })
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  return {
    directory: () => directory,
    edit(file, change) {
      const path = join(directory, file)
      const content = JSON.parse(readFileSync(path, 'utf8'))
      change(content)
      writeFileSync(path, JSON.stringify(content))
    },
    problems() {
      try {
        loadTaxData(directory)
      } catch (error) {
        if (error instanceof TaxDataError) return error.problems
        throw error
      }
      return []
    },
  }
}
