import { MultiSelect, Select, SimpleGrid } from '@mantine/core'
import { useMemo } from 'react'
import classes from './calendar.module.css'
import type { CalendarKey } from './calendar.tsx'
import { DutyChoice } from './duty-choice.tsx'
import {
  categoryWords,
  countryCodes,
  countryName,
  monthName,
  optionsOf,
  taxpayerWords,
} from './tax-words.ts'
import type { Watch } from './watch.ts'

export interface Payer {
  keys: readonly CalendarKey[]
  paying: CalendarKey
}

interface WatchFormProps {
  watch: Watch
  change: (part: Partial<Watch>) => void
  payer: Payer
}

const spans = ['30', '60', '90', '180', '366']

/** What is watched, and who pays. Choosing asks nothing and costs nothing. */
export function WatchForm({ watch, change, payer }: WatchFormProps) {
  const countries = useMemo(
    () =>
      countryCodes
        .map((value) => ({ value, label: countryName(value) }))
        .toSorted((a, b) => a.label.localeCompare(b.label)),
    [],
  )
  const months = Array.from({ length: 12 }, (_, index) => ({
    value: String(index + 1),
    label: `End of ${monthName(index + 1)}`,
  }))
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} verticalSpacing="sm">
      <MultiSelect
        className={classes.row}
        label="Countries"
        placeholder={watch.countries.length === 0 ? 'Choose at least one' : ''}
        data={countries}
        value={watch.countries}
        onChange={(values) => change({ countries: values as Watch['countries'] })}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Clear countries' }}
      />
      <MultiSelect
        label="Categories"
        placeholder={watch.categories.length === 0 ? 'All' : ''}
        data={optionsOf(categoryWords)}
        value={watch.categories}
        onChange={(values) => change({ categories: values as Watch['categories'] })}
        clearable
        clearButtonProps={{ 'aria-label': 'Clear categories' }}
      />
      <MultiSelect
        label="You are"
        placeholder={watch.taxpayers.length === 0 ? 'Anybody' : ''}
        data={optionsOf(taxpayerWords)}
        value={watch.taxpayers}
        onChange={(values) => change({ taxpayers: values as Watch['taxpayers'] })}
        clearable
        clearButtonProps={{ 'aria-label': 'Clear what you are' }}
      />
      <Select
        label="Your year ends"
        placeholder="As is usual there"
        data={months}
        value={watch.yearEndMonth === null ? null : String(watch.yearEndMonth)}
        onChange={(value) => change({ yearEndMonth: value === null ? null : Number(value) })}
        clearable
        clearButtonProps={{ 'aria-label': 'Clear the year end' }}
      />
      <Select
        label="Look ahead"
        data={spans.map((value) => ({ value, label: `${value} days` }))}
        value={String(watch.days)}
        onChange={(value) => change({ days: Number(value) })}
        allowDeselect={false}
      />
      <Select
        label="Key that pays"
        data={payer.keys.map(({ id, name, prefix }) => ({
          value: id,
          label: `${name} (${prefix}…)`,
        }))}
        value={payer.paying.id}
        onChange={(apiKeyId) => change({ apiKeyId })}
        allowDeselect={false}
      />
      <DutyChoice watch={watch} change={change} paying={payer.paying} />
    </SimpleGrid>
  )
}
