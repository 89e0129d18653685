import { Button, Group, MultiSelect, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { Failed } from '../../components/states.tsx'
import { DutiesDocument, type DutiesQuery } from '../../gql/graphql.ts'
import { usePaidQuestion } from '../../graphql/paid-question.ts'
import classes from './calendar.module.css'
import type { CalendarKey } from './calendar.tsx'
import { actionWords, countryName } from './tax-words.ts'
import type { Watch } from './watch.ts'

type Countries = NonNullable<DutiesQuery['countries']>
type Duty = Countries[number]['obligations'][number]

/** Read once until the browser's page is left: it changes with releases only. */
let known: Countries | null = null

interface DutyChoiceProps {
  watch: Watch
  change: (part: Partial<Watch>) => void
  paying: CalendarKey
}

/** Single duties, for who wants no others. Their list costs a unit, so that it is read only on demand. */
export function DutyChoice({ watch, change, paying }: DutyChoiceProps) {
  const [countries, setCountries] = useState(known)
  const { ask, asking, error } = usePaidQuestion(DutiesDocument)

  async function read(): Promise<void> {
    const answer = await ask(paying.id, {})
    if (!answer?.data.countries) return
    known = answer.data.countries
    setCountries(known)
  }

  const choose = (ids: string[], from: readonly { value: string; label: string }[]) => {
    const label = (id: string) => from.find(({ value }) => value === id)?.label ?? id
    change({ duties: ids.map((id) => ({ id, label: label(id) })) })
  }
  const listed = countries ? dutiesOf(countries, watch) : null
  const chosen = watch.duties.map(({ id, label }) => ({ value: id, label }))
  const options = listed?.flatMap(({ items }) => items) ?? chosen
  return (
    <Stack gap={4} className={classes.row}>
      {(listed !== null || chosen.length > 0) && (
        <MultiSelect
          label="Only these duties"
          placeholder={chosen.length === 0 ? 'All that fit the above' : ''}
          data={listed ?? chosen}
          value={watch.duties.map(({ id }) => id)}
          onChange={(ids) => choose(ids, options)}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': 'Clear duties' }}
          limit={200}
        />
      )}
      {listed === null && (
        <Group gap="xs">
          <Button variant="default" size="xs" loading={asking} onClick={() => void read()}>
            Choose single duties
          </Button>
          <Text size="sm" c="dimmed">
            Reading their list costs 1 unit of “{paying.name}”.
          </Text>
        </Group>
      )}
      {error !== null && <Failed what="The duties could not be read." error={error} />}
    </Stack>
  )
}

/** Of the watched countries, those that have dates; what is chosen stays listed whatever else is chosen. */
function dutiesOf(countries: Countries, watch: Watch) {
  const wanted = countries.filter(({ code }) => watch.countries.includes(code))
  const groups = wanted.map(({ code, obligations }) => ({
    group: countryName(code),
    items: obligations
      .filter(({ event }) => event === null)
      .map((duty) => ({ value: duty.id, label: dutyWords(duty) })),
  }))
  const ids = new Set(groups.flatMap(({ items }) => items.map(({ value }) => value)))
  const others = watch.duties.filter(({ id }) => !ids.has(id))
  if (others.length === 0) return groups
  const items = others.map(({ id, label }) => ({ value: id, label }))
  return [...groups, { group: 'In countries that you do not watch', items }]
}

function dutyWords({ taxType, action, taxpayer, region }: Duty): string {
  const where = region === null ? '' : ` (${region})`
  return `${taxType}${where}, ${actionWords[action].toLowerCase()}: ${taxpayer}`
}
