import { Button, Group } from '@mantine/core'
import type { UsageGrouping } from '../../gql/graphql.ts'
import type { Days } from './choices.ts'
import { csvOf } from './export.ts'
import { saveFile } from './save-file.ts'
import type { Report } from './use-report.ts'

interface ExportsProps {
  by: UsageGrouping
  days: Days
  report: Report
}

/** What is on the screen, as files. */
export function Exports({ by, days, report }: ExportsProps) {
  const { groups, picture } = report
  const name = `getcomplical-usage-${days.from}-${days.to}-by-${by.toLowerCase()}`
  const csv = () => saveFile(`${name}.csv`, 'text/csv;charset=utf-8', csvOf(by, groups))
  const json = () => {
    const exported = {
      ...{ from: days.from, to: days.to, by },
      groups: groups.map(({ name: id, label, totalRequests, failedRequests, days: each }) => ({
        ...{ id, name: label, units: totalRequests, failed: failedRequests },
        days: each.map(({ date, totalRequests: units }) => ({ date, units })),
      })),
      deadlines: picture.deadlines.map(({ date, country, taxTypes }) => ({
        ...{ date, country, taxTypes },
      })),
      unusualDays: picture.unusual.map(({ date, apiKeyId, message }) => ({
        ...{ date, apiKeyId, message },
      })),
    }
    saveFile(`${name}.json`, 'application/json', `${JSON.stringify(exported, null, 2)}\n`)
  }
  return (
    <Group gap="xs" mt="md">
      <Button variant="default" size="sm" onClick={csv}>
        Export CSV
      </Button>
      <Button variant="default" size="sm" onClick={json}>
        Export JSON
      </Button>
    </Group>
  )
}
