import { Grid, Select, Stack } from '@mantine/core'
import { useMemo } from 'react'
import { BarChart } from '../../components/bar-chart.tsx'
import { isolated } from '../../components/name.tsx'
import { Panel } from '../../components/panel.tsx'
import { Failed, Loading } from '../../components/states.tsx'
import { inWords } from '../../format/times.ts'
import type { Choices, Days } from './choices.ts'
import { Explanations } from './explanations.tsx'
import { Exports } from './exports.tsx'
import { Groups } from './groups.tsx'
import { barsOf, type UsageGroup } from './picture.ts'
import { Summary } from './summary.tsx'
import { type Report as ReportData, useReport } from './use-report.ts'

interface ReportProps {
  choices: Choices
  change: (changes: Partial<Choices>) => void
  days: Days
  /** ms */
  now: number
}

export function Report({ choices, change, days, now }: ReportProps) {
  const { report, old, error, again } = useReport(choices, days, now)
  if (!report) {
    if (!error) return <Loading what="Your usage" />
    return <Failed what="Your usage could not be read." error={error} onRetry={again} />
  }
  const { groups, groupsBefore, picture } = report
  return (
    <Stack className={old ? 'outdated' : undefined} aria-busy={old}>
      <Chart report={report} choices={choices} change={change} days={days} />
      <Grid>
        <Grid.Col span={{ base: 12, lg: 7 }}>
          <Groups groups={groups} before={groupsBefore} by={choices.by} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 5 }}>
          <Explanations picture={picture} chosen={choices.countries.length > 0} />
        </Grid.Col>
      </Grid>
    </Stack>
  )
}

interface ChartProps extends Omit<ReportProps, 'now'> {
  report: ReportData
}

function Chart({ report, choices, change, days }: ChartProps) {
  const { groups, picture } = report
  const { by, only, compare } = choices
  const bars = useMemo(() => barsOf(picture), [picture])
  const compared = compare && picture.before.some((one) => one !== null)
  const range = `${inWords(days.from, 'day')} – ${inWords(days.to, 'day')}`
  const aside = (
    <Select
      aria-label="Show"
      allowDeselect={false}
      data={[{ value: '', label: 'All together' }, ...groups.map(optionOf)]}
      value={only ?? ''}
      onChange={(value) => change({ only: value || null })}
    />
  )
  return (
    <Panel title="Units by day" about={range} aside={aside}>
      <Summary report={report} only={only} compare={compare} />
      <BarChart
        label={`Units by day, ${range}`}
        step="Day"
        bars={bars}
        beforeName={compared ? 'A month before' : undefined}
        height={300}
      />
      <Exports by={by} days={days} report={report} />
    </Panel>
  )
}

/** Two keys may have the same name. */
function optionOf({ name, label }: UsageGroup) {
  return { value: name, label: label === name ? label : `${isolated(label)} (${name})` }
}
