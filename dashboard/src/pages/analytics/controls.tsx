import {
  Card,
  Group,
  MultiSelect,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core'
import { DAY, dayName } from '../../format/times.ts'
import { type Choices, countries, firstKept, MOST_DAYS, type RangeName, ranges } from './choices.ts'
import { countryName } from './country-name.ts'

const rangeWords: Readonly<Record<RangeName, string>> = {
  last7: 'Last 7 days',
  last30: 'Last 30 days',
  month: 'This month',
  lastMonth: 'Last month',
  last90: 'Last 90 days',
  own: 'Other days…',
}

interface ControlsProps {
  choices: Choices
  change: (changes: Partial<Choices>) => void
  /** ms */
  now: number
}

/** What is looked at. */
export function Controls({ choices, change, now }: ControlsProps) {
  const { range, by, compare, countries: chosen } = choices
  // Whoever wants other days begins with those that he has just seen.
  const own = { from: dayName(now - 29 * DAY), to: dayName(now) }
  return (
    <Card withBorder padding="md">
      <Group align="flex-end" gap="md">
        <Select
          label="Days"
          w={160}
          allowDeselect={false}
          data={ranges.map((value) => ({ value, label: rangeWords[value] }))}
          value={range}
          onChange={(value) => value && change({ range: value, ...(value === 'own' && own) })}
        />
        {range === 'own' && <OwnDays choices={choices} change={change} now={now} />}
        <Stack gap={0}>
          <Text size="sm" fw={600} lh={1.55} aria-hidden>
            By
          </Text>
          <SegmentedControl
            aria-label="By"
            data={[
              { value: 'KEY', label: 'Key' },
              { value: 'ENDPOINT', label: 'Endpoint' },
              { value: 'TIER', label: 'Plan' },
            ]}
            value={by}
            onChange={(value) => change({ by: value, only: null })}
          />
        </Stack>
        <MultiSelect
          label="Due dates of"
          flex="1 1 260px"
          placeholder={chosen.length === 0 ? 'What your keys ask for' : ''}
          clearable
          clearButtonProps={{ 'aria-label': 'What your keys ask for' }}
          data={countries.map((value) => ({ value, label: countryName(value) }))}
          value={[...chosen]}
          onChange={(value) => change({ countries: value })}
        />
        <Switch
          label="Compare with the month before"
          pb={8}
          checked={compare}
          onChange={(event) => change({ compare: event.currentTarget.checked })}
        />
      </Group>
    </Card>
  )
}

function OwnDays({ choices: { from, to }, change, now }: ControlsProps) {
  const limits = { min: firstKept(now), max: dayName(now) }
  return (
    <>
      <TextInput
        label="First day"
        type="date"
        {...limits}
        value={from}
        onChange={(event) => change({ from: event.currentTarget.value })}
      />
      <TextInput
        label={`Last day (at most ${MOST_DAYS})`}
        type="date"
        {...limits}
        value={to}
        onChange={(event) => change({ to: event.currentTarget.value })}
      />
    </>
  )
}
