import { Button, Group, NumberInput, Pill, SegmentedControl, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useMutation } from 'urql'
import { Failed } from '../../components/states.tsx'
import { separators, whole } from '../../format/numbers.ts'
import { SetThresholdsDocument } from '../../gql/graphql.ts'
import type { AlertKey } from './alerts.tsx'

type Threshold = AlertKey['alertThresholds'][number]

interface ThresholdsProps {
  apiKey: AlertKey
  /** Of the element that names the key. */
  describedBy: string
}

/** The key's own, beside those that every key has. */
export function Thresholds({ apiKey, describedBy }: ThresholdsProps) {
  const { id, alertThresholds } = apiKey
  const [{ fetching, error }, save] = useMutation(SetThresholdsDocument)
  const set = (list: readonly Threshold[]) =>
    save({ id, thresholds: list.map(inputOf) }).then(({ data }) =>
      Boolean(data?.setAlertThresholds),
    )
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        Own thresholds
      </Text>
      <Group gap="xs" mb="xs">
        {alertThresholds.length === 0 && (
          <Text size="sm" c="dimmed">
            None; only 80, 95 and 100 %.
          </Text>
        )}
        {alertThresholds.map((threshold) => (
          <Pill
            key={inWords(threshold)}
            size="md"
            withRemoveButton
            disabled={fetching}
            // Mantine's own is for the mouse alone.
            removeButtonProps={{
              'aria-label': `Remove ${inWords(threshold)}`,
              'aria-hidden': false,
              tabIndex: 0,
            }}
            onRemove={() => void set(alertThresholds.filter((one) => one !== threshold))}
          >
            {inWords(threshold)}
          </Pill>
        ))}
      </Group>
      <AddThreshold
        apiKey={apiKey}
        busy={fetching}
        describedBy={describedBy}
        onAdd={(threshold) => set([...alertThresholds, threshold])}
      />
      {error && <Failed what="The thresholds were not changed." error={error} />}
    </div>
  )
}

interface AddThresholdProps extends ThresholdsProps {
  busy: boolean
  /** Whether it was taken. */
  onAdd: (threshold: Threshold) => Promise<boolean>
}

function AddThreshold({ apiKey, busy, describedBy, onAdd }: AddThresholdProps) {
  const { name, monthlyLimit } = apiKey
  const [value, setValue] = useState<number | string>('')
  const [kind, setKind] = useState<'percent' | 'requests'>(
    monthlyLimit === null ? 'requests' : 'percent',
  )

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const number = Number(value)
    const threshold = { percent: null, requests: null, [kind]: number }
    if (await onAdd(threshold)) setValue('')
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Group gap="xs">
        <NumberInput
          aria-label={`New threshold of ${name}`}
          placeholder={kind === 'percent' ? '50' : whole(5_000)}
          size="sm"
          w={110}
          required
          hideControls
          min={0}
          decimalScale={kind === 'percent' ? 2 : 0}
          {...separators}
          value={value}
          onChange={setValue}
        />
        <SegmentedControl
          size="sm"
          aria-label="Counted in"
          data={[
            { value: 'percent', label: '% of limit', disabled: monthlyLimit === null },
            { value: 'requests', label: 'units' },
          ]}
          value={kind}
          onChange={setKind}
        />
        <Button
          type="submit"
          variant="default"
          size="sm"
          loading={busy}
          aria-describedby={describedBy}
        >
          Add threshold
        </Button>
      </Group>
    </form>
  )
}

function inWords({ percent, requests }: Threshold): string {
  return percent === null ? `${whole(requests ?? 0)} units` : `${percent.toLocaleString()} %`
}

/** The API takes exactly one of the two. */
function inputOf({ percent, requests }: Threshold) {
  return percent === null ? { requests } : { percent }
}
